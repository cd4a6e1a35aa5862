"""How far an import is: its lock, its lines that wait, and what it has counted."""

import base64
import hashlib
from dataclasses import asdict, dataclass

from idp.accounts.registry_line import LineFault
from idp.flows.idp import Idp
from idp.flows.registry.reading import RegistrySource, Report
from idp.store import registry as store

BATCH = 200
"""Lines of one transaction: on SQLite others wait for it to end."""

READING_VERSION = 1
"""Raised when lines come to be read differently, so that unchanged ones are read again."""

LOCK = "registry-import"
"""Held in Ephemera while an import runs, for ``LOCK_LIFE`` seconds at a time."""

LOCK_LIFE = 60
_LOCK_RENEWAL = 10


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
class Progress:
    """What the staging row of an import keeps while its lines are applied."""

    counts: Counts
    to_apply: int
    # A refused line that did not even tell whose it was: a snapshot must not end anybody then.
    nameless: bool
    faults: int


class Run:
    """One run of one import: what was asked, and what it keeps so that another can go on where it stops."""

    def __init__(
        self,
        idp: Idp,
        source: RegistrySource,
        now: int,
        skip_invalid: bool,
        snapshot: bool,
        report: Report | None,
    ) -> None:
        self.idp = idp
        self.source = source
        self.now = now
        self.skip_invalid = skip_invalid
        self.snapshot = snapshot
        self.report = report or (lambda _phase, _done, _of: None)
        self._renewed_at = idp.clock.now()
        # What to show of the faults; a run that goes on where another stopped has only their number.
        self.shown: tuple[LineFault, ...] = ()
        # The same file in the same mode is the same import, so that it can go on where it stopped.
        mode = bytes([READING_VERSION, skip_invalid, snapshot])
        digest = hashlib.sha256(source.digest() + mode).digest()[:16]
        self.id = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def discard(self, *, others: bool) -> None:
        """Drop the staged lines of this import, or of the ``others`` that were given up."""
        while True:
            with self.idp.writing() as tx:
                if store.discard(tx, self.id, others=others, at_most=BATCH) == 0:
                    return
            self.renew()

    def renew(self) -> None:
        """Hold the lock on; called between batches."""
        at = self.idp.clock.now()
        if at - self._renewed_at >= _LOCK_RENEWAL:
            self.idp.ephemera.put(LOCK, b"", LOCK_LIFE, at)
            self._renewed_at = at

    def load(self) -> Progress | None:
        """How far this import came before; None when it was not begun."""
        with self.idp.reading() as tx:
            sealed = store.progress(tx, self.id)
        if sealed is None:
            return None
        stored = self.idp.sealer.open(sealed, self._place)
        return Progress(Counts(**stored["counts"]), stored["to_apply"], stored["nameless"], stored["faults"])

    def sealed(self, progress: Progress) -> bytes:
        """The progress as its row keeps it."""
        stored = {
            "counts": asdict(progress.counts),
            "to_apply": progress.to_apply,
            "nameless": progress.nameless,
            "faults": progress.faults,
        }
        return self.idp.sealer.seal(stored, self._place)

    @property
    def _place(self) -> str:
        return f"registry_lines/progress/{self.id}"
