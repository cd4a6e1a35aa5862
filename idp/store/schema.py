"""The database's schema: which revision it has, which one this version wants, and the way there.

Alembic is loaded when there is a way to go: a start only compares two names, and it would cost a tenth of it.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from idp.store.database import Database, DatabaseDown, Tx

if TYPE_CHECKING:
    from alembic.config import Config

WANTED = "0011"
"""The newest revision in ``migrations/versions``: the one this version was written for."""

_MIGRATIONS = Path(__file__).parent / "migrations"
# Any constant will do, as long as every node takes the same one.
_UPGRADE_LOCK = 0x1D9_5C4E_3A
_TRIES = 20
_PAUSE = 0.1


class SchemaMismatch(Exception):
    """The database's schema is not the one this version was written for; the message says what to do."""


def wanted() -> str:
    """The revision this version was written for."""
    return WANTED


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
    if has in _known(_config()):
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
        if has is not None and has not in _known(config):
            raise SchemaMismatch(f"the database has schema {has}, which this version does not know")
        config.attributes["connection"] = tx
        from alembic import command

        command.upgrade(config, "head")
        return True


def _revision(tx: Tx) -> str | None:
    if not inspect(tx).has_table("alembic_version"):
        return None
    revision: str | None = tx.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return revision


def _known(config: "Config") -> set[str]:
    """Every revision this version has heard of."""
    from alembic.script import ScriptDirectory

    return {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    # The path may hold a percent sign, which the configuration would take for an interpolation.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
