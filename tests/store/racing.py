"""What racing callers do, as functions that another process can be told to run."""

from sqlalchemy import create_engine

from idp.accounts.challenge import Purpose
from idp.store import accounts, challenges, enrolments
from idp.store.accounts import AccountRow
from idp.store.database import Database, engine_options
from idp.values import ContactKind, ProfileKind

NOW = 1_800_000_000


def database_at(url: str) -> Database:
    """A connection of this process's own."""
    options = engine_options(url, pool_size=2, threads=2, statement_timeout_ms=20_000)
    return Database(create_engine(url, **options), sqlite_synchronous="NORMAL")


def guesses(url: str, challenge_id: str, count: int) -> int:
    """How many of that many answers got a try."""
    database = database_at(url)
    taken = 0
    for _ in range(count):
        with database.writing() as tx:
            taken += guess(tx, challenge_id)
    database.engine.dispose()
    return taken


def guess(tx: object, challenge_id: str) -> bool:
    """Whether one answer got a try."""
    return (
        challenges.take_try(
            tx,  # type: ignore[arg-type]
            challenge_id,
            purpose=Purpose.REGISTRATION,
            subject="enrolment-1",
            now=NOW,
        )
        is not None
    )


def ends(url: str, challenge_id: str) -> bool:
    """Whether this process ended the challenge."""
    database = database_at(url)
    with database.writing() as tx:
        won = challenges.end(tx, challenge_id, now=NOW)
    database.engine.dispose()
    return won


def completes(url: str, enrolment_id: str, sub: str) -> bool:
    """Whether this process completed the enrolment and created the account."""
    database = database_at(url)
    with database.writing() as tx:
        row = enrolments.complete(tx, enrolment_id, customer_number="C100001", now=NOW)
        won = row is not None and accounts.insert_account(tx, account(sub))
    database.engine.dispose()
    return won


def creates(url: str, sub: str) -> bool:
    """Whether this process created the customer's account."""
    database = database_at(url)
    with database.writing() as tx:
        won = accounts.insert_account(tx, account(sub))
    database.engine.dispose()
    return won


def account(sub: str, *, customer_number: str = "C100001", username_index: bytes = b"u" * 32) -> AccountRow:
    """An account of Maria's."""
    return AccountRow(
        sub=sub,
        customer_number=customer_number,
        profile=ProfileKind.PERSON,
        state=accounts.ACTIVE,
        username_kind=ContactKind.EMAIL,
        username_index=username_index,
        sealed_profile=b"sealed",
        password_hash="$argon2id$old",
        password_changed_at=NOW,
        language="it",
        terms_version="1",
        privacy_version="1",
        terms_accepted_at=NOW,
        terms_language="it",
        created_at=NOW,
        updated_at=NOW,
    )
