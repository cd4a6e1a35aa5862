"""A number that waits is made good: by time, the registry, an admin or an activation code.

Every own contact is told. It replaces the numbers before it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from idp.accounts.audit import Detail, Event
from idp.accounts.mobile_change import ChangeState, ConfirmedBy
from idp.accounts.registry import RegistryDown
from idp.flows import activation, fresh, telling
from idp.flows.activation import Wrong as WrongCode
from idp.flows.browser import Browser
from idp.flows.fresh import NotFresh, Owner
from idp.flows.idp import Idp
from idp.flows.mobile import numbers
from idp.flows.proving import Limited
from idp.flows.sessions import SessionGone
from idp.flows.wording import Purpose as Letter
from idp.store import accounts, mobile_changes, outbox
from idp.store.accounts import ON_FILE, TYPED, AccountRow, ProvenContact
from idp.store.database import Tx
from idp.store.outbox import Parcel
from idp.values import Contact, ContactKind

_AT_ONCE = 50
_UNPROVEN_LIFE = 24 * 3600


class Beaten(Exception):
    """Another request was faster: nothing of this is to stay."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Everything prepared to make a pending number good; ``parcels`` are to be written beside it."""

    account: AccountRow
    change_id: str
    by: ConfirmedBy
    proven: ProvenContact = field(repr=False)
    parcels: tuple[Parcel, ...] = ()
    # It is as good as what lets a new account confirm operations at once (accounts.ledger).
    lifts: bool = False


def confirmation(
    idp: Idp, account: AccountRow, change_id: str, contact: Contact, *, by: ConfirmedBy, now: int
) -> Confirmation:
    """Prepare what ``confirm`` writes: the contact sealed, a letter to every own contact.

    Raises ``RegistryDown``.
    """
    own = telling.own(idp, account)
    lifts = by in (ConfirmedBy.ADMIN, ConfirmedBy.ACTIVATION)
    return confirmation_telling(idp, account, change_id, contact, own.contacts, by=by, lifts=lifts, now=now)


def confirmation_telling(
    idp: Idp,
    account: AccountRow,
    change_id: str,
    contact: Contact,
    told: Iterable[Contact],
    *,
    by: ConfirmedBy,
    lifts: bool,
    now: int,
) -> Confirmation:
    """The same for known contacts; ``lifts``: the account may confirm operations at once."""
    proven = ProvenContact(
        idp.sealer.contact_index(contact),
        ContactKind.MOBILE,
        accounts.seal_contact(idp.sealer, account.sub, contact),
        now,
        # One that the registry has goes when it leaves the registry.
        ON_FILE if by is ConfirmedBy.REGISTRY else TYPED,
    )
    parcels = telling.notices(idp, account, (contact, *told), Letter.MOBILE_CONFIRMED, now=now)
    return Confirmation(account, change_id, by, proven, parcels, lifts)


def confirm(idp: Idp, tx: Tx, prepared: Confirmation, *, now: int) -> bool:
    """Make the number good: True for the one caller that does, False when it was cancelled or confirmed
    meanwhile."""
    account = prepared.account
    if not mobile_changes.confirm(tx, prepared.change_id, by=prepared.by, now=now):
        return False
    mobile_changes.take_over(tx, account.sub, prepared.proven, keep=account.username_index or b"")
    if prepared.lifts:
        accounts.lift_hold(tx, account.sub)
    details: dict[str, Detail] = {"change": prepared.change_id, "by": prepared.by}
    numbers.note(idp, tx, Event.MOBILE_CONFIRMED, account.sub, details, now=now)
    return True


def mature(idp: Idp, now: int) -> int:
    """Make good the numbers whose time has come and that nobody cancelled; how many.

    While the registry is down they wait on. A number at an account that is locked is dropped.
    """
    with idp.reading() as tx:
        rows = mobile_changes.mature(tx, now, at_most=_AT_ONCE)
        owners = {row.id: accounts.by_sub(tx, row.sub) for row in rows}
    done = 0
    for row in rows:
        account = owners[row.id]
        if account is None or account.state != accounts.ACTIVE:
            with idp.writing() as tx:
                mobile_changes.cancel(tx, row.id, now=now)
            continue
        number = numbers.opened(idp, row.id, row.sealed_mobile)
        try:
            prepared = confirmation(idp, account, row.id, number, by=ConfirmedBy.TIME, now=now)
        except RegistryDown:
            break
        with idp.writing() as tx:
            if confirm(idp, tx, prepared, now=now):
                outbox.add(tx, *prepared.parcels)
                done += 1
    with idp.reading() as tx:
        forgotten = mobile_changes.has_unproven(tx, before=now - _UNPROVEN_LIFE)
    if forgotten:
        with idp.writing() as tx:
            mobile_changes.expire(tx, before=now - _UNPROVEN_LIFE, now=now)
    if done:
        idp.post_waiting.set()
    return done


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The number is usable at once."""


@dataclass(frozen=True, slots=True)
class NothingWaits:
    """No number waits: it was confirmed or cancelled meanwhile, or there never was one."""


def confirm_with_code(
    idp: Idp, known: Owner, typed: str, browser: Browser, *, now: int
) -> Confirmed | NothingWaits | WrongCode | Limited | NotFresh:
    """Make the number good by an activation code of this customer, which is used up.

    Raises ``Malformed`` for what is no code at all, and ``RegistryDown``.
    """
    account = known.account
    found = activation.look_up_own(idp, account, typed, browser=browser, now=now)
    if isinstance(found, WrongCode | Limited):
        return found
    with idp.reading() as tx:
        row = mobile_changes.current(tx, account.sub)
    if row is None or row.state != ChangeState.PENDING:
        return NothingWaits()
    number = numbers.opened(idp, row.id, row.sealed_mobile)
    prepared = confirmation(idp, account, row.id, number, by=ConfirmedBy.ACTIVATION, now=now)
    try:
        with idp.writing() as tx:
            fresh.hold(tx, known)
            if not activation.spend(tx, found.digest, account.customer_number, now=now):
                return WrongCode()
            if not confirm(idp, tx, prepared, now=now):
                raise Beaten
            outbox.add(tx, *prepared.parcels)
    except SessionGone:
        return NotFresh()
    except Beaten:
        return NothingWaits()
    idp.post_waiting.set()
    return Confirmed()
