"""The example file, the reference page and `idp config`: generated from the settings, and true."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from idp.cli.config import config
from idp.settings import Settings, load
from idp.settings.reference import example, reference, shown, toml
from idp.settings.tree import every_key

ROOT = Path(__file__).parents[2]
SECRET = "ParolaSegreta"
SECRETS = {
    "IDP__SERVICE__DEVELOPMENT": "true",
    "IDP__SMTP__USERNAME": "u",
    "IDP__SMTP__PASSWORD": SECRET,
    "IDP__SMS__SECRET": SECRET * 2,
    "IDP__SERVICE__METRICS_TOKEN": SECRET * 2,
    "IDP__DATABASE__URL": f"postgresql://idp:{SECRET}/@@db/idp?sslpassword={SECRET}",
    "IDP__EPHEMERA__URL": f"redis://{SECRET}@cache/0",
    "IDP__SMS__URL": f"https://sms.example.com/?key={SECRET}",
}


def test_the_example_file_is_the_committed_one() -> None:
    assert (ROOT / "config.example.toml").read_text(encoding="utf-8") == example(), "run `make docs`"


def test_the_reference_page_is_the_committed_one() -> None:
    assert (ROOT / "docs/configuration.md").read_text(encoding="utf-8") == reference(), "run `make docs`"


def test_the_example_as_it_stands_changes_nothing() -> None:
    assert all(value == {} for value in tomllib.loads(example()).values())


def test_the_example_with_every_line_taken_in_is_the_defaults(tmp_path: Path) -> None:
    """Every key is there once, at its default; only the example paths of secret files stay out."""
    settings, _, resources = example().partition("# The APIs that")
    text = re.sub(r"^# (?=[a-z0-9_]+ = )(?![a-z_]+_file = \"/run)", "", settings, flags=re.MULTILINE)
    raw = tomllib.loads(text)
    assert {f"{section}.{key}" for section, keys in raw.items() for key in keys} == {
        key.path for key in every_key() if key.path != "resources"
    }
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    development = {"IDP__SERVICE__DEVELOPMENT": "true"}
    assert load(path, development) == load(None, development)
    path.write_text(re.sub(r"^# ", "", resources.partition("\n")[2], flags=re.MULTILINE), encoding="utf-8")
    assert load(path, development).resources["policies"].audience == "https://api.example.com"


def test_every_key_is_described_and_a_time_or_size_tells_its_unit() -> None:
    for key in every_key():
        assert key.description.endswith("."), key.path
        in_seconds = key.path.startswith("lifetimes.") or re.search(
            "timeout|_life$|_gap$|_seconds$", key.path
        )
        if in_seconds and not key.path.endswith("_ms"):
            assert "second" in key.description, key.path
        if key.path.endswith("_ms"):
            assert "millisecond" in key.description, key.path
        if key.path.endswith("_bytes"):
            assert "bytes" in key.description, key.path


def test_what_is_shown_hides_every_secret() -> None:
    text = json.dumps({key.path: value for key, value in shown(load(None, SECRETS))})
    assert SECRET not in text
    assert text.count("********") == 3 + 3 + 1  # three secrets; user and query, user, query of the addresses


def test_toml_is_written_as_it_is_read() -> None:
    value = {
        "text": 'a "quoted" \\ back\nslash\t\x07 è',
        "list": ["x", 1, True, False],
        "a table": {"with space": "y", "empty": {}},
    }
    assert tomllib.loads(f"v = {toml(value)}")["v"] == value


# --- the command -----------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("IDP_")]:
        monkeypatch.delenv(name)
    return tmp_path


def test_check_tells_what_a_password_hash_costs(here: Path) -> None:
    (here / "config.toml").write_text("[service]\ndevelopment = true\n[registration]\nmismatch='explicit'\n")
    result = CliRunner().invoke(config, ["check"])
    assert result.exit_code == 0
    assert re.search(r"One password hash takes [0-9.]+ ms here", result.stdout)
    assert result.stderr.startswith("warning: registration.mismatch: ")
    answer = json.loads(CliRunner().invoke(config, ["check", "--json"]).stdout)
    assert answer["ok"] is True
    assert answer["argon2id_ms"] > 0
    assert len(answer["warnings"]) == 1


def test_check_tells_every_fault_and_fails(here: Path) -> None:
    path = here / "mine.toml"
    path.write_text("[service]\nport = 0\nprot = 1\n")
    result = CliRunner().invoke(config, ["check", "--config", str(path)])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "service.port: at least 1 is wanted, not '0'" in result.stderr
    assert "service.prot: unknown key (did you mean port?)" in result.stderr
    answer = json.loads(CliRunner().invoke(config, ["check", "--json", "--config", str(path)]).stdout)
    assert answer["ok"] is False
    assert {"service.port", "service.prot"} <= {fault["path"] for fault in answer["faults"]}


def test_show_prints_values_with_their_origin_and_no_secret(here: Path) -> None:
    result = CliRunner(env=SECRETS).invoke(config, ["show"])
    assert result.exit_code == 0
    assert "service.development = true  # environment IDP__SERVICE__DEVELOPMENT" in result.stdout
    assert "codes.tries = 5\n" in result.stdout
    assert SECRET not in result.output
    answer = json.loads(CliRunner(env=SECRETS).invoke(config, ["show", "--json"]).stdout)
    assert answer["smtp.password"] == {"value": "********", "origin": "environment IDP__SMTP__PASSWORD"}
    assert set(answer) == {key.path for key in every_key()}


def test_show_of_a_refused_configuration_fails(here: Path) -> None:
    assert CliRunner().invoke(config, ["show", "--config", "none.toml"]).exit_code == 1


def test_wrong_usage_is_exit_code_2(here: Path) -> None:
    assert CliRunner().invoke(config, ["check", "--nonsense"]).exit_code == 2


def test_example_and_reference_print_the_texts(here: Path) -> None:
    assert CliRunner().invoke(config, ["example"]).stdout == example()
    assert CliRunner().invoke(config, ["reference"]).stdout == reference()


def test_settings_start_without_what_they_do_not_need() -> None:
    """Cold start has a budget: pydantic-settings and the suggestions of a fault stay out of a good start."""
    development = "{'IDP__SERVICE__DEVELOPMENT': 'true'}"
    program = f"import sys, idp.settings; idp.settings.load(None, {development}); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"pydantic_settings", "difflib", "sqlalchemy", "flask"} & set(loaded)
    assert Settings.__module__ in loaded
