"""Whether two spellings are one person's name (journey A3). A name filters; it never proves.

Folded away: case, accents, apostrophes, hyphens and spaces; ä, ö, ü and their kin equal both ae, oe, ue and
the bare vowel, since agencies write them in all three ways.
"""

import re
import unicodedata
from collections.abc import Sequence

Words = tuple[str, ...]

LONGEST_NAME = 120
"""Characters of a name that are looked at; no registry has longer ones."""

_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae", "œ": "oe"})
_BARE = str.maketrans({"ø": "o", "å": "a", "æ": "ae", "œ": "oe"})
# Letters that Unicode does not decompose, with what passports print for them (ICAO 9303-3 §6).
_WITHOUT_DECOMPOSITION = str.maketrans({"ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i"})
_APOSTROPHES = re.compile("['’‘`´ʼʻ′]")
# Words that stand before a surname and are none: alone they say nothing about whose it is.
_PARTICLES = frozenset(
    {
        "d",
        "da",
        "dal",
        "dalla",
        "dalle",
        "dallo",
        "de",
        "degli",
        "dei",
        "del",
        "della",
        "dello",
        "dell",
        "di",
        "do",
        "dos",
        "du",
        "la",
        "le",
        "li",
        "lo",
        "van",
        "von",
        "der",
        "den",
        "ter",
        "zu",
        "zur",
        "el",
        "al",
        "ben",
        "bin",
        "mac",
        "mc",
        "san",
    }
)


def words_of(name: str) -> Words:
    """The folded words of a name, umlauts spelt out; empty when it holds no letter."""
    return _words(name, spelt_out=True)


def given_names_agree(typed: str, on_file: str) -> bool:
    """Whether the first given name is the same; later ones may be left out, written together or added."""
    return any(_begins_alike(a, b) for a in _foldings(typed) for b in _foldings(on_file))


def surnames_agree(typed: str, on_file: str) -> bool:
    """Whether the words of one side contain the other's; particles alone (De, Della, Von) are not enough."""
    return any(_contains(a, b) or _contains(b, a) for a in _foldings(typed) for b in _foldings(on_file))


def letters_of(text: str) -> str:
    """The folded letters and digits of a text without anything between them."""
    return "".join(words_of(text))


def unaccented(text: str, *, spelt_out: bool) -> str:
    """The text in lower case without accents, apostrophes and invisible characters, the rest in its place.

    ä, ö, ü and their kin become ae, oe, ue where ``spelt_out``, else the bare vowel.
    """
    # Before composing, which makes a space and a combining mark of an acute accent typed as an apostrophe.
    visible = "".join(c for c in _APOSTROPHES.sub("", text) if unicodedata.category(c) != "Cf")
    composed = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", visible).casefold())
    letters = composed.translate(_SPELT_OUT if spelt_out else _BARE).translate(_WITHOUT_DECOMPOSITION)
    return "".join(c for c in unicodedata.normalize("NFKD", letters) if not unicodedata.combining(c))


def _foldings(name: str) -> tuple[Words, ...]:
    spelt_out, bare = _words(name, spelt_out=True), _words(name, spelt_out=False)
    return (spelt_out,) if spelt_out == bare else (spelt_out, bare)


def _words(name: str, *, spelt_out: bool) -> Words:
    plain = unaccented(name[:LONGEST_NAME], spelt_out=spelt_out)
    return tuple("".join(c if c.isalnum() else " " for c in plain).split())


def _begins_alike(typed: Words, on_file: Words) -> bool:
    if not typed or not on_file:
        return False
    # "Gianluca" and "Gian Luca": the first word of one is the first few of the other.
    return _first_of(typed, on_file) or _first_of(on_file, typed)


def _first_of(one: Words, other: Words) -> bool:
    return any(one[0] == "".join(other[:count]) for count in range(1, len(other) + 1))


def _contains(whole: Words, part: Words) -> bool:
    if not part or (set(part) <= _PARTICLES and part != whole):
        return False
    return set(part) <= set(whole) or "".join(part) in _runs(whole)


def _runs(words: Sequence[str]) -> set[str]:
    """Every run of neighbouring words written together: De Luca and Deluca are one surname."""
    runs = {"".join(words[a:b]) for a in range(len(words)) for b in range(a + 1, len(words) + 1)}
    return runs - _PARTICLES
