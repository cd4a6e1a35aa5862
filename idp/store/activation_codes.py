"""Activation codes: found by digest, used once, one live one for each customer."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from idp.store.database import Tx
from idp.store.tables import activation_codes


@dataclass(frozen=True, slots=True)
class ActivationCodeRow:
    """An activation code as it is stored; times are epoch seconds."""

    digest: bytes = field(repr=False)
    customer_number: str
    issued_by: str
    issued_at: int
    expires_at: int
    used_at: int | None = None
    ended_at: int | None = None

    def live(self, now: int) -> bool:
        """Whether it would be taken."""
        return self.used_at is None and self.ended_at is None and now < self.expires_at


_COLUMNS = tuple(activation_codes.c[name] for name in ActivationCodeRow.__slots__)
_LOCK_CUSTOMER = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("customer"), 1)))
_UNUSED = (activation_codes.c.used_at.is_(None), activation_codes.c.ended_at.is_(None))
_END_OLDER = (
    update(activation_codes)
    .where(activation_codes.c.customer_number == bindparam("of_customer"), *_UNUSED)
    .values(ended_at=bindparam("now"))
    .returning(activation_codes.c.digest)
)
_FIND = select(*_COLUMNS).where(activation_codes.c.digest == bindparam("of_digest"))
_SPEND = (
    update(activation_codes)
    .where(
        activation_codes.c.digest == bindparam("of_digest"),
        activation_codes.c.customer_number == bindparam("of_customer"),
        activation_codes.c.expires_at > bindparam("now"),
        *_UNUSED,
    )
    .values(used_at=bindparam("now"))
    .returning(activation_codes.c.digest)
)


def start(tx: Tx, row: ActivationCodeRow) -> int:
    """Keep a new code and end the customer's older ones; how many of them were still good."""
    if tx.dialect.name == "postgresql":
        # Of two issued at once, the second must see the first to end it.
        tx.execute(_LOCK_CUSTOMER, {"customer": row.customer_number})
    ended = end_all(tx, row.customer_number, now=row.issued_at)
    tx.execute(insert(activation_codes), {name: getattr(row, name) for name in ActivationCodeRow.__slots__})
    return ended


def find(tx: Tx, digest: bytes) -> ActivationCodeRow | None:
    """The code with this digest, good or not."""
    found: Any = tx.execute(_FIND, {"of_digest": digest}).one_or_none()
    return None if found is None else ActivationCodeRow(*found)


def spend(tx: Tx, digest: bytes, customer_number: str, *, now: int) -> bool:
    """Use a code of this customer: True for the one caller that does."""
    values = {"of_digest": digest, "of_customer": customer_number, "now": now}
    return tx.execute(_SPEND, values).one_or_none() is not None


def end_all(tx: Tx, customer_number: str, *, now: int) -> int:
    """End whatever code of a customer is still good; how many there were."""
    return len(tx.execute(_END_OLDER, {"of_customer": customer_number, "now": now}).all())
