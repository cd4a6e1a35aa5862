"""Signing out of the portal: here, at the provider, and on the provider's order."""

import re
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from clients.portal.logout_token import LONGEST_LIFE
from tests.clients.fake_provider import Clock, FakeProvider, Misbehaviour, sign

SIGNED_IN = 'data-page="portal-policies"'
SIGNED_OUT = 'data-page="portal-home"'


def form_token(page: httpx.Response) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def sign_out(portal: str, visitor: httpx.Client) -> httpx.Response:
    token = form_token(visitor.get(f"{portal}/"))
    return visitor.post(f"{portal}/logout", data={"form_token": token})


def test_signing_out_goes_by_the_provider_and_comes_back(
    portal: str, provider: FakeProvider, visitor: httpx.Client
) -> None:
    visitor.get(f"{portal}/login")
    page = sign_out(portal, visitor)
    asked = provider.asked("/logout")[0]
    assert asked["post_logout_redirect_uri"] == f"{portal}/"
    assert asked["client_id"] == "portal"
    assert asked["id_token_hint"].count(".") == 2
    assert len(asked["state"]) >= 20
    assert SIGNED_OUT in page.text
    assert 'data-notice="signed-out"' in page.text
    assert SIGNED_OUT in visitor.get(f"{portal}/").text


def test_the_notice_of_having_signed_out_needs_the_state_that_was_sent(
    portal: str, visitor: httpx.Client
) -> None:
    assert "data-notice" not in visitor.get(f"{portal}/?state=invented").text


def test_the_old_cookie_opens_nothing_after_sign_out(portal: str, visitor: httpx.Client) -> None:
    visitor.get(f"{portal}/login")
    old = {one.name: one.value or "" for one in visitor.cookies.jar}
    sign_out(portal, visitor)
    with httpx.Client(cookies=old, trust_env=False) as thief:
        assert SIGNED_OUT in thief.get(f"{portal}/").text


def test_signing_out_gives_the_refresh_token_back(
    portal: str, provider: FakeProvider, visitor: httpx.Client
) -> None:
    visitor.get(f"{portal}/login")
    (held,) = provider.refresh_tokens
    sign_out(portal, visitor)
    (revoked,) = provider.asked("/revoke")
    assert revoked["token"] == held
    assert revoked["token_type_hint"] == "refresh_token"


def test_a_link_asks_before_it_signs_anybody_out(portal: str, visitor: httpx.Client) -> None:
    visitor.get(f"{portal}/login")
    assert 'data-page="portal-sign-out"' in visitor.get(f"{portal}/logout").text
    assert SIGNED_IN in visitor.get(f"{portal}/").text


@pytest.mark.parametrize("form", [{}, {"form_token": "guessed"}])
def test_a_form_from_elsewhere_signs_nobody_out(
    portal: str, visitor: httpx.Client, form: dict[str, str]
) -> None:
    visitor.get(f"{portal}/login")
    assert visitor.post(f"{portal}/logout", data=form).status_code == 400
    assert SIGNED_IN in visitor.get(f"{portal}/").text


def test_signing_out_works_here_while_the_provider_is_down(
    portal: str, provider: FakeProvider, visitor: httpx.Client
) -> None:
    visitor.get(f"{portal}/login")
    token = form_token(visitor.get(f"{portal}/"))
    provider.stop()
    answer = visitor.post(f"{portal}/logout", data={"form_token": token}, follow_redirects=False)
    assert answer.headers["location"].startswith(f"{provider.issuer}/logout?")
    assert SIGNED_OUT in visitor.get(f"{portal}/").text


def test_a_provider_without_a_sign_out_page_is_named_as_not_told(
    portal: str, provider: FakeProvider, visitor: httpx.Client
) -> None:
    provider.wrong = Misbehaviour(discovery={"end_session_endpoint": None})
    visitor.get(f"{portal}/login")
    page = sign_out(portal, visitor)
    assert page.status_code == 503
    assert 'data-page="portal-signed-out-here"' in page.text
    assert SIGNED_OUT in visitor.get(f"{portal}/").text


def order(portal: str, token: str) -> httpx.Response:
    return httpx.post(f"{portal}/backchannel-logout", data={"logout_token": token}, trust_env=False)


@pytest.mark.parametrize(
    "whom", [{"sub": None}, {"sid": None}, {}], ids=["by session", "by person", "by both"]
)
def test_the_providers_order_ends_the_session(
    portal: str, provider: FakeProvider, visitor: httpx.Client, whom: dict[str, Any]
) -> None:
    visitor.get(f"{portal}/login")
    answer = order(portal, provider.sign("logout+jwt", provider.logout_token(**whom)))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert SIGNED_OUT in visitor.get(f"{portal}/").text


def test_an_order_about_a_session_that_is_not_here_is_obeyed_too(portal: str, provider: FakeProvider) -> None:
    token = provider.sign("logout+jwt", provider.logout_token(sid="gone"))
    assert order(portal, token).status_code == 200


@pytest.mark.parametrize(
    "whom", [{"sid": "session-2"}, {"sub": "person-2", "sid": None}], ids=["other session", "other person"]
)
def test_an_order_about_somebody_else_leaves_the_session_alone(
    portal: str, provider: FakeProvider, visitor: httpx.Client, whom: dict[str, Any]
) -> None:
    visitor.get(f"{portal}/login")
    assert order(portal, provider.sign("logout+jwt", provider.logout_token(**whom))).status_code == 200
    assert SIGNED_IN in visitor.get(f"{portal}/").text


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"iss": "http://localhost:1"}, id="another issuer"),
        pytest.param({"aud": "app"}, id="another audience"),
        pytest.param({"aud": None}, id="no audience"),
        pytest.param({"exp": 1}, id="expired"),
        pytest.param({"exp": None}, id="no end"),
        pytest.param({"iat": None}, id="no beginning"),
        pytest.param({"iat": 9_999_999_999}, id="from the future"),
        pytest.param({"jti": None}, id="no jti"),
        pytest.param({"jti": ""}, id="empty jti"),
        pytest.param({"nonce": "n"}, id="a nonce"),
        pytest.param({"events": None}, id="no event"),
        pytest.param({"events": {"http://schemas.openid.net/event/other": {}}}, id="another event"),
        pytest.param(
            {"events": {"http://schemas.openid.net/event/backchannel-logout": True}}, id="event is no object"
        ),
        pytest.param({"sub": None, "sid": None}, id="nobody named"),
        pytest.param({"sid": 7}, id="sid is no text"),
    ],
)
def test_a_logout_token_that_does_not_hold_ends_nothing(
    portal: str, provider: FakeProvider, visitor: httpx.Client, changes: dict[str, Any]
) -> None:
    visitor.get(f"{portal}/login")
    answer = order(portal, provider.sign("logout+jwt", provider.logout_token(**changes)))
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    assert SIGNED_IN in visitor.get(f"{portal}/").text


@pytest.mark.parametrize("kind", ["JWT", "at+jwt", "", "logout"])
def test_another_kind_of_token_ends_nothing(portal: str, provider: FakeProvider, kind: str) -> None:
    assert order(portal, provider.sign(kind, provider.logout_token())).status_code == 400


def test_a_logout_token_by_a_foreign_key_ends_nothing(portal: str, provider: FakeProvider) -> None:
    header = {"kid": provider.kid, "typ": "logout+jwt"}
    token = sign(ECKey.generate_key("P-256"), header, provider.logout_token())
    assert order(portal, token).status_code == 400


def test_a_logout_token_with_an_extension_is_refused(portal: str, provider: FakeProvider) -> None:
    token = provider.sign("logout+jwt", provider.logout_token(), crit=["b64"], b64=True)
    assert order(portal, token).status_code == 400


def test_a_logout_token_is_obeyed_once(portal: str, provider: FakeProvider, visitor: httpx.Client) -> None:
    token = provider.sign("logout+jwt", provider.logout_token())
    assert order(portal, token).status_code == 200
    visitor.get(f"{portal}/login")
    assert order(portal, token).status_code == 400
    assert SIGNED_IN in visitor.get(f"{portal}/").text


def test_an_old_logout_token_is_refused_however_long_it_says_it_lives(
    portal: str, provider: FakeProvider, clock: Clock
) -> None:
    token = provider.sign("logout+jwt", provider.logout_token(exp=clock() + 10**6))
    clock.advance(LONGEST_LIFE)
    assert order(portal, token).status_code == 400


def test_an_order_without_a_token_or_with_two_is_refused(portal: str, provider: FakeProvider) -> None:
    token = provider.sign("logout+jwt", provider.logout_token())
    url = f"{portal}/backchannel-logout"
    assert httpx.post(url, data={}, trust_env=False).status_code == 400
    assert httpx.post(url, data={"logout_token": [token, token]}, trust_env=False).status_code == 400
    assert httpx.get(url, trust_env=False).status_code == 405


def test_an_order_that_cannot_be_judged_asks_the_provider_to_come_again(
    portal: str, provider: FakeProvider
) -> None:
    token = provider.sign("logout+jwt", provider.logout_token())
    provider.stop()
    assert order(portal, token).status_code == 503
