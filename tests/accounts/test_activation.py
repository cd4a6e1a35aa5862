"""Activation codes: made, and read in every spelling (journeys, *Activation code*)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts import activation
from idp.accounts.activation import fresh, parse, shown
from idp.values import Malformed

OCTETS = st.binary(min_size=activation.OCTETS, max_size=activation.OCTETS)
SPOKEN = str.maketrans("01", "OL")


def test_a_code_carries_eighty_bits_in_four_groups() -> None:
    assert activation.OCTETS * 8 == activation.LETTERS * 5 == 80
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", fresh(bytes(range(200, 210))))


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (bytes(10), "0000-0000-0000-0000"),
        (b"\xff" * 10, "ZZZZ-ZZZZ-ZZZZ-ZZZZ"),
        (bytes(9) + b"\x01", "0000-0000-0000-0001"),
        (b"\x08" + bytes(9), "1000-0000-0000-0000"),
        # The 32 characters in their order, half of them at a time.
        (bytes.fromhex("00443214c74254b635cf"), "0123-4567-89AB-CDEF"),
        (bytes.fromhex("84653a56d7c675be77df"), "GHJK-MNPQ-RSTV-WXYZ"),
    ],
)
def test_every_bit_of_the_octets_is_in_the_code(octets: bytes, code: str) -> None:
    assert fresh(octets) == code


@pytest.mark.parametrize("count", [0, 5, 9, 11, 16])
def test_a_code_of_more_or_fewer_octets_is_not_made(count: int) -> None:
    with pytest.raises(ValueError, match="ten"):
        fresh(bytes(count))


@pytest.mark.parametrize(
    "typed",
    [
        "1K0M-ABCD-EFGH-JK10",
        "1k0m-abcd-efgh-jk10",
        " 1K0M ABCD EFGH JK10 ",
        "1K0MABCDEFGHJK10",
        "1K0M.ABCD.EFGH.JK10",
        "1K0M–ABCD–EFGH–JK10",
        "IKOM-ABCD-EFGH-JKLO",
        "lKoM-ABCD-EFGH-JKi0",
        "1 K 0 M A B C D E F G H J K 1 0",
        "1K0M-ABCD-EFGH-JK10\n",
    ],
)
def test_spaces_hyphens_case_and_look_alikes_are_folded(typed: str) -> None:
    assert parse(typed) == "1K0MABCDEFGHJK10"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "-",
        "1K0M-ABCD-EFGH-JK1",
        "1K0M-ABCD-EFGH-JK100",
        "1K0M-ABCD-EFGH-JKU0",
        "1K0M-ABCD-EFGH-JK1!",
        "1K0M/ABCD/EFGH/JK10",
        "1K0M-ABCD-EFGH-JK1É",
        "1K0M-ABCD-EFGH-JK1\u0661",
        "123456",
        "1K0M-ABCD-EFGH-JK10" * 4,
        " " * 49 + "1K0MABCDEFGHJK10",
    ],
)
def test_what_cannot_be_a_code_is_refused(typed: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse(typed)
    assert refused.value.reason == "activation_code_malformed"


@given(OCTETS)
def test_a_code_is_read_as_it_was_made(octets: bytes) -> None:
    code = fresh(octets)
    canonical = parse(code)
    assert shown(canonical) == code
    assert parse(canonical) == canonical
    assert parse(code.lower().replace("-", " ")) == canonical
    assert parse(code.translate(SPOKEN)) == canonical


@given(OCTETS, OCTETS)
def test_other_octets_make_another_code(one: bytes, other: bytes) -> None:
    assert (fresh(one) == fresh(other)) == (one == other)


@given(st.text(max_size=80))
def test_whatever_is_typed_is_a_code_or_refused(typed: str) -> None:
    try:
        canonical = parse(typed)
    except Malformed:
        return
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{16}", canonical)
