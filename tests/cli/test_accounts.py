"""`idp accounts`: an admin finds, locks and unlocks accounts, on the data of a service that runs."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from idp.cli.main import main
from tests.cli.conftest import write_config
from tests.service.in_process import PASSWORD, InProcess
from tests.service.relying_party import RelyingParty, answer_of, portal
from tests.service.visitor import Visitor

EMAIL = "maria.rossi@posta.example"


@pytest.fixture
def party(
    service: InProcess, service_folder: Path, prepared_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> RelyingParty:
    """The portal of a service on whose data the commands work; Maria is registered."""
    write_config(service_folder, prepared_sqlite_url)
    monkeypatch.chdir(service_folder)
    for name in ("IDP_CONFIG", "IDP_WITH_WORKER"):
        monkeypatch.delenv(name, raising=False)
    party = portal(service)
    service.register(service.visitor())
    return party


def typed(*arguments: str) -> Result:
    """What a command says."""
    return CliRunner().invoke(main, ("accounts", *arguments, "--config", "idp.toml"))


def told(*arguments: str) -> Any:
    """What a command prints with --json, read."""
    said = typed(*arguments, "--json")
    assert said.exit_code == 0, said.output
    return json.loads(said.stdout)


def sign_in(party: RelyingParty, visitor: Visitor, **asked: str) -> None:
    """Ask as the portal does, and type Maria's password."""
    party.ask(visitor, **asked)
    visitor.press(username=EMAIL, password=PASSWORD)


@pytest.mark.parametrize("name", [EMAIL, "Maria.Rossi@Posta.Example", "C100001"])
@pytest.mark.usefixtures("party")
def test_an_account_is_shown_by_any_name_it_has(name: str) -> None:
    shown = told("show", name)
    assert shown["customer_number"] == "C100001"
    assert shown["profile"] == "person"
    assert shown["username"] == EMAIL
    assert shown["state"] == "active"
    assert told("show", shown["sub"]) == shown


@pytest.mark.usefixtures("party")
def test_an_account_is_found_by_tax_code_in_any_spelling() -> None:
    (found,) = told("find", "rss mra 80d52 h501k")
    assert found["customer_number"] == "C100001"
    assert told("find", "VRDLCU92A05L219P") == []


@pytest.mark.parametrize("command", ["show", "lock", "unlock", "end-sessions", "confirm-mobile"])
@pytest.mark.usefixtures("party")
def test_a_name_that_is_nobodys_is_a_plain_error(command: str) -> None:
    said = typed(command, "nobody@posta.example")
    assert said.exit_code == 1
    assert said.stderr == "Error: no account is called so\n"


def test_a_locked_account_signs_in_nowhere_and_its_tokens_are_dead(
    party: RelyingParty, service: InProcess
) -> None:
    inside = service.visitor()
    sign_in(party, inside, scope="openid offline_access")
    tokens = party.redeem(answer_of(inside)["code"]).get_json()
    assert told("lock", EMAIL)["state"] == "locked"
    assert party.userinfo(tokens["access_token"]).status_code == 401
    assert party.refresh(tokens["refresh_token"]).get_json()["error"] == "invalid_grant"
    party.ask(inside)
    assert inside.page == "login"
    outside = service.visitor("203.0.113.9")
    sign_in(party, outside)
    assert outside.faults == ["password"]


def test_unlocking_brings_sign_in_back_and_nothing_that_was_issued(
    party: RelyingParty, service: InProcess
) -> None:
    inside = service.visitor()
    sign_in(party, inside, scope="openid offline_access")
    tokens = party.redeem(answer_of(inside)["code"]).get_json()
    told("lock", EMAIL)
    assert told("unlock", EMAIL)["state"] == "active"
    assert party.refresh(tokens["refresh_token"]).get_json()["error"] == "invalid_grant"
    party.ask(inside)
    assert inside.page == "login"
    sign_in(party, inside)
    assert "code" in answer_of(inside)


def test_ending_sessions_ends_them_all_and_locks_nobody(party: RelyingParty, service: InProcess) -> None:
    browsers = [service.visitor(), service.visitor("203.0.113.9")]
    for browser in browsers:
        sign_in(party, browser)
        assert "code" in answer_of(browser)
    told("end-sessions", EMAIL)
    for browser in browsers:
        party.ask(browser)
        assert browser.page == "login"
    sign_in(party, browsers[0])
    assert "code" in answer_of(browsers[0])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("unlock", EMAIL), "the account is not locked"),
        (("confirm-mobile", EMAIL), "no mobile number waits at this account"),
    ],
)
@pytest.mark.usefixtures("party")
def test_what_there_is_nothing_to_do_about_is_an_error(arguments: tuple[str, str], words: str) -> None:
    said = typed(*arguments)
    assert (said.exit_code, said.stderr) == (1, f"Error: {words}\n")


@pytest.mark.usefixtures("party")
def test_an_account_is_locked_once() -> None:
    told("lock", EMAIL)
    said = typed("lock", EMAIL)
    assert (said.exit_code, said.stderr) == (1, "Error: only an active account can be locked\n")


def test_a_case_is_told_by_its_number_without_naming_anybody(party: RelyingParty, service: InProcess) -> None:
    visitor = service.visitor("203.0.113.9")
    visitor.get("/register")
    visitor.press(profile="person")
    visitor.press(given_name="Carla", family_name="Verdi", username="+393471234502", accept_terms="yes")
    visitor.press(new_password=PASSWORD)
    found = re.search(r"[2-9A-Z]{3}-[2-9A-Z]{3}", visitor.last.text)
    assert found is not None
    case = told("case", found.group())
    assert (case["journey"], case["reason"]) == ("registration", "name_differs")
    assert "name_differs" in {event["reason"] for event in case["history"]}
    said = typed("case", found.group().lower()).output
    assert case["advice"] in said
    for secret in ("Carla", "Verdi", "3471234502", "C100003"):
        assert secret not in said + json.dumps(case)


@pytest.mark.usefixtures("party")
def test_a_case_number_of_nothing_is_a_plain_error() -> None:
    said = typed("case", "222-222")
    assert (said.exit_code, said.stderr) == (1, "Error: there is no such case\n")


def test_whoever_looks_at_an_account_leaves_whose_it_was_and_who_looked(party: RelyingParty) -> None:
    sub = told("show", EMAIL)["sub"]
    told("find", "C100001")
    assert typed("show", "nobody@posta.example").exit_code == 1
    idp = party.service.idp
    with idp.reading() as tx:
        looks = tx.exec_driver_sql(
            "SELECT actor, details FROM audit_events WHERE name = 'account_looked_up' ORDER BY id"
        ).all()
    whose = idp.sealer.pseudonym(f"sub:{sub}")
    assert [actor for actor, _ in looks] == [whose, whose, None]
    assert {json.loads(details)["by"] for _, details in looks} == {"admin"}


def test_an_account_s_data_are_printed_as_its_owner_could_download_them(party: RelyingParty) -> None:
    said = typed("export", EMAIL)
    assert said.exit_code == 0, said.output
    document = json.loads(said.stdout)
    assert document["format"] == "account-export/1"
    assert document["account"]["username"] == EMAIL
    assert "argon2" not in said.stdout
    assert typed("export", "nobody@posta.example").exit_code == 1
    assert party.service.post()[0]["purpose"] != "data_downloaded"


def test_an_account_is_erased_after_a_question_and_its_customer_registers_again(party: RelyingParty) -> None:
    before = told("show", EMAIL)["sub"]
    assert typed("erase", EMAIL).exit_code == 1
    assert told("show", EMAIL)["sub"] == before
    erased = told("erase", EMAIL, "--yes")
    assert erased == {"sub": before, "customer_number": "C100001", "state": "erased"}
    assert typed("show", EMAIL).exit_code == 1
    assert typed("erase", EMAIL, "--yes").exit_code == 1
    party.service.clock.move(3600)
    party.service.register(party.service.visitor())
    assert told("show", EMAIL)["sub"] != before
