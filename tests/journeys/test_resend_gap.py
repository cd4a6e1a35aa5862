"""One message with a code a minute to one contact, strangers and its owner apart (security bar 5.3)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys import operation_walks
from tests.journeys.account_walks import EMAIL, MOBILE, SESSION, ask_code, confirmed_by_code, signed_in
from tests.service import in_process
from tests.service.in_process import PASSWORD, InProcess
from tests.service.relying_party import portal
from tests.service.visitor import Visitor

TWO = "urn:idp:acr:2"


@pytest.fixture
def service(prepared_sqlite_url: str, service_folder: Path) -> Iterator[InProcess]:
    """The service, where other limits than the gap refuse nothing."""
    settings = in_process.settings_for(
        service_folder,
        prepared_sqlite_url,
        limits={"sends_per_contact": "100/900", "sends_per_contact_per_day": 100},
    )
    opened = in_process.open_in_process(settings)
    yield opened
    opened.idp.database.engine.dispose()


def customer(service: InProcess, contact: str = MOBILE) -> Visitor:
    """Somebody who registered a while ago and has just signed in by password."""
    service.register(service.visitor(), contact)
    service.clock.move(3600)
    return signed_in(service, contact)


def codes_to(service: InProcess, contact: str) -> int:
    """How many codes went to a contact so far."""
    return sum(1 for message in service.post() if message["to"] == contact and message["code"])


def asks_at_confirm(visitor: Visitor, contact: str) -> None:
    """Have a code sent to one of the contacts of ``/account/confirm``."""
    visitor.get("/account/confirm", to="mobile", by="code")
    ask_code(visitor, contact)


def register_at_password(visitor: Visitor, contact: str) -> None:
    """Type Maria's data with a contact, up to the page of the password."""
    visitor.get("/register")
    visitor.press(profile="person")
    visitor.press(given_name="Maria", family_name="Rossi", username=contact, accept_terms="yes")


def too_early(visitor: Visitor) -> bool:
    """Whether the page says so, with the time after which to come back."""
    return visitor.last.status_code == 429 and 0 < int(visitor.last.headers["Retry-After"]) <= 60


def test_two_contacts_in_turns_get_one_code_a_minute_each(service: InProcess) -> None:
    visitor = customer(service)
    before = {contact: codes_to(service, contact) for contact in (EMAIL, MOBILE)}
    for number in range(6):
        asks_at_confirm(visitor, (EMAIL, MOBILE)[number % 2])
        # The one that went last is on its way: its page asks for the code.
        assert too_early(visitor) is (number in (2, 4)), number
    assert {contact: codes_to(service, contact) - before[contact] for contact in before} == {
        EMAIL: 1,
        MOBILE: 1,
    }
    service.clock.move(60)
    asks_at_confirm(visitor, EMAIL)
    assert codes_to(service, EMAIL) == before[EMAIL] + 2


def test_what_it_is_for_makes_no_difference(service: InProcess) -> None:
    party = operation_walks.portal(service)
    visitor = customer(service)
    asks_at_confirm(visitor, MOBILE)
    sent = codes_to(service, MOBILE)
    party.ask(visitor, acr_values=TWO)
    visitor.press()
    assert visitor.page == "step-up"
    assert too_early(visitor)
    operation_walks.bring(visitor, party)
    handle = visitor.last.text.partition('name="contact" value="')[2].partition('"')[0]
    visitor.press(contact=handle)
    assert visitor.page == "step-up"
    assert too_early(visitor)
    assert codes_to(service, MOBILE) == sent


def test_another_session_makes_no_difference(service: InProcess) -> None:
    first = customer(service)
    second = signed_in(service, MOBILE)
    assert first.cookie(SESSION) != second.cookie(SESSION)
    asks_at_confirm(first, MOBILE)
    sent = codes_to(service, MOBILE)
    asks_at_confirm(second, MOBILE)
    assert too_early(second)
    assert codes_to(service, MOBILE) == sent
    first.get("/account/confirm", to="mobile", by="code")
    first.press(code=service.code_for(MOBILE))
    assert first.page == "mobile", "the code that is on its way stays good"


def test_a_right_answer_ends_the_wait(service: InProcess) -> None:
    party = portal(service, scope="openid")
    visitor = customer(service)
    asks_at_confirm(visitor, MOBILE)
    visitor.press(code=service.code_for(MOBILE))
    assert visitor.page == "mobile"
    sent = codes_to(service, MOBILE)
    party.ask(visitor, acr_values=TWO, max_age="0")
    visitor.press()
    assert visitor.last.status_code == 200
    assert codes_to(service, MOBILE) == sent + 1


@pytest.mark.parametrize("contact", [EMAIL, "nobody@posta.example"])
def test_a_second_registration_waits_whether_the_data_match_or_not(service: InProcess, contact: str) -> None:
    first, second = service.visitor("198.51.100.1"), service.visitor("198.51.100.2")
    register_at_password(first, contact)
    first.press(new_password=PASSWORD)
    assert first.page == "register-verify"
    sent = codes_to(service, contact)
    register_at_password(second, contact)
    second.press(new_password=PASSWORD)
    assert second.page == "register-password"
    assert too_early(second)
    assert codes_to(service, contact) == sent
    service.clock.move(60)
    second.press(new_password=PASSWORD)
    assert second.page == "register-verify"


def test_a_stranger_neither_delays_who_signs_in_nor_learns_of_them(service: InProcess) -> None:
    visitor = customer(service)
    stranger = service.visitor("198.51.100.7")
    register_at_password(stranger, MOBILE)
    stranger.press(new_password=PASSWORD)
    assert stranger.page == "register-verify"
    before = codes_to(service, MOBILE)
    asks_at_confirm(visitor, MOBILE)
    assert codes_to(service, MOBILE) == before + 1
    service.clock.move(61)
    asks_at_confirm(visitor, MOBILE)
    again = service.visitor("198.51.100.8")
    register_at_password(again, MOBILE)
    again.press(new_password=PASSWORD)
    assert again.page == "register-verify"


def test_who_types_another_s_number_neither_delays_its_owner_nor_learns_of_them(service: InProcess) -> None:
    his = "giovanni.bianchi@posta.example"
    service.register(service.visitor(), his, given_name="Giovanni", family_name="Bianchi")
    maria, giovanni = customer(service), signed_in(service, his)
    giovanni.get("/account/mobile")
    confirmed_by_code(service, giovanni, his)
    assert giovanni.page == "mobile"
    sent = codes_to(service, MOBILE)
    asks_at_confirm(maria, MOBILE)
    before = codes_to(service, MOBILE)
    assert before == sent + 1
    giovanni.press(mobile=MOBILE)
    assert (giovanni.page, giovanni.last.status_code) == ("mobile-verify", 200)
    assert codes_to(service, MOBILE) == before + 1
    service.clock.move(61)
    giovanni.get("/account/mobile")
    giovanni.press(mobile=MOBILE)
    assert giovanni.page == "mobile-verify"
    assert codes_to(service, MOBILE) == before + 2
    again = signed_in(service, MOBILE)
    asks_at_confirm(again, MOBILE)
    assert not too_early(again)
    assert codes_to(service, MOBILE) == before + 3


def test_the_contacts_of_a_recovery_in_turns_wait_too(service: InProcess) -> None:
    customer(service)
    service.clock.move(60)
    visitor = service.visitor()
    visitor.get("/recover")
    visitor.press(identifier="RSSMRA80D52H501K")
    assert visitor.page == "recover-contacts", (visitor.page, visitor.faults)
    handles = [piece.partition('"')[0] for piece in visitor.last.text.split('name="contact" value="')[1:]]
    before = codes_to(service, EMAIL) + codes_to(service, MOBILE)
    for number in range(4):
        visitor.get("/recover/contacts")
        visitor.press(contact=handles[number % 2])
        # The fourth is the contact that was sent to last: its page is shown again.
        assert too_early(visitor) is (number == 2), number
    assert codes_to(service, EMAIL) + codes_to(service, MOBILE) == before + 2
    service.clock.move(60)
    visitor.get("/recover/contacts")
    visitor.press(contact=handles[0])
    assert visitor.page == "recover-verify"
    assert codes_to(service, EMAIL) + codes_to(service, MOBILE) == before + 3
