"""A prepared statement does what SQLAlchemy would do with it, on both databases, and listeners see it."""

from typing import Any

import pytest
from sqlalchemy import bindparam, event, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import IntegrityError

from idp.store.database import Database, DatabaseDown
from idp.store.prepared import Prepared, insertion
from idp.store.tables import revoked_tokens

NOTE = insertion(revoked_tokens, "jti", "expires_at")
EXPIRY = Prepared(select(revoked_tokens.c.expires_at).where(revoked_tokens.c.jti == bindparam("token")))


@pytest.fixture
def noted(database: Database) -> Database:
    """A database in which three tokens are noted."""
    with database.writing() as tx:
        for number in range(3):
            NOTE.run(tx, {"jti": f"t{number}", "expires_at": 100 + number})
    return database


def test_what_was_inserted_is_found(noted: Database) -> None:
    with noted.reading() as tx:
        assert EXPIRY.one_or_none(tx, {"token": "t1"}) == (101,)
        assert EXPIRY.one_or_none(tx, {"token": "none"}) is None
        same = tx.execute(select(revoked_tokens.c.jti, revoked_tokens.c.expires_at)).all()
        every = Prepared(select(revoked_tokens.c.jti, revoked_tokens.c.expires_at)).all(tx, {})
    assert sorted(every) == sorted(tuple(row) for row in same)


def test_constants_of_the_statement_are_kept(noted: Database) -> None:
    late = Prepared(
        select(revoked_tokens.c.jti)
        .where(revoked_tokens.c.expires_at > 100, revoked_tokens.c.jti != bindparam("but"))
        .order_by(revoked_tokens.c.jti)
        .limit(1)
    )
    with noted.reading() as tx:
        assert late.all(tx, {"but": "t1"}) == [("t2",)]
        assert late.all(tx, {"but": "t2"}) == [("t1",)]


def test_an_update_gives_what_it_changed_and_is_undone_with_its_transaction(noted: Database) -> None:
    move = Prepared(
        update(revoked_tokens)
        .where(revoked_tokens.c.jti == bindparam("token"))
        .values(expires_at=bindparam("to"))
        .returning(revoked_tokens.c.jti, revoked_tokens.c.expires_at)
    )

    def moved() -> None:
        with noted.writing() as tx:
            assert move.one_or_none(tx, {"token": "t0", "to": 500}) == ("t0", 500)
            raise LookupError

    with pytest.raises(LookupError):
        moved()
    with noted.reading() as tx:
        assert EXPIRY.one_or_none(tx, {"token": "t0"}) == (100,)


def test_each_dialect_may_have_a_statement_of_its_own(noted: Database) -> None:
    values: dict[str, Any] = {name: bindparam(name) for name in ("jti", "expires_at")}
    note_once = Prepared(
        {
            "sqlite": sqlite_insert(revoked_tokens).values(values).on_conflict_do_nothing(),
            "postgresql": postgresql_insert(revoked_tokens).values(values).on_conflict_do_nothing(),
        }
    )
    with noted.writing() as tx:
        note_once.run(tx, {"jti": "t0", "expires_at": 900})
        assert EXPIRY.one_or_none(tx, {"token": "t0"}) == (100,)


def test_listeners_of_the_engine_see_it_once(noted: Database) -> None:
    seen: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(noted.engine, "before_cursor_execute", listen)
    with noted.reading() as tx:
        EXPIRY.one_or_none(tx, {"token": "t1"})
    event.remove(noted.engine, "before_cursor_execute", listen)
    with noted.reading() as tx:
        EXPIRY.one_or_none(tx, {"token": "t1"})
    assert len(seen) == 1
    assert "FROM revoked_tokens" in seen[0]


def test_the_drivers_faults_are_sqlalchemys_and_tell_no_parameter(noted: Database) -> None:
    with pytest.raises(IntegrityError) as fault, noted.writing() as tx:
        NOTE.run(tx, {"jti": "t0", "expires_at": 1_234_567})
    assert "1234567" not in str(fault.value)
    with noted.writing() as tx:
        tx.execute(insert(revoked_tokens).values(jti="t9", expires_at=1))


def test_a_connection_that_is_gone_is_given_up(postgres_url: str) -> None:
    from idp.store import schema
    from tests.store.conftest import opened

    database = opened(postgres_url)
    schema.upgrade(database)

    def cut(inside: bool) -> None:
        with database.writing() as tx:
            if not inside:
                return
            tx.connection.driver_connection.close()  # type: ignore[union-attr]
            EXPIRY.one_or_none(tx, {"token": "t0"})

    with pytest.raises(DatabaseDown):
        cut(inside=True)
    cut(inside=False)
    with database.reading() as tx:
        assert EXPIRY.one_or_none(tx, {"token": "t0"}) is None
    database.engine.dispose()


def test_a_server_that_ended_our_connections_costs_one_request(postgres_url: str) -> None:
    from idp.store import schema
    from tests.store.conftest import opened

    database = opened(postgres_url)
    schema.upgrade(database)
    with database.reading() as first, database.reading() as second:
        pids = [tx.execute(text("SELECT pg_backend_pid()")).scalar_one() for tx in (first, second)]
    killer = opened(postgres_url)
    with killer.writing() as tx:
        for pid in pids:
            tx.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    killer.engine.dispose()
    with pytest.raises(DatabaseDown), database.writing() as tx:
        EXPIRY.one_or_none(tx, {"token": "t0"})
    for _ in range(3):
        with database.writing() as tx:
            assert EXPIRY.one_or_none(tx, {"token": "t0"}) is None
    database.engine.dispose()
