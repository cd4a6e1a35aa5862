"""Activation codes (journeys, *Activation code*): how they are made, read and recognised.

Issued by somebody who has seen an identity document; 80 random bits, written as four groups of four. What is
stored of one is ``Sealer.code_digest``.
"""

import re
import unicodedata
from typing import Final

from idp.values import Malformed

OCTETS: Final = 10
"""Random octets that a code is made of: 80 bits."""

LETTERS: Final = 16
"""Characters of a code, hyphens not counted; each carries five bits."""

# Digits and letters that nobody takes for one another on paper or on the telephone: no I, L, O, U.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOK_ALIKE: Final = str.maketrans("OIL", "011")
_BETWEEN: Final = re.compile(r"[\s.\-‐‑‒–—_]+")
_LONGEST_TYPED: Final = 64


def fresh(octets: bytes) -> str:
    """A new code as it is handed over (``XXXX-XXXX-XXXX-XXXX``), made of ``OCTETS`` random octets."""
    if len(octets) != OCTETS:
        raise ValueError("ten random octets are wanted")
    number = int.from_bytes(octets, "big")
    return shown("".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(LETTERS))))


def shown(canonical: str) -> str:
    """The code in groups, as it is written down."""
    return "-".join(canonical[at : at + 4] for at in range(0, LETTERS, 4))


def parse(typed: str) -> str:
    """The code that was typed, in capitals without hyphens; O is 0, I and L are 1.

    Raises ``Malformed("activation_code_malformed")``.
    """
    if len(typed) > _LONGEST_TYPED:
        raise Malformed("activation_code_malformed")
    compact = _BETWEEN.sub("", unicodedata.normalize("NFKC", typed)).upper().translate(_LOOK_ALIKE)
    if len(compact) != LETTERS or not set(compact) <= set(_ALPHABET):
        raise Malformed("activation_code_malformed")
    return compact
