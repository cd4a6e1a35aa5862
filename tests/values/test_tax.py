"""Tax codes and VAT numbers."""

import pytest

from idp.values import Malformed, TaxCode, VatNumber


@pytest.mark.parametrize(
    "typed", ["RSSMRA80D52H501K", "rssmra80d52h501k", " RSSMRA 80D52 H501K ", "RSSMRA-80D52-H501K"]
)
def test_a_tax_code_is_read_in_any_case_and_grouping(typed: str) -> None:
    assert TaxCode.parse(typed).text == "RSSMRA80D52H501K"


def test_a_provisional_tax_code_has_eleven_digits() -> None:
    code = TaxCode.parse("01234560587")
    assert code.text == code.plain == "01234560587"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "RSSMRA80D52H501A",
        "RSSMRA80D52H501",
        "RSSMRA80D52H501KK",
        "01234560588",
        "RSSMRA80Z52H501K",
        "ciao",
    ],
)
def test_a_tax_code_with_a_wrong_form_or_check_character_is_refused(typed: str) -> None:
    with pytest.raises(Malformed) as refused:
        TaxCode.parse(typed)
    assert refused.value.reason == "invalid_tax_code"


def test_omocodia_variants_are_one_code() -> None:
    with_letter = TaxCode.parse("MRNMRC82B02H50ML")
    without = TaxCode.parse("MRNMRC82B02H501T")
    assert with_letter.text != without.text
    assert with_letter.plain == without.plain


def test_letters_that_are_no_omocodia_stay_apart() -> None:
    assert TaxCode.parse("RSSMRA80D52H501K").plain != TaxCode.parse("RSSGPP60H01C351E").plain


@pytest.mark.parametrize(
    "typed", ["12345010586", "IT12345010586", " 123 4501 0586 ", "it12345010586", "123-4501-0586"]
)
def test_a_vat_number_is_read_with_or_without_its_country(typed: str) -> None:
    assert VatNumber.parse(typed).text == "12345010586"


@pytest.mark.parametrize("typed", ["", "12345010587", "1234501058", "DE12345010586", "abcdefghijk"])
def test_a_vat_number_with_a_wrong_check_digit_is_refused(typed: str) -> None:
    with pytest.raises(Malformed) as refused:
        VatNumber.parse(typed)
    assert refused.value.reason == "invalid_vat_number"
