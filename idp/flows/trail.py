"""Which entries of the audit trail are an account's own (journey I; GDPR articles 15 and 20)."""

from idp.flows.idp import Idp
from idp.store import audit
from idp.store.accounts import AccountProfile, AccountRow
from idp.store.audit import Owned
from idp.store.database import Tx


def owned(idp: Idp, tx: Tx, account: AccountRow, profile: AccountProfile) -> Owned:
    """What was noted of this account and its customer since it is there, and of its username while that is
    theirs: before, and once it was freed, it may be somebody else's, and so may be those who failed at it.
    """
    theirs = account.username_index is not None
    sub = idp.sealer.pseudonym(f"sub:{account.sub}")
    customer = idp.sealer.pseudonym(f"customer:{account.customer_number}")
    return Owned(
        actors=(sub, customer),
        since=account.created_at,
        username=idp.sealer.pseudonym(f"username:{profile.username.text}") if theirs else None,
        username_after=audit.username_taken(tx, sub, customer),
    )
