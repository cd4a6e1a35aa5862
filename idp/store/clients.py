"""Registered clients: metadata as one JSON object, the secret's digest and the state beside it."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from idp.oidc.client import Client
from idp.oidc.registration import from_metadata, to_metadata
from idp.store.database import Tx
from idp.store.tables import authorizations, clients
from idp.store.versions import bump

VERSION = "clients"
"""The version row that every change of a client bumps."""

_COLUMNS = (clients.c.registration, clients.c.secret_digest, clients.c.disabled_at)
_FIND = select(*_COLUMNS).where(clients.c.client_id == bindparam("client_id"))
_FIND_TO_CHANGE = _FIND.with_for_update()
_EVERY = select(*_COLUMNS).order_by(clients.c.client_id)
_PAGE = (
    select(*_COLUMNS)
    .where(clients.c.client_id > bindparam("after"))
    .order_by(clients.c.client_id)
    .limit(bindparam("at_most"))
)
_REWRITE = (
    update(clients)
    .where(clients.c.client_id == bindparam("id"))
    .values(
        registration=bindparam("registration"),
        secret_digest=bindparam("secret_digest"),
        disabled_at=bindparam("disabled_at"),
        updated_at=bindparam("now"),
    )
)
_REMOVE = delete(clients).where(clients.c.client_id == bindparam("client_id")).returning(clients.c.client_id)
_REVOKE_ALL = (
    update(authorizations)
    .where(authorizations.c.client_id == bindparam("of_client"), authorizations.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)


def find(tx: Tx, client_id: str, *, to_change: bool = False) -> Client | None:
    """The client of this id, disabled or not; ``to_change`` keeps others from changing it meanwhile."""
    statement = _FIND_TO_CHANGE if to_change else _FIND
    return _client(tx.execute(statement, {"client_id": client_id}).one_or_none())


def page(tx: Tx, *, after: str = "", at_most: int = 200) -> tuple[Client, ...]:
    """At most so many clients in the order of their ids, from the first one after ``after``."""
    return tuple(_must(row) for row in tx.execute(_PAGE, {"after": after, "at_most": at_most}))


def every(tx: Tx) -> tuple[Client, ...]:
    """Every client, in the order of their ids."""
    return tuple(_must(row) for row in tx.execute(_EVERY))


def insert(tx: Tx, client: Client, *, now: int) -> bool:
    """Keep a new client; False when its id is taken."""
    dialect = sqlite_insert if tx.dialect.name == "sqlite" else postgresql_insert
    kept = tx.execute(
        dialect(clients)
        .values(client_id=client.client_id, created_at=now, updated_at=now, **_values(client, now))
        .on_conflict_do_nothing(index_elements=["client_id"])
        .returning(clients.c.client_id)
    ).one_or_none()
    if kept is None:
        return False
    bump(tx, VERSION)
    return True


def rewrite(tx: Tx, client: Client, *, now: int) -> None:
    """Replace a client's registration, secret and state."""
    tx.execute(_REWRITE, {"id": client.client_id, "now": now, **_values(client, now)})
    bump(tx, VERSION)


def remove(tx: Tx, client_id: str, *, now: int) -> bool:
    """Forget a client and end what was issued to it; False when there is none of that id."""
    found = tx.execute(_REMOVE, {"client_id": client_id}).one_or_none()
    tx.execute(_REVOKE_ALL, {"of_client": client_id, "now": now})
    bump(tx, VERSION)
    return found is not None


def _values(client: Client, now: int) -> dict[str, Any]:
    return {
        "registration": json.dumps(to_metadata(client)),
        "secret_digest": client.secret_digest,
        "disabled_at": now if client.disabled else None,
    }


def _client(row: Any | None) -> Client | None:
    return None if row is None else _must(row)


def _must(row: Any) -> Client:
    registration: Mapping[str, Any] = json.loads(row.registration)
    return from_metadata(registration, secret_digest=row.secret_digest, disabled=row.disabled_at is not None)
