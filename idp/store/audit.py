"""The audit trail: rows are only ever added. Actors and sources are pseudonyms, details never personal
data."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select

from idp.accounts.audit import Detail, Event, checked_details
from idp.store.database import Tx
from idp.store.prepared import Prepared
from idp.store.tables import audit_events


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as it was noted; ``at`` in epoch seconds."""

    id: int
    at: int
    event: Event
    client_id: str | None
    details: Mapping[str, Detail]


@dataclass(frozen=True, slots=True)
class Owned:
    """Which entries are an account's own: of ``actors`` since ``since`` (epoch seconds), and of ``username``
    since then too, but after the entry ``username_after``; None where the account has no username any more.
    """

    actors: tuple[str, ...]
    since: int
    username: str | None
    username_after: int

    def values(self) -> dict[str, Any]:
        """What the statements over them are given."""
        return {
            "actors": list(self.actors),
            "since": self.since,
            "username": self.username,
            "username_after": self.username_after,
        }


RESTORED = "username_restored"
"""What ``ACCOUNT_FOLLOWED_REGISTRY`` says of a username that was free, perhaps somebody else's, and came
back."""

_ARE_OWNED = and_(
    audit_events.c.at >= bindparam("since"),
    or_(
        audit_events.c.actor.in_(bindparam("actors", expanding=True)),
        and_(audit_events.c.actor == bindparam("username"), audit_events.c.id > bindparam("username_after")),
    ),
)
_OWNED = (
    select(audit_events.c.at, audit_events.c.name, audit_events.c.client_id, audit_events.c.details)
    .where(_ARE_OWNED)
    .order_by(audit_events.c.id)
)
_USERNAME_TAKEN = select(func.max(audit_events.c.id)).where(
    or_(
        and_(
            audit_events.c.actor == bindparam("sub"),
            audit_events.c.name == Event.USERNAME_CHANGED,
        ),
        and_(
            audit_events.c.actor == bindparam("customer"),
            audit_events.c.name == Event.ACCOUNT_FOLLOWED_REGISTRY,
            audit_events.c.details.like(f"%{RESTORED}%"),
        ),
    )
)
_OWNED_OF_NAMES = (
    select(
        audit_events.c.id,
        audit_events.c.at,
        audit_events.c.name,
        audit_events.c.client_id,
        audit_events.c.details,
    )
    .where(
        _ARE_OWNED,
        audit_events.c.name.in_(bindparam("names", expanding=True)),
        audit_events.c.id < bindparam("before"),
    )
    .order_by(audit_events.c.id.desc())
    .limit(bindparam("at_most"))
)
_END_OF_TIME = 2**62
# Nearly every request that changes anything notes something.
_ADD = Prepared(
    audit_events.insert()
    .inline()
    .values({name: bindparam(name) for name in ("at", "name", "actor", "client_id", "source", "details")})
)


def add(
    tx: Tx,
    event: Event,
    *,
    at: int,
    actor: str | None = None,
    client_id: str | None = None,
    source: str | None = None,
    details: Mapping[str, Detail] | None = None,
) -> None:
    """Note that something happened, in the transaction in which it happens.

    Raises ``ValueError`` for a detail that the event does not have.
    """
    _ADD.run(
        tx,
        {
            "at": at,
            "name": event.value,
            "actor": actor,
            "client_id": client_id,
            "source": source,
            "details": json.dumps(checked_details(event, details or {}), sort_keys=True),
        },
    )


def username_taken(tx: Tx, sub: str, customer: str) -> int:
    """The entry with which an account's username became theirs; 0 where they were born with it.

    ``sub`` and ``customer`` are the account's pseudonyms.
    """
    return tx.execute(_USERNAME_TAKEN, {"sub": sub, "customer": customer}).scalar_one() or 0


def newest_of(
    tx: Tx, owned: Owned, events: Collection[Event], *, before: int | None, at_most: int
) -> tuple[EventRow, ...]:
    """The account's own entries of these events, newest first, before the entry ``before``."""
    values = {
        **owned.values(),
        "names": sorted(events),
        "before": _END_OF_TIME if before is None else before,
        "at_most": at_most,
    }
    return tuple(
        EventRow(row.id, row.at, Event(row.name), row.client_id, json.loads(row.details))
        for row in tx.execute(_OWNED_OF_NAMES, values)
    )


def all_of(tx: Tx, owned: Owned) -> list[dict[str, Any]]:
    """All of the account's own entries, the oldest first."""
    return [dict(row._mapping) for row in tx.execute(_OWNED, owned.values())]


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One event as it stands in the trail."""

    at: int
    name: str
    actor: str | None
    client_id: str | None
    details: Mapping[str, Detail]


def named(tx: Tx, names: Collection[Event], *, since: int, at_most: int) -> tuple[AuditRow, ...]:
    """At most so many events of these names since a time (epoch seconds), the oldest first."""
    columns = audit_events.c
    rows = tx.execute(
        select(columns.at, columns.name, columns.actor, columns.client_id, columns.details)
        .where(columns.at >= since, columns.name.in_([str(name) for name in names]))
        .order_by(columns.at, columns.id)
        .limit(at_most)
    )
    return tuple(AuditRow(r.at, r.name, r.actor, r.client_id, json.loads(r.details)) for r in rows)
