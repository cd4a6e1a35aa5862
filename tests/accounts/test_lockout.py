"""Brakes on guessing (journey D, security bar 5.3)."""

from idp.accounts.lockout import Allowed, Brake, Throttled, decide, sign_in_brakes
from idp.settings.limits import Limits
from idp.settings.section import Rate

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
