"""The agency registry: importing files of it, and checking them.

::

    reading ──every line valid, or --skip-invalid──▶ applying ──▶ ending (--snapshot) ──▶ done
       └──a fault──▶ refused: nothing was changed

Lines are staged in the database while they are read, so that memory stays small and nothing is changed before
the last line was seen. They are applied in batches, each one transaction that also writes the progress: an
import that was cut short goes on where it stopped when the same file is imported again, and sign-in goes on
meanwhile. A line whose fingerprint stands on file already is neither read closely nor written.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Protocol

from idp.accounts.audit import Event
from idp.accounts.records import CustomerRecord
from idp.accounts.registry_line import Cells, LineFault, SourceLine, customer_number_of, read_line
from idp.flows import life
from idp.flows.idp import Idp
from idp.store import audit
from idp.store import registry as store
from idp.store.registry import RecordRow, SealedRecord, StagedLine
from idp.store.sealing import Sealer
from idp.values import RecordState

BATCH = 200
"""Lines of one transaction: on SQLite others wait for it to end."""

MOST_FAULTS = 1000
"""Faults that are kept to be shown; the rest is only counted."""

_READING_VERSION = 1
"""Raised when lines come to be read differently, so that unchanged ones are read again."""

_LOCK = "registry-import"
_LOCK_LIFE = 60
_LOCK_RENEWAL = 10


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
class Counts:
    """What became of the lines; ``ended`` are records a snapshot did not name."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    ended: int = 0
    warnings: int = 0


@dataclass(frozen=True, slots=True)
class Faults:
    """The first faults and warnings in the file's order, and how many there are in all."""

    shown: tuple[LineFault, ...] = ()
    count: int = 0


@dataclass(frozen=True, slots=True)
class Imported:
    """The file is applied. ``kept_unnamed``: a snapshot ended nothing, as a line told not whose it was."""

    counts: Counts
    faults: Faults
    resumed: bool = False
    kept_unnamed: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """The file has faults and nothing was changed."""

    counts: Counts
    faults: Faults


@dataclass(frozen=True, slots=True)
class Busy:
    """Another import is under way, or was cut short a moment ago; try again after ``retry_after`` seconds."""

    retry_after: int = _LOCK_LIFE


@dataclass(frozen=True, slots=True)
class Checked:
    """What reading a file said; ``lines`` counts those of customers."""

    lines: int
    refused: int
    warnings: int
    faults: Faults


Report = Callable[[str, int, int], None]
"""Told the phase (``reading``, ``applying``, ``ending``), how much is done, and of how much (0: unknown)."""


def is_empty(idp: Idp) -> bool:
    """Whether no record was ever imported."""
    with idp.reading() as tx:
        return store.is_empty(tx)


def check(source: RegistrySource, report: Report | None = None) -> Checked:
    """Read a file as an import would, and change nothing; eight octets of each customer number are kept."""
    tally = _Tally()
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


def import_file(
    idp: Idp,
    source: RegistrySource,
    *,
    now: int,
    skip_invalid: bool = False,
    snapshot: bool = False,
    report: Report | None = None,
) -> Imported | Rejected | Busy:
    """Bring the registry to what the file says.

    A file is a delta: customers it does not name stay, unless it is a ``snapshot``. With ``skip_invalid``
    faulty lines are left out, else one of them refuses the whole file. Raises ``DatabaseDown``,
    ``EphemeraDown`` and what reading the source raises; after any of these the same call goes on.
    """
    if not idp.ephemera.add(_LOCK, b"", _LOCK_LIFE, idp.clock.now()):
        return Busy()
    try:
        return _Import(idp, source, now, skip_invalid, snapshot, report).run()
    finally:
        idp.ephemera.drop(_LOCK)


class _Tally:
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
class _Progress:
    """What the staging row of an import keeps while its lines are applied."""

    counts: Counts
    to_apply: int
    # A refused line that did not even tell whose it was: a snapshot must not end anybody then.
    nameless: bool
    faults: int


class _Import:
    """One run of one import."""

    def __init__(
        self,
        idp: Idp,
        source: RegistrySource,
        now: int,
        skip_invalid: bool,
        snapshot: bool,
        report: Report | None,
    ) -> None:
        self._idp = idp
        self._source = source
        self._now = now
        self._skip_invalid = skip_invalid
        self._snapshot = snapshot
        self._report = report or (lambda _phase, _done, _of: None)
        self._renewed_at = idp.clock.now()
        # What to show of the faults; a run that goes on where another stopped has only their number.
        self._shown: tuple[LineFault, ...] = ()
        # The same file in the same mode is the same import, so that it can go on where it stopped.
        mode = bytes([_READING_VERSION, skip_invalid, snapshot])
        digest = hashlib.sha256(source.digest() + mode).digest()[:16]
        self._id = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def run(self) -> Imported | Rejected:
        self._discard(others=True)
        progress = self._load()
        resumed = progress is not None
        if progress is None:
            self._discard(others=False)
            read = self._read()
            if isinstance(read, Rejected):
                self._discard(others=False)
                return read
            progress = read
        progress = self._apply(progress)
        if self._snapshot and not progress.nameless:
            progress = self._end_unnamed(progress)
        with self._idp.writing() as tx:
            details = {"import": self._id, "snapshot": self._snapshot, **asdict(progress.counts)}
            audit.add(tx, Event.REGISTRY_IMPORTED, at=self._now, details=details)
        self._discard(others=False)
        kept = self._snapshot and progress.nameless
        return Imported(progress.counts, Faults(self._shown, progress.faults), resumed, kept)

    # --- reading -------------------------------------------------------------------------------------------

    def _read(self) -> _Progress | Rejected:
        """Stage every line; the counts hold what was refused and warned about."""
        tally = _Tally()
        refused = staged = 0
        nameless = fatal = False
        lines = self._source.lines()
        while batch := list(islice(lines, BATCH)):
            fatal = fatal or batch[-1].fatal
            for_staging, faults = self._judge(batch)
            for line in batch:
                wrong = faults.get(line.line, ())
                tally.note(wrong)
                if any(not fault.warning for fault in wrong):
                    refused += 1
                    nameless = nameless or line.cells is None or customer_number_of(line.cells) is None
            with self._idp.writing() as tx:
                store.stage(tx, self._id, for_staging)
            staged += len(for_staging)
            self._renew()
            self._report("reading", batch[-1].read, self._source.size)
        if self._snapshot and not staged and not fatal:
            # A file cut short after its header is no reason to end every customer there is.
            tally.note((LineFault(1, None, "empty_snapshot"),))
            refused, fatal = refused + 1, True
        counts = Counts(refused=refused, warnings=tally.warnings)
        if fatal or (refused and not self._skip_invalid):
            return Rejected(counts, tally.faults())
        self._shown = tally.faults().shown
        progress = _Progress(counts, staged, nameless, tally.faults().count)
        with self._idp.writing() as tx:
            store.keep_progress(tx, self._id, self._sealed(progress))
        return progress

    def _judge(
        self, batch: Sequence[SourceLine]
    ) -> tuple[list[StagedLine], dict[int, tuple[LineFault, ...]]]:
        """What to stage of these lines, and what is wrong with each."""
        numbers = {line.line: customer_number_of(line.cells) for line in batch if line.cells is not None}
        known = sorted({number for number in numbers.values() if number is not None})
        with self._idp.reading() as tx:
            on_file = store.fingerprints(tx, known)
            first_lines = store.staged_lines_of(tx, self._id, known)
        staged: list[StagedLine] = []
        faults: dict[int, tuple[LineFault, ...]] = {}
        for line in batch:
            if line.cells is None:
                faults[line.line] = line.faults
                continue
            number = numbers[line.line]
            one, wrong = self._judge_line(line.line, line.cells, number, on_file)
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
        self, line: int, cells: Cells, number: str | None, on_file: dict[str, bytes]
    ) -> tuple[StagedLine | None, tuple[LineFault, ...]]:
        fingerprint = _fingerprint(self._idp.sealer, cells)
        if number is not None and on_file.get(number) == fingerprint:
            return StagedLine(line, number, fingerprint, b""), ()
        reading = read_line(line, cells)
        if reading.record is not None:
            sealed = store.seal(self._idp.sealer, reading.record)
            return StagedLine(line, reading.record.customer_number, fingerprint, sealed), reading.faults
        # Refused, but named: a snapshot must not end this customer.
        return None if number is None else StagedLine(line, number, b"", b""), reading.faults

    # --- applying ------------------------------------------------------------------------------------------

    def _apply(self, progress: _Progress) -> _Progress:
        total = progress.to_apply
        while True:
            with self._idp.reading() as tx:
                batch = store.staged(tx, self._id, at_most=BATCH)
                on_file = store.fingerprints(tx, [line.customer_number for line in batch])
            if not batch:
                return progress
            to_write = [line for line in batch if line.sealed]
            rows = [_row(self._idp.sealer, line) for line in to_write]
            added = sum(line.customer_number not in on_file for line in to_write)
            counts = replace(
                progress.counts,
                added=progress.counts.added + added,
                changed=progress.counts.changed + len(to_write) - added,
                unchanged=progress.counts.unchanged
                + sum(not line.sealed and bool(line.fingerprint) for line in batch),
            )
            progress = replace(progress, counts=counts, to_apply=progress.to_apply - len(batch))
            sealed = self._sealed(progress)
            steps = life.prepare(
                self._idp,
                [_opened(self._idp.sealer, line) for line in to_write if line.customer_number in on_file],
                imported=True,
                now=self._now,
            )
            named = [line.customer_number for line in batch if not line.sealed] if self._snapshot else []
            with self._idp.writing() as tx:
                store.write_records(tx, rows, import_id=self._id, now=self._now)
                store.name_again(tx, named, import_id=self._id)
                store.unstage(tx, self._id, [line.line for line in batch])
                store.keep_progress(tx, self._id, sealed)
                life.write(self._idp, tx, steps, now=self._now)
            if steps:
                self._idp.post_waiting.set()
            self._renew()
            self._report("applying", total - progress.to_apply, total)

    def _end_unnamed(self, progress: _Progress) -> _Progress:
        after, seen = "", 0
        while True:
            with self._idp.reading() as tx:
                page = store.page(tx, after=after, at_most=BATCH)
                missing = [
                    one.customer_number
                    for one in page
                    if one.import_id != self._id and one.state == RecordState.ACTIVE
                ]
                records = store.sealed_records(tx, missing)
            if not page:
                return progress
            after, seen = page[-1].customer_number, seen + len(page)
            if records:
                ended = [_ended(self._idp.sealer, number, sealed) for number, sealed in records]
                counts = replace(progress.counts, ended=progress.counts.ended + len(ended))
                progress = replace(progress, counts=counts)
                sealed_progress = self._sealed(progress)
                with self._idp.writing() as tx:
                    store.end_records(tx, ended, now=self._now)
                    store.keep_progress(tx, self._id, sealed_progress)
            self._renew()
            self._report("ending", seen, 0)

    # --- progress and lock ---------------------------------------------------------------------------------

    def _discard(self, *, others: bool) -> None:
        while True:
            with self._idp.writing() as tx:
                if store.discard(tx, self._id, others=others, at_most=BATCH) == 0:
                    return
            self._renew()

    def _renew(self) -> None:
        at = self._idp.clock.now()
        if at - self._renewed_at >= _LOCK_RENEWAL:
            self._idp.ephemera.put(_LOCK, b"", _LOCK_LIFE, at)
            self._renewed_at = at

    def _load(self) -> _Progress | None:
        with self._idp.reading() as tx:
            sealed = store.progress(tx, self._id)
        if sealed is None:
            return None
        stored = self._idp.sealer.open(sealed, self._place)
        return _Progress(Counts(**stored["counts"]), stored["to_apply"], stored["nameless"], stored["faults"])

    def _sealed(self, progress: _Progress) -> bytes:
        stored = {
            "counts": asdict(progress.counts),
            "to_apply": progress.to_apply,
            "nameless": progress.nameless,
            "faults": progress.faults,
        }
        return self._idp.sealer.seal(stored, self._place)

    @property
    def _place(self) -> str:
        return f"registry_lines/progress/{self._id}"


def _fingerprint(sealer: Sealer, cells: Cells) -> bytes:
    return sealer.fingerprint(
        {"reading": _READING_VERSION, **{name: text.strip() for name, text in cells.items()}}
    )


def _opened(sealer: Sealer, line: StagedLine) -> CustomerRecord:
    return store.opened(sealer, SealedRecord(line.customer_number, line.sealed))


def _row(sealer: Sealer, line: StagedLine) -> RecordRow:
    record = _opened(sealer, line)
    return RecordRow(
        customer_number=record.customer_number,
        profile=record.profile,
        state=record.state,
        tax_index=sealer.tax_index(record.tax_code) if record.tax_code else None,
        vat_index=sealer.vat_index(record.vat_number) if record.vat_number else None,
        holder_index=store.holder_index(sealer, record.customer_number, record.tax_code, record.vat_number),
        fingerprint=line.fingerprint,
        sealed=line.sealed,
        contacts=tuple(
            (sealer.contact_index(one.contact), one.contact.kind, one.changed_on.isoformat())
            for one in record.contacts
        ),
        agency=tuple(sealer.contact_index(contact) for contact in record.agency.contacts),
    )


def _ended(sealer: Sealer, number: str, sealed: bytes) -> tuple[str, bytes, bytes]:
    record = store.opened(sealer, SealedRecord(number, sealed))
    over = replace(record, state=RecordState.ENDED)
    # Another fingerprint than the line's: the same line in a later file brings the customer back.
    return number, store.seal(sealer, over), sealer.fingerprint({"ended": number})
