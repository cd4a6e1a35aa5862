"""The statements by which an account follows its customer record (journey L)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Update, bindparam, case, delete, exists, select, update

from idp.accounts.mobile_change import ChangeState
from idp.store.accounts import (
    ACTIVE,
    COLUMNS,
    DECEASED,
    LOCKED,
    ON_FILE,
    PROVEN_COLUMNS,
    AccountRow,
    ProvenContact,
    account_of,
    proven_of,
)
from idp.store.database import Tx
from idp.store.tables import accounts, mobile_changes, proven_contacts

LOCKED_DECEASED = "locked_deceased"
"""The state of an account that an admin had closed before its customer died."""


@dataclass(frozen=True, slots=True)
class PendingMobile:
    """A mobile that its owner proved, and that waits to be confirmed."""

    id: str
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """An account with what is kept of its contacts."""

    account: AccountRow
    on_file: tuple[ProvenContact, ...] = ()
    pending: PendingMobile | None = None


_OF_CUSTOMERS = select(*COLUMNS).where(accounts.c.customer_number.in_(bindparam("numbers", expanding=True)))
_ON_FILE = select(proven_contacts.c.sub, *PROVEN_COLUMNS).where(
    proven_contacts.c.sub.in_(bindparam("subs", expanding=True)), proven_contacts.c.source == ON_FILE
)
_PENDING = select(mobile_changes.c.sub, mobile_changes.c.id, mobile_changes.c.sealed_mobile).where(
    mobile_changes.c.sub.in_(bindparam("subs", expanding=True)), mobile_changes.c.state == ChangeState.PENDING
)
_OF = accounts.c.sub == bindparam("of")
_SET_STATE = (
    update(accounts)
    .where(_OF, accounts.c.state == bindparam("from_state"))
    .values(state=bindparam("to_state"), updated_at=bindparam("now"))
    .returning(accounts.c.sub)
)
DEATH = {ACTIVE: DECEASED, LOCKED: LOCKED_DECEASED}
"""What becomes of each state by a death; the other way round where it was an error."""


def _moving(states: Mapping[str, str]) -> Update:
    moved = case(states, value=accounts.c.state)
    return (
        update(accounts)
        .where(_OF, accounts.c.state.in_(list(states)))
        .values(state=moved, updated_at=bindparam("now"))
    )


_DIE = _moving(DEATH)
_REOPEN = _moving({after: before for before, after in DEATH.items()})
_HAS_DIED = select(accounts.c.sub).where(_OF, accounts.c.state.in_(list(DEATH.values())))
_SET_PROFILE = (
    update(accounts).where(_OF).values(sealed_profile=bindparam("sealed"), updated_at=bindparam("now"))
)
_SET_USERNAME_END = (
    update(accounts).where(_OF).values(username_ends_at=bindparam("ends_at"), updated_at=bindparam("now"))
)
_OTHERS = accounts.alias()
_RESTORE_USERNAME = (
    update(accounts)
    .where(
        _OF,
        accounts.c.username_index.is_(None),
        ~exists().where(_OTHERS.c.username_index == bindparam("index")),
    )
    .values(username_index=bindparam("index"))
    .returning(accounts.c.sub)
)
_FORGET_CONTACT = delete(proven_contacts).where(
    proven_contacts.c.sub == bindparam("of"), proven_contacts.c.contact_index == bindparam("index")
)
_FREE = (
    update(accounts)
    .where(
        accounts.c.sub.in_(
            select(accounts.c.sub)
            .where(accounts.c.username_ends_at <= bindparam("now"), accounts.c.username_index.is_not(None))
            .limit(bindparam("at_most"))
            .scalar_subquery()
        )
    )
    .values(username_index=None)
)


def kept_of(tx: Tx, customer_numbers: Sequence[str]) -> tuple[Kept, ...]:
    """The accounts of these customers, with their contacts; three statements at most."""
    if not customer_numbers:
        return ()
    rows = [account_of(row) for row in tx.execute(_OF_CUSTOMERS, {"numbers": list(customer_numbers)})]
    subs = [row.sub for row in rows]
    if not subs:
        return ()
    on_file: dict[str, list[ProvenContact]] = {sub: [] for sub in subs}
    for row in tx.execute(_ON_FILE, {"subs": subs}):
        on_file[row.sub].append(proven_of(row))
    pending = {
        row.sub: PendingMobile(row.id, row.sealed_mobile) for row in tx.execute(_PENDING, {"subs": subs})
    }
    return tuple(Kept(row, tuple(on_file[row.sub]), pending.get(row.sub)) for row in rows)


def set_state(tx: Tx, sub: str, *, old: str, new: str, now: int) -> bool:
    """Put an account from one state into another; False when it was not in the first."""
    values = {"of": sub, "from_state": old, "to_state": new, "now": now}
    return tx.execute(_SET_STATE, values).one_or_none() is not None


def die(tx: Tx, sub: str, *, now: int) -> None:
    """Close the account of somebody who died, in whatever state an admin may have put it meanwhile."""
    tx.execute(_DIE, {"of": sub, "now": now})


def has_died(tx: Tx, sub: str) -> bool:
    """Whether the customer of this account has died."""
    return tx.execute(_HAS_DIED, {"of": sub}).one_or_none() is not None


def reopen(tx: Tx, sub: str, *, now: int) -> None:
    """Take back ``die``: what an admin did stays."""
    tx.execute(_REOPEN, {"of": sub, "now": now})


def set_profile(tx: Tx, sub: str, sealed: bytes, *, now: int) -> None:
    """Replace an account's personal data."""
    tx.execute(_SET_PROFILE, {"of": sub, "sealed": sealed, "now": now})


def end_username(tx: Tx, sub: str, ends_at: int | None, *, now: int) -> None:
    """Let a username sign in until ``ends_at``; None: without end."""
    tx.execute(_SET_USERNAME_END, {"of": sub, "ends_at": ends_at, "now": now})


def restore_username(tx: Tx, sub: str, username_index: bytes) -> bool:
    """Give a freed username back to its account; False where it was not freed, or another account has it."""
    given = tx.execute(_RESTORE_USERNAME, {"of": sub, "index": username_index})
    return given.one_or_none() is not None


def forget_contact(tx: Tx, sub: str, contact_index: bytes) -> None:
    """A proven contact is none any more."""
    tx.execute(_FORGET_CONTACT, {"of": sub, "index": contact_index})


def free_usernames(tx: Tx, now: int, at_most: int) -> int:
    """Free the usernames whose time is over; how many (0: nothing is left)."""
    return tx.execute(_FREE, {"now": now, "at_most": at_most}).rowcount
