"""Journey G7 where a number that waits is replaced by another one: the notices of the first stay good, and an
old number that was reported lost is so for no longer than something waits for its place.
"""

from dataclasses import replace

import pytest

from idp.flows import people
from idp.flows.mobile import making_good
from idp.settings import Settings
from tests.journeys import recovery_walks
from tests.journeys.account_walks import (
    BROWSER,
    DAY,
    EMAIL,
    HOLD,
    MOBILE,
    OTHER,
    SESSION,
    link_of,
    pending,
    prove,
    rows,
    sent,
    signed_in,
    state,
    typed,
)
from tests.service.in_process import InProcess
from tests.service.visitor import Visitor

ANOTHER = "+393339876544"
HOUR = 3600


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with Maria registered by email an hour ago."""
    return with_mobile(clean_service)


@pytest.fixture
def both(service_on_both: InProcess) -> InProcess:
    """The same, once on each database."""
    return with_mobile(service_on_both)


def with_mobile(service: InProcess) -> InProcess:
    """Her number on file is the one that confirms."""
    service.register(service.visitor("192.0.2.1"))
    service.clock.move(HOUR)
    visitor = signed_in(service)
    typed(service, visitor, MOBILE)
    visitor.press(code=service.code_for(MOBILE))
    service.clock.move(HOUR)
    return service


def proven_mobiles(service: InProcess) -> int:
    """How many mobiles confirm for her."""
    return rows(service, "SELECT count(*) FROM proven_contacts WHERE kind = 'mobile' AND lost_at IS NULL")


def lost_and_replaced(service: InProcess) -> tuple[str, Visitor]:
    """A number that waits, with the old one reported lost, and another one typed two minutes later: the link
    of the first, and who stands in front of the second one's code."""
    thief = signed_in(service)
    pending(service, thief, OTHER, old_lost="yes")
    assert proven_mobiles(service) == 0
    link = link_of(service)
    service.clock.move(120)
    typed(service, thief, ANOTHER)
    return link, thief


def pressed(service: InProcess, link: str) -> Visitor:
    """Whoever pressed the button behind this link."""
    owner = service.visitor("192.0.2.44")
    owner.get(link)
    assert owner.page == "mobile-cancel", (owner.page, owner.last.status_code)
    owner.press(confirm="yes")
    assert owner.page == "mobile-cancelled", owner.page
    return owner


def test_g7_the_newer_numbers_link_finds_the_number_that_the_first_one_lost(both: InProcess) -> None:
    first, thief = lost_and_replaced(both)
    prove(both, "ladro@posta.example")
    thief.press(code=both.code_for(ANOTHER))
    assert (thief.page, state(both)) == ("account", "pending")
    newer = link_of(both)
    assert newer != first
    owner = pressed(both, newer)
    assert (state(both), proven_mobiles(both)) == ("cancelled", 1)
    # What was added since the first was proven goes with it, and its link has nothing left to do.
    assert rows(both, "SELECT count(*) FROM proven_contacts") == 2
    owner.get(first)
    assert owner.last.status_code == 410


def test_g7_one_press_in_the_account_finds_it_too(both: InProcess) -> None:
    _, thief = lost_and_replaced(both)
    thief.press(code=both.code_for(ANOTHER))
    owner = signed_in(both)
    owner.press(cancel="yes")
    assert (state(both), proven_mobiles(both)) == ("cancelled", 1)


def test_g7_a_link_is_good_for_its_hours_where_the_number_after_it_was_never_answered(
    both: InProcess,
) -> None:
    link, _ = lost_and_replaced(both)
    prove(both, "ladro@posta.example")
    both.clock.move(DAY + 60)
    assert making_good.mature(both.idp, both.clock.now()) == 0
    # Nothing waits any more, so that the old number is what it was.
    assert (state(both), proven_mobiles(both)) == ("expired", 1)
    owner = pressed(both, link)
    assert rows(both, "SELECT count(*) FROM proven_contacts") == 2
    owner.get(link)
    assert owner.last.status_code == 410
    assert {EMAIL, MOBILE} <= set(sent(both, "mobile_cancelled"))


def test_g7_of_a_number_that_nothing_waits_behind_the_link_ends_with_its_hours_too(
    service: InProcess,
) -> None:
    link, _ = lost_and_replaced(service)
    service.clock.move(HOLD)
    making_good.mature(service.idp, service.clock.now())
    owner = service.visitor()
    owner.get(link)
    assert owner.last.status_code == 410


def test_g7_where_the_newer_number_was_made_good_the_first_ones_link_is_over(service: InProcess) -> None:
    link, thief = lost_and_replaced(service)
    thief.press(code=service.code_for(ANOTHER))
    assert isinstance(people.confirm_mobile(service.idp, EMAIL, now=service.clock.now()), people.Done)
    owner = service.visitor()
    owner.get(link)
    assert (owner.last.status_code, proven_mobiles(service)) == (410, 1)
    # Nor does a third one bring it back.
    service.clock.move(61)
    typed(service, signed_in(service), OTHER)
    owner.get(link)
    assert owner.last.status_code == 410


def test_g7_a_number_that_cannot_be_used_takes_neither_the_old_one_nor_the_links(both: InProcess) -> None:
    link, thief = lost_and_replaced(both)
    busy = InProcess(replace(both.idp, settings=nobody_more(both)), both.clock)
    twin = busy.visitor()
    for name in (BROWSER, SESSION):
        twin.set_cookie(name, thief.cookie(name) or "")
    twin.get("/account/mobile/verify")
    twin.press(code=both.code_for(ANOTHER))
    assert (twin.page, state(both), proven_mobiles(both)) == ("mobile", "cancelled", 1)
    pressed(both, link)


def nobody_more(service: InProcess) -> Settings:
    """The settings of an insurer who lets no customer share a number."""
    limits = service.idp.settings.limits.model_copy(update={"customers_per_mobile": 0})
    return service.idp.settings.model_copy(update={"limits": limits})


@pytest.mark.parametrize("answered", [False, True])
def test_g7_a_recovery_that_drops_the_newer_number_finds_the_old_one(both: InProcess, answered: bool) -> None:
    link, thief = lost_and_replaced(both)
    if answered:
        thief.press(code=both.code_for(ANOTHER))
    both.clock.move(61)
    owner = recovery_walks.proven(both)
    assert owner.page == "recover-factors", owner.page
    # The old number is kept, the one that waits is not.
    owner.press(**{recovery_walks.boxes(owner)[0][0]: "yes"})
    owner.press(new_password=recovery_walks.NEW)
    assert owner.page == "recover-done", (owner.page, owner.faults)
    assert rows(both, "SELECT count(*) FROM mobile_changes WHERE state IN ('proving', 'pending')") == 0
    assert proven_mobiles(both) == 1
    owner.get(link)
    assert owner.last.status_code == 410


def test_g7_a_number_at_a_locked_account_loses_none_either(service: InProcess) -> None:
    _, thief = lost_and_replaced(service)
    thief.press(code=service.code_for(ANOTHER))
    people.lock(service.idp, EMAIL, now=service.clock.now())
    service.clock.move(HOLD)
    making_good.mature(service.idp, service.clock.now())
    assert (state(service), proven_mobiles(service)) == ("cancelled", 1)
