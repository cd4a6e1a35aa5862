"""An upgraded database on each of the two, and the service's flows over one."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from idp.store import schema
from idp.store.database import Database, engine_options
from tests.service.in_process import InProcess, open_in_process, settings_for


def opened(url: str, *, threads: int = 64) -> Database:
    """The database at this URL, with as many connections as a race needs."""
    options = engine_options(url, pool_size=16, threads=threads, statement_timeout_ms=20_000)
    return Database(create_engine(url, **options), sqlite_synchronous="NORMAL")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with every table, empty."""
    database = opened(database_url)
    schema.upgrade(database)
    yield database
    database.engine.dispose()


@pytest.fixture(scope="session")
def processes() -> Iterator[ProcessPoolExecutor]:
    """Two other processes to race with (``tests.store.racing``)."""
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.fixture
def house(database_url: str, service_folder: Path) -> Iterator[InProcess]:
    """The flows over an empty registry, on each of the two databases."""
    house = open_in_process(settings_for(service_folder, database_url))
    schema.upgrade(house.idp.database)
    yield house
    house.idp.database.engine.dispose()
