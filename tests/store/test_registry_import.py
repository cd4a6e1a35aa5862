"""Importing the registry: all or nothing, again and again, and on where it stopped."""

import csv
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from importlib import resources
from pathlib import Path

import pytest
from sqlalchemy import func, select

from idp.accounts.registry import Standing
from idp.accounts.registry_line import SourceLine
from idp.adapters.registry_file import RegistryFile
from idp.flows import record_search
from idp.flows.registry import importing, progress, reading
from idp.flows.registry.importing import Busy, Imported
from idp.flows.registry.progress import Counts
from idp.flows.registry.staging import Rejected
from idp.store.tables import (
    accounts,
    agency_contacts,
    audit_events,
    customer_contacts,
    customer_records,
    registry_lines,
)
from idp.values import RecordState, parse_contact, parse_identifier
from tests.data.many_customers import write
from tests.service.in_process import InProcess
from tests.store.racing import NOW

DEMO = Path(str(resources.files("idp") / "demo" / "customers.csv"))


def imported(house: InProcess, path: Path, *, skip_invalid: bool = False, snapshot: bool = False) -> Counts:
    """The counts of an import that went through."""
    outcome = importing.import_file(
        house.idp, RegistryFile(path), now=NOW, skip_invalid=skip_invalid, snapshot=snapshot
    )
    assert isinstance(outcome, Imported), outcome
    return outcome.counts


def changed(tmp_path: Path, **changes: dict[str, str] | None) -> Path:
    """The demo file with some cells of some customers changed, or whole customers (None) left out."""
    with DEMO.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    path = tmp_path / "changed.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        for row in rows:
            change = changes.get(row["customer_number"], {})
            if change is not None:
                writer.writerow({**row, **change})
    return path


def staged(house: InProcess) -> int:
    """How many rows of imports under way there are."""
    with house.idp.reading() as tx:
        return int(tx.execute(select(func.count()).select_from(registry_lines)).scalar_one())


def everything(house: InProcess) -> list[object]:
    """The registry's tables as they stand, to be compared."""
    with house.idp.reading() as tx:
        return [
            sorted(tuple(row) for row in tx.execute(select(table)))
            for table in (customer_records, customer_contacts, agency_contacts)
        ]


def test_the_demo_registry_is_imported_and_then_unchanged(house: InProcess) -> None:
    assert importing.is_empty(house.idp)
    assert imported(house, DEMO) == Counts(added=29, warnings=1)
    assert not importing.is_empty(house.idp)
    before = everything(house)
    assert imported(house, DEMO) == Counts(unchanged=29)
    assert everything(house) == before
    assert staged(house) == 0


def test_a_changed_line_changes_its_customer_and_no_other(house: InProcess, tmp_path: Path) -> None:
    imported(house, DEMO)
    path = changed(tmp_path, C100001={"emails": "nuova@posta.example", "updated_on": "2026-11-22"})
    assert imported(house, path) == Counts(changed=1, unchanged=28)
    (maria,) = record_search.find(house.idp, "C100001", now=NOW)
    assert [one.contact.text for one in maria.record.contacts] == ["nuova@posta.example", "+393331234501"]
    old = house.idp.registry.by_contact(parse_contact("maria.rossi@posta.example"))
    assert [one.customer_number for one in old] == ["C100026"]


def test_a_file_is_a_delta(house: InProcess, tmp_path: Path) -> None:
    imported(house, DEMO)
    assert imported(house, changed(tmp_path, C100001=None)) == Counts(unchanged=28)
    (maria,) = record_search.find(house.idp, "C100001", now=NOW)
    assert maria.record.state is RecordState.ACTIVE


def test_a_snapshot_ends_who_is_missing_and_the_next_one_brings_them_back(
    house: InProcess, tmp_path: Path
) -> None:
    imported(house, DEMO)
    # The deceased customer is left out too, and stays deceased.
    path = changed(tmp_path, C100001=None, C100027=None)
    assert imported(house, path, snapshot=True) == Counts(unchanged=27, ended=2 - 1)
    (maria,) = record_search.find(house.idp, "C100001", now=NOW)
    (ernesto,) = record_search.find(house.idp, "C100027", now=NOW)
    assert (maria.record.state, ernesto.record.state) == (RecordState.ENDED, RecordState.DECEASED)
    assert imported(house, path, snapshot=True) == Counts(unchanged=27)
    assert imported(house, DEMO, snapshot=True) == Counts(unchanged=28, changed=1)
    (maria,) = record_search.find(house.idp, "C100001", now=NOW)
    assert maria.record.state is RecordState.ACTIVE


def test_a_faulty_line_refuses_the_file_and_every_fault_is_told(house: InProcess, tmp_path: Path) -> None:
    imported(house, DEMO)
    before = everything(house)
    path = changed(
        tmp_path,
        C100001={"emails": "nuova@posta.example"},
        C100003={"tax_code": "VRDLCU92A05L219Q", "mobiles": "12"},
        C100005={"customer_number": "C100002"},
    )
    outcome = importing.import_file(house.idp, RegistryFile(path), now=NOW)
    assert isinstance(outcome, Rejected)
    assert [(fault.line, fault.column, fault.code) for fault in outcome.faults.shown] == [
        (4, "tax_code", "invalid_tax_code"),
        (4, "mobiles", "invalid_mobile"),
        (6, "customer_number", "duplicate_customer"),
    ]
    assert outcome.faults.shown[2].detail == "line 3"
    assert outcome.counts.refused == 2
    assert everything(house) == before
    assert staged(house) == 0


def test_skip_invalid_leaves_faulty_lines_out(house: InProcess, tmp_path: Path) -> None:
    path = changed(tmp_path, C100003={"tax_code": "x"}, C100005={"customer_number": "C100002"})
    assert imported(house, path, skip_invalid=True) == Counts(added=27, refused=2, warnings=1)
    assert record_search.find(house.idp, "C100003", now=NOW) == ()
    (giovanni,) = record_search.find(house.idp, "C100002", now=NOW)
    assert giovanni.record.given_name == "Giovanni"


def test_a_customer_on_two_lines_of_two_batches_is_found(house: InProcess, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    write(path, progress.BATCH + 5)
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[1]]) + "\n", "utf-8")
    outcome = importing.import_file(house.idp, RegistryFile(path), now=NOW)
    assert isinstance(outcome, Rejected)
    assert [(fault.line, fault.detail) for fault in outcome.faults.shown] == [(len(lines) + 1, "line 2")]


def test_a_snapshot_that_names_nobody_is_refused_instead_of_ending_everybody(
    house: InProcess, tmp_path: Path
) -> None:
    imported(house, DEMO)
    path = tmp_path / "cut.csv"
    path.write_text(DEMO.read_text(encoding="utf-8").partition("\n")[0] + "\n", encoding="utf-8")
    outcome = importing.import_file(house.idp, RegistryFile(path), now=NOW, snapshot=True)
    assert isinstance(outcome, Rejected)
    assert [fault.code for fault in outcome.faults.shown] == ["empty_snapshot"]
    assert imported(house, DEMO, snapshot=True) == Counts(unchanged=29)
    assert imported(house, path) == Counts()


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_file_of_a_spreadsheet_with_other_separators_is_told_so_in_one_line(
    house: InProcess, tmp_path: Path, separator: str
) -> None:
    path = tmp_path / "spreadsheet.csv"
    text = DEMO.read_text(encoding="utf-8").replace(",", separator)
    path.write_text(text, encoding="utf-8-sig", newline="\r\n")
    outcome = importing.import_file(house.idp, RegistryFile(path), now=NOW)
    assert isinstance(outcome, Rejected)
    assert [fault.code for fault in outcome.faults.shown] == ["wrong_separator"]


def test_a_snapshot_ends_nobody_whose_line_was_refused(house: InProcess, tmp_path: Path) -> None:
    imported(house, DEMO)
    path = changed(tmp_path, C100001={"tax_code": "x"}, C100002=None)
    counts = imported(house, path, snapshot=True, skip_invalid=True)
    assert counts == Counts(unchanged=27, refused=1, ended=1)
    (maria,) = record_search.find(house.idp, "C100001", now=NOW)
    assert maria.record.state is RecordState.ACTIVE


def test_a_snapshot_ends_nobody_at_all_where_a_line_does_not_say_whose_it_is(
    house: InProcess, tmp_path: Path
) -> None:
    imported(house, DEMO)
    path = changed(tmp_path, C100001={"customer_number": "?"}, C100002=None)
    outcome = importing.import_file(house.idp, RegistryFile(path), now=NOW, snapshot=True, skip_invalid=True)
    assert isinstance(outcome, Imported)
    assert outcome.kept_unnamed
    assert outcome.counts == Counts(unchanged=27, refused=1)


@pytest.mark.parametrize("skip_invalid", [False, True])
def test_a_file_that_breaks_off_changes_nothing_whatever_the_option(
    house: InProcess, tmp_path: Path, skip_invalid: bool
) -> None:
    path = tmp_path / "broken.csv"
    path.write_text(DEMO.read_text("utf-8") + '"never closed\n', "utf-8")
    outcome = importing.import_file(house.idp, RegistryFile(path), now=NOW, skip_invalid=skip_invalid)
    assert isinstance(outcome, Rejected)
    assert outcome.faults.shown[-1].code == "not_csv"
    assert importing.is_empty(house.idp)
    assert staged(house) == 0


class Cut(Exception):
    """The import was cut short."""


@pytest.mark.parametrize("phase", ["reading", "applying"])
def test_an_import_that_was_cut_short_goes_on_where_it_stopped(
    house: InProcess, tmp_path: Path, phase: str
) -> None:
    path = tmp_path / "many.csv"
    write(path, 3 * progress.BATCH)
    calls = 0

    def cut(now_in: str, done: int, of: int) -> None:
        nonlocal calls
        calls += now_in == phase
        if calls == 2:
            raise Cut

    with pytest.raises(Cut):
        importing.import_file(house.idp, RegistryFile(path), now=NOW, report=cut)
    with house.idp.reading() as tx:
        there = int(tx.execute(select(func.count()).select_from(customer_records)).scalar_one())
    assert there == (0 if phase == "reading" else 2 * progress.BATCH)
    applied: list[int] = []
    outcome = importing.import_file(
        house.idp,
        RegistryFile(path),
        now=NOW,
        report=lambda now_in, done, of: applied.append(done) if now_in == "applying" else None,
    )
    assert isinstance(outcome, Imported)
    assert outcome.resumed is (phase == "applying")
    assert outcome.counts == Counts(added=3 * progress.BATCH)
    assert len(applied) == (3 if phase == "reading" else 1)
    assert staged(house) == 0


def test_what_another_file_left_behind_is_thrown_away(house: InProcess, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    write(path, 2 * progress.BATCH)

    def cut(phase: str, done: int, of: int) -> None:
        raise Cut

    with pytest.raises(Cut):
        importing.import_file(house.idp, RegistryFile(path), now=NOW, report=cut)
    assert staged(house) == progress.BATCH
    assert imported(house, DEMO) == Counts(added=29, warnings=1)
    assert staged(house) == 0


def test_a_second_import_at_the_same_time_is_told_to_wait(house: InProcess) -> None:
    outcomes: list[object] = []

    def meanwhile(phase: str, done: int, of: int) -> None:
        outcomes.append(importing.import_file(house.idp, RegistryFile(DEMO), now=NOW))

    importing.import_file(house.idp, RegistryFile(DEMO), now=NOW, report=meanwhile)
    assert outcomes
    assert all(isinstance(outcome, Busy) for outcome in outcomes)
    assert imported(house, DEMO) == Counts(unchanged=29)


def test_look_ups_and_other_writes_go_on_during_an_import(house: InProcess, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    write(path, 5 * progress.BATCH)
    done = threading.Event()

    def run() -> None:
        importing.import_file(house.idp, RegistryFile(path), now=NOW)
        done.set()

    meanwhile = threading.Thread(target=run)
    meanwhile.start()
    wrote = 0
    while not done.is_set():
        house.idp.ephemera.bump("meanwhile", 600, NOW)
        record_search.find(house.idp, "cliente7@posta.example", now=NOW)
        wrote += 1
    meanwhile.join()
    assert house.idp.ephemera.count("meanwhile", NOW) == wrote > 1


def test_nothing_personal_stands_in_clear(house: InProcess) -> None:
    imported(house, DEMO)
    clear = ("Rossi", "maria.rossi", "333123", "RSSMRA", "12345010586", "1980-04-12")
    with house.idp.reading() as tx:
        for table in (customer_records, customer_contacts, agency_contacts, registry_lines, audit_events):
            stored = "\n".join(str(tuple(row)) for row in tx.execute(select(table)))
            assert not [word for word in clear if word in stored]


def test_an_import_is_in_the_audit_trail(house: InProcess) -> None:
    imported(house, DEMO)
    with house.idp.reading() as tx:
        row = tx.execute(select(audit_events).where(audit_events.c.name == "registry_imported")).one()
    assert json.loads(row.details)["added"] == 29


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("C100019", ["C100019"]),
        ("MRNMRC82B02H50ML", ["C100019"]),
        ("mrnmrc82b02h501t", ["C100019"]),
        ("RSSMRA80D52H501K", ["C100001", "C100026"]),
        ("12345030584", ["C100009"]),
        ("IT12345010586", ["C100007"]),
        ("01234560587", ["C100018"]),
        ("HANS.GRUBER@posta.example", ["C100023"]),
        ("333 123 4501", ["C100001", "C100026"]),
        ("+39 0471 555 777", []),
        ("nobody@posta.example", []),
        ("?", []),
    ],
)
def test_a_customer_is_found_by_whatever_identifies_one(
    house: InProcess, typed: str, numbers: list[str]
) -> None:
    imported(house, DEMO)
    assert [one.record.customer_number for one in record_search.find(house.idp, typed, now=NOW)] == numbers


@pytest.mark.parametrize(
    ("contact", "numbers", "holders", "of_agency"),
    [
        ("maria.rossi@posta.example", ["C100001", "C100026"], 1, False),
        ("famiglia.esposito@posta.example", ["C100004", "C100005"], 2, False),
        ("gallo.lecce@posta.example", ["C100016", "C100017"], 2, False),
        ("milano.navigli@agenzie.example", ["C100021", "C100022"], 2, True),
        ("roma.prati@agenzie.example", [], 0, True),
        ("nobody@posta.example", [], 0, False),
    ],
)
def test_a_contact_is_known_with_its_holders(
    house: InProcess, contact: str, numbers: list[str], holders: int, of_agency: bool
) -> None:
    imported(house, DEMO)
    found = house.idp.registry.by_contact(parse_contact(contact))
    assert [one.customer_number for one in found] == numbers
    assert house.idp.registry.standings([parse_contact(contact)]) == (Standing(holders, of_agency),)


def test_each_question_costs_the_same_statements_whatever_it_finds(house: InProcess) -> None:
    imported(house, DEMO)
    ask = house.idp.registry
    contacts = [
        parse_contact(f"{name}@posta.example") for name in ("maria.rossi", "famiglia.esposito", "nobody")
    ]
    codes = [parse_identifier(code) for code in ("RSSMRA80D52H501K", "12345030584", "RSSMRA80A01H501U")]
    questions: dict[str, list[Callable[[], object]]] = {
        "by contact": [partial(ask.by_contact, contact) for contact in contacts],
        "by identifier": [partial(ask.by_identifier, code) for code in codes],
        "by customer number": [partial(ask.by_customer_number, number) for number in ("C100001", "", "X")],
        "standings": [partial(ask.standings, [contact] * 3) for contact in contacts],
    }
    for name, same in questions.items():
        costs = set()
        for question in same:
            with house.counting() as counts:
                question()
            costs.add(tuple(counts.statements))
        assert len(costs) == 1, name
        # Another fetches what stands in for records that are not there.
        assert len(costs.pop()) == (1 if name == "standings" else 2), name


def test_a_found_record_tells_whether_it_has_an_account(house: InProcess) -> None:
    from tests.store.racing import account

    imported(house, DEMO)
    with house.idp.writing() as tx:
        values = account("sub-1")
        tx.execute(accounts.insert(), {name: getattr(values, name) for name in type(values).__slots__})
    found = record_search.find(house.idp, "maria.rossi@posta.example", now=NOW)
    assert [(one.record.customer_number, one.registered) for one in found] == [
        ("C100001", True),
        ("C100026", False),
    ]


class Endless:
    """A source that has as many faulty lines as one asks for."""

    size = 0

    def digest(self) -> bytes:
        return b"endless"

    def lines(self) -> Iterator[SourceLine]:
        with DEMO.open(encoding="utf-8", newline="") as file:
            row = next(csv.DictReader(file))
        for number in range(2, 3002):
            yield SourceLine(number, {**row, "customer_number": f"C{number}", "tax_code": "x"}, number)


def test_faults_beyond_the_first_thousand_are_counted_only() -> None:
    checked = reading.check(Endless())
    assert (checked.refused, checked.faults.count) == (3000, 3000)
    assert len(checked.faults.shown) == reading.MOST_FAULTS


_MEASURED = """
import sys
from pathlib import Path
import psutil
from idp.adapters.registry_file import RegistryFile
from idp.flows import record_search
from idp.flows.registry import importing
from idp.store import schema
from tests.service.in_process import open_in_process, settings_for

folder, file = Path(sys.argv[1]), Path(sys.argv[2])
house = open_in_process(settings_for(folder, f"sqlite:///{folder / 'many.sqlite3'}"))
schema.upgrade(house.idp.database)
me, seen = psutil.Process(), []


def measure(*_):
    info = me.memory_info()
    # Without the database's own pages, which SQLite maps into memory and the system may drop at any time.
    seen.append(info.rss - info.shared)


outcome = importing.import_file(house.idp, RegistryFile(file), now=1, report=measure)
# The first tenth fills caches; from there on memory must not grow with the file.
print(outcome.counts.added, max(seen) - max(seen[: len(seen) // 10]))
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_thousand_lines_are_imported_in_bounded_memory(service_folder: Path) -> None:
    file = service_folder / "many.csv"
    write(file, 100_000)
    command = [sys.executable, "-c", _MEASURED, str(service_folder), str(file)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    added, grown = map(int, ran.stdout.split())
    assert added == 100_000
    assert grown < 32 * 1024 * 1024
