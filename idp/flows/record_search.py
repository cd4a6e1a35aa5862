"""Finding a customer's record in the agency registry, for whoever helps (``idp registry find``)."""

from dataclasses import dataclass

from idp.accounts.audit import Event
from idp.accounts.records import CustomerRecord
from idp.flows.idp import Idp
from idp.store import audit, claims
from idp.values import Malformed, parse_contact, parse_identifier


@dataclass(frozen=True, slots=True)
class Found:
    """A customer record, and whether it has an account."""

    record: CustomerRecord
    registered: bool


def find(idp: Idp, typed: str, *, now: int) -> tuple[Found, ...]:
    """Records by customer number, codice fiscale, partita IVA, email or mobile; the look-up is audited.

    Raises ``RegistryDown``.
    """
    by, records = "customer_number", _by_customer_number(idp, typed)
    if not records:
        by, records = "code", _by_code(idp, typed)
    if not records:
        by, records = "contact", _by_contact(idp, typed)
    with idp.reading() as tx:
        registered = claims.of_contacts(tx, (), [record.customer_number for record in records]).registered
    with idp.writing() as tx:
        audit.add(tx, Event.REGISTRY_LOOKED_UP, at=now, details={"found": len(records), "by": by})
    return tuple(Found(record, record.customer_number in registered) for record in records)


def _by_customer_number(idp: Idp, typed: str) -> tuple[CustomerRecord, ...]:
    record = idp.registry.by_customer_number(typed.strip())
    return () if record is None else (record,)


def _by_code(idp: Idp, typed: str) -> tuple[CustomerRecord, ...]:
    try:
        return idp.registry.by_identifier(parse_identifier(typed))
    except Malformed:
        return ()


def _by_contact(idp: Idp, typed: str) -> tuple[CustomerRecord, ...]:
    try:
        return idp.registry.by_contact(parse_contact(typed))
    except Malformed:
        return ()
