"""Asks the registry whose the typed data are, as they stand now: the one way from data to a customer record.

A match and a mismatch cost the same: the same look-ups, and on records that are not there the work of opening
and judging them (security bar 5.1).
"""

from dataclasses import dataclass
from datetime import date

from idp.accounts.enrolment import Typed
from idp.accounts.matching import ContactFacts, Match, Outcome, Reason, match
from idp.accounts.records import CustomerRecord, Policy, RecordContact
from idp.flows.idp import Idp
from idp.store import accounts, registry
from idp.values import ProfileKind, RecordState


@dataclass(frozen=True, slots=True)
class Judged:
    """The record that may register, or the reason why none may."""

    record: CustomerRecord | None
    reason: Reason | None


def by_data(idp: Idp, typed: Typed, *, now: int) -> Judged:
    """What the registry makes of typed data (journeys A and B).

    Two look-ups in the registry and one in our own accounts, always. Raises ``RegistryDown``.
    """
    candidates = idp.registry.by_contact(typed.username)
    (standing,) = idp.registry.standings((typed.username,))
    index = idp.sealer.contact_index(typed.username)
    with idp.reading() as tx:
        claims = accounts.claims(tx, index, (record.customer_number for record in candidates))
    _work_as_if_found(idp, typed, _RECORDS_OF_ONE - len(candidates), now=now)
    facts = ContactFacts(
        holders=standing.holders,
        of_agency=standing.of_agency,
        registered=claims.registered,
        username_of=claims.username_of,
    )
    return judged(match(typed.registrant(), candidates, facts, idp.settings.registration, now))


def again(idp: Idp, typed: Typed, *, now: int) -> Judged:
    """The same, on the way the customer came: the registry may have changed meanwhile."""
    return by_data(idp, typed, now=now)


def judged(outcome: Outcome) -> Judged:
    """An outcome of matching, as the flows use it."""
    if isinstance(outcome, Match):
        return Judged(outcome.record, None)
    return Judged(None, outcome.reason)


_RECORDS_OF_ONE = 2
"""Records that a customer has at most, but for a rare few: their own, and the one by VAT number."""


def _work_as_if_found(idp: Idp, typed: Typed, missing: int, *, now: int) -> None:
    """Spend on records that are not there what opening and judging them costs, so that time tells nothing.

    A record that agrees in everything is made up and thrown away; sealing costs what opening does.
    """
    someone = CustomerRecord(
        customer_number="",
        profile=typed.profile,
        state=RecordState.ACTIVE,
        updated_on=_LONG_AGO,
        given_name=typed.given_name,
        family_name=typed.family_name,
        company_name=typed.company_name,
        vat_number=typed.vat_number,
        birth_date=None if typed.profile is ProfileKind.COMPANY else _LONG_AGO,
        contacts=(RecordContact(typed.username, _LONG_AGO),) * 2,
        policies=(Policy("", "", active=True),) * 2,
    )
    facts = ContactFacts(holders=1)
    for _ in range(missing):
        registry.seal(idp.sealer, someone)
        match(typed.registrant(), (someone,), facts, idp.settings.registration, now)


_LONG_AGO = date(1900, 1, 1)
