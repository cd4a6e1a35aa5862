"""Services of two processes, on each database, one for all tests of a file."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.service import MortalService, mortal_service
from tests.parts.postgres import PostgresServer
from tests.service import in_process


@pytest.fixture(scope="module")
def postgres_copy(postgres_server: PostgresServer, prepared_folder: Path) -> Iterator[str]:
    """The URL of a prepared PostgreSQL database for the tests of one file."""
    template = postgres_server.template(
        "prepared", lambda url: in_process.prepare(in_process.settings_for(prepared_folder, url))
    )
    with postgres_server.database(template) as url:
        yield url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def mortal(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, prepared_folder: Path
) -> Iterator[MortalService]:
    """Two serving processes, once on SQLite and once on PostgreSQL."""
    url = request.getfixturevalue("postgres_copy") if request.param == "postgresql" else None
    with contextlib.ExitStack() as stack:
        folder = tmp_path_factory.mktemp("mortal")
        yield stack.enter_context(mortal_service(folder, prepared_folder, url))
