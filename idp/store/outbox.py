"""The outbox: what is to leave the house, written in the transaction that decided it.

::

    waiting ──take_due──▶ waiting (leased: due again when the lease ends) ──┬─▶ sent
       ▲                                                                    ├─▶ dead     (refused, given up)
       └──────────────────────────── mark_retry ────────────────────────────┘
    waiting ──▶ expired (its time is over)        waiting ──▶ void (nobody is to have it)

A lease is fenced by the number of the attempt: a worker that slept past its lease marks nothing. The sealed
text is wiped in every state but ``waiting``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, select, update

from idp.store.database import Tx
from idp.store.tables import outbox
from idp.values import Contact, ContactKind


class Channel(StrEnum):
    """How a message travels, by the names of /dev/inbox."""

    EMAIL = "email"
    SMS = "sms"

    @classmethod
    def of(cls, kind: ContactKind) -> "Channel":
        """The channel that reaches contacts of this kind."""
        return cls.SMS if kind is ContactKind.MOBILE else cls.EMAIL

    @classmethod
    def to(cls, contact: Contact) -> "Channel":
        """The channel that reaches this contact."""
        return cls.of(contact.kind)


LOGOUT = "logout"
"""Kind and channel of a back-channel logout call."""

MESSAGE = "message"
"""Kind of what goes to a person."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One row of the outbox, before it is written. Not ``addressed``: without recipient, never sent."""

    id: str
    kind: str
    channel: str
    purpose: str
    sealed: bytes = field(repr=False)
    addressed: bool
    due_at: int
    expires_at: int
    created_at: int
    # Of an SMS, for what it costs; not stored.
    parts: int = 1

    @property
    def place(self) -> str:
        """Where the sealed text belongs (``Sealer``)."""
        return sealing_place(self.id)


@dataclass(frozen=True, slots=True)
class Leased:
    """A row that is this worker's to send until the lease ends. ``attempt`` counts from 1."""

    id: str
    kind: str
    channel: str
    purpose: str
    sealed: bytes | None = field(repr=False)
    addressed: bool
    attempt: int
    expires_at: int
    created_at: int


def sealing_place(row_id: str) -> str:
    """The place a row's text is sealed for."""
    return f"outbox/sealed_parcel/{row_id}"


def add(tx: Tx, *parcels: Parcel) -> None:
    """Write parcels; they leave once the transaction has committed."""
    if not parcels:
        return
    tx.execute(
        outbox.insert(),
        [
            {
                "id": parcel.id,
                "kind": parcel.kind,
                "channel": parcel.channel,
                "purpose": parcel.purpose,
                "sealed_parcel": parcel.sealed,
                "addressed": parcel.addressed,
                "state": "waiting",
                "attempts": 0,
                "due_at": parcel.due_at,
                "expires_at": parcel.expires_at,
                "created_at": parcel.created_at,
                "ended_at": None,
            }
            for parcel in parcels
        ],
    )


_is_due = and_(
    outbox.c.state == "waiting", outbox.c.due_at <= bindparam("now"), outbox.c.expires_at > bindparam("now")
)

_due_channels = select(outbox.c.channel).where(_is_due).distinct()


def due_channels(tx: Tx, now: int) -> frozenset[str]:
    """The channels that have something due: what an idle worker asks, and all it asks."""
    return frozenset(tx.execute(_due_channels, {"now": now}).scalars())


def _picked(channel: str | None) -> Select[tuple[str]]:
    picked = select(outbox.c.id).where(_is_due).order_by(outbox.c.due_at).limit(bindparam("at_most"))
    if channel is not None:
        picked = picked.where(outbox.c.channel == channel)
    # Two workers step around each other's rows instead of waiting (PostgreSQL; SQLite has one writer anyway).
    return picked.with_for_update(skip_locked=True)


def take_due(
    tx: Tx, now: int, lease_seconds: int, limit: int, channel: str | None = None
) -> tuple[Leased, ...]:
    """Lease up to ``limit`` due rows, of one channel or of all, oldest first, by one statement.

    A row comes up again ``lease_seconds`` later unless it was marked before. Expired rows are not taken.
    """
    # A common table expression is computed once; a subquery with SKIP LOCKED may be run again for each row
    # by PostgreSQL's planner, and then takes more rows than the limit says.
    picked = _picked(channel).cte("picked")
    statement = (
        update(outbox)
        .where(outbox.c.id.in_(select(picked.c.id)), outbox.c.state == "waiting")
        .values(due_at=bindparam("leased_until"), attempts=outbox.c.attempts + 1)
        .returning(
            outbox.c.id,
            outbox.c.kind,
            outbox.c.channel,
            outbox.c.purpose,
            outbox.c.sealed_parcel,
            outbox.c.addressed,
            outbox.c.attempts,
            outbox.c.expires_at,
            outbox.c.created_at,
        )
    )
    rows = tx.execute(statement, {"now": now, "at_most": limit, "leased_until": now + lease_seconds})
    return tuple(sorted((Leased(*row) for row in rows), key=lambda leased: leased.created_at))


def mark_sent(tx: Tx, leased: Leased, now: int) -> bool:
    """It left, and its text is wiped; False when the lease was lost."""
    return _end(tx, leased, "sent", now)


def mark_dead(tx: Tx, leased: Leased, now: int) -> bool:
    """It will never leave, and its text is wiped; False when the lease was lost."""
    return _end(tx, leased, "dead", now)


def mark_void(tx: Tx, leased: Leased, now: int) -> bool:
    """Nobody is to have it, and its text is wiped; False when the lease was lost."""
    return _end(tx, leased, "void", now)


def mark_retry(tx: Tx, leased: Leased, due_at: int) -> bool:
    """Try again at ``due_at``; False when the lease was lost."""
    statement = update(outbox).where(_still_ours(leased)).values(due_at=due_at)
    return tx.execute(statement).rowcount == 1


def give_back(tx: Tx, unsent: Iterable[Leased], now: int) -> int:
    """Undo the lease of rows that were not tried; how many came back."""
    back = 0
    for leased in unsent:
        statement = update(outbox).where(_still_ours(leased)).values(due_at=now, attempts=leased.attempt - 1)
        back += tx.execute(statement).rowcount
    return back


def expire(tx: Tx, now: int, at_most: int) -> int:
    """Wipe up to ``at_most`` rows whose time is over before they left; how many."""
    over = select(outbox.c.id).where(outbox.c.state == "waiting", outbox.c.expires_at <= now).limit(at_most)
    statement = (
        update(outbox)
        .where(outbox.c.id.in_(over.scalar_subquery()), outbox.c.state == "waiting")
        .values(state="expired", sealed_parcel=None, due_at=now, ended_at=now)
    )
    return tx.execute(statement).rowcount


def forget(tx: Tx, ended_before: int, at_most: int) -> int:
    """Delete up to ``at_most`` rows that ended before that second; how many."""
    # An ended row's due_at is the second it ended at, so that the index on (state, due_at) serves here too.
    ended = (
        select(outbox.c.id)
        .where(outbox.c.state.in_(("sent", "dead", "expired", "void")), outbox.c.due_at < ended_before)
        .limit(at_most)
    )
    return tx.execute(delete(outbox).where(outbox.c.id.in_(ended.scalar_subquery()))).rowcount


def _still_ours(leased: Leased) -> ColumnElement[bool]:
    return and_(outbox.c.id == leased.id, outbox.c.state == "waiting", outbox.c.attempts == leased.attempt)


def _end(tx: Tx, leased: Leased, state: str, now: int) -> bool:
    statement = (
        update(outbox)
        .where(_still_ours(leased))
        .values(state=state, sealed_parcel=None, due_at=now, ended_at=now)
    )
    return tx.execute(statement).rowcount == 1
