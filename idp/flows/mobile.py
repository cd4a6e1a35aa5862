"""Registering and changing a mobile number (journey G).

The number that was typed proves itself by a code, then waits (``lifetimes.pending_hold``): contacts, open
sessions and the agency are told, and one press cancels it. The registry, an admin or an activation code
confirms it at once. Until then it is no username, no factor and no way to recover.

::

    begin ──▶ answer ──a number on the customer's own record──▶ Usable
                └──any other──▶ Waits ──mature, confirm, confirm_with_code──▶ usable
                                  └──cancel, cancel_by_link──▶ dropped, with what was added since
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from idp.accounts.audit import Detail, Event
from idp.accounts.challenge import Challenge, Purpose
from idp.accounts.lockout import Brake
from idp.accounts.lockout import Throttled as Braked
from idp.accounts.mobile_change import ChangeState, ConfirmedBy, MobileChange
from idp.accounts.pumping import may_be_typed
from idp.accounts.recovery import settled
from idp.accounts.registry import RegistryDown
from idp.flows import activation, additions, post, proving, telling, throttle
from idp.flows.activation import Wrong as WrongCode
from idp.flows.browser import Browser
from idp.flows.fresh import Owner
from idp.flows.idp import Idp
from idp.flows.proving import Asked, Late, Limited, NotYet, Question, Refused
from idp.flows.telling import Own
from idp.flows.wording import Purpose as Letter
from idp.store import accounts, audit, challenges, mobile_changes, outbox, recoveries
from idp.store.accounts import ON_FILE, TYPED, AccountRow, ProvenContact
from idp.store.database import Tx
from idp.store.mobile_changes import ChangeRow
from idp.store.outbox import Parcel
from idp.values import Contact, ContactKind, Handle, MobileNumber, parse_identifier

CANCEL = "/account/cancel/"
"""The path of the page that cancels, to which the token of a notice is appended."""

_AT_ONCE = 50
_NOTICE_LIFE = 24 * 3600


# --- what there is ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mobile:
    """The number that confirms what its owner does; ``lost``: it was reported lost and gets no codes."""

    number: MobileNumber
    lost: bool


@dataclass(frozen=True, slots=True)
class Pending:
    """A number that waits; ``usable_at`` in epoch seconds."""

    number: MobileNumber
    usable_at: int


def mobile_of(idp: Idp, account: AccountRow) -> Mobile | None:
    """The mobile of an account: the newest, one that is not lost before one that is."""
    with idp.reading() as tx:
        found = recoveries.ways_of(tx, account.sub)
    ways = [way for way in found if way.kind is ContactKind.MOBILE and way.pending is None]
    if not ways:
        return None
    way = max(ways, key=lambda way: (not way.lost, way.added_at, way.contact_index))
    proven = ProvenContact(way.contact_index, way.kind, way.sealed, way.added_at)
    contact = accounts.open_contact(idp.sealer, account.sub, proven)
    return Mobile(MobileNumber(contact.text), way.lost)


def pending_of(idp: Idp, account: AccountRow) -> Pending | None:
    """The number that waits at an account."""
    with idp.reading() as tx:
        row = mobile_changes.current(tx, account.sub)
    if row is None or row.state != ChangeState.PENDING or row.matures_at is None:
        return None
    return Pending(mobile_changes.open_number(idp.sealer, row.id, row.sealed_mobile), row.matures_at)


def came_of_it(idp: Idp, account: AccountRow, *, since: int) -> ChangeState | None:
    """What became of the newest change since then; None when nothing did."""
    with idp.reading() as tx:
        row = mobile_changes.newest(tx, account.sub)
    if row is None:
        return None
    at = row.proven_at if row.ended_at is None else row.ended_at
    return ChangeState(row.state) if at is not None and at >= since else None


def opened(idp: Idp, change_id: str, sealed: bytes) -> Contact:
    """The number of a stored change; raises ``Unsealable``."""
    return mobile_changes.open_number(idp.sealer, change_id, sealed)


# --- a number is typed ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sent:
    """A code is on its way to the number."""


@dataclass(frozen=True, slots=True)
class NotUsable:
    """The number cannot be registered; ``fault`` says what the page is to say."""

    fault: str


@dataclass(frozen=True, slots=True)
class Proving:
    """A number whose code is asked for in this session."""

    change: ChangeRow
    number: MobileNumber
    challenge: Challenge


def begin(
    idp: Idp, known: Owner, number: MobileNumber, *, old_lost: bool, source: str, now: int
) -> Sent | NotYet | NotUsable | Limited:
    """Send a code to a number that the customer typed; a change that was under way ends.

    Whose else it may be is judged once it is proven, so that this page tells nobody. Raises ``RegistryDown``.
    """
    record = idp.registry.by_customer_number(known.account.customer_number)
    on_file = record is not None and any(one.contact == number for one in record.contacts)
    fault = None if on_file else may_be_typed(number, idp.settings.registration.mobile_countries)
    if fault is not None:
        return NotUsable(fault)
    present = mobile_of(idp, known.account)
    if present is not None and not present.lost and present.number == number:
        return NotUsable("mobile_same")
    before = under_way(idp, known)
    if before is not None and before.number == number and before.change.old_lost == old_lost:
        return _send(idp, known, before.change.id, number, before.challenge, source=source, now=now)
    brakes = _brakes(idp, known)
    decision = throttle.spend(idp, brakes, now=now)
    if isinstance(decision, Braked):
        return proving.limited(idp, brakes, decision, source, Purpose.MOBILE, ContactKind.MOBILE, now=now)
    change = MobileChange(
        id=idp.entropy.identifier(),
        sub=known.account.sub,
        mobile=number,
        old_lost=old_lost,
        state=ChangeState.PROVING,
        asked_at=now,
    )
    latest = before.challenge if before is not None and before.number == number else None
    question = _question(idp, known, change.id, number)
    asked = proving.ask(idp, question, latest, source=source, now=now, signed_in=True)
    if isinstance(asked, NotYet | Limited):
        throttle.give_back(idp, brakes, now=now)
        return asked
    sealed = mobile_changes.seal(idp.sealer, change.id, number)
    with idp.writing() as tx:
        mobile_changes.begin(tx, change, sealed=sealed, mobile_index=idp.sealer.contact_index(number))
        proving.write(tx, asked, now=now)
        details: dict[str, Detail] = {"change": change.id, "session": known.session_id}
        _note(idp, tx, Event.MOBILE_ASKED, change.sub, details, now=now)
    idp.post_waiting.set()
    return Sent()


def under_way(idp: Idp, known: Owner) -> Proving | None:
    """The change whose code this session asked for."""
    with idp.reading() as tx:
        row = mobile_changes.current(tx, known.account.sub)
        if row is None or row.state != ChangeState.PROVING:
            return None
        challenge = challenges.latest(tx, _subject(idp, known, row.id))
    if challenge is None:
        return None
    return Proving(row, mobile_changes.open_number(idp.sealer, row.id, row.sealed_mobile), challenge)


def resend(idp: Idp, known: Owner, before: Proving, *, source: str, now: int) -> Sent | NotYet | Limited:
    """Send another code to the same number; the one before it ends."""
    return _send(idp, known, before.change.id, before.number, before.challenge, source=source, now=now)


def _send(
    idp: Idp,
    known: Owner,
    change_id: str,
    number: MobileNumber,
    latest: Challenge | None,
    *,
    source: str,
    now: int,
) -> Sent | NotYet | Limited:
    question = _question(idp, known, change_id, number)
    asked = proving.ask(idp, question, latest, source=source, now=now, signed_in=True)
    if not isinstance(asked, Asked):
        return asked
    with idp.writing() as tx:
        proving.write(tx, asked, now=now)
    idp.post_waiting.set()
    return Sent()


def _question(idp: Idp, known: Owner, change_id: str, number: MobileNumber) -> Question:
    return Question(
        purpose=Purpose.MOBILE,
        subject=_subject(idp, known, change_id),
        contact=number,
        letter=Letter.MOBILE_CODE,
        language=known.account.language,
        life=idp.settings.codes.sign_in_life,
    )


def _subject(idp: Idp, known: Owner, change_id: str) -> str:
    # The session's and the change's: another session of the account cannot answer, nor an older change.
    return idp.sealer.pseudonym(f"mobile:{change_id}:{known.session_id}")


def _brakes(idp: Idp, known: Owner) -> tuple[Brake, ...]:
    whom = idp.sealer.pseudonym(f"sub:{known.account.sub}")
    return (Brake(f"mobile-account:{whom}", idp.settings.limits.mobile_changes_per_account),)


# --- it is proven -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waits:
    """The number is proven and waits; the contacts, the agency and every open session are told."""


@dataclass(frozen=True, slots=True)
class Usable:
    """The number stands on the customer's own record: it confirms from now on."""


def answer(
    idp: Idp, known: Owner, code: str, *, source: str, now: int
) -> Waits | Usable | NotUsable | Refused | Limited:
    """Take an answer to the code; every one costs a try before it is looked at. Raises ``RegistryDown``."""
    proof = under_way(idp, known)
    if proof is None:
        return _late(idp, known)
    verdict = proving.judge(
        idp,
        proof.challenge,
        code,
        proof.number,
        purpose=Purpose.MOBILE,
        subject=_subject(idp, known, proof.change.id),
        source=source,
        now=now,
    )
    match verdict:
        case Refused() | Limited():
            return verdict
        case Late():
            return _late(idp, known)
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
    except _Beaten:
        return _late(idp, known)
    except _TooMany:
        return _refuse(idp, known, proof, "customers", now=now)


class _Beaten(Exception):
    """Another request was faster: nothing of this is to stay."""


class _TooMany(Exception):
    """As many customers as may have this number."""


def _usable(idp: Idp, known: Owner, proof: Proving, own: Own, *, now: int) -> Usable:
    prepared = _confirmation(
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
        _take(tx, proof, token, matures_at=now, now=now)
        if not confirm(idp, tx, prepared, now=now):
            raise _Beaten
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
        _take(tx, proof, token, matures_at=matures_at, now=now)
        index = idp.sealer.contact_index(proof.number)
        if mobile_changes.others_with(tx, index, sub=account.sub) >= most:
            raise _TooMany
        if change.old_lost:
            mobile_changes.lose_mobiles(tx, account.sub, now=now)
        outbox.add(tx, *parcels)
        details: dict[str, Detail] = {"change": change.id, "until": matures_at, "old_lost": change.old_lost}
        _note(idp, tx, Event.MOBILE_PENDING, account.sub, details, now=now)
    idp.post_waiting.set()
    return Waits()


def _take(tx: Tx, proof: Proving, token: Handle, *, matures_at: int, now: int) -> None:
    """Use up the answer; raises ``_Beaten`` where another request did."""
    if not challenges.end(tx, proof.challenge.id, now=now):
        raise _Beaten
    proving.answered(tx, proof.challenge, now=now)
    done = mobile_changes.prove(
        tx, proof.change.id, cancel_digest=token.digest, matures_at=matures_at, now=now
    )
    if not done:
        raise _Beaten


def _refuse(idp: Idp, known: Owner, proof: Proving, reason: str, *, now: int) -> NotUsable:
    with idp.writing() as tx:
        challenges.end(tx, proof.challenge.id, now=now)
        mobile_changes.cancel(tx, proof.change.id, now=now)
        details: dict[str, Detail] = {"change": proof.change.id, "reason": reason}
        _note(idp, tx, Event.MOBILE_REFUSED, known.account.sub, details, now=now)
    return NotUsable("mobile_not_usable")


def _late(idp: Idp, known: Owner) -> Waits | Usable | Refused:
    """What an answer that came too late finds: of a form sent twice, the second the first one's work."""
    # Written with, not read: on SQLite many share a commit, and the faster one's may be still to come.
    with idp.writing() as tx:
        row = mobile_changes.newest(tx, known.account.sub)
        asked = None if row is None else challenges.latest(tx, _subject(idp, known, row.id))
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


# --- it is made good --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Everything prepared to make a pending number good; ``parcels`` are to be written beside it."""

    account: AccountRow
    change_id: str
    by: ConfirmedBy
    proven: ProvenContact = field(repr=False)
    parcels: tuple[Parcel, ...] = ()
    # It is as good as what lets a new account confirm operations at once (accounts.ledger).
    lifts: bool = False


def confirmation(
    idp: Idp, account: AccountRow, change_id: str, contact: Contact, *, by: ConfirmedBy, now: int
) -> Confirmation:
    """Prepare what ``confirm`` writes: the contact sealed, a letter to every own contact.

    Raises ``RegistryDown``.
    """
    own = telling.own(idp, account)
    lifts = by in (ConfirmedBy.ADMIN, ConfirmedBy.ACTIVATION)
    return _confirmation(idp, account, change_id, contact, own.contacts, by=by, lifts=lifts, now=now)


def _confirmation(
    idp: Idp,
    account: AccountRow,
    change_id: str,
    contact: Contact,
    told: Iterable[Contact],
    *,
    by: ConfirmedBy,
    lifts: bool,
    now: int,
) -> Confirmation:
    proven = ProvenContact(
        idp.sealer.contact_index(contact),
        ContactKind.MOBILE,
        accounts.seal_contact(idp.sealer, account.sub, contact),
        now,
        # One that the registry has goes when it leaves the registry.
        ON_FILE if by is ConfirmedBy.REGISTRY else TYPED,
    )
    parcels = telling.notices(idp, account, (contact, *told), Letter.MOBILE_CONFIRMED, now=now)
    return Confirmation(account, change_id, by, proven, parcels, lifts)


def confirm(idp: Idp, tx: Tx, prepared: Confirmation, *, now: int) -> bool:
    """Make the number good: True for the one caller that does, False when it was cancelled or confirmed
    meanwhile."""
    account = prepared.account
    if not mobile_changes.confirm(tx, prepared.change_id, by=prepared.by, now=now):
        return False
    mobile_changes.take_over(tx, account.sub, prepared.proven, keep=account.username_index or b"")
    if prepared.lifts:
        accounts.lift_hold(tx, account.sub)
    details: dict[str, Detail] = {"change": prepared.change_id, "by": prepared.by}
    _note(idp, tx, Event.MOBILE_CONFIRMED, account.sub, details, now=now)
    return True


def mature(idp: Idp, now: int) -> int:
    """Make good the numbers whose time has come and that nobody cancelled; how many.

    While the registry is down they wait on. A number at an account that is locked is dropped.
    """
    with idp.reading() as tx:
        rows = mobile_changes.mature(tx, now, at_most=_AT_ONCE)
        owners = {row.id: accounts.by_sub(tx, row.sub) for row in rows}
    done = 0
    for row in rows:
        account = owners[row.id]
        if account is None or account.state != accounts.ACTIVE:
            with idp.writing() as tx:
                mobile_changes.cancel(tx, row.id, now=now)
            continue
        number = opened(idp, row.id, row.sealed_mobile)
        try:
            prepared = confirmation(idp, account, row.id, number, by=ConfirmedBy.TIME, now=now)
        except RegistryDown:
            break
        with idp.writing() as tx:
            if confirm(idp, tx, prepared, now=now):
                outbox.add(tx, *prepared.parcels)
                done += 1
    with idp.reading() as tx:
        forgotten = mobile_changes.has_unproven(tx, before=now - _NOTICE_LIFE)
    if forgotten:
        with idp.writing() as tx:
            mobile_changes.expire(tx, before=now - _NOTICE_LIFE, now=now)
    if done:
        idp.post_waiting.set()
    return done


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The number is usable at once."""


@dataclass(frozen=True, slots=True)
class NothingWaits:
    """No number waits: it was confirmed or cancelled meanwhile, or there never was one."""


def confirm_with_code(
    idp: Idp, known: Owner, typed: str, browser: Browser, *, now: int
) -> Confirmed | NothingWaits | WrongCode | Limited:
    """Make the number good by an activation code of this customer, which is used up.

    Raises ``Malformed`` for what is no code at all, and ``RegistryDown``.
    """
    account = known.account
    record = idp.registry.by_customer_number(account.customer_number)
    code = None if record is None else record.tax_code or record.vat_number
    if record is None or code is None:
        return WrongCode()
    found = activation.look_up(idp, parse_identifier(code.text), typed, browser=browser, now=now)
    if isinstance(found, WrongCode | Limited):
        return found
    if found.record.customer_number != account.customer_number:
        return WrongCode()
    with idp.reading() as tx:
        row = mobile_changes.current(tx, account.sub)
    if row is None or row.state != ChangeState.PENDING:
        return NothingWaits()
    number = opened(idp, row.id, row.sealed_mobile)
    prepared = confirmation(idp, account, row.id, number, by=ConfirmedBy.ACTIVATION, now=now)
    try:
        with idp.writing() as tx:
            if not activation.spend(tx, found.digest, account.customer_number, now=now):
                return WrongCode()
            if not confirm(idp, tx, prepared, now=now):
                raise _Beaten
            outbox.add(tx, *prepared.parcels)
    except _Beaten:
        return NothingWaits()
    idp.post_waiting.set()
    return Confirmed()


# --- it is cancelled --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cancellable:
    """What a notice's link would cancel; times in epoch seconds."""

    change: ChangeRow
    number: MobileNumber
    # From when on what was added goes, too: the link's own change may have been replaced since.
    since: int

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
    since = row.asked_at if row.proven_at is None else row.proven_at
    return _cancel(idp, known.account, row.id, since=since, by="account", now=now)


def cancellable(idp: Idp, token: Handle | None, *, now: int) -> Cancellable | None:
    """What the link with this token cancels; None for one that is over, used or unknown. Changes nothing.

    Where its change was replaced by a newer one, that is what it cancels: whoever types another number is
    not rid of the notices of the first.
    """
    if token is None:
        return None
    with idp.reading() as tx:
        row = mobile_changes.by_cancel_token(tx, token.digest)
        if row is None or row.proven_at is None or row.matures_at is None or row.matures_at <= now:
            return None
        since = row.proven_at
        if row.state == ChangeState.CANCELLED:
            row = mobile_changes.current(tx, row.sub)
    if row is None or row.state not in (ChangeState.PROVING, ChangeState.PENDING):
        return None
    return Cancellable(row, mobile_changes.open_number(idp.sealer, row.id, row.sealed_mobile), since)


def cancel_by_link(idp: Idp, token: Handle | None, *, now: int) -> bool:
    """Cancel by the link of a notice, wherever it is opened: it signs nobody in and needs no session."""
    found = cancellable(idp, token, now=now)
    if found is None:
        return False
    with idp.reading() as tx:
        account = accounts.by_sub(tx, found.change.sub)
    if account is None:
        return False
    return _cancel(idp, account, found.change.id, since=found.since, by="link", now=now)


def _cancel(idp: Idp, account: AccountRow, change_id: str, *, since: int, by: str, now: int) -> bool:
    parcels: tuple[Parcel, ...] = ()
    try:
        told = telling.own(idp, account).contacts
        parcels = telling.notices(idp, account, told, Letter.MOBILE_CANCELLED, now=now)
    except RegistryDown:
        # Nobody must have to wait for the registry to be rid of a thief's number.
        pass
    with idp.writing() as tx:
        if not mobile_changes.cancel(tx, change_id, now=now):
            return False
        mobile_changes.spend_links(tx, account.sub)
        keep = account.username_index or b""
        removed = mobile_changes.drop_since(tx, account.sub, since=since, keep=keep)
        removed += additions.drop_since(idp, tx, account.sub, since=since, by="mobile", now=now)
        mobile_changes.find_again(tx, account.sub, since=since)
        outbox.add(tx, *parcels)
        details: dict[str, Detail] = {"change": change_id, "by": by, "removed": removed}
        _note(idp, tx, Event.MOBILE_CANCELLED, account.sub, details, now=now)
    idp.post_waiting.set()
    return True


def _note(idp: Idp, tx: Tx, event: Event, sub: str, details: dict[str, Detail], *, now: int) -> None:
    audit.add(tx, event, at=now, actor=idp.sealer.pseudonym(f"sub:{sub}"), details=details)
