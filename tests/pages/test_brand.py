"""The insurer's colours are made readable and can carry nothing else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.web.people.brand import (
    DARK_SURFACE,
    LIGHT_PAGE,
    LIGHT_SURFACE,
    Brand,
    Colours,
    contrast,
    readable,
    style_sheet,
)
from idp.web.people.pages import Pages

COLOUR = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize("colour", ["red", "#fff", "#12345g", "#0b4f58;}", "#0b4f58\n", "", "url(x)"])
def test_a_colour_is_six_hexadecimal_digits(colour: str) -> None:
    with pytest.raises(ValueError, match="six hexadecimal digits"):
        Colours(brand=colour)


def test_contrast_is_measured_as_the_guidelines_say() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@given(COLOUR, st.sampled_from([LIGHT_SURFACE, LIGHT_PAGE, DARK_SURFACE]), st.sampled_from([3.0, 7.0, 8.0]))
def test_any_colour_is_made_readable_on_any_surface(colour: str, surface: str, ratio: float) -> None:
    assert contrast(readable(colour, surface, ratio), surface) >= ratio


@given(COLOUR, st.sampled_from(["#ffffff", "#000000"]))
def test_what_is_written_on_a_button_can_be_read_in_light_and_dark(brand: str, ink: str) -> None:
    sheet = style_sheet(Colours(brand=brand, brand_ink=ink)).decode()
    buttons = re.findall(r"--brand:(#[0-9a-f]{6})", sheet)
    assert len(buttons) == 2
    assert all(contrast(button, ink) >= 7 for button in buttons)


def test_a_readable_colour_is_left_alone() -> None:
    assert readable("#0b4f58", "#ffffff", 7) == "#0b4f58"


def test_a_logo_comes_with_its_content() -> None:
    with pytest.raises(ValueError, match=r"logo\.svg"):
        Pages(Brand(logo="logo.svg"))
    pages = Pages(Brand(insurer_name="Esempio", logo="logo.svg"), logo=b"<svg/>")
    html = pages.render("signed-out", "it")
    assert pages.static_files.url("logo.svg") in html
    assert 'alt="Esempio"' in html


def test_a_telephone_number_becomes_an_address() -> None:
    assert Brand(help_phone="+39 040 123-4567").help_phone_uri == "tel:+390401234567"
