"""Codes of an authenticator app and recovery codes: what does, what is counted, and many at once."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from idp.accounts import recovery_codes as rules
from idp.accounts import totp
from idp.flows import authenticator, recovery_codes
from idp.flows.authenticator import Replayed, Right, Throttled, Wrong
from idp.store import authenticators
from idp.store import recovery_codes as kept_codes
from tests.journeys.account_walks import rows, run, sent, value
from tests.journeys.factor_walks import KNOWN_CODES as CODES
from tests.journeys.factor_walks import KNOWN_SECRET as SECRET
from tests.journeys.factor_walks import with_app, with_codes
from tests.service.in_process import InProcess

SOURCE = "198.51.100.7"


def code(service: InProcess, steps: int = 0, secret: str = SECRET) -> str:
    return totp.code_at(secret, totp.counter_at(service.clock.now()) + steps)


def wrong(service: InProcess, secret: str = SECRET) -> str:
    """Six digits that are the code of no step around now."""
    around = {code(service, steps, secret) for steps in range(-3, 4)}
    return next(f"{number:06d}" for number in range(10) if f"{number:06d}" not in around)


def check(service: InProcess, sub: str, typed: str) -> Right | Wrong | Throttled | Replayed:
    return authenticator.check(service.idp, sub, typed, source=SOURCE, now=service.clock.now())


def check_recovery(service: InProcess, sub: str, typed: str) -> Right | Wrong | Throttled:
    return recovery_codes.check(service.idp, sub, typed, source=SOURCE, now=service.clock.now())


def trail(service: InProcess, name: str) -> list[dict[str, object]]:
    with service.idp.reading() as tx:
        found = tx.exec_driver_sql(f"SELECT details FROM audit_events WHERE name = '{name}' ORDER BY id")
        return [json.loads(details) for details in found.scalars()]


# --- the app ----------------------------------------------------------------------------------------------


def test_a_code_is_right_once_and_replayed_after(clean_service: InProcess) -> None:
    sub, typed = with_app(clean_service), code(clean_service)
    assert check(clean_service, sub, f" {typed[:3]} {typed[3:]} ") == Right(held=False)
    assert check(clean_service, sub, typed) == Replayed()
    assert check(clean_service, sub, code(clean_service, -1)) == Replayed()
    assert check(clean_service, sub, code(clean_service, 1)) == Right(held=False)
    assert trail(clean_service, "authenticator_refused") == [{"reason": "used"}]


def test_a_code_of_another_step_or_of_another_secret_is_wrong(clean_service: InProcess) -> None:
    sub = with_app(clean_service)
    other = totp.secret_of(b"09876543210987654321")
    for typed in (code(clean_service, -2), code(clean_service, 2), code(clean_service, 0, other)):
        assert check(clean_service, sub, typed) == Wrong("code_wrong")
    assert check(clean_service, sub, "12345") == Wrong("code_malformed")
    assert trail(clean_service, "authenticator_refused") == [{"reason": "wrong"}] * 3


def test_the_code_of_an_app_that_was_replaced_does_no_more(clean_service: InProcess) -> None:
    with_app(clean_service)
    newer = totp.secret_of(b"09876543210987654321")
    sub = with_app(clean_service, secret=newer)
    assert check(clean_service, sub, code(clean_service)) == Wrong()
    assert check(clean_service, sub, code(clean_service, 0, newer)) == Right(held=False)


def test_ten_wrong_ones_an_hour_and_the_right_one_is_not_judged_until_it_is_over(
    clean_service: InProcess,
) -> None:
    sub = with_app(clean_service)
    for _ in range(10):
        assert check(clean_service, sub, wrong(clean_service)) == Wrong()
    assert isinstance(check(clean_service, sub, code(clean_service)), Throttled)
    clean_service.clock.move(3600)
    assert check(clean_service, sub, code(clean_service)) == Right(held=False)


def test_right_and_used_ones_are_never_counted(clean_service: InProcess) -> None:
    sub = with_app(clean_service)
    for _ in range(12):
        assert check(clean_service, sub, code(clean_service)) == Right(held=False)
        assert check(clean_service, sub, code(clean_service)) == Replayed()
        clean_service.clock.move(30)


def test_wrong_ones_open_the_breaker_of_codes(clean_service: InProcess) -> None:
    sub, idp = with_app(clean_service), clean_service.idp
    for _ in range(1001):
        idp.ephemera.bump("otp-breaker", 600, clean_service.clock.now())
    assert isinstance(check(clean_service, sub, code(clean_service)), Throttled)


def test_an_app_that_is_held_says_so_and_a_suspended_one_does_nothing(clean_service: InProcess) -> None:
    sub = with_app(clean_service, pending_until=clean_service.clock.now() + 100)
    assert check(clean_service, sub, code(clean_service)) == Right(held=True)
    with clean_service.idp.writing() as tx:
        assert authenticators.suspend_since(tx, sub, 0, now=clean_service.clock.now())
    clean_service.clock.move(60)
    assert check(clean_service, sub, code(clean_service)) == Wrong()
    with clean_service.idp.writing() as tx:
        assert authenticator.present(tx, sub) is None
        assert authenticators.restore(tx, sub)
    clean_service.clock.move(60)
    assert check(clean_service, sub, code(clean_service)) == Right(held=False)


def test_a_secret_is_sealed_for_its_account(clean_service: InProcess) -> None:
    with_app(clean_service)
    stored = value(clean_service, "SELECT sealed_secret FROM authenticators")
    assert SECRET.encode() not in bytes(stored)


def test_of_two_hundred_guesses_at_once_no_more_are_judged_than_may_fail(
    service_on_both: InProcess,
) -> None:
    service = service_on_both
    sub, typed = with_app(service), wrong(service)
    with ThreadPoolExecutor(16) as pool:
        found = Counter(type(one) for one in pool.map(lambda _: check(service, sub, typed), range(200)))
    assert found == {Wrong: 10, Throttled: 190}
    assert len(trail(service, "authenticator_refused")) == 10


def test_of_twenty_presses_of_one_right_code_one_is_right(service_on_both: InProcess) -> None:
    service = service_on_both
    sub, typed = with_app(service), code(service)
    with ThreadPoolExecutor(10) as pool:
        found = Counter(type(one) for one in pool.map(lambda _: check(service, sub, typed), range(20)))
    assert found[Right] == 1
    assert set(found) <= {Right, Replayed, Throttled}


# --- recovery codes ---------------------------------------------------------------------------------------


def test_a_recovery_code_does_once_and_its_owner_is_told(clean_service: InProcess) -> None:
    sub = with_codes(clean_service)
    assert check_recovery(clean_service, sub, rules.shown(CODES[0]).lower()) == Right(held=False)
    assert check_recovery(clean_service, sub, CODES[0]) == Wrong("recovery_code_wrong")
    assert check_recovery(clean_service, sub, "ABC") == Wrong("recovery_code_malformed")
    assert sent(clean_service, "recovery_code_used")
    assert trail(clean_service, "recovery_code_used") == [{"left": 9}]
    with clean_service.idp.reading() as tx:
        assert recovery_codes.left(tx, sub) == 9


def test_with_three_left_the_owner_is_told_to_make_new_ones(clean_service: InProcess) -> None:
    sub = with_codes(clean_service)
    for used in CODES[:6]:
        check_recovery(clean_service, sub, used)
    assert not sent(clean_service, "recovery_codes_few")
    check_recovery(clean_service, sub, CODES[6])
    assert sent(clean_service, "recovery_codes_few")


def test_the_recovery_code_of_another_account_does_not_do(clean_service: InProcess) -> None:
    with_codes(clean_service)
    assert check_recovery(clean_service, "somebody-else", CODES[0]) == Wrong("recovery_code_wrong")
    assert rows(clean_service, "SELECT COUNT(*) FROM recovery_codes WHERE used_at IS NULL") == 10


def test_wrong_recovery_codes_have_a_counter_of_their_own(clean_service: InProcess) -> None:
    sub = with_codes(clean_service)
    with_app(clean_service)
    for _ in range(10):
        assert check(clean_service, sub, wrong(clean_service)) == Wrong()
    assert check_recovery(clean_service, sub, CODES[0]) == Right(held=False)
    for _ in range(10):
        assert check_recovery(clean_service, sub, "ZZZZZZZZZZ") == Wrong("recovery_code_wrong")
    assert isinstance(check_recovery(clean_service, sub, CODES[1]), Throttled)


def test_held_and_suspended_recovery_codes(clean_service: InProcess) -> None:
    sub = with_codes(clean_service, pending_until=clean_service.clock.now() + 100)
    assert check_recovery(clean_service, sub, CODES[0]) == Right(held=True)
    run(clean_service, "UPDATE recovery_codes SET suspended_at = 1")
    assert check_recovery(clean_service, sub, CODES[1]) == Wrong("recovery_code_wrong")
    with clean_service.idp.writing() as tx:
        assert recovery_codes.left(tx, sub) == 0
        assert kept_codes.restore(tx, sub)
        assert recovery_codes.left(tx, sub) == 9


def test_of_many_presses_of_one_recovery_code_one_is_right(service_on_both: InProcess) -> None:
    service = service_on_both
    sub = with_codes(service)
    with ThreadPoolExecutor(10) as pool:
        found = Counter(
            type(one) for one in pool.map(lambda _: check_recovery(service, sub, CODES[0]), range(20))
        )
    assert found[Right] == 1
    assert rows(service, "SELECT COUNT(*) FROM recovery_codes WHERE used_at IS NULL") == 9


@pytest.mark.parametrize("letters", ["", "0" * 9])
def test_what_is_no_recovery_code_is_not_counted(clean_service: InProcess, letters: str) -> None:
    sub = with_codes(clean_service)
    for _ in range(20):
        assert check_recovery(clean_service, sub, letters) == Wrong("recovery_code_malformed")
    assert check_recovery(clean_service, sub, CODES[0]) == Right(held=False)
