"""One database, two ways in: ``reading`` (no transaction kept) and ``writing`` (one transaction, all or
nothing).

SQLite runs in WAL mode with ``BEGIN IMMEDIATE`` and one writer at a time per process: its own busy handler is
unfair and lets a writer starve. PostgreSQL reads run in autocommit, which saves two round trips each.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

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


class Database:
    """The engine and the two ways to use it."""

    def __init__(self, engine: Engine, *, sqlite_synchronous: str = "FULL") -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._turn = threading.Lock()
        self._here = threading.local()
        self._writer = engine.execution_options(idp_writing=True)
        if self.is_sqlite:
            self._reader = engine
            self._prepare_sqlite(sqlite_synchronous)
        else:
            self._reader = engine.execution_options(isolation_level="AUTOCOMMIT")

    @property
    def url(self) -> URL:
        """Where the database is."""
        return self.engine.url

    def _prepare_sqlite(self, synchronous: str) -> None:
        @event.listens_for(self.engine, "connect")
        def _connect(connection: Any, _record: Any) -> None:
            # The driver would otherwise open transactions of its own, deferred ones (BEGIN is ours to say).
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
            if connection.get_execution_options().get("idp_writing"):
                driver: Any = connection.connection.dbapi_connection
                driver.execute("BEGIN IMMEDIATE")

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """A connection to read with; statements see the newest committed state, each by itself.

        Raises ``DatabaseDown``.
        """
        try:
            with self._reader.connect() as tx:
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
            with self._turns(), self._writer.begin() as tx:
                yield tx
        except (OperationalError, PoolTimeout) as fault:
            raise DatabaseDown from fault
        except DBAPIError as fault:
            if fault.connection_invalidated:
                raise DatabaseDown from fault
            raise
        finally:
            self._here.writing = False

    @contextmanager
    def _turns(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        with self._turn:
            yield

    def dispose(self) -> None:
        """Close every connection; to be called in a child after a fork."""
        self.engine.dispose(close=False)
