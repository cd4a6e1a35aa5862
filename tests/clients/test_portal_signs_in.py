"""The portal as a relying party: sign-in, what it refuses, and how it keeps what it was given."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey

from tests.clients.fake_provider import Clock, FakeProvider, Misbehaviour, sign

SIGNED_IN = 'data-page="portal-policies"'
SIGNED_OUT = 'data-page="portal-home"'
ERROR = 'data-page="portal-error"'


def session_cookie(visitor: httpx.Client) -> str | None:
    return next((one.value for one in visitor.cookies.jar if one.name.startswith("portal_session_")), None)


def test_signing_in_ends_at_the_customers_policies(portal: str, visitor: httpx.Client) -> None:
    page = visitor.get(f"{portal}/login")
    assert page.url == f"{portal}/"
    assert SIGNED_IN in page.text
    assert 'data-policy="RCA-100001"' in page.text
    assert 'data-policy="VITA-100001"' in page.text
    assert "RCA-100002" not in page.text
    assert "Ciao, Maria" in page.text
    assert "505,00" in page.text


def test_the_request_carries_pkce_state_nonce_and_the_exact_redirect_uri(
    portal: str, provider: FakeProvider, visitor: httpx.Client
) -> None:
    visitor.get(f"{portal}/login", headers={"Accept-Language": "en"})
    asked = provider.asked("/authorize")[0]
    assert asked["response_type"] == "code"
    assert asked["client_id"] == "portal"
    assert asked["redirect_uri"] == f"{portal}/callback"
    assert asked["scope"] == "openid profile email phone offline_access policies"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert len(asked["state"]) >= 20
    assert len(asked["nonce"]) >= 20
    assert asked["ui_locales"] == "en"
    assert "prompt" not in asked


def test_the_provider_is_told_of_languages_that_the_portal_does_not_speak(
    portal: str, provider: FakeProvider, visitor: httpx.Client
) -> None:
    wishes = {"Accept-Language": "de-AT, de;q=0.9, it;q=0.5, *;q=0.1"}
    visitor.get(f"{portal}/login", headers=wishes)
    assert provider.asked("/authorize")[0]["ui_locales"] == "de-AT de it"
    visitor.get(f"{portal}/?lang=en", headers=wishes)
    visitor.get(f"{portal}/login", headers=wishes)
    assert provider.asked("/authorize")[-1]["ui_locales"] == "en", "what was chosen here counts"


def test_registering_asks_the_provider_to_create_an_account(
    portal: str, provider: FakeProvider, visitor: httpx.Client
) -> None:
    assert SIGNED_IN in visitor.get(f"{portal}/register").text
    assert provider.asked("/authorize")[0]["prompt"] == "create"


def test_the_client_secret_travels_in_the_authorization_header(
    portal: str, provider: FakeProvider, visitor: httpx.Client
) -> None:
    visitor.get(f"{portal}/login")
    form = provider.asked("/token")[0]
    assert "client_secret" not in form
    assert form["grant_type"] == "authorization_code"


def test_no_token_reaches_the_browser(portal: str, provider: FakeProvider, visitor: httpx.Client) -> None:
    page = visitor.get(f"{portal}/login")
    seen = page.text + "".join(f"{one.name}={one.value}" for one in visitor.cookies.jar)
    for answer in page.history:
        seen += str(answer.headers)
    assert "eyJ" not in seen
    assert not any(token in seen for token in provider.refresh_tokens)


def test_the_session_cookie_is_http_only_lax_and_new_after_sign_in(
    portal: str, visitor: httpx.Client
) -> None:
    started = visitor.get(f"{portal}/login", follow_redirects=False)
    before = session_cookie(visitor)
    flags = started.headers["set-cookie"]
    assert "HttpOnly" in flags
    assert "SameSite=Lax" in flags
    visitor.get(started.headers["location"])
    after = session_cookie(visitor)
    assert before is not None
    assert after not in (None, before)


def test_a_session_planted_before_sign_in_is_worth_nothing_after(portal: str, visitor: httpx.Client) -> None:
    started = visitor.get(f"{portal}/login", follow_redirects=False)
    planted = {one.name: one.value or "" for one in visitor.cookies.jar}
    visitor.get(started.headers["location"])
    with httpx.Client(cookies=planted, trust_env=False) as thief:
        assert SIGNED_OUT in thief.get(f"{portal}/").text


def test_a_page_asked_for_before_sign_in_comes_after_it(portal: str, visitor: httpx.Client) -> None:
    page = visitor.get(f"{portal}/policies/RCA-100001/payout")
    assert 'data-page="portal-payout"' in page.text


def test_a_callback_opened_in_another_browser_signs_nobody_in(portal: str, visitor: httpx.Client) -> None:
    started = visitor.get(f"{portal}/login", follow_redirects=False)
    answer = visitor.get(started.headers["location"], follow_redirects=False)
    with httpx.Client(follow_redirects=True, trust_env=False) as victim:
        page = victim.get(answer.headers["location"])
        assert page.status_code == 400
        assert ERROR in page.text
        assert SIGNED_OUT in victim.get(f"{portal}/").text


def test_a_callback_opened_twice_leads_to_the_policies_and_redeems_once(
    portal: str, provider: FakeProvider, visitor: httpx.Client
) -> None:
    page = visitor.get(f"{portal}/login")
    callback = next(answer.url for answer in page.history if answer.url.path == "/callback")
    assert SIGNED_IN in visitor.get(callback).text
    assert len(provider.asked("/token")) == 1


@pytest.mark.parametrize(
    ("response", "code"),
    [
        ({"iss": "http://localhost:1"}, "wrong_issuer"),
        ({"iss": None}, "wrong_issuer"),
        ({"iss": "http://localhost:1", "error": "access_denied", "code": None}, "wrong_issuer"),
        ({"code": None}, "code_missing"),
        ({"code": "unknown"}, "invalid_grant"),
        ({"error": "access_denied", "code": None}, "access_denied"),
        ({"error": "temporarily_unavailable", "code": None}, "temporarily_unavailable"),
        ({"error": "<script>alert(1)</script>", "code": None}, "unknown_error"),
    ],
)
def test_an_authorization_response_that_is_not_right_signs_nobody_in(
    portal: str, provider: FakeProvider, visitor: httpx.Client, response: dict[str, str | None], code: str
) -> None:
    provider.wrong = Misbehaviour(response=response)
    page = visitor.get(f"{portal}/login")
    assert ERROR in page.text
    assert f"<dd>{code}</dd>" in page.text
    assert "<script" not in page.text
    assert SIGNED_OUT in visitor.get(f"{portal}/").text


def test_a_parameter_named_twice_is_refused(portal: str, visitor: httpx.Client) -> None:
    started = visitor.get(f"{portal}/login", follow_redirects=False)
    answer = visitor.get(started.headers["location"], follow_redirects=False)
    page = visitor.get(answer.headers["location"] + "&code=another")
    assert page.status_code == 400
    assert "<dd>repeated_parameter</dd>" in page.text


def test_a_refused_answer_uses_up_its_state(
    portal: str, provider: FakeProvider, visitor: httpx.Client
) -> None:
    provider.wrong = Misbehaviour(response={"iss": "http://localhost:1"})
    page = visitor.get(f"{portal}/login")
    state = parse_qs(urlsplit(str(page.url)).query)["state"][0]
    again = visitor.get(f"{portal}/callback", params={"state": state, "code": "x", "iss": provider.issuer})
    assert "<dd>unknown_state</dd>" in again.text


def _base64url(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return f"{_base64url({**header, 'alg': 'none'})}.{_base64url(claims)}."


def by_a_foreign_key(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return sign(ECKey.generate_key("P-256"), header, claims)


def by_a_key_it_carries(header: dict[str, Any], claims: dict[str, Any]) -> str:
    key = ECKey.generate_key("P-256")
    return sign(key, {**header, "kid": "carried", "jwk": key.as_dict(private=False)}, claims)


def with_the_last_letters_cut(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return by_a_foreign_key(header, claims)[:-20]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(Misbehaviour(id_token_claims={"iss": "http://localhost:1"}), id="another issuer"),
        pytest.param(Misbehaviour(id_token_claims={"aud": "app"}), id="another audience"),
        pytest.param(Misbehaviour(id_token_claims={"aud": ["app"], "azp": "portal"}), id="azp is no aud"),
        pytest.param(Misbehaviour(id_token_claims={"aud": ["portal", "app"], "azp": "portal"}), id="two aud"),
        pytest.param(Misbehaviour(id_token_claims={"azp": "app"}), id="issued to another client"),
        pytest.param(Misbehaviour(id_token_claims={"nonce": "another"}), id="another nonce"),
        pytest.param(Misbehaviour(id_token_dropped=("nonce",)), id="no nonce"),
        pytest.param(Misbehaviour(id_token_dropped=("exp",)), id="no end"),
        pytest.param(Misbehaviour(id_token_claims={"exp": 1}), id="expired"),
        pytest.param(Misbehaviour(id_token_claims={"exp": float("nan")}), id="end is no number"),
        pytest.param(Misbehaviour(id_token_claims={"exp": "9999999999"}), id="end is text"),
        pytest.param(Misbehaviour(id_token_claims={"iat": 9_999_999_999}), id="from the future"),
        pytest.param(Misbehaviour(id_token_dropped=("iat",)), id="no beginning"),
        pytest.param(Misbehaviour(id_token_dropped=("sub",)), id="nobody"),
        pytest.param(Misbehaviour(id_token_claims={"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}), id="wrong at_hash"),
        pytest.param(Misbehaviour(id_token_header={"kid": "unknown"}), id="unknown key"),
        pytest.param(Misbehaviour(id_token_dropped=("kid",)), id="no key named"),
        pytest.param(Misbehaviour(id_token_header={"typ": "at+jwt"}), id="an access token"),
        pytest.param(Misbehaviour(id_token_header={"typ": "logout+jwt"}), id="a logout token"),
        pytest.param(Misbehaviour(make_id_token=unsigned), id="alg none"),
        pytest.param(Misbehaviour(make_id_token=by_a_foreign_key), id="foreign key"),
        pytest.param(Misbehaviour(make_id_token=by_a_key_it_carries), id="key in the header"),
        pytest.param(Misbehaviour(make_id_token=with_the_last_letters_cut), id="cut signature"),
        pytest.param(Misbehaviour(make_id_token=lambda _h, _c: "no token"), id="no token at all"),
        pytest.param(Misbehaviour(omit_id_token=True), id="ID token missing"),
        pytest.param(Misbehaviour(userinfo_sub="person-2"), id="user information of another person"),
    ],
)
def test_an_id_token_that_does_not_hold_signs_nobody_in(
    portal: str, provider: FakeProvider, visitor: httpx.Client, wrong: Misbehaviour
) -> None:
    provider.wrong = wrong
    page = visitor.get(f"{portal}/login")
    assert page.status_code == 400
    assert "<dd>invalid_token</dd>" in page.text
    assert SIGNED_OUT in visitor.get(f"{portal}/").text


def test_an_id_token_signed_with_the_public_key_as_a_secret_is_refused(
    portal: str, provider: FakeProvider, visitor: httpx.Client
) -> None:
    def confused(header: dict[str, Any], claims: dict[str, Any]) -> str:
        signed = f"{_base64url({**header, 'alg': 'HS256'})}.{_base64url(claims)}"
        mark = hmac.new(provider.key.as_pem(private=False), signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"

    provider.wrong = Misbehaviour(make_id_token=confused)
    page = visitor.get(f"{portal}/login")
    assert "<dd>invalid_token</dd>" in page.text


def test_discovery_of_another_issuer_is_not_believed(
    portal: str, provider: FakeProvider, visitor: httpx.Client
) -> None:
    provider.wrong = Misbehaviour(discovery={"issuer": "http://localhost:1"})
    page = visitor.get(f"{portal}/login")
    assert page.status_code == 503
    assert not provider.asked("/authorize")


def test_the_portal_opens_while_the_provider_is_down_and_signs_in_once_it_is_up(
    portal: str, provider: FakeProvider, visitor: httpx.Client
) -> None:
    provider.stop()
    assert SIGNED_OUT in visitor.get(f"{portal}/").text
    refused = visitor.get(f"{portal}/login")
    assert refused.status_code == 503
    assert ERROR in refused.text
    provider.start()
    assert SIGNED_IN in visitor.get(f"{portal}/login").text


def test_an_aged_access_token_is_renewed_before_it_is_used(
    portal: str, provider: FakeProvider, clock: Clock, visitor: httpx.Client
) -> None:
    visitor.get(f"{portal}/login")
    clock.advance(provider.access_life)
    assert SIGNED_IN in visitor.get(f"{portal}/").text
    renewals = [form for form in provider.asked("/token") if form["grant_type"] == "refresh_token"]
    assert len(renewals) == 1
    assert "scope" not in renewals[0]


def test_pages_loaded_together_renew_the_tokens_once(
    portal: str, provider: FakeProvider, clock: Clock, visitor: httpx.Client
) -> None:
    visitor.get(f"{portal}/login")
    clock.advance(provider.access_life)
    cookies = {one.name: one.value or "" for one in visitor.cookies.jar}

    def load(_: int) -> str:
        with httpx.Client(cookies=cookies, trust_env=False, timeout=10) as tab:
            return tab.get(f"{portal}/").text

    with ThreadPoolExecutor(6) as tabs:
        pages = list(tabs.map(load, range(6)))
    assert all(SIGNED_IN in page for page in pages)
    assert len([form for form in provider.asked("/token") if form["grant_type"] == "refresh_token"]) == 1


@pytest.mark.parametrize(
    "break_renewal",
    [
        pytest.param(lambda fake: fake.refresh_tokens.clear(), id="refresh token withdrawn"),
        pytest.param(
            lambda fake: setattr(fake, "wrong", Misbehaviour(id_token_claims={"sub": "person-2"})),
            id="renewed for another person",
        ),
    ],
)
def test_a_session_the_provider_does_not_renew_ends_and_says_so(
    portal: str,
    provider: FakeProvider,
    clock: Clock,
    visitor: httpx.Client,
    break_renewal: Callable[[FakeProvider], None],
) -> None:
    visitor.get(f"{portal}/login")
    clock.advance(provider.access_life)
    break_renewal(provider)
    page = visitor.get(f"{portal}/")
    assert SIGNED_OUT in page.text
    assert 'data-notice="ended"' in page.text
    assert 'data-notice="ended"' not in visitor.get(f"{portal}/").text


def test_a_provider_that_is_down_at_renewal_does_not_sign_anybody_out(
    portal: str, provider: FakeProvider, clock: Clock, visitor: httpx.Client
) -> None:
    visitor.get(f"{portal}/login")
    clock.advance(provider.access_life)
    provider.stop()
    page = visitor.get(f"{portal}/")
    assert page.status_code == 503
    assert SIGNED_IN in page.text
    provider.start()
    assert 'data-policy="RCA-100001"' in visitor.get(f"{portal}/").text


@pytest.mark.parametrize("away", [pytest.param(30 * 60, id="idle"), pytest.param(12 * 3600, id="absolute")])
def test_a_session_ends_when_nobody_uses_it(
    portal: str, clock: Clock, visitor: httpx.Client, away: int
) -> None:
    visitor.get(f"{portal}/login")
    clock.advance(away)
    assert SIGNED_OUT in visitor.get(f"{portal}/").text


def test_a_session_in_steady_use_ends_after_twelve_hours(
    portal: str, clock: Clock, visitor: httpx.Client
) -> None:
    visitor.get(f"{portal}/login")
    for _ in range(25):
        assert SIGNED_IN in visitor.get(f"{portal}/").text
        clock.advance(29 * 60 - 12)
    assert SIGNED_OUT in visitor.get(f"{portal}/").text
