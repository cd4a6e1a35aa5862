"""Journey F in a browser, on a phone and on a desktop: a relying party demands more than a password.

The relying party's own server is played by the test: the browser comes from it, and the answer lands there.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.journeys.account_walks import DAY, MOBILE, run
from tests.journeys.devices import Device
from tests.journeys.landing import landing
from tests.journeys.passkey_walks import refusals, trail
from tests.journeys.served import served
from tests.service.in_process import PASSWORD, InProcess
from tests.service.on_screen import faulty, on_page, press
from tests.service.relying_party import RelyingParty, portal

pytestmark = pytest.mark.slow

PHONE, DESKTOP = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=900)
TWO, THREE = "urn:idp:acr:2", "urn:idp:acr:3"


@pytest.fixture(scope="module")
def standing(prepared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """The service at an address of its own; at sign-in a password is enough."""
    with served(prepared_folder, tmp_path_factory.mktemp("step-up")) as opened:
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


def demand(page: Page, service: InProcess, party: RelyingParty, acr: str) -> None:
    """Come from the relying party, which demands this class, and sign in by password."""
    page.goto(f"{service.idp.issuer}/authorize?{urlencode(party.request(acr_values=acr))}")
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


def claims(page: Page, party: RelyingParty) -> dict[str, Any]:
    """What the relying party learns of how it was confirmed."""
    return party.read(party.redeem(landed(page)["code"]).get_json()["id_token"])


def sent(service: InProcess) -> int:
    return len([letter for letter in service.post() if letter["purpose"] == "step_up_code"])


def with_passkey(page: Page, service: InProcess) -> Device:
    """Maria's device holds a passkey of hers whose hold is over; she is signed out."""
    device = Device(page, service.idp.issuer)
    device.by_password(MOBILE)
    device.enrol()
    device.signs_out()
    service.clock.move(3 * DAY)
    return device


def test_f_a_text_message_confirms_what_is_demanded(
    service: InProcess, party: RelyingParty, page: Page
) -> None:
    demand(page, service, party, TWO)
    assert sent(service) == 0
    press(page, "#continue")
    on_page(page, "step-up")
    assert sent(service) == 1
    code = service.code_for(MOBILE)
    page.fill("#code", "000000" if code != "000000" else "111111")
    press(page, "#continue")
    on_page(page, "step-up")
    faulty(page, "code")
    page.fill("#code", code)
    page.click("#continue")
    told = claims(page, party)
    assert (told["acr"], set(told["amr"])) == (TWO, {"pwd", "otp", "sms", "mfa"})


def test_f_a_finger_confirms_it_with_the_strongest_class(
    service: InProcess, party: RelyingParty, page: Page
) -> None:
    device = with_passkey(page, service)
    demand(page, service, party, THREE)
    # A text message would not do, and is not offered.
    expect(page.locator("#use-code")).to_have_count(0)
    device.touched()
    page.click("#use-passkey")
    assert claims(page, party)["acr"] == THREE
    assert [one["proof"] for one in trail(service, "stepped_up")] == ["passkey"]


def test_f_the_finger_comes_first_and_a_code_is_there_instead(
    service: InProcess, party: RelyingParty, page: Page
) -> None:
    with_passkey(page, service)
    demand(page, service, party, TWO)
    expect(page.locator("#use-passkey")).to_be_visible()
    press(page, "#use-code")
    on_page(page, "step-up")
    assert sent(service) == 0
    press(page, "#continue")
    on_page(page, "step-up")
    # The finger is still there beside the code.
    expect(page.locator("#use-passkey")).to_be_visible()
    page.fill("#code", service.code_for(MOBILE))
    page.click("#continue")
    assert claims(page, party)["acr"] == TWO
    assert [one["proof"] for one in trail(service, "stepped_up")] == ["sms_code"]


def test_f_a_cancelled_prompt_falls_back_to_the_code(
    service: InProcess, party: RelyingParty, page: Page
) -> None:
    device = with_passkey(page, service)
    demand(page, service, party, TWO)
    device.tell("setUserVerified", isUserVerified=False)
    device.touched()
    page.click("#use-passkey")
    expect(page.locator("#passkey-trouble")).to_have_text(re.compile(r"\S"))
    assert sent(service) == 0
    press(page, "#use-code")
    on_page(page, "step-up")
    press(page, "#continue")
    on_page(page, "step-up")
    page.fill("#code", service.code_for(MOBILE))
    page.click("#continue")
    told = claims(page, party)
    assert (told["acr"], set(told["amr"])) == (TWO, {"pwd", "otp", "sms", "mfa"})
    assert [one["proof"] for one in trail(service, "stepped_up")] == ["sms_code"]
    assert refusals(service) == [], "nothing was sent that could have been refused"


def test_f_whoever_cancels_is_back_where_they_came_from(
    service: InProcess, party: RelyingParty, page: Page
) -> None:
    demand(page, service, party, TWO)
    page.click("#cancel")
    assert landed(page)["error"] == "access_denied"
    assert trail(service, "stepped_up") == []


def test_f_an_account_that_waits_is_told_until_when_and_goes_back(
    service: InProcess, party: RelyingParty, page: Page
) -> None:
    run(service, f"UPDATE accounts SET held_until = {service.clock.now() + DAY}")
    demand(page, service, party, TWO)
    expect(page.locator("main time").first).to_be_visible()
    expect(page.locator("#code")).to_have_count(0)
    page.click("#continue")
    assert landed(page)["error"] == "unmet_authentication_requirements"
