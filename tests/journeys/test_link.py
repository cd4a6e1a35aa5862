"""Journeys B6 and B7 over HTTP: the link beside the code, opened here and elsewhere, and what it cannot."""

import re

import pytest

from idp.flows import link as flow
from idp.flows import register
from idp.flows.birth import Registered
from idp.flows.browser import Browser
from idp.values import Handle, parse_contact
from tests.journeys.link_walks import (
    BRUNO,
    ENROLMENT,
    EVERYBODY,
    GIULIA,
    LINK,
    MARIA,
    NEW_PASSWORD,
    SESSION,
    Customer,
    accounts,
    began,
    elsewhere,
    link_for,
    rows,
    twins,
)
from tests.service.in_process import PASSWORD, InProcess, open_in_process, settings_for
from tests.service.relying_party import RelyingParty, answer_of, portal, registered
from tests.service.visitor import Visitor


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with nobody registered."""
    return clean_service


def signs_in(service: InProcess, party: RelyingParty, username: str, password: str) -> bool:
    visitor = service.visitor()
    party.ask(visitor)
    visitor.press(username=username, password=password)
    return visitor.page is None and "code" in answer_of(visitor)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def stripped(visitor: Visitor) -> str:
    """The page without what is drawn anew for each browser and each registration."""
    text = re.sub(r'name="csrf" value="[^"]*"', "", visitor.last.text)
    return re.sub(r"[2-9A-Z]{3}-[2-9A-Z]{3}", "CASE", text)


# --- the message ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "contact", "has_link"),
    [
        (MARIA, MARIA.contact, True),
        (MARIA, "+393331234501", False),
        (GIULIA, GIULIA.contact, True),
        (GIULIA, "+393351234506", True),
        (BRUNO, BRUNO.contact, True),
        (BRUNO, "amministrazione@officinebruno.example", True),
    ],
)
def test_b6_every_email_has_a_link_and_text_messages_to_business_customers(
    service: InProcess, who: Customer, contact: str, has_link: bool
) -> None:
    began(service, who, username=contact)
    (message,) = service.post()
    assert (message["to"], message["purpose"]) == (contact, "registration_code")
    assert len(message["code"]) == 6
    if not has_link:
        assert message["link"] is None
        return
    token = message["link"].removeprefix("http://localhost:8000/register/link/")
    # 256 bits (security bar 5.2: at least 128).
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)
    assert message["link"] in message["text"]
    assert message["code"] in message["text"]


def test_b6_the_page_says_that_either_does(service: InProcess) -> None:
    visitor = began(service, BRUNO)
    assert "codice e un link" in visitor.last.text
    by_text = began(service, MARIA, username="+393331234501")
    assert "codice e un link" not in by_text.last.text


# --- in the browser that began ----------------------------------------------------------------------------


@pytest.mark.parametrize("who", EVERYBODY, ids=lambda who: who.number)
def test_b6_one_press_completes_where_it_began(service: InProcess, who: Customer) -> None:
    visitor = began(service, who)
    visitor.get(link_for(service, who.contact))
    assert (visitor.page, visitor.at) == ("link", "/register/link")
    for field in ("family_name", "vat_number", "new_password"):
        assert f'name="{field}"' not in visitor.last.text
    visitor.press()
    assert visitor.page == "register-done"
    assert visitor.cookie(SESSION) is not None
    assert visitor.cookie(ENROLMENT) is None
    assert visitor.cookie(LINK) is None
    assert rows(service, f"SELECT count(*) FROM accounts WHERE customer_number = '{who.number}'") == 1
    assert rows(service, "SELECT count(*) FROM proven_contacts") == 1
    told = sorted(m["to"] for m in service.post() if m["purpose"] == "account_created")
    assert told == sorted((who.contact, *who.others))
    assert signs_in(service, portal(service), who.contact, PASSWORD)


def test_b6_it_goes_on_with_the_request_that_waits_there(service: InProcess) -> None:
    party, visitor = portal(service), service.visitor()
    party.ask(visitor, prompt="create")
    began(service, MARIA, visitor)
    # A link from a mailbox brings no address but its own.
    visitor.get(link_for(service))
    visitor.press()
    assert visitor.page == "register-done"
    assert "Portal" in visitor.last.text
    visitor.press()
    tokens = party.redeem(answer_of(visitor)["code"]).get_json()
    claims = party.read(tokens["id_token"])
    assert claims["amr"] == ["otp"]
    assert claims["acr"] == "urn:idp:acr:1"


def test_b6_a_press_sent_twice_comes_to_the_same(service: InProcess) -> None:
    visitor = began(service)
    visitor.get(link_for(service))
    at, form = visitor.at, {"csrf": visitor.csrf}
    (twin,) = twins(service, visitor, 1)
    visitor.send(at, form)
    assert visitor.location == "/register/done"
    twin.send(at, form)
    visitor.get(twin.location)
    assert visitor.page == "register-done"
    assert accounts(service) == rows(service, "SELECT count(*) FROM sessions") == 1


# --- in another browser -----------------------------------------------------------------------------------


@pytest.mark.parametrize("who", EVERYBODY, ids=lambda who: who.number)
def test_b6_elsewhere_it_asks_what_the_customer_knows_and_a_new_password(
    service: InProcess, who: Customer
) -> None:
    first = began(service, who)
    other = elsewhere(service, link_for(service, who.contact))
    assert other.page == "link"
    (asked,) = who.knows
    not_asked = {"family_name": "vat_number", "vat_number": "family_name"}[asked]
    assert f'name="{asked}"' in other.last.text
    assert f'name="{not_asked}"' not in other.last.text
    # Whoever holds the link is not told whose it is: the contact is masked, no name is there.
    for secret in (who.contact, *who.data.values()):
        assert secret == "yes" or secret not in other.last.text
    other.press(**who.knows, new_password=NEW_PASSWORD)
    assert other.page == "register-done", other.faults
    assert other.cookie(SESSION) is not None
    assert other.cookie(LINK) is None
    assert first.cookie(SESSION) is None
    assert rows(service, f"SELECT count(*) FROM accounts WHERE customer_number = '{who.number}'") == 1
    told = sorted(m["to"] for m in service.post() if m["purpose"] == "account_created")
    assert told == sorted((who.contact, *who.others))


def test_b6_elsewhere_the_first_password_is_dropped(service: InProcess) -> None:
    began(service)
    other = elsewhere(service, link_for(service))
    other.press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert other.page == "register-done"
    party = portal(service)
    assert signs_in(service, party, MARIA.contact, NEW_PASSWORD)
    assert not signs_in(service, party, MARIA.contact, PASSWORD)


def test_b6_elsewhere_the_terms_are_kept_as_they_were_accepted(service: InProcess) -> None:
    began(service)
    accepted = service.clock.now()
    service.clock.move(300)
    other = elsewhere(service, link_for(service))
    other.get("/register/link", lang="en")
    other.press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert other.page == "register-done"
    brand = service.idp.settings.brand
    with service.idp.reading() as tx:
        row = tx.exec_driver_sql(
            "SELECT terms_version, privacy_version, terms_accepted_at, terms_language FROM accounts"
        ).one()
    assert tuple(row) == (brand.terms_version, brand.privacy_version, accepted, "it")


def test_b6_elsewhere_it_ends_on_done_with_the_insurers_portal(
    service_folder: object, prepared_sqlite_url: str
) -> None:
    area = "https://portal.insurer.example/area"
    settings = settings_for(service_folder, prepared_sqlite_url, brand={"portal_links": {"Area": area}})  # type: ignore[arg-type]
    service = open_in_process(settings)
    began(service)
    other = elsewhere(service, link_for(service))
    other.press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert (other.page, other.at) == ("register-done", "/register/done")
    other.press()
    assert other.location == area
    service.idp.database.engine.dispose()


def test_b6_the_request_that_waits_never_moves_to_another_browser(service: InProcess) -> None:
    party, first = portal(service), service.visitor()
    party.ask(first, prompt="create")
    interaction = first.at.partition("interaction=")[2]
    began(service, MARIA, first)
    link = link_for(service)
    other = service.visitor("203.0.113.5")
    # Not even when its address is known.
    other.get(f"{link}?interaction={interaction}")
    other.get(f"/register/link?interaction={interaction}")
    other.press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert (other.page, other.at) == ("register-done", "/register/done")
    other.press()
    assert other.page == "no-interaction"
    for address in ("/authorize/resume", "/register/done"):
        other.get(address, interaction=interaction)
        assert "8001" not in other.last.headers.get("Location", "")
        assert "Portal" not in other.last.text
    # In the first browser it waits until it dies, and nobody is signed in there.
    first.get("/authorize/resume", interaction=interaction)
    assert first.page in ("register-profile", "login")
    assert rows(service, "SELECT count(*) FROM authorizations") == 0


def test_b6_elsewhere_a_press_sent_twice_comes_to_the_same(service: InProcess) -> None:
    began(service)
    other = elsewhere(service, link_for(service))
    at, form = (
        other.at,
        {"csrf": other.csrf, "family_name": "Rossi", "new_password": NEW_PASSWORD},
    )
    (twin,) = twins(service, other, 1)
    other.send(at, form)
    assert other.location == "/register/done"
    twin.send(at, form)
    other.get(twin.location)
    assert other.page == "register-done"
    assert accounts(service) == rows(service, "SELECT count(*) FROM sessions") == 1


@pytest.mark.parametrize(
    ("typed", "agrees"),
    [
        ("De Luca Conti", True),
        ("deluca", True),
        ("CONTI", True),
        ("Conti De Luca", True),
        ("De", False),
        ("Luchetti", False),
        ("Maria Grazia", False),
    ],
)
def test_b6_the_family_name_is_compared_by_the_rule_of_registration(
    service: InProcess, typed: str, agrees: bool
) -> None:
    grazia = Customer(
        "C100013",
        "person",
        "mgdeluca@posta.example",
        {"given_name": "Maria", "family_name": "Conti"},
        {"family_name": "Conti"},
    )
    began(service, grazia)
    other = elsewhere(service, link_for(service, grazia.contact))
    other.press(family_name=typed, new_password=NEW_PASSWORD)
    assert (other.page, other.faults) == (("register-done", []) if agrees else ("link", ["family_name"]))


@pytest.mark.parametrize("spelling", ["12345030584", "IT 12345030584", " 123 4503-0584 ", "it12345030584"])
def test_b6_the_vat_number_is_compared_in_any_spelling(service: InProcess, spelling: str) -> None:
    began(service, BRUNO)
    other = elsewhere(service, link_for(service, BRUNO.contact))
    other.press(vat_number="12345040583", new_password=NEW_PASSWORD)
    assert other.faults == ["vat_number"]
    other.press(vat_number=spelling, new_password=NEW_PASSWORD)
    assert other.page == "register-done", other.faults


def test_b6_where_no_vat_number_is_asked_a_professional_is_asked_the_family_name(
    service_folder: object, prepared_sqlite_url: str
) -> None:
    settings = settings_for(service_folder, prepared_sqlite_url, registration={"vat_number": "not_asked"})  # type: ignore[arg-type]
    service = open_in_process(settings)
    began(service, GIULIA, vat_number="")
    other = elsewhere(service, link_for(service, GIULIA.contact))
    other.press(family_name="Verdi", new_password=NEW_PASSWORD)
    assert other.faults == ["family_name"]
    other.press(family_name="Romano", new_password=NEW_PASSWORD)
    assert other.page == "register-done"
    # A company has no family name.
    began(service, BRUNO, vat_number="")
    another = elsewhere(service, link_for(service, BRUNO.contact))
    another.press(**BRUNO.knows, new_password=NEW_PASSWORD)
    assert another.page == "register-done"
    service.idp.database.engine.dispose()


# --- tries and passwords elsewhere ------------------------------------------------------------------------


def test_b6_five_wrong_family_names_end_code_and_link(service: InProcess) -> None:
    first = began(service)
    code, link = service.code_for(MARIA.contact), link_for(service)
    other = elsewhere(service, link)
    for left in (4, 3, 2, 1):
        other.press(family_name="Verdi", new_password=NEW_PASSWORD)
        assert (other.page, other.faults) == ("link", ["family_name"])
        assert 'value="Verdi"' in other.last.text
        assert NEW_PASSWORD not in other.last.text
        assert rows(service, "SELECT tries_left FROM challenges") == left
    other.press(family_name="Verdi", new_password=NEW_PASSWORD)
    assert other.page == "link-expired"
    first.press(code=code)
    assert first.faults == ["code"]
    assert accounts(service) == 0


def test_b6_the_last_try_may_be_the_right_one(service: InProcess) -> None:
    first = began(service)
    other = elsewhere(service, link_for(service))
    for _ in range(4):
        other.press(family_name="Verdi", new_password=NEW_PASSWORD)
    other.press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert other.page == "register-done"
    first.press(code=service.code_for(MARIA.contact))
    assert (first.page, first.faults) == ("register-verify", ["code"])


def test_b6_wrong_codes_and_wrong_names_are_tries_of_one_challenge(service: InProcess) -> None:
    first = began(service)
    code = service.code_for(MARIA.contact)
    other = elsewhere(service, link_for(service))
    for _ in range(3):
        first.press(code=wrong(code))
    for _ in range(2):
        other.press(family_name="Verdi", new_password=NEW_PASSWORD)
    assert other.page == "link-expired"
    first.press(code=code)
    assert first.faults == ["code"]


def test_b6_wrong_names_count_with_wrong_codes_whatever_the_challenge(service: InProcess) -> None:
    service.clock.move(3600 - service.clock.now() % 3600)
    for _ in range(2):
        began(service)
        other = elsewhere(service, link_for(service))
        for _ in range(5):
            other.press(family_name="Verdi", new_password=NEW_PASSWORD)
        service.clock.move(61)
    first = began(service)
    link = link_for(service)
    other = elsewhere(service, link)
    other.press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert (other.page, other.last.status_code, other.faults) == ("link", 429, ["page"])
    assert 0 < int(other.last.headers["Retry-After"]) <= 3600
    # Who asked for it guesses nothing by pressing the link of their own mailbox.
    first.get(link)
    first.press()
    assert first.page == "register-done"


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ({"vat_number": "", "new_password": NEW_PASSWORD}, "vat_number"),
        ({"vat_number": "12345", "new_password": NEW_PASSWORD}, "vat_number"),
        ({"vat_number": "12345030585", "new_password": NEW_PASSWORD}, "vat_number"),
        ({"vat_number": "12345030584", "new_password": ""}, "new_password"),
        ({"vat_number": "12345030584", "new_password": "corta"}, "new_password"),
        ({"vat_number": "12345030584", "new_password": "Password1"}, "new_password"),
        ({"vat_number": "12345040583", "new_password": "tuttominuscolo1"}, "new_password"),
    ],
)
def test_b6_what_cannot_do_anyway_costs_no_try(service: InProcess, typed: dict[str, str], fault: str) -> None:
    began(service, BRUNO)
    other = elsewhere(service, link_for(service, BRUNO.contact))
    for _ in range(7):
        other.press(**typed)
        assert (other.page, other.faults) == ("link", [fault])
    assert rows(service, "SELECT tries_left FROM challenges") == 5
    other.press(**BRUNO.knows, new_password=NEW_PASSWORD)
    assert other.page == "register-done"


@pytest.mark.parametrize(
    "password", ["Maria8verde", "Kiwi1980luna", "mariarossi8V", "RSSMRA8verde", "8Rossi8verde"]
)
def test_b6_elsewhere_the_password_is_judged_by_what_is_on_file(service: InProcess, password: str) -> None:
    began(service)
    other = elsewhere(service, link_for(service))
    other.press(family_name="Rossi", new_password=password)
    assert (other.page, other.faults) == ("link", ["new_password"])
    other.press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert other.page == "register-done"


def test_b6_passwords_are_not_tried_against_what_is_on_file_for_ever(service: InProcess) -> None:
    began(service)
    other = elsewhere(service, link_for(service))
    for _ in range(5):
        other.press(family_name="Rossi", new_password="Maria8verde")
        assert (other.page, other.faults) == ("link", ["new_password"])
    other.press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert other.page == "link-expired"
    assert accounts(service) == 0


def test_b6_nothing_on_file_is_told_to_who_does_not_know_the_name(service: InProcess) -> None:
    began(service)
    other = elsewhere(service, link_for(service))
    # The year of birth on file looks no different from another.
    for password in ("Kiwi1980luna", "Kiwi1981luna"):
        hashes = service.idp.hasher.hashes
        other.press(family_name="Verdi", new_password=password)
        assert other.faults == ["family_name"]
        # As much work as for the right name.
        assert service.idp.hasher.hashes == hashes + 1


# --- code and link are one challenge ----------------------------------------------------------------------


def test_b6_the_code_typed_kills_the_link(service: InProcess) -> None:
    first = began(service)
    link = link_for(service)
    first.press(code=service.code_for(MARIA.contact))
    assert first.page == "register-done"
    assert elsewhere(service, link).page == "link-expired"
    first.get(link)
    assert first.page == "link-expired"


def test_b6_the_link_pressed_kills_the_code_and_itself(service: InProcess) -> None:
    first = began(service)
    code, link = service.code_for(MARIA.contact), link_for(service)
    other = elsewhere(service, link)
    third = elsewhere(service, link)
    other.press(family_name="Rossi", new_password=NEW_PASSWORD)
    first.press(code=code)
    assert (first.page, first.faults) == ("register-verify", ["code"])
    third.press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert third.page == "link-expired"
    first.get(link)
    assert first.page == "link-expired"
    assert accounts(service) == 1


@pytest.mark.parametrize("browser", ["first", "other"])
def test_b6_a_newer_message_voids_older_codes_and_links(service: InProcess, browser: str) -> None:
    first = began(service)
    old_code, old_link = service.code_for(MARIA.contact), link_for(service)
    service.clock.move(60)
    first.press(resend="yes")
    code, link = service.code_for(MARIA.contact), link_for(service)
    assert link != old_link
    visitor = first if browser == "first" else service.visitor("203.0.113.5")
    visitor.get(old_link)
    assert visitor.page == "link-expired"
    if code != old_code:
        first.get("/register/verify")
        first.press(code=old_code)
        assert first.faults == ["code"]
    visitor.get(link)
    visitor.press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert visitor.page == "register-done"


@pytest.mark.parametrize(("seconds", "page"), [(599, "link"), (600, "link-expired")])
def test_b6_it_lives_for_ten_minutes(service: InProcess, seconds: int, page: str) -> None:
    first = began(service)
    link = link_for(service)
    service.clock.move(seconds)
    first.get(link)
    assert first.page == page
    assert elsewhere(service, link).page == page


@pytest.mark.parametrize("who", ["first", "other"])
def test_b6_a_page_that_was_left_open_presses_nothing_after_that(service: InProcess, who: str) -> None:
    first = began(service)
    link = link_for(service)
    visitor = first if who == "first" else service.visitor("203.0.113.5")
    visitor.get(link)
    service.clock.move(600)
    visitor.press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert visitor.page == "link-expired"
    assert accounts(service) == 0


# --- one page for every dead link -------------------------------------------------------------------------


def test_b6_every_dead_link_shows_one_page(service: InProcess) -> None:
    first = began(service)
    replaced = link_for(service)
    service.clock.move(60)
    first.press(resend="yes")
    used = link_for(service)
    elsewhere(service, used).press(family_name="Rossi", new_password=NEW_PASSWORD)
    began(service, BRUNO)
    expired = link_for(service, BRUNO.contact)
    service.clock.move(600)
    dead = [
        replaced,
        used,
        expired,
        "/register/link/" + "k" * 43,
        "/register/link/short",
        "/register/link/" + "k" * 3000,
        "/register/link/%3Cscript%3E",
        "/register/link",
    ]
    seen = set()
    for link in dead:
        visitor = service.visitor()
        visitor.get("/register")
        visitor.get(link)
        assert visitor.page == "link-expired"
        headers = tuple(sorted(name for name, _ in visitor.last.headers))
        seen.add((visitor.last.status_code, headers, stripped(visitor)))
    assert len(seen) == 1
    # It is gone, says the status too (RFC 9110 §15.5.11).
    assert {status for status, _, _ in seen} == {410}


def test_b6_the_token_of_a_mismatch_is_a_dead_link(service: InProcess) -> None:
    began(service, MARIA, family_name="Verdi")
    token = service.idp.entropy.handle()
    with service.idp.writing() as tx:
        # Its own was sent to nobody: let one be known.
        tx.exec_driver_sql("UPDATE challenges SET link_digest = " + "x'" + token.digest.hex() + "'")
    visitor = elsewhere(service, f"/register/link/{token.secret}")
    assert visitor.page == "link-expired"


def test_b6_the_dead_links_page_sends_a_new_message_where_it_was_begun(service: InProcess) -> None:
    first = began(service)
    old = link_for(service)
    service.clock.move(600)
    first.get(old)
    assert ">Invia un nuovo messaggio</button>" in first.last.text
    first.press(resend="yes")
    assert (first.page, first.at) == ("register-verify", "/register/verify?sent=again")
    link = link_for(service)
    assert link != old
    first.get(link)
    first.press()
    assert first.page == "register-done"


def test_b6_sending_again_from_there_has_the_same_brakes(service: InProcess) -> None:
    service.clock.move(900 - service.clock.now() % 900)
    first = began(service)
    first.get("/register/link/" + "k" * 43)
    first.press(resend="yes")
    assert (first.page, first.last.status_code, first.faults) == ("link-expired", 429, ["page"])
    assert first.last.headers["Retry-After"] == "60"
    for _ in range(2):
        service.clock.move(60)
        first.get("/register/link/" + "k" * 43)
        first.press(resend="yes")
        assert first.page == "register-verify"
    service.clock.move(60)
    first.get("/register/link/" + "k" * 43)
    first.press(resend="yes")
    assert (first.page, first.last.status_code, first.faults) == ("link-expired", 429, ["page"])
    assert len(service.post()) == 3


def test_b6_before_a_password_nothing_is_sent_from_there(service: InProcess) -> None:
    visitor = service.visitor()
    visitor.get("/register")
    visitor.press(profile="person")
    visitor.press(**MARIA.data, username=MARIA.contact, accept_terms="yes")
    visitor.get("/register/link/" + "k" * 43)
    visitor.press(resend="yes")
    assert visitor.page == "register-password"
    assert service.post() == []


# --- the token --------------------------------------------------------------------------------------------


def test_b6_the_token_leaves_the_address_at_once(service: InProcess) -> None:
    began(service)
    link = link_for(service)
    token = link.rpartition("/")[2]
    other = service.visitor()
    other.fetch("GET", link)
    assert (other.last.status_code, other.location) == (303, "/register/link")
    assert other.last.headers["Referrer-Policy"] == "no-referrer"
    assert other.last.headers["Cache-Control"] == "no-store"
    (cookie,) = [c for c in other.last.headers.getlist("Set-Cookie") if c.startswith(LINK)]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Max-Age=600" in cookie
    other.get("/register/link")
    assert other.page == "link"
    assert token not in other.last.text
    assert other.last.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_b6_on_https_the_cookie_is_bound_to_the_host(
    service_folder: object, prepared_sqlite_url: str, method: str
) -> None:
    settings = settings_for(
        service_folder,  # type: ignore[arg-type]
        prepared_sqlite_url,
        service={"issuer": "https://id.insurer.example", "development": False},
    )
    service = open_in_process(settings)
    visitor = service.visitor()
    visitor.fetch(method, "/register/link/" + "k" * 43)
    (cookie,) = [c for c in visitor.last.headers.getlist("Set-Cookie") if "_link=" in c]
    assert cookie.startswith("__Host-idp_link=")
    assert "Secure" in cookie
    service.idp.database.engine.dispose()


# --- somebody else is signed in ---------------------------------------------------------------------------


def test_b6_another_account_is_asked_to_sign_out_first_and_nothing_is_used_up(service: InProcess) -> None:
    luca = registered(service, "+393471234502", given_name="Luca", family_name="Verdi")
    session = luca.cookie(SESSION)
    began(service)
    luca.get(link_for(service))
    assert luca.page == "link"
    assert "Rossi" not in luca.last.text
    assert 'name="family_name"' not in luca.last.text
    # A form made by hand does not pass by it.
    luca.press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert luca.page == "link"
    assert luca.cookie(SESSION) == session
    assert accounts(service) == 1
    assert rows(service, "SELECT tries_left FROM challenges WHERE ended_at IS NULL") == 5
    luca.press(sign_out="yes")
    assert luca.page == "link"
    assert luca.cookie(SESSION) is None
    assert rows(service, "SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 0
    luca.press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert luca.page == "register-done"
    assert accounts(service) == 2


def test_b6_signing_out_there_needs_our_own_form(service: InProcess) -> None:
    luca = registered(service, "+393471234502", given_name="Luca", family_name="Verdi")
    began(service)
    luca.get(link_for(service))
    luca.send("/register/link", {"csrf": "x" * 43, "sign_out": "yes"})
    assert luca.last.status_code == 403
    luca.get("/register/link", sign_out="yes")
    assert rows(service, "SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 1


# --- what changes meanwhile -------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["first", "other"])
def test_b6_what_the_registry_learns_meanwhile_counts(service_on_both: InProcess, who: str) -> None:
    service = service_on_both
    first = began(service, BRUNO)
    link = link_for(service, BRUNO.contact)
    visitor = first if who == "first" else service.visitor("203.0.113.5")
    visitor.get(link)
    with service.idp.writing() as tx:
        tx.exec_driver_sql("DELETE FROM customer_contacts WHERE customer_number = 'C100009'")
    visitor.press(**BRUNO.knows, new_password=NEW_PASSWORD)
    assert visitor.page == "link-expired"
    assert accounts(service) == 0


@pytest.mark.parametrize("who", ["first", "other"])
def test_b6_data_typed_anew_void_the_link(service: InProcess, who: str) -> None:
    first = began(service)
    link = link_for(service)
    first.get("/register/data")
    first.press(**MARIA.data, username="+393331234501", accept_terms="yes")
    assert first.page == "register-password"
    visitor = first if who == "first" else service.visitor("203.0.113.5")
    visitor.get(link)
    assert visitor.page == "link-expired"


def test_b6_a_link_sent_while_the_data_change_proves_nothing_about_the_new_ones(service: InProcess) -> None:
    # Jonas, a customer, wants the company's account: while his own link leaves, he types the company's data.
    hans = Customer(
        "C100023", "person", "hans.gruber@posta.example", {"given_name": "Hans", "family_name": "Gruber"}, {}
    )
    visitor = service.visitor()
    visitor.get("/register")
    visitor.press(profile="person")
    visitor.press(**hans.data, username=hans.contact, accept_terms="yes")
    secret = visitor.cookie(ENROLMENT)
    assert secret is not None
    handle, now = Handle(secret), service.clock.now()
    stale = register.under_way(service.idp, handle, now=now)
    assert stale is not None
    visitor.get("/register/data")
    visitor.press(**MARIA.data, username=MARIA.contact, accept_terms="yes")
    # The password that was being hashed meanwhile arrives late, with the link to his own mailbox.
    register.choose_password(service.idp, stale, PASSWORD, source="203.0.113.9", now=now)
    link = link_for(service, hans.contact)
    for browser in (visitor, service.visitor("203.0.113.9")):
        browser.get(link)
        assert browser.page == "link-expired"
    token = Handle(link.rpartition("/")[2])
    known = register.under_way(service.idp, handle, now=now)
    assert known is not None
    assert known.enrolment.typed.username == parse_contact(MARIA.contact)
    assert isinstance(flow.opened(service.idp, token, known, Browser(), now=now), flow.Over)
    assert accounts(service) == 0


def test_b6_a_page_read_before_the_data_changed_completes_nothing(service: InProcess) -> None:
    first = began(service)
    secret = first.cookie(ENROLMENT)
    assert secret is not None
    now = service.clock.now()
    token = Handle(link_for(service).rpartition("/")[2])
    opened = flow.opened(service.idp, token, None, Browser(), now=now)
    known = register.under_way(service.idp, Handle(secret), now=now)
    here = flow.opened(service.idp, token, known, Browser(), now=now)
    assert isinstance(opened, flow.Elsewhere)
    assert isinstance(here, flow.Here)
    first.get("/register/data")
    first.press(**MARIA.data, username="+393331234501", accept_terms="yes")
    now_ms = service.clock.now_ms()
    claim = flow.Claim(NEW_PASSWORD, family_name="Rossi")
    late = flow.claim(service.idp, opened, claim, Browser(), now=now, now_ms=now_ms)
    assert isinstance(late, flow.Over)
    pressed = flow.confirm(service.idp, here, Browser(), now=now, now_ms=now_ms)
    assert not isinstance(pressed, Registered)
    assert accounts(service) == 0


# --- B7: what the first browser sees ----------------------------------------------------------------------


def test_b7_the_first_browser_never_learns_that_it_was_completed_elsewhere(service: InProcess) -> None:
    """It is compared, word by word, with one whose data did not match from the beginning."""
    first = began(service)
    control = began(service, MARIA, username="giovanni.bianchi@posta.example")
    seen: dict[str, list[str]] = {"first": [], "control": []}
    code, link = service.code_for(MARIA.contact), link_for(service)
    elsewhere(service, link).press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert accounts(service) == 1
    browsers = {"first": first, "control": control}

    def same(step: str) -> None:
        for name, visitor in browsers.items():
            text = re.sub(r"[mg]•••••@•••••", "MASKED", stripped(visitor))
            seen[name].append(f"{step} {visitor.last.status_code} {visitor.page} {visitor.faults} {text}")

    for visitor in browsers.values():
        visitor.get("/register/verify")
    same("looked at")
    for number in range(5):
        for visitor in browsers.values():
            visitor.press(code=code if number else wrong(code))
        same(f"code {number}")
    service.clock.move(60)
    for visitor in browsers.values():
        visitor.press(resend="yes")
    same("sent again")
    told = [message["purpose"] for message in service.post() if message["to"] == MARIA.contact]
    for visitor in browsers.values():
        visitor.press(code=code)
    same("again")
    service.clock.move(600)
    for visitor in browsers.values():
        visitor.press(code=code)
    same("expired")
    for mine, theirs in zip(seen["first"], seen["control"], strict=True):
        assert mine.splitlines() == theirs.splitlines()
    assert all(v.cookie(SESSION) is None and v.cookie(ENROLMENT) is not None for v in browsers.values())
    # The truth goes to the contact.
    assert "registration_already_registered" in told


def test_b7_the_first_browser_costs_the_same_as_a_mismatch(service: InProcess) -> None:
    first = began(service)
    control = began(service, MARIA, username="giovanni.bianchi@posta.example")
    code, link = service.code_for(MARIA.contact), link_for(service)
    elsewhere(service, link).press(family_name="Rossi", new_password=NEW_PASSWORD)
    cost = []
    for visitor in (first, control):
        visitor.get("/register/verify")
        with service.counting() as counts:
            visitor.press(code=code)
        assert visitor.faults == ["code"]
        cost.append((counts.statements, counts.commits))
    assert cost[0] == cost[1]


def test_b7_the_first_browser_offers_to_sign_in_who_finished_elsewhere(service: InProcess) -> None:
    party, first = portal(service), service.visitor()
    party.ask(first, prompt="login")
    interaction = first.at.partition("interaction=")[2]
    first.get("/register", interaction=interaction)
    began(service, MARIA, first)
    elsewhere(service, link_for(service)).press(family_name="Rossi", new_password=NEW_PASSWORD)
    first.get("/register/verify", interaction=interaction)
    found = re.search(r'id="finished-elsewhere" href="([^"]+)"', first.last.text)
    assert found is not None
    first.get(found[1])
    assert first.page == "login"
    first.press(username=MARIA.contact, password=NEW_PASSWORD)
    assert "code" in answer_of(first)


def test_b7_going_on_in_the_first_browser_makes_no_second_account(service: InProcess) -> None:
    first = began(service)
    elsewhere(service, link_for(service)).press(family_name="Rossi", new_password=NEW_PASSWORD)
    first.get("/register/data")
    first.press(**MARIA.data, username="+393331234501", accept_terms="yes")
    first.press(new_password=PASSWORD)
    assert first.page == "register-verify"
    told = [m["purpose"] for m in service.post() if m["to"] == "+393331234501"]
    assert sorted(told) == ["account_created", "registration_already_registered"]
    assert accounts(service) == 1
