"""Guessing a code: however many guesses, from wherever, at whatever speed, a challenge is worth five
(security bar 5.3, 5.4)."""

import threading
from collections.abc import Callable, Iterator

import pytest

from idp.accounts import challenge as rules
from idp.accounts.challenge import Answer, Challenge, Purpose
from idp.flows import proving
from idp.flows.proving import Asked, Late, Question, Refused
from idp.flows.wording import Purpose as Letter
from idp.values import EmailAddress
from tests.journeys import link_walks, recovery_walks
from tests.journeys.link_walks import ENROLMENT
from tests.journeys.recovery_walks import BROWSER, EMAIL, RECOVERY, confirm, copy_cookies, wrong
from tests.service.in_process import InProcess, open_in_process
from tests.service.visitor import Visitor

MOST = 5
GUESSES = 200


@pytest.fixture
def nodes(service_on_both: InProcess) -> Iterator[list[InProcess]]:
    """Two nodes of one service over one database, with time for all who wait for one row of it."""
    settings = service_on_both.idp.settings
    patient = settings.model_copy(
        update={"database": settings.database.model_copy(update={"statement_timeout_ms": 60_000})}
    )
    opened = [open_in_process(patient) for _ in range(2)]
    yield opened
    for node in opened:
        node.idp.database.engine.dispose()


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every code that was compared with the right one."""
    compared: list[str] = []
    lock, judge = threading.Lock(), rules.judge

    def noted(challenge: Challenge, code: str, secrets: list[bytes]) -> Answer:
        with lock:
            compared.append(code)
        return judge(challenge, code, secrets)

    monkeypatch.setattr(rules, "judge", noted)
    return compared


def registering(service: InProcess) -> tuple[Visitor, str]:
    """In front of the code of a registration, and its address."""
    return link_walks.began(service), "/register/verify"


def recovering(service: InProcess) -> tuple[Visitor, str]:
    """In front of the code of a recovery, and its address."""
    service.register(service.visitor("192.0.2.1"))
    service.clock.move(3600 - service.clock.now() % 3600)
    return recovery_walks.to_verify(service), "/recover/verify"


BEGINNINGS: dict[str, Callable[[InProcess], tuple[Visitor, str]]] = {
    "registration": registering,
    "recovery": recovering,
}


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_two_hundred_guesses_at_once_on_two_nodes_evaluate_five(
    nodes: list[InProcess], evaluated: list[str], beginning: str
) -> None:
    service = nodes[0]
    visitor, address = BEGINNINGS[beginning](service)
    nodes[1].clock.move(service.clock.now() - nodes[1].clock.now())
    code, csrf = service.code_for(EMAIL), visitor.csrf
    del evaluated[:]
    spellings = (
        "{}",
        " {} ",
        "{0[0]}{0[1]}{0[2]} {0[3]}{0[4]}{0[5]}",
        "{0[0]}{0[1]}{0[2]}-{0[3]}{0[4]}{0[5]}",
    )
    guesses = [f"{number:06}" for number in range(GUESSES + 1) if f"{number:06}" != code][:GUESSES]
    threads = 40
    browsers = []
    for number in range(threads):
        twin = nodes[number % 2].visitor(f"203.0.113.{number}")
        copy_cookies(visitor, twin, (ENROLMENT, RECOVERY, BROWSER))
        browsers.append(twin)

    def guess(number: int) -> set[int]:
        mine = guesses[number::threads]
        typed = [spellings[place % 4].format(each) for place, each in enumerate(mine)]
        return {browsers[number].send(address, {"csrf": csrf, "code": each}).status_code for each in typed}

    statuses = set().union(*service.in_parallel(guess, threads))
    assert statuses <= {200, 429}
    assert len(evaluated) == MOST
    assert set(evaluated) <= set(guesses)
    failures = "SELECT count(*) FROM audit_events WHERE name = 'challenge_failed' AND details LIKE '%wrong%'"
    assert link_walks.rows(service, failures) == MOST
    # The right one is too late, and is not even looked at.
    visitor.press(code=code)
    assert visitor.faults == ["code"]
    assert len(evaluated) == MOST


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_the_right_code_among_many_at_once_is_found_by_one_of_five_or_not_at_all(
    nodes: list[InProcess], evaluated: list[str], beginning: str
) -> None:
    service = nodes[0]
    visitor, address = BEGINNINGS[beginning](service)
    nodes[1].clock.move(service.clock.now() - nodes[1].clock.now())
    code, csrf = service.code_for(EMAIL), visitor.csrf
    del evaluated[:]
    threads = 40
    browsers = []
    for number in range(threads):
        twin = nodes[number % 2].visitor(f"203.0.113.{number}")
        copy_cookies(visitor, twin, (ENROLMENT, RECOVERY, BROWSER))
        browsers.append(twin)

    def guess(number: int) -> bool:
        # Every fifth one knows it.
        typed = code if number % 5 == 0 else wrong(code)
        return browsers[number].send(address, {"csrf": csrf, "code": typed}).status_code == 303

    service.in_parallel(guess, threads)
    assert len(evaluated) <= MOST
    proven = "SELECT count(*) FROM audit_events WHERE name = 'challenge_answered'"
    before = 1 if beginning == "recovery" else 0
    assert link_walks.rows(service, proven) - before == min(1, evaluated.count(code))


def test_ten_wrong_codes_an_hour_hold_over_every_recovery_of_a_contact(service: InProcess) -> None:
    visitor, _ = recovering(service)
    for _ in range(2):
        code = service.code_for(EMAIL)
        for _ in range(MOST):
            visitor.press(code=wrong(code))
            assert visitor.last.status_code == 200
        service.clock.move(60)
        visitor.press(resend="yes")
    visitor.press(code=service.code_for(EMAIL))
    assert (visitor.page, visitor.last.status_code) == ("recover-verify", 429)
    service.clock.move(901)
    other = recovery_walks.to_verify(service, source="192.0.2.99")
    other.press(code=service.code_for(EMAIL))
    assert (other.page, other.last.status_code) == ("recover-verify", 429)
    # Her mobile is another contact, and its codes are good.
    confirm(service, recovery_walks.MOBILE)
    by_text = recovery_walks.to_verify(service, recovery_walks.MOBILE)
    by_text.press(code=service.code_for(recovery_walks.MOBILE))
    assert by_text.page == "recover-second"


def test_a_code_is_worth_nothing_for_another_purpose(clean_service: InProcess) -> None:
    service, now = clean_service, clean_service.clock.now()
    for asked in Purpose:
        contact = EmailAddress(f"{asked}@posta.example")
        question = Question(asked, f"subject-{asked}", contact, Letter.REGISTRATION_CODE, "it", 600)
        made = proving.ask(service.idp, question, None, source="192.0.2.1", now=now)
        assert isinstance(made, Asked)
        with service.idp.writing() as tx:
            proving.write(tx, made, now=now)
        code = service.code_for(contact.text)

        def answer(purpose: Purpose, subject: str, made: Asked = made, code: str = code) -> object:
            return proving.judge(
                service.idp,
                made.challenge,
                code,
                EmailAddress(f"{made.challenge.purpose}@posta.example"),
                purpose=purpose,
                subject=subject,
                source="192.0.2.1",
                now=now,
            )

        for other in Purpose:
            if other is not asked:
                assert isinstance(answer(other, f"subject-{asked}"), Late | Refused), (asked, other)
            assert isinstance(answer(asked, f"subject-{other}x"), Late | Refused), (asked, other)
        # None of these cost a try.
        assert isinstance(answer(asked, f"subject-{asked}"), rules.Right)
