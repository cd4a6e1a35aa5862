"""Operations by themselves: what a request may say, its one spelling, how people read it; types' files."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.adapters.operation_types import SHIPPED
from idp.oidc.authorization.request import AuthorizationRequest
from idp.oidc.errors import OAuthError
from idp.oidc.operations.kinds import Amount, Iban, NotThis, Text
from idp.oidc.operations.operation import Operation, judged, read
from idp.oidc.operations.types import BadType, OperationType
from idp.oidc.operations.types import read as read_type

LANGUAGES = ("it", "en", "de")
FILE = (SHIPPED / "payout.toml").read_text("utf-8")
PAYOUT = read_type(FILE, languages=LANGUAGES)
TYPES = {"payout": PAYOUT}
ALLOWED = frozenset(TYPES)
EUROS = Amount({"EUR": 2, "JPY": 0, "BHD": 3})
DETAILS = {
    "type": "payout",
    "policy_number": "RCA-100001",
    "amount": {"value": "1500.00", "currency": "EUR"},
    "iban": "IT60X0542811101000000123456",
    "beneficiary": "Maria Rossi",
}

amounts = st.builds(
    lambda whole, cents: {"value": f"{whole}.{cents:02}", "currency": "EUR"},
    st.integers(0, 999_999_999_999),
    st.integers(1, 99),
)
lines = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=("C", "Z")), min_size=1
)
payouts = st.builds(
    lambda amount, beneficiary, number: {
        **DETAILS,
        "amount": amount,
        "beneficiary": beneficiary,
        "policy_number": number,
    },
    amounts,
    lines.map(lambda text: text[:30]),
    lines.map(lambda text: text[:20]),
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def accepted(details: Any) -> Operation | None:
    try:
        return read(json.dumps(details), TYPES, ALLOWED)
    except OAuthError as fault:
        if fault.error != "invalid_authorization_details":
            raise
        return None


# --- the details ----------------------------------------------------------------------------------------


@given(payouts, st.randoms(use_true_random=False))
def test_the_order_of_names_and_the_space_between_them_change_nothing(
    details: dict[str, Any], chance: Any
) -> None:
    shuffled = list(details.items())
    chance.shuffle(shuffled)
    written = json.dumps(
        [dict(shuffled)], indent=chance.choice([None, 1, 4]), ensure_ascii=chance.random() < 0.5
    )
    one, other = read(written, TYPES, ALLOWED), accepted([details])
    assert other is not None
    assert one.canonical == other.canonical


@given(payouts, payouts)
def test_of_two_operations_that_differ_there_are_two_spellings(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    first, second = accepted([one]), accepted([other])
    assert first is not None
    assert second is not None
    assert (first.canonical == second.canonical) is (first.details == second.details)


@given(payouts)
def test_what_was_accepted_once_is_accepted_as_it_stands(details: dict[str, Any]) -> None:
    first = accepted([details])
    assert first is not None
    again = judged(first.details, TYPES, ALLOWED)
    assert again == first


@given(anything)
def test_whatever_else_it_is_there_is_one_refusal(sent: Any) -> None:
    assert accepted(sent) is None
    for name in DETAILS:
        found = accepted([{**DETAILS, name: sent}])
        assert found is None or isinstance(sent, str), name
        assert found is None or name in ("policy_number", "beneficiary")


@given(st.text())
def test_no_text_at_all_is_an_error_of_ours(written: str) -> None:
    with pytest.raises(OAuthError):
        read(written, TYPES, ALLOWED)


def test_a_type_that_the_client_did_not_register_is_refused() -> None:
    with pytest.raises(OAuthError):
        read(json.dumps([DETAILS]), TYPES, frozenset())


def test_a_request_keeps_its_operation_and_one_without_is_written_as_before() -> None:
    operation = accepted([DETAILS])
    request = AuthorizationRequest("portal", "https://portal.example/", ("openid",), operation=operation)
    assert AuthorizationRequest.from_json(json.loads(json.dumps(request.to_json()))) == request
    assert "operation" not in AuthorizationRequest("portal", "https://portal.example/", ()).to_json()


def test_nothing_of_it_is_in_what_is_logged() -> None:
    assert "IT60" not in repr(accepted([DETAILS]))


# --- kinds ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "spelt"),
    [
        ("IT60X0542811101000000123456", None),
        ("it60 x054 2811 1010 0000 0123 456", "IT60X0542811101000000123456"),
    ],
)
def test_an_iban_has_one_spelling(sent: str, spelt: str | None) -> None:
    assert Iban().canonical(sent) == (spelt or sent)


@given(st.integers(4, 26), st.sampled_from("0123456789ABCXYZ"))
def test_an_iban_with_one_character_changed_is_none(place: int, character: str) -> None:
    right = "IT60X0542811101000000123456"
    wrong = right[:place] + character + right[place + 1 :]
    if wrong != right:
        with pytest.raises(NotThis):
            Iban().canonical(wrong)


@pytest.mark.parametrize("sent", ["", "IT", "IT00", "it60\tX054", "IT60X0542811101000000123456" * 4, None, 7])
def test_what_is_no_iban_is_refused(sent: Any) -> None:
    with pytest.raises(NotThis):
        Iban().canonical(sent)


@pytest.mark.parametrize(
    ("value", "currency"),
    [
        *(("1,00", "EUR"), ("1.0", "EUR"), ("1", "EUR"), ("01.00", "EUR"), ("0.00", "EUR"), ("-1.00", "EUR")),
        *((" 1.00", "EUR"), ("1.00\n", "EUR"), ("+1.00", "EUR"), ("1e2.00", "EUR"), ("١.00", "EUR")),
        *(("1.00", "USD"), ("1.00", "eur"), ("1.00", "JPY"), ("1.", "JPY"), ("1.00", "BHD"), ("1.0٠", "EUR")),
        *(("1234567890123.00", "EUR"), ("NaN", "EUR"), ("", "EUR")),
    ],
)
def test_an_amount_has_exactly_its_currencys_decimals(value: str, currency: str) -> None:
    with pytest.raises(NotThis):
        EUROS.canonical({"value": value, "currency": currency})


@pytest.mark.parametrize(
    ("value", "currency", "language", "shown", "written"),
    [
        ("1500.00", "EUR", "it", "1.500,00 €", "1.500,00 €"),
        ("1500.00", "EUR", "en", "€1,500.00", "€1,500.00"),
        ("1500.00", "EUR", "de", "1.500,00 €", "1.500,00 €"),
        ("999999999999.99", "EUR", "it", "999.999.999.999,99 €", "999.999.999.999,99 €"),
        ("0.01", "EUR", "it", "0,01 €", "0,01 €"),
        ("1500", "JPY", "it", "1.500 JPY", "1.500 JPY"),
        ("1.500", "BHD", "it", "1,500 BHD", "1,500 BHD"),
    ],
)
def test_an_amount_is_read_as_its_language_writes_it(
    value: str, currency: str, language: str, shown: str, written: str
) -> None:
    amount = EUROS.canonical({"value": value, "currency": currency})
    assert EUROS.spoken(amount, language).replace("\N{NO-BREAK SPACE}", " ") == shown
    assert EUROS.written(amount, language) == written


def test_a_sign_that_no_text_message_has_is_written_as_a_code() -> None:
    rupees = Amount({"INR": 2, "GBP": 2})
    assert rupees.written({"value": "1500.00", "currency": "INR"}, "en") == "1,500.00 INR"
    assert rupees.written({"value": "1500.00", "currency": "GBP"}, "en") == "£1,500.00"


@given(amounts)
def test_no_digit_of_an_amount_is_lost_on_the_way_to_a_person(amount: dict[str, str]) -> None:
    for language, point in (("it", ","), ("en", "."), ("de", ",")):
        for text in (EUROS.spoken(amount, language), EUROS.written(amount, language)):
            figures = "".join(character for character in text if character.isdigit() or character == point)
            assert Decimal(figures.replace(point, ".")) == Decimal(amount["value"])


@pytest.mark.parametrize(
    "sent",
    [
        *(
            "",
            " a",
            "a ",
            "a\nb",
            "a\u202eb",
            "a\u200bb",
            "a\u2028b",
            "a\x00",
            "\ufeffa",
            "a\u00adb",
            "\ue000",
        ),
        *("x" * 11, 5, None, ["a"]),
    ],
)
def test_a_text_is_one_line_that_shows_all_it_has(sent: Any) -> None:
    with pytest.raises(NotThis):
        Text(10).canonical(sent)


def test_a_text_is_kept_composed() -> None:
    assert Text(10).canonical("Nicolo\u0300") == "Nicolò"


# --- types ----------------------------------------------------------------------------------------------


def test_the_payout_is_shown_whole() -> None:
    assert [
        (row.name, row.text.replace("\N{NO-BREAK SPACE}", " ")) for row in PAYOUT.rows(DETAILS, "it")
    ] == [
        ("amount", "1.500,00 €"),
        ("iban", "IT60 X054 2811 1010 0000 0123 456"),
        ("beneficiary", "Maria Rossi"),
        ("policy_number", "RCA-100001"),
    ]
    where = "IT60X0542811101000000123456"
    assert PAYOUT.sentence(DETAILS, "it") == f"Liquidazione di 1.500,00 € a {where}, intestatario Maria Rossi"
    assert PAYOUT.sentence(DETAILS, "en") == f"Payout of €1,500.00 to {where}, account holder Maria Rossi"
    assert PAYOUT.sentence(DETAILS, "de") == f"Auszahlung von 1.500,00 € an {where}, Kontoinhaber Maria Rossi"


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.toml")), ids=lambda file: file.stem)
def test_every_type_we_ship_has_its_name_and_every_language(file: Path) -> None:
    kind = read_type(file.read_text("utf-8"), languages=LANGUAGES)
    assert isinstance(kind, OperationType)
    assert kind.name == file.stem


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ('type = "payout"', "", "type is missing"),
        ('type = "payout"', 'type = "Pay out"', "type:"),
        ('scope = "payout"', 'scope = "two scopes"', "scope:"),
        ('it = "Liquidazione"', "", "title.it"),
        ("{amount} to {iban}", "{amount} to {account}", "message.en"),
        ("{amount} to {iban}", "{amount} to {iban!r}", "message.en"),
        ("{amount} to {iban}", "{amount} to {iban", "message.en"),
        ("{amount} to {iban}", "{amount.__class__}", "message.en"),
        ('kind = "iban"', 'kind = "account"', "fields.iban.kind"),
        ("longest = 70", "longest = 0", "fields.beneficiary.longest"),
        ("longest = 70", "longest = true", "fields.beneficiary.longest"),
        ("longest = 70", "", "longest is missing"),
        ("longest = 70", "longest = 70\nmore = 1", "more is unknown"),
        ("{ EUR = 2 }", "{}", "currencies"),
        ("{ EUR = 2 }", '{ EUR = "2" }', "currencies"),
        ("[fields.iban]", "[fields.type]", "fields.type"),
        ("[title]", "[title", "not TOML"),
    ],
)
def test_a_file_that_says_what_cannot_be_is_refused_with_the_place(was: str, now: str, said: str) -> None:
    assert was in FILE
    with pytest.raises(BadType) as refused:
        read_type(FILE.replace(was, now), languages=LANGUAGES)
    assert said in str(refused.value)
