"""How many there are, for limits that follow the size of the house. It reads an index whole: ask seldom."""

from sqlalchemy import func, select

from idp.store import tables
from idp.store.database import Tx

_ACCOUNTS = select(func.count()).select_from(tables.accounts)


def accounts(tx: Tx) -> int:
    """How many accounts there are, in whatever state."""
    return int(tx.execute(_ACCOUNTS).scalar_one())
