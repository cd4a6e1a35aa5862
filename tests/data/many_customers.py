"""Registry files of any length, for tests and benchmarks: valid, invented, the same at every run."""

import csv
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from stdnum.it import codicefiscale

from idp.accounts import decoys
from idp.accounts.registry_line import COLUMNS
from idp.values import ContactKind, parse_identifier

_LETTERS = "BCDFGHLMNPRSTVZ"


def rows(lines: int, *, first: int = 0) -> Iterator[list[str]]:
    """The cells of that many private customers, from number ``first`` on."""
    for number in range(first, first + lines):
        code = tax_code(number)
        yield [
            f"M{number:07d}",
            "person",
            "active",
            "Anna",
            f"Prova{number}",
            "",
            code,
            "",
            "",
            f"cliente{number}@posta.example",
            f"+39333{number:07d}",
            f"RCA-{number:07d}:Auto:active",
            "Agenzia Prova",
            "+39 06 5550 0101",
            "prova@agenzie.example",
            "2024-03-01",
        ]


def tax_code(number: int) -> str:
    """A codice fiscale of its own for each number below some 50 million."""
    letters = []
    for _ in range(6):
        number, place = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[place])
    body = f"{''.join(letters)}{70 + number % 20:02d}A01H501"
    return body + codicefiscale.calc_check_digit(body)


def strangers(first: int, secret: bytes) -> Iterator[int]:
    """Numbers on no file, from ``first`` on, of whom the same is shown: one email and one mobile.

    ``secret`` draws the decoys. How long a list is everybody sees; what is behind it must look alike.
    """
    for number in count(first):
        shown = decoys.drawn(parse_identifier(tax_code(number)), secret)
        if [contact.kind for contact in shown] == [ContactKind.EMAIL, ContactKind.MOBILE]:
            yield number


def write(path: Path, lines: int, *, first: int = 0) -> None:
    """Write a registry file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows(lines, first=first))
