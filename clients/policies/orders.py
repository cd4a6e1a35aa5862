"""What a caller asks to be paid: read strictly, so that what was approved can be compared to the letter."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from unicodedata import normalize

from stdnum import iban

AMOUNT = re.compile(r"(?:0|[1-9][0-9]{0,8})\.[0-9]{2}")
CURRENCIES = ("EUR",)
LONGEST_NAME = 70
"""Characters of a name in a credit transfer (SEPA rulebook)."""
FIELDS = ("amount", "currency", "iban", "beneficiary")


class Malformed(Exception):
    """The order cannot be read; `fields` are those at fault."""

    def __init__(self, *fields: str) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields


@dataclass(frozen=True)
class Order:
    """A payout on a policy: `amount` with two decimals, `iban` without spaces (ISO 13616)."""

    policy_number: str
    amount: str
    currency: str
    iban: str
    beneficiary: str

    @property
    def details(self) -> dict[str, Any]:
        """The authorization details object that approves this order and no other (RFC 9396 §2)."""
        return {
            "type": "payout",
            "policy_number": self.policy_number,
            "amount": {"value": self.amount, "currency": self.currency},
            "iban": self.iban,
            "beneficiary": self.beneficiary,
        }


def read_order(policy_number: str, body: Any) -> Order:
    """The order a JSON body makes for one policy; raises Malformed.

    Nothing is tidied up: `1500` for `1500.00`, or an IBAN with spaces, is a fault of the caller.
    """
    if not isinstance(body, dict) or set(body) - set(FIELDS):
        raise Malformed(*FIELDS)
    texts = {name: value for name in FIELDS if isinstance(value := body.get(name), str)}
    good = {
        "amount": _is_amount(texts.get("amount", "")),
        "currency": texts.get("currency") in CURRENCIES,
        "iban": _is_iban(texts.get("iban", "")),
        "beneficiary": _is_name(texts.get("beneficiary", "")),
    }
    faults = [name for name in FIELDS if not good[name]]
    if faults:
        raise Malformed(*faults)
    return Order(policy_number, **texts)


def _is_amount(text: str) -> bool:
    return AMOUNT.fullmatch(text) is not None and Decimal(text) > 0


def _is_iban(text: str) -> bool:
    return text.isascii() and iban.is_valid(text) and iban.compact(text) == text


def _is_name(text: str) -> bool:
    return 0 < len(text) <= LONGEST_NAME and text.isprintable() and text == _tidy(text)


def _tidy(text: str) -> str:
    return normalize("NFC", " ".join(text.split()))
