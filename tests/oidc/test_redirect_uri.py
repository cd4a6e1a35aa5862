"""Redirect URIs match exactly, but for a native client's loopback port (RFC 9700 §2.1, RFC 8252 §7.3)."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.oidc.authorization.redirect_uri import is_registered, uses_private_scheme
from idp.oidc.authorization.response import failure, success
from idp.oidc.client import Client, ClientKind
from idp.oidc.errors import OAuthError

CALLBACK = "https://portal.example/callback"

TRICKS = (
    "",
    " ",
    "https://portal.example/callback ",
    " https://portal.example/callback",
    "https://portal.example/callback/",
    "https://portal.example/callback//",
    "https://portal.example/callbac",
    "https://portal.example/callbackk",
    "https://portal.example/Callback",
    "https://portal.example/CALLBACK",
    "https://PORTAL.example/callback",
    "HTTPS://portal.example/callback",
    "http://portal.example/callback",
    "//portal.example/callback",
    "/callback",
    "portal.example/callback",
    "https:/portal.example/callback",
    "https:portal.example/callback",
    "https:\\\\portal.example\\callback",
    "https://portal.example\\callback",
    "https://portal.example/callback?x=1",
    "https://portal.example/callback?",
    "https://portal.example/callback#",
    "https://portal.example/callback#fragment",
    "https://portal.example/callback;x",
    "https://portal.example/callback/../evil",
    "https://portal.example/x/../callback",
    "https://portal.example/./callback",
    "https://portal.example//callback",
    "https://portal.example/callback%2f..%2fevil",
    "https://portal.example%2f@evil.example/callback",
    "https://portal.example/%63allback",
    "https://portal.example/callback%00",
    "https://portal.example/callback%0d%0aSet-Cookie:x=1",
    "https://portal.example%5c@evil.example/callback",
    "https://portal.example%255c@evil.example/callback",
    "https://portal.example./callback",
    "https://portal.example.evil.example/callback",
    "https://portal.example.evil.example",
    "https://evil.example/https://portal.example/callback",
    "https://evil.example/?https://portal.example/callback",
    "https://evil.example#https://portal.example/callback",
    "https://portal.example@evil.example/callback",
    "https://portal.example:pw@evil.example/callback",
    "https://evil.example\\@portal.example/callback",
    "https://evil.example@portal.example/callback",
    "https://portal.example:443/callback",
    "https://portal.example:8443/callback",
    "https://portal.example:80/callback",
    "https://portal.example:/callback",
    "https://portalXexample/callback",
    "https://portal。example/callback",
    "https://portal．example/callback",
    "https://рortal.example/callback",
    "https://xn--ortal-c2e.example/callback",
    "https://portal.example/callback\u202e",
    "https://portal.example/cal\u200blback",
    "https://[::1]/callback",
    "https://[::ffff:127.0.0.1]/callback",
    "https://127.0.0.1/callback",
    "https://localhost/callback",
    "http://localhost:1/callback",
    "http://127.0.0.1/callback",
    "http://[::1]/callback",
    "javascript:alert(1)//https://portal.example/callback",
    "javascript://portal.example/callback",
    "data:text/html,<script>alert(1)</script>",
    "blob:https://portal.example/callback",
    "vbscript:x",
    "file:///callback",
    "https://portal.example/callback" + "a" * 8192,
    "https://portal.example/" + "../" * 2000 + "callback",
)
"""Everything that looks like the registered one and is not (RFC 9700 §4.1; advisories of other providers)."""


def client(kind: ClientKind, *uris: str) -> Client:
    return Client("client", "Client", kind, redirect_uris=uris)


@pytest.mark.parametrize("kind", [ClientKind.WEB, ClientKind.SPA, ClientKind.NATIVE])
def test_the_registered_one_is_accepted(kind: ClientKind) -> None:
    assert is_registered(client(kind, "https://other.example/", CALLBACK), CALLBACK)


@pytest.mark.parametrize("kind", [ClientKind.WEB, ClientKind.SPA, ClientKind.NATIVE])
@pytest.mark.parametrize("uri", TRICKS)
def test_nothing_else_is(kind: ClientKind, uri: str) -> None:
    assert not is_registered(client(kind, CALLBACK), uri)


@given(st.text())
def test_no_text_but_the_registered_one_is_accepted(text: str) -> None:
    assert is_registered(client(ClientKind.NATIVE, CALLBACK), text) == (text == CALLBACK)


@given(st.integers(0, len(CALLBACK) - 1), st.characters())
def test_no_changed_character_is_accepted(place: int, character: str) -> None:
    changed = CALLBACK[:place] + character + CALLBACK[place + 1 :]
    assert is_registered(client(ClientKind.WEB, CALLBACK), changed) == (changed == CALLBACK)


LOOPBACK = ("http://127.0.0.1/callback", "http://[::1]/callback")


@pytest.mark.parametrize("kind", [ClientKind.NATIVE])
@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:1/callback",
        "http://127.0.0.1:49152/callback",
        "http://127.0.0.1:65535/callback",
        "http://[::1]:49152/callback",
        *LOOPBACK,
    ],
)
def test_a_native_client_chooses_its_loopback_port(kind: ClientKind, uri: str) -> None:
    assert is_registered(client(kind, *LOOPBACK), uri)


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:65536/callback",
        "http://127.0.0.1:99999/callback",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:٤٢/callback",
        "http://127.0.0.1:80x/callback",
        "http://127.0.0.1:-1/callback",
        "http://127.0.0.1:+80/callback",
        "http://127.0.0.1:80:80/callback",
        "http://127.0.0.1:80/callback/",
        "http://127.0.0.1:80/callback?x=1",
        "http://127.0.0.1:80/callback#x",
        "http://127.0.0.1:80/other",
        "http://127.0.0.1:80",
        "http://127.0.0.1:80@evil.example/callback",
        "http://127.0.0.1:80\\@evil.example/callback",
        "http://user@127.0.0.1:80/callback",
        "http://127.0.0.1.evil.example:80/callback",
        "http://127.0.0.2:80/callback",
        "http://127.1:80/callback",
        "http://0x7f000001:80/callback",
        "http://2130706433:80/callback",
        "http://127.0.0.1.:80/callback",
        "http://localhost:80/callback",
        "http://[::ffff:127.0.0.1]:80/callback",
        "http://[0:0:0:0:0:0:0:1]:80/callback",
        "http://[::1%25lo]:80/callback",
        "https://127.0.0.1:80/callback",
        "HTTP://127.0.0.1:80/callback",
        "http://127.0.0.1:80/callback\n",
    ],
)
def test_nothing_but_the_port_may_differ(uri: str) -> None:
    assert not is_registered(client(ClientKind.NATIVE, *LOOPBACK), uri)


@pytest.mark.parametrize("kind", [ClientKind.WEB, ClientKind.SPA])
def test_other_kinds_have_the_port_they_registered(kind: ClientKind) -> None:
    assert not is_registered(client(kind, "http://127.0.0.1:8001/callback"), "http://127.0.0.1:8002/callback")


def test_one_loopback_family_does_not_stand_for_the_other() -> None:
    only_four = client(ClientKind.NATIVE, LOOPBACK[0])
    assert not is_registered(only_four, "http://[::1]:4000/callback")


@pytest.mark.parametrize(
    ("uri", "private"),
    [
        (CALLBACK, False),
        ("http://127.0.0.1/callback", False),
        ("it.insurer.app:/callback", True),
        ("com.example.https:/x", True),
    ],
)
def test_a_private_use_scheme_is_told_by_its_scheme(uri: str, private: bool) -> None:
    assert uses_private_scheme(uri) is private


@pytest.mark.parametrize(
    ("uri", "location"),
    [
        (CALLBACK, f"{CALLBACK}?code=c&state=a+b%26%3D%0A&iss=https%3A%2F%2Fidp.example"),
        (f"{CALLBACK}?x=1", f"{CALLBACK}?x=1&code=c&state=a+b%26%3D%0A&iss=https%3A%2F%2Fidp.example"),
        ("it.app:/cb", "it.app:/cb?code=c&state=a+b%26%3D%0A&iss=https%3A%2F%2Fidp.example"),
    ],
)
def test_the_answer_keeps_the_registered_query_and_escapes_its_own(uri: str, location: str) -> None:
    answer = success(
        redirect_uri=uri, response_mode="query", state="a b&=\n", issuer="https://idp.example", code="c"
    )
    assert answer.location == location


def test_an_error_without_state_invents_none() -> None:
    answer = failure(
        redirect_uri=CALLBACK,
        response_mode="query",
        state=None,
        issuer="https://idp.example",
        fault=OAuthError("access_denied", ""),
    )
    assert answer.fields == (("error", "access_denied"), ("iss", "https://idp.example"))


@pytest.mark.parametrize("mode", ["fragment", "web_message", "jwt", ""])
def test_an_unknown_mode_is_answered_by_query(mode: str) -> None:
    answer = failure(
        redirect_uri=CALLBACK,
        response_mode=mode,
        state="s",
        issuer="https://idp.example",
        fault=OAuthError("invalid_request", "x"),
    )
    assert answer.response_mode == "query"
    assert urlsplit(answer.location).fragment == ""
