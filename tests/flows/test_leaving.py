"""Whoever is thrown out everywhere is told everywhere: also where a client got tokens at that very moment."""

import csv
from collections.abc import Callable
from importlib import resources

import pytest
from sqlalchemy import text

from idp.adapters.registry_file import RegistryFile
from idp.flows import people, post, sessions
from idp.flows.people import Done
from idp.flows.registry import importing
from idp.flows.registry.importing import Imported
from idp.flows.sessions import Ended, Leaving, leaving
from idp.store.database import Tx
from tests.service.in_process import PASSWORD, InProcess
from tests.service.relying_party import RelyingParty, portal
from tests.service.visitor import Visitor

EMAIL = "maria.rossi@posta.example"


@pytest.fixture
def party(service_on_both: InProcess) -> RelyingParty:
    """A portal that wants to know; Maria is registered."""
    service_on_both.load_customers()
    service_on_both.register(service_on_both.visitor())
    return portal(service_on_both, backchannel_logout_uri="http://localhost:8001/backchannel-logout")


def signed_in(party: RelyingParty) -> Visitor:
    """Maria in a new browser, with tokens issued to the portal."""
    visitor = party.service.visitor("203.0.113.9")
    party.ask(visitor)
    visitor.press(username=EMAIL, password=PASSWORD)
    party.tokens(visitor)
    return visitor


def told(party: RelyingParty) -> int:
    """How many logout calls are on their way."""
    with party.service.idp.reading() as tx:
        return int(tx.execute(text("SELECT count(*) FROM outbox WHERE kind = 'logout'")).scalar_one())


def died(service: InProcess) -> object:
    """The registry says so, by a file."""
    lines = (resources.files("idp") / "demo" / "customers.csv").read_text("utf-8").splitlines()
    row = next(row for row in csv.DictReader(lines) if row["customer_number"] == "C100001")
    file = service.idp.settings.delivery.inbox_path.with_name("died.csv")
    with file.open("w", encoding="utf-8", newline="") as written:
        writer = csv.DictWriter(written, row.keys())
        writer.writeheader()
        writer.writerow({**row, "state": "deceased"})
    return importing.import_file(service.idp, RegistryFile(file), now=service.clock.now())


ENDINGS: dict[str, Callable[[InProcess], object]] = {
    "died": died,
    "locked": lambda service: people.lock(service.idp, EMAIL, now=service.clock.now()),
    "ended": lambda service: people.end_sessions(service.idp, EMAIL, now=service.clock.now()),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_client_that_got_tokens_meanwhile_is_told_too(
    party: RelyingParty, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in(party)
    sealed: Callable[..., object] = post.prepare_logout
    later = iter([lambda: signed_in(party), lambda: signed_in(party)])

    def meanwhile(*given: object, **named: object) -> object:
        # Twice somebody signs in between what is known of and what is written.
        next(later, lambda: None)()
        return sealed(*given, **named)

    monkeypatch.setattr(post, "prepare_logout", meanwhile)
    assert isinstance(ENDINGS[ending](party.service), Done | Imported)
    assert told(party) == 3
    with party.service.idp.reading() as tx:
        alive = tx.execute(text("SELECT count(*) FROM sessions WHERE ended_at IS NULL")).scalar_one()
        notes = tx.execute(
            text(
                "SELECT count(*) FROM audit_events WHERE name IN "
                "('account_locked', 'sessions_ended', 'account_followed_registry')"
            )
        ).scalar_one()
    assert (alive, notes) == (0, 1), "what was tried before left nothing behind"


@pytest.mark.parametrize(
    ("before", "meanwhile", "after"),
    [
        (None, people.lock, "locked_deceased"),
        (people.lock, people.unlock, "deceased"),
    ],
)
def test_a_death_holds_whatever_an_admin_does_at_that_moment(
    party: RelyingParty,
    before: Callable[..., object] | None,
    meanwhile: Callable[..., object],
    after: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    idp, now = party.service.idp, party.service.clock.now()
    signed_in(party)
    if before is not None:
        assert isinstance(before(idp, EMAIL, now=now), Done)
    leave: Callable[..., object] = sessions.leave
    later = iter([lambda: meanwhile(idp, EMAIL, now=now)])

    def acted(*given: object, **named: object) -> object:
        # After the state was read, and before the death is written.
        if (act := next(later, None)) is not None:
            assert isinstance(act(), Done)
        return leave(*given, **named)

    monkeypatch.setattr(sessions, "leave", acted)
    assert isinstance(died(party.service), Imported)
    with idp.reading() as tx:
        assert tx.execute(text("SELECT state FROM accounts")).scalar_one() == after
        assert not tx.execute(text("SELECT count(*) FROM sessions WHERE ended_at IS NULL")).scalar_one()
    assert not isinstance(people.unlock(idp, EMAIL, now=now), Done)


def test_whoever_never_stops_signing_in_is_thrown_out_all_the_same(
    party: RelyingParty, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in(party)
    sealed: Callable[..., object] = post.prepare_logout
    busy: list[bool] = []

    def meanwhile(*given: object, **named: object) -> object:
        if not busy:
            busy.append(True)
            signed_in(party)
            busy.clear()
        return sealed(*given, **named)

    monkeypatch.setattr(post, "prepare_logout", meanwhile)
    idp, now = party.service.idp, party.service.clock.now()
    with idp.reading() as tx:
        sub = tx.execute(text("SELECT sub FROM accounts")).scalar_one()

    def write(tx: Tx, everything: Leaving) -> Ended:
        return everything.end_all(tx, now=now)

    ended = leaving(idp, sub, write, now=now)
    assert ended.sessions >= ended.told > 1
    with idp.reading() as tx:
        assert not tx.execute(text("SELECT count(*) FROM sessions WHERE ended_at IS NULL")).scalar_one()
