"""The statements that every request runs: written with SQLAlchemy, run by the driver.

SQLAlchemy Core spends 20 µs (SQLite) to 150 µs (PostgreSQL) on each execution of even a cached statement,
more than the database itself. A ``Prepared`` statement is compiled once for each dialect and handed to the
driver's own connection, inside the same transaction; whoever listens to the engine's statements sees it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, bindparam
from sqlalchemy.sql import ClauseElement

from idp.store.database import Tx, translated

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Text:
    """The statement in one dialect: SQL, parameters in order (None: by name), and constants."""

    sql: str
    order: tuple[str, ...] | None
    constants: Mapping[str, Any]

    def parameters(self, values: Mapping[str, Any]) -> Any:
        if self.constants:
            values = {**self.constants, **values}
        return values if self.order is None else [values[name] for name in self.order]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement whose every variable is a ``bindparam``; its columns must be of types the drivers know.

    ``statement`` stands for all dialects, or one for each by name. Raises SQLAlchemy's errors, as if it had
    been executed there.
    """

    statement: ClauseElement | Mapping[str, ClauseElement]
    _texts: dict[str, _Text] = field(default_factory=dict, repr=False)

    def all(self, tx: Tx, values: Mapping[str, Any]) -> list[Row]:
        """Every row; for a statement that returns rows."""
        rows: list[Row] = self._run(tx, values).fetchall()
        return rows

    def one_or_none(self, tx: Tx, values: Mapping[str, Any]) -> Row | None:
        """The row of a statement that returns one at most."""
        # Fetched to the end, since SQLite's statements end only then.
        rows = self._run(tx, values).fetchall()
        return rows[0] if rows else None

    def run(self, tx: Tx, values: Mapping[str, Any]) -> None:
        """Run a statement that returns no rows."""
        self._run(tx, values)

    def _run(self, tx: Tx, values: Mapping[str, Any]) -> Any:
        text = self._texts.get(tx.dialect.name) or self._compiled(tx)
        parameters = text.parameters(values)
        # Kept with the connection, since psycopg spends 10 µs on making one.
        cursor: Any = tx.info.get(_CURSOR) or _with_cursor(tx)
        for seen in tx.engine.dispatch.before_cursor_execute:
            seen(tx, None, text.sql, parameters, None, False)
        try:
            cursor.execute(text.sql, parameters)
        except tx.dialect.loaded_dbapi.Error as fault:
            raise translated(tx, fault, text.sql) from fault
        return cursor

    def _compiled(self, tx: Tx) -> _Text:
        by_dialect = self.statement
        statement = by_dialect[tx.dialect.name] if isinstance(by_dialect, Mapping) else by_dialect
        compiled: Any = statement.compile(dialect=tx.dialect)
        constants = {name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required}
        order = tuple(compiled.positiontup) if compiled.positional else None
        text = self._texts[tx.dialect.name] = _Text(str(compiled), order, constants)
        return text


_CURSOR = "idp.cursor"


def _with_cursor(tx: Tx) -> Any:
    driver: Any = tx.connection.driver_connection
    cursor = tx.info[_CURSOR] = driver.cursor()
    return cursor


def insertion(table: Table, *columns: str) -> Prepared:
    """The insertion of one row with these columns, the others left to their defaults."""
    return Prepared(table.insert().values({name: bindparam(name) for name in columns}))
