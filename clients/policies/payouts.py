"""The payouts that were accepted, in a SQLite file of their own: what was paid is not forgotten at a restart.

Nor is the approval that paid it: its `jti` stands beside the payout under a unique index, and both are
written by one statement. Two requests with one approval are one payout, whatever their timing; an approval
that expired in the meantime is refused for its age, so nothing has to be swept.
"""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from clients.policies.orders import Order

_SCHEMA = """
CREATE TABLE IF NOT EXISTS payouts (
    jti TEXT PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    policy_number TEXT NOT NULL,
    amount TEXT NOT NULL,
    currency TEXT NOT NULL,
    iban TEXT NOT NULL,
    beneficiary TEXT NOT NULL,
    accepted_at INTEGER NOT NULL
)
"""
_ADD = "INSERT INTO payouts VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (jti) DO NOTHING"
_OF_POLICY = """
SELECT reference, policy_number, amount, currency, iban, beneficiary, accepted_at
FROM payouts WHERE policy_number = ? ORDER BY accepted_at DESC, rowid DESC
"""
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without those that are mistaken for another on the phone."""


class AlreadyUsed(Exception):
    """The approval has paid before."""


@dataclass(frozen=True)
class Payout:
    """An order that was accepted, at `accepted_at` (epoch seconds), under a reference to speak of."""

    reference: str
    order: Order
    accepted_at: int


@dataclass(frozen=True)
class Payouts:
    """Every payout of one API, in the SQLite database `file`."""

    file: Path

    def prepare(self) -> None:
        """Make the file where it is missing, for its owner's eyes only."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.touch(mode=0o600)
        with self._open() as database:
            database.execute(_SCHEMA)

    def accept(self, order: Order, jti: str, now: int) -> Payout:
        """Keep the order under the approval `jti`; raises AlreadyUsed when that has paid before."""
        made = Payout(_reference(), order, now)
        row = (order.policy_number, order.amount, order.currency, order.iban, order.beneficiary)
        with self._open() as database:
            if database.execute(_ADD, (jti, made.reference, *row, now)).rowcount != 1:
                raise AlreadyUsed
        return made

    def on(self, policy_number: str) -> list[Payout]:
        """The payouts on one policy, newest first."""
        with self._open() as database:
            rows = database.execute(_OF_POLICY, (policy_number,)).fetchall()
        return [Payout(reference, Order(*order), at) for reference, *order, at in rows]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.file, timeout=5, isolation_level=None)) as database:
            yield database


def _reference() -> str:
    drawn = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"LQ-{drawn[:4]}-{drawn[4:]}"
