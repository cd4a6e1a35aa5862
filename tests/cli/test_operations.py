"""`idp audit operations` and the types of a client, as an auditor and an administrator use them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from idp.cli.main import main
from tests.cli.conftest import write_config
from tests.journeys.operation_walks import IBAN, approve, bring, customer, payout, portal
from tests.service.in_process import InProcess
from tests.service.relying_party import answer_of

TO_AGREE = ("--kind", "web", "--name", "Agenzie", "--redirect-uri", "http://localhost:8001/callback")
TYPE = ("--authorization-details-type", "payout")


@pytest.fixture
def here(
    service: InProcess, service_folder: Path, prepared_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> InProcess:
    """A service on whose data the commands work."""

    write_config(service_folder, prepared_sqlite_url)
    monkeypatch.chdir(service_folder)
    for name in ("IDP_CONFIG", "IDP_WITH_WORKER"):
        monkeypatch.delenv(name, raising=False)
    return service


def typed(*arguments: str) -> Result:
    """What a command says."""
    return CliRunner().invoke(main, (*arguments, "--config", "idp.toml"))


def test_an_auditor_reads_what_was_approved_and_refused(here: InProcess) -> None:
    party, maria = portal(here), customer(here)
    bring(maria, party)
    approve(here, maria)
    answer_of(maria)
    bring(maria, party, payout(amount={"value": "7.00", "currency": "EUR"}))
    maria.press(cancel="yes")
    said = typed("audit", "operations", "--json")
    assert said.exit_code == 0, said.output
    approved, refused = [json.loads(line) for line in said.output.splitlines()]
    assert (approved["event"], approved["proof"], approved["operation"]) == (
        "operation_approved",
        "sms_code",
        payout(),
    )
    assert (refused["event"], refused["reason"]) == ("operation_refused", "declined")
    assert refused["operation"]["amount"]["value"] == "7.00"
    assert approved["actor"] == refused["actor"]
    assert IBAN in typed("audit", "operations").output
    assert typed("audit", "operations", "--since", "2999-01-01").output == ""


def test_a_client_is_registered_for_types_that_there_are(here: InProcess) -> None:
    del here
    scope = ("--scope", "openid policies payout")
    added = json.loads(typed("clients", "add", *TO_AGREE, *TYPE, *scope, "--json").output)
    assert added["authorization_details_types"] == ["payout"]
    assert typed("clients", "add", *TO_AGREE, *TYPE, "--scope", "openid").exit_code == 1
    unknown = ("--authorization-details-type", "loan")
    refused = typed("clients", "add", *TO_AGREE, *unknown, *scope)
    assert refused.exit_code == 1
    assert "authorization_details_types: unknown: loan" in refused.output
