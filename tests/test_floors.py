"""The floors of the house, as the import rules in pyproject.toml state them."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def import_linter(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command: list[str | Path] = [
        Path(sys.executable).with_name("lint-imports"),
        "--no-cache",
        "--no-logo",
        *arguments,
    ]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def contracts() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return [contract["id"] for contract in settings["tool"]["importlinter"]["contracts"]]


@pytest.mark.parametrize("contract", contracts())
def test_the_house_keeps_its_floors(contract: str) -> None:
    checked = import_linter("--contract", contract)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_an_import_that_climbs_is_found(tmp_path: Path) -> None:
    """The rules see what they are meant to see, in a small house of the same plan with three faults."""
    above = ["cli", "wsgi", "app", "web", "flows", "adapters", "store"]
    rooms = [*above, "oidc", "accounts", "ports", "settings", "values"]
    for package in ["idp", "clients", *(f"idp/{room}" for room in rooms)]:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
    (tmp_path / "idp/values/__init__.py").write_text("import idp.flows\n")
    (tmp_path / "idp/oidc/__init__.py").write_text("import sqlalchemy\n")
    (tmp_path / "clients/__init__.py").write_text("import idp.values\n")
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    command: list[str | Path] = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert checked.returncode != 0
    for climb in ("idp.values -> idp.flows", "idp.oidc -> sqlalchemy", "clients -> idp.values"):
        assert climb in checked.stdout
