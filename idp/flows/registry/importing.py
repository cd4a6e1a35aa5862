"""One import of a file, from its lock to its end."""

from dataclasses import asdict, dataclass

from idp.accounts.audit import Event
from idp.flows.idp import Idp
from idp.flows.registry import applying, staging
from idp.flows.registry.progress import LOCK, LOCK_LIFE, Counts, Run
from idp.flows.registry.reading import Faults, RegistrySource, Report
from idp.flows.registry.staging import Rejected
from idp.store import audit
from idp.store import registry as store


@dataclass(frozen=True, slots=True)
class Imported:
    """The file is applied. ``kept_unnamed``: a snapshot ended nothing, as a line told not whose it was."""

    counts: Counts
    faults: Faults
    resumed: bool = False
    kept_unnamed: bool = False


@dataclass(frozen=True, slots=True)
class Busy:
    """Another import is under way, or was cut short a moment ago; try again after ``retry_after`` seconds."""

    retry_after: int = LOCK_LIFE


def is_empty(idp: Idp) -> bool:
    """Whether no record was ever imported."""
    with idp.reading() as tx:
        return store.is_empty(tx)


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
    if not idp.ephemera.add(LOCK, b"", LOCK_LIFE, idp.clock.now()):
        return Busy()
    try:
        return _run(Run(idp, source, now, skip_invalid, snapshot, report))
    finally:
        idp.ephemera.drop(LOCK)


def _run(run: Run) -> Imported | Rejected:
    run.discard(others=True)
    progress = run.load()
    resumed = progress is not None
    if progress is None:
        run.discard(others=False)
        read = staging.stage(run)
        if isinstance(read, Rejected):
            run.discard(others=False)
            return read
        progress = read
    progress = applying.apply(run, progress)
    if run.snapshot and not progress.nameless:
        progress = applying.end_unnamed(run, progress)
    with run.idp.writing() as tx:
        details = {"import": run.id, "snapshot": run.snapshot, **asdict(progress.counts)}
        audit.add(tx, Event.REGISTRY_IMPORTED, at=run.now, details=details)
    run.discard(others=False)
    kept = run.snapshot and progress.nameless
    return Imported(progress.counts, Faults(run.shown, progress.faults), resumed, kept)
