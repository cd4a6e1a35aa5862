"""The numbers of an account: the one that confirms what its owner does, and the one that waits."""

from dataclasses import dataclass

from idp.accounts.audit import Detail, Event
from idp.accounts.mobile_change import ChangeState
from idp.flows.idp import Idp
from idp.store import accounts, audit, mobile_changes, recoveries
from idp.store.accounts import AccountRow, ProvenContact
from idp.store.database import Tx
from idp.values import Contact, ContactKind, MobileNumber


@dataclass(frozen=True, slots=True)
class Mobile:
    """The number that confirms what its owner does; ``lost``: it was reported lost and gets no codes."""

    number: MobileNumber
    lost: bool


@dataclass(frozen=True, slots=True)
class Pending:
    """A number that waits; ``usable_at`` in epoch seconds."""

    number: MobileNumber
    usable_at: int


def mobile_of(idp: Idp, account: AccountRow) -> Mobile | None:
    """The mobile of an account: the newest, one that is not lost before one that is."""
    with idp.reading() as tx:
        found = recoveries.ways_of(tx, account.sub)
    ways = [way for way in found if way.kind is ContactKind.MOBILE and way.pending is None]
    if not ways:
        return None
    way = max(ways, key=lambda way: (not way.lost, way.added_at, way.contact_index))
    proven = ProvenContact(way.contact_index, way.kind, way.sealed, way.added_at)
    contact = accounts.open_contact(idp.sealer, account.sub, proven)
    return Mobile(MobileNumber(contact.text), way.lost)


def pending_of(idp: Idp, account: AccountRow) -> Pending | None:
    """The number that waits at an account."""
    with idp.reading() as tx:
        row = mobile_changes.current(tx, account.sub)
    if row is None or row.state != ChangeState.PENDING or row.matures_at is None:
        return None
    return Pending(mobile_changes.open_number(idp.sealer, row.id, row.sealed_mobile), row.matures_at)


def came_of_it(idp: Idp, account: AccountRow, *, since: int) -> ChangeState | None:
    """What became of the newest change since then; None when nothing did."""
    with idp.reading() as tx:
        row = mobile_changes.newest(tx, account.sub)
    if row is None:
        return None
    at = row.proven_at if row.ended_at is None else row.ended_at
    return ChangeState(row.state) if at is not None and at >= since else None


def opened(idp: Idp, change_id: str, sealed: bytes) -> Contact:
    """The number of a stored change; raises ``Unsealable``."""
    return mobile_changes.open_number(idp.sealer, change_id, sealed)


def note(idp: Idp, tx: Tx, event: Event, sub: str, details: dict[str, Detail], *, now: int) -> None:
    """Write into the trail what became of a change of this account's number."""
    audit.add(tx, event, at=now, actor=idp.sealer.pseudonym(f"sub:{sub}"), details=details)
