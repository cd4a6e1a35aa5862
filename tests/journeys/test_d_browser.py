"""Journey D in a browser, on a phone and on a desktop: the second factor of a sign-in, and a browser that is
trusted."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.journeys.account_walks import EMAIL, MOBILE, prove, rows
from tests.journeys.factor_walks import KNOWN_CODES, KNOWN_SECRET, code_of, with_app, with_codes, wrong_of
from tests.journeys.passkey_walks import trail
from tests.journeys.served import served
from tests.service.in_process import PASSWORD, InProcess
from tests.service.on_screen import faulty, on_page, press

pytestmark = pytest.mark.slow

PHONE, DESKTOP = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=900)


@pytest.fixture(scope="module")
def standing(prepared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """The service as it is shipped, at an address of its own."""
    folder = tmp_path_factory.mktemp("second-factor")
    with served(prepared_folder, folder, assurance={"second_factor": "untrusted"}) as opened:
        yield opened


@pytest.fixture
def service(standing: InProcess) -> InProcess:
    """The service, with Maria registered by email an hour ago and her mobile confirmed."""
    standing.wipe()
    standing.register(standing.visitor())
    prove(standing, MOBILE)
    standing.clock.move(3600)
    return standing


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def page(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    """A new browser of this size, in Italian."""
    context = chromium.new_context(viewport=request.param, locale="it-IT")
    yield context.new_page()
    context.close()


def by_password(service: InProcess, page: Page) -> None:
    """Type username and password, and press."""
    page.goto(f"{service.idp.issuer}/account")
    on_page(page, "login")
    page.fill("#username", EMAIL)
    page.fill("#password", PASSWORD)
    press(page, "#continue")


def to_code(service: InProcess, page: Page) -> None:
    """In front of the second factor."""
    by_password(service, page)
    on_page(page, "login-code")


def gives(page: Page, code: str) -> None:
    """Type a code, and press."""
    page.fill("#code", code)
    press(page, "#continue")


def arrives(page: Page) -> None:
    """Signed in; where this browser can have a passkey it is offered, and put off."""
    expect(page.locator("main:not([data-page=login-code])")).to_be_visible()
    if page.locator('main[data-page="passkey-offer"]').count():
        press(page, "#continue")
    on_page(page, "account")


def signs_out(service: InProcess, page: Page) -> None:
    page.goto(f"{service.idp.issuer}/logout")
    on_page(page, "logout")
    press(page, "#confirm-logout")
    on_page(page, "signed-out")


def not_this(code: str) -> str:
    return "000000" if code != "000000" else "111111"


def sign_in_codes(service: InProcess) -> int:
    return len([letter for letter in service.post() if letter["purpose"] == "sign_in_code"])


def test_d_a_new_browser_is_asked_for_the_code_that_was_sent(service: InProcess, page: Page) -> None:
    to_code(service, page)
    # Part of the number, as the sender knows it, and not the whole.
    expect(page.locator("main")).to_contain_text(MOBILE[-2:])
    expect(page.locator("main")).not_to_contain_text(MOBILE[3:])
    code = service.code_for(MOBILE)
    gives(page, not_this(code))
    on_page(page, "login-code")
    faulty(page, "code")
    expect(page.locator("#tries-left")).to_be_visible()
    gives(page, code)
    arrives(page)
    assert [one["proof"] for one in trail(service, "second_factor_given")] == ["sms_code"]
    assert rows(service, "SELECT COUNT(*) FROM trusted_browsers") == 0


def test_d_another_code_is_sent_after_a_minute_and_the_first_one_is_over(
    service: InProcess, page: Page
) -> None:
    to_code(service, page)
    first = service.code_for(MOBILE)
    with page.expect_navigation():
        page.reload()
    on_page(page, "login-code")
    assert sign_in_codes(service) == 1
    service.clock.move(61)
    with page.expect_navigation():
        page.reload()
    on_page(page, "login-code")
    press(page, "#resend")
    on_page(page, "login-code")
    expect(page.locator(".notice.good")).to_be_visible()
    assert sign_in_codes(service) == 2
    second = service.code_for(MOBILE)
    if first != second:
        gives(page, first)
        on_page(page, "login-code")
        faulty(page, "code")
    gives(page, second)
    arrives(page)


def test_d_a_trusted_browser_is_asked_for_no_code_until_that_is_over(service: InProcess, page: Page) -> None:
    to_code(service, page)
    expect(page.locator("#trust_browser")).not_to_be_checked()
    page.check("#trust_browser")
    gives(page, service.code_for(MOBILE))
    arrives(page)
    signs_out(service, page)
    service.clock.move(86400)
    by_password(service, page)
    arrives(page)
    assert sign_in_codes(service) == 1
    signs_out(service, page)
    service.clock.move(30 * 86400)
    to_code(service, page)


def test_d_the_authenticator_app_is_asked_first_and_a_message_is_there_instead(
    service: InProcess, page: Page
) -> None:
    with_app(service)
    to_code(service, page)
    assert sign_in_codes(service) == 0
    gives(page, wrong_of(service, KNOWN_SECRET))
    on_page(page, "login-code")
    faulty(page, "code")
    # The other way: opening it sends nothing, its button does.
    press(page, "#use-code")
    on_page(page, "login-code")
    assert sign_in_codes(service) == 0
    press(page, "#continue")
    on_page(page, "login-code")
    assert sign_in_codes(service) == 1
    # And back to the app.
    press(page, "#use-code")
    on_page(page, "login-code")
    code = code_of(service, KNOWN_SECRET)
    gives(page, f"{code[:3]} {code[3:]}")
    arrives(page)
    assert [one["proof"] for one in trail(service, "second_factor_given")] == ["totp"]


def test_d_a_recovery_code_stands_in_once(service: InProcess, page: Page) -> None:
    with_codes(service)
    spent, fresh = KNOWN_CODES[0], KNOWN_CODES[1]
    to_code(service, page)
    press(page, "#use-code")
    on_page(page, "login-code")
    gives(page, f"{spent[:5]}-{spent[5:]}".lower())
    arrives(page)
    signs_out(service, page)
    to_code(service, page)
    press(page, "#use-code")
    on_page(page, "login-code")
    gives(page, spent)
    on_page(page, "login-code")
    faulty(page, "code")
    gives(page, fresh)
    arrives(page)
    assert [one["proof"] for one in trail(service, "second_factor_given")] == ["recovery_code"] * 2


def test_d_the_way_back_leads_to_the_sign_in_of_somebody_else(service: InProcess, page: Page) -> None:
    to_code(service, page)
    press(page, "#back")
    on_page(page, "login")
    page.goto(f"{service.idp.issuer}/account")
    on_page(page, "login")


def test_d_without_javascript_the_code_is_asked_sent_again_and_taken(
    service: InProcess, chromium: Browser
) -> None:
    plain = chromium.new_context(java_script_enabled=False, locale="it-IT", viewport=PHONE)
    page = plain.new_page()
    by_password(service, page)
    expect(page.locator('main[data-page="login-code"]')).to_be_visible()
    service.clock.move(61)
    press(page, "#resend")
    expect(page.locator('main[data-page="login-code"] .notice.good')).to_be_visible()
    gives(page, service.code_for(MOBILE))
    expect(page.locator('main[data-page="account"]')).to_be_visible()
    plain.close()
