"""Exit codes, listings and the place of `--config`, by calling the commands in this process."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from idp.cli.main import main

PORTAL = ("clients", "add", "--kind", "web", "--name", "Portal", "--id", "portal")
PORTAL_ADDRESSES = ("--redirect-uri", "https://portal.example.test/callback", "--scope", "openid policies")
NEED_THE_DATABASE = (("clients", "list"), ("keys", "list"), ("registry", "find", "C100001"), ("db", "sweep"))


@pytest.fixture
def here(ready_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the commands are typed."""
    monkeypatch.chdir(ready_folder)
    for name in ("IDP_CONFIG", "IDP_WITH_WORKER"):
        monkeypatch.delenv(name, raising=False)
    return ready_folder


def typed(*arguments: str) -> Result:
    """What a command says."""
    return CliRunner().invoke(main, arguments)


def listed(*arguments: str) -> Any:
    """What a listing prints with --json, read."""
    said = typed(*arguments, "--json", "--config", "idp.toml")
    assert said.exit_code == 0, said.output
    return json.loads(said.stdout)


def test_every_listing_prints_json(here: Path) -> None:
    assert typed(*PORTAL, *PORTAL_ADDRESSES, "--config", "idp.toml").exit_code == 0
    assert [client["client_id"] for client in listed("clients", "list")] == ["portal"]
    assert {key["alg"] for key in listed("keys", "list")} == {"ES256", "RS256"}
    assert listed("registry", "find", "C100001")[0]["given_name"] == "Maria"
    assert listed("clients", "show", "portal")["client_name"] == "Portal"
    assert listed("db", "upgrade")["changed"] is False
    assert isinstance(listed("db", "sweep"), dict)
    assert listed("config", "show")
    assert listed("config", "check")["ok"] is True


def test_a_clients_secret_is_printed_once(here: Path) -> None:
    added = json.loads(typed(*PORTAL, *PORTAL_ADDRESSES, "--json", "--config", "idp.toml").stdout)
    assert len(added["client_secret"]) >= 43
    assert "client_secret" not in listed("clients", "show", "portal")
    assert added["client_secret"] not in (here / "idp.sqlite3").read_bytes().decode("latin-1")
    rotated = json.loads(typed("clients", "rotate-secret", "portal", "--json", "--config", "idp.toml").stdout)
    assert rotated["client_secret"] != added["client_secret"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("clients", "show", "nobody"), 1),
        (("clients", "remove", "nobody", "--yes"), 1),
        (("clients", "rotate-secret", "nobody"), 1),
        (("keys", "activate", "nobody"), 1),
        (("registry", "find", "C999999"), 1),
        ((*PORTAL, "--redirect-uri", "http://portal.example.test/callback"), 1),
        (("clients", "add", "--kind", "web"), 2),
        (("clients", "add", "--kind", "spaceship", "--name", "x"), 2),
        (("clients",), 2),
        (("frobnicate",), 2),
        (("serve", "--processes", "0"), 2),
        (("serve", "--server", "apache"), 2),
        (("registry", "check", "no-such-file.csv"), 2),
        (("--version",), 0),
        (("--help",), 0),
        (("serve", "--help"), 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_exit_codes_are_0_for_ok_1_for_failed_2_for_usage(
    here: Path, arguments: tuple[str, ...], code: int
) -> None:
    config = () if code != 1 else ("--config", "idp.toml")
    said = typed(*arguments, *config)
    assert said.exit_code == code, said.output
    assert said.exception is None or isinstance(said.exception, SystemExit)


@pytest.mark.parametrize(
    "arguments",
    [*NEED_THE_DATABASE, ("config", "check")],
    ids=" ".join,
)
def test_the_configuration_is_found_by_option_by_variable_or_in_this_folder(
    here: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    assert typed(*arguments).exit_code == 1, "without a configuration there is no courier"
    assert typed(*arguments, "--config", "idp.toml").exit_code == 0
    monkeypatch.setenv("IDP_CONFIG", str(here / "idp.toml"))
    assert typed(*arguments).exit_code == 0
    monkeypatch.delenv("IDP_CONFIG")
    (here / "idp.toml").rename(here / "config.toml")
    assert typed(*arguments).exit_code == 0


def test_a_command_on_a_database_out_of_order_says_so_in_a_line(here: Path) -> None:
    file = here / "idp.toml"
    file.write_text(file.read_text("utf-8").replace("idp.sqlite3", "empty.sqlite3"), "utf-8")
    for arguments in NEED_THE_DATABASE:
        said = typed(*arguments, "--config", "idp.toml")
        assert said.exit_code == 1
        assert "idp db upgrade" in said.stderr
        assert len(said.stderr.splitlines()) == 1, said.stderr
