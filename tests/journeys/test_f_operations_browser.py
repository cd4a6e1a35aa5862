"""Journey F in a browser, on a phone and on a desktop: an operation is read, and confirmed by SMS or finger.

The relying party's own server is played by the test: it pushes, the browser comes, the answer lands.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.journeys.devices import Device
from tests.journeys.landing import landing
from tests.journeys.operation_walks import IBAN, MOBILE, message, payout, portal, pushed
from tests.journeys.passkey_walks import refusals, trail
from tests.journeys.served import served
from tests.service.in_process import PASSWORD, InProcess
from tests.service.on_screen import faulty, on_page, press
from tests.service.relying_party import RelyingParty

pytestmark = pytest.mark.slow

PHONE, DESKTOP = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=900)
WHOLE = "IT60 X054 2811 1010 0000 0123 456"


@pytest.fixture(scope="module")
def standing(prepared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """The service at an address of its own."""
    with served(prepared_folder, tmp_path_factory.mktemp("operations")) as opened:
        yield opened


@pytest.fixture
def service(standing: InProcess) -> InProcess:
    """The service, with Maria registered by her mobile an hour ago."""
    standing.wipe()
    standing.register(standing.visitor(), MOBILE)
    standing.clock.move(3600)
    return standing


@pytest.fixture(scope="module")
def callback() -> Iterator[str]:
    """The relying party's address."""
    with landing() as address:
        yield address


@pytest.fixture
def party(service: InProcess, callback: str) -> RelyingParty:
    return portal(service, redirect_uris=[callback])


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def page(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    """A window of this size, in Italian."""
    context = chromium.new_context(viewport=request.param, locale="it-IT")
    yield context.new_page()
    context.close()


def bring(page: Page, service: InProcess, party: RelyingParty, **changed: Any) -> None:
    """Come with an operation, and sign in."""
    uri = pushed(party, payout(**changed))
    page.goto(f"{service.idp.issuer}/authorize?client_id={party.client_id}&request_uri={uri}")
    on_page(page, "login")
    page.fill("#username", MOBILE)
    page.fill("#password", PASSWORD)
    press(page, "#continue")
    expect(page.locator("main:not([data-page=login])")).to_be_visible()
    if page.locator('main[data-page="passkey-offer"]').count():
        press(page, "#continue")
    on_page(page, "step-up")


def landed(page: Page) -> dict[str, str]:
    """The answer that reached the relying party."""
    page.wait_for_url(re.compile("/callback"))
    return dict(parse_qsl(urlsplit(page.url).query))


def test_f_read_on_the_page_and_in_the_message_and_confirmed_by_its_code(
    service: InProcess, party: RelyingParty, page: Page
) -> None:
    bring(page, service, party)
    for field, text in (("amount", "1.500,00"), ("iban", WHOLE), ("beneficiary", "Maria Rossi")):
        expect(page.locator(f"#operation-{field} dd")).to_contain_text(text)
    press(page, "#continue")
    on_page(page, "step-up")
    text = message(service)["text"]
    assert f"Liquidazione di 1.500,00 € a {IBAN}, intestatario Maria Rossi" in text
    code = service.code_for(MOBILE)
    page.fill("#code", "000000" if code != "000000" else "111111")
    press(page, "#continue")
    on_page(page, "step-up")
    faulty(page, "code")
    page.fill("#code", code)
    page.click("#continue")
    tokens = party.redeem(landed(page)["code"]).get_json()
    assert tokens["authorization_details"] == [payout()]
    assert [one["proof"] for one in trail(service, "operation_approved")] == ["sms_code"]


def test_f_confirmed_with_the_finger_that_was_asked_for_this_operation(
    service: InProcess, party: RelyingParty, page: Page
) -> None:
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable", {"enableUI": False})
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    device = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
    _enrol(page, service)
    cdp.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": device, "enabled": False})
    # The hold of what was added on a password passes.
    service.clock.move(3 * 86400)
    bring(page, service, party)
    expect(page.locator("#use-passkey")).to_be_visible()
    expect(page.locator("#use-code")).to_be_visible()
    cdp.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": device, "enabled": True})
    page.click("#use-passkey")
    claims = party.read(party.redeem(landed(page)["code"]).get_json()["access_token"])
    assert claims["acr"] == "urn:idp:acr:3"
    assert claims["authorization_details"] == [payout()]
    assert [one["proof"] for one in trail(service, "operation_approved")] == ["passkey"]


def test_f_a_cancelled_prompt_falls_back_to_the_code(
    service: InProcess, party: RelyingParty, page: Page
) -> None:
    device = Device(page, service.idp.issuer)
    device.by_password(MOBILE)
    device.enrol()
    device.signs_out()
    # The hold of what was added on a password passes.
    service.clock.move(3 * 86400)
    bring(page, service, party)
    device.tell("setUserVerified", isUserVerified=False)
    device.touched()
    page.click("#use-passkey")
    expect(page.locator("#passkey-trouble")).to_have_text(re.compile(r"\S"))
    for field, text in (("amount", "1.500,00"), ("iban", WHOLE)):
        expect(page.locator(f"#operation-{field} dd")).to_contain_text(text)
    press(page, "#use-code")
    on_page(page, "step-up")
    page.fill("#code", service.code_for(MOBILE))
    page.click("form:has(#code) #continue")
    assert party.redeem(landed(page)["code"]).get_json()["authorization_details"] == [payout()]
    assert [one["proof"] for one in trail(service, "operation_approved")] == ["sms_code"]
    assert refusals(service) == [], "nothing was sent that could have been refused"


def test_f_not_confirmed(service: InProcess, party: RelyingParty, page: Page) -> None:
    bring(page, service, party, amount={"value": "9999.99", "currency": "EUR"})
    expect(page.locator("#operation-amount dd")).to_contain_text("9.999,99")
    page.click("#cancel")
    assert landed(page)["error"] == "access_denied"
    assert [one["reason"] for one in trail(service, "operation_refused")] == ["declined"]


def _enrol(page: Page, service: InProcess) -> None:
    page.goto(f"{service.idp.issuer}/login?to=passkey-add")
    on_page(page, "login")
    page.fill("#username", MOBILE)
    page.fill("#password", PASSWORD)
    press(page, "#continue")
    expect(page.locator("main:not([data-page=login])")).to_be_visible()
    page.goto(f"{service.idp.issuer}/account/passkeys/add")
    on_page(page, "passkey-add")
    page.click("#enrol-passkey")
    on_page(page, "passkeys")
    page.context.clear_cookies()
