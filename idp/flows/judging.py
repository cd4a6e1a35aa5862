"""Asks the registry whose the typed data are, as they stand now: the one way from data to a customer record.

A match and a mismatch cost the same: the same look-ups, and on records that are not there the work of opening
and judging them (security bar 5.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from idp.accounts.enrolment import Typed
from idp.accounts.matching import (
    ContactFacts,
    Match,
    NoMatch,
    Outcome,
    Reason,
    bears,
    identified,
    match,
)
from idp.accounts.records import CustomerRecord, RecordContact
from idp.flows import nobody
from idp.flows.idp import Idp
from idp.store import activation_codes, claims
from idp.values import Contact, Identifier, ProfileKind


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
    facts = _facts(idp, typed.username, candidates)
    _work_as_if_found(idp, typed, candidates, now=now)
    return judged(match(typed.registrant(), candidates, facts, idp.settings.registration, now))


def by_identifier(idp: Idp, typed: Typed, identifier: Identifier, *, now: int) -> Judged:
    """What the registry makes of a contact chosen for a tax code or VAT number (journey C3).

    No name is compared: whoever answers at a contact of the record is the customer. Of one person's two
    records with this contact the profile that was chosen says which is meant, else the code. Look-ups and
    work as in ``by_data``. Raises ``RegistryDown``.
    """
    found = idp.registry.by_identifier(identifier)
    facts = _facts(idp, typed.username, found)
    _work_as_if_found(idp, typed, found, now=now)
    rules = idp.settings.registration
    holding = tuple(record for record in found if _holds(record, typed.username))
    profiles = {record.profile for record in holding if bears(record, identifier)}
    wanted = typed.profile if typed.profile in profiles else None
    outcome = identified(identifier, holding or found, facts.registered, wanted, rules, now)
    if not holding:
        # A decoy, or what has left the record meanwhile.
        untold = isinstance(outcome, NoMatch) and not outcome.reason.told_to_contact
        return judged(outcome) if untold else Judged(None, Reason.NOTHING_OFFERED)
    if not isinstance(outcome, Match):
        return judged(outcome)
    refused = _unusable(facts)
    return judged(outcome) if refused is None else Judged(None, refused)


def by_activation(
    idp: Idp, typed: Typed, identifier: Identifier, customer_number: str, *, now: int
) -> Judged:
    """Whether the customer of an activation code may register with this contact, which may be on their record
    or on none.

    Members of a collective policy may (journey C5). Raises ``RegistryDown``.
    """
    record = idp.registry.by_customer_number(customer_number)
    found = () if record is None else (record,)
    facts = _facts(idp, typed.username, found)
    rules = idp.settings.registration.model_copy(update={"collective": "allow"})
    outcome = identified(identifier, found, facts.registered, None, rules, now)
    if not isinstance(outcome, Match):
        return judged(outcome)
    refused = _unusable(facts)
    if refused is None and facts.holders and not _holds(outcome.record, typed.username):
        refused = Reason.SHARED_CONTACT
    return judged(outcome) if refused is None else Judged(None, refused)


def again(idp: Idp, typed: Typed, *, activation: str | None = None, now: int) -> Judged:
    """The same, on the way the customer came: the registry may have changed meanwhile.

    ``activation`` is the enrolment's.
    """
    if typed.identifier is None:
        return by_data(idp, typed, now=now)
    if activation is None:
        return by_identifier(idp, typed, typed.identifier, now=now)
    with idp.reading() as tx:
        code = activation_codes.find(tx, bytes.fromhex(activation))
    if code is None or not code.live(now):
        return Judged(None, Reason.NONE_CHOSEN)
    return by_activation(idp, typed, typed.identifier, code.customer_number, now=now)


def _facts(idp: Idp, contact: Contact, records: Sequence[CustomerRecord]) -> ContactFacts:
    (standing,) = idp.registry.standings((contact,))
    index = idp.sealer.contact_index(contact)
    with idp.reading() as tx:
        known = claims.of_contacts(tx, (index,), claims.as_always(one.customer_number for one in records))
    return ContactFacts(
        holders=standing.holders,
        of_agency=standing.of_agency,
        registered=known.registered,
        username_of=known.owners.get(index),
    )


def _unusable(facts: ContactFacts) -> Reason | None:
    """Why a contact can be nobody's new username."""
    if facts.of_agency:
        return Reason.AGENCY_CONTACT
    if facts.holders > 1:
        return Reason.SHARED_CONTACT
    return None if facts.username_of is None else Reason.CONTACT_TAKEN


def _holds(record: CustomerRecord, contact: Contact) -> bool:
    return any(on_record.contact == contact for on_record in record.contacts)


def judged(outcome: Outcome) -> Judged:
    """An outcome of matching, as the flows use it."""
    if isinstance(outcome, Match):
        return Judged(outcome.record, None)
    return Judged(None, outcome.reason)


def _work_as_if_found(idp: Idp, typed: Typed, found: Sequence[CustomerRecord], *, now: int) -> None:
    """Open and judge records that are not there: each agrees with what was typed in everything."""
    someone = replace(
        nobody.someone(),
        profile=typed.profile,
        given_name=typed.given_name,
        family_name=typed.family_name,
        company_name=typed.company_name,
        tax_code=None,
        vat_number=typed.vat_number,
        birth_date=None if typed.profile is ProfileKind.COMPANY else nobody.LONG_AGO,
        contacts=(RecordContact(typed.username, nobody.LONG_AGO),) * 2,
    )
    facts = ContactFacts(holders=1)

    def judge(record: CustomerRecord) -> None:
        match(typed.registrant(), (record,), facts, idp.settings.registration, now)

    nobody.work_as_if_found(idp, found, someone, judge)
