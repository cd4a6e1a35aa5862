"""The payout form: what a customer types, in the own way of writing, becomes an order or faults."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from unicodedata import normalize

from stdnum import iban

CURRENCY = "EUR"
LONGEST_NAME = 70
"""Characters of a name in a credit transfer (SEPA rulebook)."""
FIELDS = ("amount", "iban", "beneficiary")
_PLAIN = re.compile(r"([0-9]{1,9})(?:[.,]([0-9]{1,2}))?")
_GROUPED = {
    "it": re.compile(r"([0-9]{1,3}(?:\.[0-9]{3}){1,2})(?:,([0-9]{1,2}))?"),
    "en": re.compile(r"([0-9]{1,3}(?:,[0-9]{3}){1,2})(?:\.([0-9]{1,2}))?"),
}


@dataclass(frozen=True)
class Order:
    """A payout to ask for; `iban` without spaces."""

    policy_number: str
    amount: Decimal
    iban: str
    beneficiary: str

    @property
    def body(self) -> dict[str, str]:
        """The order as the policies API reads it."""
        return {
            "amount": f"{self.amount:.2f}",
            "currency": CURRENCY,
            "iban": self.iban,
            "beneficiary": self.beneficiary,
        }

    @property
    def details(self) -> dict[str, object]:
        """The order as the customer approves it: an authorization details object (RFC 9396 §2)."""
        return {
            "type": "payout",
            "policy_number": self.policy_number,
            "amount": {"value": f"{self.amount:.2f}", "currency": CURRENCY},
            "iban": self.iban,
            "beneficiary": self.beneficiary,
        }


@dataclass(frozen=True)
class Typed:
    """What stands in the form's fields, kept as it was typed."""

    amount: str = ""
    iban: str = ""
    beneficiary: str = ""

    @classmethod
    def from_form(cls, form: Mapping[str, str]) -> "Typed":
        """The fields of a posted form; no more of each than anybody types."""
        return cls(**{name: form.get(name, "")[:200] for name in FIELDS})

    def order(self, policy_number: str, language: str) -> "Order | tuple[str, ...]":
        """The order these make for a policy, or the fields at fault."""
        amount = read_amount(self.amount, language)
        account = iban.compact(_squeezed(self.iban)) if _squeezed(self.iban).isascii() else ""
        # Composed letters: what was approved is compared to the letter.
        name = normalize("NFC", " ".join(self.beneficiary.split()))
        good = {
            "amount": amount is not None,
            "iban": iban.is_valid(account),
            "beneficiary": 0 < len(name) <= LONGEST_NAME and name.isprintable(),
        }
        if amount is None or not all(good.values()):
            return tuple(field for field in FIELDS if not good[field])
        return Order(policy_number, amount, account, name)


def read_amount(typed: str, language: str) -> Decimal | None:
    """The amount in euros, or None when it is none, or can be read in two ways.

    `1500`, `1500,5` and `1500.50` are plain in every language; groups of three are read as the language
    writes them, so that `1.500` is fifteen hundred in Italian and nothing in English.
    """
    text = _squeezed(typed).removesuffix("€").removesuffix("EUR").removeprefix("€")
    found = _PLAIN.fullmatch(text) or _GROUPED[language].fullmatch(text)
    if found is None:
        return None
    whole, cents = found.group(1).replace(".", "").replace(",", ""), found.group(2) or "0"
    amount = Decimal(f"{whole}.{cents.ljust(2, '0')}")
    return amount if amount > 0 else None


def _squeezed(text: str) -> str:
    """The text without its spaces, hard ones too."""
    return "".join(text.split())
