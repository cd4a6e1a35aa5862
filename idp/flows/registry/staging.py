"""Every line of a file is judged and staged; nothing of the registry is changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from idp.accounts.registry_line import Cells, LineFault, SourceLine, customer_number_of, read_line
from idp.flows.registry.progress import BATCH, READING_VERSION, Counts, Progress, Run
from idp.flows.registry.reading import Faults, Tally
from idp.store import registry as store
from idp.store.registry import StagedLine
from idp.store.sealing import Sealer


@dataclass(frozen=True, slots=True)
class Rejected:
    """The file has faults and nothing was changed."""

    counts: Counts
    faults: Faults


def stage(run: Run) -> Progress | Rejected:
    """Stage every line; the counts hold what was refused and warned about."""
    tally = Tally()
    refused = staged = 0
    nameless = fatal = False
    lines = run.source.lines()
    while batch := list(islice(lines, BATCH)):
        fatal = fatal or batch[-1].fatal
        for_staging, faults = _judge(run, batch)
        for line in batch:
            wrong = faults.get(line.line, ())
            tally.note(wrong)
            if any(not fault.warning for fault in wrong):
                refused += 1
                nameless = nameless or line.cells is None or customer_number_of(line.cells) is None
        with run.idp.writing() as tx:
            store.stage(tx, run.id, for_staging)
        staged += len(for_staging)
        run.renew()
        run.report("reading", batch[-1].read, run.source.size)
    if run.snapshot and not staged and not fatal:
        # A file cut short after its header is no reason to end every customer there is.
        tally.note((LineFault(1, None, "empty_snapshot"),))
        refused, fatal = refused + 1, True
    counts = Counts(refused=refused, warnings=tally.warnings)
    if fatal or (refused and not run.skip_invalid):
        return Rejected(counts, tally.faults())
    run.shown = tally.faults().shown
    progress = Progress(counts, staged, nameless, tally.faults().count)
    with run.idp.writing() as tx:
        store.keep_progress(tx, run.id, run.sealed(progress))
    return progress


def _judge(
    run: Run, batch: Sequence[SourceLine]
) -> tuple[list[StagedLine], dict[int, tuple[LineFault, ...]]]:
    """What to stage of these lines, and what is wrong with each."""
    numbers = {line.line: customer_number_of(line.cells) for line in batch if line.cells is not None}
    known = sorted({number for number in numbers.values() if number is not None})
    with run.idp.reading() as tx:
        on_file = store.fingerprints(tx, known)
        first_lines = store.staged_lines_of(tx, run.id, known)
    staged: list[StagedLine] = []
    faults: dict[int, tuple[LineFault, ...]] = {}
    for line in batch:
        if line.cells is None:
            faults[line.line] = line.faults
            continue
        number = numbers[line.line]
        one, wrong = _judge_line(run, line.line, line.cells, number, on_file)
        first = first_lines.setdefault(number, line.line) if number is not None else line.line
        if first != line.line:
            wrong = (
                *wrong,
                LineFault(line.line, "customer_number", "duplicate_customer", f"line {first}"),
            )
            one = None
        if one is not None:
            staged.append(one)
        faults[line.line] = wrong
    return staged, faults


def _judge_line(
    run: Run, line: int, cells: Cells, number: str | None, on_file: dict[str, bytes]
) -> tuple[StagedLine | None, tuple[LineFault, ...]]:
    fingerprint = _fingerprint(run.idp.sealer, cells)
    if number is not None and on_file.get(number) == fingerprint:
        return StagedLine(line, number, fingerprint, b""), ()
    reading = read_line(line, cells)
    if reading.record is not None:
        sealed = store.seal(run.idp.sealer, reading.record)
        return StagedLine(line, reading.record.customer_number, fingerprint, sealed), reading.faults
    # Refused, but named: a snapshot must not end this customer.
    return None if number is None else StagedLine(line, number, b"", b""), reading.faults


def _fingerprint(sealer: Sealer, cells: Cells) -> bytes:
    return sealer.fingerprint(
        {"reading": READING_VERSION, **{name: text.strip() for name, text in cells.items()}}
    )
