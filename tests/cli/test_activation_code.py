"""`idp accounts activation-code`: what an agency hands over, issued on the data of a service that runs."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from idp.cli.main import main
from tests.cli.conftest import write_config
from tests.journeys.identify_walks import ACTIVATE, CODES, choose, masks
from tests.service.in_process import PASSWORD, InProcess


@pytest.fixture
def running(
    service: InProcess, service_folder: Path, prepared_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> InProcess:
    """A service on whose data the command works."""
    write_config(service_folder, prepared_sqlite_url)
    monkeypatch.chdir(service_folder)
    for name in ("IDP_CONFIG", "IDP_WITH_WORKER"):
        monkeypatch.delenv(name, raising=False)
    return service


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(main, ("accounts", "activation-code", *arguments, "--config", "idp.toml"))


def test_the_code_that_is_printed_registers_its_customer(running: InProcess) -> None:
    said = typed("C100001")
    assert said.exit_code == 0, said.output
    code = said.stdout.strip()
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", code)
    visitor = running.visitor()
    visitor.get(ACTIVATE)
    visitor.press(identifier=CODES["C100001"], activation_code=code)
    choose(visitor, masks(visitor)[0])
    visitor.press(new_password=PASSWORD)
    assert visitor.page == "register-done"


def test_json_tells_whose_it_is_and_until_when(running: InProcess) -> None:
    said = typed("C100002", "--json")
    assert said.exit_code == 0, said.output
    told = json.loads(said.stdout)
    assert told.keys() == {"customer_number", "activation_code", "expires_at"}
    assert told["customer_number"] == "C100002"
    with running.idp.reading() as tx:
        by = tx.exec_driver_sql("SELECT issued_by FROM activation_codes").scalars().all()
    assert by == ["cli"]


@pytest.mark.parametrize(
    ("number", "words"), [("C999999", "no customer"), ("C100027", "died"), ("C100028", "too young")]
)
def test_who_can_have_none_is_told_in_a_line(running: InProcess, number: str, words: str) -> None:
    said = typed(number)
    assert said.exit_code == 1
    assert words in said.output
    assert len(said.output.strip().splitlines()) == 1
    with running.idp.reading() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM activation_codes").scalar_one() == 0
