"""Journey C in a real browser, on a desktop and on a phone: each lettered step as the customer presses it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from idp.flows import activation
from idp.flows.activation import Issued
from tests.journeys.identify_walks import CODES, NOBODY
from tests.service.in_process import PASSWORD
from tests.service.on_screen import on_page, press
from tests.service.running import RunningService

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Customer:
    """Somebody who registers in one of the two browsers."""

    identifier: str
    name: tuple[str, str]
    contact: str
    mask: str


SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 664}}
CUSTOMERS = {
    "desktop": Customer(CODES["C100018"], ("Olena", "Kovalenko"), "olena.k@posta.example", "o•••••@•••••"),
    "phone": Customer(CODES["C100019"], ("Marco", "Marino"), "+393341234517", "+39 ••• ••• ••17"),
}
MEMBERS = {"desktop": "C100025", "phone": "C100022"}


@pytest.fixture(params=["desktop", "phone"])
def device(request: pytest.FixtureRequest) -> str:
    """Which of the two."""
    return str(request.param)


@pytest.fixture
def page(chromium: Browser, device: str) -> Iterator[Page]:
    """A page as wide as the device."""
    width, height = SIZES[device]["width"], SIZES[device]["height"]
    context = chromium.new_context(
        locale="it-IT",
        viewport={"width": width, "height": height},
        has_touch=device == "phone",
        is_mobile=device == "phone",
    )
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def identify(page: Page, service: RunningService, identifier: str) -> None:
    page.goto(f"{service.issuer}/register/identify")
    on_page(page, "register-identify")
    page.fill("#identifier", identifier)
    press(page, "#continue")
    on_page(page, "register-contacts")


def choose(page: Page, mask: str) -> None:
    page.locator(".choice", has_text=mask).locator("label").click()
    press(page, "#continue")


def data_with_another_name(page: Page, service: RunningService, customer: Customer) -> None:
    page.goto(f"{service.issuer}/register")
    page.check('input[name="profile"][value="person"]')
    press(page, "#continue")
    page.fill("#given_name", "Nessuno")
    page.fill("#family_name", customer.name[1])
    page.fill("#username", customer.contact)
    page.check("#accept_terms")
    press(page, "#continue")
    page.fill("#new_password", PASSWORD)
    press(page, "#continue")
    on_page(page, "register-verify")


def test_c1_the_page_says_if_and_leads_to_the_tax_code(
    page: Page, running_service: RunningService, device: str
) -> None:
    data_with_another_name(page, running_service, CUSTOMERS[device])
    expect(page.locator("main")).to_contain_text("Se i dati")
    press(page, "#not-recognised")
    on_page(page, "register-identify")


def test_c2_a_mistyped_code_is_told_under_its_field(
    page: Page, running_service: RunningService, device: str
) -> None:
    page.goto(f"{running_service.issuer}/register/identify")
    page.fill("#identifier", CUSTOMERS[device].identifier[:-1])
    press(page, "#continue")
    expect(page.locator("#identifier-error")).to_be_visible()
    expect(page).to_have_title(re.compile("^Errore:"))
    page.fill("#identifier", NOBODY)
    press(page, "#continue")
    on_page(page, "register-contacts")


def test_c3_c4_a_contact_is_chosen_by_its_mask_and_the_code_registers(
    page: Page, running_service: RunningService, device: str
) -> None:
    customer = CUSTOMERS[device]
    identify(page, running_service, customer.identifier.lower())
    choose(page, customer.mask)
    on_page(page, "register-password")
    page.go_back()
    on_page(page, "register-contacts")
    choose(page, customer.mask)
    on_page(page, "register-password")
    page.fill("#new_password", PASSWORD)
    press(page, "#continue")
    on_page(page, "register-verify")
    page.fill("#code", running_service.code_for(customer.contact))
    press(page, "form:has(#code) #continue")
    on_page(page, "register-done")


def test_c5_none_of_these_and_the_companys_policy_lead_to_help_with_a_case_number(
    page: Page, running_service: RunningService
) -> None:
    identify(page, running_service, NOBODY)
    press(page, "#none-of-these")
    on_page(page, "register-none")
    page.go_back()
    on_page(page, "register-contacts")
    press(page, "#collective")
    on_page(page, "register-collective")
    press(page, "#activate")
    on_page(page, "register-activate")


def test_c5_an_activation_code_registers_who_has_no_contact_on_file(
    page: Page, running_service: RunningService, device: str
) -> None:
    number, idp = MEMBERS[device], running_service.idp
    made = activation.issue(idp, number, issued_by="test", now=idp.clock.now())
    assert isinstance(made, Issued)
    page.goto(f"{running_service.issuer}/register/activate")
    page.fill("#identifier", CODES[number])
    page.fill("#activation_code", made.code.lower())
    press(page, "#continue")
    on_page(page, "register-username")
    typed = f"{device}@casa.example"
    page.fill("#username", typed)
    press(page, "#continue")
    on_page(page, "register-password")
    page.fill("#new_password", PASSWORD)
    press(page, "#continue")
    on_page(page, "register-verify")
    page.fill("#code", running_service.code_for(typed))
    press(page, "form:has(#code) #continue")
    on_page(page, "register-done")
