"""The migrations, and what they make of a database."""

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import ProgrammingError

from idp.store import schema
from idp.store.database import Database, DatabaseDown
from idp.store.tables import metadata
from tests.store.conftest import opened


def test_the_migrations_make_exactly_the_tables_the_code_knows(database: Database) -> None:
    with database.reading() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_revision_wanted_is_the_newest_there_is() -> None:
    assert ScriptDirectory.from_config(schema._config()).get_heads() == [schema.wanted()]


def test_indexes_and_their_conditions_are_there_too(database: Database) -> None:
    inspector = inspect(database.engine)
    for table in metadata.tables.values():
        wanted = {index.name for index in table.indexes}
        assert wanted <= {index["name"] for index in inspector.get_indexes(table.name)}
    with database.writing() as tx:
        columns = "(kid, alg, state, public, created_at)"
        key = f"INSERT INTO signing_keys {columns} VALUES (:kid, 'ES256', :state, '{{}}', 0)"
        tx.execute(text(key), {"kid": "a", "state": "active"})
        tx.execute(text(key), {"kid": "b", "state": "retired"})
        tx.execute(text(key), {"kid": "c", "state": "retired"})
    with pytest.raises(Exception, match=r"(?i)unique"), database.writing() as tx:
        tx.execute(text(key), {"kid": "d", "state": "active"})


def test_an_empty_database_is_told_as_such_and_then_upgraded(database_url: str) -> None:
    database = opened(database_url)
    assert schema.current(database) is None
    with pytest.raises(schema.SchemaMismatch, match=r"is empty .*idp db upgrade"):
        schema.check(database)
    assert schema.upgrade(database)
    schema.check(database)
    assert schema.current(database) == schema.wanted()
    assert not schema.upgrade(database)
    database.engine.dispose()


def test_a_database_of_a_newer_version_is_neither_used_nor_touched(database: Database) -> None:
    with database.writing() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(schema.SchemaMismatch, match="9999, unknown to this version"):
        schema.check(database)
    with pytest.raises(schema.SchemaMismatch, match="9999"):
        schema.upgrade(database)
    assert schema.current(database) == "9999"


def test_several_nodes_upgrade_at_once_and_one_does_the_work(database_url: str) -> None:
    databases = [opened(database_url) for _ in range(4)]
    ready = threading.Barrier(len(databases))
    done: list[bool] = []

    def upgrade(database: Database) -> None:
        ready.wait()
        done.append(schema.upgrade(database))

    threads = [threading.Thread(target=upgrade, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [False, False, False, True]
    for database in databases:
        schema.check(database)
        database.engine.dispose()


def test_an_upgrade_that_fails_leaves_nothing_behind(database_url: str) -> None:
    database = opened(database_url)
    with database.writing() as tx:
        # A table in the way of the last but one that the revision creates.
        tx.execute(text("CREATE TABLE proven_contacts (x INTEGER)"))
    with pytest.raises((DatabaseDown, ProgrammingError)):
        schema.upgrade(database)
    assert inspect(database.engine).get_table_names() == ["proven_contacts"]
    assert schema.current(database) is None
    database.engine.dispose()
