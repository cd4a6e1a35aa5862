"""Passkeys and whom they name; the database picks the winner of whatever happens at once."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, and_, bindparam, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from idp.accounts.ceremonies import Made
from idp.accounts.passkey import Passkey
from idp.store.database import Tx
from idp.store.sealing import Sealer
from idp.store.tables import accounts, passkey_owners, passkeys


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    """A passkey as it is stored, with its name and whom it names."""

    passkey: Passkey
    sealed_name: bytes = field(repr=False)
    user_handle: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class OwnerRow:
    """An account as its passkeys know it."""

    user_handle: bytes = field(repr=False)
    # When the customer said not to be asked again.
    never_offer_at: int | None


def seal_name(sealer: Sealer, passkey_id: str, name: str) -> bytes:
    """A passkey's name as it is stored."""
    return sealer.seal(name, f"passkeys/sealed_name/{passkey_id}")


def open_name(sealer: Sealer, row: PasskeyRow) -> str:
    """The name itself, empty where it has none; raises ``Unsealable``."""
    return str(sealer.open(row.sealed_name, f"passkeys/sealed_name/{row.passkey.id}"))


_NAMES = tuple(Passkey.__slots__)
_COLUMNS = (*(passkeys.c[name] for name in _NAMES), passkeys.c.sealed_name, passkey_owners.c.user_handle)
_FIND: Select[Any] = select(*_COLUMNS).join_from(
    passkeys, passkey_owners, passkeys.c.sub == passkey_owners.c.sub
)
_OF = _FIND.where(passkeys.c.sub == bindparam("of_sub")).order_by(passkeys.c.created_at, passkeys.c.id)
_BY_CREDENTIAL = _FIND.where(passkeys.c.credential_id == bindparam("credential"))
_BY_CANCEL = _FIND.where(passkeys.c.cancel_digest == bindparam("digest"))
_OWNER = select(passkey_owners.c.user_handle, passkey_owners.c.never_offer_at).where(
    passkey_owners.c.sub == bindparam("of_sub")
)
_LOCK = select(accounts.c.password_hash).where(accounts.c.sub == bindparam("of_sub")).with_for_update()
_USE = (
    update(passkeys)
    .where(
        passkeys.c.id == bindparam("passkey_id"),
        passkeys.c.suspended_at.is_(None),
        # Of two signatures at once the one that counts less does not do (accounts.passkey.counted).
        or_(
            passkeys.c.sign_count < bindparam("count"),
            and_(passkeys.c.sign_count == 0, bindparam("count") == 0),
        ),
    )
    .values(
        sign_count=bindparam("count"), backed_up=bindparam("now_backed_up"), last_used_at=bindparam("now")
    )
    .returning(passkeys.c.id)
)
_FLAG = (
    update(passkeys)
    .where(passkeys.c.id == bindparam("passkey_id"), passkeys.c.flagged_at.is_(None))
    .values(flagged_at=bindparam("now"))
    .returning(passkeys.c.id)
)
_RENAME = (
    update(passkeys)
    .where(passkeys.c.id == bindparam("passkey_id"), passkeys.c.sub == bindparam("of_sub"))
    .values(sealed_name=bindparam("new_name"))
    .returning(passkeys.c.id)
)
_RELEASE = (
    update(passkeys)
    .where(passkeys.c.sub == bindparam("of_sub"), passkeys.c.pending_until > bindparam("now"))
    .values(pending_until=None)
    .returning(passkeys.c.id)
)
_REMOVE = (
    delete(passkeys)
    .where(passkeys.c.id == bindparam("passkey_id"), passkeys.c.sub == bindparam("of_sub"))
    .returning(passkeys.c.id)
)
_REMOVE_SINCE = (
    delete(passkeys)
    .where(passkeys.c.sub == bindparam("of_sub"), passkeys.c.created_at >= bindparam("since"))
    .returning(passkeys.c.id)
)
_SUSPEND_SINCE = (
    update(passkeys)
    .where(
        passkeys.c.sub == bindparam("of_sub"),
        passkeys.c.created_at >= bindparam("since"),
        passkeys.c.suspended_at.is_(None),
    )
    .values(suspended_at=bindparam("now"))
    .returning(passkeys.c.id)
)
_RESTORE = update(passkeys).where(passkeys.c.sub == bindparam("of_sub")).values(suspended_at=None)
_REMOVE_OTHERS = (
    delete(passkeys)
    .where(passkeys.c.sub == bindparam("of_sub"), passkeys.c.id.not_in(bindparam("kept", expanding=True)))
    .returning(passkeys.c.id)
)


def _inserting(dialect: Any) -> Any:
    return dialect(passkeys).on_conflict_do_nothing().returning(passkeys.c.id)


def _owning(dialect: Any) -> Any:
    return dialect(passkey_owners).on_conflict_do_nothing()


def _never(dialect: Any) -> Any:
    insert = dialect(passkey_owners)
    return insert.on_conflict_do_update(
        index_elements=["sub"], set_={"never_offer_at": insert.excluded.never_offer_at}
    )


_DIALECTS = {"sqlite": sqlite_insert, "postgresql": postgresql_insert}
_INSERT = {name: _inserting(insert) for name, insert in _DIALECTS.items()}
_OWN = {name: _owning(insert) for name, insert in _DIALECTS.items()}
_NEVER = {name: _never(insert) for name, insert in _DIALECTS.items()}


def owner_of(tx: Tx, sub: str) -> OwnerRow | None:
    """Whom the passkeys of an account name; None while it was asked nothing about any."""
    row = tx.execute(_OWNER, {"of_sub": sub}).one_or_none()
    return None if row is None else OwnerRow(*row)


def own(tx: Tx, sub: str, user_handle: bytes) -> None:
    """Give an account the name for its passkeys, once."""
    tx.execute(_OWN[tx.dialect.name], {"sub": sub, "user_handle": user_handle})


def never_offer(tx: Tx, sub: str, user_handle: bytes, *, now: int) -> None:
    """Note that the customer does not want to be asked again; the name is for an account that has none."""
    tx.execute(_NEVER[tx.dialect.name], {"sub": sub, "user_handle": user_handle, "never_offer_at": now})


def add(
    tx: Tx,
    made: Made,
    *,
    passkey_id: str,
    sub: str,
    sealed_name: bytes,
    pending_until: int | None,
    cancel_digest: bytes,
    most: int,
    now: int,
) -> bool | None:
    """Keep a new passkey, in a transaction that holds the account (``sessions.hold``).

    False where the credential is somebody's already, None where there are ``most``.
    """
    if len(of_account(tx, sub)) >= most:
        return None
    values = {
        "id": passkey_id,
        "sub": sub,
        "credential_id": made.credential_id,
        "public_key": made.public_key,
        "sign_count": made.sign_count,
        "backup_eligible": made.backup_eligible,
        "backed_up": made.backed_up,
        "transports": " ".join(made.transports),
        "aaguid": made.aaguid,
        "sealed_name": sealed_name,
        "created_at": now,
        "pending_until": pending_until,
        "cancel_digest": cancel_digest,
    }
    return tx.execute(_INSERT[tx.dialect.name], values).one_or_none() is not None


def of_account(tx: Tx, sub: str) -> tuple[PasskeyRow, ...]:
    """The passkeys of an account, the oldest first."""
    return tuple(_row(row) for row in tx.execute(_OF, {"of_sub": sub}))


def by_credential(tx: Tx, credential_id: bytes) -> PasskeyRow | None:
    """The passkey with this credential id, whoever's it is."""
    row = tx.execute(_BY_CREDENTIAL, {"credential": credential_id}).one_or_none()
    return None if row is None else _row(row)


def by_cancel_token(tx: Tx, digest: bytes) -> PasskeyRow | None:
    """The passkey that a notice's link cancels."""
    row = tx.execute(_BY_CANCEL, {"digest": digest}).one_or_none()
    return None if row is None else _row(row)


def use(tx: Tx, passkey_id: str, *, sign_count: int, backed_up: bool, now: int) -> bool:
    """Note a good signature; False where its counter is not beyond the stored one, or the passkey is gone."""
    values = {"passkey_id": passkey_id, "count": sign_count, "now_backed_up": backed_up, "now": now}
    return tx.execute(_USE, values).one_or_none() is not None


def flag(tx: Tx, passkey_id: str, *, now: int) -> bool:
    """Note that its counter went back: True for the first caller."""
    return tx.execute(_FLAG, {"passkey_id": passkey_id, "now": now}).one_or_none() is not None


def rename(tx: Tx, sub: str, passkey_id: str, sealed_name: bytes) -> bool:
    """Give a passkey of this account another name; False where there is none."""
    values = {"of_sub": sub, "passkey_id": passkey_id, "new_name": sealed_name}
    return tx.execute(_RENAME, values).one_or_none() is not None


def release(tx: Tx, sub: str, *, now: int) -> tuple[str, ...]:
    """Let what is held confirm at once; the ids."""
    return tuple(tx.execute(_RELEASE, {"of_sub": sub, "now": now}).scalars())


def lock(tx: Tx, sub: str) -> bool:
    """Hold an account until the end of the transaction; whether it has a password."""
    return tx.execute(_LOCK, {"of_sub": sub}).scalar_one_or_none() is not None


def remove(tx: Tx, sub: str, passkey_id: str) -> bool:
    """Remove a passkey of this account: True for the one caller that does.

    Ask ``may_remove`` between ``lock`` and this.
    """
    return tx.execute(_REMOVE, {"of_sub": sub, "passkey_id": passkey_id}).one_or_none() is not None


def remove_since(tx: Tx, sub: str, since: int) -> tuple[str, ...]:
    """Remove what was added to an account at ``since`` or later; the ids."""
    return tuple(tx.execute(_REMOVE_SINCE, {"of_sub": sub, "since": since}).scalars())


def suspend_since(tx: Tx, sub: str, since: int, *, now: int) -> tuple[str, ...]:
    """Set aside what was added to an account at ``since`` or later; the ids."""
    return tuple(tx.execute(_SUSPEND_SINCE, {"of_sub": sub, "since": since, "now": now}).scalars())


def restore(tx: Tx, sub: str) -> None:
    """Let every passkey of an account do again what it did before it was set aside."""
    tx.execute(_RESTORE, {"of_sub": sub})


def remove_others(tx: Tx, sub: str, kept: Collection[str]) -> tuple[str, ...]:
    """Remove all but these; the ids of those that went."""
    return tuple(tx.execute(_REMOVE_OTHERS, {"of_sub": sub, "kept": tuple(kept)}).scalars())


def _row(row: Any) -> PasskeyRow:
    stored = dict(row._mapping)
    sealed_name, user_handle = stored.pop("sealed_name"), stored.pop("user_handle")
    stored["transports"] = tuple(stored["transports"].split())
    return PasskeyRow(Passkey(**stored), sealed_name, user_handle)
