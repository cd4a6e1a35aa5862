"""Whoever is asked to wait is told for how long, in words, and never too short a time."""

import re

import pytest

from idp.flows.moments import in_a_while
from tests.service.in_process import InProcess


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, ("tra 1 secondo", "in 1 second", "in 1 Sekunde")),
        (40, ("tra 40 secondi", "in 40 seconds", "in 40 Sekunden")),
        (61, ("tra 2 minuti", "in 2 minutes", "in 2 Minuten")),
        (3541, ("tra 60 minuti", "in 60 minutes", "in 60 Minuten")),
        (7201, ("tra 3 ore", "in 3 hours", "in 3 Stunden")),
        (82_000, ("tra 23 ore", "in 23 hours", "in 23 Stunden")),
    ],
)
def test_a_wait_is_told_in_words_and_never_too_short(seconds: int, words: tuple[str, str, str]) -> None:
    assert tuple(in_a_while(seconds, language) for language in ("it", "en", "de")) == words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("it", "Puoi riprovare tra ([0-9]+) minuti"),
        ("en", "You can try again in ([0-9]+) minutes"),
        ("de", "Sie können es in ([0-9]+) Minuten erneut versuchen"),
    ],
)
def test_the_page_says_what_the_header_says(clean_service: InProcess, language: str, words: str) -> None:
    service, visitor = clean_service, clean_service.visitor()
    service.clock.move(3600 - service.clock.now() % 3600)
    visitor.get("/register/activate", lang=language)
    form = {"csrf": visitor.csrf, "identifier": "RSSMRA80D52H501K", "activation_code": "0000-1111-2222-3333"}
    while visitor.send("/register/activate", form).status_code == 200:
        pass
    assert visitor.last.status_code == 429
    found = re.search(words, visitor.last.text)
    assert found is not None, visitor.faults
    assert int(found[1]) == -(-int(visitor.last.headers["Retry-After"]) // 60)


def test_a_second_code_too_soon_is_told_to_the_second(clean_service: InProcess) -> None:
    visitor = clean_service.visitor()
    visitor.get("/register/data", lang="en")
    visitor.press(given_name="Anna", family_name="Neri", username="anna@posta.example", accept_terms="yes")
    visitor.press(new_password="Tramonto7blu")
    assert visitor.page == "register-verify"
    visitor.press(resend="yes")
    assert visitor.last.status_code == 429
    wait = int(visitor.last.headers["Retry-After"])
    assert 1 <= wait <= 60
    assert f"You can ask for another one in {wait} second" in visitor.last.text
