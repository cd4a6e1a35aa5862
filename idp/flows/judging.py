"""Asks the registry whose the typed data are, as they stand now: the one way from data to a customer record.

A match and a mismatch cost the same: the same look-ups, and on records that are not there the work of
judging them (security bar 5.1); what fetching and opening them costs is the registry's to spend.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from idp.accounts import nobody
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
from idp.accounts.registry import RECORDS_OF_ONE
from idp.flows.idp import Idp
from idp.store import activation_codes, claims
from idp.values import Contact, Identifier


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
    rules, registrant = idp.settings.registration, typed.registrant()

    def judge(record: CustomerRecord) -> Outcome:
        return match(registrant, (record,), ContactFacts(holders=1), rules, now)

    _work_as_if_found(candidates, _agreeing(typed), judge)
    return judged(match(registrant, candidates, facts, rules, now))


def by_identifier(idp: Idp, typed: Typed, identifier: Identifier, *, now: int) -> Judged:
    """What the registry makes of a contact chosen for a tax code or VAT number (journey C3).

    No name is compared: whoever answers at a contact of the record is the customer. Of one person's two
    records with this contact the profile that was chosen says which is meant, else the code. Look-ups and
    work as in ``by_data``. Raises ``RegistryDown``.
    """
    found = idp.registry.by_identifier(identifier)
    facts = _facts(idp, typed.username, found)
    rules = idp.settings.registration

    def judge(*records: CustomerRecord) -> tuple[bool, Outcome]:
        holding = tuple(record for record in records if _holds(record, typed.username))
        profiles = {record.profile for record in holding if bears(record, identifier)}
        wanted = typed.profile if typed.profile in profiles else None
        outcome = identified(identifier, holding or records, facts.registered, wanted, rules, now)
        return bool(holding), outcome

    _work_as_if_found(found, _agreeing(typed, identifier), judge)
    holding, outcome = judge(*found)
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


def _agreeing(typed: Typed, identifier: Identifier | None = None) -> CustomerRecord:
    """Somebody who is not there, and agrees with what was typed in everything."""
    made_up = nobody.someone(identifier)
    return replace(
        made_up,
        profile=typed.profile,
        given_name=typed.given_name,
        family_name=typed.family_name,
        company_name=typed.company_name,
        vat_number=made_up.vat_number if typed.vat_number is None else typed.vat_number,
        contacts=(RecordContact(typed.username, nobody.LONG_AGO),) * 2,
    )


def _work_as_if_found(
    found: Sequence[CustomerRecord], made_up: CustomerRecord, judge: Callable[[CustomerRecord], object]
) -> None:
    """Judge in the place of records that are not there somebody who agrees."""
    for _ in range(RECORDS_OF_ONE - len(found)):
        judge(made_up)
