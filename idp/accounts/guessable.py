"""Passwords that everybody tries first, also in the dress that rules on digits and capitals make people add.

The list holds plain words only; a password is read back to its word before it is looked up. So one list of
some tens of thousands refuses ``Password1``, ``P4ssw0rd!``, ``Juventus1897`` and ``amoreMIO99`` alike.
"""

import hashlib
import re
import unicodedata
from bisect import bisect_left
from functools import cache
from importlib import resources

SHORTEST_WORD = 4
_LONGEST_DRESS = 10

# What people write for a letter; two tables where one sign may stand for two letters.
_STAND_INS = (str.maketrans("0134578@$!€", "oieastbasie"), str.maketrans("01345789@$!€", "oleastbgasle"))

_PLAIN_CORE = re.compile(r"([\d\W_]*)(.*?)([\d\W_]*)", re.DOTALL)
_YEAR_OR_DATE = re.compile(r"(?:\d{4})?(?:1[89]|20)\d\d|\d{6}")
_ROWS_OF_DIGITS = ("01234567890", "09876543210")


class CommonWords:
    """Common words and passwords, as sorted 5-byte prefixes of the SHA-256 of their folded form."""

    WIDTH = 5

    def __init__(self, prefixes: bytes) -> None:
        if not prefixes or len(prefixes) % self.WIDTH:
            raise ValueError("the list of common passwords is damaged")
        self._prefixes = prefixes
        self._places = range(len(prefixes) // self.WIDTH)

    def __len__(self) -> int:
        return len(self._places)

    def has(self, password: str) -> bool:
        """Whether the password is such a word, plain or dressed up."""
        words = set().union(*(undressed(reading) for reading in readings(password)))
        return any(self._lists(word) for word in words)

    def _lists(self, word: str) -> bool:
        wanted = prefix_of(word)
        found = bisect_left(self._places, wanted, key=self._at)
        return found < len(self._places) and self._at(found) == wanted

    def _at(self, place: int) -> bytes:
        return self._prefixes[place * self.WIDTH : (place + 1) * self.WIDTH]


@cache
def common_words() -> CommonWords:
    """The list that travels with the service, read once (``docs/decisions/common-passwords.md``)."""
    return CommonWords(resources.files("idp.accounts").joinpath("common_passwords.bin").read_bytes())


def prefix_of(word: str) -> bytes:
    """How the list keeps a folded word."""
    return hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest()[: CommonWords.WIDTH]


def folded(text: str) -> str:
    """The text without case and accents; digits and signs stay."""
    marked = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(c for c in marked if not unicodedata.combining(c))


def readings(password: str) -> set[str]:
    """The folded password, and what it says when digits and signs are read as the letters they resemble.

    Those at either end may be letters or dress, so both are tried: ``4ndrea1980``, ``Ciao0``.
    """
    plain = folded(password)
    found = _PLAIN_CORE.fullmatch(plain)
    head, core, tail = found.groups() if found else ("", plain, "")
    read = {plain}
    for table in _STAND_INS:
        for before in {head, head.translate(table)}:
            for upto in range(len(tail) + 1):
                read.add(before + (core + tail[:upto]).translate(table) + tail[upto:])
    return read


def undressed(word: str) -> set[str]:
    """The word as it stands and without its signs, each also without what is commonly added at either end."""
    left = {word, re.sub(r"[\W_]+", "", word)}
    for whole in tuple(left):
        for begin in range(_dress_at(whole) + 1):
            for end in range(_dress_at(whole[::-1]) + 1):
                core = whole[begin : len(whole) - end]
                added = (whole[:begin], whole[len(whole) - end :])
                if len(core) >= SHORTEST_WORD and all(map(_is_dress, added)):
                    left.add(core)
    return left


def _dress_at(word: str) -> int:
    """How many digits and signs the word begins with."""
    count = 0
    while count < min(len(word), _LONGEST_DRESS) and not word[count].isalpha():
        count += 1
    return count


def _is_dress(added: str) -> bool:
    """Whether it is what people add: at most two signs, and few digits, a row, a repeat, a year or a date."""
    digits = re.sub(r"\D", "", added)
    return len(added) - len(digits) <= 2 and (
        len(digits) <= 2
        or len(set(digits)) == 1
        or _YEAR_OR_DATE.fullmatch(digits) is not None
        or any(digits in row for row in _ROWS_OF_DIGITS)
    )
