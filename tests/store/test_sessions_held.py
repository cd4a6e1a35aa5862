"""A session is held with its account while something of theirs is written: nobody ends either before."""

from collections.abc import Callable
from contextlib import nullcontext

import pytest
from sqlalchemy import create_engine, update
from sqlalchemy.exc import OperationalError

from idp.oidc.session import Session
from idp.store import accounts, schema, sessions
from idp.store.database import Database, Tx
from idp.store.tables import accounts as accounts_table
from idp.store.tables import known_browsers
from idp.store.tables import sessions as sessions_table
from tests.store.conftest import opened
from tests.store.racing import NOW, account

SUB, OTHER = "sub-1", "sub-2"


def filled(database: Database) -> Database:
    """The database with two accounts, and a session of each."""
    with database.writing() as tx:
        for number, sub in enumerate((SUB, OTHER)):
            one = account(sub, customer_number=f"C10000{number}", username_index=bytes([number]) * 32)
            assert accounts.insert_account(tx, one)
            session, digest = Session(f"session-of-{sub}", sub, ()), bytes([number]) * 32
            sessions.start(tx, session, digest, now=NOW, expires_at=NOW + 3600)
    return database


@pytest.fixture
def begun(database: Database) -> Database:
    """Two accounts with a session each, on each of the two databases."""
    return filled(database)


def held(database: Database, sub: str = SUB, session_id: str = "session-of-sub-1") -> bool:
    with database.writing() as tx:
        return sessions.hold(tx, sub, session_id)


def test_a_live_session_of_an_active_account_is_held(begun: Database) -> None:
    assert held(begun)
    assert held(begun, OTHER, "session-of-sub-2")


def test_a_session_of_another_account_is_not(begun: Database) -> None:
    assert not held(begun, SUB, "session-of-sub-2")
    assert not held(begun, SUB, "no-session")


def test_one_that_ended_is_not(begun: Database) -> None:
    with begun.writing() as tx:
        sessions.end_all(tx, SUB, now=NOW)
    assert not held(begun)
    assert held(begun, OTHER, "session-of-sub-2")


@pytest.mark.parametrize("state", [accounts.LOCKED, accounts.DECEASED])
def test_one_of_an_account_that_is_not_active_is_not(begun: Database, state: str) -> None:
    with begun.writing() as tx:
        tx.execute(update(accounts_table).where(accounts_table.c.sub == SUB).values(state=state))
    assert not held(begun)


def ends_the_session(tx: Tx) -> None:
    tx.execute(update(sessions_table).where(sessions_table.c.sub == SUB).values(ended_at=NOW))


def locks_the_account(tx: Tx) -> None:
    tx.execute(update(accounts_table).where(accounts_table.c.sub == SUB).values(state=accounts.LOCKED))


def remembers_a_browser(tx: Tx) -> None:
    values = {"browser_digest": b"b" * 32, "sub": SUB, "created_at": NOW, "last_seen_at": NOW}
    tx.execute(known_browsers.insert(), values)


@pytest.mark.parametrize(
    ("other", "waits"), [(ends_the_session, True), (locks_the_account, True), (remembers_a_browser, False)]
)
def test_on_postgresql_who_ends_it_waits_and_who_only_refers_to_it_does_not(
    postgres_url: str, other: Callable[[Tx], None], waits: bool
) -> None:
    database = opened(postgres_url)
    schema.upgrade(database)
    filled(database)
    impatient = create_engine(postgres_url, connect_args={"options": "-c lock_timeout=200"})
    with database.writing() as tx:
        assert sessions.hold(tx, SUB, "session-of-sub-1")
        with pytest.raises(OperationalError) if waits else nullcontext(), impatient.begin() as second:
            other(second)
    impatient.dispose()
    database.engine.dispose()
