"""One line of a registry file: everything wrong with it, by column."""

from datetime import date

import pytest

from idp.accounts.records import Agency, CustomerRecord, Policy, RecordContact
from idp.accounts.registry_line import COLUMNS, customer_number_of, read_line
from idp.values import EmailAddress, MobileNumber, ProfileKind, RecordState, TaxCode, VatNumber

MARIA = {
    "customer_number": "C100001",
    "profile": "person",
    "state": "active",
    "given_name": "Maria",
    "family_name": "Rossi",
    "company_name": "",
    "tax_code": "RSSMRA80D52H501K",
    "vat_number": "",
    "birth_date": "1980-04-12",
    "emails": "maria.rossi@posta.example",
    "mobiles": "+393331234501",
    "policies": "RCA-100001:Auto:active/VITA-100001:Vita:inactive:collective",
    "agency_name": "Agenzia Roma Prati",
    "agency_phone": "+39 06 5550 0101",
    "agency_email": "roma.prati@agenzie.example",
    "updated_on": "2024-03-01",
}


def codes(**changes: str) -> list[tuple[str | None, str, bool]]:
    """What is found wrong with Maria's line after these changes: column, code, whether it is a warning."""
    return [(fault.column, fault.code, fault.warning) for fault in read_line(7, {**MARIA, **changes}).faults]


def record(**changes: str) -> CustomerRecord:
    """The record of Maria's line after these changes."""
    found = read_line(7, {**MARIA, **changes}).record
    assert found is not None
    return found


def test_a_line_becomes_a_record() -> None:
    assert tuple(MARIA) == COLUMNS
    assert codes() == []
    assert record() == CustomerRecord(
        customer_number="C100001",
        profile=ProfileKind.PERSON,
        state=RecordState.ACTIVE,
        updated_on=date(2024, 3, 1),
        given_name="Maria",
        family_name="Rossi",
        tax_code=TaxCode("RSSMRA80D52H501K"),
        birth_date=date(1980, 4, 12),
        contacts=(
            RecordContact(EmailAddress("maria.rossi@posta.example"), date(2024, 3, 1)),
            RecordContact(MobileNumber("+393331234501"), date(2024, 3, 1)),
        ),
        policies=(
            Policy("RCA-100001", "Auto", active=True),
            Policy("VITA-100001", "Vita", active=False, collective=True),
        ),
        agency=Agency("Agenzia Roma Prati", "+39 06 5550 0101", EmailAddress("roma.prati@agenzie.example")),
    )


def test_a_record_survives_being_stored() -> None:
    for one in (
        record(),
        record(birth_date="", tax_code="", emails="", mobiles="", policies="", agency_email=""),
    ):
        assert CustomerRecord.from_json(one.to_json()) == one


def test_a_record_does_not_show_the_person_in_a_trace() -> None:
    shown = repr(record())
    assert not any(secret in shown for secret in ("Maria", "Rossi", "RSSMRA", "1980", "333123"))


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("customer_number", "", "missing"),
        ("customer_number", "C 1", "invalid_customer_number"),
        ("customer_number", "C" * 65, "invalid_customer_number"),
        ("profile", "", "missing"),
        ("profile", "Person", "unknown_profile"),
        ("state", "dead", "unknown_state"),
        ("given_name", " ", "missing"),
        ("family_name", "", "missing"),
        ("family_name", "x" * 201, "too_long"),
        ("given_name", "Ma\x00ria", "control_character"),
        ("tax_code", "RSSMRA80D52H501A", "invalid_tax_code"),
        ("vat_number", "12345010587", "invalid_vat_number"),
        ("birth_date", "12/04/1980", "invalid_date"),
        ("birth_date", "1980-02-30", "invalid_date"),
        ("birth_date", "1849-12-31", "impossible_date"),
        ("birth_date", "2024-03-02", "impossible_date"),
        ("emails", "maria.rossi", "invalid_email"),
        ("emails", "maria.rossi@posta.example|", "invalid_email"),
        ("emails", "maria.rossi@posta.example;1.3.2024", "invalid_date"),
        ("mobiles", "12", "invalid_mobile"),
        ("policies", "RCA-1", "invalid_policy"),
        ("policies", "RCA-1:Auto:live", "invalid_policy"),
        ("policies", "RCA-1:Auto:active:shared", "invalid_policy"),
        ("policies", ":Auto:active", "invalid_policy"),
        ("policies", "RCA-1:Auto:active/RCA-1:Auto:inactive", "duplicate_policy"),
        ("agency_phone", "0" * 41, "too_long"),
        ("agency_email", "roma", "invalid_email"),
        ("updated_on", "", "missing"),
        ("updated_on", "2024-3-1", "invalid_date"),
    ],
)
def test_a_fault_refuses_the_line_and_names_its_column(column: str, cell: str, code: str) -> None:
    reading = read_line(7, {**MARIA, column: cell})
    wrong = [fault for fault in reading.faults if not fault.warning]
    assert reading.record is None
    assert [(fault.line, fault.column, fault.code) for fault in wrong] == [(7, column, code)]
    assert cell.strip() == "" or cell.strip() not in str(wrong[0])


def test_every_fault_of_a_line_is_told_at_once() -> None:
    assert [column for column, _, _ in codes(profile="x", tax_code="x", emails="x|y", updated_on="x")] == [
        "profile",
        "updated_on",
        "tax_code",
        "emails",
        "emails",
    ]


@pytest.mark.parametrize(
    ("changes", "column", "code"),
    [
        ({"mobiles": "+39 0471 555 777|+393421234519"}, "mobiles", "not_mobile"),
        ({"emails": "maria.rossi@posta.example|MARIA.ROSSI@posta.example"}, "emails", "duplicate_contact"),
        ({"birth_date": "1980-04-13"}, "birth_date", "birth_date_differs"),
        ({"tax_code": ""}, "tax_code", "no_tax_code"),
    ],
)
def test_a_warning_lets_the_line_pass(changes: dict[str, str], column: str, code: str) -> None:
    assert codes(**changes) == [(column, code, True)]
    assert record(**changes).customer_number == "C100001"


def test_a_landline_among_the_mobiles_is_not_kept() -> None:
    contacts = record(mobiles="+39 0471 555 777|+393421234519", emails="").contacts
    assert [one.contact.text for one in contacts] == ["+393421234519"]


def test_a_contact_has_its_own_date_or_the_lines() -> None:
    contacts = record(emails="a@posta.example;2026-11-20|b@posta.example").contacts
    assert [(one.contact.text, one.changed_on) for one in contacts[:2]] == [
        ("a@posta.example", date(2026, 11, 20)),
        ("b@posta.example", date(2024, 3, 1)),
    ]


def test_of_a_contact_that_stands_twice_the_newer_date_counts() -> None:
    contacts = record(emails="a@posta.example;2026-11-20|A@posta.example;2020-01-01", mobiles="").contacts
    assert [(one.contact.text, one.changed_on) for one in contacts] == [
        ("a@posta.example", date(2026, 11, 20))
    ]


def test_each_profile_wants_its_own_names_and_numbers() -> None:
    company = {"profile": "company", "given_name": "", "family_name": "", "birth_date": ""}
    assert codes(**company, tax_code="12345030584") == [
        ("company_name", "missing", False),
        ("vat_number", "missing", False),
    ]
    bruno = record(
        **company,
        tax_code="12345030584",
        company_name="Officine Meccaniche Bruno S.r.l.",
        vat_number="12345030584",
    )
    assert bruno.vat_number == VatNumber("12345030584")
    assert codes(profile="professional") == [("vat_number", "missing", False)]


def test_an_agencys_email_and_mobile_are_its_own_contacts_and_its_landline_is_none() -> None:
    assert [contact.text for contact in record().agency.contacts] == ["roma.prati@agenzie.example"]
    assert [contact.text for contact in record(agency_phone="333 1112223").agency.contacts] == [
        "roma.prati@agenzie.example",
        "+393331112223",
    ]
    assert record(agency_phone="", agency_email="").agency.contacts == ()


def test_a_faulty_line_still_says_whose_it_is() -> None:
    assert customer_number_of({**MARIA, "tax_code": "x"}) == "C100001"
    assert customer_number_of({**MARIA, "customer_number": "?"}) is None
    assert customer_number_of({}) is None
