"""Somebody prepares an account for a customer and waits for the customer to complete it (bar D6, 5.2).

The variants of the classic study of pre-hijacking that there can be here: a password set beforehand (classic
merge), a session that goes on (unexpired session), a second identifier (trojan identifier), a contact changed
afterwards (unexpired contact change), and a contact that was never proven (unverified provider). There is no
federation to merge with.
"""

import pytest

from tests.journeys.link_walks import (
    EVERYBODY,
    MARIA,
    NEW_PASSWORD,
    SESSION,
    Customer,
    accounts,
    began,
    elsewhere,
    link_for,
    rows,
)
from tests.service.in_process import PASSWORD, InProcess
from tests.service.relying_party import RelyingParty, answer_of, portal
from tests.service.visitor import Visitor

HANS = Customer(
    "C100023",
    "person",
    "hans.gruber@posta.example",
    {"given_name": "Hans", "family_name": "Gruber"},
    {"family_name": "Gruber"},
)
ATTACKER = "192.0.2.66"


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with nobody registered."""
    return clean_service


def prepared(service: InProcess, party: RelyingParty, who: Customer = MARIA) -> Visitor:
    """The attacker's browser, with a registration for the victim and a request that waits for its end."""
    attacker = service.visitor(ATTACKER)
    party.ask(attacker, prompt="create")
    return began(service, who, attacker)


def completed(service: InProcess, who: Customer = MARIA) -> Visitor:
    """The victim's browser, after they pressed the link in their message."""
    victim = elsewhere(service, link_for(service, who.contact), "198.51.100.99")
    victim.press(**who.knows, new_password=NEW_PASSWORD)
    assert victim.page == "register-done", victim.faults
    return victim


def is_nobody(attacker: Visitor, party: RelyingParty) -> None:
    """The attacker's browser is signed in as nobody."""
    assert attacker.cookie(SESSION) is None
    party.ask(attacker, prompt="none")
    assert answer_of(attacker)["error"] == "login_required"


@pytest.mark.parametrize("who", EVERYBODY, ids=lambda who: who.number)
def test_a_password_set_beforehand_opens_nothing(service: InProcess, who: Customer) -> None:
    party = portal(service)
    prepared(service, party, who)
    completed(service, who)
    thief = service.visitor(ATTACKER)
    party.ask(thief)
    thief.press(username=who.contact, password=PASSWORD)
    assert thief.faults == ["password"]


@pytest.mark.parametrize("who", EVERYBODY, ids=lambda who: who.number)
def test_a_session_prepared_beforehand_is_none_afterwards(service: InProcess, who: Customer) -> None:
    party = portal(service)
    attacker = prepared(service, party, who)
    interaction = attacker.at.partition("interaction=")[2]
    assert rows(service, "SELECT count(*) FROM sessions") == 0
    completed(service, who)
    for address in ("/register/verify", "/register/done", "/register/link", "/authorize/resume"):
        attacker.get(address, interaction=interaction)
        assert attacker.page != "register-done"
        assert "8001" not in attacker.last.headers.get("Location", "")
    is_nobody(attacker, party)
    assert rows(service, "SELECT count(*) FROM sessions") == 1
    assert rows(service, "SELECT count(*) FROM authorizations") == 0


def test_a_second_identifier_does_not_stay_with_the_account(service: InProcess) -> None:
    party = portal(service)
    attackers = [prepared(service, party)]
    # The same customer's other contact in another browser, and a contact of the attacker's own.
    attackers.append(began(service, MARIA, None, username="+393331234501"))
    attackers.append(began(service, MARIA, None, username=HANS.contact))
    victim = elsewhere(service, link_for(service))
    victim.press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert victim.page == "register-done"
    with service.idp.reading() as tx:
        proven = tx.exec_driver_sql("SELECT contact_index, kind FROM proven_contacts").all()
        named = tx.exec_driver_sql("SELECT username_index FROM accounts").scalars().all()
    assert [tuple(row) for row in proven] == [(named[0], "email")]
    # The codes and links of the others lead to nothing any more.
    codes = [m for m in service.post() if m["code"] and m["to"] in ("+393331234501", HANS.contact)]
    for attacker in attackers[1:]:
        for message in codes:
            attacker.get("/register/verify")
            attacker.press(code=message["code"])
            assert attacker.faults == ["code"]
        assert attacker.cookie(SESSION) is None
    assert accounts(service) == 1


def test_a_contact_changed_after_the_message_left_is_not_the_one_that_was_proven(service: InProcess) -> None:
    # The victim's message is on its way; the attacker then types their own data into the same registration.
    attacker = began(service, MARIA, None)
    link = link_for(service)
    attacker.get("/register/data")
    attacker.press(**HANS.data, username=HANS.contact, accept_terms="yes")
    attacker.press(new_password=PASSWORD)
    victim = elsewhere(service, link)
    assert victim.page == "link-expired"
    # The other way round: a message to the attacker proves nothing about the victim typed since.
    own = link_for(service, HANS.contact)
    attacker.get("/register/data")
    attacker.press(**MARIA.data, username=MARIA.contact, accept_terms="yes")
    for browser in (attacker, service.visitor(ATTACKER)):
        browser.get(own)
        assert browser.page == "link-expired"
        browser.send("/register/link", {"csrf": browser.csrf, "family_name": "Rossi"})
    assert accounts(service) == 0


def test_a_contact_that_was_never_proven_makes_no_account(service: InProcess) -> None:
    party = portal(service)
    attacker = prepared(service, party)
    service.clock.move(3600)
    service.post()
    assert accounts(service) == rows(service, "SELECT count(*) FROM sessions") == 0
    is_nobody(attacker, party)
    # The day over, the registration is too.
    service.clock.move(86_400)
    attacker.get("/register/verify")
    assert attacker.page == "register-profile"


def test_a_code_told_after_the_link_was_pressed_opens_nothing(service: InProcess) -> None:
    """Whoever talks a customer into telling the code takes their place, and the message warns of that; a
    link that the customer presses never signs in the attacker's browser, and takes the code with it."""
    party = portal(service)
    attacker = prepared(service, party)
    text = service.post()[0]["text"]
    assert "truffa" in text
    completed(service)
    attacker.get("/register/verify")
    attacker.press(code=service.code_for(MARIA.contact))
    assert attacker.faults == ["code"]
    is_nobody(attacker, party)
