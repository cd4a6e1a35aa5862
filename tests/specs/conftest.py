"""The service as machines see it, for each test its own; ``either_house`` runs the test on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.specs.house import House, open_house


@pytest.fixture
def keys(service_folder: Path) -> Path:
    """A copy of the key files, which the test may change."""
    return service_folder / "keys"


@pytest.fixture
def house(prepared_sqlite_url: str, keys: Path) -> Iterator[House]:
    """A service on SQLite."""
    yield from _opened(prepared_sqlite_url, keys)


@pytest.fixture(params=["sqlite", "postgresql"])
def either_house(request: pytest.FixtureRequest, keys: Path) -> Iterator[House]:
    """A service on each database in turn."""
    name = {"sqlite": "prepared_sqlite_url", "postgresql": "prepared_postgres_url"}[request.param]
    yield from _opened(str(request.getfixturevalue(name)), keys)


def _opened(url: str, keys: Path) -> Iterator[House]:
    made = open_house(url, keys)
    yield made
    made.idp.database.engine.dispose()
