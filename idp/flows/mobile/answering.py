"""The code comes back: a number on the customer's own record is usable at once, any other waits.

Of one that waits the own contacts are told, with a link that cancels it, and the agency, without.
"""

from dataclasses import dataclass

from idp.accounts.audit import Detail, Event
from idp.accounts.challenge import Purpose
from idp.accounts.mobile_change import ChangeState, ConfirmedBy
from idp.accounts.recovery import settled
from idp.flows import fresh, post, proving, telling
from idp.flows.fresh import NotFresh, Owner
from idp.flows.idp import Idp
from idp.flows.mobile import asking, making_good, numbers
from idp.flows.mobile.asking import NotUsable, Proving
from idp.flows.mobile.cancelling import CANCEL
from idp.flows.mobile.making_good import Beaten
from idp.flows.proving import Late, Limited, Refused
from idp.flows.sessions import SessionGone
from idp.flows.telling import Own
from idp.flows.wording import Purpose as Letter
from idp.store import challenges, mobile_changes, outbox
from idp.store.accounts import AccountRow
from idp.store.database import Tx
from idp.store.outbox import Parcel
from idp.values import Handle

_NOTICE_LIFE = 24 * 3600


@dataclass(frozen=True, slots=True)
class Waits:
    """The number is proven and waits; the contacts, the agency and every open session are told."""


@dataclass(frozen=True, slots=True)
class Usable:
    """The number stands on the customer's own record: it confirms from now on."""


def answer(
    idp: Idp, known: Owner, code: str, *, source: str, now: int
) -> Waits | Usable | NotUsable | Refused | Limited | NotFresh:
    """Take an answer to the code; every one costs a try before it is looked at. Raises ``RegistryDown``."""
    proof = asking.under_way(idp, known)
    if proof is None:
        return _late(idp, known)
    verdict = proving.judge(
        idp,
        proof.challenge,
        code,
        proof.number,
        purpose=Purpose.MOBILE,
        subject=asking.subject_of(idp, known, proof.change.id),
        source=source,
        now=now,
    )
    match verdict:
        case Refused() | Limited():
            return verdict
        case Late():
            return _late(idp, known)
    try:
        return _proven(idp, known, proof, now=now)
    except SessionGone:
        return NotFresh()


def _proven(idp: Idp, known: Owner, proof: Proving, *, now: int) -> Waits | Usable | NotUsable | Refused:
    own = telling.own(idp, known.account)
    (standing,) = idp.registry.standings((proof.number,))
    on_file = own.record is not None and any(one.contact == proof.number for one in own.record.contacts)
    strangers = standing.holders - (1 if on_file else 0)
    if standing.of_agency:
        return _refuse(idp, known, proof, "of_agency", now=now)
    if strangers >= idp.settings.limits.customers_per_mobile:
        return _refuse(idp, known, proof, "customers", now=now)
    try:
        if on_file and strangers == 0:
            return _usable(idp, known, proof, own, now=now)
        return _waits(idp, known, proof, own, now=now)
    except Beaten:
        return _late(idp, known)
    except _TooMany:
        return _refuse(idp, known, proof, "customers", now=now)


class _TooMany(Exception):
    """As many customers as may have this number."""


def _usable(idp: Idp, known: Owner, proof: Proving, own: Own, *, now: int) -> Usable:
    prepared = making_good.confirmation_telling(
        idp,
        known.account,
        proof.change.id,
        proof.number,
        own.contacts,
        by=ConfirmedBy.REGISTRY,
        lifts=settled(own.record, proof.number, idp.settings.recovery.contact_age, now),
        now=now,
    )
    token = idp.entropy.handle()
    with idp.writing() as tx:
        fresh.hold(tx, known)
        _take(tx, proof, token, matures_at=now, now=now)
        if not making_good.confirm(idp, tx, prepared, now=now):
            raise Beaten
        outbox.add(tx, *prepared.parcels)
    idp.post_waiting.set()
    return Usable()


def _waits(idp: Idp, known: Owner, proof: Proving, own: Own, *, now: int) -> Waits:
    account, change = known.account, proof.change
    token = idp.entropy.handle()
    matures_at = now + idp.settings.lifetimes.pending_hold
    parcels = [
        *telling.notices(
            idp,
            account,
            (contact for contact in own.contacts if contact != proof.number),
            Letter.MOBILE_PENDING,
            now=now,
            facts={"until": matures_at},
            link=f"{idp.issuer}{CANCEL}{token.secret}",
        ),
        *_to_agency(idp, account, own, now=now),
    ]
    most = idp.settings.limits.customers_per_mobile
    with idp.writing() as tx:
        fresh.hold(tx, known)
        _take(tx, proof, token, matures_at=matures_at, now=now)
        index = idp.sealer.contact_index(proof.number)
        if mobile_changes.others_with(tx, index, sub=account.sub) >= most:
            raise _TooMany
        if change.old_lost:
            mobile_changes.lose_mobiles(tx, account.sub, now=now)
        outbox.add(tx, *parcels)
        details: dict[str, Detail] = {"change": change.id, "until": matures_at, "old_lost": change.old_lost}
        numbers.note(idp, tx, Event.MOBILE_PENDING, account.sub, details, now=now)
    idp.post_waiting.set()
    return Waits()


def _take(tx: Tx, proof: Proving, token: Handle, *, matures_at: int, now: int) -> None:
    """Use up the answer; raises ``_Beaten`` where another request did."""
    if not challenges.end(tx, proof.challenge.id, now=now):
        raise Beaten
    proving.answered(tx, proof.challenge, now=now)
    done = mobile_changes.prove(
        tx, proof.change.id, cancel_digest=token.digest, matures_at=matures_at, now=now
    )
    if not done:
        raise Beaten


def _refuse(idp: Idp, known: Owner, proof: Proving, reason: str, *, now: int) -> NotUsable:
    with idp.writing() as tx:
        fresh.hold(tx, known)
        challenges.end(tx, proof.challenge.id, now=now)
        mobile_changes.cancel(tx, proof.change.id, now=now)
        details: dict[str, Detail] = {"change": proof.change.id, "reason": reason}
        numbers.note(idp, tx, Event.MOBILE_REFUSED, known.account.sub, details, now=now)
    return NotUsable("mobile_not_usable")


def _late(idp: Idp, known: Owner) -> Waits | Usable | Refused:
    """What an answer that came too late finds: of a form sent twice, the second the first one's work."""
    # Written with, not read: on SQLite many share a commit, and the faster one's may be still to come.
    with idp.writing() as tx:
        row = mobile_changes.newest(tx, known.account.sub)
        asked = None if row is None else challenges.latest(tx, asking.subject_of(idp, known, row.id))
    if row is not None and asked is not None and row.state == ChangeState.PENDING:
        return Waits()
    if row is not None and asked is not None and row.state == ChangeState.CONFIRMED:
        return Usable()
    return Refused("code_expired")


def _to_agency(idp: Idp, account: AccountRow, own: Own, *, now: int) -> tuple[Parcel, ...]:
    email = None if own.record is None else own.record.agency.email
    if email is None:
        return ()
    return (
        post.prepare(
            idp,
            to=email,
            purpose=Letter.MOBILE_AGENCY,
            # The agency's, not the customer's.
            language=idp.settings.languages.default,
            now=now,
            expires_at=now + _NOTICE_LIFE,
            facts={"customer_number": account.customer_number},
        ),
    )
