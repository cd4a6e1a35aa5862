"""Cases by the number that customers read out: what is under way, and what the audit trail keeps after it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import bindparam, literal, null, select, union_all

from idp.accounts.audit import Detail, Event, has_case
from idp.store.database import Tx
from idp.store.tables import audit_events, enrolments, recoveries

REGISTRATION, RECOVERY = "registration", "recovery"


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A registration or recovery, by its case number; times are epoch seconds."""

    journey: str
    profile: str | None
    reason: str | None
    created_at: int
    expires_at: int
    completed_at: int | None


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One line of the audit trail that bears the case number."""

    at: int
    name: str
    details: Mapping[str, Detail]


_UNDER_WAY = union_all(
    select(
        literal(REGISTRATION).label("journey"),
        enrolments.c.profile,
        enrolments.c.reason,
        enrolments.c.created_at,
        enrolments.c.expires_at,
        enrolments.c.completed_at,
    ).where(enrolments.c.case_number == bindparam("number")),
    select(
        literal(RECOVERY),
        null(),
        recoveries.c.reason,
        recoveries.c.created_at,
        recoveries.c.expires_at,
        recoveries.c.completed_at,
    ).where(recoveries.c.case_number == bindparam("number")),
)
_HISTORY = (
    select(audit_events.c.at, audit_events.c.name, audit_events.c.details)
    .where(
        audit_events.c.at >= bindparam("since"),
        audit_events.c.name.in_([event for event in Event if has_case(event)]),
        audit_events.c.details.contains(bindparam("written")),
    )
    .order_by(audit_events.c.id)
)


def find(tx: Tx, number: str) -> CaseRow | None:
    """What bears this number and is kept still; of two the newer."""
    rows = [CaseRow(*row) for row in tx.execute(_UNDER_WAY, {"number": number})]
    return max(rows, key=lambda row: row.created_at, default=None)


def history(tx: Tx, number: str, *, since: int) -> tuple[CaseEvent, ...]:
    """What the trail has of this number from ``since`` on, the oldest first; it reads the whole stretch."""
    written = json.dumps({"case": number})[1:-1]
    rows = tx.execute(_HISTORY, {"since": since, "written": written})
    return tuple(CaseEvent(row.at, row.name, json.loads(row.details)) for row in rows)
