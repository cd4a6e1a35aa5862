"""Proof Key for Code Exchange, S256 only (RFC 7636 §4.1, §4.2, §4.6, Appendix B)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.oidc.authorization.pkce import is_challenge, verifier_matches

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_example_of_appendix_b() -> None:
    assert is_challenge(CHALLENGE)
    assert verifier_matches(VERIFIER, CHALLENGE)


@pytest.mark.parametrize(
    "text",
    ["", CHALLENGE[:-1], CHALLENGE + "A", CHALLENGE + "=", CHALLENGE[:-1] + ".", CHALLENGE + "\n", "é" * 43],
)
def test_what_no_s256_challenge_looks_like(text: str) -> None:
    assert not is_challenge(text)


@pytest.mark.parametrize(
    ("verifier", "challenge"),
    [
        (None, CHALLENGE),
        (VERIFIER, None),
        ("", CHALLENGE),
        (VERIFIER[:-1], CHALLENGE),
        (VERIFIER + "A", CHALLENGE),
        (VERIFIER.swapcase(), CHALLENGE),
        (CHALLENGE, CHALLENGE),
        (VERIFIER + "\n", CHALLENGE),
        ("a" * 42, CHALLENGE),
        ("a" * 129, CHALLENGE),
        ("é" * 43, CHALLENGE),
    ],
)
def test_what_does_not_answer_the_challenge(verifier: str | None, challenge: str | None) -> None:
    assert not verifier_matches(verifier, challenge)


def test_without_pkce_there_is_nothing_to_answer() -> None:
    assert verifier_matches(None, None)


@given(st.text(max_size=200))
def test_no_other_verifier_answers_the_example(text: str) -> None:
    assert verifier_matches(text, CHALLENGE) == (text == VERIFIER)
