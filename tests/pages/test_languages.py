"""Which language a page speaks."""

from typing import get_args

import pytest

from idp.settings.appearance import Language
from idp.web.people.languages import OWN_NAMES, SUPPORTED, choose, remember


@pytest.mark.parametrize(
    ("given", "language"),
    [
        ({}, "it"),
        ({"accept_language": "en"}, "en"),
        ({"accept_language": "en-GB,en;q=0.9,it;q=0.8"}, "en"),
        ({"accept_language": "it;q=0.5, en;q=0.7"}, "en"),
        ({"accept_language": "sl, fr;q=0.9"}, "it"),
        ({"accept_language": "en;q=0, sl"}, "it"),
        ({"accept_language": "de"}, "de"),
        ({"accept_language": "de-IT,de;q=0.9,it;q=0.8,en;q=0.7"}, "de"),
        ({"accept_language": "de-AT, it;q=0.9"}, "de"),
        ({"accept_language": "it-IT,it;q=0.9,de;q=0.8"}, "it"),
        ({"accept_language": "lld, de-IT;q=0.8, it;q=0.6"}, "de"),
        ({"accept_language": "*"}, "it"),
        ({"accept_language": "EN-us"}, "en"),
        ({"accept_language": "en;q=abc,,;;\x00"}, "it"),
        ({"accept_language": "x" * 100_000 + ",en"}, "it"),
        ({"cookie": "en"}, "en"),
        ({"cookie": "en", "accept_language": "it"}, "en"),
        ({"cookie": "xx"}, "it"),
        ({"cookie": "en; Path=/"}, "it"),
        ({"account": "en", "cookie": "it"}, "en"),
        ({"cookie": "de"}, "de"),
        ({"account": "de", "cookie": "it"}, "de"),
        ({"account": "fr", "cookie": "en"}, "en"),
        ({"ui_locales": "en", "account": "it", "cookie": "it"}, "en"),
        ({"ui_locales": "fr-CH en-GB it"}, "en"),
        ({"ui_locales": "de-AT en-GB it"}, "de"),
        ({"ui_locales": "de-IT", "account": "it", "cookie": "en"}, "de"),
        ({"ui_locales": "de", "accept_language": "it"}, "de"),
        ({"ui_locales": "DE-it"}, "de"),
        ({"ui_locales": "sl fr", "account": "en"}, "en"),
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
    with pytest.raises(ValueError, match="'fr'"):
        remember("fr")


def test_a_language_that_is_not_offered_is_not_spoken() -> None:
    assert choose(accept_language="de-IT", supported=("it", "en")) == "it"
    assert choose(ui_locales="de", cookie="de", account="de", supported=("it", "en")) == "it"
    with pytest.raises(ValueError, match="'de'"):
        remember("de", supported=("it", "en"))


def test_every_language_has_a_name_of_its_own() -> None:
    assert set(OWN_NAMES) == set(SUPPORTED) == set(get_args(Language))
