"""Codes guessed over many accounts: a few tries at each stay under every account's own limit, so the house
counts them together (security bar 5.3, the global breaker).

The attacker walks the real registration: a code can be guessed wherever one can be asked for, on file or not.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from idp.flows import throttle
from idp.store.tables import accounts, audit_events
from tests.delivery.test_sweep import ACCOUNT
from tests.service.in_process import PASSWORD, InProcess
from tests.service.visitor import Visitor

WRONG = "000000"


@pytest.fixture
def alarms() -> Iterator[list[Any]]:
    """Log lines as they are written."""
    with capture_logs() as lines:
        yield lines


def asks_for_a_code(service: InProcess, contact: str, source: str) -> Visitor:
    """Somebody registers with this contact, from this address, up to where the code is asked for."""
    visitor = service.visitor(source)
    visitor.get("/register")
    visitor.press(profile="person")
    visitor.press(given_name="Maria", family_name="Rossi", username=contact, accept_terms="yes")
    visitor.press(new_password=PASSWORD)
    return visitor


def guesses(service: InProcess, number: int, source: str, *, times: int = 1) -> None:
    """Wrong codes for one contact."""
    visitor = asks_for_a_code(service, f"target-{number}@posta.example", source)
    assert visitor.page == "register-verify", (number, visitor.last.status_code)
    for _ in range(times):
        visitor.press(code=WRONG)
        assert visitor.faults == ["code"], number


def status(service: InProcess, contact: str, source: str) -> int:
    """How somebody else's registration is answered when the code would be sent."""
    return asks_for_a_code(service, contact, source).last.status_code


def trail(service: InProcess, name: str) -> list[dict[str, Any]]:
    """The details of the audit events of one name."""
    with service.idp.reading() as tx:
        details = tx.execute(select(audit_events.c.details).where(audit_events.c.name == name)).scalars()
        return [json.loads(text) for text in details]


def spread(number: int) -> str:
    """Another address for every few targets."""
    return f"10.{number // 200}.{number // 10 % 20}.1"


@pytest.mark.slow
def test_guesses_over_three_hundred_accounts_stop_every_code(service: InProcess, alarms: list[Any]) -> None:
    for number in range(201):
        assert not trail(service, "otp_breaker_tripped"), number
        guesses(service, number, spread(number))
    refused = 0
    for number in range(201, 300):
        refused += status(service, f"target-{number}@posta.example", spread(number)) == 429
    assert refused == 99, "not one more code is sent"
    assert status(service, "giovanni.bianchi@posta.example", "192.0.2.200") == 429
    assert trail(service, "otp_breaker_tripped") == [{"reason": "accounts"}]
    told = [line for line in alarms if line["event"] == "otp_breaker_open"]
    assert [(line["log_level"], line["reason"], line["source"]) for line in told] == [
        ("error", "accounts", None)
    ]
    assert "@" not in json.dumps(told)

    service.clock.move(service.idp.settings.limits.otp_breaker_accounts.window)
    assert status(service, "giovanni.bianchi@posta.example", "192.0.2.200") == 200


def test_one_source_that_fails_at_twenty_one_accounts_gets_no_more_codes(
    service: InProcess, alarms: list[Any]
) -> None:
    for number in range(21):
        guesses(service, number, "192.0.2.66")
    assert status(service, "another@posta.example", "192.0.2.66") == 429
    assert status(service, "giovanni.bianchi@posta.example", "192.0.2.67") == 200, "others go on"
    assert trail(service, "otp_breaker_tripped") == [{"reason": "source"}]
    assert sum(line["event"] == "otp_breaker_open" for line in alarms) == 1
    assert "192.0.2.66" not in json.dumps(alarms)
    service.clock.move(service.idp.settings.limits.otp_breaker_accounts_per_source.window)
    assert status(service, "another@posta.example", "192.0.2.66") == 200


def test_the_alarm_is_raised_once_while_guessing_goes_on(service: InProcess, alarms: list[Any]) -> None:
    """Codes that were sent before can still be guessed at: nobody is to be told of each."""
    now = service.clock.now() - service.clock.now() % 600

    def all_fail_at(then: int) -> None:
        service.in_parallel(
            lambda n: throttle.otp_failed(service.idp, f"account-{n}", "source-1", now=then), 40
        )

    all_fail_at(now)
    all_fail_at(now + 30)
    assert trail(service, "otp_breaker_tripped") == [{"reason": "source"}]
    all_fail_at(now + 600)
    assert trail(service, "otp_breaker_tripped") == [{"reason": "source"}] * 2
    assert [line["event"] for line in alarms].count("otp_breaker_open") == 2


def test_twenty_accounts_of_one_source_are_a_busy_office(service: InProcess) -> None:
    for number in range(20):
        guesses(service, number, "192.0.2.66", times=3)
    assert status(service, "giovanni.bianchi@posta.example", "192.0.2.66") == 200
    assert not trail(service, "otp_breaker_tripped")


def test_spellings_of_one_mailbox_are_one_account_to_the_breaker(service: InProcess) -> None:
    """Else one person and a plus sign would stop everybody's codes."""
    visitors = []
    for number in range(3):
        visitors.append(asks_for_a_code(service, f"a+{number}@posta.example", "192.0.2.66"))
        service.clock.move(60)
    for visitor in visitors:
        visitor.press(code=WRONG)
    ephemera, now = service.idp.ephemera, service.clock.now()
    assert ephemera.count(f"brake:otp-accounts:{now // 600}", now) == 1
    assert ephemera.count(f"brake:otp-failures:{now // 600}", now) == 3


def test_in_a_large_house_one_account_in_a_hundred_may_fail(service: InProcess) -> None:
    with service.idp.writing() as tx:
        rows = [
            {**ACCOUNT, "sub": f"s{n}", "customer_number": f"X{n}", "username_index": b"%032d" % n}
            for n in range(20_300)
        ]
        tx.execute(accounts.insert(), rows)
    now = service.clock.now() - service.clock.now() % 600
    for number in range(203):
        throttle.otp_failed(service.idp, f"account-{number}", f"source-{number // 10}", now=now)
    assert not trail(service, "otp_breaker_tripped")
    throttle.otp_failed(service.idp, "account-203", "source-99", now=now)
    assert trail(service, "otp_breaker_tripped") == [{"reason": "accounts"}]


def test_right_codes_are_no_failures_however_many(service: InProcess) -> None:
    visitor = service.visitor()
    service.register(visitor)
    ephemera, now = service.idp.ephemera, service.clock.now()
    assert ephemera.count(f"brake:otp-failures:{now // 600}", now) == 0
