"""Reading a registry file: what is no line of it is told with its place."""

import codecs
from pathlib import Path

import pytest

from idp.accounts.registry_line import COLUMNS, SourceLine
from idp.adapters.registry_file import RegistryFile

HEADER = ",".join(COLUMNS)
ROW = ",".join(["C1", *[""] * 15])


def read(tmp_path: Path, content: str | bytes) -> list[SourceLine]:
    """The lines of a file with this content."""
    path = tmp_path / "registry.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(RegistryFile(path).lines())


def told(lines: list[SourceLine]) -> list[tuple[int, str | None, str, bool]]:
    """Line, column, code and finality of every fault."""
    return [(fault.line, fault.column, fault.code, line.fatal) for line in lines for fault in line.faults]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", codecs.BOM_UTF8])
def test_lines_are_numbered_as_an_editor_does(tmp_path: Path, end: str, bom: bytes) -> None:
    lines = read(tmp_path, bom + end.join([HEADER, ROW, "", ROW, ""]).encode())
    assert told(lines) == []
    assert [line.line for line in lines] == [2, 4]
    assert lines[0].cells is not None
    assert lines[0].cells["customer_number"] == "C1"


def test_the_last_line_needs_no_end(tmp_path: Path) -> None:
    assert [line.line for line in read(tmp_path, f"{HEADER}\n{ROW}")] == [2]


def test_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    columns = list(reversed(COLUMNS))
    (line,) = read(tmp_path, f"{','.join(columns)}\n{','.join([''] * 15 + ['C1'])}\n")
    assert line.cells is not None
    assert line.cells["customer_number"] == "C1"


def test_cells_may_be_quoted_and_hold_commas_quotes_and_line_ends(tmp_path: Path) -> None:
    quoted = ROW.replace("C1,,,", 'C1,,,"Caffè ""Da Ugo"", Bar\nSecondo"')
    lines = read(tmp_path, f"{HEADER}\n{quoted}\n{ROW}\n")
    assert lines[0].cells is not None
    assert lines[0].cells["given_name"] == 'Caffè "Da Ugo", Bar\nSecondo'
    assert [line.line for line in lines] == [2, 4]


def test_every_fault_of_the_header_is_told_and_nothing_is_read(tmp_path: Path) -> None:
    header = HEADER.replace("tax_code", "codice_fiscale").replace("vat_number", "profile")
    lines = read(tmp_path, f"{header}\n{ROW}\n")
    assert told(lines) == [
        (1, "profile", "duplicate_column", True),
        (1, "tax_code", "missing_column", True),
        (1, "vat_number", "missing_column", True),
        (1, None, "unknown_column", True),
    ]


def test_an_empty_file_is_told_as_such(tmp_path: Path) -> None:
    assert told(read(tmp_path, "")) == [(1, None, "empty_file", True)]


def test_a_ragged_line_is_told_and_the_next_one_read(tmp_path: Path) -> None:
    lines = read(tmp_path, f"{HEADER}\nC1,person\n{ROW},more\n{ROW}\n")
    assert told(lines) == [(2, None, "too_few_cells", False), (3, None, "too_many_cells", False)]
    assert lines[2].cells is not None


def test_what_is_not_utf8_is_told_with_its_octet_and_the_next_line_read(tmp_path: Path) -> None:
    broken = ROW.replace("C1,,,", "C1,,,Niccol").encode() + b"\xf2"
    content = f"{HEADER}\n{ROW}\n".encode() + broken + b"\n" + ROW.encode() + b"\n"
    lines = read(tmp_path, content)
    assert told(lines) == [(3, None, "not_utf8", False)]
    assert lines[1].faults[0].detail == f"octet {content.index(0xF2)} of the file"
    assert lines[2].cells is not None


@pytest.mark.parametrize(
    "broken",
    ['"never closed', '"closed"and more', "x" * 2_000_000],
    ids=["an open quote", "text after a quote", "a line without end"],
)
def test_what_is_no_csv_ends_the_reading(tmp_path: Path, broken: str) -> None:
    lines = read(tmp_path, f"{HEADER}\n{ROW}\n{broken}\n{ROW}\n")
    assert told(lines) == [(3, None, "not_csv", True)]


def test_how_far_it_has_read_is_told(tmp_path: Path) -> None:
    lines = read(tmp_path, f"{HEADER}\n{ROW}\n{ROW}\n")
    assert [line.read for line in lines] == [len(HEADER) + len(ROW) + 2, len(HEADER) + 2 * len(ROW) + 3]
    assert RegistryFile(tmp_path / "registry.csv").size == lines[-1].read


def test_the_same_content_has_the_same_digest(tmp_path: Path) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    for path in (one, other):
        path.write_text(HEADER)
    assert RegistryFile(one).digest() == RegistryFile(other).digest()
    other.write_text(HEADER + "\n")
    assert RegistryFile(one).digest() != RegistryFile(other).digest()
