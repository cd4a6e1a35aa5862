"""Changes of mobile: one under way for each account, and one statement for every step of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, union, update

from idp.accounts.mobile_change import ChangeState, ConfirmedBy, MobileChange
from idp.store.accounts import ProvenContact, prove_contact
from idp.store.database import Tx
from idp.store.sealing import Sealer
from idp.store.tables import mobile_changes, proven_contacts
from idp.values import ContactKind, MobileNumber


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change as it is stored; times are epoch seconds."""

    id: str
    sub: str
    sealed_mobile: bytes = field(repr=False)
    old_lost: bool
    state: str
    asked_at: int
    proven_at: int | None
    matures_at: int | None
    ended_at: int | None
    # Of the changes it replaced, the first proof that nobody finished.
    replaces_since: int | None

    @property
    def since(self) -> int:
        """From when on what came goes with it: its own proof, or one before it that it replaced."""
        own = self.asked_at if self.proven_at is None else self.proven_at
        return own if self.replaces_since is None else min(own, self.replaces_since)


def seal(sealer: Sealer, change_id: str, mobile: MobileNumber) -> bytes:
    """A number as it is stored."""
    return sealer.seal(mobile.text, f"mobile_changes/sealed_mobile/{change_id}")


def open_number(sealer: Sealer, change_id: str, sealed: bytes) -> MobileNumber:
    """The number itself; raises ``Unsealable``."""
    return MobileNumber(sealer.open(sealed, f"mobile_changes/sealed_mobile/{change_id}"))


_COLUMNS = tuple(mobile_changes.c[name] for name in ChangeRow.__slots__)
_LIVE = mobile_changes.c.state.in_((ChangeState.PROVING, ChangeState.PENDING))
_CURRENT = (
    select(*_COLUMNS)
    .where(mobile_changes.c.sub == bindparam("of_sub"), _LIVE)
    .order_by(mobile_changes.c.asked_at.desc(), mobile_changes.c.id)
    .limit(1)
)
_NEWEST = (
    select(*_COLUMNS)
    .where(mobile_changes.c.sub == bindparam("of_sub"))
    .order_by(mobile_changes.c.asked_at.desc(), _LIVE.desc(), mobile_changes.c.id)
    .limit(1)
)
_UNPROVEN = (
    select(mobile_changes.c.id)
    .where(mobile_changes.c.state == ChangeState.PROVING, mobile_changes.c.asked_at < bindparam("before"))
    .limit(1)
)
_BY_ID = select(*_COLUMNS).where(mobile_changes.c.id == bindparam("change_id"))
_BY_CANCEL = select(*_COLUMNS).where(mobile_changes.c.cancel_digest == bindparam("digest"))
_MATURE = (
    select(*_COLUMNS)
    .where(mobile_changes.c.state == ChangeState.PENDING, mobile_changes.c.matures_at <= bindparam("now"))
    .order_by(mobile_changes.c.matures_at)
    .limit(bindparam("at_most"))
)
_CANCEL_OTHERS = (
    update(mobile_changes)
    .where(mobile_changes.c.sub == bindparam("of_sub"), _LIVE)
    .values(state=ChangeState.CANCELLED, ended_at=bindparam("now"))
    .returning(mobile_changes.c.proven_at, mobile_changes.c.replaces_since)
)
_PROVE = (
    update(mobile_changes)
    .where(mobile_changes.c.id == bindparam("change_id"), mobile_changes.c.state == ChangeState.PROVING)
    .values(
        state=ChangeState.PENDING,
        proven_at=bindparam("now"),
        matures_at=bindparam("matures"),
        cancel_digest=bindparam("digest"),
    )
    .returning(mobile_changes.c.id)
)
_CONFIRM = (
    update(mobile_changes)
    .where(mobile_changes.c.id == bindparam("change_id"), mobile_changes.c.state == ChangeState.PENDING)
    .values(state=ChangeState.CONFIRMED, confirmed_by=bindparam("by"), ended_at=bindparam("now"))
    .returning(mobile_changes.c.id)
)
_CANCEL = (
    update(mobile_changes)
    .where(mobile_changes.c.id == bindparam("change_id"), _LIVE)
    .values(state=ChangeState.CANCELLED, ended_at=bindparam("now"))
    .returning(mobile_changes.c.sub, mobile_changes.c.proven_at, mobile_changes.c.replaces_since)
)
_CANCEL_UNPROVEN = (
    update(mobile_changes)
    .where(mobile_changes.c.sub == bindparam("of_sub"), mobile_changes.c.state == ChangeState.PROVING)
    .values(state=ChangeState.CANCELLED, ended_at=bindparam("now"))
    .returning(mobile_changes.c.sub, mobile_changes.c.proven_at, mobile_changes.c.replaces_since)
)
_SPEND_LINKS = (
    update(mobile_changes)
    .where(mobile_changes.c.sub == bindparam("of_sub"), mobile_changes.c.cancel_digest.is_not(None))
    .values(cancel_digest=None)
    .returning(mobile_changes.c.id)
)
_EXPIRE = (
    update(mobile_changes)
    .where(
        mobile_changes.c.state == ChangeState.PROVING,
        mobile_changes.c.asked_at < bindparam("before"),
    )
    .values(state=ChangeState.EXPIRED, ended_at=bindparam("now"))
    .returning(mobile_changes.c.sub, mobile_changes.c.proven_at, mobile_changes.c.replaces_since)
)
# Of many that write for one account or one number at once, each must see what those before it did.
_LOCK = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("key"), 0)))
_OTHERS_WITH = union(
    select(proven_contacts.c.sub).where(
        proven_contacts.c.contact_index == bindparam("index"), proven_contacts.c.sub != bindparam("of_sub")
    ),
    select(mobile_changes.c.sub).where(
        mobile_changes.c.mobile_index == bindparam("index"),
        mobile_changes.c.state == ChangeState.PENDING,
        mobile_changes.c.sub != bindparam("of_sub"),
    ),
)
_DROP_SINCE = delete(proven_contacts).where(
    proven_contacts.c.sub == bindparam("of_sub"),
    proven_contacts.c.proven_at >= bindparam("since"),
    proven_contacts.c.contact_index != bindparam("kept"),
)
_WAITED = select(mobile_changes.c.id).where(
    mobile_changes.c.sub == bindparam("of_sub"),
    mobile_changes.c.mobile_index == bindparam("index"),
    mobile_changes.c.state == ChangeState.CONFIRMED,
    mobile_changes.c.matures_at > mobile_changes.c.proven_at,
)
_MADE_GOOD = (
    select(mobile_changes.c.id)
    .where(
        mobile_changes.c.sub == bindparam("of_sub"),
        mobile_changes.c.state == ChangeState.CONFIRMED,
        mobile_changes.c.ended_at >= bindparam("since"),
    )
    .limit(1)
)
_FIND_AGAIN = (
    update(proven_contacts)
    .where(proven_contacts.c.sub == bindparam("of_sub"), proven_contacts.c.lost_at >= bindparam("since"))
    .values(lost_at=None)
)
_MARK = (
    update(proven_contacts)
    .where(
        proven_contacts.c.sub == bindparam("of_sub"), proven_contacts.c.contact_index == bindparam("index")
    )
    .values(source=bindparam("from_source"), lost_at=None)
)
_LOSE_MOBILES = (
    update(proven_contacts)
    .where(
        proven_contacts.c.sub == bindparam("of_sub"),
        proven_contacts.c.kind == ContactKind.MOBILE,
        proven_contacts.c.lost_at.is_(None),
    )
    .values(lost_at=bindparam("now"))
)
_FORGET_OTHER_MOBILES = delete(proven_contacts).where(
    proven_contacts.c.sub == bindparam("of_sub"),
    proven_contacts.c.kind == ContactKind.MOBILE,
    proven_contacts.c.contact_index.not_in(bindparam("kept", expanding=True)),
)


def begin(tx: Tx, change: MobileChange, *, sealed: bytes, mobile_index: bytes) -> None:
    """Begin a change; the one before it, if it was under way, is cancelled.

    What that one lost stays lost until the new one ends, whose ``replaces_since`` remembers it.
    """
    _lock(tx, f"mobile_changes:{change.sub}")
    replaced = tx.execute(_CANCEL_OTHERS, {"of_sub": change.sub, "now": change.asked_at}).all()
    proven = [since for row in replaced if (since := _first_proof(row)) is not None]
    tx.execute(
        insert(mobile_changes),
        {
            "id": change.id,
            "sub": change.sub,
            "sealed_mobile": sealed,
            "mobile_index": mobile_index,
            "old_lost": change.old_lost,
            "state": change.state,
            "asked_at": change.asked_at,
            "replaces_since": min(proven, default=None),
        },
    )


def current(tx: Tx, sub: str) -> ChangeRow | None:
    """The change under way of an account."""
    return _row(tx.execute(_CURRENT, {"of_sub": sub}).one_or_none())


def waited(tx: Tx, sub: str, mobile_index: bytes) -> bool:
    """Whether this number waited as its owner's own word before anybody confirmed it."""
    return tx.execute(_WAITED, {"of_sub": sub, "index": mobile_index}).first() is not None


def made_good(tx: Tx, sub: str, *, since: int) -> bool:
    """Whether a number of an account was made good since then."""
    return tx.execute(_MADE_GOOD, {"of_sub": sub, "since": since}).one_or_none() is not None


def newest(tx: Tx, sub: str) -> ChangeRow | None:
    """The change that an account asked for last, in whatever state."""
    return _row(tx.execute(_NEWEST, {"of_sub": sub}).one_or_none())


def by_id(tx: Tx, change_id: str) -> ChangeRow | None:
    """The change with this id, in whatever state."""
    return _row(tx.execute(_BY_ID, {"change_id": change_id}).one_or_none())


def by_cancel_token(tx: Tx, digest: bytes) -> ChangeRow | None:
    """The change that a notice's link cancels, in whatever state."""
    return _row(tx.execute(_BY_CANCEL, {"digest": digest}).one_or_none())


def mature(tx: Tx, now: int, *, at_most: int) -> tuple[ChangeRow, ...]:
    """Pending changes whose time has come, the oldest first."""
    return tuple(ChangeRow(*row) for row in tx.execute(_MATURE, {"now": now, "at_most": at_most}))


def prove(tx: Tx, change_id: str, *, cancel_digest: bytes, matures_at: int, now: int) -> bool:
    """Note the proof of a number: from now on it is pending. True for the one caller that does."""
    values = {"change_id": change_id, "digest": cancel_digest, "matures": matures_at, "now": now}
    return tx.execute(_PROVE, values).one_or_none() is not None


def confirm(tx: Tx, change_id: str, *, by: ConfirmedBy, now: int) -> bool:
    """Make a pending number good: True for the one caller that does. Write its contact in the same
    transaction (``take_over``)."""
    return tx.execute(_CONFIRM, {"change_id": change_id, "by": by, "now": now}).one_or_none() is not None


def cancel(tx: Tx, change_id: str, *, now: int) -> bool:
    """Cancel a change under way: True for the one caller that does. What it lost is found again."""
    return _undone(tx, tx.execute(_CANCEL, {"change_id": change_id, "now": now}).all()) > 0


def cancel_unproven(tx: Tx, sub: str, *, now: int) -> bool:
    """Cancel the change of an account whose code was not answered yet; whether there was one."""
    return _undone(tx, tx.execute(_CANCEL_UNPROVEN, {"of_sub": sub, "now": now}).all()) > 0


def take_over(tx: Tx, sub: str, proven: ProvenContact, *, keep: bytes) -> None:
    """The number is the account's mobile now; others are none any more, but for the one with index ``keep``
    (the username's)."""
    tx.execute(_FORGET_OTHER_MOBILES, {"of_sub": sub, "kept": (proven.contact_index, keep)})
    prove_contact(tx, sub, proven)
    tx.execute(_MARK, {"of_sub": sub, "index": proven.contact_index, "from_source": proven.source})


def lose_mobiles(tx: Tx, sub: str, *, now: int) -> None:
    """Note that the account's mobiles were reported lost: nothing more is sent there."""
    tx.execute(_LOSE_MOBILES, {"of_sub": sub, "now": now})


def find_again(tx: Tx, sub: str, *, since: int) -> None:
    """Mobiles that were reported lost since then are not."""
    tx.execute(_FIND_AGAIN, {"of_sub": sub, "since": since})


def drop_since(tx: Tx, sub: str, *, since: int, keep: bytes) -> int:
    """Forget the contacts proven since then, but for the one with index ``keep`` (the username's); how
    many."""
    return tx.execute(_DROP_SINCE, {"of_sub": sub, "since": since, "kept": keep}).rowcount


def spend_links(tx: Tx, sub: str) -> tuple[str, ...]:
    """The links that were sent for an account cancel nothing any more; the changes whose links did until
    now, for the one caller that ends them."""
    return tuple(tx.execute(_SPEND_LINKS, {"of_sub": sub}).scalars())


def has_unproven(tx: Tx, *, before: int) -> bool:
    """Whether ``expire`` would find any."""
    return tx.execute(_UNPROVEN, {"before": before}).one_or_none() is not None


def expire(tx: Tx, *, before: int, now: int) -> int:
    """Give up the numbers that nobody proved, asked for before that time; how many. What those that they
    replaced lost is found again."""
    return _undone(tx, tx.execute(_EXPIRE, {"before": before, "now": now}).all())


def others_with(tx: Tx, mobile_index: bytes, *, sub: str) -> int:
    """How many other accounts have this number, or wait for it.

    Whoever asks next, to have it too, waits for the end of this transaction.
    """
    _lock(tx, f"mobile_numbers:{mobile_index.hex()}")
    return len(tx.execute(_OTHERS_WITH, {"index": mobile_index, "of_sub": sub}).all())


def _first_proof(row: Any) -> int | None:
    """When a change was proven, or one that it replaced, whichever was first; None where neither was."""
    return min((at for at in (row.proven_at, row.replaces_since) if at is not None), default=None)


def _undone(tx: Tx, ended: Sequence[Any]) -> int:
    """Find again what changes lost that ended unconfirmed; how many they are."""
    for row in ended:
        since = _first_proof(row)
        if since is not None:
            find_again(tx, row.sub, since=since)
    return len(ended)


def _lock(tx: Tx, key: str) -> None:
    if tx.dialect.name == "postgresql":
        tx.execute(_LOCK, {"key": key})


def _row(row: Any) -> ChangeRow | None:
    return None if row is None else ChangeRow(*row)
