"""What an account adds is worth no more than what was proven lately (``accounts.ledger``): passkeys,
authenticator apps and recovery codes ask here."""

from idp.accounts import ledger
from idp.accounts.ledger import Circumstances
from idp.accounts.recovery import old_enough
from idp.flows.fresh import Owner
from idp.flows.idp import Idp
from idp.flows.telling import Own
from idp.store import recoveries
from idp.store.accounts import AccountRow
from idp.values import ContactKind


def is_held(idp: Idp, known: Owner, own: Own, *, now: int, now_ms: int) -> bool:
    """Whether what ``known`` adds at this moment waits; ``own`` as ``telling.own`` found it."""
    since = now_ms - idp.settings.lifetimes.fresh_authentication * 1000
    return ledger.is_held(
        (proof for proof in known.row.session.proofs if proof.at >= since),
        Circumstances(_settled_mobile(idp, known.account, own, now=now), known.account.recovered_at),
        after_recovery=idp.settings.lifetimes.held_after_recovery,
        now=now,
    )


def _settled_mobile(idp: Idp, account: AccountRow, own: Own, *, now: int) -> bool:
    """Whether every mobile that confirms has been the customer's for as long as recovery wants.

    One that the customer typed waited before it became one.
    """
    age = idp.settings.recovery.contact_age
    old = {
        idp.sealer.contact_index(one.contact)
        for one in (() if own.record is None else own.record.contacts)
        if old_enough(one.changed_on, age, now)
    }
    with idp.reading() as tx:
        ways = recoveries.ways_of(tx, account.sub)
    mobiles = [way for way in ways if way.kind is ContactKind.MOBILE and not way.lost]
    return bool(mobiles) and all(way.typed or way.contact_index in old for way in mobiles)
