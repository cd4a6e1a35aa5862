"""Journey L: what an import of the registry does to accounts. Each test is a row of `docs/journeys/l.md`."""

import csv
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from idp.adapters.registry_file import RegistryFile
from idp.flows import life, people, sweep
from idp.flows.registry import importing
from idp.flows.registry.importing import Imported
from idp.store.tables import accounts, outbox, proven_contacts
from idp.values import parse_contact
from tests.journeys.account_walks import signed_in
from tests.journeys.passkey_walks import add, sign_in, to_login
from tests.parts.soft_authenticator import SoftAuthenticator
from tests.service.in_process import PASSWORD, InProcess
from tests.service.relying_party import RelyingParty, portal
from tests.service.visitor import Visitor

MARIA, GIOVANNI = "C100001", "C100002"
EMAIL = "maria.rossi@posta.example"
MOBILE = "+393331234501"
OTHER = "maria.nuova@posta.example"
DAY = 86400


@pytest.fixture
def service(service_on_both: InProcess) -> InProcess:
    """The service, with Maria registered by her email."""
    service_on_both.load_customers()
    service_on_both.register(service_on_both.visitor())
    service_on_both.post()
    return service_on_both


def demo() -> str:
    """The demo registry."""
    return (resources.files("idp") / "demo" / "customers.csv").read_text("utf-8")


def imports(
    service: InProcess,
    tmp_path: Path,
    *,
    snapshot: bool = False,
    giovanni: Mapping[str, str] | None = None,
    **cells: str,
) -> Imported:
    """Import the demo file with some of Maria's cells changed, contacts and state on her VAT record too; and
    some of Giovanni's."""
    rows = list(csv.DictReader(demo().splitlines()))
    path = tmp_path / "changed.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        hers = {name: cell for name, cell in cells.items() if name in ("emails", "mobiles", "state")}
        changes = {MARIA: cells, "C100026": hers, GIOVANNI: giovanni or {}}
        writer.writerows({**row, **changes.get(row["customer_number"], {})} for row in rows)
    outcome = importing.import_file(
        service.idp, RegistryFile(path), now=service.clock.now(), snapshot=snapshot
    )
    assert isinstance(outcome, Imported), outcome
    return outcome


def letters(service: InProcess) -> list[tuple[str, str]]:
    """To whom went what, since Maria registered, newest first; not that she signed in in a new browser."""
    return [
        (message["to"], message["purpose"])
        for message in service.post()
        if not message["purpose"].startswith(("registration", "account_created", "new_device"))
    ]


def account_of(service: InProcess) -> Any:
    with service.idp.reading() as tx:
        return tx.execute(select(accounts).where(accounts.c.customer_number == MARIA)).one()


def signs_in(party: RelyingParty) -> bool:
    """Whether somebody gets in with Maria's password, in a browser that was never here."""
    visitor = party.service.visitor("203.0.113.77")
    party.ask(visitor)
    visitor.press(username=EMAIL, password=PASSWORD)
    return visitor.faults == []


@pytest.fixture
def party(service: InProcess) -> RelyingParty:
    return portal(service)


def test_a_contact_that_went_is_told_and_proves_nothing_any_more(service: InProcess, tmp_path: Path) -> None:
    imports(service, tmp_path, mobiles="+393339876543")
    assert letters(service) == [(MOBILE, "contact_removed")]


def test_a_shared_contact_that_went_is_told_nothing(service: InProcess, tmp_path: Path) -> None:
    imports(service, tmp_path, emails=f"{EMAIL}|famiglia.esposito@posta.example")
    imports(service, tmp_path, emails=EMAIL)
    assert letters(service) == []


def test_a_username_that_went_signs_in_thirty_more_days_and_is_then_free(
    service: InProcess, party: RelyingParty, tmp_path: Path
) -> None:
    imports(service, tmp_path, emails=OTHER)
    assert letters(service) == [(EMAIL, "username_removed")]
    assert account_of(service).username_ends_at == service.clock.now() + 30 * DAY
    with service.idp.reading() as tx:
        assert tx.execute(select(proven_contacts)).all() == []
    service.clock.move(30 * DAY - 1)
    sweep.sweep(service.idp, service.clock.now())
    assert signs_in(party)
    service.clock.move(1)
    sweep.sweep(service.idp, service.clock.now())
    assert not signs_in(party)
    assert account_of(service).username_index is None


def test_a_username_that_comes_back_is_as_if_it_had_never_gone(
    service: InProcess, party: RelyingParty, tmp_path: Path
) -> None:
    imports(service, tmp_path, emails=OTHER)
    imports(service, tmp_path, emails=EMAIL)
    assert account_of(service).username_ends_at is None
    service.clock.move(31 * DAY)
    sweep.sweep(service.idp, service.clock.now())
    assert signs_in(party)


def test_a_username_that_comes_back_after_it_was_freed_signs_in_again(
    service: InProcess, party: RelyingParty, tmp_path: Path
) -> None:
    imports(service, tmp_path, emails=OTHER)
    service.clock.move(31 * DAY)
    sweep.sweep(service.idp, service.clock.now())
    assert not signs_in(party)
    imports(service, tmp_path, emails=EMAIL)
    assert signs_in(party)


def test_a_username_that_comes_back_brings_nothing_of_who_had_it_meanwhile(
    service: InProcess, party: RelyingParty, tmp_path: Path
) -> None:
    imports(service, tmp_path, emails=OTHER)
    service.clock.move(31 * DAY)
    sweep.sweep(service.idp, service.clock.now())
    assert not signs_in(party)
    imports(service, tmp_path, emails=EMAIL)
    assert signs_in(party)
    visitor = service.visitor("203.0.113.77")
    party.ask(visitor)
    visitor.press(username=EMAIL, password=PASSWORD)
    visitor.get("/account/activity")
    assert "Registrazione completata" in visitor.last.text
    assert "Accesso non riuscito" not in visitor.last.text


def failures(service: InProcess, visitor: Visitor) -> tuple[int, int]:
    """How many failed sign-ins Maria reads of, on the page and in her document."""
    visitor.get("/account/activity")
    assert "Accesso" in visitor.last.text
    document = people.export(service.idp, MARIA, now=service.clock.now())
    assert isinstance(document, bytes)
    kept = [entry["event"] for entry in json.loads(document)["activity"]]
    return visitor.last.text.count("Accesso non riuscito"), kept.count("sign_in_failed")


def fails_as(service: InProcess, username: str) -> None:
    """Somebody types a wrong password."""
    visitor = service.visitor("203.0.113.78")
    visitor.get("/account")
    visitor.press(username=username, password="Sbagliata1234")
    assert visitor.faults == ["password"]


def test_who_lost_a_username_reads_nothing_of_who_has_it_now(service: InProcess, tmp_path: Path) -> None:
    device = SoftAuthenticator()
    fails_as(service, EMAIL)
    add(signed_in(service), device)
    visitor = to_login(service)
    sign_in(visitor, device)
    assert failures(service, visitor) == (1, 1), "while it is hers she reads of it"
    imports(service, tmp_path, emails=OTHER, giovanni={"emails": EMAIL})
    service.clock.move(31 * DAY)
    sweep.sweep(service.idp, service.clock.now())
    service.register(service.visitor("203.0.113.79"), EMAIL, given_name="Giovanni", family_name="Bianchi")
    fails_as(service, EMAIL)
    visitor = to_login(service)
    sign_in(visitor, device)
    assert failures(service, visitor) == (0, 0)
    imports(service, tmp_path, giovanni={"emails": EMAIL})
    assert account_of(service).username_index is None, "it came back too late: it is his"
    fails_as(service, EMAIL)
    assert failures(service, visitor) == (0, 0)


def test_a_new_name_is_taken_over_and_the_old_one_is_shown_nowhere(
    service: InProcess, tmp_path: Path
) -> None:
    visitor = service.visitor()
    portal(service).ask(visitor)
    visitor.press(username=EMAIL, password=PASSWORD)
    assert "Maria" in visitor.get("/register/done").text
    before = account_of(service)
    imports(service, tmp_path, given_name="Marta", family_name="Neri")
    page = visitor.get("/register/done").text
    assert "Marta" in page
    assert "Maria" not in page.replace(EMAIL, "")
    after = account_of(service)
    assert (after.sub, after.customer_number) == (before.sub, before.customer_number)
    assert letters(service) == []


def test_another_tax_code_changes_nothing(service: InProcess, party: RelyingParty, tmp_path: Path) -> None:
    imports(service, tmp_path, tax_code="RSSMRA80D52F205N", emails=EMAIL)
    assert signs_in(party)
    assert letters(service) == []


def test_the_end_of_the_last_policy_leaves_sign_in(
    service: InProcess, party: RelyingParty, tmp_path: Path
) -> None:
    imports(service, tmp_path, policies="RCA-100001:Auto:inactive")
    assert signs_in(party)


def test_a_customer_missing_from_a_snapshot_still_signs_in(
    service: InProcess, party: RelyingParty, tmp_path: Path
) -> None:
    path = tmp_path / "short.csv"
    path.write_text("".join(line for line in demo().splitlines(True) if not line.startswith(MARIA)), "utf-8")
    outcome = importing.import_file(service.idp, RegistryFile(path), now=service.clock.now(), snapshot=True)
    assert isinstance(outcome, Imported)
    assert outcome.counts.ended == 1
    assert signs_in(party)


def test_the_death_of_a_customer_ends_everything_silently(
    service: InProcess, party: RelyingParty, tmp_path: Path
) -> None:
    visitor = service.visitor()
    party.ask(visitor)
    visitor.press(username=EMAIL, password=PASSWORD)
    tokens = party.tokens(visitor)
    assert party.refresh(tokens["refresh_token"]).status_code == 200
    imports(service, tmp_path, state="deceased", emails=OTHER)
    assert letters(service) == []
    wrong = service.visitor("203.0.113.78")
    party.ask(wrong)
    wrong.press(username=EMAIL, password="Sbagliata1234")
    right = service.visitor("203.0.113.79")
    party.ask(right)
    right.press(username=EMAIL, password=PASSWORD)
    assert right.faults == wrong.faults == ["password"]
    party.ask(visitor)
    assert visitor.page == "login"


@pytest.mark.parametrize(("state", "told"), [("deceased", []), ("active", [EMAIL])])
def test_what_waited_to_be_sent_when_a_customer_died_is_not(
    service: InProcess, party: RelyingParty, tmp_path: Path, state: str, told: list[str]
) -> None:
    """As when a gateway was down."""
    service.post()
    assert signs_in(party)
    imports(service, tmp_path, state=state)
    devices = [one["to"] for one in service.post() if one["purpose"] == "new_device"]
    assert devices == told
    with service.idp.reading() as tx:
        left = tx.execute(select(outbox.c.state).where(outbox.c.sealed_parcel.is_not(None))).all()
    assert left == []


def test_the_family_finds_a_page_at_the_foot_of_every_other(service: InProcess) -> None:
    visitor = service.visitor()
    for address in ("/register", "/recover", "/login?to=account"):
        assert 'href="/legal/heirs"' in visitor.get(address).text
    page = visitor.get("/legal/heirs")
    assert page.status_code == 200
    assert "Quando un cliente viene a mancare" in page.text


def test_a_death_that_was_an_error_is_taken_back(
    service: InProcess, party: RelyingParty, tmp_path: Path
) -> None:
    imports(service, tmp_path, state="deceased")
    assert not signs_in(party)
    imports(service, tmp_path, state="active")
    assert signs_in(party)


def test_the_same_file_again_does_nothing_to_accounts(service: InProcess, tmp_path: Path) -> None:
    imports(service, tmp_path, emails=OTHER)
    before, told = account_of(service), letters(service)
    imports(service, tmp_path, emails=OTHER)
    assert (account_of(service), letters(service)) == (before, told)


def test_an_account_is_reconciled_with_a_registry_that_is_not_ours(
    service: InProcess, tmp_path: Path
) -> None:
    # What an import would have carried out at once is found by asking for each account's record.
    now = service.clock.now()
    assert life.reconcile(service.idp, now=now) == 0
    with service.idp.writing() as tx:
        tx.execute(accounts.update().values(username_ends_at=now + DAY))
    assert life.reconcile(service.idp, now=now) == 1
    assert account_of(service).username_ends_at is None
    assert service.idp.registry.by_contact(parse_contact(EMAIL))


def test_a_mistaken_death_does_not_open_what_an_admin_locked(
    service: InProcess, party: RelyingParty, tmp_path: Path
) -> None:
    people.lock(service.idp, EMAIL, now=service.clock.now())
    for _ in range(2):
        imports(service, tmp_path, state="deceased")
    assert not signs_in(party)
    imports(service, tmp_path)
    assert account_of(service).state == "locked"
    assert not signs_in(party)
    people.unlock(service.idp, EMAIL, now=service.clock.now())
    assert signs_in(party)
