"""Everything that is stored of an account and that no other room reads as a whole, for its owner."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, Table, bindparam, select

from idp.store.database import Tx
from idp.store.tables import (
    known_browsers,
    mobile_changes,
    proven_contacts,
    sessions,
    trusted_browsers,
)


def _of(table: Table, order: str, *names: str) -> Select[Any]:
    columns = (table.c[name] for name in names)
    return select(*columns).where(table.c.sub == bindparam("of_sub")).order_by(table.c[order])


_READ: Mapping[str, Select[Any]] = {
    "contacts": _of(
        proven_contacts,
        "proven_at",
        "contact_index",
        "kind",
        "sealed_contact",
        "proven_at",
        "source",
        "lost_at",
    ),
    "mobile_changes": _of(
        mobile_changes,
        "asked_at",
        "id",
        "sealed_mobile",
        "state",
        "old_lost",
        "asked_at",
        "proven_at",
        "matures_at",
        "ended_at",
        "confirmed_by",
    ),
    "sessions": _of(
        sessions, "created_at", "device", "proofs", "created_at", "last_seen_at", "expires_at", "ended_at"
    ),
    "known_browsers": _of(known_browsers, "created_at", "device", "created_at", "last_seen_at"),
    "trusted_browsers": _of(
        trusted_browsers, "created_at", "device", "created_at", "expires_at", "last_used_at"
    ),
}


def of_account(tx: Tx, sub: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of an account by what they are; sealed columns as they are stored."""
    return {
        name: [dict(row._mapping) for row in tx.execute(statement, {"of_sub": sub})]
        for name, statement in _READ.items()
    }
