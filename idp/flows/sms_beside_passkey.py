"""The notice of a confirmation by SMS where fingerprint or face would have done (security bar 5.3).

Whoever took the number over, or had its owner read a code out, goes around the passkey: the owner hears of it
where that person does not read.
"""

from idp.flows import new_device, telling
from idp.flows.confirming import Way, Ways
from idp.flows.idp import Idp
from idp.flows.wording import Purpose as Letter
from idp.store.accounts import AccountRow
from idp.store.outbox import Parcel
from idp.values import ProofKind


def notices(idp: Idp, account: AccountRow, ways: Ways, given: Way, *, now: int) -> tuple[Parcel, ...]:
    """The letters to send beside this confirmation; none where no passkey could have given it.

    A registry that is down keeps nobody from confirming.
    """
    has_passkey = any(way.kind is ProofKind.PASSKEY for way in ways.open)
    if given.kind is not ProofKind.SMS_CODE or not has_passkey:
        return ()
    to = new_device.safest(idp, account)
    return telling.notices(idp, account, to, Letter.CONFIRMED_BY_SMS, now=now)
