"""The signing keys' states; the private keys themselves are files (``KeyRing``)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from idp.store.database import Tx
from idp.store.tables import signing_keys
from idp.store.versions import bump

VERSION = "signing_keys"
"""The version row that every change of a key's state bumps."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One signing key: ``next`` is published only, ``active`` signs, ``retired`` verifies."""

    kid: str
    alg: str
    state: str
    public: Mapping[str, Any]
    created_at: int
    activated_at: int | None
    retired_at: int | None


_EVERY = select(
    signing_keys.c.kid,
    signing_keys.c.alg,
    signing_keys.c.state,
    signing_keys.c.public,
    signing_keys.c.created_at,
    signing_keys.c.activated_at,
    signing_keys.c.retired_at,
).order_by(signing_keys.c.created_at, signing_keys.c.kid)
_RETIRE_ACTIVE = (
    update(signing_keys)
    .where(signing_keys.c.alg == bindparam("of_alg"), signing_keys.c.state == "active")
    .values(state="retired", retired_at=bindparam("now"))
)
_RETIRE = (
    update(signing_keys)
    .where(signing_keys.c.kid == bindparam("key"), signing_keys.c.state == "next")
    .values(state="retired", retired_at=bindparam("now"))
    .returning(signing_keys.c.kid)
)
_ACTIVATE = (
    update(signing_keys)
    .where(signing_keys.c.kid == bindparam("key"), signing_keys.c.state == "next")
    .values(state="active", activated_at=bindparam("now"))
    .returning(signing_keys.c.kid)
)
_DELETE = (
    delete(signing_keys)
    .where(signing_keys.c.kid == bindparam("key"), signing_keys.c.state != "active")
    .returning(signing_keys.c.kid)
)


def every(tx: Tx) -> tuple[KeyRow, ...]:
    """Every signing key that is not forgotten, oldest first."""
    return tuple(
        KeyRow(
            row.kid,
            row.alg,
            row.state,
            json.loads(row.public),
            row.created_at,
            row.activated_at,
            row.retired_at,
        )
        for row in tx.execute(_EVERY)
    )


def insert(tx: Tx, kid: str, alg: str, public: Mapping[str, Any], *, now: int) -> bool:
    """Announce a key: it is published and does not sign yet. False when it is known already."""
    dialect = sqlite_insert if tx.dialect.name == "sqlite" else postgresql_insert
    kept = tx.execute(
        dialect(signing_keys)
        .values(kid=kid, alg=alg, state="next", public=json.dumps(dict(public)), created_at=now)
        .on_conflict_do_nothing(index_elements=["kid"])
        .returning(signing_keys.c.kid)
    ).one_or_none()
    bump(tx, VERSION)
    return kept is not None


def activate(tx: Tx, kid: str, alg: str, *, now: int) -> bool:
    """Let a key sign in the place of the one that did; False when it is not waiting for that."""
    tx.execute(_RETIRE_ACTIVE, {"of_alg": alg, "now": now})
    found = tx.execute(_ACTIVATE, {"key": kid, "now": now}).one_or_none()
    bump(tx, VERSION)
    return found is not None


def retire(tx: Tx, kid: str, *, now: int) -> bool:
    """Retire a key that never signed; False when it does not wait."""
    found = tx.execute(_RETIRE, {"key": kid, "now": now}).one_or_none()
    bump(tx, VERSION)
    return found is not None


def delete_key(tx: Tx, kid: str) -> bool:
    """Forget a key that does not sign: nothing it signed is believed any more. False when there is none."""
    found = tx.execute(_DELETE, {"key": kid}).one_or_none()
    bump(tx, VERSION)
    return found is not None
