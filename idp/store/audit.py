"""The audit trail: rows are only ever added. Actors and sources are pseudonyms, details never personal
data."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from idp.accounts.audit import Detail, Event, checked_details
from idp.store.database import Tx
from idp.store.tables import audit_events


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as it was noted; ``at`` in epoch seconds."""

    id: int
    at: int
    event: Event
    client_id: str | None
    details: Mapping[str, Detail]


_OF_ACTORS = (
    select(
        audit_events.c.id,
        audit_events.c.at,
        audit_events.c.name,
        audit_events.c.client_id,
        audit_events.c.details,
    )
    .where(
        audit_events.c.actor.in_(bindparam("actors", expanding=True)),
        audit_events.c.name.in_(bindparam("names", expanding=True)),
        audit_events.c.at >= bindparam("since"),
        audit_events.c.id < bindparam("before"),
    )
    .order_by(audit_events.c.id.desc())
    .limit(bindparam("at_most"))
)
_END_OF_TIME = 2**62


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
    tx.execute(
        audit_events.insert(),
        {
            "at": at,
            "name": event,
            "actor": actor,
            "client_id": client_id,
            "source": source,
            "details": json.dumps(checked_details(event, details or {}), sort_keys=True),
        },
    )


def of_actors(
    tx: Tx, actors: Sequence[str], events: Collection[Event], *, since: int, before: int | None, at_most: int
) -> tuple[EventRow, ...]:
    """What these pseudonyms did of these events, newest first: at ``since`` or later, and before the event
    ``before``."""
    values = {
        "actors": list(actors),
        "names": sorted(events),
        "since": since,
        "before": _END_OF_TIME if before is None else before,
        "at_most": at_most,
    }
    return tuple(
        EventRow(row.id, row.at, Event(row.name), row.client_id, json.loads(row.details))
        for row in tx.execute(_OF_ACTORS, values)
    )


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
