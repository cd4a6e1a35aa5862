"""What the agency registry knows of a customer (journeys, *Customer record*): the insurer's data."""

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from idp.values import (
    Contact,
    EmailAddress,
    Malformed,
    MobileNumber,
    ProfileKind,
    RecordState,
    TaxCode,
    VatNumber,
)
from idp.values.contacts import stored_contact


@dataclass(frozen=True, slots=True)
class RecordContact:
    """A contact on file, and the day it last changed there."""

    contact: Contact
    changed_on: date


@dataclass(frozen=True, slots=True)
class Policy:
    """An insurance contract; ``collective`` when an employer or association holds it for its members."""

    number: str
    product: str
    active: bool
    collective: bool = False


@dataclass(frozen=True, slots=True)
class Agency:
    """The agency that looks after the customer; its own contacts are nobody's username."""

    name: str = ""
    phone: str = ""
    email: EmailAddress | None = None

    @property
    def contacts(self) -> tuple[Contact, ...]:
        """Those of its contacts that could be mistaken for a customer's: its email, its phone if a mobile."""
        mobile = _mobile_of(self.phone)
        return tuple(contact for contact in (self.email, mobile) if contact is not None)


@lru_cache(maxsize=1024)
def _mobile_of(phone: str) -> MobileNumber | None:
    # An agency's telephone stands on thousands of records, and parsing one takes a while.
    try:
        return MobileNumber.parse(phone) if phone else None
    except Malformed:
        return None


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """One customer in the agency registry."""

    customer_number: str
    profile: ProfileKind
    state: RecordState
    updated_on: date
    given_name: str = field(default="", repr=False)
    family_name: str = field(default="", repr=False)
    company_name: str = field(default="", repr=False)
    tax_code: TaxCode | None = None
    vat_number: VatNumber | None = None
    birth_date: date | None = field(default=None, repr=False)
    contacts: tuple[RecordContact, ...] = ()
    policies: tuple[Policy, ...] = ()
    agency: Agency = Agency()

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which ``from_json`` makes the same record."""
        return {
            "customer_number": self.customer_number,
            "profile": self.profile,
            "state": self.state,
            "updated_on": self.updated_on.isoformat(),
            "given_name": self.given_name,
            "family_name": self.family_name,
            "company_name": self.company_name,
            "tax_code": self.tax_code.text if self.tax_code else None,
            "vat_number": self.vat_number.text if self.vat_number else None,
            "birth_date": self.birth_date.isoformat() if self.birth_date else None,
            "contacts": [[c.contact.kind, c.contact.text, c.changed_on.isoformat()] for c in self.contacts],
            "policies": [[p.number, p.product, p.active, p.collective] for p in self.policies],
            "agency": [
                self.agency.name,
                self.agency.phone,
                self.agency.email.text if self.agency.email else None,
            ],
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "CustomerRecord":
        """The record that ``to_json`` wrote; values are in canonical form there and are not checked again."""
        name, phone, email = stored["agency"]
        return cls(
            customer_number=stored["customer_number"],
            profile=ProfileKind(stored["profile"]),
            state=RecordState(stored["state"]),
            updated_on=date.fromisoformat(stored["updated_on"]),
            given_name=stored["given_name"],
            family_name=stored["family_name"],
            company_name=stored["company_name"],
            tax_code=TaxCode(stored["tax_code"]) if stored["tax_code"] else None,
            vat_number=VatNumber(stored["vat_number"]) if stored["vat_number"] else None,
            birth_date=date.fromisoformat(stored["birth_date"]) if stored["birth_date"] else None,
            contacts=tuple(
                RecordContact(stored_contact(kind, text), date.fromisoformat(changed_on))
                for kind, text, changed_on in stored["contacts"]
            ),
            policies=tuple(Policy(*policy) for policy in stored["policies"]),
            agency=Agency(name, phone, EmailAddress(email) if email else None),
        )


def age_on(record: CustomerRecord, today: date) -> int | None:
    """The customer's age in full years, None where neither birth date nor a 16-character tax code tells it.

    A tax code has two digits of the year: the younger reading is taken, since minors are commoner than people
    over a hundred.
    """
    # Read from the code always: a birth date on file is not to make a record cheaper to judge.
    by_code = _born_by_tax_code(record.tax_code, today)
    born = record.birth_date or by_code
    if born is None:
        return None
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _born_by_tax_code(tax_code: TaxCode | None, today: date) -> date | None:
    if tax_code is None or len(tax_code.text) != 16:
        return None
    plain = tax_code.plain
    year, month, day = int(plain[6:8]), "ABCDEHLMPRST".index(plain[8]) + 1, int(plain[9:11]) % 40
    for century in (2000, 1900):
        try:
            born = date(century + year, month, day)
        except ValueError:
            continue
        if born <= today:
            return born
    return None
