"""Short-lived state in a table of the database, one statement a call: the database picks the winner."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import bindparam, case, delete, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.sql.dml import ReturningInsert

from idp.ports import EphemeraDown
from idp.store.database import Database, DatabaseDown, Tx
from idp.store.tables import ephemera

_LIVE = (ephemera.c.key == bindparam("at"), ephemera.c.expires_at > bindparam("now"))
_PEEK = select(ephemera.c.value).where(*_LIVE)
_COUNT = select(ephemera.c.count).where(*_LIVE)
_TAKE = delete(ephemera).where(*_LIVE, ephemera.c.value.is_not(None)).returning(ephemera.c.value)
_DROP = delete(ephemera).where(ephemera.c.key == bindparam("at"))
_SWEEP = (
    delete(ephemera)
    .where(
        ephemera.c.key.in_(
            select(ephemera.c.key)
            .where(ephemera.c.expires_at <= bindparam("now"))
            .order_by(ephemera.c.expires_at)
            .limit(bindparam("at_most"))
        ),
        # Somebody may have put a live entry in its place since the inner statement looked.
        ephemera.c.expires_at <= bindparam("now"),
    )
    .returning(ephemera.c.key)
)


def _puts(dialect: Any) -> ReturningInsert[Any]:
    insert = dialect(ephemera)
    fresh = {name: insert.excluded[name] for name in ("value", "count", "expires_at")}
    return insert.on_conflict_do_update(index_elements=["key"], set_=fresh).returning(ephemera.c.key)  # type: ignore[no-any-return]


def _adds(dialect: Any) -> ReturningInsert[Any]:
    insert = dialect(ephemera)
    fresh = {name: insert.excluded[name] for name in ("value", "count", "expires_at")}
    return insert.on_conflict_do_update(  # type: ignore[no-any-return]
        index_elements=["key"], set_=fresh, where=ephemera.c.expires_at <= bindparam("now")
    ).returning(ephemera.c.key)


def _bumps(dialect: Any) -> ReturningInsert[Any]:
    insert = dialect(ephemera)
    dead = ephemera.c.expires_at <= bindparam("now")
    return insert.on_conflict_do_update(  # type: ignore[no-any-return]
        index_elements=["key"],
        set_={
            "value": None,
            "count": case((dead, insert.excluded.count), else_=ephemera.c.count + insert.excluded.count),
            "expires_at": case((dead, insert.excluded.expires_at), else_=ephemera.c.expires_at),
        },
    ).returning(ephemera.c.count)


_DIALECTS = {"sqlite": sqlite_insert, "postgresql": postgresql_insert}
_PUT = {name: _puts(insert) for name, insert in _DIALECTS.items()}
_ADD = {name: _adds(insert) for name, insert in _DIALECTS.items()}
_BUMP = {name: _bumps(insert) for name, insert in _DIALECTS.items()}


class SqlEphemera:
    """``Ephemera`` in the table of that name. Keys have at most 200 characters. Raises ``EphemeraDown``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, key: str, value: bytes, life: int, now: int) -> None:
        """Keep ``value`` for ``life`` seconds, replacing what was there."""
        with self._writing() as tx:
            tx.execute(
                _PUT[tx.dialect.name], {"key": key, "value": value, "count": 0, "expires_at": now + life}
            )

    def add(self, key: str, value: bytes, life: int, now: int) -> bool:
        """Keep it only if nothing live stands there; True when it was kept."""
        row = {"key": key, "value": value, "count": 0, "expires_at": now + life, "now": now}
        with self._writing() as tx:
            return tx.execute(_ADD[tx.dialect.name], row).one_or_none() is not None

    def peek(self, key: str, now: int) -> bytes | None:
        """What stands there, untouched."""
        with self._reading() as tx:
            found: bytes | None = tx.execute(_PEEK, {"at": key, "now": now}).scalar_one_or_none()
            return found

    def take(self, key: str, now: int) -> bytes | None:
        """What stands there, removed by the same act."""
        with self._writing() as tx:
            found: bytes | None = tx.execute(_TAKE, {"at": key, "now": now}).scalar_one_or_none()
            return found

    def bump(self, key: str, life: int, now: int, by: int = 1) -> int:
        """Add to the counter; the first bump starts its ``life``."""
        row = {"key": key, "value": None, "count": by, "expires_at": now + life, "now": now}
        with self._writing() as tx:
            return int(tx.execute(_BUMP[tx.dialect.name], row).scalar_one())

    def count(self, key: str, now: int) -> int:
        """The counter's value, 0 when it is not there."""
        with self._reading() as tx:
            return int(tx.execute(_COUNT, {"at": key, "now": now}).scalar_one_or_none() or 0)

    def drop(self, key: str) -> None:
        """Forget it."""
        with self._writing() as tx:
            tx.execute(_DROP, {"at": key})

    def sweep(self, now: int, at_most: int) -> int:
        """Remove at most that many dead entries; how many were removed."""
        with self._writing() as tx:
            return len(tx.execute(_SWEEP, {"now": now, "at_most": at_most}).all())

    @contextmanager
    def _reading(self) -> Iterator[Tx]:
        try:
            with self._database.reading() as tx:
                yield tx
        except DatabaseDown as fault:
            raise EphemeraDown from fault

    @contextmanager
    def _writing(self) -> Iterator[Tx]:
        try:
            with self._database.writing() as tx:
                yield tx
        except DatabaseDown as fault:
            raise EphemeraDown from fault
