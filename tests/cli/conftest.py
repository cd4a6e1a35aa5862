"""A folder with everything `idp serve` needs, to be spoiled in one way or another."""

import shutil
from pathlib import Path

import pytest

from tests.parts.ports import free_port
from tests.service.running import DEVELOPMENT


@pytest.fixture
def ready_folder(service_folder: Path, prepared_folder: Path) -> Path:
    """Keys, a prepared database and a configuration, `idp.toml`, with a free port."""
    shutil.copy(prepared_folder / "idp.sqlite3", service_folder / "idp.sqlite3")
    write_config(service_folder, f"sqlite:///{service_folder / 'idp.sqlite3'}")
    return service_folder


def write_config(folder: Path, database_url: str, more: str = "", port: int | None = None) -> int:
    """Write `idp.toml`; the port it names."""
    port = port or free_port()
    text = DEVELOPMENT.format(port=port, folder=folder, database_url=database_url)
    (folder / "idp.toml").write_text(text + more, "utf-8")
    return port
