"""Removes what is over, in batches: no transaction holds more than a couple of hundred rows.

=====================  ==========================================
what                   removed
=====================  ==========================================
messages               wiped at expiry, deleted a day after their end
challenges             a day after they expired
enrolments             when they expire (24 h after they began)
interactions           when they expire
sessions               30 days after their end
authorizations,        when nothing issued from them can live any more
refresh tokens,
revoked tokens
short-lived state      when it expires
=====================  ==========================================
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, delete, select, tuple_

from idp.flows.idp import Idp
from idp.store import outbox
from idp.store.database import Tx
from idp.store.tables import (
    authorizations,
    challenges,
    enrolments,
    interactions,
    refresh_tokens,
    revoked_tokens,
    sessions,
)

BATCH = 200
_DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows went, by what they were."""

    removed: dict[str, int]

    @property
    def total(self) -> int:
        """All together."""
        return sum(self.removed.values())


def sweep(idp: Idp, now: int, *, batch: int = BATCH, rounds: int = 50) -> Swept:
    """Remove what is over at ``now``: at most ``rounds`` batches of each kind, each its own transaction.

    Idempotent; several processes may sweep at once. Raises ``DatabaseDown`` and ``EphemeraDown``.
    """
    removed: dict[str, int] = {}
    for name, act in _ACTS.items():
        removed[name] = _repeat(_in_transaction(idp, act, now, batch), batch, rounds)
    removed["ephemera"] = _repeat(lambda: idp.ephemera.sweep(now, batch), batch, rounds)
    return Swept(removed)


_Act = Callable[[Tx, int, int], int]


def _in_transaction(idp: Idp, act: _Act, now: int, batch: int) -> Callable[[], int]:
    def once() -> int:
        with idp.writing() as tx:
            return act(tx, now, batch)

    return once


def _repeat(once: Callable[[], int], batch: int, rounds: int) -> int:
    total = 0
    for _ in range(rounds):
        went = once()
        total += went
        if went < batch:
            break
    return total


def _expired(table: Table, kept: int = 0) -> _Act:
    """Delete rows ``kept`` seconds after their ``expires_at``."""

    def act(tx: Tx, now: int, batch: int) -> int:
        return _delete(tx, table, table.c.expires_at < now - kept, batch)

    return act


def _delete(tx: Tx, table: Table, condition: ColumnElement[bool], batch: int) -> int:
    key = tuple(table.primary_key.columns)
    chosen = select(*key).where(condition).limit(batch)
    where = key[0].in_(chosen.scalar_subquery()) if len(key) == 1 else tuple_(*key).in_(chosen)
    return tx.execute(delete(table).where(where)).rowcount


_ACTS: dict[str, _Act] = {
    "outbox_expired": outbox.expire,
    "outbox": lambda tx, now, batch: outbox.forget(tx, now - _DAY, batch),
    "challenges": _expired(challenges, _DAY),
    "enrolments": _expired(enrolments),
    "interactions": _expired(interactions),
    # By the index on expires_at: a session that was ended early stays those hours longer.
    "sessions": _expired(sessions, 30 * _DAY),
    "refresh_tokens": _expired(refresh_tokens),
    "authorizations": _expired(authorizations),
    "revoked_tokens": _expired(revoked_tokens),
}
