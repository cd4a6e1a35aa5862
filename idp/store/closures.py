"""Erasing an account: what is kept of it afterwards is that its ``sub`` was used."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from idp.store.database import Tx
from idp.store.tables import (
    accounts,
    activation_codes,
    authorizations,
    challenges,
    closed_accounts,
    enrolments,
    mobile_changes,
    recoveries,
    refresh_tokens,
    sessions,
)

_TOMBSTONE = {
    "sqlite": sqlite_insert(closed_accounts).on_conflict_do_nothing(),
    "postgresql": postgresql_insert(closed_accounts).on_conflict_do_nothing(),
}
_WAS_USED = select(closed_accounts.c.sub).where(closed_accounts.c.sub == bindparam("of_sub"))
_SESSIONS = select(sessions.c.id).where(sessions.c.sub == bindparam("of_sub"))
_RECOVERIES = select(recoveries.c.id).where(recoveries.c.sub == bindparam("of_sub"))
_ENROLMENTS = select(enrolments.c.id).where(enrolments.c.customer_number == bindparam("number"))
_CHANGES = select(mobile_changes.c.id).where(mobile_changes.c.sub == bindparam("of_sub"))
_FAMILIES = select(authorizations.c.id).where(authorizations.c.sub == bindparam("of_sub"))
_ERASE = delete(accounts).where(accounts.c.sub == bindparam("of_sub")).returning(accounts.c.sub)
_ERASE_ENROLMENTS = delete(enrolments).where(enrolments.c.customer_number == bindparam("number"))
_ERASE_RECOVERIES = delete(recoveries).where(recoveries.c.sub == bindparam("of_sub"))
_ERASE_REFRESH_TOKENS = delete(refresh_tokens).where(
    refresh_tokens.c.authorization_id.in_(_FAMILIES.scalar_subquery())
)
_END_CODES = (
    update(activation_codes)
    .where(
        activation_codes.c.customer_number == bindparam("number"),
        activation_codes.c.used_at.is_(None),
        activation_codes.c.ended_at.is_(None),
    )
    .values(ended_at=bindparam("now"))
)
_ERASE_CHALLENGES = delete(challenges).where(challenges.c.subject.in_(bindparam("subjects", expanding=True)))


@dataclass(frozen=True, slots=True)
class Traces:
    """The ids of what an account's challenges may hang on."""

    sessions: tuple[str, ...]
    recoveries: tuple[str, ...]
    enrolments: tuple[str, ...]
    mobile_changes: tuple[str, ...]


def traces_of(tx: Tx, sub: str, customer_number: str) -> Traces:
    """What is still kept of an account's sessions, recoveries, enrolments and changes of mobile."""
    return Traces(
        tuple(tx.execute(_SESSIONS, {"of_sub": sub}).scalars()),
        tuple(tx.execute(_RECOVERIES, {"of_sub": sub}).scalars()),
        tuple(tx.execute(_ENROLMENTS, {"number": customer_number}).scalars()),
        tuple(tx.execute(_CHANGES, {"of_sub": sub}).scalars()),
    )


def erase(tx: Tx, sub: str, customer_number: str, subjects: Collection[str], *, now: int) -> bool:
    """Erase an account and all that hangs on it: True for the one caller that does.

    Its authorizations are to be revoked before (``tokens.revoke_all``): they stay, with nothing in them but
    identifiers, until the last token issued from them would have died. ``subjects``: whose challenges go.
    """
    if tx.execute(_ERASE, {"of_sub": sub}).one_or_none() is None:
        return False
    tx.execute(_TOMBSTONE[tx.dialect.name], {"sub": sub, "closed_at": now})
    tx.execute(_ERASE_REFRESH_TOKENS, {"of_sub": sub})
    tx.execute(_ERASE_RECOVERIES, {"of_sub": sub})
    tx.execute(_ERASE_ENROLMENTS, {"number": customer_number})
    tx.execute(_END_CODES, {"number": customer_number, "now": now})
    if subjects:
        tx.execute(_ERASE_CHALLENGES, {"subjects": list(subjects)})
    return True


def was_used(tx: Tx, sub: str) -> bool:
    """Whether a ``sub`` was an account's that is closed."""
    return tx.execute(_WAS_USED, {"of_sub": sub}).one_or_none() is not None
