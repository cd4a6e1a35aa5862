"""OAuth 2.0 for native apps (RFC 8252 §7, §8.1, §8.4, §8.6)."""

import pytest

from tests.service.in_process import InProcess
from tests.service.relying_party import RelyingParty, answer_of, registered
from tests.service.visitor import Visitor

LOOPBACK = "http://127.0.0.1/callback"
PRIVATE = "it.insurer.app:/callback"
CLAIMED = "https://app.insurer.example/callback"


@pytest.fixture(scope="module")
def app(standing_service: InProcess) -> RelyingParty:
    """A first-party native app with each kind of redirect URI."""
    stated = standing_service.client(
        "native", "app", redirect_uris=[LOOPBACK, "http://[::1]/callback", PRIVATE, CLAIMED]
    )
    return RelyingParty(standing_service, stated)


@pytest.fixture(scope="module")
def maria(standing_service: InProcess) -> Visitor:
    """A browser in which Maria is signed in."""
    return registered(standing_service)


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1:49152/callback", "http://[::1]:50000/callback", LOOPBACK, CLAIMED]
)
def test_loopback_with_any_port_and_claimed_https_7_2_7_3(
    app: RelyingParty, maria: Visitor, uri: str
) -> None:
    app.ask(maria, redirect_uri=uri)
    reply = app.redeem(answer_of(maria, uri)["code"], redirect_uri=uri)
    assert reply.status_code == 200


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:49152/callback",
        "http://127.0.0.1:49152/callback/x",
        "http://127.0.0.1:49152@evil.example/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.1:\u0664\u0662/callback",
        "it.insurer.app://callback",
        "it.insurer.app:/callback/",
        "it.insurer.app.evil:/callback",
    ],
)
def test_what_only_looks_like_it_is_shown(app: RelyingParty, maria: Visitor, uri: str) -> None:
    app.ask(maria, redirect_uri=uri)
    assert (maria.last.status_code, maria.page) == (400, "error")


def test_the_code_is_bound_to_the_port_that_was_chosen(app: RelyingParty, maria: Visitor) -> None:
    uri = "http://127.0.0.1:49152/callback"
    app.ask(maria, redirect_uri=uri)
    reply = app.redeem(answer_of(maria, uri)["code"], redirect_uri="http://127.0.0.1:49153/callback")
    assert reply.get_json()["error"] == "invalid_grant"


def test_pkce_is_demanded_8_1(app: RelyingParty, maria: Visitor) -> None:
    app.ask(maria, redirect_uri=CLAIMED, code_challenge=None, code_challenge_method=None)
    assert answer_of(maria, CLAIMED)["error"] == "invalid_request"


def test_a_public_client_has_no_secret_8_4(app: RelyingParty) -> None:
    assert app.registered.secret is None
    assert not app.registered.client.confidential


def test_consent_is_asked_for_a_private_scheme_each_time_8_6(app: RelyingParty, maria: Visitor) -> None:
    for _ in range(2):
        app.ask(maria, redirect_uri=PRIVATE)
        assert maria.page == "consent"
        # Chromium applies form-action to the redirect that follows.
        assert "form-action 'self' it.insurer.app:;" in maria.last.headers["Content-Security-Policy"]
        maria.press()
        assert answer_of(maria, PRIVATE)["code"]


def test_a_private_scheme_is_never_answered_silently_8_6(app: RelyingParty, maria: Visitor) -> None:
    app.ask(maria, redirect_uri=PRIVATE, prompt="none")
    assert answer_of(maria, PRIVATE)["error"] == "consent_required"


def test_a_web_client_gets_no_other_port(standing_service: InProcess, maria: Visitor) -> None:
    web = RelyingParty(
        standing_service, standing_service.client(client_id="web", redirect_uris=["http://localhost:1/cb"])
    )
    web.ask(maria, redirect_uri="http://localhost:2/cb")
    assert (maria.last.status_code, maria.page) == (400, "error")
