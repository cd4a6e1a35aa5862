"""Somebody lives on the SMS we pay for: numbers of one range, numbers of many, numbers that are made up.

What counts is what arrives at the gateway (security bar 5.3).
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from idp.accounts.lockout import SMS_CAP, SMS_CONVERSION, Allowed, Decision, Throttled
from idp.adapters.couriers import couriers_of
from idp.flows import post, spending
from idp.flows.deliver import deliver_due
from idp.flows.wording import Purpose
from idp.store import outbox
from idp.store.tables import audit_events
from idp.values import Contact, EmailAddress, MobileNumber
from tests.parts.sms_gateway import SmsGateway
from tests.service.in_process import InProcess, open_in_process, settings_for
from tests.service.money import spent_today

PRICE = 50
House = Callable[..., "Sender"]


class Sender:
    """A house whose SMS go to the fake gateway, and a flow that asks before it sends."""

    def __init__(self, service: InProcess, gateway: SmsGateway) -> None:
        self.service = service
        self.idp = service.idp
        self.gateway = gateway
        self._couriers = couriers_of(self.idp.settings, self.idp.clock)

    @property
    def now(self) -> int:
        """The time there."""
        return self.service.clock.now()

    def asks(self, to: Contact, source: str = "192.0.2.1", *, addressed: bool = True) -> Decision:
        """Ask for a code; where it may be sent it is."""
        parcel = post.prepare(
            self.idp,
            to=to if addressed else None,
            kind=to.kind,
            purpose=Purpose.MOBILE_CODE,
            language="it",
            now=self.now,
            expires_at=self.now + 600,
            code="123456",
        )
        decision = spending.may_send(
            self.idp, to, source, parts=parcel.parts, addressed=addressed, signed_in=True, now=self.now
        )
        if decision == Allowed():
            self._leaves(parcel)
        return decision

    def notifies(self, to: Contact) -> None:
        """Send what nobody asked for."""
        parcel = post.prepare(
            self.idp,
            to=to,
            purpose=Purpose.ACCOUNT_CREATED,
            language="it",
            now=self.now,
            expires_at=self.now + 600,
        )
        self._leaves(parcel)

    def _leaves(self, parcel: outbox.Parcel) -> None:
        with self.idp.writing() as tx:
            outbox.add(tx, parcel)
        deliver_due(self.idp, self._couriers, self.now)

    @property
    def arrived(self) -> int:
        """How many SMS the gateway was given, and wants money for."""
        return len(self.gateway.accepted)

    def trail(self, name: str) -> list[dict[str, Any]]:
        """The details of the audit events of one name."""
        with self.idp.reading() as tx:
            chosen = select(audit_events.c.details).where(audit_events.c.name == name)
            return [json.loads(text) for text in tx.execute(chosen).scalars()]


@pytest.fixture
def house(prepared_sqlite_url: str, service_folder: Path, sms_gateway: SmsGateway) -> Iterator[House]:
    """Builds the house with other limits."""
    opened: list[InProcess] = []

    def build(**limits: Any) -> Sender:
        settings = settings_for(
            service_folder,
            prepared_sqlite_url,
            delivery={"sms": "webhook", "sms_sender": "AreaClienti"},
            sms={"url": sms_gateway.url, "secret": "a secret that both sides hold"},
            limits=limits,
        )
        service = open_in_process(settings)
        # Counters live in fixed windows: a test begins with new ones.
        service.clock.move(86400 - service.clock.now() % 86400)
        opened.append(service)
        return Sender(service, sms_gateway)

    yield build
    for service in opened:
        service.idp.database.engine.dispose()


@pytest.fixture
def alarms() -> Iterator[list[Any]]:
    """Log lines as they are written."""
    with capture_logs() as lines:
        yield lines


def in_range(number: int, digits: str = "3933376") -> MobileNumber:
    """A number of one range."""
    return MobileNumber(f"+{digits}{number:05d}")


def scattered(number: int) -> MobileNumber:
    """A number of a range of its own."""
    return MobileNumber(f"+3934{number:03d}00001")


def told(alarms: list[Any], event: str) -> list[dict[str, Any]]:
    """The log lines of one event."""
    return [line for line in alarms if line["event"] == event]


def test_one_range_of_numbers_gets_a_hundred_sms_an_hour(house: House, alarms: list[Any]) -> None:
    sender = house(sms_conversion_percent=0)
    decisions = [sender.asks(in_range(n), f"198.51.{n // 250}.{n % 250}") for n in range(130)]
    assert decisions.count(Allowed()) == sender.arrived == 100
    assert {d.by for d in decisions if isinstance(d, Throttled)} == {"send-prefix"}
    assert sender.asks(scattered(1)) == Allowed(), "other ranges go on"
    assert sender.asks(EmailAddress("a@posta.example")) == Allowed()
    assert sender.trail("sms_prefix_tripped") == [{"range": "3933376", "reason": "velocity"}]
    assert len(told(alarms, "sms_range_paused")) == 1
    sender.service.clock.move(3600)
    assert sender.asks(in_range(500)) == Allowed()


def test_a_range_whose_codes_nobody_answers_is_paused_after_fifty(house: House, alarms: list[Any]) -> None:
    sender = house()
    # In the middle of a window, so that the pause must outlive the counters.
    sender.service.clock.move(1800)
    decisions = [sender.asks(in_range(n)) for n in range(60)]
    assert decisions.count(Allowed()) == sender.arrived == 50
    refused = [d for d in decisions if isinstance(d, Throttled)]
    assert refused == [Throttled(3600, SMS_CONVERSION)] * 10
    assert sender.asks(scattered(1)) == Allowed(), "other ranges go on"
    assert sender.asks(EmailAddress("a@posta.example")) == Allowed()
    assert sender.trail("sms_prefix_tripped") == [{"range": "3933376", "reason": "conversion"}]
    (line,) = told(alarms, "sms_range_paused")
    assert (line["log_level"], line["range"], line["reason"]) == ("error", "3933376", "conversion")
    assert not any(str(in_range(n).text) in json.dumps(alarms) for n in range(60))
    sender.service.clock.move(3599)
    assert sender.asks(in_range(70)) == Throttled(3600, SMS_CONVERSION)
    sender.service.clock.move(1)
    assert sender.asks(in_range(70)) == Allowed()


@pytest.mark.parametrize(("answered", "goes_on"), [(15, True), (14, False)])
def test_a_third_of_the_codes_answered_is_enough(house: House, answered: int, goes_on: bool) -> None:
    sender = house()
    for n in range(50):
        assert sender.asks(in_range(n)) == Allowed()
        if n < answered:
            spending.code_answered(sender.idp, in_range(n), now=sender.now)
    assert (sender.asks(in_range(51)) == Allowed()) is goes_on


def test_a_days_money_is_not_exceeded_and_email_goes_on(house: House, alarms: list[Any]) -> None:
    sender = house(sms_daily_cap=1, sms_part_price=PRICE)
    told_at: dict[int, int] = {}
    decisions = []
    for n in range(30):
        decisions.append(sender.asks(scattered(n)))
        for line in told(alarms, "sms_money"):
            told_at.setdefault(line["percent"], n + 1)
    assert decisions.count(Allowed()) == sender.arrived == 20
    assert spent_today(sender.idp, now=sender.now) == 20 * PRICE
    assert told_at == {50: 10, 80: 16, 100: 20}
    assert [line["percent"] for line in told(alarms, "sms_money")] == [50, 80, 100]
    assert sender.trail("sms_cap_reached") == [{"percent": 50}, {"percent": 80}, {"percent": 100}]
    (refused,) = {d for d in decisions if isinstance(d, Throttled)}
    assert refused.by == SMS_CAP
    assert sender.asks(EmailAddress("a@posta.example")) == Allowed()
    sender.service.clock.move(refused.retry_after)
    assert sender.asks(scattered(1)) == Allowed(), "tomorrow there is more"


def test_a_price_that_does_not_divide_the_cap_raises_the_last_alarm_too(
    house: House, alarms: list[Any]
) -> None:
    sender = house(sms_daily_cap=1, sms_part_price=300)
    decisions = [sender.asks(scattered(n)) for n in range(6)]
    assert decisions.count(Allowed()) == sender.arrived == 3
    assert [line["percent"] for line in told(alarms, "sms_money")] == [50, 80, 100]


def test_what_a_cap_refuses_uses_nothing_up(house: House) -> None:
    sender = house(sms_daily_cap=1, sms_part_price=1000)
    assert sender.asks(scattered(1)) == Allowed()
    for _ in range(5):
        assert sender.asks(scattered(2)) == Throttled(86400, SMS_CAP)
    sender.service.clock.move(86400)
    assert sender.asks(scattered(2)) == Allowed()


def test_made_up_numbers_cost_nothing_but_are_answered_as_if_they_did(house: House) -> None:
    sender = house(sms_daily_cap=1, sms_part_price=250)
    for n in range(50):
        assert sender.asks(scattered(n), addressed=False) == Allowed()
    assert spent_today(sender.idp, now=sender.now) == sender.arrived == 0
    for n in range(50, 54):
        assert sender.asks(scattered(n)) == Allowed()
    real, made_up = sender.asks(scattered(60)), sender.asks(scattered(61), addressed=False)
    assert real == made_up == Throttled(86400, SMS_CAP)
    assert spent_today(sender.idp, now=sender.now) == 1000


def test_a_made_up_number_costs_the_same_work(house: House) -> None:
    sender = house(sms_daily_cap=1, sms_part_price=300)
    for n in range(6):
        work = []
        for number, addressed in ((n, True), (n + 500, False)):
            now = sender.now
            with sender.service.counting() as counts:
                spending.may_send(sender.idp, scattered(number), "192.0.2.1", addressed=addressed, now=now)
            work.append(counts.statements)
        if n in (0, 4, 5):
            # In between, whoever spends the money that passes a threshold raises the alarm, once a day.
            assert work[0] == work[1], n


def test_notices_are_counted_when_they_left_and_never_refused(house: House, alarms: list[Any]) -> None:
    sender = house(sms_daily_cap=1, sms_part_price=300)
    for n in range(5):
        sender.notifies(scattered(n))
    assert sender.arrived == 5
    parts = spending.parts_of(sender.gateway.accepted[0].json["text"])
    assert spent_today(sender.idp, now=sender.now) == 5 * parts * 300
    assert [line["percent"] for line in told(alarms, "sms_money")] == [50, 80, 100]
    assert sender.asks(scattered(9)) == Throttled(86400, SMS_CAP)


def test_a_code_that_is_retried_is_paid_once(house: House) -> None:
    sender = house()
    sender.gateway.fail(times=1)
    assert sender.asks(scattered(1)) == Allowed()
    sender.service.clock.move(10)
    deliver_due(sender.idp, couriers_of(sender.idp.settings, sender.idp.clock), sender.now)
    assert sender.arrived == 1
    assert spent_today(sender.idp, now=sender.now) == PRICE


def test_without_a_cap_only_ranges_are_looked_at(house: House, alarms: list[Any]) -> None:
    sender = house(sms_daily_cap=0, sms_part_price=100_000)
    assert {sender.asks(scattered(n)) for n in range(30)} == {Allowed()}
    assert not told(alarms, "sms_money")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 134, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("", 1),
    ],
)
def test_parts_are_counted_as_networks_do(text: str, parts: int) -> None:
    assert spending.parts_of(text) == parts


def test_every_purpose_is_either_asked_for_or_a_notice() -> None:
    """A new purpose must be put on one side, or its SMS are paid by nobody's counter, or by two."""
    asked_for = {p for p in Purpose if p.endswith("_code") or p.startswith(("registration_", "recovery_"))}
    # Told of the codes that a customer prints.
    asked_for -= {p for p in Purpose if p.startswith("recovery_code") and p is not Purpose.RECOVERY_CODE}
    assert asked_for | spending.NOTICES == set(Purpose)
    assert not asked_for & spending.NOTICES
