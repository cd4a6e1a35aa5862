"""Codes that people read from paper or a screen and type: letters that nobody takes for one another."""

import re
import unicodedata
from typing import Final

# Digits and letters, without I, L, O and U.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOK_ALIKE: Final = str.maketrans("OIL", "011")
_BETWEEN: Final = re.compile(r"[\s.\-‐‑‒–—_]+")
_LONGEST_TYPED: Final = 64


def letters_of(octets: bytes, count: int) -> str:
    """``count`` letters of five bits each, made of the last bits of random octets; too few raise
    ``ValueError``."""
    if len(octets) * 8 < count * 5:
        raise ValueError(f"{count} letters need {count * 5} random bits")
    number = int.from_bytes(octets, "big")
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(count)))


def grouped(letters: str, size: int) -> str:
    """A code in groups, as it is written down."""
    return "-".join(letters[at : at + size] for at in range(0, len(letters), size))


def read(typed: str, count: int) -> str | None:
    """The code that was typed, in capitals without hyphens; O is 0, I and L are 1.

    None when it is not one.
    """
    if len(typed) > _LONGEST_TYPED:
        return None
    compact = _BETWEEN.sub("", unicodedata.normalize("NFKC", typed)).upper().translate(_LOOK_ALIKE)
    return compact if len(compact) == count and set(compact) <= set(_ALPHABET) else None
