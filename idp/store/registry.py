"""The agency registry in our own tables: its look-ups, and the statements of an import.

Records come out sealed; open them with ``opened`` outside the transaction. A look-up is one statement, the
same whether or not anything is found (security bar 5.1).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BindParameter, bindparam, delete, func, literal_column, or_, select, union_all, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from idp.accounts.records import CustomerRecord
from idp.accounts.registry import MOST_RECORDS, Standing
from idp.store.database import Tx
from idp.store.sealing import Sealer
from idp.store.tables import agency_contacts, customer_contacts, customer_records, registry_lines
from idp.values import TaxCode, VatNumber


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """A customer record as it is stored."""

    customer_number: str
    sealed: bytes = field(repr=False)


def record_place(customer_number: str) -> str:
    """The place a customer record is sealed for."""
    return f"customer_records/sealed_record/{customer_number}"


def seal(sealer: Sealer, record: CustomerRecord) -> bytes:
    """A record as it is stored."""
    return sealer.seal(record.to_json(), record_place(record.customer_number))


def opened(sealer: Sealer, sealed: SealedRecord) -> CustomerRecord:
    """The record itself; raises ``Unsealable``."""
    return CustomerRecord.from_json(sealer.open(sealed.sealed, record_place(sealed.customer_number)))


def holder_index(
    sealer: Sealer, customer_number: str, tax_code: TaxCode | None, vat_number: VatNumber | None
) -> bytes:
    """Who a record's contacts belong to: the tax code, else the VAT number, else the customer number."""
    if tax_code is not None:
        return sealer.tax_index(tax_code)
    if vat_number is not None:
        return sealer.vat_index(vat_number)
    return sealer.fingerprint({"holder": customer_number})


# --- look-ups ----------------------------------------------------------------------------------------------

_ANY = select(customer_records.c.customer_number).limit(1)

_SEALED_RECORD = (customer_records.c.customer_number, customer_records.c.sealed_record)
_ON_CONTACT = (
    select(*_SEALED_RECORD)
    .select_from(customer_contacts.join(customer_records))
    .where(customer_contacts.c.contact_index == bindparam("contact_index"))
    .order_by(customer_records.c.customer_number)
    .limit(MOST_RECORDS)
)
_BY_IDENTIFIER = (
    select(*_SEALED_RECORD)
    .where(
        # What the identifier cannot be is NULL, which nothing equals.
        or_(
            customer_records.c.tax_index == bindparam("tax_index"),
            customer_records.c.vat_index == bindparam("vat_index"),
        )
    )
    .order_by(customer_records.c.customer_number)
    .limit(MOST_RECORDS)
)
_OF_CUSTOMER = select(*_SEALED_RECORD).where(
    customer_records.c.customer_number == bindparam("customer_number")
)
_OTHERS = (
    select(*_SEALED_RECORD)
    .where(customer_records.c.tax_index > bindparam("after"))
    .order_by(customer_records.c.tax_index)
    .limit(bindparam("at_most"))
)
_INDEXES: BindParameter[Any] = bindparam("contact_indexes", expanding=True)
_STANDINGS = union_all(
    select(
        customer_contacts.c.contact_index,
        func.count(customer_contacts.c.holder_index.distinct()).label("holders"),
        literal_column("0").label("of_agency"),
    )
    .where(customer_contacts.c.contact_index.in_(_INDEXES))
    .group_by(customer_contacts.c.contact_index),
    select(agency_contacts.c.contact_index, literal_column("0"), literal_column("1")).where(
        agency_contacts.c.contact_index.in_(_INDEXES)
    ),
)


def records_by_contact(tx: Tx, contact_index: bytes) -> tuple[SealedRecord, ...]:
    """The records on which a contact stands (``Sealer.contact_index``); one statement."""
    rows = tx.execute(_ON_CONTACT, {"contact_index": contact_index})
    return tuple(SealedRecord(*row) for row in rows)


def records_by_identifier(
    tx: Tx, tax_index: bytes | None, vat_index: bytes | None
) -> tuple[SealedRecord, ...]:
    """The records with this tax code (``Sealer.tax_index``) or this VAT number; one statement."""
    rows = tx.execute(_BY_IDENTIFIER, {"tax_index": tax_index, "vat_index": vat_index})
    return tuple(SealedRecord(*row) for row in rows)


def record_by_customer_number(tx: Tx, customer_number: str) -> SealedRecord | None:
    """The record of this customer number; one statement."""
    row = tx.execute(_OF_CUSTOMER, {"customer_number": customer_number}).one_or_none()
    return None if row is None else SealedRecord(*row)


def others(tx: Tx, after: bytes, *, at_most: int) -> tuple[SealedRecord, ...]:
    """That many records of whoever it may be, the same for the same 32 octets; one statement.

    They stand in for records that were not found, so that fetching and opening cost the same, and tell
    nothing. Fewer than wanted near the end of the index.
    """
    rows = tx.execute(_OTHERS, {"after": after, "at_most": max(0, at_most)})
    return tuple(SealedRecord(*row) for row in rows)


def standings(tx: Tx, contact_indexes: Sequence[bytes]) -> dict[bytes, Standing]:
    """Whose each of these contacts is, by its index; those known to nobody are left out. One statement."""
    known: dict[bytes, Standing] = {}
    for index, holders, of_agency in tx.execute(_STANDINGS, {"contact_indexes": list(contact_indexes)}):
        before = known.get(index, Standing())
        known[index] = Standing(before.holders + holders, before.of_agency or bool(of_agency))
    return known


def is_empty(tx: Tx) -> bool:
    """Whether no record was ever imported."""
    return tx.execute(_ANY).one_or_none() is None


# --- staging -----------------------------------------------------------------------------------------------

PROGRESS_LINE = 0
"""The staging row of an import that keeps its progress instead of a line; a file's first data line is 2."""


@dataclass(frozen=True, slots=True)
class StagedLine:
    """One line of a customer. ``sealed`` is empty where there is nothing to write.

    Then the registry has exactly this already, or, with an empty ``fingerprint``, the line was refused.
    """

    line: int
    customer_number: str
    fingerprint: bytes
    sealed: bytes = field(repr=False)


_STAGED = (
    registry_lines.c.line,
    registry_lines.c.customer_number,
    registry_lines.c.fingerprint,
    registry_lines.c.sealed_record,
)
_OF_IMPORT = registry_lines.c.import_id == bindparam("import_id")
_NEXT_STAGED = (
    select(*_STAGED)
    .where(_OF_IMPORT, registry_lines.c.line > PROGRESS_LINE)
    .order_by(registry_lines.c.line)
    .limit(bindparam("at_most"))
)
_PROGRESS = select(registry_lines.c.sealed_record).where(_OF_IMPORT, registry_lines.c.line == PROGRESS_LINE)
_FIRST_LINES = (
    select(registry_lines.c.customer_number, func.min(registry_lines.c.line).label("first"))
    .where(_OF_IMPORT, registry_lines.c.customer_number.in_(bindparam("customer_numbers", expanding=True)))
    .group_by(registry_lines.c.customer_number)
)
_UNSTAGE = delete(registry_lines).where(_OF_IMPORT, registry_lines.c.line == bindparam("staged_line"))
_SOME_STAGED_OF_OTHERS = (
    select(registry_lines.c.import_id, registry_lines.c.line)
    .where(registry_lines.c.import_id != bindparam("import_id"))
    .limit(bindparam("at_most"))
)
_SOME_STAGED = (
    select(registry_lines.c.import_id, registry_lines.c.line).where(_OF_IMPORT).limit(bindparam("at_most"))
)


def stage(tx: Tx, import_id: str, lines: Iterable[StagedLine]) -> None:
    """Keep valid lines until they are applied."""
    rows = [
        {
            "import_id": import_id,
            "line": line.line,
            "customer_number": line.customer_number,
            "fingerprint": line.fingerprint,
            "sealed_record": line.sealed,
        }
        for line in lines
    ]
    if rows:
        tx.execute(registry_lines.insert(), rows)


def staged(tx: Tx, import_id: str, *, at_most: int) -> tuple[StagedLine, ...]:
    """The next lines to apply, in the file's order."""
    rows = tx.execute(_NEXT_STAGED, {"import_id": import_id, "at_most": at_most})
    return tuple(StagedLine(*row) for row in rows)


def staged_lines_of(tx: Tx, import_id: str, customer_numbers: Sequence[str]) -> dict[str, int]:
    """The first line on which each of these customers is staged already."""
    if not customer_numbers:
        return {}
    rows = tx.execute(_FIRST_LINES, {"import_id": import_id, "customer_numbers": list(customer_numbers)})
    return {row.customer_number: row.first for row in rows}


def unstage(tx: Tx, import_id: str, lines: Iterable[int]) -> None:
    """Forget staged lines: they are applied, or refused."""
    rows = [{"import_id": import_id, "staged_line": line} for line in lines]
    if rows:
        tx.execute(_UNSTAGE, rows)


def discard(tx: Tx, import_id: str, *, others: bool, at_most: int) -> int:
    """Forget some staged rows of this import, or of all the others; how many (0: nothing is left)."""
    which = _SOME_STAGED_OF_OTHERS if others else _SOME_STAGED
    rows = tx.execute(which, {"import_id": import_id, "at_most": at_most}).all()
    if rows:
        tx.execute(_UNSTAGE, [{"import_id": row.import_id, "staged_line": row.line} for row in rows])
    return len(rows)


def progress(tx: Tx, import_id: str) -> bytes | None:
    """The sealed progress of an import whose lines are all staged; None before that."""
    return tx.execute(_PROGRESS, {"import_id": import_id}).scalar_one_or_none()


def keep_progress(tx: Tx, import_id: str, sealed: bytes) -> None:
    """Write the progress in the transaction that makes it."""
    row = {
        "import_id": import_id,
        "line": PROGRESS_LINE,
        "customer_number": "",
        "fingerprint": bytes(32),
        "sealed_record": sealed,
    }
    tx.execute(_KEEP_PROGRESS[tx.dialect.name], row)


def _keeping(dialect: Any) -> Any:
    insert = dialect(registry_lines)
    return insert.on_conflict_do_update(
        index_elements=["import_id", "line"], set_={"sealed_record": insert.excluded.sealed_record}
    )


_KEEP_PROGRESS = {"sqlite": _keeping(sqlite_insert), "postgresql": _keeping(postgresql_insert)}

# --- applying ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NamedBy:
    """A record's state, and the import that last named it."""

    customer_number: str
    state: str
    import_id: str


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record ready to be written, with the indexes of its contacts and of its agency's."""

    customer_number: str
    profile: str
    state: str
    tax_index: bytes | None
    vat_index: bytes | None
    holder_index: bytes
    fingerprint: bytes
    sealed: bytes = field(repr=False)
    # (contact index, kind, changed on)
    contacts: tuple[tuple[bytes, str, str], ...]
    agency: tuple[bytes, ...]


_FINGERPRINTS = select(customer_records.c.customer_number, customer_records.c.fingerprint).where(
    customer_records.c.customer_number.in_(bindparam("customer_numbers", expanding=True))
)
_FORGET_CONTACTS = delete(customer_contacts).where(
    customer_contacts.c.customer_number == bindparam("of_customer")
)
_NAMED_AGAIN = (
    update(customer_records)
    .where(customer_records.c.customer_number == bindparam("of_customer"))
    .values(import_id=bindparam("by_import"))
)
_PAGE = (
    select(customer_records.c.customer_number, customer_records.c.state, customer_records.c.import_id)
    .where(customer_records.c.customer_number > bindparam("after"))
    .order_by(customer_records.c.customer_number)
    .limit(bindparam("at_most"))
)
_SEALED = select(customer_records.c.customer_number, customer_records.c.sealed_record).where(
    customer_records.c.customer_number.in_(bindparam("customer_numbers", expanding=True))
)
_END = (
    update(customer_records)
    .where(
        customer_records.c.customer_number == bindparam("of_customer"), customer_records.c.state == "active"
    )
    .values(
        state="ended",
        sealed_record=bindparam("new_sealed"),
        fingerprint=bindparam("new_fingerprint"),
        changed_at=bindparam("now"),
    )
)
_UPDATED = (
    "profile",
    "state",
    "tax_index",
    "vat_index",
    "fingerprint",
    "sealed_record",
    "changed_at",
    "import_id",
)


def _write_record(dialect: Any) -> Any:
    insert = dialect(customer_records)
    return insert.on_conflict_do_update(
        index_elements=["customer_number"], set_={name: insert.excluded[name] for name in _UPDATED}
    )


_WRITE_RECORD = {"sqlite": _write_record(sqlite_insert), "postgresql": _write_record(postgresql_insert)}
_ADD_AGENCY = {
    "sqlite": sqlite_insert(agency_contacts).on_conflict_do_nothing(),
    "postgresql": postgresql_insert(agency_contacts).on_conflict_do_nothing(),
}


def fingerprints(tx: Tx, customer_numbers: Sequence[str]) -> dict[str, bytes]:
    """The fingerprint of each of these customers that is on file."""
    if not customer_numbers:
        return {}
    rows = tx.execute(_FINGERPRINTS, {"customer_numbers": list(customer_numbers)})
    return {row.customer_number: row.fingerprint for row in rows}


def write_records(tx: Tx, rows: Sequence[RecordRow], *, import_id: str, now: int) -> None:
    """Add these records, or put them in the place of what was there; contacts are replaced whole."""
    if not rows:
        return
    tx.execute(
        _WRITE_RECORD[tx.dialect.name],
        [
            {
                "customer_number": row.customer_number,
                "profile": row.profile,
                "state": row.state,
                "tax_index": row.tax_index,
                "vat_index": row.vat_index,
                "fingerprint": row.fingerprint,
                "sealed_record": row.sealed,
                "changed_at": now,
                "import_id": import_id,
            }
            for row in rows
        ],
    )
    tx.execute(_FORGET_CONTACTS, [{"of_customer": row.customer_number} for row in rows])
    contacts = [
        {
            "contact_index": index,
            "customer_number": row.customer_number,
            "kind": kind,
            "holder_index": row.holder_index,
            "changed_on": changed_on,
        }
        for row in rows
        for index, kind, changed_on in row.contacts
    ]
    if contacts:
        tx.execute(customer_contacts.insert(), contacts)
    # Sorted, so that two transactions never wait for each other's rows.
    agencies = sorted({index for row in rows for index in row.agency})
    if agencies:
        tx.execute(_ADD_AGENCY[tx.dialect.name], [{"contact_index": index} for index in agencies])


def name_again(tx: Tx, customer_numbers: Sequence[str], *, import_id: str) -> None:
    """Note that an import named these records, which it did not change."""
    rows = [{"of_customer": number, "by_import": import_id} for number in customer_numbers]
    if rows:
        tx.execute(_NAMED_AGAIN, rows)


def page(tx: Tx, *, after: str, at_most: int) -> tuple[NamedBy, ...]:
    """Records in the order of their customer numbers, from the first one after ``after``."""
    rows = tx.execute(_PAGE, {"after": after, "at_most": at_most})
    return tuple(NamedBy(*row) for row in rows)


def sealed_records(tx: Tx, customer_numbers: Sequence[str]) -> tuple[tuple[str, bytes], ...]:
    """Customer number and sealed record of each of these."""
    if not customer_numbers:
        return ()
    rows = tx.execute(_SEALED, {"customer_numbers": list(customer_numbers)})
    return tuple((row.customer_number, row.sealed_record) for row in rows)


def end_records(tx: Tx, rows: Sequence[tuple[str, bytes, bytes]], *, now: int) -> None:
    """End active records: customer number, the record sealed anew, its new fingerprint."""
    if rows:
        tx.execute(
            _END,
            [
                {"of_customer": number, "new_sealed": sealed, "new_fingerprint": fingerprint, "now": now}
                for number, sealed, fingerprint in rows
            ],
        )
