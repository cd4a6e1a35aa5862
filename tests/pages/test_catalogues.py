"""Every sentence is translated, nothing is stale, and what is filled in survives translation."""

import re

import pytest
from babel.messages.checkers import checkers

from idp.web.people.catalogues import catalogue
from tests.pages.catalogue import (
    LANGUAGES,
    ROOT,
    brought_together,
    extracted,
    path_of,
    sentences,
    shipped,
    strings,
)

PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_holds_exactly_the_sentences_of_the_templates(language: str) -> None:
    wanted, held = set(sentences(extracted())), set(sentences(shipped(language)))
    hint = "run: python -m tests.pages.catalogue"
    assert not wanted - held, f"not in the catalogue ({hint}): {wanted - held}"
    assert not held - wanted, f"said nowhere any more ({hint}): {held - wanted}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_stands_as_its_program_writes_it(language: str) -> None:
    held = path_of(language).read_text(encoding="utf-8")
    assert held == brought_together(language), "run: python -m tests.pages.catalogue"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated_and_none_is_a_guess_or_left_over(language: str) -> None:
    catalog = shipped(language)
    for key, message in sentences(catalog).items():
        forms = 1 if isinstance(key, str) else catalog.num_plurals
        assert len(strings(message)) == forms, f"{key!r}"
        assert all(form and form.strip() == form for form in strings(message)), (
            f"without translation: {key!r}"
        )
        assert not message.fuzzy, f"fuzzy: {key!r}"
    assert not catalog.obsolete


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_fills_in_what_its_key_fills_in(language: str) -> None:
    catalog = shipped(language)
    for key, message in sentences(catalog).items():
        keys = (key,) if isinstance(key, str) else key
        for said, meant in zip(strings(message), keys, strict=True):
            # Sorted, not as a set: what is filled in twice is missed twice.
            assert sorted(PLACEHOLDER.findall(said)) == sorted(PLACEHOLDER.findall(meant)), f"{key!r}"
            assert "%" not in PLACEHOLDER.sub("", said).replace("%%", ""), f"{key!r}"
        for check in checkers:
            check(catalog, message)


SAME_IN_BOTH = {
    "it": {"%(title)s – %(site)s", "Privacy", "Password", "Email"},
    "de": {"%(title)s – %(site)s", "Code", "Parameter", "Cookies"},
}
"""What is the same as in English, on purpose."""


@pytest.mark.parametrize("language", ["it", "de"])
def test_no_language_is_english_left_in_place(language: str) -> None:
    left = {
        key
        for key, message in sentences(shipped(language)).items()
        for said, meant in zip(strings(message), (key,) if isinstance(key, str) else key, strict=True)
        if said == meant
    }
    assert left == SAME_IN_BOTH[language]


def test_italian_pages_write_one_kind_of_apostrophe() -> None:
    straight = [
        words
        for message in sentences(shipped("it")).values()
        for words in strings(message)
        if re.search(r"\w'\w", words)
    ]
    assert not straight, f"write ’ for ': {straight}"


def test_german_is_not_italian_left_in_place() -> None:
    italian = {s for m in sentences(shipped("it")).values() for s in strings(m)}
    german = {s for m in sentences(shipped("de")).values() for s in strings(m)}
    assert (italian & german) - {""} == {"%(title)s – %(site)s", "SMS", "Per SMS"}


@pytest.mark.parametrize(
    ("language", "never"),
    [
        # Formal in German, informal in Italian; words of the trade that customers do not know.
        (
            "de",
            (
                r"\b([Dd]u|[Dd]ich|[Dd]ir|[Dd]ein\w*|Token|OTP|Account|Login|Police\w*|Versicherungsschein"
                r"|Mobilnummer\w*)\b"
            ),
        ),
        ("it", r"\b([Ll]ei|Suo|Sua|Suoi|Sue|[Vv]oi|[Vv]ostr\w+|token|OTP|autenticazione|contatti|login)\b"),
        ("en", r"\b([Tt]oken|OTP|log ?in|[Aa]uthenticat\w+)\b"),
    ],
)
def test_customers_are_addressed_as_the_house_does(language: str, never: str) -> None:
    for key, message in sentences(shipped(language)).items():
        for said in strings(message):
            # The kind of app is called by the name it has in the shops.
            found = re.search(
                never, re.sub("[Aa]uthenticator app|(Google|Microsoft) Authenticator", "", said)
            )
            assert found is None, f"{key!r}: {said!r}"


def test_no_italian_article_stands_before_a_moment() -> None:
    # Moments begin with the day of the week: "da mercoledì", never "dal mercoledì" (flows.moments).
    article = re.compile(
        r"\b(il|l[oa'’]|al|dal|del|nel|sul|entro)\s*%\((when|until|moment|day)\)s", re.IGNORECASE
    )
    said = [text for message in sentences(shipped("it")).values() for text in strings(message)]
    assert [text for text in said if "%(moment)s" in text]
    assert not [text for text in said if article.search(text)]


@pytest.mark.parametrize(
    ("language", "bare"),
    [("it", r"^%\((when|moment|day)\)s"), ("de", r"^%\((when|moment|day)\)s \w")],
)
def test_no_sentence_begins_with_a_day_that_stands_there_bare(language: str, bare: str) -> None:
    # Italian days begin with a small letter, German ones want their "Am".
    said = [text for message in sentences(shipped(language)).values() for text in strings(message)]
    assert not [text for text in said if re.search(bare, text)]


def test_no_page_of_the_app_or_of_recovery_codes_says_that_they_confirm_operations() -> None:
    about = re.compile(r"templates/account/(authenticator|recovery_codes|confirm_way)")
    keys = [str(m.id) for m in extracted() if any(about.search(path) for path, _line in m.locations)]
    assert [key for key in keys if "recovery code" in key], keys
    assert [key for key in keys if "operation" in key.casefold()] == []


def glossary() -> list[tuple[str, str, str]]:
    page = (ROOT / "docs/languages.md").read_text(encoding="utf-8").split("## Glossary")[1]
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    return [(english, italian, german) for english, italian, german in rows[1:]]


@pytest.mark.parametrize("terms", glossary(), ids=lambda terms: str(terms[0]))
def test_a_term_of_the_glossary_is_what_the_pages_say(terms: tuple[str, str, str]) -> None:
    english, italian, german = (term.casefold() for term in terms)
    said = {language: sentences(shipped(language)) for language in ("it", "de")}
    keys = [
        k for k in said["it"] if isinstance(k, str) and re.search(rf"\b{re.escape(english)}\b", k.casefold())
    ]
    assert keys
    # Not every sentence: one may leave the term out, and German verbs come apart ("melden Sie sich an").
    for language, term in (("it", italian), ("de", german)):
        having = [key for key in keys if term[:-1] in strings(said[language][key])[0].casefold()]
        assert len(having) * 3 > len(keys), f"{language}: {set(keys) - set(having)}"


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
