"""Somebody floods the audit trail: what is refused without end leaves one line, and each new refusal does."""

from collections import Counter

from sqlalchemy import select

from idp.store.tables import audit_events
from tests.service.in_process import PASSWORD, InProcess
from tests.service.relying_party import portal
from tests.service.visitor import Visitor


def _trail(service: InProcess) -> Counter[str]:
    with service.idp.reading() as tx:
        return Counter(tx.execute(select(audit_events.c.name)).scalars())


def _type_data(visitor: Visitor, name: str = "Eusebia") -> None:
    visitor.get("/register/data")
    visitor.press(given_name=name, family_name="Loi", username="loi@posta.example", accept_terms="yes")


def test_refused_sign_ins_leave_one_line_a_window(service: InProcess) -> None:
    visitor = service.visitor()
    portal(service).ask(visitor)
    limit = service.idp.settings.limits.login_failures_per_account_and_source
    for _ in range(limit.count + 20):
        visitor.press(username="maria.rossi@posta.example", password="Wrong1pass")
    assert _trail(service)["sign_in_throttled"] == 1
    assert _trail(service)["sign_in_failed"] == limit.count
    service.clock.move(limit.window)
    for _ in range(limit.count + 20):
        visitor.press(username="maria.rossi@posta.example", password="Wrong1pass")
    assert _trail(service)["sign_in_throttled"] == 2


def test_answers_to_a_dead_challenge_leave_one_line(service: InProcess) -> None:
    visitor = service.visitor()
    _type_data(visitor)
    visitor.press(new_password=PASSWORD)
    tries = service.idp.settings.codes.tries
    for _ in range(tries + 20):
        visitor.press(code="123456")
    assert _trail(service)["challenge_failed"] == tries + 1


def test_refused_registrations_are_in_the_trail_once(service: InProcess) -> None:
    limit = service.idp.settings.limits.registrations_per_source
    visitor = service.visitor()
    for _ in range(limit.count + 20):
        _type_data(visitor)
    assert visitor.last.status_code == 429
    assert _trail(service)["send_throttled"] == 1
