"""Journey B in a real browser: professionals and companies register, by code and by link.

The service runs in this process behind a real socket, so that its clock can be moved.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, ViewportSize, expect

from tests.journeys.served import served
from tests.service.in_process import CALLBACK, PASSWORD, InProcess
from tests.service.on_screen import on_page, press
from tests.service.relying_party import VERIFIER, challenge_of, portal

pytestmark = pytest.mark.slow

AREA = "https://portal.insurer.example/area"
NEW_PASSWORD = "Aurora8verde"
DESKTOP, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)

GIULIA = {
    "profile": "professional",
    "given_name": "Giulia",
    "family_name": "Romano",
    "vat_number": "12345010586",
    "username": "studio@giuliaromano.example",
}
DAVIDE = {
    "profile": "professional",
    "given_name": "davide",
    "family_name": "CONTI",
    "vat_number": "IT 123 4502 0585",
    "username": "340 123 4507",
}
BRUNO = {
    "profile": "company",
    "company_name": "OFFICINE MECCANICHE BRUNO SRL",
    "vat_number": "12345030584",
    "acting_name": "Bruno Bruni",
    "username": "+39 345 123 4508",
}
CAFFE = {
    "profile": "company",
    "company_name": "Caffe dell’Angolo s.n.c. di D Angelo e C.",
    "vat_number": "12345040583",
    "acting_name": "Angela D'Angelo",
    "username": "info@caffedellangolo.example",
}
WEINGUT = {
    "profile": "company",
    "company_name": "Weingut Mueller GmbH Srl",
    "vat_number": "12345050582",
    "acting_name": "Eva Müller",
    "username": "buero@weingutmueller.example",
}
CUSTOMERS = {
    "C100007": (GIULIA, "studio@giuliaromano.example"),
    "C100008": (DAVIDE, "+393401234507"),
    "C100009": (BRUNO, "+393451234508"),
    "C100010": (CAFFE, "info@caffedellangolo.example"),
    "C100011": (WEINGUT, "buero@weingutmueller.example"),
}


@pytest.fixture(scope="module")
def standing(prepared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """The service at an address of its own."""
    folder = tmp_path_factory.mktemp("business")
    with served(prepared_folder, folder, brand={"portal_links": {"Area": AREA}}) as service:
        yield service


@pytest.fixture
def service(standing: InProcess) -> InProcess:
    """The service, with nobody registered."""
    standing.wipe()
    return standing


@pytest.fixture(params=["desktop", "phone"])
def page(context: BrowserContext, request: pytest.FixtureRequest) -> Page:
    """The customer's browser, wide and narrow."""
    page = context.new_page()
    page.set_viewport_size(DESKTOP if request.param == "desktop" else PHONE)
    return page


@pytest.fixture
def other(chromium: Browser) -> Iterator[Page]:
    """Another browser: a telephone that was never here."""
    context = chromium.new_context(viewport=PHONE, locale="it-IT", timezone_id="Europe/Rome")
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def played(route: Route) -> None:
    """A page of the portal."""
    route.fulfill(status=200, content_type="text/html", body="<title>Portale</title><main>qui</main>")


def to_data(service: InProcess, page: Page, profile: str) -> None:
    page.goto(f"{service.idp.issuer}/register")
    on_page(page, "register-profile")
    page.check(f'input[name="profile"][value="{profile}"]')
    press(page, "#continue")
    on_page(page, "register-data")


def to_password(service: InProcess, page: Page, typed: dict[str, str]) -> None:
    to_data(service, page, typed["profile"])
    for name, value in typed.items():
        if name != "profile":
            page.fill(f"#{name}", value)
    if typed["profile"] == "company":
        page.check("#may_act")
    page.check("#accept_terms")
    press(page, "#continue")
    on_page(page, "register-password")


def to_verify(service: InProcess, page: Page, typed: dict[str, str]) -> None:
    to_password(service, page, typed)
    page.fill("#new_password", PASSWORD)
    press(page, "#continue")
    on_page(page, "register-verify")


def open_message(service: InProcess, page: Page) -> None:
    """Read the newest message in the inbox, and open the link in it."""
    service.post()
    page.goto(f"{service.idp.issuer}/dev/inbox")
    on_page(page, "dev-inbox")
    page.locator('a[href*="/register/link/"]').first.click()


def accounts_of(service: InProcess) -> list[str]:
    with service.idp.reading() as tx:
        return [
            str(number) for number in tx.exec_driver_sql("SELECT customer_number FROM accounts").scalars()
        ]


def done(service: InProcess, page: Page, number: str) -> None:
    on_page(page, "register-done")
    assert accounts_of(service) == [number]


# --- B2, B3 -----------------------------------------------------------------------------------------------


def test_b1_the_portal_sends_a_professional_to_register_and_gets_him_back_signed_in(
    service: InProcess, page: Page
) -> None:
    party = portal(service)
    page.context.route(f"{CALLBACK}*", played)
    asked = {
        "client_id": party.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid profile",
        "prompt": "create",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    page.goto(f"{service.idp.issuer}/authorize?{urlencode(asked)}")
    on_page(page, "register-profile")
    page.check('input[name="profile"][value="professional"]')
    press(page, "#continue")
    on_page(page, "register-data")
    for name in ("given_name", "family_name", "vat_number", "username"):
        page.fill(f"#{name}", GIULIA[name])
    page.check("#accept_terms")
    press(page, "#continue")
    page.fill("#new_password", PASSWORD)
    press(page, "#continue")
    on_page(page, "register-verify")
    page.fill("#code", service.code_for(GIULIA["username"]))
    press(page, "form:has(#code) #continue")
    on_page(page, "register-done")
    page.click("#continue")
    page.wait_for_url(f"{CALLBACK}*")
    code = dict(parse_qsl(urlsplit(page.url).query))["code"]
    assert party.read(party.redeem(code).get_json()["id_token"])["amr"] == ["otp"]


@pytest.mark.parametrize("number", CUSTOMERS)
def test_b3_every_business_customer_registers_as_they_write_their_name(
    service: InProcess, page: Page, number: str
) -> None:
    typed, contact = CUSTOMERS[number]
    to_verify(service, page, typed)
    page.fill("#code", service.code_for(contact))
    press(page, "form:has(#code) #continue")
    done(service, page, number)
    assert contact in page.locator("#username").inner_text().replace("\u200b", "").replace(" ", "")
    with service.idp.reading() as tx:
        profile = tx.exec_driver_sql("SELECT profile FROM accounts").scalar_one()
    assert profile == typed["profile"]


def test_b2_a_professional_is_asked_names_and_vat_number(service: InProcess, page: Page) -> None:
    to_data(service, page, "professional")
    for name in ("given_name", "family_name", "vat_number", "username"):
        expect(page.locator(f"#{name}")).to_be_visible()
    expect(page.locator("#company_name")).to_have_count(0)
    page.fill("#given_name", "Giulia")
    page.fill("#vat_number", "12345010587")
    press(page, "#continue")
    on_page(page, "register-data")
    expect(page.locator("#vat_number-error")).to_be_visible()
    expect(page.locator("#family_name-error")).to_be_visible()
    expect(page.locator("#given_name")).to_have_value("Giulia")


def test_b2_a_company_is_asked_who_acts_and_that_they_may(service: InProcess, page: Page) -> None:
    to_data(service, page, "company")
    expect(page.locator("#given_name")).to_have_count(0)
    for name, value in BRUNO.items():
        if name not in ("profile", "acting_name"):
            page.fill(f"#{name}", value)
    page.check("#accept_terms")
    press(page, "#continue")
    on_page(page, "register-data")
    expect(page.locator("#acting_name-error")).to_be_visible()
    expect(page.locator("#may_act-error")).to_be_visible()
    page.fill("#acting_name", "Bruno Bruni")
    page.check("#may_act")
    press(page, "#continue")
    on_page(page, "register-password")


@pytest.mark.parametrize(
    ("changed", "letter"),
    [
        ({"company_name": "Officine Bianchi"}, "registration_company_differs"),
        ({"vat_number": "12345040583"}, "registration_vat_differs"),
    ],
)
def test_b3_what_differs_is_told_to_the_contact_and_not_to_the_page(
    service: InProcess, page: Page, changed: dict[str, str], letter: str
) -> None:
    to_verify(service, page, {**BRUNO, **changed})
    (message,) = service.post()
    assert (message["to"], message["purpose"]) == ("+393451234508", letter)
    assert (message["code"], message["link"]) == (None, None)
    page.fill("#code", "123456")
    press(page, "form:has(#code) #continue")
    expect(page.locator("#code-error")).to_be_visible()
    assert accounts_of(service) == []


# --- B4, B5 -----------------------------------------------------------------------------------------------


def test_b4_the_username_is_a_contact_on_file_in_any_spelling(service: InProcess, page: Page) -> None:
    to_data(service, page, "professional")
    for name, value in DAVIDE.items():
        if name not in ("profile", "username"):
            page.fill(f"#{name}", value)
    page.fill("#username", "davide")
    page.check("#accept_terms")
    press(page, "#continue")
    expect(page.locator("#username-error")).to_be_visible()
    page.fill("#username", "0039 340-123.4507")
    press(page, "#continue")
    on_page(page, "register-password")
    page.fill("#new_password", PASSWORD)
    press(page, "#continue")
    on_page(page, "register-verify")
    assert [m["to"] for m in service.post()] == ["+393401234507"]


def test_b5_the_rules_of_the_password_tick_while_one_types(service: InProcess, page: Page) -> None:
    to_password(service, page, BRUNO)
    rules = page.locator("#password-rules li")
    expect(rules).to_have_count(4)
    page.fill("#new_password", "officine")
    expect(page.locator('#password-rules li[data-rule="lower"]')).to_have_class("met")
    expect(page.locator('#password-rules li[data-rule="upper"]')).not_to_have_class("met")
    # What everybody knows about the company is refused on the server.
    page.fill("#new_password", "Officine8verde")
    press(page, "#continue")
    on_page(page, "register-password")
    expect(page.locator("#new_password-error")).to_be_visible()
    page.fill("#new_password", PASSWORD)
    press(page, "#continue")
    on_page(page, "register-verify")


# --- B6 ---------------------------------------------------------------------------------------------------


def test_b6_the_link_of_an_email_completes_in_the_browser_that_began(service: InProcess, page: Page) -> None:
    to_verify(service, page, GIULIA)
    open_message(service, page)
    on_page(page, "link")
    assert page.url == f"{service.idp.issuer}/register/link"
    expect(page.locator("#new_password")).to_have_count(0)
    assert accounts_of(service) == []
    press(page, "#continue")
    done(service, page, "C100007")


def test_b6_the_link_of_an_email_completes_in_another_browser(
    service: InProcess, page: Page, other: Page
) -> None:
    to_verify(service, page, WEINGUT)
    open_message(service, other)
    on_page(other, "link")
    other.fill("#vat_number", "12345030584")
    other.fill("#new_password", NEW_PASSWORD)
    press(other, "#continue")
    expect(other.locator("#vat_number-error")).to_be_visible()
    other.fill("#vat_number", "12345050582")
    other.fill("#new_password", NEW_PASSWORD)
    press(other, "#continue")
    done(service, other, "C100011")
    expect(other.locator("#continue")).to_contain_text("Area")
    # The first tab stands where it stood.
    page.reload()
    on_page(page, "register-verify")


def test_b6_the_link_of_a_text_message_completes_for_a_company(
    service: InProcess, page: Page, other: Page
) -> None:
    to_verify(service, page, BRUNO)
    (message,) = service.post()
    assert (message["channel"], message["to"]) == ("sms", "+393451234508")
    other.goto(message["link"])
    on_page(other, "link")
    other.fill("#vat_number", "12345030584")
    other.fill("#new_password", NEW_PASSWORD)
    press(other, "#continue")
    done(service, other, "C100009")


def test_b6_a_used_link_leads_to_the_one_page_that_sends_a_new_message(
    service: InProcess, page: Page, other: Page
) -> None:
    to_verify(service, page, CAFFE)
    (message,) = service.post()
    service.clock.move(600)
    other.goto(message["link"])
    on_page(other, "link-expired")
    page.goto(message["link"])
    on_page(page, "link-expired")
    press(page, "#resend")
    on_page(page, "register-verify")
    open_message(service, page)
    on_page(page, "link")
    press(page, "#continue")
    done(service, page, "C100010")


def test_b6_on_the_telephone_that_reads_the_mail_a_dead_link_sends_another(
    service: InProcess, page: Page, other: Page
) -> None:
    to_verify(service, page, WEINGUT)
    (message,) = service.post()
    service.clock.move(600)
    other.goto(message["link"])
    on_page(other, "link-expired")
    press(other, "#resend")
    expect(other.locator("#resend-wait")).to_be_visible()
    on_page(other, "link-expired")
    open_message(service, other)
    on_page(other, "link")
    other.fill("#vat_number", "12345050582")
    other.fill("#new_password", NEW_PASSWORD)
    press(other, "#continue")
    done(service, other, "C100011")
    # The first tab stands where it stood.
    page.reload()
    on_page(page, "register-verify")


def test_b6_where_another_account_is_signed_in_it_is_signed_out_first(
    service: InProcess, page: Page, other: Page
) -> None:
    to_verify(service, other, BRUNO)
    other.fill("#code", service.code_for("+393451234508"))
    press(other, "form:has(#code) #continue")
    on_page(other, "register-done")
    to_verify(service, page, GIULIA)
    open_message(service, other)
    on_page(other, "link")
    expect(other.locator("#new_password")).to_have_count(0)
    press(other, "#continue")
    expect(other.locator("#new_password")).to_be_visible()
    other.fill("#vat_number", "12345010586")
    other.fill("#new_password", NEW_PASSWORD)
    press(other, "#continue")
    on_page(other, "register-done")
    assert sorted(accounts_of(service)) == ["C100007", "C100009"]


# --- B7 ---------------------------------------------------------------------------------------------------


def test_b7_the_page_says_to_look_in_the_spam_folder(service: InProcess, page: Page) -> None:
    to_verify(service, page, CAFFE)
    expect(page.get_by_text("spam")).to_be_visible()
    page.goto(f"{service.idp.issuer}/register/verify?lang=en")
    expect(page.get_by_text("look in the spam folder")).to_be_visible()


def test_b7_another_message_is_sent_after_a_minute(service: InProcess, page: Page) -> None:
    to_verify(service, page, CAFFE)
    expect(page.locator("#resend-wait")).to_be_visible()
    service.post()
    service.clock.move(60)
    page.reload()
    press(page, "#resend")
    on_page(page, "register-verify")
    expect(page.locator('[role="status"]').first).to_be_visible()
    assert len(service.post()) == 2
    page.fill("#code", service.code_for("info@caffedellangolo.example"))
    press(page, "form:has(#code) #continue")
    done(service, page, "C100010")


def test_b7_who_has_finished_elsewhere_is_led_to_the_sign_in(
    service: InProcess, page: Page, other: Page
) -> None:
    to_verify(service, page, CAFFE)
    open_message(service, other)
    on_page(other, "link")
    other.fill("#vat_number", "12345040583")
    other.fill("#new_password", NEW_PASSWORD)
    press(other, "#continue")
    done(service, other, "C100010")
    page.reload()
    on_page(page, "register-verify")
    expect(page.locator("#finished-elsewhere")).to_be_visible()
    assert "/login" in (page.get_attribute("#finished-elsewhere", "href") or "")
