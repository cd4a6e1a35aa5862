"""`idp clients` and `idp keys`, as an administrator and a script use them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Said, idp

CONFIGURATION = """\
[service]
issuer = "http://localhost:8000"
development = true

[database]
url = "sqlite:///var/idp.db"

[resources.policies]
audience = "http://localhost:8003"
scopes = ["policies", "payout"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A new installation: schema and keys, nothing else."""
    (tmp_path / "config.toml").write_text(CONFIGURATION)
    for arguments in (("keys", "init"), ("db", "upgrade"), ("keys", "init")):
        idp(tmp_path, *arguments)
    return tmp_path


def made(said: Said) -> Any:
    assert (said.code, said.err) == (0, "")
    return json.loads(said.out)


def test_the_life_of_a_client(folder: Path) -> None:
    portal = ("--kind", "web", "--name", "Portale", "--id", "portal", "--scope", "openid policies")
    redirect = ("--redirect-uri", "http://localhost:8001/callback", "--first-party")
    added = made(idp(folder, "clients", "add", *portal, *redirect, "--json"))
    assert added["client_id"] == "portal"
    assert len(added["client_secret"]) == 43
    assert added["redirect_uris"] == ["http://localhost:8001/callback"]
    assert added["first_party"] is True
    assert idp(folder, "clients", "add", *portal, *redirect).faults == ["there is a client portal already"]

    shown = made(idp(folder, "clients", "show", "portal", "--json"))
    assert "client_secret" not in shown
    assert shown == {name: value for name, value in added.items() if not name.startswith("client_secret")}
    assert [each["client_id"] for each in made(idp(folder, "clients", "list", "--json"))] == ["portal"]

    changed = made(
        idp(folder, "clients", "update", "portal", "--name", "Area Clienti", "--alg", "RS256", "--json")
    )
    assert (changed["client_name"], changed["id_token_signed_response_alg"]) == ("Area Clienti", "RS256")
    assert changed["redirect_uris"] == added["redirect_uris"]
    rotated = made(idp(folder, "clients", "rotate-secret", "portal", "--json"))
    assert rotated["client_secret"] != added["client_secret"]
    assert made(idp(folder, "clients", "disable", "portal", "--json"))["disabled"] is True
    assert "disabled" not in made(idp(folder, "clients", "disable", "portal", "--undo", "--json"))
    assert idp(folder, "clients", "remove", "portal", "--yes").code == 0
    gone = idp(folder, "clients", "show", "portal")
    assert (gone.code, gone.faults) == (1, ["there is no client portal"])


def test_every_fault_of_a_client_is_told_at_once(folder: Path) -> None:
    said = idp(
        folder,
        *("clients", "add", "--kind", "web", "--name", "X", "--scope", "openid unheard"),
        *("--redirect-uri", "https://x.example/#f", "--redirect-uri", "http://x.example/"),
    )
    assert said.code == 1
    assert [fault.partition(":")[0] for fault in said.faults] == ["scope", "redirect_uris", "redirect_uris"]
    assert idp(folder, "clients", "add", "--kind", "unheard", "--name", "X").code == 2


@pytest.mark.parametrize(
    ("done", "undone", "name"),
    [
        ("--require-par", "--no-require-par", "require_pushed_authorization_requests"),
        ("--dpop", "--no-dpop", "dpop_bound_access_tokens"),
    ],
)
def test_what_is_demanded_of_a_client_is_taken_back(folder: Path, done: str, undone: str, name: str) -> None:
    app = (
        "--kind",
        "spa",
        "--name",
        "App",
        "--id",
        "app",
        "--redirect-uri",
        "http://localhost:8002/callback",
    )
    assert made(idp(folder, "clients", "add", *app, done, "--json"))[name] is True
    assert made(idp(folder, "clients", "update", "app", "--name", "Telefono", "--json"))[name] is True
    assert made(idp(folder, "clients", "update", "app", undone, "--json"))[name] is False
    assert made(idp(folder, "clients", "update", "app", done, "--json"))[name] is True
    assert idp(folder, "clients", "update", "app", done, undone).code == 2


def test_an_api_takes_the_audience_of_the_only_resource(folder: Path) -> None:
    added = made(idp(folder, "clients", "add", "--kind", "api", "--name", "Polizze", "--json"))
    assert added["audience"] == "http://localhost:8003"
    assert added["client_id"].startswith("api-")


def test_the_life_of_the_keys(folder: Path) -> None:
    listed = made(idp(folder, "keys", "list", "--json"))
    assert {(key["alg"], key["state"], key["on_file"]) for key in listed} == {
        ("ES256", "active", True),
        ("RS256", "active", True),
    }
    assert idp(folder, "keys", "init").out == ""
    fresh = idp(folder, "keys", "new", "ES256").out.strip()
    early = idp(folder, "keys", "activate", fresh)
    assert early.code == 1
    assert "too early" in early.faults[0]
    assert idp(folder, "keys", "activate", fresh, "--now").code == 0
    states = {key["kid"]: key["state"] for key in made(idp(folder, "keys", "list", "--json"))}
    assert states[fresh] == "active"
    retired = next(kid for kid, state in states.items() if state == "retired")
    assert idp(folder, "keys", "retire", fresh).code == 1
    assert idp(folder, "keys", "retire", retired, "--compromised").code == 0
    assert not (folder / "keys" / f"sign-{retired}.json").exists()
    rotated = idp(folder, "keys", "rotate", "--compromised")
    assert rotated.code == 0
    assert f"forgotten {fresh}" in rotated.out
    after = made(idp(folder, "keys", "list", "--json"))
    assert [key["state"] for key in after] == ["active", "active"]
