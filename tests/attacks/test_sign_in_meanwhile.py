"""What changes an account while a password for it is being checked: the old password begins no session."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from idp.flows import login, people
from idp.flows.browser import Browser
from idp.flows.hashing import Verdict
from idp.flows.login import SignedIn, Wrong
from idp.store import credentials
from idp.store.tables import sessions
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
