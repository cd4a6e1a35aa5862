"""Registering and changing a mobile number (journey G).

The number that was typed proves itself by a code, then waits (``lifetimes.pending_hold``): contacts, open
sessions and the agency are told, and one press cancels it. The registry, an admin or an activation code
confirms it at once. Until then it is no username, no factor and no way to recover.
"""

from dataclasses import dataclass, field

from idp.accounts.audit import Event
from idp.accounts.mobile_change import ConfirmedBy
from idp.flows import birth, post
from idp.flows.idp import Idp
from idp.flows.wording import Purpose as Letter
from idp.store import accounts, audit, mobile_changes
from idp.store.accounts import AccountRow, ProvenContact
from idp.store.database import Tx
from idp.store.outbox import Parcel
from idp.values import Contact, ContactKind

_NOTICE_LIFE = 24 * 3600


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Everything prepared to make a pending number good; ``parcels`` are to be written beside it."""

    account: AccountRow
    change_id: str
    by: ConfirmedBy
    proven: ProvenContact = field(repr=False)
    parcels: tuple[Parcel, ...] = ()


def opened(idp: Idp, change_id: str, sealed: bytes) -> Contact:
    """The number of a stored change; raises ``Unsealable``."""
    return mobile_changes.open_number(idp.sealer, change_id, sealed)


def confirmation(
    idp: Idp, account: AccountRow, change_id: str, contact: Contact, *, by: ConfirmedBy, now: int
) -> Confirmation:
    """Prepare what ``confirm`` writes: the contact sealed, a letter to every own contact.

    Raises ``RegistryDown``.
    """
    proven = ProvenContact(
        idp.sealer.contact_index(contact),
        ContactKind.MOBILE,
        accounts.seal_contact(idp.sealer, account.sub, contact),
        now,
    )
    record = idp.registry.by_customer_number(account.customer_number)
    own = () if record is None else birth.own_contacts(idp, record)
    parcels = tuple(
        post.prepare(
            idp,
            to=to,
            purpose=Letter.MOBILE_CONFIRMED,
            language=account.language,
            now=now,
            expires_at=now + _NOTICE_LIFE,
        )
        for to in dict.fromkeys((contact, *own))
    )
    return Confirmation(account, change_id, by, proven, parcels)


def confirm(idp: Idp, tx: Tx, prepared: Confirmation, *, now: int) -> bool:
    """Make the number good: True for the one caller that does, False when it was cancelled or confirmed
    meanwhile."""
    if not mobile_changes.confirm(tx, prepared.change_id, by=prepared.by, now=now):
        return False
    account = prepared.account
    mobile_changes.take_over(tx, account.sub, prepared.proven, keep=account.username_index or b"")
    audit.add(
        tx,
        Event.MOBILE_CONFIRMED,
        at=now,
        actor=idp.sealer.pseudonym(f"sub:{account.sub}"),
        details={"change": prepared.change_id, "by": prepared.by},
    )
    return True
