"""What a logout request may do (OpenID Connect RP-Initiated Logout 1.0 §2, §3)."""

from typing import Any

import pytest

from idp.oidc.client import Client, ClientKind
from idp.oidc.errors import OAuthError
from idp.oidc.logout import LogoutRequest, judge
from idp.oidc.session import Session
from idp.values import Proof, ProofKind

HOME = "https://portal.example/"
PORTAL = Client("portal", "Portal", ClientKind.WEB, post_logout_redirect_uris=(HOME, f"{HOME}?x=1"))
SESSION = Session("sid", "maria", (Proof(ProofKind.PASSWORD, 1),))
HINT: dict[str, Any] = {"iss": "https://idp.example", "aud": "portal", "sub": "maria", "sid": "sid"}


def judged(**changed: Any) -> LogoutRequest | OAuthError:
    asked: dict[str, Any] = {
        "hint": HINT,
        "hint_sent": True,
        "client_id": None,
        "client": PORTAL,
        "post_logout_redirect_uri": HOME,
        "state": None,
        "session": SESSION,
        **changed,
    }
    return judge(**asked)


def allowed(**changed: Any) -> LogoutRequest:
    found = judged(**changed)
    assert isinstance(found, LogoutRequest)
    return found


def test_the_own_hint_of_this_session_needs_no_confirmation() -> None:
    assert allowed() == LogoutRequest(PORTAL, HOME, confirmed_by_hint=True)


@pytest.mark.parametrize(
    "hint",
    [
        {**HINT, "sid": "another"},
        {**HINT, "sub": "carlo"},
        {name: value for name, value in HINT.items() if name != "sid"},
        {**HINT, "sid": None},
    ],
)
def test_a_hint_of_another_session_asks_first(hint: dict[str, Any]) -> None:
    assert not allowed(hint=hint).confirmed_by_hint


def test_no_hint_asks_first() -> None:
    assert not allowed(hint=None, hint_sent=False, client_id="portal").confirmed_by_hint


def test_a_hint_without_a_session_has_nothing_to_confirm() -> None:
    assert allowed(session=None).confirmed_by_hint


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"hint": None}, "id_token_hint"),
        ({"hint": None, "post_logout_redirect_uri": None}, "id_token_hint"),
        ({"client_id": "another", "client": None}, "client_id"),
        ({"client_id": "another"}, "client_id"),
        ({"post_logout_redirect_uri": "https://portal.example"}, "post_logout_redirect_uri"),
        ({"post_logout_redirect_uri": f"{HOME}?y=1"}, "post_logout_redirect_uri"),
        ({"post_logout_redirect_uri": "https://evil.example/"}, "post_logout_redirect_uri"),
        ({"hint": None, "hint_sent": False, "client": None}, "post_logout_redirect_uri"),
    ],
)
def test_what_does_not_hold_together_is_refused(changed: dict[str, Any], what: str) -> None:
    found = judged(**changed)
    assert isinstance(found, OAuthError)
    assert found.error == "invalid_request"
    assert found.description.startswith(what)


@pytest.mark.parametrize(
    ("uri", "state", "landing"),
    [
        (HOME, None, HOME),
        (HOME, "a b&c", f"{HOME}?state=a+b%26c"),
        (f"{HOME}?x=1", "s", f"{HOME}?x=1&state=s"),
        (None, "s", None),
    ],
)
def test_the_state_comes_back(uri: str | None, state: str | None, landing: str | None) -> None:
    assert allowed(post_logout_redirect_uri=uri, state=state).landing == landing


@pytest.mark.parametrize("audience", ["portal", ["portal"], ["other", "portal"]])
def test_a_named_client_must_be_the_hints_audience(audience: Any) -> None:
    assert allowed(hint={**HINT, "aud": audience}, client_id="portal").landing == HOME


def test_without_parameters_the_person_is_asked_and_nobody_gets_the_browser() -> None:
    found = allowed(hint=None, hint_sent=False, client=None, post_logout_redirect_uri=None, state="s")
    assert found == LogoutRequest(None, None, confirmed_by_hint=False)
