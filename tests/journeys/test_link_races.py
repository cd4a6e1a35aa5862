"""Many presses of one link at once, on both databases: one account, one session, five tries (bar 5.4)."""

from collections import Counter
from collections.abc import Callable

import pytest

from tests.journeys.link_walks import (
    BRUNO,
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
from tests.service.in_process import PASSWORD, InProcess
from tests.service.relying_party import answer_of, portal
from tests.service.visitor import Visitor

ROSSI = {"family_name": "Rossi", "new_password": NEW_PASSWORD}
# The same person's record by VAT number, with the same email.
MARIA_BY_VAT = Customer(
    "C100026",
    "professional",
    MARIA.contact,
    {"given_name": "Maria", "family_name": "Rossi", "vat_number": "12345260587"},
    {"vat_number": "12345260587"},
)


def press(visitor: Visitor, **fields: str) -> Callable[[], object]:
    """A press of the page it sees, to be sent later; nothing is followed."""
    at, form = visitor.at, {"csrf": visitor.csrf, **fields}
    return lambda: visitor.send(at, form)


def at_once(service: InProcess, *presses: Callable[[], object]) -> None:
    service.in_parallel(lambda number: presses[number](), len(presses))


def signed_in(visitors: list[Visitor]) -> list[Visitor]:
    return [visitor for visitor in visitors if visitor.cookie(SESSION) is not None]


def one_of_each(service: InProcess) -> None:
    assert accounts(service) == 1
    assert rows(service, "SELECT count(*) FROM sessions") == 1
    assert rows(service, "SELECT count(*) FROM proven_contacts") == 1


def test_fifty_presses_where_it_began_make_one_account(service_on_both: InProcess) -> None:
    service = service_on_both
    visitor = began(service)
    visitor.get(link_for(service))
    form = {"csrf": visitor.csrf}
    many = twins(service, visitor, 50)
    answers = service.in_parallel(lambda n: many[n].send("/register/link", form).status_code, 50)
    # Whoever was late is led to the same end; nobody sees a fault.
    assert set(answers) == {303}
    one_of_each(service)
    assert len(signed_in(many)) == 1
    told = Counter(m["to"] for m in service.post() if m["purpose"] == "account_created")
    assert told == {MARIA.contact: 1, "+393331234501": 1}


def test_fifty_presses_in_fifty_browsers_make_one_account(service_on_both: InProcess) -> None:
    service = service_on_both
    first = began(service)
    link = link_for(service)
    many = [elsewhere(service, link) for _ in range(50)]
    at_once(service, *(press(each, **ROSSI) for each in many))
    # Passwords are hashed by few at a time; whoever is one too many is asked to come back.
    assert {each.last.status_code for each in many} <= {303, 503}
    one_of_each(service)
    (winner,) = signed_in(many)
    winner.get(winner.location)
    assert winner.page == "register-done"
    loser = next(each for each in many if each is not winner and each.last.status_code == 303)
    loser.get(loser.location)
    assert loser.page == "link-expired"
    assert first.cookie(SESSION) is None


def test_the_browser_that_began_and_another_at_once_make_one_account(service_on_both: InProcess) -> None:
    service = service_on_both
    first = began(service)
    link = link_for(service)
    other = elsewhere(service, link)
    first.get(link)
    at_once(service, press(first), press(other, **ROSSI))
    one_of_each(service)
    (winner,) = signed_in([first, other])
    party, again = portal(service), service.visitor()
    party.ask(again)
    again.press(username=MARIA.contact, password=PASSWORD if winner is first else NEW_PASSWORD)
    assert "code" in answer_of(again)


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_code_and_link_at_once_make_one_account(service_on_both: InProcess, where: str) -> None:
    service = service_on_both
    first = began(service)
    code, link = service.code_for(MARIA.contact), link_for(service)
    by_code = press(first, code=code)
    other = twins(service, first, 1)[0] if where == "here" else service.visitor("203.0.113.5")
    other.get(link)
    at_once(service, by_code, press(other, **({} if where == "here" else ROSSI)))
    one_of_each(service)
    assert len(signed_in([first, other])) == 1
    # The slower one is led to the same end, or told that its code or link is used.
    assert {first.last.status_code, other.last.status_code} <= {200, 303}


def test_a_code_and_the_link_that_a_dead_one_asked_for_at_once_make_one_account(
    service_on_both: InProcess,
) -> None:
    service = service_on_both
    first = began(service)
    dead = link_for(service)
    service.clock.move(60)
    first.press(resend="yes")
    code = service.code_for(MARIA.contact)
    service.clock.move(60)
    other = elsewhere(service, dead)
    other.press(resend="yes")
    other.get(link_for(service))
    assert other.page == "link"
    first.get("/register/verify")
    at_once(service, press(first, code=code), press(other, **ROSSI))
    one_of_each(service)
    assert len(signed_in([first, other])) == 1
    assert {first.last.status_code, other.last.status_code} <= {200, 303}


def test_twenty_presses_of_a_dead_links_button_send_one_message(service_on_both: InProcess) -> None:
    service = service_on_both
    began(service)
    dead = link_for(service)
    service.clock.move(600)
    others = [elsewhere(service, dead, f"203.0.113.{number}") for number in range(1, 21)]
    before = len(service.post())
    at_once(service, *(press(other, resend="yes") for other in others))
    assert Counter(other.last.status_code for other in others) == {303: 1, 429: 19}
    assert len(service.post()) == before + 1


def test_two_customers_that_claim_one_contact_make_one_account(service_on_both: InProcess) -> None:
    service = service_on_both
    browsers = []
    for who in (MARIA, MARIA_BY_VAT):
        began(service, who)
        browsers.append(elsewhere(service, link_for(service, who.contact)))
        service.clock.move(61)
    at_once(
        service,
        press(browsers[0], **ROSSI),
        press(browsers[1], vat_number="12345260587", new_password=NEW_PASSWORD),
    )
    one_of_each(service)
    assert len(signed_in(browsers)) == 1


def test_of_forty_names_at_once_five_are_looked_at(service_on_both: InProcess) -> None:
    service = service_on_both
    first = began(service)
    link = link_for(service)
    many = [elsewhere(service, link) for _ in range(20)]
    names = [f"Verdi{'abcdefghijklmnopqrstuvwxyz'[number]}" for number in range(20)]
    for _ in range(2):
        at_once(
            service,
            *(
                press(each, family_name=name, new_password=NEW_PASSWORD)
                for each, name in zip(many, names, strict=True)
            ),
        )
        for each in many:
            each.at = "/register/link"
            if 'name="csrf"' not in each.last.text:
                each.get("/register/link")
    looked_at = (
        "SELECT count(*) FROM audit_events WHERE name = 'challenge_failed' AND details LIKE '%name_differs%'"
    )
    assert rows(service, looked_at) == 5
    assert rows(service, "SELECT tries_left FROM challenges") == 0
    assert elsewhere(service, link).page == "link-expired"
    first.press(code=service.code_for(MARIA.contact))
    assert first.faults == ["code"]
    assert accounts(service) == 0


def test_a_press_and_a_newer_message_at_once_are_one_of_the_two(service_on_both: InProcess) -> None:
    service = service_on_both
    first = began(service, BRUNO)
    old = link_for(service, BRUNO.contact)
    service.clock.move(60)
    other = elsewhere(service, old)
    first.get("/register/verify")
    at_once(
        service,
        press(first, resend="yes"),
        press(other, vat_number="12345030584", new_password=NEW_PASSWORD),
    )
    assert accounts(service) == len(signed_in([other]))
    code_or_truth = service.post()
    if accounts(service) == 0:
        newer = link_for(service, BRUNO.contact)
        assert newer != old
        again = elsewhere(service, newer)
        again.press(vat_number="12345030584", new_password=NEW_PASSWORD)
        assert again.page == "register-done"
    assert code_or_truth
    assert accounts(service) == 1
    assert elsewhere(service, old).page == "link-expired"


def test_a_press_and_other_data_at_once_give_nobody_the_wrong_account(service_on_both: InProcess) -> None:
    service = service_on_both
    first = began(service)
    other = elsewhere(service, link_for(service))
    first.get("/register/data")
    data = {**MARIA.data, "username": "+393331234501", "accept_terms": "yes"}
    at_once(service, press(first, **data), press(other, **ROSSI))
    assert accounts(service) == len(signed_in([other]))
    with service.idp.reading() as tx:
        proven = tx.exec_driver_sql("SELECT kind FROM proven_contacts").scalars().all()
    # What was pressed proves the contact its message went to, and no other.
    assert proven == ["email"] * accounts(service)
