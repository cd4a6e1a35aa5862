"""Recovery codes: ten, shown once, each good for one time, for whoever has lost what they confirm with.

50 random bits each, written as two groups of five. What is stored of one is ``Sealer.recovery_code_digest``.
"""

from typing import Final

from idp.accounts import written

COUNT: Final = 10
"""Codes of one set; a new set ends the one before it."""
FEW: Final = 3
"""When so many are left, the customer is told to make new ones."""
OCTETS: Final = 7
"""Random octets that a code is made of; 50 of their 56 bits are used."""
LETTERS: Final = 10


def fresh(octets: bytes) -> tuple[str, ...]:
    """A new set of codes without hyphens, all different, made of ``COUNT * OCTETS`` random octets."""
    if len(octets) != COUNT * OCTETS:
        raise ValueError("seven random octets a code are wanted")
    made = (written.letters_of(octets[at : at + OCTETS], LETTERS) for at in range(0, COUNT * OCTETS, OCTETS))
    return tuple(dict.fromkeys(made))


def shown(code: str) -> str:
    """The code as it is written down (``XXXXX-XXXXX``)."""
    return written.grouped(code, LETTERS // 2)


def code_of(typed: str) -> str | None:
    """The code that was typed, in capitals without hyphens; None when it is not one."""
    return written.read(typed, LETTERS)
