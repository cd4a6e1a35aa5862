"""What changes an account while a proof for it is being checked: the old proof begins no session."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from idp.flows import ceremonies, login, people
from idp.flows.browser import Browser
from idp.flows.hashing import Verdict
from idp.flows.login import SignedIn, Wrong
from idp.store import credentials
from idp.store.tables import sessions
from tests.journeys.passkey_walks import enrolled, refusals, sign_in, to_login
from tests.service.in_process import PASSWORD, InProcess

EMAIL = "maria.rossi@posta.example"


class Slow:
    """The hasher, in whose time something else happens."""

    def __init__(self, hasher: Any, meanwhile: Callable[[], object]) -> None:
        self._hasher, self._meanwhile = hasher, meanwhile

    def verify(self, password: str, phc: str | None) -> Verdict:
        """The verdict, given when it is too late."""
        verdict: Verdict = self._hasher.verify(password, phc)
        self._meanwhile()
        return verdict


def locked(service: InProcess) -> None:
    assert isinstance(people.lock(service.idp, EMAIL, now=service.clock.now()), people.Done)


def with_another_password(service: InProcess) -> None:
    person = people.show(service.idp, EMAIL, now=service.clock.now())
    assert isinstance(person, people.PersonView)
    with service.idp.reading() as tx:
        seen = tx.exec_driver_sql("SELECT password_hash FROM accounts").scalar_one()
    with service.idp.writing() as tx:
        assert credentials.set_password(tx, person.sub, seen=seen, new=f"{seen}x", now=service.clock.now())


def signed_in(service: InProcess, meanwhile: Callable[[InProcess], None] | None) -> object:
    """What comes of Maria's password while something happens."""
    act = (lambda: None) if meanwhile is None else (lambda: meanwhile(service))
    idp = replace(service.idp, hasher=Slow(service.idp.hasher, act))  # type: ignore[arg-type]
    return login.sign_in(
        idp,
        EMAIL,
        PASSWORD,
        Browser(handle=None, session=None, source="203.0.113.5"),
        client_id=None,
        now=service.clock.now(),
        now_ms=service.clock.now_ms(),
    )


def alive(service: InProcess) -> int:
    with service.idp.reading() as tx:
        return len(tx.execute(sessions.select().where(sessions.c.ended_at.is_(None))).all())


@pytest.mark.parametrize("meanwhile", [locked, with_another_password])
def test_a_password_checked_before_a_change_begins_nothing_after_it(
    service_on_both: InProcess, meanwhile: Callable[[InProcess], None]
) -> None:
    service = service_on_both
    service.load_customers()
    service.register(service.visitor())
    people.end_sessions(service.idp, EMAIL, now=service.clock.now())
    assert isinstance(signed_in(service, meanwhile), Wrong)
    assert alive(service) == 0


def test_without_a_change_it_does(service_on_both: InProcess) -> None:
    service_on_both.load_customers()
    service_on_both.register(service_on_both.visitor())
    assert isinstance(signed_in(service_on_both, None), SignedIn)


def test_a_passkey_judged_before_a_lock_begins_nothing_that_an_unlock_would_revive(
    service_on_both: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = service_on_both
    service.load_customers()
    _, device = enrolled(service)
    people.end_sessions(service.idp, EMAIL, now=service.clock.now())
    visitor = to_login(service)
    judge = ceremonies.judge

    def slow(*given: Any, **named: Any) -> Any:
        judged = judge(*given, **named)
        locked(service)
        return judged

    monkeypatch.setattr(ceremonies, "judge", slow)
    sign_in(visitor, device)
    assert (visitor.page, visitor.faults) == ("login", ["page"])
    assert refusals(service) == ["not_active"]
    assert alive(service) == 0
    people.unlock(service.idp, EMAIL, now=service.clock.now())
    visitor.get("/account")
    assert visitor.page == "login"
