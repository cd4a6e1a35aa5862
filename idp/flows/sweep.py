"""Removes what is over, in batches: no transaction holds more than a couple of hundred rows.

What stays how long stands in ``RETENTIONS``; docs/privacy.md tells it to people, and a test compares the two.
Messages are the outbox's own: wiped at their end or expiry, deleted a day later.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Delete, Table, delete, select, tuple_

from idp.flows.idp import Idp
from idp.settings.lifetimes import Lifetimes
from idp.store import life, outbox
from idp.store.database import Tx
from idp.store.tables import (
    activation_codes,
    approvals,
    audit_events,
    authorizations,
    challenges,
    disavowals,
    enrolments,
    interactions,
    known_browsers,
    mobile_changes,
    recoveries,
    refresh_tokens,
    revoked_tokens,
    sessions,
    trusted_browsers,
)

BATCH = 200
_DAY = 24 * 3600

OUTBOX_KEPT = _DAY
"""Seconds for which a message's row stays after its text was wiped."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Rows of a table go ``kept`` seconds after the time in their column ``since``; a text names a setting.

    ``seldom``: no index leads to them, so they are looked for once an hour.
    """

    table: Table
    since: str
    kept: int | str = 0
    only: ColumnElement[bool] | None = field(default=None, repr=False)
    seldom: bool = False

    def seconds(self, lifetimes: Lifetimes) -> int:
        """How long they are kept."""
        return int(getattr(lifetimes, self.kept)) if isinstance(self.kept, str) else self.kept

    def over(self, lifetimes: Lifetimes, now: int) -> ColumnElement[bool]:
        """What is to go at ``now``."""
        past = self.table.c[self.since] < now - self.seconds(lifetimes)
        return past if self.only is None else past & self.only


_UNUSED = activation_codes.c.used_at.is_(None)

RETENTIONS = (
    Retention(challenges, "expires_at", _DAY),
    Retention(enrolments, "expires_at"),
    Retention(recoveries, "expires_at"),
    Retention(interactions, "expires_at"),
    # By the index on expires_at: a session that was ended early stays those hours longer.
    Retention(sessions, "expires_at", 30 * _DAY),
    Retention(refresh_tokens, "expires_at"),
    Retention(authorizations, "expires_at"),
    Retention(revoked_tokens, "expires_at"),
    Retention(approvals, "expires_at", _DAY),
    Retention(activation_codes, "expires_at", _DAY, _UNUSED),
    Retention(activation_codes, "ended_at", _DAY, _UNUSED, seldom=True),
    Retention(activation_codes, "used_at", 30 * _DAY, seldom=True),
    Retention(mobile_changes, "ended_at", 30 * _DAY, seldom=True),
    # One that was never proven, and one that ended without a word; a pending one is not over.
    Retention(
        mobile_changes,
        "asked_at",
        30 * _DAY,
        mobile_changes.c.ended_at.is_(None) & (mobile_changes.c.state != "pending"),
        seldom=True,
    ),
    Retention(trusted_browsers, "expires_at"),
    Retention(disavowals, "expires_at"),
    Retention(known_browsers, "last_seen_at", "known_browser", seldom=True),
    Retention(audit_events, "at", "audit_trail"),
)


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows went, by what they were."""

    removed: dict[str, int]

    @property
    def total(self) -> int:
        """All together."""
        return sum(self.removed.values())


def sweep(idp: Idp, now: int, *, batch: int = BATCH, rounds: int = 50, seldom: bool = True) -> Swept:
    """Remove what is over at ``now``: at most ``rounds`` batches of each kind, each its own transaction.

    ``seldom=False`` leaves out what has to be searched for. Idempotent; several processes may sweep at once.
    Raises ``DatabaseDown`` and ``EphemeraDown``.
    """
    removed: dict[str, int] = {}

    def act(name: str, once: Callable[[Tx], int]) -> None:
        removed[name] = removed.get(name, 0) + _repeat(_in_transaction(idp, once), batch, rounds)

    act("outbox_expired", lambda tx: outbox.expire(tx, now, batch))
    act("outbox", lambda tx: outbox.forget(tx, now - OUTBOX_KEPT, batch))
    act("usernames_freed", lambda tx: life.free_usernames(tx, now, batch))
    for retention in RETENTIONS:
        if seldom or not retention.seldom:
            act(retention.table.name, _running(_removal(retention, idp.settings.lifetimes, now, batch)))
    removed["ephemera"] = _repeat(lambda: idp.ephemera.sweep(now, batch), batch, rounds)
    return Swept(removed)


def _running(statement: Delete) -> Callable[[Tx], int]:
    return lambda tx: tx.execute(statement).rowcount


def _in_transaction(idp: Idp, act: Callable[[Tx], int]) -> Callable[[], int]:
    def once() -> int:
        with idp.writing() as tx:
            return act(tx)

    return once


def _repeat(once: Callable[[], int], batch: int, rounds: int) -> int:
    total = 0
    for _ in range(rounds):
        went = once()
        total += went
        if went < batch:
            break
    return total


def _removal(retention: Retention, lifetimes: Lifetimes, now: int, batch: int) -> Delete:
    key = tuple(retention.table.primary_key.columns)
    chosen = select(*key).where(retention.over(lifetimes, now)).limit(batch)
    where = key[0].in_(chosen.scalar_subquery()) if len(key) == 1 else tuple_(*key).in_(chosen)
    return delete(retention.table).where(where)
