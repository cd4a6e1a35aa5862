"""A whole `Idp` over a real database, a clock that tests move, couriers that keep what they are given."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.engine import RowMapping

from idp.adapters.entropy import SystemEntropy
from idp.adapters.ephemera_sql import SqlEphemera
from idp.adapters.keyring import FileKeyRing
from idp.app.build import assemble
from idp.flows.idp import Idp
from idp.ports import Delivery, Message
from idp.settings import Settings
from idp.store.database import Database, engine_options
from idp.store.tables import metadata, outbox

NOW = 1_795_370_000
"""22 November 2026, 18:53:20 in Rome."""


class MovableClock:
    """Stands still until a test moves it; both hands move together."""

    def __init__(self, now: int = NOW) -> None:
        self._now = float(now)
        self._since = 0.0

    def now(self) -> int:
        """Epoch seconds."""
        return int(self._now)

    def now_ms(self) -> int:
        """Epoch milliseconds."""
        return int(self._now * 1000)

    def monotonic(self) -> float:
        """Seconds since the test began."""
        return self._since

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds
        self._since += seconds


@dataclass
class Pigeon:
    """A courier that answers what it was told and keeps what it was given."""

    answers: list[Delivery] = field(default_factory=list)
    otherwise: Delivery = Delivery.SENT
    carried: list[Message] = field(default_factory=list)
    before: Callable[[], object] = lambda: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, message: Message, now: int) -> Delivery:
        """Keep it, and answer the next answer."""
        self.before()
        with self.lock:
            self.carried.append(message)
            return self.answers.pop(0) if self.answers else self.otherwise


@dataclass
class Crier:
    """A logout sender that keeps what it was given."""

    answer: Delivery = Delivery.SENT
    told: list[tuple[str, str]] = field(default_factory=list)

    def send(self, uri: str, logout_token: str) -> Delivery:
        """Keep it."""
        self.told.append((uri, logout_token))
        return self.answer


@pytest.fixture(scope="session")
def key_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The keys of an installation, made once: an RSA key takes its time."""
    folder = tmp_path_factory.mktemp("delivery") / "keys"
    FileKeyRing(folder, SystemEntropy()).create_missing()
    return folder


@pytest.fixture
def clock() -> MovableClock:
    """The clock of `idp`."""
    return MovableClock()


@contextlib.contextmanager
def opened(url: str) -> Iterator[Database]:
    """A database with every table."""
    engine = create_engine(url, **engine_options(url, pool_size=8, threads=8, statement_timeout_ms=5000))
    database = Database(engine, sqlite_synchronous="NORMAL")
    metadata.create_all(engine)
    try:
        yield database
    finally:
        engine.dispose()


def built(database: Database, key_folder: Path, clock: MovableClock, settings: Settings | None = None) -> Idp:
    """An `Idp` on that database."""
    entropy = SystemEntropy()
    return assemble(
        settings or Settings(),
        clock=clock,
        entropy=entropy,
        keys=FileKeyRing(key_folder, entropy).load(),
        store=database,
        short_lived=SqlEphemera(database),
    )


@pytest.fixture
def idp(database_url: str, key_folder: Path, clock: MovableClock) -> Iterator[Idp]:
    """The service on a fresh database; the test runs on SQLite and on PostgreSQL."""
    with opened(database_url) as database:
        yield built(database, key_folder, clock)


@pytest.fixture
def idp_on_sqlite(sqlite_url: str, key_folder: Path, clock: MovableClock) -> Iterator[Idp]:
    """The service on SQLite only, for what does not depend on the database."""
    with opened(sqlite_url) as database:
        yield built(database, key_folder, clock)


def rows(idp: Idp) -> list[RowMapping]:
    """Every row of the outbox, oldest first."""
    with idp.reading() as tx:
        return list(tx.execute(select(outbox).order_by(outbox.c.created_at, outbox.c.id)).mappings())
