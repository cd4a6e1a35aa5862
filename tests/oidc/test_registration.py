"""What may be registered, and that every fault is told at once (RFC 7591, RFC 8252, RFC 9700 §2.1)."""

from dataclasses import replace
from typing import Any

import pytest
from authlib.oauth2.rfc7591 import ClientMetadataClaims as OAuthMetadata
from authlib.oidc.registration import ClientMetadataClaims as OidcMetadata
from joserfc.jwk import ECKey, OctKey, RSAKey

from idp.oidc.client import Client, ClientKind
from idp.oidc.registration import (
    InvalidMetadata,
    check,
    defaults,
    fault_of_redirect,
    from_metadata,
    to_metadata,
)
from tests.specs.house import encoded

SCOPES = frozenset({"openid", "profile", "offline_access", "policies"})
AUDIENCES = frozenset({"https://api.insurer.example"})
WEB, SPA, NATIVE, SERVICE, API = ClientKind
CALLBACK = "https://portal.insurer.example/callback"


def client(kind: ClientKind, **changed: Any) -> Client:
    """A client of that kind with its defaults, registered as it should be."""
    metadata: dict[str, Any] = {
        **defaults(kind),
        "client_id": "client-1",
        "client_name": "A client",
        "client_kind": kind,
    }
    if kind in (WEB, SPA):
        metadata["redirect_uris"] = [CALLBACK]
    if kind is NATIVE:
        metadata["redirect_uris"] = ["it.insurer.app:/callback", "http://127.0.0.1/callback"]
    if kind is API:
        metadata["audience"] = "https://api.insurer.example"
    return replace(from_metadata(metadata), **changed)


def faults(subject: Client, *, development: bool = False) -> set[str]:
    try:
        check(subject, known_scopes=SCOPES, audiences=AUDIENCES, development=development)
    except InvalidMetadata as refused:
        return {fault.name for fault in refused.faults}
    return set()


@pytest.mark.parametrize("kind", list(ClientKind))
def test_the_defaults_of_every_kind_are_good(kind: ClientKind) -> None:
    assert faults(client(kind)) == set()


@pytest.mark.parametrize("kind", list(ClientKind))
def test_what_is_written_is_read_back(kind: ClientKind) -> None:
    subject = client(kind)
    assert from_metadata(to_metadata(subject)) == subject


@pytest.mark.parametrize("kind", [WEB, SPA, SERVICE, API])
def test_an_independent_library_finds_the_metadata_valid(kind: ClientKind) -> None:
    for claims in (OAuthMetadata, OidcMetadata):
        claims(to_metadata(client(kind)), {}, {}, {}).validate()


def test_every_fault_is_told_at_once() -> None:
    subject = client(
        WEB,
        client_id="-",
        name="",
        redirect_uris=("http://portal.insurer.example/callback", "https://portal.insurer.example/#x"),
        scopes=frozenset({"unknown"}),
        auth_method="none",
        id_token_alg="HS256",
        audience="https://api.insurer.example",
    )
    assert faults(subject) == {
        "client_id",
        "client_name",
        "redirect_uris",
        "scope",
        "token_endpoint_auth_method",
        "id_token_signed_response_alg",
        "audience",
    }


@pytest.mark.parametrize(
    ("kind", "changed", "name"),
    [
        (WEB, {"redirect_uris": ()}, "redirect_uris"),
        (SERVICE, {"redirect_uris": (CALLBACK,)}, "redirect_uris"),
        (WEB, {"redirect_uris": (CALLBACK, CALLBACK)}, "redirect_uris"),
        (WEB, {"redirect_uris": tuple(f"{CALLBACK}/{n}" for n in range(33))}, "redirect_uris"),
        (WEB, {"post_logout_redirect_uris": ("https://x.example/*",)}, "post_logout_redirect_uris"),
        (WEB, {"backchannel_logout_uri": "http://portal.insurer.example/x"}, "backchannel_logout_uri"),
        (SPA, {"backchannel_logout_uri": "https://portal.insurer.example/x"}, "backchannel_logout_uri"),
        (WEB, {"scopes": frozenset({"profile"})}, "scope"),
        (WEB, {"scopes": frozenset({"openid", 'a"b'})}, "scope"),
        (SERVICE, {"scopes": frozenset({"offline_access"})}, "scope"),
        (SPA, {"auth_method": "client_secret_basic"}, "token_endpoint_auth_method"),
        (NATIVE, {"auth_method": "client_secret_post"}, "token_endpoint_auth_method"),
        (SERVICE, {"auth_method": "none"}, "token_endpoint_auth_method"),
        (WEB, {"auth_method": "client_secret_jwt"}, "token_endpoint_auth_method"),
        (WEB, {"auth_method": "private_key_jwt"}, "jwks"),
        (SPA, {"pkce_required": False}, "pkce_required"),
        (SERVICE, {"pushed_only": True}, "require_pushed_authorization_requests"),
        (API, {"dpop_bound": True}, "dpop_bound_access_tokens"),
        (SPA, {"grant_types": frozenset({"client_credentials"})}, "grant_types"),
        (WEB, {"grant_types": frozenset({"password"})}, "grant_types"),
        (WEB, {"grant_types": frozenset({"implicit"})}, "grant_types"),
        (WEB, {"grant_types": frozenset({"refresh_token"})}, "grant_types"),
        (API, {"audience": None}, "audience"),
        (API, {"audience": "https://other.example"}, "audience"),
        (WEB, {"client_id": "A" * 22}, "client_id"),
        (WEB, {"client_id": "a b"}, "client_id"),
        (WEB, {"client_id": "a" * 65}, "client_id"),
        (WEB, {"name": "line\nend"}, "client_name"),
        (WEB, {"id_token_alg": "none"}, "id_token_signed_response_alg"),
    ],
)
def test_what_is_refused(kind: ClientKind, changed: dict[str, Any], name: str) -> None:
    assert name in faults(client(kind, **changed))


@pytest.mark.parametrize(
    "uri",
    [
        "https://portal.insurer.example",
        "https://portal.insurer.example/",
        "https://portal.insurer.example:8443/callback?tenant=1&x=%2F",
        "https://xn--caff-8oa.example/callback",
        "https://a.b.c.insurer.example/deep/path;v=1",
    ],
)
@pytest.mark.parametrize("kind", [WEB, SPA, NATIVE])
def test_https_addresses_are_for_everybody(kind: ClientKind, uri: str) -> None:
    assert fault_of_redirect(uri, kind, development=False) is None


@pytest.mark.parametrize(
    "uri", ["http://localhost:8001/callback", "http://127.0.0.1/callback", "http://[::1]:9/callback"]
)
def test_loopback_is_for_native_clients_and_development(uri: str) -> None:
    assert fault_of_redirect(uri, NATIVE, development=False) is None
    assert fault_of_redirect(uri, WEB, development=True) is None
    for kind in (WEB, SPA):
        assert fault_of_redirect(uri, kind, development=False) is not None


@pytest.mark.parametrize(
    "uri", ["it.insurer.app:/callback", "com.example.a-b+c:/", "it.insurer.app:/a/b?x=1"]
)
def test_private_use_schemes_are_for_native_clients(uri: str) -> None:
    assert fault_of_redirect(uri, NATIVE, development=False) is None
    for kind in (WEB, SPA):
        assert fault_of_redirect(uri, kind, development=True) is not None


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/callback",
        "//portal.insurer.example/callback",
        "portal.insurer.example/callback",
        "https:portal.insurer.example/callback",
        "https:/portal.insurer.example/callback",
        "https:///callback",
        "https://",
        "HTTPS://portal.insurer.example/callback",
        "https://Portal.insurer.example/callback",
        "https://portal.insurer.example:443/callback",
        "https://portal.insurer.example:/callback",
        "https://portal.insurer.example:08443/callback",
        "https://portal.insurer.example:0/callback",
        "https://portal.insurer.example:99999/callback",
        "https://portal.insurer.example:x/callback",
        "https://user@portal.insurer.example/callback",
        "https://user:pass@portal.insurer.example/callback",
        "https://portal.insurer.example@evil.example/callback",
        "https://portal.insurer.example./callback",
        "https://portal..insurer.example/callback",
        "https://-portal.insurer.example/callback",
        "https://*.insurer.example/callback",
        "https://portal.insurer.example/*",
        "https://portal.insurer.example/callback#",
        "https://portal.insurer.example/callback#x",
        "https://portal.insurer.example/a/../callback",
        "https://portal.insurer.example/./callback",
        "https://portal.insurer.example\\@evil.example/callback",
        "https://portal.insurer.example/call back",
        "https://portal.insurer.example/call\tback",
        "https://portal.insurer.example/call\nback",
        "https://portal.insurer.example/%zz",
        "https://portal.insurer.example/%2",
        "https://portal\u3002insurer.example/callback",
        "https://p\u043ertal.insurer.example/callback",
        "https://192.0.2.1/callback",
        "https://[2001:db8::1]/callback",
        "https://0x7f000001/callback",
        "https://2130706433/callback",
        "https://insurer/callback",
        "http://portal.insurer.example/callback",
        "http://localhost.evil.example/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.1/callback",
        "http://0.0.0.0/callback",
        "http://localhost:80/callback",
        "javascript:alert(1)",
        "javascript:/alert(1)",
        "data:/text",
        "blob:/x",
        "file:/etc/passwd",
        "vbscript:/x",
        "app:/callback",
        "it.insurer.app://callback",
        "it.insurer.app:callback",
        "it.insurer.app:/callback#x",
        "IT.insurer.app:/callback",
        "about:/blank",
        "urn:ietf:wg:oauth:2.0:oob",
        "https://portal.insurer.example/" + "a" * 8192,
    ],
)
def test_tricks_are_refused_for_every_kind(uri: str) -> None:
    for kind in (WEB, SPA, NATIVE):
        assert fault_of_redirect(uri, kind, development=True) is not None


def _public(key: ECKey | RSAKey) -> dict[str, Any]:
    return dict(key.as_dict(private=False))


def test_keys_are_public_named_and_strong_enough() -> None:
    one, two = (ECKey.generate_key("P-256", {"kid": kid}) for kid in ("one", "two"))
    good = {"keys": [_public(one), _public(two)]}
    service = client(SERVICE, auth_method="private_key_jwt", jwks=good)
    assert faults(service) == set()
    nameless = {name: value for name, value in _public(one).items() if name != "kid"}
    assert faults(replace(service, jwks={"keys": [nameless]})) == set()
    bad: list[Any] = [
        {"keys": []},
        {"keys": "x"},
        {},
        {"keys": ["x"]},
        {"keys": [dict(one.as_dict(private=True))]},
        {"keys": [dict(OctKey.generate_key(256).as_dict(private=True))]},
        {"keys": [_public(one), _public(one)]},
        {"keys": [_public(one), nameless]},
        {"keys": [_public(one)] * 17},
        {"keys": [{**_public(one), "use": "enc"}]},
        {"keys": [{**_public(one), "alg": "ES384"}]},
        {"keys": [{**_public(one), "x": "AAAA"}]},
        {"keys": [{"kty": "EC", "crv": "P-256"}]},
        {"keys": [_public(ECKey.generate_key("P-384", {"kid": "p384"}))]},
    ]
    for jwks in bad:
        assert faults(replace(service, jwks=jwks)) == {"jwks"}, jwks


@pytest.mark.parametrize("octets", [128, 255, 1025])
def test_an_rsa_key_is_neither_short_nor_huge(octets: int) -> None:
    jwk = {"kty": "RSA", "kid": "odd", "e": "AQAB", "n": encoded(b"\xff" * octets)}
    service = client(SERVICE, auth_method="private_key_jwt", jwks={"keys": [jwk]})
    assert faults(service) == {"jwks"}
