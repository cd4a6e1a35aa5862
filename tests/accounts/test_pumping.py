"""Numbers a customer may type, and the range a number belongs to (journey G, security bar 5.3)."""

import pytest

from idp.accounts.pumping import may_be_typed, prefix_of
from idp.settings.people import Registration
from idp.values import MobileNumber

ITALY = ("IT",)
EVERYWHERE = ("IT", "GB", "GG", "US", "CH", "AT", "LT", "BR", "DE")


@pytest.mark.parametrize("text", ["+393331234501", "+393471234502", "+393773456789"])
def test_an_italian_mobile_may_be_typed(text: str) -> None:
    assert may_be_typed(MobileNumber(text), Registration().mobile_countries) is None


@pytest.mark.parametrize(
    "text",
    ["+41791234567", "+4369912345678", "+447400123456", "+37060112345", "+16505551234", "+5511961234567"],
)
def test_a_mobile_of_another_country_may_be_typed_where_it_is_listed(text: str) -> None:
    assert may_be_typed(MobileNumber(text), ITALY) == "mobile_country"
    assert may_be_typed(MobileNumber(text), EVERYWHERE) is None


def test_the_islands_that_share_a_prefix_are_countries_of_their_own() -> None:
    guernsey = MobileNumber("+447911123456")
    assert may_be_typed(guernsey, ("GB",)) == "mobile_country"
    assert may_be_typed(guernsey, ("GG",)) is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("+39899123456", "premium rate"),
        ("+39892123", "premium rate, short"),
        ("+39166123456", "premium rate"),
        ("+391991234567", "shared cost"),
        ("+391781234567", "personal number"),
        ("+395012345678", "VoIP"),
        ("+390691234567", "fixed line"),
        ("+39800123456", "free phone"),
        ("+3948412", "short code"),
        ("+39114", "emergency"),
        ("+447640123456", "pager"),
        ("+445612345678", "VoIP"),
        ("+447012345678", "personal number"),
        ("+449012345678", "premium rate"),
        ("+49180512345", "shared cost"),
        ("+4915123", "too short"),
        ("+8816123456789", "satellite"),
        ("+8835100012345", "international network"),
        ("+97912345678", "international premium rate"),
        ("+393000000000", "no such range"),
        ("+999123456789", "no such country"),
        ("garbage", "no number"),
        ("", "nothing"),
    ],
)
def test_what_no_mobile_phone_answers_may_never_be_typed(text: str, what: str) -> None:
    assert may_be_typed(MobileNumber(text), ITALY) == "not_mobile", what
    assert may_be_typed(MobileNumber(text), (*EVERYWHERE, "001")) == "not_mobile", what


def test_numbers_that_share_their_first_digits_are_one_range() -> None:
    one, other, third = (MobileNumber(f"+3933312{rest}") for rest in ("34501", "99999", "0"))
    assert prefix_of(one, 7) == prefix_of(other, 7) == prefix_of(third, 7) == "3933312"
    assert prefix_of(one, 8) != prefix_of(other, 8)
    assert prefix_of(MobileNumber("+4179"), 12) == "4179"
