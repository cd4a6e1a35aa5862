"""Which language a page speaks, and that it speaks no other."""

import re
from datetime import UTC
from functools import cache
from html.parser import HTMLParser
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from idp.flows.moments import Precision, spoken
from idp.settings.appearance import Language
from idp.web.people.languages import OWN_NAMES, SUPPORTED, choose, remember
from idp.web.people.pages import Pages
from tests.pages.catalogue import sentences, shipped, strings
from tests.pages.gallery import Gallery
from tests.pages.markup import VOID, Markup
from tests.pages.states import STATES, State


@pytest.mark.parametrize("language", SUPPORTED)
def test_what_is_heard_of_a_link_or_button_has_the_word_that_is_read_on_it(language: str) -> None:
    # Who speaks to the browser says what stands there (WCAG 2.2, 2.5.3).
    named = re.compile(r'<(?:a|button)\b[^>]*aria-label="([^"]+)"[^>]*>([^<]+)</')
    gallery, heard = Gallery(), set()
    for state in STATES:
        heard |= set(named.findall(gallery.html(state, language)))
    assert len(heard) > 10
    assert not [(name, seen) for name, seen in heard if seen.split()[0].casefold() not in name.casefold()]


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


def test_a_press_outlives_the_choice_of_the_account_it_was_pressed_against() -> None:
    cookie = remember("en", account="it")
    assert choose(cookie=cookie, account="it") == "en"
    assert choose(cookie=cookie, account="de") == "de"
    assert choose(cookie=remember("it", account="it"), account="en") == "en"


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


# --- no page mixes languages -------------------------------------------------------------------------------

FILLED_IN = re.compile(r"%\\\(\w+\\\)s")
"""A placeholder, as `re.escape` leaves it."""
INLINE = {"a", "b", "bdi", "code", "em", "kbd", "small", "span", "strong", "time", "wbr"}
SPEAKING = re.compile(r"(data-.+|alt|aria-label|placeholder|title)\Z")


class Said(HTMLParser):
    """What a page says in its own language: blocks of text, texts between two tags, attributes that speak.

    What says of itself that it is in another language is left out.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[str] = []
        self.pieces: set[str] = set()
        self._languages: list[str] = []
        self._block = ""
        self.feed(html)
        self.close()
        self._end_block()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in INLINE:
            self._end_block()
        language = dict(attrs).get("lang") or (self._languages[-1] if self._languages else "")
        if tag not in VOID:
            self._languages.append(language)
        if language == self._languages[0]:
            spoken = [value for name, value in attrs if value and SPEAKING.match(name)]
            self.blocks += spoken
            self.pieces.update(spoken)

    def handle_endtag(self, tag: str) -> None:
        if tag not in INLINE:
            self._end_block()
        self._languages.pop()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if self._languages and self._languages[-1] == self._languages[0]:
            self._block += data
            self.pieces.add(" ".join(data.split()))

    def _end_block(self) -> None:
        if said := " ".join(self._block.split()):
            self.blocks.append(said)
        self._block = ""


@cache
def sayings(language: str) -> dict[str, tuple[str, ...]]:
    """Every sentence of a language with its plural forms, by key."""
    return {str(key): strings(message) for key, message in sentences(shipped(language)).items()}


@cache
def foreign(language: str) -> tuple[frozenset[str], tuple[tuple[str, re.Pattern[str]], ...]]:
    """What a page in a language must not say: the words, and the longer sayings, of the other ones.

    A longer one has its longest part that is never filled in beside it, which is quicker to look for.
    """
    # The test of the catalogues tells of sentences without translation; they say nothing in any language.
    own = {"", *(said for forms in sayings(language).values() for said in forms)}
    others = {
        said for each in SUPPORTED if each != language for f in sayings(each).values() for said in f
    } - own
    words = frozenset(said for said in others if " " not in said and "%" not in said)
    patterns = []
    for said in sorted(others - words):
        pattern = FILLED_IN.sub(".+?", re.escape(said))
        part = max(re.split(r"%\(\w+\)s", said), key=len)
        patterns.append((part, re.compile(rf"(?<!\w){pattern}(?!\w)")))
    return words, tuple(patterns)


def mixed(html: str, language: str) -> list[str]:
    """What of a page is in another language than the page."""
    said = Said(html)
    words, patterns = foreign(language)
    whole = "\n".join(said.blocks)
    longer = (pattern.search(whole) for part, pattern in patterns if part in whole)
    return [*(said.pieces & words), *(found[0] for found in longer if found)]


PAGES = {brand: Pages(brand) for brand in {state.brand for state in STATES}}


@pytest.mark.parametrize("language", SUPPORTED)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_no_page_says_anything_in_another_language(state: State, language: str) -> None:
    html = Pages(state.brand).render(
        state.page, language, here="/here" if state.here else "", **state.context
    )
    assert mixed(html, language) == []


@pytest.mark.parametrize(
    "leak",
    [
        "<p>Send another code</p>",
        "<p>Invia <strong>un altro</strong> codice</p>",
        '<button title="Back">x</button>',
        '<p data-running="Puoi chiederne un altro tra {time}">x</p>',
        "<p>You are signed in as <span>anna@example.com</span>.</p>",
        "<h1>Accedi</h1>",
    ],
)
def test_a_page_that_mixed_languages_would_be_caught(leak: str) -> None:
    assert mixed(f'<html lang="de"><body>{leak}</body></html>', "de")
    assert not mixed(f'<html lang="de"><body><div lang="en">{leak}</div></body></html>', "de")


# --- three languages to choose among -----------------------------------------------------------------------


@pytest.mark.parametrize("language", SUPPORTED)
def test_the_switch_names_the_other_languages_in_their_own_words(language: str) -> None:
    state = next(state for state in STATES if state.name == "login")
    html = PAGES[state.brand].render("login", language, here="/login?interaction=x", **state.context)
    links = [e for e in Markup(html).all("a") if (e.get("id") or "").startswith("lang-")]
    others = [each for each in SUPPORTED if each != language]
    assert [(e["lang"], e["href"], e.text) for e in links] == [
        (each, f"/login?interaction=x&lang={each}", OWN_NAMES[each]) for each in others
    ]


def test_days_are_written_as_each_language_writes_them() -> None:
    at = 1_795_370_000
    rome = ZoneInfo("Europe/Rome")
    assert spoken(at, "it", rome) == "domenica 22 novembre 2026, 18:53"
    assert spoken(at, "en", rome, Precision.DAY) == "Sunday 22 November 2026"
    assert spoken(at, "de", rome, Precision.DAY) == "Sonntag, 22. November 2026"
    assert spoken(at, "de", rome) == "Sonntag, 22. November 2026, 18:53 Uhr"
    assert spoken(at, "de", rome, Precision.SECOND) == "22. November 2026, 18:53:20 Uhr"
    assert spoken(at - 262 * 24 * 3600, "de", rome, Precision.DAY) == "Donnerstag, 5. März 2026"


def test_every_language_that_may_be_offered_tells_the_time() -> None:
    for language in SUPPORTED:
        for precision in Precision:
            assert "2026" in spoken(1_795_370_000, language, UTC, precision)
