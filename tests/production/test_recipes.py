"""The recipes of docs/deploy do what they say: settings that load, commands that exist, a way back."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import make_url

from idp.cli.main import main
from idp.flows import keys
from idp.settings import load
from tests.parts import postgres as postgres_part
from tests.parts.postgres import PostgresServer
from tests.service import in_process
from tests.service.in_process import CALLBACK, InProcess
from tests.service.running import VERIFIER_CHALLENGE

pytestmark = [pytest.mark.production, pytest.mark.slow]

RECIPES = Path(__file__).parents[2] / "docs/deploy"
REQUIREMENTS = Path(__file__).parents[2] / "requirements"


def pins(file: Path) -> dict[str, str]:
    """The versions that a lock file names."""
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", file.read_text("utf-8"), re.MULTILINE))


def test_the_configuration_is_right_once_its_secrets_are_there(tmp_path: Path) -> None:
    for name in ("metrics_token", "smtp_password", "sms_secret"):
        (tmp_path / name).write_text("a secret of some length\n", "utf-8")
    config = (RECIPES / "config.toml").read_text("utf-8").replace("/etc/idp/secrets", str(tmp_path))
    (tmp_path / "config.toml").write_text(config, "utf-8")
    settings = load(tmp_path / "config.toml", {})
    assert not settings.service.development
    assert settings.service.trusted_proxies == 1


def test_what_is_installed_is_what_was_tested() -> None:
    production, tested = pins(RECIPES / "requirements.txt"), pins(REQUIREMENTS / "test.txt")
    assert {"psycopg", "redis", "gunicorn", "cryptography"} <= production.keys()
    assert production == {name: tested.get(name) for name in production}
    lines = (RECIPES / "requirements.txt").read_text("utf-8").splitlines()
    assert all("\\" in line for line in lines if "==" in line), "every package has its hashes"


@pytest.mark.parametrize("unit", ["idp-serve", "idp-worker", "idp-rotate"])
def test_a_unit_starts_a_command_that_exists(unit: str) -> None:
    text = (RECIPES / "systemd" / f"{unit}.service").read_text("utf-8")
    started = re.findall(r"^Exec\w+=/opt/idp/\.venv/bin/idp (.+)$", text, re.MULTILINE)
    assert started
    for words in started:
        assert CliRunner().invoke(main, [*words.split(), "--help"]).exit_code == 0, words


@pytest.fixture
def lost(
    postgres_server: PostgresServer, prepared_folder: Path, tmp_path: Path
) -> Iterator[tuple[InProcess, str, Path]]:
    """A service with a signed-in customer, its database and its folder, before they are lost."""
    shutil.copytree(prepared_folder / "keys", tmp_path / "keys")
    template = postgres_server.template(
        "prepared", lambda url: in_process.prepare(in_process.settings_for(prepared_folder, url))
    )
    with postgres_server.database(template) as url:
        service = in_process.open_in_process(in_process.settings_for(tmp_path, url))
        yield service, url, tmp_path
        service.idp.database.engine.dispose()


def test_after_a_restore_customers_sign_in_and_tokens_issued_before_still_hold(
    lost: tuple[InProcess, str, Path], postgres_server: PostgresServer
) -> None:
    service, url, folder = lost
    client = service.client(kind="spa", client_id="app")
    visitor = service.visitor()
    service.register(visitor)
    visitor.fetch(
        "GET",
        "/authorize",
        query_string={
            "client_id": client.client.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid policies",
            "code_challenge": VERIFIER_CHALLENGE,
            "code_challenge_method": "S256",
        },
    )
    code = re.findall(r"[?&]code=([^&]+)", visitor.location)[0]
    issued = visitor.fetch(
        "POST",
        "/token",
        data={
            "grant_type": "authorization_code",
            "client_id": "app",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        },
    )
    tokens = issued.get_json()
    assert issued.status_code == 200, tokens

    (folder / "backups").mkdir()
    made = run("backup.sh", folder / "backups", libpq(url), folder / "keys").strip()
    backups = sorted(file.suffix for file in (folder / "backups").iterdir())
    assert backups == [".dump", ".tar"], "and no half one"
    assert all(file.stat().st_mode & 0o077 == 0 for file in (folder / "backups").iterdir())
    for word in (b"maria.rossi@", b"RSSMRA80D52H501K", b"+393331234501"):
        assert word not in Path(f"{made}.dump").read_bytes()

    with postgres_server.database() as empty:
        elsewhere = folder / "elsewhere"
        elsewhere.mkdir()
        run("restore.sh", made, libpq(empty), elsewhere / "keys")
        restored = in_process.open_in_process(in_process.settings_for(elsewhere, empty))
        restored.clock.move(service.clock.now() - restored.clock.now() + 1)
        assert not restored.idp.signers.missing()
        assert keys.listing(restored.idp)
        again = restored.visitor()
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert again.fetch("GET", "/userinfo", headers=bearer).status_code == 200
        refreshed = again.fetch(
            "POST",
            "/token",
            data={
                "grant_type": "refresh_token",
                "client_id": "app",
                "refresh_token": tokens["refresh_token"],
            },
        )
        assert refreshed.status_code == 200, refreshed.text
        restored.idp.database.engine.dispose()


def libpq(url: str) -> str:
    """A SQLAlchemy address as PostgreSQL's own programs take it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def run(script: str, *arguments: str | Path) -> str:
    """Run one of the recipes' scripts with the programs of the server the tests run on; what it printed."""
    binaries = postgres_part.find_binaries()
    path = os.pathsep.join([*([str(binaries)] if binaries else []), os.environ["PATH"]])
    done = subprocess.run(
        [RECIPES / script, *arguments],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
