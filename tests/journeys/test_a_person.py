"""Journey A in a real browser, wide and narrow: a private person registers, with the messages read from the
inbox. Over HTTP, and with everything that can go wrong, it is walked in ``test_registration.py``."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, ViewportSize, expect
from stdnum.it import codicefiscale

from idp.accounts.registry_line import COLUMNS
from idp.adapters.registry_file import RegistryFile
from idp.flows.registry import importing
from tests.journeys.served import served
from tests.service.in_process import CALLBACK, PASSWORD, InProcess
from tests.service.on_screen import faulty, on_page, press
from tests.service.relying_party import VERIFIER, RelyingParty, challenge_of, portal

pytestmark = pytest.mark.slow

AREA = "https://portal.insurer.example/area"
DESKTOP, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
EMAIL, MOBILE = "maria.rossi@posta.example", "+393331234501"
MARIA = {"given_name": "Maria", "family_name": "Rossi", "username": EMAIL}
CHILD = {"given_name": "Nina", "family_name": "Serra", "username": "nina.serra@posta.example"}

# On file as the agency wrote it, and as the customer types it.
NAMES = [
    ("Niccolò", "D'Alessandro", "niccolo", "D’ALESSANDRO"),
    ("Jürgen", "Müller-Lüdenscheidt", "Juergen", "Muller Ludenscheidt"),
    ("María José", "García Márquez", "Maria Jose", "Garcia"),
    ("Anna Lucia", "De Luca Conti", "Annalucia", "Conti"),
    ("Łukasz", "Żółkiewski", "lukasz", "zolkiewski"),
    ("Олена", "Коваленко", "ОЛЕНА", "Коваленко"),
    ("Γιώργος", "Παπαδόπουλος", "γιωργος", "ΠΑΠΑΔΟΠΟΥΛΟΣ"),
    ("小龍", "李", "小龍", "李"),
    ("محمد", "العربي", "محمد", "العربي"),
]


@pytest.fixture(scope="module")
def standing(prepared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """The service, with some customers more whose names have marks, two words, or other letters."""
    folder = tmp_path_factory.mktemp("person")
    with served(prepared_folder, folder, brand={"portal_links": {"Area": AREA}}) as service:
        with (folder / "names.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            for place, (given, family, *_) in enumerate(NAMES):
                stem = f"NMSPRS{70 + place}A01H501"
                writer.writerow(
                    {
                        "customer_number": f"N{place}",
                        "profile": "person",
                        "state": "active",
                        "given_name": given,
                        "family_name": family,
                        "tax_code": stem + codicefiscale.calc_check_digit(stem),
                        "emails": f"nome{place}@posta.example",
                        "policies": f"RCA-N{place}:Auto:active",
                        "updated_on": "2024-03-01",
                    }
                )
        importing.import_file(service.idp, RegistryFile(folder / "names.csv"), now=service.clock.now())
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


def in_order(first: Locator, second: Locator) -> bool:
    """Whether the second stands under the first."""
    above, below = first.bounding_box(), second.bounding_box()
    assert above is not None
    assert below is not None
    return above["y"] < below["y"]


def to_data(service: InProcess, page: Page) -> None:
    page.goto(f"{service.idp.issuer}/register")
    on_page(page, "register-profile")
    page.check('input[name="profile"][value="person"]')
    press(page, "#continue")
    on_page(page, "register-data")


def fill(page: Page, typed: dict[str, str]) -> None:
    for name, value in typed.items():
        page.fill(f"#{name}", value)


def to_password(service: InProcess, page: Page, **typed: str) -> None:
    to_data(service, page)
    fill(page, {**MARIA, **typed})
    page.check("#accept_terms")
    press(page, "#continue")
    on_page(page, "register-password")


def to_verify(service: InProcess, page: Page, **typed: str) -> None:
    to_password(service, page, **typed)
    page.fill("#new_password", PASSWORD)
    press(page, "#continue")
    on_page(page, "register-verify")


def read(service: InProcess, page: Page, contact: str) -> str:
    """The newest code for a contact, as a person finds it in the inbox, beside this page."""
    service.post()
    inbox = page.context.new_page()
    inbox.goto(f"{service.idp.issuer}/dev/inbox")
    text = inbox.locator("article", has_text=contact).first.inner_text()
    inbox.close()
    found = re.search(r"\b(\d{6})\b", text)
    assert found is not None, text
    return found[1]


def type_code(page: Page, code: str) -> None:
    page.fill("#code", code)
    press(page, "form:has(#code) #continue")


def to_done(service: InProcess, page: Page, **typed: str) -> None:
    to_verify(service, page, **typed)
    type_code(page, read(service, page, typed.get("username", EMAIL)))
    on_page(page, "register-done")


def accounts(service: InProcess) -> list[str]:
    with service.idp.reading() as tx:
        return [str(n) for n in tx.exec_driver_sql("SELECT customer_number FROM accounts").scalars()]


def played(route: Route) -> None:
    """A page of the portal."""
    route.fulfill(status=200, content_type="text/html", body="<title>Portale</title><main>qui</main>")


def ask(service: InProcess, page: Page, **more: str) -> RelyingParty:
    """Come from the portal."""
    party = portal(service)
    page.context.route(f"{CALLBACK}*", played)
    asked = {
        "client_id": party.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid profile",
        "state": "s",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        **more,
    }
    page.goto(f"{service.idp.issuer}/authorize?{urlencode(asked)}")
    return party


# --- A0 ---------------------------------------------------------------------------------------------------


def test_a0_an_ended_policy_will_do_and_a_child_sees_what_a_stranger_sees(
    service: InProcess, page: Page
) -> None:
    to_done(service, page, given_name="Paolo", family_name="Ferrari", username="paolo.ferrari@posta.example")
    assert accounts(service) == ["C100006"]
    seen = []
    for typed in (CHILD, {**CHILD, "given_name": "Nessuno"}):
        page.context.clear_cookies()
        service.clock.move(60)
        before = len(service.post())
        to_verify(service, page, **typed)
        assert len(service.post()) == before
        seen.append(re.sub(r"Pratica \S+|\d+:\d\d", "", page.locator("body").inner_text()))
    assert seen[0] == seen[1]
    assert accounts(service) == ["C100006"]


# --- A1, A2 -----------------------------------------------------------------------------------------------


def test_a1_the_portal_sends_her_to_register_and_gets_her_back_signed_in(
    service: InProcess, page: Page
) -> None:
    party = ask(service, page, prompt="create")
    on_page(page, "register-profile")
    press(page, "#continue")
    on_page(page, "register-data")
    fill(page, MARIA)
    page.check("#accept_terms")
    press(page, "#continue")
    page.fill("#new_password", PASSWORD)
    press(page, "#continue")
    on_page(page, "register-verify")
    type_code(page, read(service, page, EMAIL))
    on_page(page, "register-done")
    expect(page.locator("#continue")).to_contain_text("Portal")
    page.click("#continue")
    page.wait_for_url(f"{CALLBACK}*")
    code = dict(parse_qsl(urlsplit(page.url).query))["code"]
    claims = party.read(party.redeem(code).get_json()["id_token"])
    assert claims["amr"] == ["otp"]


def test_a1_the_sign_in_page_leads_to_it_and_back(service: InProcess, page: Page) -> None:
    ask(service, page)
    on_page(page, "login")
    press(page, "#register")
    on_page(page, "register-profile")
    page.locator("a", has_text="Indietro").click()
    on_page(page, "login")


def test_a2_one_of_three_profiles_is_chosen(service: InProcess, page: Page) -> None:
    page.goto(f"{service.idp.issuer}/register")
    on_page(page, "register-profile")
    choices = page.locator('input[name="profile"]')
    assert [choices.nth(n).get_attribute("value") for n in range(3)] == ["person", "professional", "company"]
    expect(choices).to_have_count(3)
    for words in ("Persone", "Professionista", "Azienda"):
        expect(page.get_by_label(words)).to_be_visible()
    # By keyboard: down to the company and up again.
    choices.first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(choices.nth(2)).to_be_checked()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    on_page(page, "register-data")
    expect(page.locator("#given_name")).to_be_visible()
    expect(page.locator("#company_name")).to_have_count(0)


# --- A3 ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", range(len(NAMES)), ids=[given for given, *_ in NAMES])
def test_a3_names_work_in_every_spelling_and_script(service: InProcess, page: Page, place: int) -> None:
    given, _, typed_given, typed_family = NAMES[place]
    email = f"nome{place}@posta.example"
    to_done(service, page, given_name=typed_given, family_name=typed_family, username=email)
    assert accounts(service) == [f"N{place}"]
    # She is greeted as the agency writes her name.
    expect(page.locator("h1")).to_contain_text(given)


def test_a3_faults_stand_beside_their_fields_and_what_was_typed_stays(service: InProcess, page: Page) -> None:
    to_data(service, page)
    page.fill("#family_name", "Rossi D'Àvila")
    page.fill("#username", "maria.rossi@posta")
    press(page, "#continue")
    on_page(page, "register-data")
    faulty(page, "given_name", "username", "accept_terms")
    expect(page.locator("#family_name")).to_have_value("Rossi D'Àvila")
    expect(page.locator("#username")).to_have_value("maria.rossi@posta")
    # Above the fields is the list of them, and it leads there.
    page.locator("#error-summary a", has_text=page.locator("#username-error").inner_text()).click()
    expect(page.locator("#username")).to_be_focused()
    for field in ("given_name", "username"):
        assert in_order(page.locator(f'label[for="{field}"]'), page.locator(f"#{field}-error"))
    fill(page, MARIA)
    page.check("#accept_terms")
    press(page, "#continue")
    on_page(page, "register-password")
    expect(page).not_to_have_title(re.compile("^Errore"))


def test_a3_the_terms_are_accepted_apart_and_the_notice_can_be_read(service: InProcess, page: Page) -> None:
    to_data(service, page)
    fill(page, MARIA)
    expect(page.locator("#accept_terms")).not_to_be_checked()
    # One box, for the terms: nothing else is consented to with it.
    expect(page.locator('input[type="checkbox"]')).to_have_count(1)
    for what in ("terms", "privacy"):
        # Beside the page, so that what was typed stays.
        with page.context.expect_page() as opened:
            page.locator(f'form a[href="/legal/{what}"]').click()
        on_page(opened.value, "legal")
        assert opened.value.url.endswith(f"/legal/{what}")
        opened.value.close()
    press(page, "#continue")
    faulty(page, "accept_terms")
    expect(page.locator("#given_name")).to_have_value("Maria")
    page.check("#accept_terms")
    press(page, "#continue")
    on_page(page, "register-password")


# --- A4, A5 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "to"),
    [
        ("Maria.ROSSI@Posta.Example", EMAIL),
        ("333 123 4501", MOBILE),
        ("0039-333.1234501", MOBILE),
    ],
)
def test_a4_the_username_is_a_contact_on_file_in_any_spelling(
    service: InProcess, page: Page, typed: str, to: str
) -> None:
    to_data(service, page)
    fill(page, {**MARIA, "username": "maria"})
    page.check("#accept_terms")
    press(page, "#continue")
    faulty(page, "username")
    expect(page.locator("#accept_terms")).to_be_checked()
    page.fill("#username", typed)
    press(page, "#continue")
    on_page(page, "register-password")
    page.fill("#new_password", PASSWORD)
    press(page, "#continue")
    on_page(page, "register-verify")
    assert [message["to"] for message in service.post()] == [to]


def test_a5_each_rule_ticks_as_one_types_and_the_password_is_never_kept(
    service: InProcess, page: Page
) -> None:
    to_password(service, page)
    rules = page.locator("#password-rules li")
    met = page.locator("#password-rules li.met")
    expect(rules).to_have_count(4)
    expect(met).to_have_count(0)
    for typed, count in (("t", 1), ("tT", 2), ("tT7", 3), ("tT7tramonto", 4)):
        page.fill("#new_password", typed)
        expect(met).to_have_count(count)
    # What is in her own name is refused by the server, and nothing of it comes back.
    page.fill("#new_password", "Rossi7tramonto")
    press(page, "#continue")
    on_page(page, "register-password")
    faulty(page, "new_password")
    expect(page.locator("#new_password")).to_have_value("")
    assert "Rossi7tramonto" not in page.content()
    page.fill("#new_password", PASSWORD)
    press(page, "#continue")
    on_page(page, "register-verify")
    # Nothing can be done with it before the code is answered.
    page.go_back()
    expect(page.locator("#new_password")).to_have_value("")
    assert accounts(service) == []


# --- A6, A7 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("contact", "mask"), [(EMAIL, "m•••••@•••••"), (MOBILE, "+39 ••• ••• ••01")])
def test_a6_a_code_goes_to_the_chosen_contact(
    service: InProcess, page: Page, contact: str, mask: str
) -> None:
    to_verify(service, page, username=contact)
    expect(page.locator(".lead")).to_contain_text("Se i dati corrispondono")
    assert mask in page.locator("main").inner_text().replace("\u200b", "")
    assert contact not in page.content()
    assert [message["to"] for message in service.post()] == [contact]
    assert accounts(service) == []
    type_code(page, "12345")
    on_page(page, "register-verify")
    faulty(page, "code")
    code = read(service, page, contact)
    type_code(page, f"{(int(code) + 1) % 1_000_000:06}")
    on_page(page, "register-verify")
    faulty(page, "code")
    expect(page.locator("#tries-left")).to_contain_text("4")
    type_code(page, f"{code[:3]} {code[3:]}")
    on_page(page, "register-done")
    assert accounts(service) == ["C100001"]


def test_a6_another_code_is_sent_after_a_minute(service: InProcess, page: Page) -> None:
    to_verify(service, page)
    first = read(service, page, EMAIL)
    expect(page.locator("#resend-wait")).to_be_visible()
    expect(page.locator("#resend")).to_have_attribute("aria-disabled", "true")
    page.click("#resend", force=True)
    assert len(service.post()) == 1
    service.clock.move(60)
    page.reload()
    press(page, "#resend")
    expect(page.locator('.notice.good[role="status"]')).to_be_visible()
    second = read(service, page, EMAIL)
    if first != second:
        type_code(page, first)
        faulty(page, "code")
    type_code(page, second)
    on_page(page, "register-done")


def test_a6_who_receives_nothing_finds_the_ways_out(service: InProcess, page: Page) -> None:
    to_verify(service, page, given_name="Marta")
    expect(page.locator("#case-number")).to_be_visible()
    press(page, "#not-recognised")
    on_page(page, "register-identify")
    page.fill("#identifier", "RSSMRA80D52H501X")
    press(page, "#continue")
    faulty(page, "identifier")
    expect(page.locator("#identifier")).to_have_value("RSSMRA80D52H501X")


def test_a7_the_username_is_shown_and_every_own_contact_is_told(service: InProcess, page: Page) -> None:
    to_done(service, page)
    shown = page.locator("#username").inner_text().replace("\u200b", "")
    assert shown == EMAIL
    expect(page.locator("main")).to_contain_text("Il tuo nome utente è")
    told = sorted(m["to"] for m in service.post() if m["purpose"] == "account_created")
    assert told == [MOBILE, EMAIL]
    # Signed in: her own page opens without being asked who she is.
    page.goto(f"{service.idp.issuer}/account")
    on_page(page, "account")


# --- A8, A9, A10 ------------------------------------------------------------------------------------------


def test_a8_where_the_device_cannot_the_end_asks_for_nothing(service: InProcess, page: Page) -> None:
    to_done(service, page)
    for name in ("enrol-passkey", "never"):
        expect(page.locator(f"#{name}")).to_be_hidden()
    expect(page.locator("main button:visible")).to_have_count(1)
    page.context.route(f"{AREA}*", played)
    page.click("#continue")
    page.wait_for_url(AREA)


def test_a9_she_signs_in_again_and_a_code_confirms_what_a_thief_would_change(
    service: InProcess, page: Page
) -> None:
    to_done(service, page)
    page.context.clear_cookies()
    # Nothing is proven any more that was proven at the registration.
    service.clock.move(3600)
    page.goto(f"{service.idp.issuer}/account")
    on_page(page, "login")
    page.fill("#username", EMAIL.upper())
    page.fill("#password", PASSWORD + "x")
    press(page, "#continue")
    on_page(page, "login")
    expect(page).to_have_title(re.compile("^Errore:"))
    expect(page.locator("#username")).to_have_value(EMAIL.upper())
    expect(page.locator("#password")).to_have_value("")
    page.fill("#password", PASSWORD)
    press(page, "#continue")
    on_page(page, "account")
    press(page, "#change-mobile")
    on_page(page, "account-confirm")
    press(page, "#continue")
    expect(page.locator("#code")).to_be_visible()
    type_code(page, read(service, page, EMAIL))
    on_page(page, "mobile")


def test_a10_who_has_no_mobile_on_file_finds_the_form_for_one(service: InProcess, page: Page) -> None:
    email = "giovanni.bianchi@posta.example"
    to_done(service, page, given_name="Giovanni", family_name="Bianchi", username=email)
    page.goto(f"{service.idp.issuer}/account")
    on_page(page, "account")
    expect(page.locator("#mobile")).to_contain_text("Ancora nessuno")
    press(page, "#change-mobile")
    on_page(page, "mobile")
    page.fill("#mobile", "06 5550 0101")
    press(page, "#continue")
    faulty(page, "mobile")
    expect(page.locator("#mobile")).to_have_value("06 5550 0101")
    page.fill("#mobile", "333 987 6543")
    press(page, "#continue")
    on_page(page, "mobile-verify")
    type_code(page, read(service, page, "+393339876543"))
    on_page(page, "account")
    # Two days pass before it confirms anything, and his contacts are told.
    expect(page.locator("main")).to_contain_text("333 987 6543")
    assert ("mobile_pending", email) in {(m["purpose"], m["to"]) for m in service.post()}
