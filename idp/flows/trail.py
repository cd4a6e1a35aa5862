"""Which entries of the audit trail are an account's own (journey I; GDPR articles 15 and 20)."""

from idp.flows.idp import Idp
from idp.store import audit
from idp.store.accounts import AccountProfile, AccountRow
from idp.store.audit import Owned
from idp.store.database import Tx


def owned(idp: Idp, tx: Tx, account: AccountRow, profile: AccountProfile) -> Owned:
    """What was noted of this account and its customer since it is there, and of its username since that is
    theirs: before, the username may have been somebody else's, and so may have been those who failed at it.
    """
    sub = idp.sealer.pseudonym(f"sub:{account.sub}")
    customer = idp.sealer.pseudonym(f"customer:{account.customer_number}")
    return Owned(
        actors=(sub, customer),
        since=account.created_at,
        username=idp.sealer.pseudonym(f"username:{profile.username.text}"),
        username_after=audit.username_taken(tx, sub, customer),
    )
