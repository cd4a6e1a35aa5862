"""Journey L: what ends with a contact, and with a life, over HTTP and in every way it might go on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from idp.flows import closing, people, sweep
from idp.store.accounts import find_by_customer
from idp.store.tables import accounts
from idp.values import parse_contact
from tests.journeys import recovery_walks
from tests.journeys.account_walks import HOLD, pending, rows
from tests.journeys.passkey_walks import add, refusals, sign_in, to_login, trail
from tests.journeys.test_l_life_of_an_account import DAY, EMAIL, imports
from tests.parts.soft_authenticator import SoftAuthenticator
from tests.service import in_process
from tests.service.in_process import PASSWORD, InProcess
from tests.service.visitor import Visitor

NEW = "nuova.maria@posta.example"


@pytest.fixture
def service(prepared_sqlite_url: str, service_folder: Path) -> Iterator[InProcess]:
    """The service as it is shipped, with Maria registered by her email a month ago."""
    settings = in_process.settings_for(
        service_folder, prepared_sqlite_url, assurance={"second_factor": "untrusted"}
    )
    opened = in_process.open_in_process(settings)
    opened.register(opened.visitor())
    opened.clock.move(30 * DAY)
    opened.post()
    yield opened
    opened.idp.database.engine.dispose()


def since(service: InProcess, before: int) -> list[tuple[str, str]]:
    """To whom went what since there were so many messages, the oldest first."""
    whole = [(str(m["to"]), str(m["purpose"])) for m in reversed(service.post())]
    return whole[before:]


def by_password(service: InProcess, visitor: Visitor | None = None) -> Visitor:
    """A browser whose password was right."""
    visitor = visitor or service.visitor("203.0.113.77")
    visitor.get("/account")
    assert visitor.page == "login"
    visitor.press(username=EMAIL, password=PASSWORD)
    return visitor


def test_l_a_username_that_went_receives_no_codes(service: InProcess, tmp_path: Path) -> None:
    imports(service, tmp_path, emails=NEW)
    before = len(service.post())
    recovering = recovery_walks.to_contacts(service)
    assert recovery_walks.masks(recovering) == ["n•••••@•••••", "+39 ••• ••• ••01"]
    visitor = by_password(service)
    assert visitor.page == "login-code"
    assert "m•••••@•••••" not in visitor.last.text
    visitor.press()
    stranger = service.visitor()
    stranger.get("/register")
    stranger.press(profile="person")
    stranger.press(given_name="Maria", family_name="Rossi", username=EMAIL, accept_terms="yes")
    stranger.press(new_password=PASSWORD)
    assert stranger.page == "register-verify"
    assert EMAIL not in [to for to, _ in since(service, before)]


def test_l_who_has_no_contact_left_is_sent_to_the_agency_and_gets_in_by_what_it_adds(
    service: InProcess, tmp_path: Path
) -> None:
    imports(service, tmp_path, emails="", mobiles="")
    visitor = by_password(service)
    assert visitor.page == "login-code"
    assert "Chiama la tua agenzia" in visitor.last.text
    imports(service, tmp_path, emails=NEW, mobiles="")
    visitor = by_password(service)
    visitor.press()
    visitor.press(code=service.code_for(NEW))
    assert visitor.page == "account-username", visitor.page


def test_l_a_username_that_was_freed_is_replaced_by_the_contact_that_recovers(
    service: InProcess, tmp_path: Path
) -> None:
    imports(service, tmp_path, emails=NEW)
    service.clock.move(31 * DAY)
    sweep.sweep(service.idp, service.clock.now())
    stranger = service.visitor("203.0.113.78")
    stranger.get("/account")
    stranger.press(username=NEW, password="Sbagliata9x")
    recovery_walks.recover(service, NEW)
    assert [one["channel"] for one in trail(service, "username_changed")] == ["email"]
    visitor = service.visitor()
    visitor.get("/account")
    visitor.press(username=NEW, password=recovery_walks.NEW)
    visitor.press()
    visitor.press(code=service.code_for(NEW))
    assert visitor.page == "account", (visitor.page, visitor.faults)
    visitor.get("/account/activity")
    assert "Nome utente cambiato" in visitor.last.text
    # It was nobody's yet when somebody failed at it.
    assert "Accesso non riuscito" not in visitor.last.text


def freed(service: InProcess, tmp_path: Path, **contacts: Any) -> str:
    """Maria's username is freed, since her agency has these contacts now; an activation code for her."""
    imports(service, tmp_path, **contacts)
    service.clock.move(31 * DAY)
    sweep.sweep(service.idp, service.clock.now())
    assert rows(service, "SELECT count(*) FROM accounts WHERE username_index IS NOT NULL") == 0
    return recovery_walks.issued(service)


def test_l_a_username_that_was_freed_does_not_come_back_by_an_activation_code(
    service: InProcess, tmp_path: Path
) -> None:
    visitor = recovery_walks.activated(service, freed(service, tmp_path, emails=NEW))
    visitor.press()
    assert visitor.page == "recover-password"
    assert NEW in visitor.last.text
    assert EMAIL not in visitor.last.text.replace("<wbr>", "")
    visitor.press(new_password=recovery_walks.NEW)
    assert visitor.page == "recover-done"
    assert NEW in visitor.last.text.replace("<wbr>", "")
    assert recovery_walks.signs_in(service, recovery_walks.NEW, NEW)
    assert not recovery_walks.signs_in(service, recovery_walks.NEW, EMAIL)


def test_l_without_a_contact_an_activation_code_waits_for_one(service: InProcess, tmp_path: Path) -> None:
    code = freed(service, tmp_path, emails="", mobiles="")
    visitor = recovery_walks.activated(service, code)
    assert (visitor.page, visitor.faults) == ("recover-activate", ["activation_code"])
    assert "non hai un nome utente" in visitor.last.text
    imports(service, tmp_path, emails=NEW, mobiles="")
    assert recovery_walks.activated(service, code).page == "recover-password"


def test_l_a_contact_that_another_customer_took_meanwhile_is_no_fault(
    service: InProcess, tmp_path: Path
) -> None:
    code = freed(service, tmp_path, emails=NEW, mobiles="")
    visitor = recovery_walks.activated(service, code)
    assert visitor.page == "recover-password"
    giovanni = service.visitor()
    service.register(giovanni, "giovanni.bianchi@posta.example", given_name="Giovanni", family_name="Bianchi")
    with service.idp.writing() as tx:
        index = service.idp.sealer.contact_index(parse_contact(NEW))
        tx.execute(
            accounts.update().where(accounts.c.username_index.is_not(None)).values(username_index=index)
        )
    visitor.press(new_password=recovery_walks.NEW)
    assert (visitor.page, visitor.last.status_code) == ("recover-password", 200), visitor.page
    assert rows(service, "SELECT count(*) FROM activation_codes WHERE used_at IS NOT NULL") == 0


def test_l_the_dead_sign_in_by_nothing_and_are_written_to_no_more(service: InProcess, tmp_path: Path) -> None:
    device = SoftAuthenticator()
    visitor = by_password(service)
    visitor.press()
    visitor.press(code=service.code_for(EMAIL), trust_browser="yes")
    add(visitor, device)
    pending(service, visitor)
    service.post()
    imports(service, tmp_path, state="deceased")
    before = len(service.post())
    visitor.get("/account")
    assert visitor.page == "login"
    visitor.press(username=EMAIL, password=PASSWORD)
    assert visitor.faults == ["password"]
    by_device = to_login(service)
    sign_in(by_device, device)
    assert by_device.page == "login"
    assert refusals(service)
    service.clock.move(HOLD + 1)
    sweep.sweep(service.idp, service.clock.now())
    assert rows(service, "SELECT COUNT(*) FROM mobile_changes WHERE state = 'confirmed'") == 0
    recovering = recovery_walks.to_contacts(service)
    for handle, _ in recovery_walks.options(recovering):
        recovering.press(contact=handle)
        recovering.get("/recover/contacts")
        service.clock.move(61)
    assert since(service, before) == []


def test_h_a_trusted_browser_is_trusted_no_more_after_a_recovery(service: InProcess) -> None:
    visitor = by_password(service)
    visitor.press()
    visitor.press(code=service.code_for(EMAIL), trust_browser="yes")
    assert visitor.page == "account"
    assert rows(service, "SELECT COUNT(*) FROM trusted_browsers") == 1
    recovery_walks.recover(service)
    assert rows(service, "SELECT COUNT(*) FROM trusted_browsers") == 0
    visitor.get("/account")
    visitor.press(username=EMAIL, password=recovery_walks.NEW)
    assert visitor.page == "login-code"


@pytest.mark.parametrize("locked", [False, True])
def test_l_the_dead_are_not_written_to_when_their_account_is_erased(
    service: InProcess, tmp_path: Path, locked: bool
) -> None:
    if locked:
        assert isinstance(people.lock(service.idp, EMAIL, now=service.clock.now()), people.Done)
    imports(service, tmp_path, state="deceased")
    before = len(service.post())
    with service.idp.reading() as tx:
        account = find_by_customer(tx, "C100001")
    assert account is not None
    assert closing.erase(service.idp, account, by="admin", now=service.clock.now())
    assert since(service, before) == []
