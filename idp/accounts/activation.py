"""Activation codes (journeys, *Activation code*): how they are made, read and recognised.

Issued by somebody who has seen an identity document; 80 random bits, written as four groups of four. What is
stored of one is ``Sealer.code_digest``.
"""

from typing import Final

from idp.accounts import written
from idp.values import Malformed

OCTETS: Final = 10
"""Random octets that a code is made of: 80 bits."""

LETTERS: Final = 16
"""Characters of a code, hyphens not counted; each carries five bits."""


def fresh(octets: bytes) -> str:
    """A new code as it is handed over (``XXXX-XXXX-XXXX-XXXX``), made of ``OCTETS`` random octets."""
    if len(octets) != OCTETS:
        raise ValueError("ten random octets are wanted")
    return shown(written.letters_of(octets, LETTERS))


def shown(canonical: str) -> str:
    """The code in groups, as it is written down."""
    return written.grouped(canonical, 4)


def parse(typed: str) -> str:
    """The code that was typed, in capitals without hyphens; O is 0, I and L are 1.

    Raises ``Malformed("activation_code_malformed")``.
    """
    code = written.read(typed, LETTERS)
    if code is None:
        raise Malformed("activation_code_malformed")
    return code
