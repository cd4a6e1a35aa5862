"""One database, two ways in: ``reading`` (no transaction kept) and ``writing`` (one transaction, all or
nothing).

SQLite runs in WAL mode with ``BEGIN IMMEDIATE`` and one writer at a time per process: its own busy handler is
unfair and lets a writer starve. Writers who wait for their turn join the transaction that is under way and
share its commit, which is what costs (``synchronous=FULL`` waits for the disk). PostgreSQL reads run in
autocommit, which saves two round trips each.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_MOST_WRITERS = 32
"""How many writers share one commit at most: it bounds what the first of them waits for the last."""
_PATIENCE = 0.05
"""Seconds after which a writer looks whether the commit it waits for has been forgotten."""

Tx = Connection
"""A connection inside ``reading`` or ``writing``; the first argument of every store function."""


class DatabaseDown(Exception):
    """The database did not answer, or not in time; nothing was written."""


def engine_options(url: str, *, pool_size: int, threads: int, statement_timeout_ms: int) -> dict[str, Any]:
    """The options by which the engine for ``url`` is to be created (``create_engine`` keywords)."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        # A connection is cheap there and never waits for another but for the writer lock.
        return {
            "pool_size": threads + 4,
            "max_overflow": 0,
            "connect_args": {"check_same_thread": False, "timeout": statement_timeout_ms / 1000},
        }
    # Milliseconds; the lock timeout is the shorter, so that a waiting request gives up before the statement
    # does.
    server = f"-c statement_timeout={statement_timeout_ms} -c idle_in_transaction_session_timeout=10000"
    return {
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": statement_timeout_ms / 1000,
        "pool_pre_ping": False,
        "connect_args": {"options": server, "connect_timeout": 3},
    }


def translated(tx: Tx, fault: Exception, sql: str) -> BaseException:
    """What SQLAlchemy would raise for a fault of the driver; parameters are never told.

    A connection that is gone is given up, with every other in the pool: they went with the same server.
    """
    gone = bool(tx.dialect.is_disconnect(cast(Any, fault), cast(Any, tx.connection.dbapi_connection), None))
    if gone:
        tx.invalidate(fault)
        tx.engine.dispose()
    return DBAPIError.instance(
        sql,
        None,
        fault,
        tx.dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=gone,
        dialect=tx.dialect,
    )


class Database:
    """The engine and the two ways to use it."""

    def __init__(self, engine: Engine, *, sqlite_synchronous: str = "FULL") -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._here = threading.local()
        self._writer = engine.execution_options(idp_writing=True)
        self._sharing = _Sharing(self._writer)
        self._prepare(sqlite_synchronous)

    @property
    def url(self) -> URL:
        """Where the database is."""
        return self.engine.url

    def _prepare(self, synchronous: str) -> None:
        @event.listens_for(self.engine, "connect")
        def _connect(connection: Any, _record: Any) -> None:
            # The drivers would otherwise open transactions of their own: deferred ones in SQLite, and in
            # PostgreSQL one for every read, two round trips each. BEGIN is ours to say.
            if not self.is_sqlite:
                connection.autocommit = True
                return
            connection.isolation_level = None
            for pragma in (
                "journal_mode=WAL",
                f"synchronous={synchronous}",
                "foreign_keys=ON",
                "cache_size=-16000",
                "mmap_size=268435456",
                "temp_store=MEMORY",
            ):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(self.engine, "begin")
        def _begin(connection: Connection) -> None:
            if not connection.get_execution_options().get("idp_writing"):
                return
            driver: Any = connection.connection.dbapi_connection
            try:
                if self.is_sqlite:
                    driver.execute("BEGIN IMMEDIATE")
                else:
                    _begin_postgresql(connection, driver)
            except connection.dialect.loaded_dbapi.Error as fault:
                raise translated(connection, fault, "BEGIN") from fault

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """A connection to read with; statements see the newest committed state, each by itself.

        Raises ``DatabaseDown``.
        """
        try:
            with self.engine.connect() as tx:
                yield tx
        except (OperationalError, PoolTimeout) as fault:
            raise DatabaseDown from fault
        except DBAPIError as fault:
            if fault.connection_invalidated:
                raise DatabaseDown from fault
            raise

    @contextmanager
    def writing(self) -> Iterator[Tx]:
        """One transaction: it commits when the block ends, and leaves nothing behind when the block raises.

        Raises ``DatabaseDown``, and ``RuntimeError`` when the thread is inside ``writing`` already: a port
        called there would wait for itself.
        """
        if getattr(self._here, "writing", False):
            raise RuntimeError("writing() inside writing(): call ports and flows outside the transaction")
        self._here.writing = True
        try:
            with self._sharing.join() if self.is_sqlite else self._writer.begin() as tx:
                yield tx
        except (OperationalError, PoolTimeout) as fault:
            raise DatabaseDown from fault
        except DBAPIError as fault:
            if fault.connection_invalidated:
                raise DatabaseDown from fault
            raise
        finally:
            self._here.writing = False

    def dispose(self) -> None:
        """Close every connection; to be called in a child after a fork."""
        self.engine.dispose(close=False)


def _begin_postgresql(connection: Connection, driver: Any) -> None:
    """Begin by libpq itself: psycopg's ``execute`` costs as much again as the round trip."""
    result = driver.pgconn.exec_(b"BEGIN")
    if result.error_message:
        raise connection.dialect.loaded_dbapi.OperationalError("BEGIN failed")


class _Group:
    """One SQLite transaction and the writers who share it; ``done`` is set when it is committed or lost."""

    def __init__(self, writer: Engine) -> None:
        self.tx = writer.connect()
        try:
            self._transaction = self.tx.begin()
        except BaseException:
            self.tx.close()
            raise
        self._driver: Any = self.tx.connection.dbapi_connection
        self.writers = 0
        self.done = threading.Event()
        self.fault: BaseException | None = None

    @property
    def lives(self) -> bool:
        """Whether the transaction goes on: a full disk or an I/O error makes SQLite roll all of it back."""
        return bool(self._driver.in_transaction)

    def run(self, sql: str) -> None:
        """Run a statement about the transaction itself."""
        try:
            self._driver.execute(sql)
        except self.tx.dialect.loaded_dbapi.Error as fault:
            raise translated(self.tx, fault, sql) from fault

    def commit(self) -> None:
        """Commit for everybody; whoever wrote here learns what came of it from ``fault``."""
        try:
            if not self.lives:
                raise DatabaseDown
            self._transaction.commit()
        except BaseException as fault:
            self.fault = fault
            raise
        finally:
            self._end()

    def lose(self) -> None:
        """Roll back for everybody."""
        self.fault = DatabaseDown()
        self._end()

    def _end(self) -> None:
        try:
            # A commit that failed may have left the transaction open, and SQLAlchemy takes it for ended.
            if self.lives:
                self._driver.rollback()
        except self.tx.dialect.loaded_dbapi.Error as fault:
            self.tx.invalidate(fault)
        finally:
            try:
                self.tx.close()
            finally:
                self.done.set()


class _Sharing:
    """Group commit: one writer at a time, one commit for all who came while it was under way.

        join ──► alone: BEGIN IMMEDIATE ──► work ──► somebody waits? they go on ──► … the last one commits
             └─► joining: SAVEPOINT ──► work ──► RELEASE, or ROLLBACK TO where the work raised

    Nobody returns before the commit they share; a commit that fails fails for all of them.
    """

    def __init__(self, writer: Engine) -> None:
        self._writer = writer
        self._turn = threading.Lock()
        # One entry for each thread that wants the turn; appending and popping are atomic.
        self._coming: deque[None] = deque()
        self._group: _Group | None = None

    @contextmanager
    def join(self) -> Iterator[Tx]:
        """The shared transaction, as if it were one's own."""
        self._coming.append(None)
        try:
            self._turn.acquire()
        finally:
            self._coming.pop()
        try:
            group, joined = self._enter()
            try:
                yield group.tx
                if joined:
                    group.run("RELEASE writer")
            except BaseException:
                self._leave(group, joined=joined)
                raise
            group.writers += 1
            if not self._coming or group.writers >= _MOST_WRITERS:
                self._close(group)
        finally:
            self._turn.release()
        # Whoever takes the turn next commits; should they never come, we do.
        while not group.done.wait(_PATIENCE):
            with self._turn:
                if self._group is group:
                    self._close(group)
        if group.fault is not None:
            raise DatabaseDown from group.fault

    def _enter(self) -> tuple[_Group, bool]:
        """The group to write in, and whether others have written in it before."""
        group = self._group
        if group is not None and not group.lives:
            group.lose()
            self._group = group = None
        if group is None:
            self._group = group = _Group(self._writer)
            return group, False
        group.run("SAVEPOINT writer")
        return group, True

    def _leave(self, group: _Group, *, joined: bool) -> None:
        """Undo the work of one writer; those before it in the group keep theirs."""
        if not joined or not group.lives:
            self._group = None
            group.lose()
            return
        group.run("ROLLBACK TO writer")
        group.run("RELEASE writer")
        if not self._coming:
            # Whoever raised is told of that; the others learn from the group what came of their commit.
            with suppress(DBAPIError, DatabaseDown):
                self._close(group)

    def _close(self, group: _Group) -> None:
        self._group = None
        group.commit()
