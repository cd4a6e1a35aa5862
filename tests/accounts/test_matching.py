"""Every trap of the demo registry, and what becomes of it at registration (journeys A0, A3, A4)."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from idp.accounts.matching import (
    Ambiguous,
    ContactFacts,
    Match,
    NoMatch,
    Outcome,
    PersonRegistrant,
    Reason,
    match,
)
from idp.accounts.records import CustomerRecord, age_on
from idp.accounts.registry_line import read_line
from idp.adapters.registry_file import RegistryFile
from idp.settings.people import Registration
from idp.values import TaxCode, parse_contact

DEMO = Path(__file__).parents[2] / "idp" / "demo" / "customers.csv"
NOW = int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp())
ANY = Registration()


@pytest.fixture(scope="module")
def customers() -> dict[str, CustomerRecord]:
    """The demo registry by customer number."""
    read = (read_line(line.line, line.cells) for line in RegistryFile(DEMO).lines() if line.cells is not None)
    return {one.record.customer_number: one.record for one in read if one.record is not None}


def register(
    customers: dict[str, CustomerRecord],
    given_name: str,
    family_name: str,
    contact: str,
    *,
    rules: Registration = ANY,
    registered: frozenset[str] = frozenset(),
    username_of: str | None = None,
) -> Outcome:
    """What a private person with these data gets."""
    username = parse_contact(contact)
    candidates = [r for r in customers.values() if any(c.contact == username for c in r.contacts)]
    facts = ContactFacts(
        holders=len({r.tax_code.plain if r.tax_code else r.customer_number for r in candidates}),
        of_agency=any(username in r.agency.contacts for r in customers.values()),
        registered=registered,
        username_of=username_of,
    )
    return match(PersonRegistrant(given_name, family_name, username), candidates, facts, rules, NOW)


def number_of(outcome: Outcome) -> str:
    """The customer number of a match."""
    assert isinstance(outcome, Match), outcome
    return outcome.record.customer_number


def reason_of(outcome: Outcome) -> Reason:
    """The reason of a mismatch."""
    assert not isinstance(outcome, Match), outcome
    return outcome.reason


def test_the_demo_registry_is_read_whole(customers: dict[str, CustomerRecord]) -> None:
    assert sorted(customers) == [f"C1{number:05d}" for number in range(1, 30)]


@pytest.mark.parametrize(
    ("given_name", "family_name", "contact", "number"),
    [
        ("Maria", "Rossi", "maria.rossi@posta.example", "C100001"),
        ("Maria", "Rossi", "333 123 4501", "C100001"),
        ("Giovanni", "Bianchi", "Giovanni.Bianchi@Posta.Example", "C100002"),
        ("Luca", "Verdi", "+393471234502", "C100003"),
        ("Anna", "Esposito", "328 1234503", "C100004"),
        ("Carlo", "Esposito", "328 1234504", "C100005"),
        ("Paolo", "Ferrari", "paolo.ferrari@posta.example", "C100006"),
        ("NICCOLO'", "DALESSANDRO", "niccolo.dalessandro@posta.example", "C100012"),
        ("Maria", "De Luca", "mariagrazia@lavoro.example", "C100013"),
        ("Mariagrazia", "Conti", "320 1234512", "C100013"),
        ("Giuseppe", "Russo", "giuseppe.russo60@posta.example", "C100014"),
        ("Giuseppe", "Russo", "peppe.russo@posta.example", "C100015"),
        ("Francesca", "Gallo", "+393891234515", "C100017"),
        ("Olena", "Kovalenko", "olena.k@posta.example", "C100018"),
        ("Marco", "Marino", "marco.marino@posta.example", "C100019"),
        ("Matteo", "Rinaldi", "331 1234518", "C100021"),
        ("Hans", "Gruber", "hans.gruber@posta.example", "C100023"),
        ("Hans", "Gruber", "HANS.GRUBER@POSTA.EXAMPLE", "C100023"),
        ("Hans", "Gruber", "342 1234519", "C100023"),
        ("Giorgia", "Leone", "giorgia.leone+assicurazione@posta.example", "C100024"),
        ("Jonas", "Weber", "+49 151 12345678", "C100029"),
    ],
)
def test_a4_these_customers_register(
    customers: dict[str, CustomerRecord], given_name: str, family_name: str, contact: str, number: str
) -> None:
    assert number_of(register(customers, given_name, family_name, contact)) == number


@pytest.mark.parametrize(
    ("given_name", "family_name", "contact", "reason"),
    [
        # A contact of two people, also where only one of them bears the name.
        ("Anna", "Esposito", "famiglia.esposito@posta.example", Reason.SHARED_CONTACT),
        ("Francesca", "Gallo", "gallo.lecce@posta.example", Reason.SHARED_CONTACT),
        # An agency's own.
        ("Matteo", "Rinaldi", "milano.navigli@agenzie.example", Reason.AGENCY_CONTACT),
        ("Elena", "Moretti", "milano.navigli@agenzie.example", Reason.AGENCY_CONTACT),
        # On no record at all.
        ("Giorgia", "Leone", "giorgia.leone@posta.example", Reason.NO_CONTACT),
        ("Alberto", "Fontana", "alberto.fontana@posta.example", Reason.NO_CONTACT),
        ("Maria", "Rossi", "+393339999999", Reason.NO_CONTACT),
        # An agency's, but no customer's: the agency must not be written to by whoever types its address.
        ("Maria", "Rossi", "roma.prati@agenzie.example", Reason.NO_CONTACT),
        # On record, but not under that name.
        ("Mario", "Rossi", "maria.rossi@posta.example", Reason.NAME_DIFFERS),
        ("Giuseppe", "Rossi", "peppe.russo@posta.example", Reason.NAME_DIFFERS),
        # A business record, asked for as a private person.
        ("Giulia", "Romano", "studio@giuliaromano.example", Reason.PROFILE_DIFFERS),
        ("Ernesto", "Sartori", "ernesto.sartori@posta.example", Reason.DECEASED),
        ("Nina", "Serra", "nina.serra@posta.example", Reason.UNDER_AGE),
        ("Sara", "Colombo", "sara.colombo@azienda.example", Reason.COLLECTIVE_POLICY),
    ],
)
def test_c1_these_do_not_and_this_is_why(
    customers: dict[str, CustomerRecord], given_name: str, family_name: str, contact: str, reason: Reason
) -> None:
    assert reason_of(register(customers, given_name, family_name, contact)) is reason


def test_a0_an_ended_policy_is_enough_under_any_and_not_under_active(
    customers: dict[str, CustomerRecord],
) -> None:
    paolo = ("Paolo", "Ferrari", "paolo.ferrari@posta.example")
    assert number_of(register(customers, *paolo)) == "C100006"
    assert reason_of(register(customers, *paolo, rules=Registration(policies="active"))) is Reason.NO_POLICY


def test_c5_members_of_a_collective_policy_register_where_the_setting_lets_them(
    customers: dict[str, CustomerRecord],
) -> None:
    sara = ("Sara", "Colombo", "sara.colombo@azienda.example")
    assert number_of(register(customers, *sara, rules=Registration(collective="allow"))) == "C100020"


def test_a4_the_business_record_of_the_same_person_does_not_make_a_contact_shared(
    customers: dict[str, CustomerRecord],
) -> None:
    maria = ("Maria", "Rossi", "maria.rossi@posta.example")
    assert number_of(register(customers, *maria)) == "C100001"


def test_a4_a_customer_registers_once(customers: dict[str, CustomerRecord]) -> None:
    maria = ("Maria", "Rossi", "maria.rossi@posta.example")
    own = register(customers, *maria, registered=frozenset({"C100001"}), username_of="C100001")
    assert reason_of(own) is Reason.ALREADY_REGISTERED


def test_a4_a_username_is_nobody_elses(customers: dict[str, CustomerRecord]) -> None:
    # As if the professional had registered with the contact that stands on both records.
    taken = register(
        customers,
        "Maria",
        "Rossi",
        "maria.rossi@posta.example",
        registered=frozenset({"C100026"}),
        username_of="C100026",
    )
    assert reason_of(taken) is Reason.CONTACT_TAKEN


def test_two_records_that_agree_in_everything_are_nobody(customers: dict[str, CustomerRecord]) -> None:
    from dataclasses import replace

    maria = customers["C100001"]
    doubled = {**customers, "C999999": replace(maria, customer_number="C999999")}
    outcome = register(doubled, "Maria", "Rossi", "maria.rossi@posta.example")
    assert isinstance(outcome, Ambiguous)
    assert {record.customer_number for record in outcome.records} == {"C100001", "C999999"}


def test_of_two_such_records_one_that_is_registered_already_is_not_chosen(
    customers: dict[str, CustomerRecord],
) -> None:
    from dataclasses import replace

    maria = customers["C100001"]
    doubled = {**customers, "C999999": replace(maria, customer_number="C999999")}
    outcome = register(
        doubled, "Maria", "Rossi", "333 1234501", registered=frozenset({"C100001"}), username_of=None
    )
    assert number_of(outcome) == "C999999"


def test_the_dead_and_children_are_told_nothing_and_others_the_truth() -> None:
    untold = {reason for reason in Reason if not reason.told_to_contact}
    assert untold == {
        Reason.NO_CONTACT,
        Reason.DECEASED,
        Reason.UNDER_AGE,
        Reason.UNKNOWN_IDENTIFIER,
        Reason.NOTHING_OFFERED,
    }


@pytest.mark.parametrize(
    ("today", "age"),
    [(date(2026, 6, 9), 11), (date(2026, 6, 10), 12), (date(2032, 6, 9), 17), (date(2032, 6, 10), 18)],
)
def test_age_is_counted_in_full_years(customers: dict[str, CustomerRecord], today: date, age: int) -> None:
    assert age_on(customers["C100028"], today) == age


def test_age_is_read_from_the_tax_code_where_no_birth_date_stands(
    customers: dict[str, CustomerRecord],
) -> None:
    from dataclasses import replace

    today = date(2026, 11, 22)
    for customer in customers.values():
        if (
            customer.birth_date is not None
            and customer.tax_code is not None
            and len(customer.tax_code.text) == 16
        ):
            told = age_on(replace(customer, birth_date=None), today)
            # Two digits of a year: who is over a hundred is taken for a child, which is the safer mistake.
            assert told is not None
            assert told % 100 == (age_on(customer, today) or 0) % 100
    provisional = replace(customers["C100018"], birth_date=None)
    assert provisional.tax_code == TaxCode("01234560587")
    assert age_on(provisional, today) is None


def test_minimum_age_is_a_setting(customers: dict[str, CustomerRecord]) -> None:
    nina = ("Nina", "Serra", "nina.serra@posta.example")
    assert number_of(register(customers, *nina, rules=Registration(minimum_age=12))) == "C100028"


def test_a_mismatch_names_the_record_that_came_closest_where_there_was_one(
    customers: dict[str, CustomerRecord],
) -> None:
    outcome = register(customers, "Sara", "Colombo", "sara.colombo@azienda.example")
    assert isinstance(outcome, NoMatch)
    assert outcome.record is customers["C100020"]
