"""A number that waits is cancelled, by its owner's session or by the link of a notice.

With it goes whatever was added to the account since. The registry is never waited for.
"""

from dataclasses import dataclass

from idp.accounts.audit import Detail, Event
from idp.accounts.mobile_change import ChangeState
from idp.accounts.registry import RegistryDown
from idp.flows import additions, fresh, telling
from idp.flows.fresh import Owner
from idp.flows.idp import Idp
from idp.flows.mobile import numbers
from idp.flows.sessions import SessionGone
from idp.flows.wording import Purpose as Letter
from idp.store import accounts, mobile_changes, outbox
from idp.store.accounts import AccountRow
from idp.store.mobile_changes import ChangeRow
from idp.store.outbox import Parcel
from idp.values import Handle, MobileNumber

CANCEL = "/account/cancel/"
"""The path of the page that cancels, to which the token of a notice is appended."""


@dataclass(frozen=True, slots=True)
class Cancellable:
    """What a notice's link would cancel; times in epoch seconds."""

    change: ChangeRow
    number: MobileNumber
    # From when on what was added goes, too: the link's own change may have been replaced since.
    since: int
    # False of one that was replaced by another that came to nothing: what was added goes all the same.
    waits: bool

    @property
    def usable_at(self) -> int:
        """When the number can be used; of one that is not proven yet, no sooner than that."""
        return self.change.matures_at or self.change.asked_at


def cancel(idp: Idp, known: Owner, *, now: int) -> bool:
    """Cancel the number that waits, from a session of its owner: one press, no proof (security bar 5.3)."""
    with idp.reading() as tx:
        row = mobile_changes.current(tx, known.account.sub)
    if row is None or row.state != ChangeState.PENDING:
        return False
    number = mobile_changes.open_number(idp.sealer, row.id, row.sealed_mobile)
    found = Cancellable(row, number, row.since, waits=True)
    try:
        return _cancel(idp, known.account, found, by="account", known=known, now=now)
    except SessionGone:
        return False


def cancellable(idp: Idp, token: Handle | None, *, now: int) -> Cancellable | None:
    """What the link with this token cancels; None for one that is over, used or unknown. Changes nothing.

    Where its change was replaced by a newer one, that is what it cancels: whoever types another number is
    not rid of the notices of the first. Nor is whoever never answers that one's code: the link then drops
    what was added since its own was proven. One that was made good since ends it.
    """
    if token is None:
        return None
    with idp.reading() as tx:
        row = mobile_changes.by_cancel_token(tx, token.digest)
        if row is None or row.proven_at is None or row.matures_at is None or row.matures_at <= now:
            return None
        since = row.since
        if row.state == ChangeState.CANCELLED:
            if mobile_changes.made_good(tx, row.sub, since=since):
                return None
            row = mobile_changes.current(tx, row.sub) or row
    if row.state == ChangeState.CONFIRMED:
        return None
    number = mobile_changes.open_number(idp.sealer, row.id, row.sealed_mobile)
    return Cancellable(row, number, since, waits=row.state != ChangeState.CANCELLED)


def cancel_by_link(idp: Idp, token: Handle | None, *, now: int) -> bool:
    """Cancel by the link of a notice, wherever it is opened: it signs nobody in and needs no session."""
    found = cancellable(idp, token, now=now)
    if found is None:
        return False
    with idp.reading() as tx:
        account = accounts.by_sub(tx, found.change.sub)
    if account is None:
        return False
    return _cancel(idp, account, found, by="link", now=now)


def _cancel(
    idp: Idp,
    account: AccountRow,
    found: Cancellable,
    *,
    by: str,
    known: Owner | None = None,
    now: int,
) -> bool:
    parcels: tuple[Parcel, ...] = ()
    try:
        told = telling.own(idp, account).contacts
        parcels = telling.notices(idp, account, told, Letter.MOBILE_CANCELLED, now=now)
    except RegistryDown:
        # Nobody must have to wait for the registry to be rid of a thief's number.
        pass
    with idp.writing() as tx:
        if known is not None:
            fresh.hold(tx, known)
        if found.waits and not mobile_changes.cancel(tx, found.change.id, now=now):
            return False
        spent = mobile_changes.spend_links(tx, account.sub)
        if not found.waits and found.change.id not in spent:
            return False
        keep = account.username_index or b""
        removed = mobile_changes.drop_since(tx, account.sub, since=found.since, keep=keep)
        removed += additions.drop_since(idp, tx, account.sub, since=found.since, by="mobile", now=now)
        mobile_changes.find_again(tx, account.sub, since=found.since)
        outbox.add(tx, *parcels)
        details: dict[str, Detail] = {"change": found.change.id, "by": by, "removed": removed}
        numbers.note(idp, tx, Event.MOBILE_CANCELLED, account.sub, details, now=now)
    idp.post_waiting.set()
    return True
