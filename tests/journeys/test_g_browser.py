"""Journey G and changed credentials in a real browser, wide and narrow, with the codes from the inbox."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from idp.flows import people
from idp.flows.mobile import making_good
from tests.journeys import test_l_life_of_an_account as life
from tests.journeys.account_walks import (
    DAY,
    EMAIL,
    HOLD,
    MOBILE,
    OTHER,
    issued,
    link_of,
    prove,
    run,
    sent,
)
from tests.journeys.served import served
from tests.journeys.windows import DESKTOP, signed_in, wide_and_narrow
from tests.service.in_process import PASSWORD, InProcess
from tests.service.on_screen import faulty, on_page, press

pytestmark = pytest.mark.slow

page = wide_and_narrow
NEW = "Aurora9verde"
AGENCY = "roma.prati@agenzie.example"


@pytest.fixture(scope="module")
def standing(prepared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """The service at an address of its own."""
    with served(prepared_folder, tmp_path_factory.mktemp("account")) as opened:
        yield opened


@pytest.fixture
def service(standing: InProcess) -> InProcess:
    """The service, with Maria registered by email an hour ago."""
    standing.wipe()
    standing.register(standing.visitor("192.0.2.1"))
    standing.clock.move(3600)
    return standing


def type_code(service: InProcess, page: Page, contact: str) -> None:
    """Read the code in the inbox, as a person would, and type it."""
    code = service.code_for(contact)
    page.fill("#code", f"{code[:3]} {code[3:]}")
    press(page, "form:has(#code) #continue")


def seen(page: Page, what: str) -> str:
    """The words there, without what only breaks their lines."""
    return page.locator(what).inner_text().replace("\u200b", "").replace("\u00a0", " ")


def by_email(page: Page) -> None:
    """Have the code sent by email, also where another way comes first."""
    other = page.locator("a[href*='way=']", has_text="@")
    if other.count():
        press(page, "a[href*='way=']:has-text('@')")
    press(page, "#continue")


def to_form(service: InProcess, page: Page) -> None:
    """Press "add" or "change", and confirm by a code at the email."""
    press(page, "#change-mobile")
    on_page(page, "account-confirm")
    by_email(page)
    expect(page.locator("#code")).to_be_visible()
    type_code(service, page, EMAIL)
    on_page(page, "mobile")


def typed(service: InProcess, page: Page, number: str = "333 987 6543", *, lost: bool = False) -> None:
    to_form(service, page)
    page.fill("#mobile", number)
    if lost:
        page.check("#old_lost")
    press(page, "#continue")
    on_page(page, "mobile-verify")


def pending(service: InProcess, page: Page) -> None:
    typed(service, page)
    type_code(service, page, OTHER)
    on_page(page, "account")
    expect(page.locator("#change-under-way")).to_be_visible()


def test_g1_the_form_wants_a_code_at_a_contact_that_was_there_before(service: InProcess, page: Page) -> None:
    signed_in(service, page)
    expect(page.locator("#mobile")).to_contain_text("Ancora nessuno")
    press(page, "#change-mobile")
    on_page(page, "account-confirm")
    # The password of a minute ago is not enough, nor is it offered.
    expect(page.locator('input[type="password"]')).to_have_count(0)
    assert sent(service, "confirm_code") == []
    by_email(page)
    expect(page.locator("#code")).to_be_visible()
    assert sent(service, "confirm_code") == [EMAIL]
    type_code(service, page, EMAIL)
    on_page(page, "mobile")


def test_g2_only_a_mobile_of_a_country_on_the_list_is_taken(service: InProcess, page: Page) -> None:
    signed_in(service, page)
    to_form(service, page)
    for number, why in (("06 5550 0101", "Non è un cellulare"), ("+49 1511 2345678", "questo paese")):
        page.fill("#mobile", number)
        press(page, "#continue")
        on_page(page, "mobile")
        faulty(page, "mobile")
        expect(page.locator("#mobile-error")).to_contain_text(why)
        expect(page.locator("#mobile")).to_have_value(number)
    assert sent(service, "mobile_code") == []
    page.fill("#mobile", "333 987 6543")
    press(page, "#continue")
    on_page(page, "mobile-verify")
    assert sent(service, "mobile_code") == [OTHER]


def test_g3_the_code_that_went_to_the_number_proves_it(service: InProcess, page: Page) -> None:
    signed_in(service, page)
    typed(service, page)
    assert "333 987 6543" in seen(page, "main")
    code = service.code_for(OTHER)
    page.fill("#code", f"{(int(code) + 1) % 1_000_000:06}")
    press(page, "form:has(#code) #continue")
    on_page(page, "mobile-verify")
    faulty(page, "code")
    expect(page.locator("#tries-left")).to_contain_text("4")
    type_code(service, page, OTHER)
    on_page(page, "account")
    assert {str(one["purpose"]) for one in service.post() if one["to"] == OTHER} == {"mobile_code"}


def test_g5_any_other_number_waits_and_contacts_and_agency_are_told(service: InProcess, page: Page) -> None:
    other = service.visitor()
    other.get("/account")
    other.press(username=EMAIL, password=PASSWORD)
    signed_in(service, page)
    pending(service, page)
    expect(page.locator("#change-under-way")).to_contain_text("333 987 6543")
    expect(page.locator("#mobile")).to_contain_text("Ancora nessuno")
    assert sent(service, "mobile_pending") == sorted([EMAIL, MOBILE])
    assert sent(service, "mobile_pending_agency") == [AGENCY]
    told = {str(one["to"]): one for one in service.post() if str(one["purpose"]).startswith("mobile_pending")}
    assert "C100001" in told[AGENCY]["text"]
    assert (told[AGENCY]["link"], bool(told[EMAIL]["link"]), bool(told[MOBILE]["link"])) == (None, True, True)
    # Whoever is signed in elsewhere sees it, too.
    other.get("/account")
    assert 'id="change-under-way"' in other.last.text


def test_g4_a_number_that_the_agency_has_is_good_at_once(service: InProcess, page: Page) -> None:
    signed_in(service, page)
    typed(service, page, MOBILE)
    type_code(service, page, MOBILE)
    on_page(page, "account")
    expect(page.locator("#mobile")).to_contain_text("333 123 4501")
    expect(page.locator("#change-under-way")).to_have_count(0)


def test_g6_a_lost_number_gets_no_codes_any_more(service: InProcess, page: Page) -> None:
    signed_in(service, page)
    typed(service, page, MOBILE)
    type_code(service, page, MOBILE)
    on_page(page, "account")
    service.clock.move(301)
    press(page, "#change-mobile")
    on_page(page, "account-confirm")
    by_email(page)
    service.clock.move(1)
    type_code(service, page, EMAIL)
    on_page(page, "mobile")
    page.fill("#mobile", OTHER)
    page.check("#old_lost")
    press(page, "#continue")
    type_code(service, page, OTHER)
    on_page(page, "account")
    expect(page.locator("#mobile")).to_contain_text("non riceve codici")


def test_g7_one_press_on_the_notices_link_cancels(service: InProcess, page: Page) -> None:
    signed_in(service, page)
    pending(service, page)
    mailbox = page.context.browser
    assert mailbox is not None
    elsewhere = mailbox.new_context(locale="it-IT").new_page()
    elsewhere.set_viewport_size(page.viewport_size or DESKTOP)
    elsewhere.goto(link_of(service))
    on_page(elsewhere, "mobile-cancel")
    assert elsewhere.url.endswith("/account/cancel")
    press(elsewhere, "#continue")
    on_page(elsewhere, "mobile-cancelled")
    press(elsewhere, "#recover")
    on_page(elsewhere, "recover")
    elsewhere.context.close()
    page.reload()
    on_page(page, "account")
    expect(page.locator("#change-under-way")).to_have_count(0)


def test_g7_one_press_on_the_account_page_cancels(service: InProcess, page: Page) -> None:
    signed_in(service, page)
    pending(service, page)
    press(page, "#cancel")
    on_page(page, "account")
    expect(page.locator("#change-under-way")).to_have_count(0)
    expect(page.locator(".notice.good")).to_be_visible()


def test_g8_after_48_hours_the_number_confirms(service: InProcess, page: Page) -> None:
    signed_in(service, page)
    pending(service, page)
    service.clock.move(HOLD)
    assert making_good.mature(service.idp, service.clock.now()) == 1
    signed_in(service, page)
    expect(page.locator("#mobile")).to_contain_text("333 987 6543")


def test_g9_an_activation_code_confirms_at_once(service: InProcess, page: Page) -> None:
    signed_in(service, page)
    pending(service, page)
    press(page, "#confirm-mobile")
    on_page(page, "mobile-confirm")
    page.fill("#activation_code", "0000-0000-0000-0000")
    press(page, "#continue")
    expect(page.locator("#activation_code-error")).to_be_visible()
    page.fill("#activation_code", issued(service))
    press(page, "#continue")
    on_page(page, "account")
    expect(page.locator("#mobile")).to_contain_text("333 987 6543")


def test_g9_an_admin_confirms_at_once_and_the_open_page_shows_it(service: InProcess, page: Page) -> None:
    signed_in(service, page)
    pending(service, page)
    people.confirm_mobile(service.idp, "C100001", now=service.clock.now())
    page.reload()
    expect(page.locator("#mobile")).to_contain_text("333 987 6543")


def test_g9_the_next_import_with_the_number_confirms_it(
    prepared_folder: Path, tmp_path: Path, page: Page
) -> None:
    # What is imported stays: a service of its own.
    with served(prepared_folder, tmp_path / "house") as service:
        service.register(service.visitor("192.0.2.1"))
        service.clock.move(3600)
        signed_in(service, page)
        pending(service, page)
        life.imports(service, tmp_path, mobiles=f"{MOBILE}|{OTHER}")
        page.reload()
        on_page(page, "account")
        expect(page.locator("#mobile")).to_contain_text("333 987 6543")
        expect(page.locator("#change-under-way")).to_have_count(0)
        assert OTHER in sent(service, "mobile_confirmed")


def test_g10_a_number_that_three_others_have_cannot_be_used_and_says_so_once_proven(
    service: InProcess, page: Page
) -> None:
    others = [
        ("+393471234502", "Luca", "Verdi"),
        ("+393281234503", "Anna", "Esposito"),
        ("+393391234505", "Paolo", "Ferrari"),
    ]
    for mobile, given, family in others:
        service.register(service.visitor(), mobile, given_name=given, family_name=family)
        prove(service, OTHER, of=mobile)
    signed_in(service, page)
    typed(service, page)
    type_code(service, page, OTHER)
    on_page(page, "mobile")
    faulty(page, "mobile")
    expect(page.locator("#mobile-error")).to_contain_text("non si può usare")


def test_h_the_password_is_changed_and_other_devices_are_signed_out(service: InProcess, page: Page) -> None:
    other = service.visitor()
    other.get("/account")
    other.press(username=EMAIL, password=PASSWORD)
    signed_in(service, page)
    press(page, "#change-password")
    on_page(page, "account-password")
    page.fill("#current_password", "Sbagliata7")
    page.fill("#new_password", NEW)
    press(page, "#continue")
    expect(page.locator("#current_password-error")).to_be_visible()
    page.fill("#current_password", PASSWORD)
    page.fill("#new_password", NEW)
    press(page, "#continue")
    on_page(page, "account")
    expect(page.locator(".notice.good")).to_be_visible()
    other.get("/account")
    assert other.page == "login"


def test_h_the_username_is_changed_to_another_own_contact(service: InProcess, page: Page) -> None:
    signed_in(service, page)
    service.clock.move(301)
    press(page, "#change-username")
    on_page(page, "account-confirm")
    page.fill("#current_password", PASSWORD)
    press(page, "#continue")
    on_page(page, "account-username")
    page.locator("label", has_text="4501").click()
    press(page, "#continue")
    on_page(page, "username-verify")
    type_code(service, page, MOBILE)
    on_page(page, "account")
    expect(page.locator("#username")).to_contain_text("333 123 4501")


def test_l_a_username_that_ends_is_asked_about_and_may_be_put_off(service: InProcess, page: Page) -> None:
    run(service, f"UPDATE accounts SET username_ends_at = {service.clock.now() + DAY}")
    page.goto(f"{service.idp.issuer}/account")
    page.fill("#username", EMAIL)
    page.fill("#password", PASSWORD)
    press(page, "#continue")
    on_page(page, "account-username")
    press(page, "#later")
    on_page(page, "account")
    expect(page.locator("#username-ends")).to_be_visible()


def test_g_limited_says_until_when(service: InProcess, page: Page) -> None:
    run(service, f"UPDATE accounts SET limited_until = {service.clock.now() + DAY}")
    signed_in(service, page)
    press(page, "#change-mobile")
    on_page(page, "limited")
