"""Contacts of nobody's, to be shown masked where a code is unknown or has nothing to offer (journey C3).

Drawn from HMAC-SHA256 over the code, so that one code always gives the same list, on every node and after
every restart, and no other secret gives it. Whoever asks with the code of somebody they know must not see at
a glance that the list is made up, so how many contacts, of which kinds and with which letters follows these
tables. They are estimates: insurers publish no such figures. The shares are per cent, of first letters per
thousand.

How many emails and mobiles: ``_PERSONS`` for tax codes of 16 characters, ``_BUSINESSES`` for 11 digits. Most
people leave one of each, few a second one.

The first letter of an email: half of all people put their given name first and a quarter their surname, of
which the code tells the first letter (names that begin with a vowel, which a code leaves out, are listed);
the others follow ``_LETTERS``, the initials of Italian given names. Businesses follow ``_BUSINESS_LETTERS``:
info, amministrazione, studio, commerciale, direzione, segreteria, ufficio. Whatever a real address can begin
with a decoy can, however rarely: an x or a 7 is not to give a customer away.

The last digits of a mobile are all as likely; ``_FOREIGN`` per cent have a foreign prefix.
"""

import hmac
from collections.abc import Collection, Mapping
from typing import Final, TypeVar

from idp.values import Contact, EmailAddress, Identifier, MobileNumber

T = TypeVar("T")

MOST_OPTIONS: Final = 3
"""Options of a list at most."""

_PERSONS: Final = {(1, 1): 52, (0, 1): 22, (1, 0): 14, (1, 2): 5, (2, 1): 5, (0, 2): 1, (2, 0): 1}
_BUSINESSES: Final = {(1, 1): 50, (1, 0): 25, (2, 1): 9, (0, 1): 8, (2, 0): 5, (1, 2): 2, (3, 0): 1}
_FOREIGN: Final = 2

_GIVEN_NAME, _SURNAME, _ANY = "given name", "surname", "any"
_FIRST_PART: Final = {_GIVEN_NAME: 50, _SURNAME: 25, _ANY: 25}
_DIGITS: Final = dict.fromkeys("0123456789", 1)
_LETTERS: Final = {
    **dict(zip("amgsflrcep", (144, 135, 125, 88, 78, 78, 68, 59, 49, 39), strict=True)),
    **dict(zip("dvbntiozujkwhyqx", (30, 30, 11, 10, 10, 10, 9, 3, 3, 3, 2, 2, 1, 1, 1, 1), strict=True)),
    **_DIGITS,
}
_BUSINESS_LETTERS: Final = {
    **dict(zip("iascdmpufg", (289, 176, 117, 68, 58, 49, 39, 29, 29, 29), strict=True)),
    **dict(zip("lrtbeovnhzkwjqxy", (20, 20, 10, 10, 10, 10, 10, 4, 3, 2, 2, 2, 1, 1, 1, 1), strict=True)),
    **_DIGITS,
}

# A tax code has three consonants of a name and vowels only where those are too few: whose first letter is a
# vowel must be known by heart. The commonest such names; where one with a consonant is spelt the same
# and commoner (Marta, Umberto), it is left out.
_GIVEN_NAMES_WITH_VOWELS: Final = (
    "Ada Adele Adriana Adriano Agata Agnese Alberto Aldo Alessandra Alessandro Alessia Alessio Alfonso "
    "Alice Amalia Amedeo Amelia Andrea Angela Angelo Anna Antonella Antonio Arianna Armando Arturo Attilio "
    "Augusto Aurora Edoardo Elena Eleonora Elia Elisa Elisabetta Emanuela Emanuele Emilio Emma Enrico "
    "Enzo Erica Ernesto Ester Ettore Eugenio Eva Ida Ilaria Immacolata Ines Irene Isabella Ivan Ivana Olga "
    "Ornella Oscar Ugo"
)
_SURNAMES_WITH_VOWELS: Final = (
    "Abate Adami Agostini Aiello Albanese Albertini Alfano Amato Amico Amoroso Andreoli Angelini Antonelli "
    "Arena Esposito Innocenti Ippolito Olivieri Orlando Orsini Ottaviani Urbani Urso"
)


def drawn(identifier: Identifier, secret: bytes) -> tuple[Contact, ...]:
    """One to ``MOST_OPTIONS`` contacts of nobody's, no two with the same mask.

    Nothing can be delivered to them, and two codes hardly ever share one, so that counters of sends tell
    nothing.
    """
    code = identifier.canonical
    dice = _Dice(secret, code)
    personal = len(code) == 15
    emails, mobiles = dice.pick(_PERSONS if personal else _BUSINESSES)
    contacts: list[Contact] = []
    letters: set[str] = set()
    for _ in range(emails):
        letter = _letter_of(dice, code if personal else None, letters)
        letters.add(letter)
        contacts.append(EmailAddress(f"{letter}{dice.number(10**20):020d}@nobody.invalid"))
    masks: set[str] = set()
    for _ in range(mobiles):
        number = _number_of(dice, masks)
        masks.add(number.masked)
        contacts.append(number)
    return tuple(contacts)


class _Dice:
    """Numbers that look random, the same for the same secret and code."""

    def __init__(self, secret: bytes, code: str) -> None:
        self._secret = secret
        self._code = code
        self._thrown = 0

    def number(self, below: int) -> int:
        """From 0 up to ``below``, at most 10²⁰; 16 octets make what is uneven immeasurable."""
        text = f"decoys:{self._thrown}:{self._code}"
        self._thrown += 1
        return int.from_bytes(hmac.digest(self._secret, text.encode(), "sha256")[:16], "big") % below

    def pick(self, shares: Mapping[T, int]) -> T:
        """One of the keys, each as often as its share says."""
        place = self.number(sum(shares.values()))
        for key, share in shares.items():
            place -= share
            if place < 0:
                return key
        raise AssertionError("the shares are spent before the place is reached")


def _letter_of(dice: _Dice, code: str | None, taken: Collection[str]) -> str:
    """The first letter of an email; ``code`` is a person's, 15 characters, None a business's."""
    letters = _BUSINESS_LETTERS
    if code is not None:
        letters = _LETTERS
        part = dice.pick(_FIRST_PART)
        known = {_GIVEN_NAME: _initial(code[3:6], _VOWELS_OF_GIVEN_NAMES)}
        known[_SURNAME] = _initial(code[:3], _VOWELS_OF_SURNAMES)
        if part in known and known[part] not in taken:
            return known[part]
    return dice.pick({letter: share for letter, share in letters.items() if letter not in taken})


def _number_of(dice: _Dice, masks: Collection[str]) -> MobileNumber:
    foreign = dice.number(100) < _FOREIGN
    # No country has the prefix 999, and no number in Italy begins with 00.
    prefix, ending = "+999" if foreign else "+3900", dice.number(100)
    serial = f"{dice.number(10**9):09d}"
    while (number := MobileNumber(f"{prefix}{serial}{ending:02d}")).masked in masks:
        ending = (ending + 1) % 100
    return number


def _initial(letters: str, vowels: Mapping[str, str]) -> str:
    return vowels.get(letters, letters[0].lower())


def _in_code(name: str, *, given: bool) -> str:
    """The three letters of a name in a tax code (D.M. 23 December 1976, articles 2 and 3)."""
    consonants = "".join(letter for letter in name.upper() if letter not in "AEIOU")
    vowels = "".join(letter for letter in name.upper() if letter in "AEIOU")
    if given and len(consonants) > 3:
        return consonants[0] + consonants[2:4]
    return f"{consonants}{vowels}XX"[:3]


_VOWELS_OF_GIVEN_NAMES: Final = {
    _in_code(name, given=True): name[0].lower() for name in reversed(_GIVEN_NAMES_WITH_VOWELS.split())
}
_VOWELS_OF_SURNAMES: Final = {
    _in_code(name, given=False): name[0].lower() for name in _SURNAMES_WITH_VOWELS.split()
}
