"""A registration under way; it can do nothing but finish (journeys, *Enrolment*).

::

    data ──▶ password ──▶ challenge sent ──right answer──▶ completed (an account exists)
      └──────────┴───────────────┴──── 24 h ────▶ expired

Nothing of a customer exists before the contact is proven: the password that was typed is an entry here, and
so is the match (security bar D6). An enrolment whose data did not match walks the same way to a challenge
that has no right answer.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from idp.accounts.matching import (
    CompanyRegistrant,
    PersonRegistrant,
    ProfessionalRegistrant,
    Reason,
    Registrant,
)
from idp.values import Contact, Identifier, ProfileKind, VatNumber, parse_identifier
from idp.values.contacts import stored_contact

# No letter or digit that is taken for another on paper or on the telephone.
_CASE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CASE_OCTETS = 6


class Stage(StrEnum):
    """Where an enrolment stands."""

    PASSWORD = "password"
    CHALLENGE = "challenge"
    COMPLETED = "completed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Typed:
    """What the customer typed, kept sealed until the enrolment ends.

    ``username`` is the contact that was typed or, after identification by code, the one that was chosen; for
    a decoy it is a contact of nobody's that is masked as the page showed it.
    """

    username: Contact
    profile: ProfileKind = ProfileKind.PERSON
    given_name: str = field(default="", repr=False)
    family_name: str = field(default="", repr=False)
    company_name: str = field(default="", repr=False)
    vat_number: VatNumber | None = None
    acting_name: str = field(default="", repr=False)
    # Set where the customer was identified by tax code or VAT number (journey C2).
    identifier: Identifier | None = None

    def registrant(self) -> Registrant:
        """The same, to be matched."""
        match self.profile:
            case ProfileKind.PERSON:
                return PersonRegistrant(self.given_name, self.family_name, self.username)
            case ProfileKind.PROFESSIONAL:
                return ProfessionalRegistrant(
                    self.given_name, self.family_name, self.vat_number, self.username
                )
            case ProfileKind.COMPANY:
                return CompanyRegistrant(self.company_name, self.vat_number, self.acting_name, self.username)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that was typed; none of them belongs in a password."""
        names = (self.given_name, self.family_name, self.company_name, self.acting_name)
        return tuple(name for name in names if name)

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which ``from_json`` makes the same."""
        return {
            "username": [self.username.kind, self.username.text],
            "profile": self.profile,
            "given_name": self.given_name,
            "family_name": self.family_name,
            "company_name": self.company_name,
            "vat_number": None if self.vat_number is None else self.vat_number.text,
            "acting_name": self.acting_name,
            "identifier": None if self.identifier is None else self.identifier.text,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Typed":
        """What ``to_json`` wrote."""
        return cls(
            username=stored_contact(*stored["username"]),
            profile=ProfileKind(stored["profile"]),
            given_name=stored["given_name"],
            family_name=stored["family_name"],
            company_name=stored["company_name"],
            vat_number=VatNumber(stored["vat_number"]) if stored["vat_number"] else None,
            acting_name=stored["acting_name"],
            identifier=parse_identifier(stored["identifier"]) if stored["identifier"] else None,
        )


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One registration; times are epoch seconds."""

    id: str
    profile: ProfileKind
    case_number: str
    language: str
    created_at: int
    expires_at: int
    typed: Typed
    customer_number: str | None = None
    reason: Reason | None = None
    password_hash: str | None = field(default=None, repr=False)
    interaction_id: str | None = None
    terms_version: str | None = None
    privacy_version: str | None = None
    terms_accepted_at: int | None = None
    completed_at: int | None = None
    # The digest, in hexadecimal, of the activation code that stands for the proof of a contact.
    activation: str | None = field(default=None, repr=False)

    def stage(self, now: int) -> Stage:
        """Where it stands at ``now``."""
        if self.completed_at is not None:
            return Stage.COMPLETED
        if self.expires_at <= now:
            return Stage.EXPIRED
        return Stage.PASSWORD if self.password_hash is None else Stage.CHALLENGE


def case_number(octets: bytes) -> str:
    """A short number to tell the help desk (``7K2-4QF``), made of six random octets."""
    if len(octets) != CASE_OCTETS:
        raise ValueError("six random octets are wanted")
    letters = []
    number = int.from_bytes(octets, "big")
    for _ in range(6):
        number, place = divmod(number, len(_CASE_LETTERS))
        letters.append(_CASE_LETTERS[place])
    return f"{''.join(letters[:3])}-{''.join(letters[3:])}"
