"""Whether the data somebody typed are those of one customer on file who may register (journeys A0, A3, A4).

Pure: the flow finds the records that hold the typed contact and what else is known about that contact; here
it is judged. The outcome is for the message to the contact, the case number and the audit trail; which page
is shown must not depend on it (journey C1).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from idp.accounts.names import given_names_agree, surnames_agree
from idp.accounts.records import CustomerRecord, age_on
from idp.settings.people import Registration
from idp.values import Contact, ProfileKind, RecordState


class Reason(StrEnum):
    """Why the data did not match; kept with the enrolment, shown to admins."""

    # The typed contact is on no record, or may be nobody's username.
    NO_CONTACT = "no_contact"
    AGENCY_CONTACT = "agency_contact"
    SHARED_CONTACT = "shared_contact"
    # It is on record, and something else fails.
    PROFILE_DIFFERS = "profile_differs"
    NAME_DIFFERS = "name_differs"
    DECEASED = "deceased"
    UNDER_AGE = "under_age"
    NO_POLICY = "no_policy"
    COLLECTIVE_POLICY = "collective_policy"
    ALREADY_REGISTERED = "already_registered"
    CONTACT_TAKEN = "contact_taken"
    AMBIGUOUS = "ambiguous"

    @property
    def told_to_contact(self) -> bool:
        """Whether the typed contact gets a message that says what failed (journey C1).

        Not where it is on no record, and not to the dead or to children, who count as not matching.
        """
        return self not in _UNTOLD


_UNTOLD = frozenset({Reason.NO_CONTACT, Reason.DECEASED, Reason.UNDER_AGE})


class Registrant(Protocol):
    """Who wants to register: what was typed for one profile."""

    @property
    def profile(self) -> ProfileKind:
        """The profile that was chosen."""

    @property
    def username(self) -> Contact:
        """The contact that was typed as username."""

    def disagreement(self, record: CustomerRecord) -> Reason | None:
        """Why what was typed is not this record's, None when it agrees."""


@dataclass(frozen=True, slots=True)
class PersonRegistrant:
    """A private person (journey A3)."""

    given_name: str = field(repr=False)
    family_name: str = field(repr=False)
    username: Contact

    @property
    def profile(self) -> ProfileKind:
        """Always ``ProfileKind.PERSON``."""
        return ProfileKind.PERSON

    def disagreement(self, record: CustomerRecord) -> Reason | None:
        """``NAME_DIFFERS``, or None when first given name and surname agree."""
        agree = given_names_agree(self.given_name, record.given_name) and surnames_agree(
            self.family_name, record.family_name
        )
        return None if agree else Reason.NAME_DIFFERS


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
    case = _Case(registrant, facts, rules, datetime.fromtimestamp(now, UTC).date())
    remaining = tuple(candidates)
    # Who passes all questions may register; where nobody passes one, that one tells the reason.
    for question in _QUESTIONS:
        reasons = {record.customer_number: question(case, record) for record in remaining}
        passing = tuple(record for record in remaining if reasons[record.customer_number] is None)
        if not passing:
            reason = next(reason for reason in reasons.values() if reason is not None)
            return NoMatch(reason, remaining[0] if len(remaining) == 1 else None)
        remaining = passing
    return Match(remaining[0]) if len(remaining) == 1 else Ambiguous(remaining)


@dataclass(frozen=True, slots=True)
class _Case:
    registrant: Registrant
    facts: ContactFacts
    rules: Registration
    today: date


def _profile(case: _Case, record: CustomerRecord) -> Reason | None:
    return None if record.profile is case.registrant.profile else Reason.PROFILE_DIFFERS


def _typed_data(case: _Case, record: CustomerRecord) -> Reason | None:
    return case.registrant.disagreement(record)


def _alive(_case: _Case, record: CustomerRecord) -> Reason | None:
    return Reason.DECEASED if record.state is RecordState.DECEASED else None


def _of_age(case: _Case, record: CustomerRecord) -> Reason | None:
    age = age_on(record, case.today)
    return Reason.UNDER_AGE if age is not None and age < case.rules.minimum_age else None


def _policy(case: _Case, record: CustomerRecord) -> Reason | None:
    live = record.state is RecordState.ACTIVE
    counting = [p for p in record.policies if case.rules.policies == "any" or (live and p.active)]
    if not counting:
        return Reason.NO_POLICY
    if case.rules.collective == "company" and all(p.collective for p in counting):
        return Reason.COLLECTIVE_POLICY
    return None


def _unregistered(case: _Case, record: CustomerRecord) -> Reason | None:
    return Reason.ALREADY_REGISTERED if record.customer_number in case.facts.registered else None


def _username_free(case: _Case, _record: CustomerRecord) -> Reason | None:
    return Reason.CONTACT_TAKEN if case.facts.username_of is not None else None


_QUESTIONS: tuple[Callable[[_Case, CustomerRecord], Reason | None], ...] = (
    # First, so that whoever holds a contact of the dead or of a child is told nothing whatever they typed.
    _alive,
    _of_age,
    _profile,
    _typed_data,
    _policy,
    _unregistered,
    _username_free,
)
