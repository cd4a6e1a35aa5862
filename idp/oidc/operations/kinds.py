"""What a field of an operation can be: how it must come, its one spelling, and how people read it.

Whatever passes here is shown to a person and signed: a text has no character that hides, turns or breaks a
line, an amount has exactly its currency's decimals, an IBAN its right check digits.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

_WHOLE = re.compile(r"(?:0|[1-9][0-9]{0,11})")
_DECIMALS = re.compile(r"[0-9]*")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_GROUP = 4
# Of the alphabet of SMS (GSM 03.38).
_SENT_AS_SIGNS = frozenset("€£¥")
# Control and format characters, surrogates, private use, unassigned, line and paragraph separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

Value: TypeAlias = str | dict[str, str]


class NotThis(Exception):
    """The value is none of this kind; the message says what is wanted, and repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class Text:
    """One line of at most ``longest`` characters."""

    longest: int

    def canonical(self, sent: Any) -> Value:
        """Unicode's composed form (NFC). Raises ``NotThis``."""
        if not isinstance(sent, str):
            raise NotThis("a text is wanted")
        text = unicodedata.normalize("NFC", sent)
        if not text or text != text.strip() or len(text) > self.longest:
            raise NotThis(f"1 to {self.longest} characters without space around them are wanted")
        if any(unicodedata.category(character) in _HIDDEN for character in text):
            raise NotThis("a character that cannot be shown is not allowed")
        return text

    def spoken(self, value: Value, _language: str) -> str:
        """As it stands."""
        return str(value)

    written = spoken


@dataclass(frozen=True, slots=True)
class Amount:
    """An object of ``value`` and ``currency`` (ISO 4217): ``{"value": "1500.00", "currency": "EUR"}``.

    ``currencies`` are those that are allowed, each with its decimals.
    """

    currencies: Mapping[str, int] = field(hash=False)

    def canonical(self, sent: Any) -> Value:
        """The same two members. Raises ``NotThis``."""
        if not isinstance(sent, dict) or sent.keys() != {"value", "currency"}:
            raise NotThis("an object of value and currency is wanted")
        currency, value = sent["currency"], sent["value"]
        if not isinstance(currency, str) or currency not in self.currencies:
            raise NotThis(f"currency must be one of {', '.join(self.currencies)}")
        if not isinstance(value, str):
            raise NotThis("value is a text: a number may have lost its decimals on the way")
        places = self.currencies[currency]
        whole, point, decimals = value.partition(".")
        right = _WHOLE.fullmatch(whole) and _DECIMALS.fullmatch(decimals) and len(decimals) == places
        if not right or bool(point) != bool(places) or not value.isascii():
            raise NotThis(f"value is a decimal number with {places} decimals")
        if Decimal(value) == 0:
            raise NotThis("value is more than nothing")
        return {"value": value, "currency": currency}

    def spoken(self, value: Value, language: str) -> str:
        """As a page shows it: ``1.500,00 €`` in Italian."""
        from babel.numbers import format_currency  # read on first use

        amount = _amount(value)
        # Its own spaces, which do not break: a sum is read in one piece.
        return format_currency(Decimal(amount["value"]), amount["currency"], locale=language)

    def written(self, value: Value, language: str) -> str:
        """As a text message writes it: as on the page, with spaces that every telephone knows.

        A currency whose sign the alphabet of SMS has not is written with its code: ``1.500,00 INR``.
        """
        from babel.numbers import format_decimal

        text = " ".join(self.spoken(value, language).split())
        if all(sign.isascii() or sign in _SENT_AS_SIGNS for sign in text):
            return text
        amount = _amount(value)
        places = self.currencies[amount["currency"]]
        pattern = "#,##0" + ("." + "0" * places if places else "")
        return f"{format_decimal(Decimal(amount['value']), pattern, locale=language)} {amount['currency']}"


@dataclass(frozen=True, slots=True)
class Iban:
    """An international bank account number (ISO 13616); spaces and lower case are taken, and not kept."""

    def canonical(self, sent: Any) -> Value:
        """Upper case without spaces. Raises ``NotThis``."""
        if not isinstance(sent, str) or not sent.isascii() or len(sent) > 64:
            raise NotThis("an IBAN is wanted")
        compact = sent.replace(" ", "").upper()
        if not _IBAN.fullmatch(compact) or not _right_iban(compact):
            raise NotThis("this is not an IBAN: one of its characters may be mistyped")
        return compact

    def spoken(self, value: Value, _language: str) -> str:
        """Whole, in groups of four, as it is printed."""
        text = str(value)
        return " ".join(text[place : place + _GROUP] for place in range(0, len(text), _GROUP))

    def written(self, value: Value, _language: str) -> str:
        """Whole and in one piece."""
        return str(value)


Kind: TypeAlias = Text | Amount | Iban


def _amount(value: Value) -> dict[str, str]:
    if isinstance(value, str):
        raise TypeError("an amount is an object")
    return value


def _right_iban(compact: str) -> bool:
    from stdnum import iban  # it costs a start 20 ms, and few requests have one

    return bool(iban.is_valid(compact))
