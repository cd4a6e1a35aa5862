"""The database's schema: which revision it has, which one this version wants, and the way there."""

import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from idp.store.database import Database, DatabaseDown, Tx

_MIGRATIONS = Path(__file__).parent / "migrations"
# Any constant will do, as long as every node takes the same one.
_UPGRADE_LOCK = 0x1D9_5C4E_3A
_TRIES = 20
_PAUSE = 0.1


class SchemaMismatch(Exception):
    """The database's schema is not the one this version was written for; the message says what to do."""


def wanted() -> str:
    """The revision this version was written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise SchemaMismatch("the schema's revisions are missing from this installation")
    return head


def current(database: Database) -> str | None:
    """The revision the database has, None when it is empty; raises ``DatabaseDown``."""
    with database.reading() as tx:
        return _revision(tx)


def check(database: Database) -> None:
    """Return when the schema is the right one; raises ``SchemaMismatch`` and ``DatabaseDown``."""
    has, wants = current(database), wanted()
    if has == wants:
        return
    if has is None:
        raise SchemaMismatch(f"the database is empty (wanted: schema {wants}); run `idp db upgrade`")
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if has in known:
        raise SchemaMismatch(
            f"the database has schema {has}, this version wants {wants}; run `idp db upgrade`"
        )
    raise SchemaMismatch(
        f"the database has schema {has}, unknown to this version (it wants {wants}); install the newer one"
    )


def upgrade(database: Database) -> bool:
    """Bring the schema to ``wanted()`` in one transaction; True when something was done.

    Several nodes may call it at once: one does the work, the others wait and find nothing to do.
    Raises ``DatabaseDown``, and ``SchemaMismatch`` when the database is newer than this version.
    """
    for _ in range(_TRIES):
        try:
            return _upgrade(database)
        except DatabaseDown as fault:
            # The first connection switches a fresh SQLite file to WAL, and SQLite does not wait there.
            if "database is locked" not in str(fault.__cause__):
                raise
            time.sleep(_PAUSE)
    return _upgrade(database)


def _upgrade(database: Database) -> bool:
    with database.writing() as tx:
        if not database.is_sqlite:
            # Building an index may take longer than a request may.
            tx.execute(text("SET LOCAL statement_timeout = 0"))
            tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
        has, wants = _revision(tx), wanted()
        if has == wants:
            return False
        config = _config()
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if has is not None and has not in known:
            raise SchemaMismatch(f"the database has schema {has}, which this version does not know")
        config.attributes["connection"] = tx
        command.upgrade(config, "head")
        return True


def _revision(tx: Tx) -> str | None:
    return MigrationContext.configure(tx).get_current_revision()


def _config() -> Config:
    config = Config()
    # The path may hold a percent sign, which the configuration would take for an interpolation.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
