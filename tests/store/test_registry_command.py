"""``idp registry`` and ``idp db``: what they print, and the exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from idp.adapters.registry_file import RegistryFile
from idp.cli.database import db
from idp.cli.registry import registry
from idp.flows.idp import Idp
from idp.flows.registry import importing
from idp.settings import Settings
from idp.store import schema
from tests.service.in_process import InProcess, open_in_process, settings_for
from tests.store.racing import NOW
from tests.store.test_registry_import import DEMO, changed


class Opener:
    """What the command line hands its commands: the service, or its settings only."""

    def __init__(self, house: InProcess) -> None:
        self._house = house

    def __call__(self) -> Idp:
        return self._house.idp

    def settings(self) -> Settings:
        """The settings."""
        return self._house.idp.settings


@pytest.fixture
def house(sqlite_url: str, service_folder: Path) -> InProcess:
    """The flows over an empty registry on SQLite."""
    house = open_in_process(settings_for(service_folder, sqlite_url))
    schema.upgrade(house.idp.database)
    return house


def run(house: InProcess, *arguments: object, command: Any = registry) -> Result:
    """Run the command."""
    return CliRunner().invoke(command, [str(a) for a in arguments], obj=Opener(house), catch_exceptions=False)


def test_an_import_prints_its_counts(house: InProcess) -> None:
    result = run(house, "import", DEMO)
    assert result.exit_code == 0
    assert result.stdout == "29 added, 0 changed, 0 unchanged, 0 refused, 0 ended, 1 warnings\n"
    assert "warning: line 24, mobiles: holds a number that is no mobile" in result.stderr
    assert "555 777" not in result.output


def test_nothing_is_imported_where_nothing_would_read_it(sqlite_url: str, service_folder: Path) -> None:
    asked = {"adapter": "http", "url": "https://registry.insurer.example", "token": "a-token-of-the-registry"}
    house = open_in_process(settings_for(service_folder, sqlite_url, registry=asked))
    schema.upgrade(house.idp.database)
    result = run(house, "import", DEMO)
    assert result.exit_code == 1
    assert "nothing would read what is imported" in result.stderr
    with house.idp.reading() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM customer_records").scalar_one() == 0


def test_an_import_prints_one_json_object(house: InProcess) -> None:
    result = run(house, "import", DEMO, "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    counts = {name: answer[name] for name in ("added", "changed", "unchanged", "refused")}
    assert counts == {"added": 29, "changed": 0, "unchanged": 0, "refused": 0}
    assert answer["applied"] is True
    assert [(f["line"], f["column"], f["code"]) for f in answer["faults"]] == [(24, "mobiles", "not_mobile")]


def test_a_refused_file_fails_and_says_where(house: InProcess, tmp_path: Path) -> None:
    path = changed(tmp_path, C100003={"tax_code": "VRDLCU92A05L219Q"})
    result = run(house, "import", path)
    assert result.exit_code == 1
    assert "fault: line 4, tax_code: is no codice fiscale" in result.stderr
    assert "Nothing was changed: 1 line refused." in result.stderr
    assert "VRDLCU" not in result.output
    assert importing.is_empty(house.idp)
    skipped = run(house, "import", path, "--skip-invalid", "--json")
    assert skipped.exit_code == 0
    assert json.loads(skipped.stdout)["refused"] == 1


def test_a_snapshot_from_the_command_line_ends_who_is_missing(house: InProcess, tmp_path: Path) -> None:
    run(house, "import", DEMO)
    result = run(house, "import", changed(tmp_path, C100001=None), "--snapshot", "--json")
    assert json.loads(result.stdout)["ended"] == 1


def test_an_import_beside_another_fails(house: InProcess) -> None:
    results: list[Result] = []

    def meanwhile(phase: str, done: int, of: int) -> None:
        results.append(run(house, "import", DEMO))

    importing.import_file(house.idp, RegistryFile(DEMO), now=NOW, report=meanwhile)
    assert results[0].exit_code == 1
    assert "another import is under way" in results[0].stderr


def test_a_file_that_is_not_there_is_a_usage_error(house: InProcess, tmp_path: Path) -> None:
    for command in ("import", "check"):
        assert run(house, command, tmp_path / "nowhere.csv").exit_code == 2


def test_check_tells_everything_and_changes_nothing(house: InProcess, tmp_path: Path) -> None:
    good = run(house, "check", DEMO)
    assert good.exit_code == 0
    assert good.stdout == "29 lines, 0 refused, 1 warnings\n"
    path = changed(tmp_path, C100003={"emails": "x"}, C100005={"customer_number": "C100002"})
    bad = run(house, "check", path, "--json")
    assert bad.exit_code == 1
    answer = json.loads(bad.stdout)
    assert (answer["ok"], answer["lines"], answer["refused"]) == (False, 29, 2)
    assert [(f["line"], f["code"]) for f in answer["faults"]] == [
        (4, "invalid_email"),
        (6, "duplicate_customer"),
        (24, "not_mobile"),
    ]
    assert importing.is_empty(house.idp)


def test_a_customer_is_found_from_the_command_line(house: InProcess) -> None:
    run(house, "import", DEMO)
    shown = run(house, "find", "C100001")
    assert shown.exit_code == 0
    assert "C100001  Maria Rossi  (person, active)" in shown.stdout
    assert "contact: maria.rossi@posta.example (since 2024-03-01)" in shown.stdout
    found = json.loads(run(house, "find", "RSSMRA80D52H501K", "--json").stdout)
    assert [(one["customer_number"], one["registered"]) for one in found] == [
        ("C100001", False),
        ("C100026", False),
    ]
    nobody = run(house, "find", "nobody@posta.example", "--json")
    assert (nobody.exit_code, json.loads(nobody.stdout)) == (1, [])


def test_the_schema_is_upgraded_once(sqlite_url: str, service_folder: Path) -> None:
    house = open_in_process(settings_for(service_folder, sqlite_url))
    first = run(house, "upgrade", "--json", command=db)
    assert json.loads(first.stdout) == {"changed": True, "schema": schema.wanted()}
    second = run(house, "upgrade", command=db)
    assert second.stdout == f"The schema is already {schema.wanted()}.\n"
    schema.check(house.idp.database)


def test_a_database_that_cannot_be_opened_is_told_in_one_line(service_folder: Path) -> None:
    (service_folder / "taken.db").mkdir()
    house = open_in_process(settings_for(service_folder, f"sqlite:///{service_folder / 'taken.db'}"))
    result = run(house, "upgrade", command=db)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: the database does not answer: ")
    assert result.stderr.count("\n") == 1


def test_sweeping_removes_what_is_over(house: InProcess) -> None:
    assert run(house, "sweep", command=db).stdout == "Nothing was over.\n"
    house.idp.ephemera.put("par:dead", b"", 1, house.clock.now() - 10)
    assert run(house, "sweep", command=db).stdout == "Removed 1 ephemera.\n"
    assert set(json.loads(run(house, "sweep", "--json", command=db).stdout).values()) == {0}
