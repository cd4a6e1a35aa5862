"""Counters under load: of many at once no more pass than the limit, on each store and over processes."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from idp.accounts.challenge import Purpose
from idp.accounts.lockout import OTP_BREAKER, SMS_CAP, SMS_CONVERSION, Allowed, Brake, Throttled
from idp.flows import proving, spending, throttle
from idp.flows.wording import Purpose as Letter
from idp.settings.limits import Limits
from idp.settings.section import Rate
from idp.values import Contact, MobileNumber, parse_contact
from tests.flows.counting import NOW, asks, counting_house, sends
from tests.parts.ports import free_port
from tests.service.in_process import InProcess
from tests.service.money import spent_today

THREADS = 50
LIMITS = Limits()
MARIA = parse_contact("maria.rossi@posta.example")


@dataclass(frozen=True)
class Place:
    """Where a house counts."""

    folder: Path
    url: str
    ephemera_url: str

    def house(self, **limits: object) -> InProcess:
        """The service there."""
        return counting_house(self.folder, self.url, self.ephemera_url, **limits)


@pytest.fixture(params=["sqlite", "postgresql", "valkey"])
def place(request: pytest.FixtureRequest, service_folder: Path) -> Place:
    """One store of counters after the other, empty."""
    database = {"postgresql": "prepared_postgres_url"}.get(request.param, "prepared_sqlite_url")
    url = str(request.getfixturevalue(database))
    server = str(request.getfixturevalue("valkey_url")) if request.param == "valkey" else ""
    return Place(service_folder, url, server)


@pytest.fixture
def house(place: Place) -> Iterator[InProcess]:
    """A house with the limits as they come."""
    opened = place.house()
    yield opened
    opened.idp.database.engine.dispose()


@pytest.fixture(scope="module")
def two_processes() -> Iterator[ProcessPoolExecutor]:
    """Two other processes."""
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def mobile(number: int) -> MobileNumber:
    """One of ten thousand numbers of one range."""
    return MobileNumber(f"+39333765{number:04d}")


def scattered(number: int) -> MobileNumber:
    """One of many numbers, each of another range."""
    return MobileNumber(f"+393{number % 100:02d}{number:04d}123")


# --- messages -----------------------------------------------------------------------------------------------


def test_fifty_asks_at_once_give_one_contact_three_messages(house: InProcess) -> None:
    decisions = house.in_parallel(
        lambda n: spending.may_send(house.idp, MARIA, f"198.51.100.{n}", now=NOW), THREADS
    )
    assert decisions.count(Allowed()) == LIMITS.sends_per_contact.count
    assert {d.by for d in decisions if isinstance(d, Throttled)} == {"send-contact"}


def test_of_fifty_asks_at_once_one_begins_the_wait_of_a_contact(house: InProcess) -> None:
    waits = house.in_parallel(lambda _: throttle.begin_gap(house.idp, MARIA, now=NOW), THREADS)
    assert waits.count(0) == 1
    assert all(0 <= wait <= 60 for wait in waits)
    assert throttle.begin_gap(house.idp, MARIA, now=NOW + 20) == 40
    assert throttle.begin_gap(house.idp, scattered(1), now=NOW + 20) == 0
    assert throttle.begin_gap(house.idp, MARIA, "chosen by its mask", now=NOW + 20) == 0
    assert throttle.begin_gap(house.idp, MARIA, of_owner=True, now=NOW + 20) == 0
    assert throttle.begin_gap(house.idp, MARIA, now=NOW + 60) == 0


class Interleaved:
    """The counters, where others act in the time of one caller: after its look, and after its first count."""

    def __init__(self, ephemera: Any, looked: Callable[[], object], bumped: Callable[[], object]) -> None:
        self._ephemera, self._looked, self._later = ephemera, looked, iter([bumped])

    def count(self, key: str, now: int) -> int:
        """The counter, as it was before others acted."""
        found: int = self._ephemera.count(key, now)
        self._looked()
        return found

    def bump(self, key: str, life: int, now: int, by: int = 1) -> int:
        """Count, before others act."""
        counted: int = self._ephemera.bump(key, life, now, by)
        next(self._later, lambda: None)()
        return counted


def test_who_came_second_leaves_nothing_behind_where_the_first_message_was_refused(
    house: InProcess,
) -> None:
    first: list[int] = []
    between: Any = Interleaved(
        house.idp.ephemera,
        looked=lambda: first.append(throttle.begin_gap(house.idp, MARIA, now=NOW)),
        bumped=lambda: throttle.end_gap(house.idp, MARIA),
    )
    second = throttle.begin_gap(replace(house.idp, ephemera=between), MARIA, now=NOW)
    assert (first, second) == ([0], 60)
    assert throttle.begin_gap(house.idp, MARIA, now=NOW) == 0
    assert throttle.begin_gap(house.idp, MARIA, now=NOW + 20) == 40


def test_a_message_that_was_refused_makes_nobody_wait(place: Place) -> None:
    house = place.house(sends_per_source_ipv4=Rate(1, 3600))
    question = proving.Question(
        purpose=Purpose.REGISTRATION,
        subject="an enrolment",
        contact=MARIA,
        letter=Letter.REGISTRATION_CODE,
        language="it",
        life=600,
    )
    other = replace(question, contact=scattered(1))
    asked = [proving.ask(house.idp, one, None, source="192.0.2.1", now=NOW) for one in (other, question)]
    assert [type(one) for one in asked] == [proving.Asked, proving.Limited]
    again = proving.ask(house.idp, question, None, source="192.0.2.2", now=NOW)
    assert isinstance(again, proving.Asked)
    house.idp.database.engine.dispose()


def test_a_contact_has_ten_messages_a_day(house: InProcess) -> None:
    now, day = NOW - NOW % 86400, []
    for _ in range(8):
        day += [spending.may_send(house.idp, MARIA, "192.0.2.1", now=now) for _ in range(3)]
        now += LIMITS.sends_per_contact.window
    assert day.count(Allowed()) == LIMITS.sends_per_contact_per_day
    assert {d.by for d in day if isinstance(d, Throttled)} == {"send-contact-day"}
    tomorrow = now - now % 86400 + 86400
    assert spending.may_send(house.idp, MARIA, "192.0.2.1", now=tomorrow) == Allowed()


@pytest.mark.parametrize(
    ("source", "limit"),
    [
        ("192.0.2.77", "sends_per_source_ipv4"),
        ("2001:db8:1:2::/64", "sends_per_source_ipv6_64"),
    ],
)
def test_a_source_has_its_number_of_messages(place: Place, source: str, limit: str) -> None:
    house = place.house(**{limit: Rate(15, 3600)})
    decisions = house.in_parallel(
        lambda n: spending.may_send(house.idp, parse_contact(f"a{n}@posta.example"), source, now=NOW), THREADS
    )
    assert decisions.count(Allowed()) == 15
    assert {d.by for d in decisions if isinstance(d, Throttled)} == {"send-source"}
    signed_in = spending.may_send(house.idp, MARIA, source, signed_in=True, now=NOW)
    assert signed_in == Allowed(), "a session stands for its source"
    house.idp.database.engine.dispose()


def test_what_a_source_is_refused_uses_nothing_up_of_a_contact(place: Place) -> None:
    house = place.house(sends_per_source_ipv4=Rate(1, 3600))
    assert spending.may_send(house.idp, MARIA, "192.0.2.1", now=NOW) == Allowed()
    for _ in range(20):
        assert isinstance(spending.may_send(house.idp, MARIA, "192.0.2.1", now=NOW), Throttled)
    others = [spending.may_send(house.idp, MARIA, f"198.51.100.{n}", now=NOW) for n in range(3)]
    assert [d == Allowed() for d in others] == [True, True, False]
    house.idp.database.engine.dispose()


SPELLINGS = (
    "maria.rossi@posta.example",
    "mariarossi@posta.example",
    "m.a.r.i.a.rossi@posta.example",
    "Maria.Rossi+idp@POSTA.example",
    "mariarossi+1.2.3@posta.example",
)


def test_spellings_of_one_mailbox_share_its_counter(house: InProcess) -> None:
    decisions = [
        spending.may_send(house.idp, parse_contact(typed), "192.0.2.1", now=NOW) for typed in SPELLINGS
    ]
    assert [d == Allowed() for d in decisions] == [True, True, True, False, False]


def test_spellings_of_one_number_share_its_counter(house: InProcess) -> None:
    typed = ("333 123 4501", "+39 333 1234501", "0039-333-123-4501", "+393331234501")
    decisions = [spending.may_send(house.idp, parse_contact(t), "192.0.2.1", now=NOW) for t in typed]
    assert [d == Allowed() for d in decisions] == [True, True, True, False]


def test_wrong_codes_of_two_spellings_add_up(house: InProcess) -> None:
    for n in range(LIMITS.otp_failures_per_account.count):
        brakes = throttle.code_brakes(house.idp, parse_contact(SPELLINGS[n % len(SPELLINGS)]))
        assert throttle.standing(house.idp, brakes, now=NOW) == Allowed()
        throttle.failed(house.idp, brakes, now=NOW)
    brakes = throttle.code_brakes(house.idp, MARIA)
    assert isinstance(throttle.standing(house.idp, brakes, now=NOW), Throttled)


def test_two_processes_share_the_counters(place: Place, two_processes: ProcessPoolExecutor) -> None:
    at = (place.folder, place.url, place.ephemera_url)
    both = [two_processes.submit(sends, *at, spelling, 6) for spelling in SPELLINGS[:2]]
    assert sum(f.result(timeout=120) for f in both) == LIMITS.sends_per_contact.count

    names = [[f"code-{n}" for n in range(start, start + 12)] for start in (0, 6)]
    let = [two_processes.submit(asks, *at, mine, 10) for mine in names]
    one, other = (f.result(timeout=120) for f in let)
    assert len({*one, *other}) == 10
    assert {"code-6", "code-7"} & {*one} == {"code-6", "code-7"} & {*other}, "what one passed, the other did"


# --- identifiers ------------------------------------------------------------------------------------------


def test_of_fifty_identifiers_at_once_three_pass_in_one_browser(house: InProcess) -> None:
    brakes = throttle.identify_brakes(house.idp, "browser", "192.0.2.1")
    decisions = house.in_parallel(
        lambda n: throttle.spend_distinct(house.idp, brakes, f"code-{n}", now=NOW), THREADS
    )
    assert decisions.count(Allowed()) == LIMITS.identifiers_per_session.count
    assert {d.by for d in decisions if isinstance(d, Throttled)} == {"identify-browser"}


@pytest.mark.parametrize("source", ["192.0.2.1", "2001:db8:1:2::/64"])
def test_a_source_asks_about_its_number_of_identifiers(house: InProcess, source: str) -> None:
    most = 60 if source == "192.0.2.1" else 20

    def ask(n: int) -> object:
        brakes = throttle.identify_brakes(house.idp, f"browser-{n}", source)
        return throttle.spend_distinct(house.idp, brakes, f"code-{n}", now=NOW)

    decisions = house.in_parallel(ask, THREADS) + [ask(n) for n in range(THREADS, 65)]
    assert decisions.count(Allowed()) == most
    assert {d.by for d in decisions if isinstance(d, Throttled)} == {"identify-source"}
    other = throttle.identify_brakes(house.idp, "browser-x", "198.51.100.1")
    assert throttle.spend_distinct(house.idp, other, "code-x", now=NOW) == Allowed()


def test_repeating_an_identifier_is_free_also_at_once(house: InProcess) -> None:
    brakes = throttle.identify_brakes(house.idp, "browser", "192.0.2.1")
    for name in ("one", "two"):
        assert throttle.spend_distinct(house.idp, brakes, name, now=NOW) == Allowed()
    again = house.in_parallel(lambda n: throttle.spend_distinct(house.idp, brakes, "three", now=NOW), THREADS)
    assert set(again) == {Allowed()}
    assert isinstance(throttle.spend_distinct(house.idp, brakes, "four", now=NOW), Throttled)
    for name in ("one", "two", "three"):
        assert throttle.spend_distinct(house.idp, brakes, name, now=NOW) == Allowed()


def test_of_one_too_many_at_once_not_one_passes(house: InProcess) -> None:
    """While the first of them is being counted, none of the others may slip by."""
    brakes = (Brake("identify-source:x", Rate(2, 3600)),)
    for name in ("one", "two"):
        assert throttle.spend_distinct(house.idp, brakes, name, now=NOW) == Allowed()
    late = house.in_parallel(lambda n: throttle.spend_distinct(house.idp, brakes, "late", now=NOW), THREADS)
    assert Allowed() not in late
    wait = brakes[0].wait(NOW)
    assert late[0] == Throttled(wait, "identify-source")
    assert throttle.spend_distinct(house.idp, brakes, "late", now=NOW + wait) == Allowed()


def test_in_a_race_for_the_last_place_one_identifier_wins(house: InProcess) -> None:
    brakes = (Brake("identify-source:x", Rate(1, 3600)),)
    names = [f"code-{n % 10}" for n in range(THREADS)]
    decisions = house.in_parallel(
        lambda n: throttle.spend_distinct(house.idp, brakes, names[n], now=NOW), THREADS
    )
    passed = {name for name, d in zip(names, decisions, strict=True) if d == Allowed()}
    assert len(passed) == 1
    assert decisions.count(Allowed()) == THREADS // 10, "whoever asked about it got the same answer"


def test_one_who_died_while_counting_holds_nobody_up(house: InProcess) -> None:
    brake = Brake("identify-source:x", Rate(2, 3600))
    mark = f"seen:{brake.key(NOW)}:{house.idp.sealer.pseudonym('distinct:code')}"
    house.idp.ephemera.bump(mark, 3600, NOW)
    assert throttle.spend_distinct(house.idp, (brake,), "code", now=NOW) == Allowed()
    assert house.idp.ephemera.count(brake.key(NOW), NOW) == 1


# --- the breaker ------------------------------------------------------------------------------------------


def test_too_many_wrong_codes_in_all_stop_every_message(place: Place) -> None:
    house = place.house(otp_breaker_failures=Rate(40, 600))
    for n in range(40):
        throttle.otp_failed(house.idp, f"account-{n % 5}", f"source-{n % 10}", now=NOW)
    assert throttle.otp_breaker(house.idp, "192.0.2.1", now=NOW) == Allowed()
    house.in_parallel(lambda n: throttle.otp_failed(house.idp, "account-1", "source-1", now=NOW), 10)
    refused = Throttled(600, OTP_BREAKER)
    assert spending.may_send(house.idp, MARIA, "192.0.2.1", signed_in=True, now=NOW) == refused
    assert spending.may_send(house.idp, mobile(1), "192.0.2.1", now=NOW + 599) == refused
    assert spending.may_send(house.idp, MARIA, "192.0.2.1", now=NOW + 600) == Allowed()
    house.idp.database.engine.dispose()


# --- money and ranges ---------------------------------------------------------------------------------------


def test_fifty_sms_at_once_cost_no_more_than_the_cap(place: Place) -> None:
    house = place.house(sms_daily_cap=1, sms_part_price=60)
    decisions = house.in_parallel(
        lambda n: spending.may_send(house.idp, scattered(n), f"192.0.2.{n}", parts=1 + n % 2, now=NOW),
        THREADS,
    )
    spent = sum(60 * (1 + n % 2) for n, d in enumerate(decisions) if d == Allowed())
    assert spent_today(house.idp, now=NOW) == spent <= 1000
    assert spent >= 1000 - 120, "it is used up, too"
    assert {d.by for d in decisions if isinstance(d, Throttled)} == {SMS_CAP}
    house.idp.database.engine.dispose()


def test_of_fifty_unanswered_sms_at_once_to_one_range_no_more_go_than_are_trusted(place: Place) -> None:
    house = place.house(sms_conversion_sends=20)
    decisions = house.in_parallel(
        lambda n: spending.may_send(house.idp, mobile(n), f"192.0.2.{n}", now=NOW), THREADS
    )
    assert decisions.count(Allowed()) == 20
    assert {d.by for d in decisions if isinstance(d, Throttled)} == {SMS_CONVERSION}
    house.idp.database.engine.dispose()


def test_fifty_sms_at_once_to_one_range_go_as_fast_as_it_may(place: Place) -> None:
    house = place.house(sends_per_prefix=Rate(12, 3600))
    decisions = house.in_parallel(
        lambda n: spending.may_send(house.idp, mobile(n), f"192.0.2.{n}", now=NOW), THREADS
    )
    assert decisions.count(Allowed()) == 12
    assert {d.by for d in decisions if isinstance(d, Throttled)} == {"send-prefix"}
    other: Contact = MobileNumber("+393401234501")
    assert spending.may_send(house.idp, other, "192.0.2.1", now=NOW) == Allowed()
    house.idp.database.engine.dispose()


def test_no_limit_opens_while_the_server_is_away(prepared_sqlite_url: str, service_folder: Path) -> None:
    """Decision: docs/decisions/counting-without-valkey.md."""
    gone = f"redis://127.0.0.1:{free_port()}/0"
    house = counting_house(service_folder, prepared_sqlite_url, gone, otp_breaker_accounts=Rate(3, 600))
    sent = [spending.may_send(house.idp, mobile(1), "192.0.2.1", now=NOW) == Allowed() for _ in range(5)]
    assert sent == [True] * 3 + [False] * 2
    spending.code_answered(house.idp, mobile(1), now=NOW)
    brakes = throttle.identify_brakes(house.idp, "browser", "192.0.2.1")
    names = ("one", "two", "one", "three", "four", "one", "four")
    asked = [throttle.spend_distinct(house.idp, brakes, name, now=NOW) == Allowed() for name in names]
    assert asked == [True, True, True, True, False, True, False]
    for n in range(4):
        throttle.otp_failed(house.idp, f"account-{n}", f"source-{n}", now=NOW)
    assert isinstance(spending.may_send(house.idp, MARIA, "192.0.2.9", now=NOW), Throttled)
    house.idp.database.engine.dispose()
