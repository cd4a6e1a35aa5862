"""Brakes on guessing and on sending (journey D, security bar 5.3)."""

import pytest

from idp.accounts.lockout import (
    Allowed,
    Brake,
    Throttled,
    counted_as,
    decide,
    most_failing_accounts,
    sign_in_brakes,
)
from idp.settings.limits import Limits
from idp.settings.section import Rate
from idp.values import EmailAddress, MobileNumber, parse_contact

NOW = 1_800_000_000
LIMITS = Limits()


def test_a_stranger_stands_under_the_brakes_of_account_source_and_pair() -> None:
    brakes = sign_in_brakes("acc", "src", None, LIMITS)
    assert [brake.name for brake in brakes] == ["login-pair:acc:src", "login-account:acc", "login-source:src"]
    assert [brake.rate for brake in brakes] == [
        LIMITS.login_failures_per_account_and_source,
        LIMITS.login_failures_per_account,
        LIMITS.login_failures_per_source,
    ]


def test_the_owners_browser_shares_no_counter_with_strangers() -> None:
    strangers = {brake.key(NOW) for brake in sign_in_brakes("acc", "src", None, LIMITS)}
    own = sign_in_brakes("acc", "src", "browser", LIMITS)
    assert own
    assert not {brake.key(NOW) for brake in own} & strangers


def test_two_accounts_in_one_browser_have_a_counter_each() -> None:
    one, other = (sign_in_brakes(account, "src", "browser", LIMITS)[0] for account in ("a", "b"))
    assert one.key(NOW) != other.key(NOW)


def test_so_many_failures_are_let_through_and_no_more() -> None:
    brakes = (Brake("a", Rate(3, 900)), Brake("b", Rate(10, 900)))
    assert decide(brakes, (2, 9), NOW) == Allowed()
    assert isinstance(decide(brakes, (3, 0), NOW), Throttled)
    assert isinstance(decide(brakes, (0, 10), NOW), Throttled)


def test_the_wait_ends_with_the_window_and_the_longest_counts() -> None:
    brakes = (Brake("short", Rate(3, 60)), Brake("long", Rate(3, 3600)))
    throttled = decide(brakes, (3, 3), NOW + 10)
    assert throttled == Throttled(3600 - (NOW + 10) % 3600, "long")
    after = NOW + 10 + throttled.retry_after
    assert brakes[1].key(after) != brakes[1].key(NOW + 10)


def test_a_key_fits_the_table_of_counters() -> None:
    name = "x" * 22
    brakes = (*sign_in_brakes(name, name, None, LIMITS), *sign_in_brakes(name, name, name, LIMITS))
    assert all(len(brake.key(NOW)) <= 200 for brake in brakes)


@pytest.mark.parametrize(
    "typed",
    [
        "maria.rossi@posta.example",
        "mariarossi@posta.example",
        "m.ariarossi+spam@posta.example",
        "MARIA.ROSSI+a+b@Posta.Example",
        "maria.rossi+a.b@posta.example",
    ],
)
def test_spellings_of_one_mailbox_are_counted_as_one(typed: str) -> None:
    assert counted_as(parse_contact(typed)) == "mariarossi@posta.example"


def test_two_mailboxes_are_counted_apart() -> None:
    other = ("maria.rossi@posta.it", "mario.rossi@posta.example", "maria-rossi@posta.example")
    assert len({counted_as(EmailAddress(text)) for text in other}) == 3
    assert counted_as(EmailAddress("mariarossi@po.sta.example")) == "mariarossi@po.sta.example"


def test_a_mailbox_of_nothing_but_a_tag_keeps_its_name() -> None:
    assert counted_as(EmailAddress("+a@posta.example")) == "+a@posta.example"
    assert counted_as(EmailAddress("+b@posta.example")) == "+b@posta.example"


def test_a_number_is_counted_as_it_is() -> None:
    assert counted_as(MobileNumber("+393331234501")) == "+393331234501"


@pytest.mark.parametrize(
    ("accounts", "most"), [(0, 200), (1000, 200), (20_000, 200), (20_100, 201), (1_000_000, 10_000)]
)
def test_one_account_in_a_hundred_may_fail_and_two_hundred_in_a_small_house(accounts: int, most: int) -> None:
    assert most_failing_accounts(LIMITS, accounts) == most


def test_the_share_can_be_left_out() -> None:
    limits = Limits(otp_breaker_accounts_percent=0, otp_breaker_accounts=Rate(50, 600))
    assert most_failing_accounts(limits, 1_000_000) == 50
