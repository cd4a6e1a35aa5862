"""Every sentence is translated, nothing is stale, and what is filled in survives translation."""

import re

import pytest
from babel.messages.checkers import checkers

from idp.web.people.catalogues import catalogue
from tests.pages.catalogue import LANGUAGES, ROOT, extracted, sentences, shipped, strings

PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_holds_exactly_the_sentences_of_the_templates(language: str) -> None:
    wanted, held = set(sentences(extracted())), set(sentences(shipped(language)))
    hint = "run: python -m tests.pages.catalogue"
    assert not wanted - held, f"not in the catalogue ({hint}): {wanted - held}"
    assert not held - wanted, f"said nowhere any more ({hint}): {held - wanted}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated_and_none_is_a_guess(language: str) -> None:
    for key, message in sentences(shipped(language)).items():
        assert all(strings(message)), f"without translation: {key!r}"
        assert not message.fuzzy, f"fuzzy: {key!r}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_fills_in_what_its_key_fills_in(language: str) -> None:
    for key, message in sentences(shipped(language)).items():
        wanted = set(PLACEHOLDER.findall(key if isinstance(key, str) else key[-1]))
        assert set(PLACEHOLDER.findall(strings(message)[-1])) == wanted, f"{key!r}"
        for check in checkers:
            check(shipped(language), message)


def test_italian_is_not_english_left_in_place() -> None:
    same = {"%(title)s – %(site)s", "Privacy", "Password", "Email"}
    left = {
        key
        for key, message in sentences(shipped("it")).items()
        if message.string == message.id and key not in same
    }
    assert not left


def test_no_template_says_a_word_outside_the_catalogue() -> None:
    # What stays when tags, expressions and translated blocks are taken away is signs only.
    for template in sorted((ROOT / "idp/templates").rglob("*.html")):
        text = template.read_text(encoding="utf-8")
        text = re.sub(r"\{#.*?#\}", " ", text, flags=re.DOTALL)
        # A macro that writes attributes, not text.
        text = re.sub(r"\{% macro ties.*?endmacro %\}", " ", text, flags=re.DOTALL)
        text = re.sub(r"\{%-?\s*trans.*?endtrans\s*-?%\}", " ", text, flags=re.DOTALL)
        text = re.sub(r"\{%-? block name %\}.*?\{%-? endblock %\}", " ", text, flags=re.DOTALL)
        text = re.sub(r"\{%-? block wide %\}.*?\{%-? endblock %\}", " ", text, flags=re.DOTALL)
        text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", text, flags=re.DOTALL)
        text = re.sub(r"<[^>]*>", " ", text)
        assert not re.findall(r"[^\W\d_]{2,}", text), f"{template.name}: {text.split()}"


def test_a_catalogue_is_read_once() -> None:
    assert catalogue("it") is catalogue("it")
    assert catalogue("it").gettext("Sign in") == "Accedi"
