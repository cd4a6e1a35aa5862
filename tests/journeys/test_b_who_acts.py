"""Journey B3: who acts for a company declares that they may, and the declaration can be shown later."""

import json
from urllib.parse import urlsplit

import pytest

from idp.accounts.records import CustomerRecord
from idp.flows import export, life, people
from idp.flows.people import PersonView
from idp.store import accounts
from tests.service.in_process import PASSWORD, InProcess
from tests.service.visitor import Visitor

BRUNO = {
    "company_name": "Officine Meccaniche Bruno Srl",
    "vat_number": "12345030584",
    "acting_name": "Bruno Bruni",
    "may_act": "yes",
    "username": "+393451234508",
    "accept_terms": "yes",
}
NUMBER, MOBILE = "C100009", "+393451234508"


def to_verify(service: InProcess) -> Visitor:
    visitor = service.visitor()
    visitor.get("/register")
    visitor.press(profile="company")
    visitor.press(**BRUNO)
    visitor.press(new_password=PASSWORD)
    assert visitor.page == "register-verify", (visitor.page, visitor.faults)
    return visitor


def seen(service: InProcess) -> PersonView:
    (person,) = people.find(service.idp, NUMBER, now=service.clock.now())
    return person


def exported(service: InProcess) -> object:
    with service.idp.reading() as tx:
        account = accounts.find_by_customer(tx, NUMBER)
    assert account is not None
    return json.loads(export.of(service.idp, account, by="admin", now=service.clock.now()))["account"]


def test_b3_who_acts_for_a_company_is_kept_with_the_account(service: InProcess) -> None:
    visitor = to_verify(service)
    visitor.press(code=service.code_for(MOBILE))
    assert visitor.page == "register-done", (visitor.page, visitor.faults)
    assert seen(service).acting_name == "Bruno Bruni"
    told = exported(service)
    assert isinstance(told, dict)
    assert told["acting_name"] == "Bruno Bruni"


def test_b3_it_is_kept_where_the_link_is_pressed_elsewhere_too(service: InProcess) -> None:
    to_verify(service)
    link = next(str(m["link"]) for m in service.post() if m["to"] == MOBILE)
    other = service.visitor("203.0.113.9")
    other.get(urlsplit(link).path)
    other.press(vat_number=BRUNO["vat_number"], new_password=PASSWORD)
    assert other.page == "register-done", (other.page, other.faults)
    assert seen(service).acting_name == "Bruno Bruni"


def test_b3_a_company_that_is_renamed_keeps_who_acts_for_it(service: InProcess) -> None:
    visitor = to_verify(service)
    visitor.press(code=service.code_for(MOBILE))
    record = service.idp.registry.by_customer_number(NUMBER)
    assert record is not None
    renamed = CustomerRecord.from_json({**record.to_json(), "company_name": "Bruno Officine Spa"})
    assert life.carry_out(service.idp, [renamed], imported=False, now=service.clock.now()) == 1
    person = seen(service)
    assert (person.name, person.acting_name) == ("Bruno Officine Spa", "Bruno Bruni")


def test_b3_nobody_acts_for_a_person(service: InProcess) -> None:
    service.register(service.visitor())
    (person,) = people.find(service.idp, "C100001", now=service.clock.now())
    assert person.acting_name is None


@pytest.mark.parametrize("stored", [{}, {"acting_name": ""}])
def test_b3_an_account_from_before_is_read_as_one_without(service: InProcess, stored: dict[str, str]) -> None:
    service.register(service.visitor())
    with service.idp.reading() as tx:
        account = accounts.find_by_customer(tx, "C100001")
    assert account is not None
    place = f"accounts/sealed_profile/{account.sub}"
    whole = service.idp.sealer.open(account.sealed_profile, place)
    del whole["acting_name"]
    sealed = service.idp.sealer.seal({**whole, **stored}, place)
    with service.idp.writing() as tx:
        tx.exec_driver_sql("UPDATE accounts SET sealed_profile = ?", (sealed,))
    (person,) = people.find(service.idp, "C100001", now=service.clock.now())
    assert person.acting_name is None
    assert person.name == "Maria Rossi"
