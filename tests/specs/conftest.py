"""A service of its own for each test, on SQLite; ``either_house`` runs the test on both databases."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.adapters.entropy import SystemEntropy
from idp.adapters.keyring import FileKeyRing
from tests.parts.postgres import PostgresServer
from tests.specs import house as houses
from tests.specs.house import House


@pytest.fixture(scope="session")
def key_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key files, made once: an RSA key takes its time."""
    folder = tmp_path_factory.mktemp("keys")
    FileKeyRing(folder, SystemEntropy()).create_missing()
    return folder


@pytest.fixture(scope="session")
def prepared_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema on it, to be copied."""
    file = tmp_path_factory.mktemp("prepared") / "idp.sqlite3"
    houses.prepare(f"sqlite:///{file}")
    return file


@pytest.fixture
def keys(key_folder: Path, tmp_path: Path) -> Path:
    """A copy of the key files, which the test may change."""
    folder = tmp_path / "keys"
    shutil.copytree(key_folder, folder)
    return folder


@pytest.fixture
def house(prepared_sqlite: Path, keys: Path, tmp_path: Path) -> Iterator[House]:
    """A service on SQLite."""
    file = tmp_path / "idp.sqlite3"
    shutil.copy(prepared_sqlite, file)
    made = houses.open_house(f"sqlite:///{file}", keys)
    yield made
    made.idp.database.engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def either_house(request: pytest.FixtureRequest, keys: Path) -> Iterator[House]:
    """A service on each database in turn."""
    if request.param == "sqlite":
        yield request.getfixturevalue("house")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database(server.template("machines", houses.prepare)) as url:
        made = houses.open_house(url, keys)
        yield made
        made.idp.database.engine.dispose()
