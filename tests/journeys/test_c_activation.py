"""Activation codes over HTTP (journeys, *Activation code*): they stand for the proof of a contact, once."""

import pytest

from idp.flows import activation
from idp.flows.activation import Issued, NotIssued
from tests.journeys.identify_walks import (
    ACTIVATE,
    CODES,
    IDENTIFY,
    activated,
    choose,
    identified,
    issued,
    masks,
    registered,
    sent,
)
from tests.service.in_process import PASSWORD, InProcess
from tests.service.relying_party import answer_of, portal
from tests.service.visitor import Visitor

EMAIL, MOBILE = "m•••••@•••••", "+39 ••• ••• ••01"
WEEK = 7 * 86400
TYPED = "alberto@fontana.example"


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with nobody registered."""
    return clean_service


def type_code(service: InProcess, identifier: str, code: str, visitor: Visitor | None = None) -> Visitor:
    visitor = visitor or service.visitor()
    visitor.get(ACTIVATE)
    visitor.press(identifier=identifier, activation_code=code)
    return visitor


def code_states(service: InProcess) -> list[tuple[bool, bool]]:
    """Used, ended: of every code, the oldest first."""
    with service.idp.reading() as tx:
        rows = tx.exec_driver_sql("SELECT used_at, ended_at FROM activation_codes ORDER BY issued_at")
        return [(used is not None, ended is not None) for used, ended in rows]


def to_username(service: InProcess, contact: str = TYPED, customer: str = "C100025") -> Visitor:
    visitor = activated(service, customer)
    assert visitor.page == "register-username", (visitor.page, visitor.faults)
    visitor.press(username=contact)
    return visitor


# --- issuing --------------------------------------------------------------------------------------------


def test_a_code_is_issued_to_a_customer_and_kept_as_a_digest_alone(service: InProcess) -> None:
    made = activation.issue(service.idp, "C100001", issued_by="agency-7", now=service.clock.now())
    assert isinstance(made, Issued)
    assert made.expires_at == service.clock.now() + WEEK
    with service.idp.reading() as tx:
        rows = tx.exec_driver_sql("SELECT digest, customer_number, issued_by FROM activation_codes").all()
        trail = tx.exec_driver_sql(
            "SELECT name, details FROM audit_events WHERE name = 'activation_code_issued'"
        ).all()
    assert [(number, by) for _, number, by in rows] == [("C100001", "agency-7")]
    assert made.code.replace("-", "") not in repr((rows, trail))
    assert len(trail) == 1
    assert "agency-7" in trail[0].details


def test_a_newer_code_ends_the_older_ones(service: InProcess) -> None:
    old, other, new = issued(service, "C100001"), issued(service, "C100002"), issued(service, "C100001")
    assert sorted(code_states(service)) == [(False, False), (False, False), (False, True)]
    assert type_code(service, CODES["C100001"], old).faults == ["activation_code"]
    assert type_code(service, CODES["C100002"], other).page == "register-contacts"
    assert type_code(service, CODES["C100001"], new).page == "register-contacts"


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("C999999", "unknown_customer"),
        ("C100027", "deceased"),
        ("C100028", "under_age"),
        ("", "unknown_customer"),
    ],
)
def test_none_is_issued_to_who_cannot_register(service: InProcess, number: str, why: str) -> None:
    assert activation.issue(service.idp, number, issued_by="x", now=service.clock.now()) == NotIssued(why)


# --- registering with one -------------------------------------------------------------------------------


def test_c5_with_a_code_a_contact_on_file_is_chosen_and_nothing_is_sent(service: InProcess) -> None:
    visitor = activated(service, "C100001")
    assert (visitor.page, masks(visitor)) == ("register-contacts", [EMAIL, MOBILE])
    choose(visitor, MOBILE)
    assert visitor.page == "register-password"
    assert sent(service) == []
    visitor.press(new_password=PASSWORD)
    assert visitor.page == "register-done"
    assert registered(service) == [("C100001", "activation")]
    assert code_states(service) == [(True, False)]
    assert {purpose for _, purpose in sent(service)} == {"account_created"}


def test_c5_any_spelling_of_the_code_does(service: InProcess) -> None:
    code = issued(service, "C100001")
    spelled = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert type_code(service, "  rss mra80d52h501k ", f" {spelled} ").page == "register-contacts"


def test_c5_a_member_of_a_collective_policy_registers_with_a_code(service: InProcess) -> None:
    visitor = activated(service, "C100020")
    choose(visitor, masks(visitor)[0])
    visitor.press(new_password=PASSWORD)
    assert visitor.page == "register-done"


@pytest.mark.parametrize("customer", ["C100025", "C100022"])
def test_c5_who_has_no_contact_types_one_and_proves_it(service: InProcess, customer: str) -> None:
    visitor = to_username(service, customer=customer)
    assert visitor.page == "register-password"
    visitor.press(new_password=PASSWORD)
    assert visitor.page == "register-verify"
    assert "Abbiamo inviato un codice" in visitor.last.text, "nothing was compared: no if"
    message = service.post()[0]
    assert (message["to"], message["purpose"], message["link"]) == (TYPED, "registration_code", None)
    assert code_states(service) == [(False, False)]
    visitor.press(code=service.code_for(TYPED))
    assert visitor.page == "register-done"
    assert registered(service) == [(customer, "activation")]
    assert code_states(service) == [(True, False)]
    with service.idp.reading() as tx:
        assert tx.exec_driver_sql("SELECT source FROM proven_contacts").scalars().all() == ["customer"]


def test_c5_a_mobile_can_be_typed_too(service: InProcess) -> None:
    visitor = to_username(service, "333 999 8877")
    visitor.press(new_password=PASSWORD)
    visitor.press(code=service.code_for("+393339998877"))
    assert visitor.page == "register-done"


@pytest.mark.parametrize("contact", ["+4915112345699", "899 123 456", "06 5550 0101", "alberto", ""])
def test_c5_a_number_of_another_country_or_of_no_mobile_cannot(service: InProcess, contact: str) -> None:
    visitor = to_username(service, contact)
    assert (visitor.page, visitor.faults) == ("register-username", ["username"])


@pytest.mark.parametrize(
    ("contact", "told"),
    [
        ("giovanni.bianchi@posta.example", "registration_shared_contact"),
        ("famiglia.esposito@posta.example", "registration_shared_contact"),
        ("milano.navigli@agenzie.example", "registration_agency_contact"),
        ("maria.rossi@posta.example", "registration_contact_taken"),
    ],
)
def test_c5_somebody_elses_contact_looks_as_any_other_and_never_comes_true(
    service: InProcess, contact: str, told: str
) -> None:
    service.register(service.visitor("203.0.113.77"))
    before = len(sent(service))
    visitor = to_username(service, contact)
    assert visitor.page == "register-password"
    visitor.press(new_password=PASSWORD)
    assert visitor.page == "register-verify"
    assert sent(service)[: len(sent(service)) - before] == [(contact, told)]
    assert not service.post()[0]["code"]
    visitor.press(code="123456")
    assert visitor.faults == ["code"]
    assert registered(service) == [("C100001", "contact")]
    # Another one can be typed, and the code is good still.
    visitor.get("/register/username")
    visitor.press(username=TYPED)
    assert visitor.page == "register-verify"
    visitor.press(code=service.code_for(TYPED))
    assert visitor.page == "register-done"


def test_c5_a_contact_is_not_typed_where_one_is_on_file(service: InProcess) -> None:
    visitor = activated(service, "C100001")
    visitor.get("/register/username")
    visitor.press(username=TYPED)
    assert visitor.page == "register-contacts"
    assert sent(service) == []


def test_a_code_works_from_the_page_where_no_code_arrives_and_keeps_the_password(service: InProcess) -> None:
    visitor = service.visitor()
    visitor.get("/register")
    visitor.press(profile="person")
    visitor.press(given_name="Marta", family_name="Rossi", username=TYPED, accept_terms="yes")
    visitor.press(new_password=PASSWORD)
    assert f'id="activate" href="{ACTIVATE}"' in visitor.last.text
    type_code(service, CODES["C100001"], issued(service, "C100001"), visitor)
    choose(visitor, EMAIL)
    assert visitor.page == "register-done"
    party, browser = portal(service), service.visitor()
    party.ask(browser)
    browser.press(username="maria.rossi@posta.example", password=PASSWORD)
    assert answer_of(browser)["code"]


def test_the_password_is_judged_by_what_is_on_file(service: InProcess) -> None:
    visitor = activated(service, "C100001")
    choose(visitor, EMAIL)
    for personal in ("Rossi2026x", "Nata-nel-1980"):
        visitor.press(new_password=personal)
        assert (visitor.page, visitor.faults) == ("register-password", ["new_password"])


def test_who_has_an_account_is_told_and_the_code_is_not_used(service: InProcess) -> None:
    service.register(service.visitor())
    visitor = activated(service, "C100001")
    assert (visitor.page, visitor.faults) == ("register-activate", ["activation_code"])
    assert code_states(service) == [(False, False)]


# --- once, in time, by its customer ---------------------------------------------------------------------


def test_a_code_is_used_once(service: InProcess) -> None:
    code = issued(service, "C100001")
    first = type_code(service, CODES["C100001"], code)
    second = type_code(service, CODES["C100001"], code)
    for visitor in (first, second):
        choose(visitor, EMAIL)
    for visitor in (first, second):
        visitor.press(new_password=PASSWORD)
    assert first.page == "register-done"
    assert (second.page, second.faults) == ("register-activate", ["activation_code"])
    assert registered(service) == [("C100001", "activation")]


def test_of_many_that_use_one_code_at_once_one_registers(service: InProcess) -> None:
    code = issued(service, "C100001")
    visitors = [type_code(service, CODES["C100001"], code) for _ in range(6)]
    for visitor in visitors:
        choose(visitor, EMAIL)

    def press(number: int) -> str | None:
        visitors[number].press(new_password=PASSWORD)
        return visitors[number].page

    pages = service.in_parallel(press, len(visitors))
    assert pages.count("register-done") == 1
    assert set(pages) <= {"register-done", "register-activate"}
    assert len(registered(service)) == 1


def test_a_form_sent_twice_comes_to_the_same(service: InProcess) -> None:
    visitor = activated(service, "C100001")
    choose(visitor, EMAIL)
    at, csrf = visitor.at, visitor.csrf
    cookies = visitor.cookie("idp_enrolment_8000")
    visitor.press(new_password=PASSWORD)
    assert cookies is not None
    visitor.set_cookie("idp_enrolment_8000", cookies)
    visitor.send(at, {"csrf": csrf, "new_password": PASSWORD})
    assert visitor.last.status_code in (303, 403)
    assert len(registered(service)) == 1


def test_a_code_lives_for_seven_days(service: InProcess) -> None:
    code = issued(service, "C100001")
    service.clock.move(WEEK - 1)
    assert type_code(service, CODES["C100001"], code).page == "register-contacts"
    service.clock.move(1)
    assert type_code(service, CODES["C100001"], code).faults == ["activation_code"]


def test_a_code_that_ends_while_a_contact_is_chosen_is_over(service: InProcess) -> None:
    visitor = activated(service, "C100001")
    issued(service, "C100001")
    choose(visitor, EMAIL)
    assert (visitor.page, visitor.faults) == ("register-activate", ["activation_code"])
    typed = to_username(service)
    typed.press(new_password=PASSWORD)
    code = service.code_for(TYPED)
    issued(service, "C100025")
    typed.press(code=code)
    assert (typed.page, typed.faults) == ("register-verify", ["code"])
    assert registered(service) == []


def test_identifying_anew_drops_the_code(service: InProcess) -> None:
    visitor = activated(service, "C100001")
    visitor.get(IDENTIFY)
    visitor.press(identifier=CODES["C100001"])
    choose(visitor, EMAIL)
    visitor.press(new_password=PASSWORD)
    assert visitor.page == "register-verify"
    assert sent(service)[0] == ("maria.rossi@posta.example", "registration_code")


@pytest.mark.parametrize("code", ["", "1234", "XXXX-XXXX-XXXX-XXX!", "U" * 16, "x" * 65])
def test_what_is_no_code_is_refused_at_once(service: InProcess, code: str) -> None:
    visitor = type_code(service, CODES["C100001"], code)
    assert (visitor.page, visitor.faults) == ("register-activate", ["activation_code"])


def test_the_wrong_identifier_and_the_wrong_code_are_said_together(service: InProcess) -> None:
    visitor = type_code(service, "RSSMRA80D52H501A", "")
    assert visitor.faults == ["identifier", "activation_code"]


def test_the_offer_of_a_code_and_of_an_identifier_are_the_same_list(service: InProcess) -> None:
    assert masks(activated(service, "C100017")) == masks(identified(service, CODES["C100017"]))


def test_back_from_the_code_leads_to_the_contacts_that_were_none_of_theirs(service: InProcess) -> None:
    visitor = identified(service, CODES["C100002"])
    visitor.press(**{"none-of-these": "yes"})
    assert visitor.page == "register-none"
    visitor.get("/register/activate")
    assert 'href="/register/contacts"' in visitor.last.text


def test_the_username_page_is_for_codes_alone(service: InProcess) -> None:
    visitor = identified(service, CODES["C100001"])
    visitor.get("/register/username")
    assert visitor.page == "register-activate"
    nobody = service.visitor()
    nobody.get("/register/username")
    assert nobody.page == "register-profile"
