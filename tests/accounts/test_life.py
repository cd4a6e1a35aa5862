"""What a change in the registry means for an account (journey L), row by row."""

from dataclasses import replace
from datetime import date

import pytest

from idp.accounts.life import (
    AccountFacts,
    Consequence,
    ContactGone,
    Died,
    MobileOnFile,
    Names,
    Renamed,
    Reopened,
    UsernameBack,
    UsernameGone,
    consequences,
)
from idp.accounts.records import CustomerRecord, Policy, RecordContact
from idp.values import ProfileKind, RecordState, TaxCode, parse_contact

DAY = date(2024, 3, 1)
EMAIL = parse_contact("maria.rossi@posta.example")
MOBILE = parse_contact("+393331234501")
OTHER = parse_contact("maria@lavoro.example")
TYPED = parse_contact("+393339876543")

RECORD = CustomerRecord(
    customer_number="C1",
    profile=ProfileKind.PERSON,
    state=RecordState.ACTIVE,
    updated_on=DAY,
    given_name="Maria",
    family_name="Rossi",
    tax_code=TaxCode("RSSMRA80D52H501K"),
    birth_date=date(1980, 4, 12),
    contacts=(RecordContact(EMAIL, DAY), RecordContact(MOBILE, DAY)),
    policies=(Policy("RCA-1", "Auto", active=True),),
)
ACCOUNT = AccountFacts(username=EMAIL, names=Names.of(RECORD), on_file=(EMAIL,))


def with_contacts(*contacts: object) -> CustomerRecord:
    return replace(RECORD, contacts=tuple(RecordContact(contact, DAY) for contact in contacts))  # type: ignore[arg-type]


ROWS: dict[str, tuple[CustomerRecord | None, CustomerRecord, AccountFacts, tuple[Consequence, ...]]] = {
    "the same record": (RECORD, RECORD, ACCOUNT, ()),
    "a contact added": (RECORD, with_contacts(EMAIL, MOBILE, OTHER), ACCOUNT, ()),
    "a contact gone": (RECORD, with_contacts(EMAIL), ACCOUNT, (ContactGone(MOBILE),)),
    "a contact changed": (RECORD, with_contacts(EMAIL, TYPED), ACCOUNT, (ContactGone(MOBILE),)),
    "a contact gone that only the account knows": (
        None,
        with_contacts(EMAIL),
        replace(ACCOUNT, on_file=(EMAIL, MOBILE)),
        (ContactGone(MOBILE),),
    ),
    "the username gone": (RECORD, with_contacts(MOBILE), ACCOUNT, (UsernameGone(EMAIL),)),
    "the username gone, and carried out before": (
        with_contacts(MOBILE),
        with_contacts(MOBILE),
        replace(ACCOUNT, on_file=(), username_ends_at=1),
        (),
    ),
    "a username that never stood in the registry": (
        with_contacts(MOBILE),
        with_contacts(MOBILE),
        replace(ACCOUNT, username=OTHER, on_file=()),
        (),
    ),
    "the username back": (RECORD, RECORD, replace(ACCOUNT, username_ends_at=1), (UsernameBack(),)),
    "another name": (
        RECORD,
        replace(RECORD, family_name="Bianchi"),
        ACCOUNT,
        (Renamed(replace(Names.of(RECORD), family_name="Bianchi")),),
    ),
    "another tax code": (
        RECORD,
        replace(RECORD, tax_code=TaxCode("RSSMRA80D52H50ML")),
        ACCOUNT,
        (),
    ),
    "the last policy ended": (
        RECORD,
        replace(RECORD, policies=(Policy("RCA-1", "Auto", active=False),)),
        ACCOUNT,
        (),
    ),
    "the record ended": (RECORD, replace(RECORD, state=RecordState.ENDED), ACCOUNT, ()),
    "a typed mobile there": (
        RECORD,
        with_contacts(EMAIL, MOBILE, TYPED),
        replace(ACCOUNT, pending=TYPED),
        (MobileOnFile(TYPED),),
    ),
    "deceased": (RECORD, replace(RECORD, state=RecordState.DECEASED), ACCOUNT, (Died(),)),
    "deceased, with other changes": (
        RECORD,
        replace(with_contacts(OTHER), state=RecordState.DECEASED, family_name="Bianchi"),
        ACCOUNT,
        (Died(),),
    ),
    "deceased before": (
        RECORD,
        replace(RECORD, state=RecordState.DECEASED),
        replace(ACCOUNT, deceased=True),
        (),
    ),
    "no longer deceased": (RECORD, RECORD, replace(ACCOUNT, deceased=True), (Reopened(),)),
}


@pytest.mark.parametrize("row", ROWS)
def test_each_row_of_the_paragraph(row: str) -> None:
    before, after, account, expected = ROWS[row]
    assert consequences(before, after, account) == expected


def test_no_contact_shows_in_a_trace() -> None:
    assert "posta" not in repr(UsernameGone(EMAIL))
    assert "Rossi" not in repr(ACCOUNT)
