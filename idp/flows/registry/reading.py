"""What a file of the registry says, line by line, and what is wrong with it."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from idp.accounts.registry_line import LineFault, SourceLine, customer_number_of, read_line

MOST_FAULTS = 1000
"""Faults that are kept to be shown; the rest is only counted."""

Report = Callable[[str, int, int], None]
"""Told the phase (``reading``, ``applying``, ``ending``), how much is done, and of how much (0: unknown)."""


class RegistrySource(Protocol):
    """Where the lines come from; the adapter is ``idp.adapters.registry_file``."""

    @property
    def size(self) -> int:
        """Its length in octets, for showing progress."""

    def digest(self) -> bytes:
        """A digest of its whole content: the same file, the same import."""

    def lines(self) -> Iterator[SourceLine]:
        """Every line after the header; a fatal one is the last."""


@dataclass(frozen=True, slots=True)
class Faults:
    """The first faults and warnings in the file's order, and how many there are in all."""

    shown: tuple[LineFault, ...] = ()
    count: int = 0


class Tally:
    """Counts faults and keeps the first of them."""

    def __init__(self) -> None:
        self._shown: list[LineFault] = []
        self._count = 0
        self.warnings = 0

    def note(self, faults: Sequence[LineFault]) -> None:
        self._count += len(faults)
        self.warnings += sum(fault.warning for fault in faults)
        self._shown.extend(faults[: MOST_FAULTS - len(self._shown)])

    def faults(self) -> Faults:
        return Faults(tuple(self._shown), self._count)


@dataclass(frozen=True, slots=True)
class Checked:
    """What reading a file said; ``lines`` counts those of customers."""

    lines: int
    refused: int
    warnings: int
    faults: Faults


def check(source: RegistrySource, report: Report | None = None) -> Checked:
    """Read a file as an import would, and change nothing; eight octets of each customer number are kept."""
    tally = Tally()
    seen: set[int] = set()
    lines = refused = 0
    for line in source.lines():
        lines += line.cells is not None or not line.fatal
        faults = line.faults if line.cells is None else read_line(line.line, line.cells).faults
        number = None if line.cells is None else customer_number_of(line.cells)
        if number is not None:
            digest = int.from_bytes(hashlib.blake2b(number.encode(), digest_size=8).digest(), "big")
            if digest in seen:
                faults = (*faults, LineFault(line.line, "customer_number", "duplicate_customer"))
            seen.add(digest)
        refused += any(not fault.warning for fault in faults)
        tally.note(faults)
        if report is not None:
            report("reading", line.read, source.size)
    return Checked(lines, refused, tally.warnings, tally.faults())
