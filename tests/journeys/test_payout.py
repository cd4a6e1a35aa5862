"""The payout walk (journey F): portal or app, 401, pushed request, the confirmation, accepted once.

The service, the portal, the app and the API answer real HTTP here, and go by one clock that can be moved.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.account_walks import HOLD
from tests.journeys.devices import Device
from tests.journeys.insurer_sites import Sites, insurer_sites
from tests.service.in_process import PASSWORD
from tests.service.on_screen import on_page, press
from tests.service.relying_party import VERIFIER, challenge_of
from tests.service.running import HttpBrowser

MOBILE = "+393331234501"
NUMBER, IBAN = "RCA-100001", "IT60X0542811101000000123456"
SHOWN_IBAN = "IT60 X054 2811 1010 0000 0123 456"
TYPED = {"amount": "1.500,00", "iban": SHOWN_IBAN, "beneficiary": "Maria Rossi"}
ORDER = {"amount": "1500.00", "currency": "EUR", "iban": IBAN, "beneficiary": "Maria Rossi"}
MAX_AGE = 300


def details(**changed: Any) -> dict[str, Any]:
    """What the customer approves."""
    return {
        "type": "payout",
        "policy_number": NUMBER,
        "amount": {"value": "1500.00", "currency": "EUR"},
        "iban": IBAN,
        "beneficiary": "Maria Rossi",
        **changed,
    }


@pytest.fixture
def sites(prepared_folder: Path, tmp_path: Path) -> Iterator[Sites]:
    """Everything, with Maria registered by her mobile an hour ago."""
    with insurer_sites(prepared_folder, tmp_path) as opened:
        opened.service.register(opened.service.visitor(), MOBILE)
        opened.service.clock.move(3600)
        yield opened


def message(sites: Sites) -> str:
    """The text of the newest message with a code for an operation."""
    found = next(one for one in sites.service.post() if one["purpose"] == "operation_code")
    return str(found["text"])


# --- over HTTP ---------------------------------------------------------------------------------------------


@dataclass
class OverHttp:
    """A relying party and Maria's browser, on the wire; it keeps the tokens to abuse them."""

    sites: Sites
    browser: HttpBrowser

    def sign_in(self) -> str:
        """Maria signs in by password; the session's access token."""
        return str(self._redeem(self._ask(scope="openid policies"))["access_token"])

    def pay(self, token: str, **changed: str) -> httpx.Response:
        return httpx.post(
            f"{self.sites.policies}/policies/{NUMBER}/payouts",
            json={**ORDER, **changed},
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
        )

    def approved(self, **changed: Any) -> dict[str, Any]:
        """The token response of an operation that Maria confirms by the code in her SMS."""
        return self._redeem(self.confirm(self.push(**changed)))

    def push(self, **changed: Any) -> str:
        """Push what the API's challenge asks for; the address that stands for it."""
        wishes = {
            "scope": "openid payout",
            "authorization_details": json.dumps([details(**changed)]),
            "acr_values": "urn:idp:acr:2",
            "max_age": str(MAX_AGE),
        }
        answer = self._send("/par", self._request(**wishes))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["request_uri"])

    def confirm(self, request_uri: str) -> str:
        """The code that leaves for the relying party."""
        browser = self.browser
        browser.get("/authorize", client_id="portal", request_uri=request_uri)
        assert browser.page == "step-up", browser.text[:500]
        contact = re.search(r'name="contact" value="([^"]+)"', browser.text)
        assert contact is not None
        browser.press(contact=contact[1])
        return self._code_of(browser.press(code=self.sites.service.code_for(MOBILE)))

    def session_token(self) -> str:
        """Another access token of the session that is there."""
        return str(self._redeem(self._code_of(self._go(scope="openid policies")))["access_token"])

    def _go(self, **wishes: str) -> httpx.Response:
        return self.browser.get("/authorize", **self._request(**wishes))

    def _ask(self, **wishes: str) -> str:
        self._go(**wishes)
        assert self.browser.page == "login", self.browser.page
        return self._code_of(self.browser.press(username=MOBILE, password=PASSWORD))

    def _code_of(self, answer: httpx.Response) -> str:
        location = httpx.URL(answer.headers["location"])
        assert "code" in location.params, location
        return str(location.params["code"])

    def _request(self, **wishes: str) -> dict[str, str]:
        return {
            "client_id": "portal",
            "redirect_uri": f"{self.sites.portal}/callback",
            "response_type": "code",
            "state": "s",
            "nonce": "n",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
            **wishes,
        }

    def _redeem(self, code: str) -> dict[str, Any]:
        answer = self._send(
            "/token",
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": f"{self.sites.portal}/callback",
                "code_verifier": VERIFIER,
            },
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def _send(self, path: str, form: dict[str, str]) -> httpx.Response:
        pair = ("portal", self.sites.secrets["portal"])
        return httpx.post(self.sites.service.idp.issuer + path, data=form, auth=pair, trust_env=False)


@pytest.fixture
def wire(sites: Sites) -> Iterator[OverHttp]:
    browser = HttpBrowser(sites.service.idp.issuer)
    yield OverHttp(sites, browser)
    browser.http.close()


def error(answer: httpx.Response) -> tuple[int, str]:
    """Status and error of a refusal, as its challenge tells them."""
    found = re.search(r'error="([^"]+)"', answer.headers["www-authenticate"])
    assert found is not None
    return answer.status_code, found[1]


def test_over_http_the_session_is_not_enough_and_the_confirmation_pays_once(wire: OverHttp) -> None:
    refused = wire.pay(wire.sign_in())
    assert error(refused) == (401, "insufficient_user_authentication")
    assert 'acr_values="urn:idp:acr:2", max_age="300", scope="payout"' in refused.headers["www-authenticate"]
    answer = wire.approved()
    assert answer["authorization_details"] == [details()]
    assert "refresh_token" not in answer
    token = answer["access_token"]
    accepted = wire.pay(token)
    assert (accepted.status_code, accepted.json()["status"]) == (201, "accepted")
    assert error(wire.pay(token)) == (401, "invalid_token")
    text = message(wire.sites)
    assert f"1.500,00 € a {IBAN}, intestatario Maria Rossi" in text


def test_over_http_the_page_shows_the_operation_whole(wire: OverHttp) -> None:
    wire.sign_in()
    wire.browser.get("/authorize", client_id="portal", request_uri=wire.push())
    assert wire.browser.page == "step-up"
    for shown in ("1.500,00\xa0€", SHOWN_IBAN, "Maria Rossi", NUMBER):
        assert shown in wire.browser.text


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": "1500.01"},
        {"amount": "15000.00"},
        {"iban": "DE89370400440532013000"},
        {"beneficiary": "Mario Rossi"},
    ],
    ids=str,
)
def test_over_http_nothing_is_paid_but_what_was_confirmed(wire: OverHttp, changed: dict[str, str]) -> None:
    wire.sign_in()
    token = wire.approved()["access_token"]
    assert error(wire.pay(token, **changed)) == (403, "insufficient_scope")
    assert wire.pay(token).status_code == 201


def test_over_http_after_five_minutes_a_confirmation_pays_nothing(wire: OverHttp) -> None:
    wire.sign_in()
    token = wire.approved()["access_token"]
    wire.sites.service.clock.move(MAX_AGE + 1)
    assert wire.pay(token).status_code == 401
    wire.sites.service.clock.move(60)
    assert error(wire.pay(token)) == (401, "invalid_token")


def test_over_http_a_confirmation_reads_no_policies_and_renews_nothing(wire: OverHttp) -> None:
    wire.sign_in()
    token = wire.approved()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    read = httpx.get(f"{wire.sites.policies}/policies", headers=headers, trust_env=False)
    assert error(read) == (403, "insufficient_scope")


def test_over_http_the_session_stays_as_weak_as_it_was(wire: OverHttp) -> None:
    wire.sign_in()
    wire.approved()
    assert error(wire.pay(wire.session_token())) == (401, "insufficient_user_authentication")


# --- in the browser ----------------------------------------------------------------------------------------


@pytest.fixture
def browsers(sites: Sites, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Makes Italian browsers that go by the service's clock."""
    made: list[BrowserContext] = []

    def make(width: int = 390, height: int = 844) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height}, locale="it-IT", timezone_id="Europe/Rome"
        )
        context.set_default_timeout(20_000)
        context.clock.set_fixed_time(sites.service.clock.now())
        made.append(context)
        return context.new_page()

    yield make
    for context in made:
        context.close()


def enter(page: Page) -> None:
    """Maria types her number and her password."""
    on_page(page, "login")
    page.fill("#username", "333 123 4501")
    page.fill("#password", PASSWORD)
    press(page, "#continue")


def confirm(page: Page, sites: Sites) -> None:
    """She reads the page, has the code sent, reads the message, and types it."""
    on_page(page, "step-up")
    expect(page.locator("main")).to_contain_text("1.500,00 €")
    expect(page.locator("main")).to_contain_text(SHOWN_IBAN)
    press(page, "form:has([name=contact]) #continue")
    expect(page.locator("#code")).to_be_visible()
    assert f"Liquidazione di 1.500,00 € a {IBAN}, intestatario Maria Rossi" in message(sites)
    page.fill("#code", sites.service.code_for(MOBILE))
    page.click("form:has(#code) #continue")


def portal_form(page: Page, sites: Sites) -> None:
    """From the portal's entrance to its filled form."""
    page.goto(f"{sites.portal}/login")
    enter(page)
    on_page(page, "portal-policies")
    press(page, f'[data-policy="{NUMBER}"] a.secondary')
    on_page(page, "portal-payout")
    for name, value in TYPED.items():
        page.fill(f"#{name}", value)


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800)])
def test_in_the_portal_a_payout_is_confirmed_and_accepted_once(
    sites: Sites, browsers: Callable[..., Page], width: int, height: int
) -> None:
    page = browsers(width, height)
    portal_form(page, sites)
    press(page, "#continue")
    confirm(page, sites)
    on_page(page, "portal-payout-done")
    expect(page.locator("main")).to_contain_text("1.500,00 €")
    reference = page.locator("#reference").inner_text()
    page.reload()
    on_page(page, "portal-payout-done")
    expect(page.locator("#reference")).to_have_text(reference)
    press(page, "#continue")
    on_page(page, "portal-policies")
    expect(page.locator(f'[data-policy="{NUMBER}"] .payouts li')).to_have_count(1)
    asked = sites.recorder.of("policies", "POST", f"/policies/{NUMBER}/payouts")
    assert [one.status[:3] for one in asked] == ["401", "201"]


@pytest.mark.slow
def test_in_the_portal_the_answer_loaded_again_pays_nothing_and_another_amount_is_asked_anew(
    sites: Sites, browsers: Callable[..., Page]
) -> None:
    page = browsers()
    answers: list[str] = []
    page.on("request", lambda request: answers.append(request.url) if "/callback?" in request.url else None)
    portal_form(page, sites)
    press(page, "#continue")
    confirm(page, sites)
    on_page(page, "portal-payout-done")
    page.goto(answers[-1])
    page.goto(f"{sites.portal}/")
    on_page(page, "portal-policies")
    expect(page.locator(f'[data-policy="{NUMBER}"] .payouts li')).to_have_count(1)
    press(page, f'[data-policy="{NUMBER}"] a.secondary')
    for name, value in {**TYPED, "amount": "1.600,00"}.items():
        page.fill(f"#{name}", value)
    press(page, "#continue")
    on_page(page, "step-up")
    expect(page.locator("main")).to_contain_text("1.600,00 €")
    asked = sites.recorder.of("policies", "POST", f"/policies/{NUMBER}/payouts")
    assert [one.status[:3] for one in asked] == ["401", "201", "401"]


@pytest.mark.slow
def test_in_the_portal_a_confirmation_that_arrives_after_five_minutes_pays_nothing(
    sites: Sites, browsers: Callable[..., Page]
) -> None:
    page = browsers()
    portal_form(page, sites)
    press(page, "#continue")
    with lost_on_the_way(page, f"{sites.portal}/callback?*") as answers:
        confirm(page, sites)
    sites.service.clock.move(301)
    page.goto(answers[0])
    on_page(page, "portal-payout")
    expect(page.locator('[data-notice="not_confirmed"]')).to_be_visible()
    for name, value in TYPED.items():
        expect(page.locator(f"#{name}")).to_have_value(value)
    asked = sites.recorder.of("policies", "POST", f"/policies/{NUMBER}/payouts")
    assert [one.status[:3] for one in asked] == ["401"]


@pytest.mark.slow
def test_in_the_portal_who_does_not_confirm_finds_the_form_as_it_was(
    sites: Sites, browsers: Callable[..., Page]
) -> None:
    page = browsers()
    portal_form(page, sites)
    press(page, "#continue")
    on_page(page, "step-up")
    press(page, "#cancel")
    on_page(page, "portal-payout")
    expect(page.locator('[data-notice="cancelled"]')).to_be_visible()
    for name, value in TYPED.items():
        expect(page.locator(f"#{name}")).to_have_value(value)
    asked = sites.recorder.of("policies", "POST", f"/policies/{NUMBER}/payouts")
    assert [one.status[:3] for one in asked] == ["401"]


@pytest.mark.slow
def test_in_the_portal_an_old_session_confirms_without_signing_in_again(
    sites: Sites, browsers: Callable[..., Page]
) -> None:
    page = browsers()
    portal_form(page, sites)
    sites.service.clock.move(20 * 60)
    press(page, "#continue")
    confirm(page, sites)
    on_page(page, "portal-payout-done")


def app_form(page: Page) -> None:
    """From the app's policies to its filled form, sent."""
    on_page(page, "app-policies")
    page.click(f'[data-policy="{NUMBER}"] button')
    on_page(page, "app-payout")
    for name, value in TYPED.items():
        page.fill(f"#{name}", value)
    page.click("#continue")


@pytest.mark.slow
def test_in_the_app_a_payout_is_confirmed_and_accepted_once(
    sites: Sites, browsers: Callable[..., Page]
) -> None:
    page = browsers()
    page.goto(sites.app)
    on_page(page, "app-home")
    page.click("#login")
    enter(page)
    app_form(page)
    confirm(page, sites)
    on_page(page, "app-payout-done")
    expect(page.locator(".sum")).to_have_text("1.500,00\xa0€")
    page.reload()
    on_page(page, "app-policies")
    expect(page.locator(f'[data-policy="{NUMBER}"] .payouts li')).to_have_count(1)
    asked = sites.recorder.of("policies", "POST", f"/policies/{NUMBER}/payouts")
    assert [one.status[:3] for one in asked] == ["401", "201"]
    # Both were presented with a proof of the key that their token is bound to.
    assert all(one.request["Authorization"].startswith("DPoP ") for one in asked)


@pytest.mark.slow
@pytest.mark.parametrize("thief", ["without a proof", "with a key of their own"])
def test_in_the_app_a_code_is_worth_nothing_without_its_key(
    sites: Sites, browsers: Callable[..., Page], thief: str
) -> None:
    page = browsers()
    page.goto(sites.app)
    on_page(page, "app-home")
    page.click("#login")
    on_page(page, "login")
    page.fill("#username", "333 123 4501")
    page.fill("#password", PASSWORD)
    with lost_on_the_way(page, f"{sites.app}/callback?*") as answers:
        page.click("#continue")
    # A thief who has the code, and the verifier too.
    page.goto(f"{sites.app}/config.json")
    waiting = json.loads(page.evaluate("sessionStorage.app_sign_in"))
    form = {
        "grant_type": "authorization_code",
        "code": httpx.URL(answers[0]).params["code"],
        "redirect_uri": f"{sites.app}/callback",
        "client_id": "app",
        "code_verifier": waiting["verifier"],
    }
    address = f"{sites.service.idp.issuer}/token"
    proof = {"DPoP": _proof(address, sites.service.clock.now())} if thief == "with a key of their own" else {}
    refused = httpx.post(address, data=form, headers=proof, trust_env=False)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


@contextmanager
def lost_on_the_way(page: Page, pattern: str) -> Iterator[list[str]]:
    """Requests to these addresses leave for nowhere meanwhile, redirects too; gives what was asked."""
    cdp, asked = page.context.new_cdp_session(page), []

    def lose(paused: dict[str, Any]) -> None:
        asked.append(str(paused["request"]["url"]))
        cdp.send("Fetch.failRequest", {"requestId": paused["requestId"], "errorReason": "ConnectionReset"})

    cdp.on("Fetch.requestPaused", lose)
    cdp.send("Fetch.enable", {"patterns": [{"urlPattern": pattern}]})
    yield asked
    expect(page).to_have_url(re.compile("^chrome-error:"))
    cdp.send("Fetch.disable")


def _proof(address: str, now: int) -> str:
    key = ECKey.generate_key("P-256")
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}
    claims = {"jti": "once", "htm": "POST", "htu": address, "iat": now}
    return jwt.encode(header, claims, key)


@pytest.mark.slow
def test_in_the_app_fingerprint_or_face_falls_back_to_the_password(
    sites: Sites, browsers: Callable[..., Page]
) -> None:
    page = browsers()
    page.goto(sites.app)
    on_page(page, "app-home")
    page.click("#biometric")
    enter(page)
    on_page(page, "app-policies")


@pytest.mark.slow
def test_in_the_app_fingerprint_or_face_signs_in_and_confirms(
    sites: Sites, browsers: Callable[..., Page]
) -> None:
    page = browsers()
    telephone = Device(page, sites.service.idp.issuer)
    telephone.by_password(MOBILE)
    telephone.enrol()
    # What was added by a password alone waits; meanwhile her session ends.
    sites.service.clock.move(HOLD + 3600)
    page.context.clock.set_fixed_time(sites.service.clock.now())
    page.goto(sites.app)
    on_page(page, "app-home")
    page.click("#biometric")
    on_page(page, "login")
    expect(page.locator("#use-passkey")).to_be_focused()
    telephone.touched()
    page.click("#use-passkey")
    app_form(page)
    on_page(page, "step-up")
    expect(page.locator("main")).to_contain_text("1.500,00 €")
    page.click("#use-passkey")
    on_page(page, "app-payout-done")
    tokens = sites.recorder.of("idp", "POST", "/token")
    assert "authorization_details" in tokens[-2].content
    paid = sites.recorder.of("policies", "POST", f"/policies/{NUMBER}/payouts")[-1]
    assert paid.status.startswith("201")
