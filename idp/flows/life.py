"""Carries out what a change in the agency registry means for accounts (journey L).

An import calls it for each batch, with the records as they were; for a registry that is another system's
``idp registry reconcile`` walks over the accounts. What follows is prepared outside of the transaction and
written inside the one that changes the record, so that the one never stands without the other; and anew where
somebody who died was issued something in between, so that whoever issued it is told. Carrying out the same
twice does nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from idp.accounts.audit import Event
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
from idp.accounts.mobile_change import ConfirmedBy
from idp.accounts.records import CustomerRecord
from idp.flows import sessions as session_flows
from idp.flows import telling
from idp.flows.idp import Idp
from idp.flows.mobile import making_good, numbers
from idp.flows.sessions import Leaving
from idp.flows.wording import Purpose as Letter
from idp.store import accounts, audit, life, outbox, registry
from idp.store.accounts import AccountProfile, AccountRow
from idp.store.database import Tx
from idp.store.life import Kept
from idp.store.outbox import Parcel
from idp.store.registry import SealedRecord
from idp.values import Contact


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done for one account."""

    account: AccountRow
    found: tuple[Consequence, ...]
    username_index: bytes = field(repr=False)
    sealed_profile: bytes | None = field(default=None, repr=False)
    parcels: tuple[Parcel, ...] = ()
    # Of somebody who died: their sessions end, and the relying parties are told.
    leaving: Leaving | None = None
    confirmation: making_good.Confirmation | None = None


def carry_out(
    idp: Idp,
    after: Sequence[CustomerRecord],
    write: Callable[[Tx], None] | None = None,
    *,
    imported: bool,
    now: int,
) -> int:
    """Do what follows for the accounts of these records; how many accounts that changes.

    ``write`` writes the records themselves, in the same transaction, and may run anew in another.
    ``imported``: our own table still has them as they were. Raises ``RegistryDown``.
    """

    def attempt(anew: bool) -> int:
        steps = _prepare(idp, after, imported=imported, anew=anew, now=now)
        if steps or write is not None:
            with idp.writing() as tx:
                if write is not None:
                    write(tx)
                for step in steps:
                    _write(idp, tx, step, now=now)
        return len(steps)

    changed = session_flows.until_told(attempt)
    if changed:
        idp.post_waiting.set()
    return changed


def _prepare(
    idp: Idp, after: Sequence[CustomerRecord], *, imported: bool, anew: bool, now: int
) -> tuple[Step, ...]:
    by_number = {record.customer_number: record for record in after}
    with idp.reading() as tx:
        kept = life.kept_of(tx, sorted(by_number))
        customers = [one.account.customer_number for one in kept]
        sealed = dict(registry.sealed_records(tx, customers)) if imported else {}
    steps = []
    for one in kept:
        number = one.account.customer_number
        before = None
        if number in sealed:
            before = registry.opened(idp.sealer, SealedRecord(number, sealed[number]))
        steps.append(_step(idp, one, before, by_number[number], anew=anew, now=now))
    return tuple(step for step in steps if step.found)


def reconcile(idp: Idp, *, now: int, batch: int = 50) -> int:
    """Ask the registry for the record of every account and carry out what follows; how many accounts changed.

    An account whose record is not there any more is left as it is: a registry that forgets is no reason to
    lock customers out. Raises ``RegistryDown``; what was done until then stays done.
    """
    after, changed = "", 0
    while True:
        with idp.reading() as tx:
            customers = accounts.customer_numbers(tx, after=after, at_most=batch)
        if not customers:
            return changed
        found = (idp.registry.by_customer_number(number) for number in customers)
        records = [record for record in found if record is not None]
        after, changed = customers[-1], changed + carry_out(idp, records, imported=False, now=now)


def _step(
    idp: Idp, kept: Kept, before: CustomerRecord | None, record: CustomerRecord, *, anew: bool, now: int
) -> Step:
    account = kept.account
    profile = accounts.open_profile(idp.sealer, account)
    facts = AccountFacts(
        username=profile.username,
        names=Names(profile.given_name, profile.family_name, profile.company_name, profile.birth_date),
        on_file=tuple(accounts.open_contact(idp.sealer, account.sub, one) for one in kept.on_file),
        pending=None if kept.pending is None else numbers.opened(idp, kept.pending.id, kept.pending.sealed),
        username_ends_at=account.username_ends_at,
        deceased=account.state in (accounts.DECEASED, life.LOCKED_DECEASED),
    )
    found = consequences(before, record, facts)
    parcels: list[Parcel] = []
    sealed_profile, leaving, confirmation = None, None, None
    for one in found:
        match one:
            case ContactGone(contact):
                parcels += _told(idp, account, contact, Letter.CONTACT_REMOVED, now=now)
            case UsernameGone(contact):
                until = now + idp.settings.lifetimes.removed_username
                parcels += _told(idp, account, contact, Letter.USERNAME_REMOVED, until=until, now=now)
            case Renamed(names):
                sealed_profile = _renamed(idp, account, profile, names)
            case Died():
                leaving = session_flows.leave(idp, account.sub, anew=anew, now=now)
            case MobileOnFile(contact) if kept.pending is not None:
                confirmation = making_good.confirmation(
                    idp, account, kept.pending.id, contact, by=ConfirmedBy.REGISTRY, now=now
                )
                parcels += confirmation.parcels
            case _:
                pass
    return Step(
        account,
        found,
        idp.sealer.contact_index(profile.username),
        sealed_profile,
        tuple(parcels),
        leaving,
        confirmation,
    )


def _write(idp: Idp, tx: Tx, step: Step, *, now: int) -> None:
    account, sub = step.account, step.account.sub
    what = [_NAMES[type(one)] for one in step.found]
    for one in step.found:
        match one:
            case Died():
                life.die(tx, sub, now=now)
                if step.leaving is not None:
                    step.leaving.end_all(tx, now=now, keep_browsers=True)
            case Reopened():
                life.reopen(tx, sub, now=now)
            case Renamed():
                if step.sealed_profile is not None:
                    life.set_profile(tx, sub, step.sealed_profile, now=now)
            case ContactGone(contact):
                life.forget_contact(tx, sub, idp.sealer.contact_index(contact))
            case UsernameGone(contact):
                life.end_username(tx, sub, now + idp.settings.lifetimes.removed_username, now=now)
                life.forget_contact(tx, sub, idp.sealer.contact_index(contact))
            case UsernameBack():
                life.end_username(tx, sub, None, now=now)
                if life.restore_username(tx, sub, step.username_index):
                    what.append(audit.RESTORED)
            case MobileOnFile():
                if step.confirmation is not None:
                    making_good.confirm(idp, tx, step.confirmation, now=now)
    outbox.add(tx, *step.parcels)
    audit.add(
        tx,
        Event.ACCOUNT_FOLLOWED_REGISTRY,
        at=now,
        actor=idp.sealer.pseudonym(f"customer:{account.customer_number}"),
        details={"what": " ".join(dict.fromkeys(what))},
    )


_NAMES: Mapping[type, str] = {
    Died: "died",
    Reopened: "reopened",
    Renamed: "renamed",
    ContactGone: "contact_gone",
    UsernameGone: "username_gone",
    UsernameBack: "username_back",
    MobileOnFile: "mobile_on_file",
}


def _told(
    idp: Idp, account: AccountRow, contact: Contact, letter: Letter, *, now: int, until: int | None = None
) -> tuple[Parcel, ...]:
    """A notice to a contact that left the record, unless it is somebody else's too."""
    facts = {} if until is None else {"until": until}
    return telling.notices(idp, account, telling.unshared(idp, (contact,)), letter, now=now, facts=facts)


def _renamed(idp: Idp, account: AccountRow, profile: AccountProfile, names: Names) -> bytes:
    return accounts.seal_profile(
        idp.sealer,
        account.sub,
        replace(
            profile,
            given_name=names.given_name,
            family_name=names.family_name,
            company_name=names.company_name,
            birth_date=names.birth_date,
        ),
    )
