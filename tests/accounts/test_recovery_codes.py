"""Recovery codes: how they are made, written and read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts import recovery_codes as rules

OCTETS = rules.COUNT * rules.OCTETS


@given(st.binary(min_size=OCTETS, max_size=OCTETS))
def test_what_is_shown_is_read_again_in_any_spelling(octets: bytes) -> None:
    for code in rules.fresh(octets):
        shown = rules.shown(code)
        assert (len(shown), shown[5]) == (11, "-")
        for typed in (shown, shown.lower(), f" {shown.replace('-', ' ')} ", shown.replace("0", "o")):
            assert rules.code_of(typed) == code


def test_a_set_has_ten_of_fifty_bits() -> None:
    ones = rules.fresh(b"\xff" * OCTETS)
    assert ones == ("ZZZZZZZZZZ",)
    counted = rules.fresh(b"".join(bytes(6) + bytes([number]) for number in range(10)))
    assert len(counted) == 10
    assert counted[9] == "0000000009"


@pytest.mark.parametrize("typed", ["", "ABCDE-FGHJ", "ABCDE-FGHJKK", "ABCDE-FGH!K", "U" * 10, "A" * 1000])
def test_what_is_no_code_is_none(typed: str) -> None:
    assert rules.code_of(typed) is None


def test_too_little_randomness_is_refused() -> None:
    with pytest.raises(ValueError, match="seven"):
        rules.fresh(bytes(OCTETS - 1))
