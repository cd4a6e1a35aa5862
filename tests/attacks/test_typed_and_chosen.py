"""Who knows a tax code and a contact asks, by way of limits, whether the one stands on file with the other.

A contact is typed until it is refused, then the one behind a mask is chosen, or the other way round: what is
answered then must be the same for the right guess as for a wrong one (security bar 5.1).
"""

from collections.abc import Callable
from functools import partial

import pytest

from idp.accounts.lockout import Allowed
from idp.flows import spending
from idp.values import MobileNumber, parse_contact
from tests.journeys.identify_walks import CODES, choose, identified, to_verify
from tests.service.in_process import PASSWORD, InProcess
from tests.service.visitor import Visitor

TAX_CODE, EMAIL, MASK = CODES["C100001"], "maria.rossi@posta.example", "m•••••@•••••"
MOBILE, MOBILE_MASK = "+393331234501", "+39 ••• ••• ••01"
GUESSES = (EMAIL, "maria.bianchi@altra.example")


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with nobody registered."""
    return clean_service


def anew(service: InProcess) -> None:
    """Let every window end; Maria's contacts are no newer for it."""
    service.clock.move(86400 - service.clock.now() % 86400)


def typed(service: InProcess, contact: str, number: int) -> Visitor:
    """Somebody's registration with this contact, in front of the code, or refused."""
    visitor = service.visitor(f"203.0.113.{number}")
    visitor.get("/register/data")
    visitor.press(given_name="Eusebia", family_name="Loi", username=contact, accept_terms="yes")
    visitor.press(new_password=PASSWORD)
    return visitor


def chosen(service: InProcess, mask: str = MASK) -> Visitor:
    """The contact behind a mask of Maria's tax code, likewise."""
    visitor = identified(service, TAX_CODE)
    choose(visitor, mask)
    visitor.press(new_password=PASSWORD)
    return visitor


def minutely(service: InProcess, *asking: Callable[[], Visitor]) -> list[Visitor]:
    """One after the other, each when the wait for the one before is over."""
    asked = []
    for ask in asking:
        asked.append(ask())
        service.clock.move(60)
    return asked


def wrong(service: InProcess) -> str:
    used = {message["code"] for message in service.post()[:40]}
    return next(code for code in ("111111", "222222", "333333") if code not in used)


def answer(visitor: Visitor) -> tuple[int, str | None, tuple[str, ...]]:
    return visitor.last.status_code, visitor.page, tuple(visitor.faults)


def test_messages_to_a_typed_contact_refuse_none_to_a_chosen_one(service: InProcess) -> None:
    seen = []
    for guess in GUESSES:
        anew(service)
        asked = minutely(service, *(partial(typed, service, guess, number) for number in range(4)))
        statuses = [visitor.last.status_code for visitor in asked]
        assert statuses[-1] == 429
        seen.append(answer(chosen(service)))
    assert seen == [(200, "register-verify", ())] * 2


def test_messages_to_a_chosen_contact_refuse_none_to_a_typed_one(service: InProcess) -> None:
    seen = []
    for guess in GUESSES:
        anew(service)
        asked = minutely(service, *[partial(chosen, service)] * 4)
        statuses = [visitor.last.status_code for visitor in asked]
        assert statuses[-1] == 429
        seen.append(answer(typed(service, guess, 1)))
    assert seen == [(200, "register-verify", ())] * 2


def test_wrong_codes_for_a_typed_contact_refuse_none_for_a_chosen_one(service: InProcess) -> None:
    seen = []
    for guess in GUESSES:
        anew(service)
        statuses = []
        for visitor in minutely(service, *(partial(typed, service, guess, number) for number in range(3))):
            statuses += [visitor.press(code=wrong(service)).status_code for _ in range(5)]
        assert statuses[-1] == 429
        visitor = to_verify(service, TAX_CODE, MASK)
        visitor.press(code=wrong(service))
        seen.append(answer(visitor))
    assert seen == [(200, "register-verify", ("code",))] * 2


def test_the_breaker_of_codes_does_not_tell_a_right_guess(service: InProcess) -> None:
    limit = service.idp.settings.limits.otp_breaker_accounts_per_source.count
    seen = []
    for guess in GUESSES:
        anew(service)
        contacts = [guess, *(f"a{number}@altra.example" for number in range(limit - 1))]
        for contact in contacts:
            typed(service, contact, 7).press(code=wrong(service))
        visitor = identified(service, TAX_CODE, "203.0.113.7")
        choose(visitor, MASK)
        visitor.press(new_password=PASSWORD)
        visitor.press(code=wrong(service))
        seen.append(typed(service, "last@altra.example", 7).last.status_code)
    assert seen == [429, 429]


def test_a_range_that_is_paused_refuses_no_chosen_number(service: InProcess) -> None:
    limits, now = service.idp.settings.limits, service.clock.now()
    seen = []
    for prefix in ("+393331234", "+393479876"):
        anew(service)
        now = service.clock.now()
        numbers = [
            MobileNumber(f"{prefix}{number:03}") for number in range(500, 500 + limits.sends_per_prefix.count)
        ]
        for number in numbers:
            spending.may_send(service.idp, number, "192.0.2.1", addressed=False, signed_in=True, now=now)
        assert not isinstance(
            spending.may_send(service.idp, numbers[-1], "192.0.2.1", signed_in=True, now=now), Allowed
        )
        seen.append(answer(chosen(service, MOBILE_MASK)))
    assert seen == [(200, "register-verify", ())] * 2


def test_what_is_withheld_reaches_nobody_and_has_no_right_answer(service: InProcess) -> None:
    anew(service)
    minutely(service, *(partial(typed, service, EMAIL, number) for number in range(3)))
    before = len(service.post())
    visitor = chosen(service)
    assert visitor.page == "register-verify"
    assert len(service.post()) == before
    with service.idp.reading() as tx:
        newest = tx.exec_driver_sql(
            "SELECT code_mac FROM challenges ORDER BY rowid DESC LIMIT 1"
        ).scalar_one()
    assert newest is None


def test_one_contact_gets_no_more_by_two_ways_than_by_one(service: InProcess) -> None:
    idp, to = service.idp, parse_contact(EMAIL)
    anew(service)
    now = service.clock.now()
    ways = ["", TAX_CODE[:15], "12345260587"] * 3
    decisions = [spending.may_send(idp, to, "192.0.2.1", chosen_for=way, now=now) for way in ways]
    assert decisions.count(Allowed()) == idp.settings.limits.sends_per_contact.count
    assert decisions.count(Allowed(withheld=True)) == len(ways) - decisions.count(Allowed())
