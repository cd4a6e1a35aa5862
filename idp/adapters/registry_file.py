"""The agency registry as a CSV file (UTF-8, header row), read line by line and never held whole."""

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from idp.accounts.registry_line import COLUMNS, LineFault, SourceLine

_LONGEST_LINE = 1024 * 1024
"""Octets; whoever forgot the line ends gets a message, not a full memory."""

_BOM = "\ufeff"

_OTHER_SEPARATORS = {"semicolons": ";", "tabs": "\t"}
"""What spreadsheets write where the comma is the decimal sign, as in Italy."""


class RegistryFile:
    """A registry file, as often as one likes to read it. Raises ``OSError`` where it cannot be read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def size(self) -> int:
        """Its length in octets."""
        return self._path.stat().st_size

    def digest(self) -> bytes:
        """The SHA-256 of its content."""
        with self._path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()

    def lines(self) -> Iterator[SourceLine]:
        """Every line after the header; a header that is wrong gives one fatal line and nothing else."""
        with self._path.open("rb") as file:
            yield from _Reader(file).lines()


class _Reader:
    """Cuts one open file into lines, counting lines and octets on the way."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._read = 0
        self._line = 0
        # Faults of the lines that the CSV reader asked for since the last row.
        self._undecoded: list[LineFault] = []

    def lines(self) -> Iterator[SourceLine]:
        rows = csv.reader(self._decoded(), strict=True)
        began = 1
        header: list[str] | None = None
        try:
            for row in rows:
                faults = tuple(self._undecoded)
                self._undecoded.clear()
                line, began = began, self._line + 1
                if not row:
                    continue
                if header is None:
                    header = [name.strip() for name in row]
                    wrong = faults or tuple(_header_faults(line, header))
                    if wrong:
                        yield SourceLine(line, None, self._read, wrong, fatal=True)
                        return
                    continue
                yield self._row(line, header, row, faults)
        except csv.Error as fault:
            broken = LineFault(began, None, "not_csv", str(fault))
            yield SourceLine(began, None, self._read, (broken,), fatal=True)
            return
        if header is None:
            yield SourceLine(1, None, self._read, (LineFault(1, None, "empty_file"),), fatal=True)

    def _row(self, line: int, header: list[str], row: list[str], faults: tuple[LineFault, ...]) -> SourceLine:
        if not faults and len(row) != len(header):
            code = "too_few_cells" if len(row) < len(header) else "too_many_cells"
            faults = (LineFault(line, None, code, f"{len(row)} instead of {len(header)}"),)
        cells = None if faults else dict(zip(header, row, strict=True))
        return SourceLine(line, cells, self._read, faults)

    def _decoded(self) -> Iterator[str]:
        """The file's lines as text; what is not UTF-8 is noted, and replaced so that reading goes on."""
        while raw := self._file.readline(_LONGEST_LINE):
            began, self._read = self._read, self._read + len(raw)
            self._line += 1
            if len(raw) == _LONGEST_LINE and not raw.endswith(b"\n"):
                raise csv.Error(f"line longer than {_LONGEST_LINE} octets")
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError as fault:
                detail = f"octet {began + fault.start} of the file"
                self._undecoded.append(LineFault(self._line, None, "not_utf8", detail))
                text = raw.decode("utf-8", "replace")
            yield text.removeprefix(_BOM) if self._line == 1 else text


def _header_faults(line: int, header: list[str]) -> Iterator[LineFault]:
    for name, separator in _OTHER_SEPARATORS.items():
        if len(header) == 1 and set(header[0].split(separator)) >= {"customer_number", "profile"}:
            yield LineFault(line, None, "wrong_separator", f"not by {name}")
            return
    for column in COLUMNS:
        if column not in header:
            yield LineFault(line, column, "missing_column")
        elif header.count(column) > 1:
            yield LineFault(line, column, "duplicate_column")
    for place, name in enumerate(header, start=1):
        if name not in COLUMNS:
            yield LineFault(line, None, "unknown_column", f"column {place}: {name[:40]!r}")
