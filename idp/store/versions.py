"""Version rows: a process that caches something knows by one small read whether it changed."""

from sqlalchemy import bindparam, select, text

from idp.store.database import Tx
from idp.store.tables import versions

_GET = select(versions.c.version).where(versions.c.name == bindparam("name"))
# Both dialects read this; one statement, so that two first writers do not collide.
_BUMP = text(
    "INSERT INTO versions (name, version) VALUES (:name, 1) "
    "ON CONFLICT (name) DO UPDATE SET version = versions.version + 1"
)


def version_of(tx: Tx, name: str) -> int:
    """The version of a cached thing; 0 as long as it never changed."""
    return tx.execute(_GET, {"name": name}).scalar_one_or_none() or 0


def bump(tx: Tx, name: str) -> None:
    """Tell every process that the thing changes with this transaction."""
    tx.execute(_BUMP, {"name": name})
