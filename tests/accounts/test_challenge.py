"""Judging the answers to a challenge (security bar 5.3)."""

from dataclasses import replace

import pytest

from idp.accounts.challenge import (
    Challenge,
    Ended,
    Expired,
    Purpose,
    Right,
    Wrong,
    code_of,
    judge,
    mac_of,
    resend_wait,
    why_over,
)
from idp.values import ContactKind

NOW = 1_800_000_000
KEY, OLD_KEY = b"k" * 32, b"o" * 32
SENT = Challenge(
    id="challenge-1",
    purpose=Purpose.REGISTRATION,
    subject="enrolment-1",
    channel=ContactKind.EMAIL,
    tries_left=4,
    sent_at=NOW,
    expires_at=NOW + 600,
    code_mac=mac_of("012345", "challenge-1", KEY),
)


@pytest.mark.parametrize(
    "typed", ["012345", " 012 345 ", "012-345", "０１２３４５", "012\u00a0345", "012.345"]
)
def test_a_code_is_read_as_people_copy_it(typed: str) -> None:
    assert code_of(typed, 6) == "012345"


@pytest.mark.parametrize(
    "typed", ["", "12345", "0123456", "abcdef", "12345a", "012345;", "²12345", "1234567890123"]
)
def test_what_is_no_code_costs_no_try(typed: str) -> None:
    assert code_of(typed, 6) is None


def test_the_right_code_is_right_and_another_is_not() -> None:
    assert judge(SENT, "012345", [KEY]) == Right()
    assert judge(SENT, "012346", [KEY]) == Wrong(tries_left=4)


def test_a_code_of_before_the_key_was_changed_still_counts() -> None:
    old = replace(SENT, code_mac=mac_of("012345", SENT.id, OLD_KEY))
    assert judge(old, "012345", [KEY, OLD_KEY]) == Right()
    assert judge(old, "012345", [KEY]) == Wrong(4)


def test_a_code_is_worth_nothing_in_another_challenge() -> None:
    assert judge(replace(SENT, id="challenge-2"), "012345", [KEY]) == Wrong(4)


def test_a_challenge_without_a_right_answer_has_none() -> None:
    empty = replace(SENT, code_mac=None)
    assert all(judge(empty, f"{code:06d}", [KEY]) == Wrong(4) for code in range(0, 1_000_000, 9973))


def test_the_code_does_not_stand_in_what_is_stored() -> None:
    assert SENT.code_mac is not None
    assert b"012345" not in SENT.code_mac
    assert "012345" not in repr(SENT)
    assert mac_of("012345", SENT.id, KEY) != mac_of("012345", SENT.id, OLD_KEY)


def test_a_challenge_is_live_until_it_ends_expires_or_has_no_try_left() -> None:
    assert SENT.live(NOW + 599)
    assert not SENT.live(NOW + 600)
    assert not replace(SENT, tries_left=0).live(NOW)
    assert not replace(SENT, ended_at=NOW).live(NOW)


def test_an_answer_that_came_too_late_is_told_from_one_that_was_replaced() -> None:
    assert why_over(SENT, NOW + 600) == Expired()
    assert why_over(replace(SENT, ended_at=NOW), NOW + 600) == Ended()
    assert why_over(replace(SENT, tries_left=0), NOW) == Ended()
    assert why_over(None, NOW) == Ended()


def test_another_code_can_be_asked_for_after_the_gap() -> None:
    assert resend_wait(NOW, 60, NOW) == 60
    assert resend_wait(NOW, 60, NOW + 59) == 1
    assert resend_wait(NOW, 60, NOW + 60) == 0
    assert resend_wait(NOW, 60, NOW + 3600) == 0
