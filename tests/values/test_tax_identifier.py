"""What is typed at "codice fiscale o partita IVA" (journey C2)."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.values import Identifier, Malformed, TaxCode, VatNumber, parse_identifier


@pytest.mark.parametrize(
    "typed",
    [
        "RSSMRA80D52H501K",
        "rssmra80d52h501k",
        " RSS MRA 80D52 H501K ",
        "RSS-MRA-80D52-H501-K",
        "RSS.MRA.80D52.H501K",
        "RSSMRA80D52H501K\t",
        "IT RSSMRA80D52H501K",
        "\uff32SSMRA80D52H501K",
    ],
)
def test_c2_a_tax_code_is_read_in_every_spelling(typed: str) -> None:
    assert parse_identifier(typed) == Identifier(tax_code=TaxCode("RSSMRA80D52H501K"))


@pytest.mark.parametrize(
    "typed",
    ["12345010586", "IT12345010586", "it 12345010586", "IT-123.4501.0586", "1234 5010 586", "123–4501–0586"],
)
def test_c2_eleven_digits_are_a_vat_number_and_may_be_a_tax_code(typed: str) -> None:
    assert parse_identifier(typed) == Identifier(TaxCode("12345010586"), VatNumber("12345010586"))


def test_c2_a_tax_code_that_begins_with_it_keeps_it() -> None:
    assert parse_identifier("ITLMRA80D52H501O").text == "ITLMRA80D52H501O"


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "identifier_length"),
        ("ciao", "identifier_length"),
        ("RSSMRA80D52H501", "identifier_length"),
        ("RSSMRA80D52H501KK", "identifier_length"),
        ("1234501058", "identifier_length"),
        ("123450105866", "identifier_length"),
        ("IT1234501058", "identifier_length"),
        ("RSSMRA80D52H501K" * 100, "identifier_length"),
        ("RSSMRA80D52H501A", "identifier_check"),
        ("RSSMRI80D52H501K", "identifier_check"),
        ("MRNMRC82B02H50MT", "identifier_check"),
        ("12345010587", "identifier_check"),
        ("12354010586", "identifier_check"),
        # The office of issue (places 8 to 10) does not exist.
        ("12345011782", "identifier_check"),
        # A letter where a digit belongs, a digit where a letter belongs, no such month.
        ("RSSMRA8OD52H501K", "invalid_identifier"),
        ("R5SMRA80D52H501K", "invalid_identifier"),
        ("RSSMRA80Z52H501K", "invalid_identifier"),
        ("1234501058O", "invalid_identifier"),
        ("RSSMRA80D52H50!K", "invalid_identifier"),
        ("ÀSSMRA80D52H501K", "invalid_identifier"),
        # The check character is right, but 31 February is no day.
        ("RSSMRA80B31H501W", "invalid_identifier"),
    ],
)
def test_c2_a_malformed_one_is_refused_with_the_reason(typed: str, reason: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse_identifier(typed)
    assert refused.value.reason == reason


def test_c2_the_reason_does_not_repeat_what_was_typed() -> None:
    with pytest.raises(Malformed) as refused:
        parse_identifier("RSSMRA80D52H501A")
    assert "RSSMRA" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_c2_omocodia_variants_are_one_identifier_to_counters_and_decoys() -> None:
    with_letter = parse_identifier("MRNMRC82B02H50ML")
    without = parse_identifier("MRNMRC82B02H501T")
    assert with_letter != without
    assert with_letter.canonical == without.canonical == "MRNMRC82B02H501"


def test_a_vat_number_alone_is_its_own_canonical_text() -> None:
    assert Identifier(vat_number=VatNumber("12345010586")).canonical == "12345010586"


def test_an_identifier_is_something() -> None:
    with pytest.raises(ValueError, match="tax code"):
        Identifier()


def test_an_identifier_is_not_shown_by_accident() -> None:
    assert "RSSMRA" not in repr(parse_identifier("RSSMRA80D52H501K"))
    assert "12345" not in repr(parse_identifier("12345010586"))


@pytest.mark.parametrize("typed", ["RSSMRA80D52H501K", "MRNMRC82B02H50ML", "01234560587", "IT12345010586"])
def test_the_text_of_an_identifier_is_read_as_the_same(typed: str) -> None:
    identifier = parse_identifier(typed)
    assert parse_identifier(identifier.text) == identifier


REASONS = {"identifier_length", "identifier_check", "invalid_identifier"}


def read(typed: str) -> Identifier | str:
    """The identifier, or why it is refused."""
    try:
        return parse_identifier(typed)
    except Malformed as refused:
        return refused.reason


@given(st.text(alphabet=string.ascii_letters + string.digits + " .-IT", max_size=30) | st.text(max_size=30))
def test_whatever_is_typed_is_read_or_refused_with_a_known_reason(typed: str) -> None:
    identifier = read(typed)
    if isinstance(identifier, Identifier):
        assert parse_identifier(identifier.text) == identifier
    else:
        assert identifier in REASONS


@given(st.from_regex(r"[0-9]{7}058[0-9]", fullmatch=True))
def test_one_identifier_is_read_where_a_vat_number_is_and_refused_where_it_is_not(digits: str) -> None:
    try:
        number = VatNumber.parse(digits)
    except Malformed:
        assert read(digits) == "identifier_check"
    else:
        assert parse_identifier(digits).vat_number == number
