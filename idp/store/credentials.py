"""Changing what an account signs in with: one statement each, which decides among several callers."""

from sqlalchemy import bindparam, update

from idp.store.accounts import ACTIVE
from idp.store.database import Tx
from idp.store.tables import accounts
from idp.values import ContactKind

_SET_PASSWORD = (
    update(accounts)
    .where(
        accounts.c.sub == bindparam("of_sub"),
        accounts.c.state == ACTIVE,
        accounts.c.password_hash == bindparam("seen_hash"),
    )
    .values(password_hash=bindparam("new_hash"), password_changed_at=bindparam("now"))
    .returning(accounts.c.sub)
)
_SET_USERNAME = (
    update(accounts)
    .where(
        accounts.c.sub == bindparam("of_sub"),
        accounts.c.state == ACTIVE,
        # The name in it may have followed the registry meanwhile.
        accounts.c.sealed_profile == bindparam("seen_profile"),
    )
    .values(
        username_kind=bindparam("kind"),
        username_index=bindparam("index"),
        sealed_profile=bindparam("new_profile"),
        username_ends_at=None,
        updated_at=bindparam("now"),
    )
    .returning(accounts.c.sub)
)

_SET_LANGUAGE = (
    update(accounts)
    .where(accounts.c.sub == bindparam("of_sub"), accounts.c.language != bindparam("new_language"))
    .values(language=bindparam("new_language"), updated_at=bindparam("now"))
    .returning(accounts.c.sub)
)


def set_language(tx: Tx, sub: str, language: str, *, now: int) -> bool:
    """Write and speak to an account in another language: True where it was another one before."""
    values = {"of_sub": sub, "new_language": language, "now": now}
    return tx.execute(_SET_LANGUAGE, values).one_or_none() is not None


def set_password(tx: Tx, sub: str, *, seen: str, new: str, now: int) -> bool:
    """Replace the password whose hash was ``seen``: True for the one caller that does."""
    values = {"of_sub": sub, "seen_hash": seen, "new_hash": new, "now": now}
    return tx.execute(_SET_PASSWORD, values).one_or_none() is not None


def set_username(
    tx: Tx, sub: str, *, seen_profile: bytes, new_profile: bytes, kind: ContactKind, index: bytes, now: int
) -> bool:
    """Give an account another username, without end: True for the one caller that does.

    Raises ``IntegrityError`` where another account has it: the transaction is to end.
    """
    values = {
        "of_sub": sub,
        "seen_profile": seen_profile,
        "new_profile": new_profile,
        "kind": kind,
        "index": index,
        "now": now,
    }
    return tx.execute(_SET_USERNAME, values).one_or_none() is not None
