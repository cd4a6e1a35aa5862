"""Journey H in a real browser, wide and narrow: forgotten credentials, with the codes from the inbox.

The service runs in this process behind a real socket, so that its clock can be moved.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Route, ViewportSize, expect

from idp.flows.clients import Registered
from tests.journeys.recovery_walks import EMAIL, MOBILE, NEW, NOBODY, TAX_CODE, confirm, issued, value
from tests.journeys.served import served
from tests.journeys.windows import signed_in
from tests.service.in_process import CALLBACK, PASSWORD, InProcess
from tests.service.on_screen import faulty, on_page, press
from tests.service.relying_party import VERIFIER, RelyingParty, challenge_of

pytestmark = pytest.mark.slow

DESKTOP, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
AREA = "https://portal.insurer.example/area"


@pytest.fixture(scope="module")
def standing(prepared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """The service at an address of its own."""
    folder = tmp_path_factory.mktemp("recovery")
    with served(prepared_folder, folder, brand={"portal_links": {"Area": AREA}}) as service:
        yield service


@pytest.fixture
def service(standing: InProcess) -> InProcess:
    """The service, with Maria registered by email."""
    standing.wipe()
    standing.register(standing.visitor("192.0.2.1"))
    standing.clock.move(3600 - standing.clock.now() % 3600)
    return standing


@pytest.fixture(params=["desktop", "phone"])
def page(context: BrowserContext, request: pytest.FixtureRequest) -> Page:
    """The customer's browser, wide and narrow."""
    page = context.new_page()
    page.set_viewport_size(DESKTOP if request.param == "desktop" else PHONE)
    return page


def played(route: Route) -> None:
    """A page of the portal."""
    route.fulfill(status=200, content_type="text/html", body="<title>Portal</title><main>here</main>")


def asked_of(service: InProcess, scope: str = "openid") -> str:
    """Where the portal sends a browser."""
    asked = {
        "client_id": "portal",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": scope,
        "state": "s",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    return f"{service.idp.issuer}/authorize?{urlencode(asked)}"


def to_sign_in(service: InProcess, page: Page) -> Registered:
    """Come from the portal; how it is registered."""
    registered = service.client()
    page.context.route(f"{CALLBACK}*", played)
    page.goto(asked_of(service))
    on_page(page, "login")
    return registered


def sign_in_and_leave(page: Page, password: str) -> None:
    """Sign in, and arrive where the portal waits."""
    on_page(page, "login")
    page.fill("#username", EMAIL)
    page.fill("#password", password)
    page.click("#continue")
    page.wait_for_url(f"{CALLBACK}?*")


def mails(service: InProcess) -> list[tuple[str, str]]:
    """To whom something went since the registration and for what, the newest first."""
    found = [(str(one["to"]), str(one["purpose"])) for one in service.post()]
    return [
        one for one in found if one[1] in ("recovery_code", "recovery_second_code", "credentials_recovered")
    ]


def to_contacts(page: Page, code: str = TAX_CODE) -> None:
    on_page(page, "recover")
    page.fill("#identifier", code)
    press(page, "#continue")
    on_page(page, "recover-contacts")


def choose(page: Page, kind: str) -> None:
    """Press the email or the mobile."""
    words = {"email": "Per email", "mobile": "Per SMS"}[kind]
    page.locator("label", has_text=words).first.click()
    press(page, "#continue")


def type_code(service: InProcess, page: Page, contact: str) -> None:
    """Read the code in the inbox, as a person would, and type it."""
    code = service.code_for(contact)
    page.fill("#code", f"{code[:3]} {code[3:]}")
    press(page, "form:has(#code) #continue")


def to_password(service: InProcess, page: Page) -> None:
    """With the code of the email answered, which is all that is asked of Maria."""
    page.goto(f"{service.idp.issuer}/recover")
    to_contacts(page)
    choose(page, "email")
    type_code(service, page, EMAIL)
    on_page(page, "recover-password")


def recovered(page: Page) -> None:
    page.fill("#new_password", NEW)
    press(page, "#continue")
    on_page(page, "recover-done")


def username_on(page: Page) -> str:
    """The username that the page shows, whole."""
    return page.locator("#username").inner_text().replace("\u200b", "")


def test_h1_the_sign_in_page_leads_there_and_what_is_no_code_is_refused(
    service: InProcess, page: Page
) -> None:
    to_sign_in(service, page)
    press(page, "#recover")
    on_page(page, "recover")
    page.fill("#identifier", "RSSMRA80D52H501X")
    press(page, "#continue")
    on_page(page, "recover")
    faulty(page, "identifier")
    expect(page.locator("#identifier")).to_have_value("RSSMRA80D52H501X")
    # In lower case and with spaces, as people write it.
    to_contacts(page, "rssmra 80d52 h501k")
    assert mails(service) == []


def test_h2_the_contacts_on_file_are_masked_and_one_is_chosen(service: InProcess, page: Page) -> None:
    page.goto(f"{service.idp.issuer}/recover")
    to_contacts(page)
    expect(page.locator('input[name="contact"]')).to_have_count(2)
    shown = page.content()
    assert "maria.rossi" not in shown
    assert "1234501" not in shown.replace(" ", "")
    expect(page.locator(".mask").first).to_contain_text("•")
    choose(page, "mobile")
    on_page(page, "recover-verify")
    assert mails(service) == [(MOBILE, "recovery_code")]


def test_h3_the_email_shows_the_code_and_no_link(service: InProcess, page: Page) -> None:
    page.goto(f"{service.idp.issuer}/recover")
    to_contacts(page)
    choose(page, "email")
    on_page(page, "recover-verify")
    code = service.code_for(EMAIL)
    page.goto(f"{service.idp.issuer}/dev/inbox")
    on_page(page, "dev-inbox")
    expect(page.get_by_text(code).first).to_be_visible()
    expect(page.locator('a[href*="/recover/"]')).to_have_count(0)
    page.go_back()
    on_page(page, "recover-verify")
    page.fill("#code", code)
    press(page, "form:has(#code) #continue")
    on_page(page, "recover-password")


def to_factors(service: InProcess, page: Page) -> None:
    """With the email and the mobile proven, in front of what is kept."""
    confirm(service, MOBILE, at=service.clock.now() - 400 * 86400)
    page.goto(f"{service.idp.issuer}/recover")
    to_contacts(page)
    choose(page, "email")
    type_code(service, page, EMAIL)
    on_page(page, "recover-second")
    choose(page, "mobile")
    on_page(page, "recover-second")
    type_code(service, page, MOBILE)
    on_page(page, "recover-factors")


def test_h4_a_confirmed_mobile_is_asked_for_after_the_email(service: InProcess, page: Page) -> None:
    to_factors(service, page)
    assert [to for to, _ in mails(service)] == [MOBILE, EMAIL]
    press(page, "#continue")
    on_page(page, "recover-password")
    recovered(page)
    # With a second proof nothing is limited, and the page promises no wait.
    expect(page.locator(".notice")).to_have_count(0)
    assert value(service, "SELECT limited_until FROM accounts") is None


def test_h5_what_was_just_used_is_ticked_and_what_is_not_ticked_goes(service: InProcess, page: Page) -> None:
    to_factors(service, page)
    box = page.locator('input[type="checkbox"]')
    expect(box).to_be_checked()
    press(page, "#continue")
    on_page(page, "recover-password")
    page.go_back()
    on_page(page, "recover-factors")
    page.locator("label", has_text="+39").click()
    expect(box).not_to_be_checked()
    press(page, "#continue")
    on_page(page, "recover-password")
    recovered(page)
    assert value(service, "SELECT count(*) FROM proven_contacts WHERE kind = 'mobile'") == 0


def test_h6_the_username_is_shown_and_the_new_password_judged(service: InProcess, page: Page) -> None:
    to_password(service, page)
    assert EMAIL in username_on(page)
    for refused in ("corta", "Rossi1980maria"):
        page.fill("#new_password", refused)
        press(page, "#continue")
        on_page(page, "recover-password")
        faulty(page, "new_password")
        expect(page.locator("#new_password")).to_have_value("")
    recovered(page)
    signed_in(service, page, username=EMAIL, password=NEW)


def test_h7_everybody_is_told_and_every_other_window_is_signed_out(service: InProcess, page: Page) -> None:
    party = RelyingParty(service, to_sign_in(service, page))
    browser = page.context.browser
    assert browser is not None
    elsewhere = browser.new_context(locale="it-IT").new_page()
    elsewhere.context.route(f"{CALLBACK}*", played)
    elsewhere.goto(asked_of(service, scope="openid offline_access"))
    sign_in_and_leave(elsewhere, PASSWORD)
    tokens = party.redeem(parse_qs(urlsplit(elsewhere.url).query)["code"][0]).get_json()
    press(page, "#recover")
    to_contacts(page)
    choose(page, "email")
    type_code(service, page, EMAIL)
    on_page(page, "recover-password")
    recovered(page)
    assert EMAIL in username_on(page)
    told = [to for to, purpose in mails(service) if purpose == "credentials_recovered"]
    assert sorted(told) == sorted([EMAIL, MOBILE])
    assert party.refresh(tokens["refresh_token"]).get_json()["error"] == "invalid_grant"
    elsewhere.goto(f"{service.idp.issuer}/account")
    on_page(elsewhere, "login")
    elsewhere.context.close()
    # Nobody was signed in by it: on to the sign-in that waited.
    press(page, "#continue")
    sign_in_and_leave(page, NEW)
    assert "code=" in page.url


def test_h8_without_a_second_proof_the_pages_say_until_when(service: InProcess, page: Page) -> None:
    page.goto(f"{service.idp.issuer}/recover")
    to_contacts(page)
    choose(page, "email")
    type_code(service, page, EMAIL)
    on_page(page, "recover-password")
    page.fill("#new_password", NEW)
    press(page, "#continue")
    on_page(page, "recover-done")
    expect(page.locator(".notice")).to_contain_text("puoi accedere e vedere i tuoi dati")
    signed_in(service, page, username=EMAIL, password=NEW)
    press(page, "#change-mobile")
    on_page(page, "limited")
    service.clock.move(86400)
    signed_in(service, page, username=EMAIL, password=NEW)
    press(page, "#change-mobile")
    on_page(page, "account-confirm")


def test_h9_with_an_activation_code(service: InProcess, page: Page) -> None:
    code = issued(service)
    page.goto(f"{service.idp.issuer}/recover")
    press(page, "#activate")
    on_page(page, "recover-activate")
    page.fill("#identifier", TAX_CODE)
    page.fill("#activation_code", "ABCD-ABCD-ABCD-ABCD")
    press(page, "#continue")
    expect(page.locator("#activation_code-error")).to_be_visible()
    page.fill("#activation_code", code.lower().replace("-", " "))
    press(page, "#continue")
    on_page(page, "recover-password")
    page.fill("#new_password", NEW)
    press(page, "#continue")
    on_page(page, "recover-done")
    page.context.route(AREA, played)
    page.click("#continue")
    page.wait_for_url(AREA)


def test_whoever_is_nobody_sees_the_same_and_gets_nothing(service: InProcess, page: Page) -> None:
    before = len(service.post())
    page.goto(f"{service.idp.issuer}/recover")
    to_contacts(page, NOBODY)
    page.locator('input[name="contact"]').first.check(force=True)
    press(page, "#continue")
    on_page(page, "recover-verify")
    page.fill("#code", "123456")
    press(page, "form:has(#code) #continue")
    expect(page.locator("#code-error")).to_be_visible()
    assert len(service.post()) == before


def test_the_browsers_own_back_and_forward_lose_nothing(service: InProcess, page: Page) -> None:
    page.goto(f"{service.idp.issuer}/recover")
    to_contacts(page)
    choose(page, "email")
    on_page(page, "recover-verify")
    page.go_back()
    on_page(page, "recover-contacts")
    page.go_back()
    on_page(page, "recover")
    expect(page.locator("#identifier")).to_have_value(TAX_CODE)
    page.go_forward()
    page.go_forward()
    on_page(page, "recover-verify")
    type_code(service, page, EMAIL)
    on_page(page, "recover-password")
    # Two tabs are one recovery.
    tab = page.context.new_page()
    tab.goto(f"{service.idp.issuer}/recover/verify")
    on_page(tab, "recover-password")
    tab.fill("#new_password", NEW)
    press(tab, "#continue")
    on_page(tab, "recover-done")
    page.fill("#new_password", "Domani4giallo")
    press(page, "#continue")
    on_page(page, "recover-done")
