"""Approvals of operations (RFC 9396): one for each pushed request, for one code, for minutes.

An approval belongs to session, client, request and details at once; whoever differs in one finds none.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from idp.store.database import Tx
from idp.store.sessions import read_proof, written_proof
from idp.store.tables import approvals
from idp.values import Proof


@dataclass(frozen=True, slots=True)
class Bound:
    """What an approval is bound to; ``details`` is the keyed digest of the canonical details, 32 bytes."""

    # What the pushed request is kept under (``oidc.authorization.pushed``).
    reference: str
    interaction_id: str
    session_id: str
    sub: str
    client_id: str
    details: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval that still holds, and how it was given."""

    id: str
    proof: Proof


_FIND = (
    select(approvals.c.id, approvals.c.proof)
    .where(
        approvals.c.reference == bindparam("of_reference"),
        approvals.c.interaction_id == bindparam("of_interaction"),
        approvals.c.session_id == bindparam("of_session"),
        approvals.c.sub == bindparam("of_sub"),
        approvals.c.client_id == bindparam("of_client"),
        approvals.c.details_digest == bindparam("of_details"),
        approvals.c.used_at.is_(None),
        approvals.c.expires_at > bindparam("now"),
    )
    .limit(1)
)
_GIVEN = (
    select(approvals.c.id)
    .where(
        approvals.c.reference == bindparam("of_reference"),
        approvals.c.interaction_id == bindparam("of_interaction"),
        approvals.c.session_id == bindparam("of_session"),
        approvals.c.details_digest == bindparam("of_details"),
        approvals.c.expires_at > bindparam("now"),
    )
    .limit(1)
)
_USE = (
    update(approvals)
    .where(
        approvals.c.id == bindparam("approval_id"),
        approvals.c.used_at.is_(None),
        approvals.c.expires_at > bindparam("now"),
    )
    .values(used_at=bindparam("now"))
    .returning(approvals.c.id)
)


def find(tx: Tx, bound: Bound, *, now: int) -> Approval | None:
    """The approval of exactly this, if there is one and its code has not left."""
    values = {
        "of_reference": bound.reference,
        "of_interaction": bound.interaction_id,
        "of_session": bound.session_id,
        "of_sub": bound.sub,
        "of_client": bound.client_id,
        "of_details": bound.details,
        "now": now,
    }
    row = tx.execute(_FIND, values).one_or_none()
    return None if row is None else Approval(row.id, read_proof(row.proof))


def given(tx: Tx, bound: Bound, *, now: int) -> bool:
    """Whether exactly this was approved, be its code on its way already."""
    values = {
        "of_reference": bound.reference,
        "of_interaction": bound.interaction_id,
        "of_session": bound.session_id,
        "of_details": bound.details,
        "now": now,
    }
    return tx.execute(_GIVEN, values).one_or_none() is not None


def give(tx: Tx, approval: Approval, bound: Bound, *, now: int, expires_at: int) -> bool:
    """Keep an approval: True for the one caller of many. One that expired unused makes room for another."""
    dialect: Any = sqlite_insert if tx.dialect.name == "sqlite" else postgresql_insert
    insert = dialect(approvals)
    named = ("id", "interaction_id", "session_id", "sub", "client_id", "details_digest", "proof")
    over = approvals.c.used_at.is_(None) & (approvals.c.expires_at <= now)
    given = tx.execute(
        insert.values(
            id=approval.id,
            reference=bound.reference,
            interaction_id=bound.interaction_id,
            session_id=bound.session_id,
            sub=bound.sub,
            client_id=bound.client_id,
            details_digest=bound.details,
            proof=written_proof(approval.proof),
            approved_at=now,
            expires_at=expires_at,
        )
        .on_conflict_do_update(
            index_elements=["reference"],
            set_={name: insert.excluded[name] for name in (*named, "approved_at", "expires_at")},
            where=over,
        )
        .returning(approvals.c.id)
    ).one_or_none()
    return given is not None and given.id == approval.id


def use(tx: Tx, approval_id: str, *, now: int) -> bool:
    """Use an approval up for its code: True for the one caller of many."""
    return tx.execute(_USE, {"approval_id": approval_id, "now": now}).one_or_none() is not None
