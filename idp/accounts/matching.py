"""Whether the data somebody typed are those of one customer on file who may register (journeys A0, A3, A4,
B3, C2).

Pure: the flow finds the records that hold the typed contact, or bear the typed tax code or VAT number, and
what else is known; here it is judged. The outcome is for the message to the contact, the case number and the
audit trail; which page is shown must not depend on it (journey C1).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from idp.accounts.companies import company_names_agree
from idp.accounts.names import given_names_agree, surnames_agree
from idp.accounts.records import CustomerRecord, age_on
from idp.settings.people import Registration
from idp.values import Contact, Identifier, ProfileKind, RecordState, VatNumber


class Reason(StrEnum):
    """Why the data did not match; kept with the enrolment, shown to admins."""

    # The typed contact is on no record, or may be nobody's username.
    NO_CONTACT = "no_contact"
    AGENCY_CONTACT = "agency_contact"
    SHARED_CONTACT = "shared_contact"
    # It is on record, and something else fails.
    PROFILE_DIFFERS = "profile_differs"
    NAME_DIFFERS = "name_differs"
    COMPANY_DIFFERS = "company_differs"
    VAT_DIFFERS = "vat_differs"
    DECEASED = "deceased"
    UNDER_AGE = "under_age"
    NO_POLICY = "no_policy"
    COLLECTIVE_POLICY = "collective_policy"
    ALREADY_REGISTERED = "already_registered"
    CONTACT_TAKEN = "contact_taken"
    AMBIGUOUS = "ambiguous"
    # Identification by tax code or VAT number (journeys C2, C3, H).
    UNKNOWN_IDENTIFIER = "unknown_identifier"
    NOTHING_OFFERED = "nothing_offered"
    # Identified, and no contact chosen yet: none of those offered may be theirs (journey C5).
    NONE_CHOSEN = "none_chosen"
    FRESH_CONTACT = "fresh_contact"

    @property
    def told_to_contact(self) -> bool:
        """Whether the typed or chosen contact gets a message that says what failed (journey C1).

        Not where it is on no record, and not to the dead or to children, who count as not matching.
        """
        return self not in _UNTOLD


_UNTOLD = frozenset(
    {
        Reason.NO_CONTACT,
        Reason.DECEASED,
        Reason.UNDER_AGE,
        Reason.UNKNOWN_IDENTIFIER,
        Reason.NOTHING_OFFERED,
        Reason.NONE_CHOSEN,
    }
)


class Registrant(Protocol):
    """Who wants to register: what was typed for one profile."""

    @property
    def profile(self) -> ProfileKind:
        """The profile that was chosen."""

    @property
    def username(self) -> Contact | None:
        """The contact that was typed as username; None where a code was typed instead."""

    def disagreement(self, record: CustomerRecord, rules: Registration) -> Reason | None:
        """Why what was typed is not this record's, None when it agrees."""


@dataclass(frozen=True, slots=True)
class PersonRegistrant:
    """A private person (journey A3)."""

    given_name: str = field(repr=False)
    family_name: str = field(repr=False)
    username: Contact | None = None

    @property
    def profile(self) -> ProfileKind:
        """Always ``ProfileKind.PERSON``."""
        return ProfileKind.PERSON

    def disagreement(self, record: CustomerRecord, rules: Registration) -> Reason | None:
        """``NAME_DIFFERS``, or None when first given name and surname agree."""
        return None if _names_agree(self.given_name, self.family_name, record) else Reason.NAME_DIFFERS


@dataclass(frozen=True, slots=True)
class ProfessionalRegistrant:
    """A professional (journey B3); no VAT number only where the setting does not ask for it."""

    given_name: str = field(repr=False)
    family_name: str = field(repr=False)
    vat_number: VatNumber | None = None
    username: Contact | None = None

    @property
    def profile(self) -> ProfileKind:
        """Always ``ProfileKind.PROFESSIONAL``."""
        return ProfileKind.PROFESSIONAL

    def disagreement(self, record: CustomerRecord, rules: Registration) -> Reason | None:
        """``NAME_DIFFERS``, ``VAT_DIFFERS``, or None when names and VAT number agree."""
        if not _names_agree(self.given_name, self.family_name, record):
            return Reason.NAME_DIFFERS
        return _vat_disagreement(self.vat_number, record, rules)


@dataclass(frozen=True, slots=True)
class CompanyRegistrant:
    """A company, and who acts for it (journey B3); the registry does not know that person."""

    company_name: str = field(repr=False)
    vat_number: VatNumber | None = None
    acting_name: str = field(default="", repr=False)
    username: Contact | None = None

    @property
    def profile(self) -> ProfileKind:
        """Always ``ProfileKind.COMPANY``."""
        return ProfileKind.COMPANY

    def disagreement(self, record: CustomerRecord, rules: Registration) -> Reason | None:
        """``COMPANY_DIFFERS``, ``VAT_DIFFERS``, or None when company name and VAT number agree."""
        if not company_names_agree(self.company_name, record.company_name):
            return Reason.COMPANY_DIFFERS
        return _vat_disagreement(self.vat_number, record, rules)


def _names_agree(given_name: str, family_name: str, record: CustomerRecord) -> bool:
    given = given_names_agree(given_name, record.given_name)
    # Both are compared always: a first name that agrees is not to cost more than one that does not.
    family = surnames_agree(family_name, record.family_name)
    return given and family


def _vat_disagreement(typed: VatNumber | None, record: CustomerRecord, rules: Registration) -> Reason | None:
    if rules.vat_number == "not_asked":
        return None
    # One that was left out, or that is not on file, agrees with nothing.
    return None if typed is not None and typed == record.vat_number else Reason.VAT_DIFFERS


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """What is known about the typed contact beyond the records that hold it."""

    # Different people (tax codes) on whose records it stands.
    holders: int = 0
    # Whether it is an agency's own.
    of_agency: bool = False
    # Customer numbers, among the candidates, that have an account.
    registered: frozenset[str] = frozenset()
    # The customer number whose account has it as username.
    username_of: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """The one record that agrees and may register."""

    record: CustomerRecord


@dataclass(frozen=True, slots=True)
class NoMatch:
    """Nobody to register; ``record`` is the one that came closest, where just one did."""

    reason: Reason
    record: CustomerRecord | None = None


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several records agree in everything that was typed."""

    records: tuple[CustomerRecord, ...]

    @property
    def reason(self) -> Reason:
        """Always ``Reason.AMBIGUOUS``."""
        return Reason.AMBIGUOUS


Outcome: TypeAlias = Match | NoMatch | Ambiguous


def match(
    registrant: Registrant,
    candidates: Sequence[CustomerRecord],
    facts: ContactFacts,
    rules: Registration,
    now: int,
) -> Outcome:
    """Judge the candidates, which are all records that hold the typed contact. ``now`` in epoch seconds."""
    if not candidates:
        return NoMatch(Reason.NO_CONTACT)
    if facts.of_agency:
        return NoMatch(Reason.AGENCY_CONTACT)
    if facts.holders > 1:
        return NoMatch(Reason.SHARED_CONTACT)
    case = _Case(
        rules,
        datetime.fromtimestamp(now, UTC).date(),
        registrant.profile,
        facts.registered,
        registrant,
        facts.username_of,
    )
    return _judge(case, _OF_TYPED_DATA, candidates)


def identified(
    identifier: Identifier,
    records: Sequence[CustomerRecord],
    registered: frozenset[str],
    profile: ProfileKind | None,
    rules: Registration,
    now: int,
) -> Outcome:
    """Judge the records found by a tax code or VAT number (journey C2). ``now`` in epoch seconds.

    Nothing was typed but the code, so no name is compared. One person may have two records: the ``profile``
    of the enrolment decides; without one, a tax code means the private person before the professional and a
    VAT number the business before the person. ``registered``: the customer numbers, among the records, that
    have an account.
    """
    bearing = tuple(record for record in records if bears(record, identifier))
    if not bearing:
        return NoMatch(Reason.UNKNOWN_IDENTIFIER)
    today = datetime.fromtimestamp(now, UTC).date()
    if profile is None:
        living = tuple(record for record in bearing if as_nobody(record, rules, today) is None) or bearing
        profile = min(living, key=lambda record: precedence(record, identifier)).profile
    return _judge(_Case(rules, today, profile, registered), _OF_IDENTIFIER, bearing)


def bears(record: CustomerRecord, identifier: Identifier) -> bool:
    """Whether the tax code (in any variant of omocodia) or the VAT number is this record's."""
    by_tax = (
        identifier.tax_code is not None
        and record.tax_code is not None
        and identifier.tax_code.plain == record.tax_code.plain
    )
    return by_tax or (identifier.vat_number is not None and identifier.vat_number == record.vat_number)


def precedence(record: CustomerRecord, identifier: Identifier) -> int:
    """Which of several records with one code is meant first: the lower."""
    if identifier.vat_number is None:
        return _BY_TAX_CODE.index(record.profile)
    return 0 if identifier.vat_number == record.vat_number else 1 + _BY_TAX_CODE.index(record.profile)


_BY_TAX_CODE = (ProfileKind.PERSON, ProfileKind.PROFESSIONAL, ProfileKind.COMPANY)


def as_nobody(record: CustomerRecord, rules: Registration, today: date) -> Reason | None:
    """Why this customer counts as not matching whatever is typed (journey A0); None for all others."""
    if record.state is RecordState.DECEASED:
        return Reason.DECEASED
    age = age_on(record, today)
    return Reason.UNDER_AGE if age is not None and age < rules.minimum_age else None


@dataclass(frozen=True, slots=True)
class _Case:
    rules: Registration
    today: date
    profile: ProfileKind
    # Customer numbers that have an account.
    registered: frozenset[str]
    # What was typed, and whose username that contact is; neither where a code was typed.
    registrant: Registrant | None = None
    username_of: str | None = None


_Question: TypeAlias = Callable[[_Case, CustomerRecord], Reason | None]


def _judge(case: _Case, questions: Sequence[_Question], records: Sequence[CustomerRecord]) -> Outcome:
    remaining = tuple(records)
    # Who passes all questions may register; where nobody passes one, that one tells the reason.
    for question in questions:
        reasons = {record.customer_number: question(case, record) for record in remaining}
        passing = tuple(record for record in remaining if reasons[record.customer_number] is None)
        if not passing:
            reason = next(reason for reason in reasons.values() if reason is not None)
            return NoMatch(reason, remaining[0] if len(remaining) == 1 else None)
        remaining = passing
    return Match(remaining[0]) if len(remaining) == 1 else Ambiguous(remaining)


def _somebody(case: _Case, record: CustomerRecord) -> Reason | None:
    return as_nobody(record, case.rules, case.today)


def _profile(case: _Case, record: CustomerRecord) -> Reason | None:
    return None if record.profile is case.profile else Reason.PROFILE_DIFFERS


def _typed_data(case: _Case, record: CustomerRecord) -> Reason | None:
    return None if case.registrant is None else case.registrant.disagreement(record, case.rules)


def _policy(case: _Case, record: CustomerRecord) -> Reason | None:
    live = record.state is RecordState.ACTIVE
    counting = [p for p in record.policies if case.rules.policies == "any" or (live and p.active)]
    if not counting:
        return Reason.NO_POLICY
    if case.rules.collective == "company" and all(p.collective for p in counting):
        return Reason.COLLECTIVE_POLICY
    return None


def _unregistered(case: _Case, record: CustomerRecord) -> Reason | None:
    return Reason.ALREADY_REGISTERED if record.customer_number in case.registered else None


def _username_free(case: _Case, _record: CustomerRecord) -> Reason | None:
    return Reason.CONTACT_TAKEN if case.username_of is not None else None


_OF_TYPED_DATA: tuple[_Question, ...] = (
    # First, so that whoever holds a contact of the dead or of a child is told nothing whatever they typed.
    _somebody,
    _profile,
    _typed_data,
    _policy,
    _unregistered,
    _username_free,
)
# Whose username a contact is, is asked of the contacts that are offered (``offers``).
_OF_IDENTIFIER: tuple[_Question, ...] = (_somebody, _profile, _policy, _unregistered)
