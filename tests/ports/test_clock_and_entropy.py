"""The system's clock and randomness keep what their ports promise."""

import time
from collections import Counter

import pytest

from idp.adapters.clock import SystemClock
from idp.adapters.entropy import SystemEntropy
from idp.ports import Clock, Entropy


def test_now_is_whole_seconds_since_1970() -> None:
    clock: Clock = SystemClock()
    before = int(time.time())
    assert isinstance(clock.now(), int)
    assert before <= clock.now() <= int(time.time())


def test_monotonic_never_steps_back() -> None:
    clock: Clock = SystemClock()
    seen = [clock.monotonic() for _ in range(1000)]
    assert seen == sorted(seen)


def test_handles_and_identifiers_have_their_length_and_never_repeat() -> None:
    entropy: Entropy = SystemEntropy()
    handles = {entropy.handle().secret for _ in range(500)}
    identifiers = {entropy.identifier() for _ in range(500)}
    assert {len(each) for each in handles} == {43}
    assert {len(each) for each in identifiers} == {22}
    assert len(handles) == len(identifiers) == 500


def test_digits_keep_their_leading_zeros_and_are_even() -> None:
    entropy: Entropy = SystemEntropy()
    drawn = [entropy.digits(6) for _ in range(5000)]
    assert all(len(code) == 6 and code.isascii() and code.isdigit() for code in drawn)
    first = Counter(code[0] for code in drawn)
    # 500 of each are expected; 150 away is seven standard deviations
    assert set(first) == set("0123456789")
    assert all(abs(count - 500) < 150 for count in first.values())


@pytest.mark.parametrize("count", [0, -1])
def test_a_code_of_no_digits_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        SystemEntropy().digits(count)


def test_octets_are_as_many_as_asked_for() -> None:
    entropy: Entropy = SystemEntropy()
    assert len(entropy.octets(32)) == 32
    assert entropy.octets(32) != entropy.octets(32)
