"""What is over goes, what is not stays, and no transaction takes more than its batch."""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import Table, event, func, select

from idp.flows.idp import Idp
from idp.flows.sweep import BATCH, sweep
from idp.store.tables import (
    accounts,
    authorizations,
    challenges,
    enrolments,
    ephemera,
    interactions,
    outbox,
    refresh_tokens,
    revoked_tokens,
    sessions,
)
from tests.delivery.conftest import NOW

DAY = 24 * 3600
ACCOUNT = {
    "sub": "sub-1",
    "customer_number": "C100001",
    "profile": "person",
    "state": "active",
    "username_kind": "email",
    "username_index": b"u" * 32,
    "sealed_profile": b"x",
    "language": "it",
    "terms_version": "1",
    "privacy_version": "1",
    "terms_accepted_at": NOW,
    "terms_language": "it",
    "created_at": NOW,
    "updated_at": NOW,
}


def filled(table: Table, number: int, expires_at: int) -> dict[str, object]:
    """A row with something in every column that must have something."""
    row: dict[str, object] = {}
    for column in table.columns:
        if column.nullable:
            continue
        kind = column.type.python_type
        if kind is bytes:
            row[column.name] = os.urandom(32)
        elif kind is int:
            row[column.name] = 0
        elif kind is bool:
            row[column.name] = True
        else:
            row[column.name] = f"{number}-{column.name}"[: getattr(column.type, "length", None) or 20]
    row["expires_at"] = expires_at
    if table is sessions:
        row["sub"] = "sub-1"
    return row


def count(idp: Idp, table: Table) -> int:
    with idp.reading() as tx:
        return int(tx.execute(select(func.count()).select_from(table)).scalar_one())


KEPT = [
    (challenges, DAY),
    (enrolments, 0),
    (interactions, 0),
    (sessions, 30 * DAY),
    (authorizations, 0),
    (refresh_tokens, 0),
    (revoked_tokens, 0),
]


@pytest.mark.parametrize(("table", "kept"), KEPT, ids=[table.name for table, _ in KEPT])
def test_a_row_stays_as_long_as_it_must_and_no_longer(idp: Idp, table: Table, kept: int) -> None:
    with idp.writing() as tx:
        tx.execute(accounts.insert(), [ACCOUNT])
        tx.execute(table.insert(), [filled(table, 1, NOW), filled(table, 2, NOW + 1000)])
    assert sweep(idp, NOW + kept).total == 0
    assert sweep(idp, NOW + kept + 1).removed[table.name] == 1
    assert count(idp, table) == 1
    assert sweep(idp, NOW + kept + 1001).removed[table.name] == 1
    assert count(idp, table) == 0
    assert count(idp, accounts) == 1


def test_short_lived_state_is_swept_too(idp: Idp) -> None:
    idp.ephemera.put("a:1", b"x", 10, NOW)
    idp.ephemera.put("a:2", b"x", 100, NOW)
    assert sweep(idp, NOW + 11).removed["ephemera"] == 1
    assert count(idp, ephemera) == 1


def test_ended_messages_go_after_a_day(idp: Idp) -> None:
    ended = {**filled(outbox, 1, NOW), "id": "1", "state": "sent", "due_at": NOW, "kind": "message"}
    with idp.writing() as tx:
        tx.execute(outbox.insert(), [ended])
    assert sweep(idp, NOW + DAY).total == 0
    assert sweep(idp, NOW + DAY + 1).removed["outbox"] == 1


@pytest.fixture
def deletions(idp: Idp) -> Iterator[list[int]]:
    """How many rows each DELETE took."""
    took: list[int] = []

    def after(_connection: object, cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("DELETE"):
            took.append(cursor.rowcount)  # type: ignore[attr-defined]

    event.listen(idp.database.engine, "after_cursor_execute", after)
    yield took
    event.remove(idp.database.engine, "after_cursor_execute", after)


def test_no_transaction_takes_more_than_a_batch(idp: Idp, deletions: list[int]) -> None:
    with idp.writing() as tx:
        tx.execute(revoked_tokens.insert(), [{"jti": str(n), "expires_at": NOW} for n in range(450)])
    assert sweep(idp, NOW + 1).removed["revoked_tokens"] == 450
    assert max(deletions) == BATCH
    assert count(idp, revoked_tokens) == 0


def test_one_sweep_ends_although_there_is_more(idp: Idp) -> None:
    with idp.writing() as tx:
        tx.execute(revoked_tokens.insert(), [{"jti": str(n), "expires_at": NOW} for n in range(30)])
    assert sweep(idp, NOW + 1, batch=5, rounds=2).removed["revoked_tokens"] == 10
    assert count(idp, revoked_tokens) == 20
