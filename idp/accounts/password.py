"""What a password must be, and what it must not be (journey A5).

Length and classes are settings; the rest is not: no common password, none made of what others know about the
customer. Before anything is proven, judge only by what the customer *typed*: a fault that came from the
registry (a birth year on file, say) would tell a stranger that the record exists (security bar 5.1). So that
nobody's own year of birth gets in all the same, no year in which a customer may be born does.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from idp.accounts.guessable import common_words, readings
from idp.accounts.names import letters_of, words_of
from idp.settings.people import Password
from idp.values import Contact, ContactKind, TaxCode

# A word this long is found anywhere in a password; one as short as "Ugo" only where it stands by itself.
_FOUND_ANYWHERE = 4
_FOUND_ALONE = 3
_LAST_DIGITS_OF_NUMBER = 6


class PasswordFault(StrEnum):
    """Why a password is refused; each has its sentence in the catalogues."""

    TOO_SHORT = "password_too_short"
    TOO_LONG = "password_too_long"
    NEEDS_UPPER = "password_needs_upper"
    NEEDS_LOWER = "password_needs_lower"
    NEEDS_DIGIT = "password_needs_digit"
    COMMON = "password_common"
    PERSONAL = "password_personal"


@dataclass(frozen=True, slots=True)
class Personal:
    """What others know about the customer, and the words of the house (brand, insurer, products)."""

    names: tuple[str, ...] = field(default=(), repr=False)
    username: Contact | None = field(default=None, repr=False)
    # One where it is known; where nobody may see whether it is, every year that it could be.
    birth_years: Collection[int] = field(default=(), repr=False)
    tax_code: TaxCode | None = field(default=None, repr=False)
    house_words: tuple[str, ...] = ()


def faults_of(password: str, rules: Password, personal: Personal) -> tuple[PasswordFault, ...]:
    """Everything wrong with the password, in the order the page lists its rules; empty when it may be used.

    Length is counted in code points after NFC, which is what is hashed.
    """
    text = unicodedata.normalize("NFC", password)
    wrong = {
        PasswordFault.TOO_SHORT: len(text) < rules.min_length,
        PasswordFault.TOO_LONG: len(text) > rules.max_length,
        PasswordFault.NEEDS_UPPER: rules.need_upper and not any(c.isupper() for c in text),
        PasswordFault.NEEDS_LOWER: rules.need_lower and not any(c.islower() for c in text),
        PasswordFault.NEEDS_DIGIT: rules.need_digit and not any(c.isdecimal() for c in text),
    }
    # One that is too long is refused already, and a megabyte is not worth reading.
    if not wrong[PasswordFault.TOO_LONG]:
        wrong[PasswordFault.COMMON] = common_words().has(text)
        wrong[PasswordFault.PERSONAL] = is_personal(text, personal)
    return tuple(fault for fault, holds in wrong.items() if holds)


def is_personal(password: str, personal: Personal) -> bool:
    """Whether it holds a name, the username, the birth year, the tax code or a word of the house."""
    spellings = {letters_of(reading) for reading in readings(password)}
    words = {word for reading in readings(password) for word in re.findall(r"[^\W\d_]+", reading)}
    return any(
        any(part in spelling for spelling in spellings) if len(part) >= _FOUND_ANYWHERE else part in words
        for part in _parts_of(personal)
        if len(part) >= _FOUND_ALONE
    )


def _parts_of(personal: Personal) -> Iterator[str]:
    for name in (*personal.names, *personal.house_words):
        yield from words_of(name)
        yield letters_of(name)
    if personal.username is not None and personal.username.kind is ContactKind.EMAIL:
        local = personal.username.text.rpartition("@")[0]
        yield letters_of(local)
        yield from words_of(local)
    elif personal.username is not None:
        yield personal.username.text[-_LAST_DIGITS_OF_NUMBER:]
    yield from map(str, personal.birth_years)
    if personal.tax_code is not None:
        # The first six letters are surname and name; they are known to whoever knows those.
        yield personal.tax_code.text[:6].casefold()
