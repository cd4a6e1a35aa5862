"""Staged lines are applied, each batch with what it means for the accounts of its customers."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from idp.accounts.records import CustomerRecord
from idp.flows import life
from idp.flows.registry.progress import BATCH, Progress, Run
from idp.store import registry as store
from idp.store.database import Tx
from idp.store.registry import RecordRow, SealedRecord, StagedLine
from idp.store.sealing import Sealer
from idp.values import RecordState


def apply(run: Run, progress: Progress) -> Progress:
    """Write every staged line; the counts say what became of them."""
    total = progress.to_apply
    while True:
        with run.idp.reading() as tx:
            batch = store.staged(tx, run.id, at_most=BATCH)
            on_file = store.fingerprints(tx, [line.customer_number for line in batch])
        if not batch:
            return progress
        to_write = [line for line in batch if line.sealed]
        rows = [_row(run.idp.sealer, line) for line in to_write]
        added = sum(line.customer_number not in on_file for line in to_write)
        counts = replace(
            progress.counts,
            added=progress.counts.added + added,
            changed=progress.counts.changed + len(to_write) - added,
            unchanged=progress.counts.unchanged
            + sum(not line.sealed and bool(line.fingerprint) for line in batch),
        )
        progress = replace(progress, counts=counts, to_apply=progress.to_apply - len(batch))
        sealed = run.sealed(progress)
        changed = [_opened(run.idp.sealer, line) for line in to_write if line.customer_number in on_file]
        write = partial(_write, run, batch, rows, sealed)
        life.carry_out(run.idp, changed, write, imported=True, now=run.now)
        run.renew()
        run.report("applying", total - progress.to_apply, total)


def _write(run: Run, batch: Sequence[StagedLine], rows: Sequence[RecordRow], progress: bytes, tx: Tx) -> None:
    named = [line.customer_number for line in batch if not line.sealed] if run.snapshot else []
    store.write_records(tx, rows, import_id=run.id, now=run.now)
    store.name_again(tx, named, import_id=run.id)
    store.unstage(tx, run.id, [line.line for line in batch])
    store.keep_progress(tx, run.id, progress)


def end_unnamed(run: Run, progress: Progress) -> Progress:
    """End the records that a snapshot did not name."""
    after, seen = "", 0
    while True:
        with run.idp.reading() as tx:
            page = store.page(tx, after=after, at_most=BATCH)
            missing = [
                one.customer_number
                for one in page
                if one.import_id != run.id and one.state == RecordState.ACTIVE
            ]
            records = store.sealed_records(tx, missing)
        if not page:
            return progress
        after, seen = page[-1].customer_number, seen + len(page)
        if records:
            ended = [_ended(run.idp.sealer, number, sealed) for number, sealed in records]
            counts = replace(progress.counts, ended=progress.counts.ended + len(ended))
            progress = replace(progress, counts=counts)
            sealed_progress = run.sealed(progress)
            with run.idp.writing() as tx:
                store.end_records(tx, ended, now=run.now)
                store.keep_progress(tx, run.id, sealed_progress)
        run.renew()
        run.report("ending", seen, 0)


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
