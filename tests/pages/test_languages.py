"""Which language a page speaks."""

import pytest

from idp.web.people.languages import choose, remember


@pytest.mark.parametrize(
    ("given", "language"),
    [
        ({}, "it"),
        ({"accept_language": "en"}, "en"),
        ({"accept_language": "en-GB,en;q=0.9,it;q=0.8"}, "en"),
        ({"accept_language": "it;q=0.5, en;q=0.7"}, "en"),
        ({"accept_language": "de, fr;q=0.9"}, "it"),
        ({"accept_language": "en;q=0, de"}, "it"),
        ({"accept_language": "*"}, "it"),
        ({"accept_language": "EN-us"}, "en"),
        ({"accept_language": "en;q=abc,,;;\x00"}, "it"),
        ({"accept_language": "x" * 100_000 + ",en"}, "it"),
        ({"cookie": "en"}, "en"),
        ({"cookie": "en", "accept_language": "it"}, "en"),
        ({"cookie": "xx"}, "it"),
        ({"cookie": "en; Path=/"}, "it"),
        ({"account": "en", "cookie": "it"}, "en"),
        ({"account": "de", "cookie": "en"}, "en"),
        ({"ui_locales": "en", "account": "it", "cookie": "it"}, "en"),
        ({"ui_locales": "de-AT en-GB it"}, "en"),
        ({"ui_locales": "de fr", "account": "en"}, "en"),
        ({"pressed": "it", "ui_locales": "en", "account": "en"}, "it"),
        ({"pressed": "<b>", "ui_locales": "en"}, "en"),
    ],
)
def test_the_language_is_chosen_in_the_order_of_who_asks(given: dict[str, str], language: str) -> None:
    assert choose(**given) == language


def test_a_press_outlives_the_hint_it_was_pressed_against() -> None:
    cookie = remember("it", "en-GB")
    assert choose(ui_locales="en", cookie=cookie, account="en") == "it"


def test_a_press_does_not_silence_another_hint() -> None:
    assert choose(ui_locales="en", cookie=remember("it")) == "en"
    assert choose(ui_locales="it", cookie=remember("en", "it")) == "en"
    assert choose(ui_locales="it", cookie=remember("it", "en")) == "it"


def test_only_supported_languages_are_remembered() -> None:
    with pytest.raises(ValueError, match="'de'"):
        remember("de")
