"""Fresh authentication: whoever changes a way in proves first that they are still there (ASVS 7.5.1).

::

    signed in ──a proof not older than ``lifetimes.fresh_authentication``──▶ the change
        └─older─▶ asked again ──password, or a code to a contact──▶ a new proof, a new handle, the change

A live session alone changes nothing. Where a new number is registered a password is not enough: what proves
is a code at a contact that was there before (security bar 5.3). The proof says what it was and when, so it
never counts for more, nor for longer.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from idp.accounts.audit import Event
from idp.accounts.challenge import Challenge, Purpose
from idp.accounts.recovery import old_enough
from idp.flows import birth, login, proving, throttle
from idp.flows import sessions as session_flows
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.flows.login import Attempt, Right, Throttled, Wrong
from idp.flows.proving import Late, Limited, NotYet, Question, Refused
from idp.flows.sessions import SEEN_EVERY, Begun
from idp.flows.wording import Purpose as Letter
from idp.store import accounts, audit, challenges, recoveries, sessions
from idp.store.accounts import AccountProfile, AccountRow, ProvenContact
from idp.store.sessions import SessionRow
from idp.values import Contact, ContactKind, Proof, ProofKind


class Needs(StrEnum):
    """What a change asks for."""

    # The password of today, a code, or a passkey.
    ANY = "any"
    # A code at a contact that was there before, or what stands for one, or a passkey.
    CONTACT = "contact"


_CONTACT_PROOFS = frozenset(
    {ProofKind.EMAIL_CODE, ProofKind.SMS_CODE, ProofKind.ACTIVATION_CODE, ProofKind.PASSKEY}
)
_ADDED = frozenset({ProofKind.PASSKEY, ProofKind.TOTP, ProofKind.RECOVERY_CODE})


@dataclass(frozen=True, slots=True)
class Owner:
    """Whoever is signed in in this browser, with their account."""

    row: SessionRow
    account: AccountRow
    profile: AccountProfile = field(repr=False)

    @property
    def session_id(self) -> str:
        """The id of their session."""
        return self.row.session.id

    def limited_until(self, now: int) -> int | None:
        """Until when no contact may be changed, after a recovery without a second proof (epoch seconds)."""
        until = self.account.limited_until
        return until if until is not None and until > now else None


@dataclass(frozen=True, slots=True)
class Way:
    """A contact that can get a code; ``handle`` means nothing in another session."""

    handle: str
    contact: Contact


@dataclass(frozen=True, slots=True)
class Confirmed:
    """It is proven: the session goes on with a new handle."""

    begun: Begun


@dataclass(frozen=True, slots=True)
class AlreadyConfirmed:
    """The same answer was sent twice, and the first one did it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A code is on its way."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No such contact in this session."""


def owner(idp: Idp, browser: Browser, *, now: int) -> Owner | None:
    """Who is signed in here; their session is in use from now on."""
    with idp.reading() as tx:
        row = session_flows.current(idp, tx, browser, now=now)
        account = None if row is None else accounts.by_sub(tx, row.session.sub)
    if row is None or account is None:
        return None
    if now - row.last_seen_at >= SEEN_EVERY:
        with idp.writing() as tx:
            sessions.seen(tx, row.session.id, now=now)
    return Owner(row, account, accounts.open_profile(idp.sealer, account))


def is_fresh(idp: Idp, known: Owner, needs: Needs, *, now_ms: int) -> bool:
    """Whether a proof of this session is young enough, and of the kind that is needed."""
    since = now_ms - idp.settings.lifetimes.fresh_authentication * 1000
    return any(
        proof.at >= since and not _waits(proof) and (needs is Needs.ANY or proof.kind in _CONTACT_PROOFS)
        for proof in known.row.session.proofs
    )


def _waits(proof: Proof) -> bool:
    """Whether what proved was added too lately to change anything (accounts.ledger).

    A code proves as much as ever while its account waits: what is added on it is held.
    """
    return proof.held and proof.kind in _ADDED


def by_password(
    idp: Idp, known: Owner, password: str, browser: Browser, *, now: int, now_ms: int
) -> Confirmed | Wrong | Throttled:
    """Take the password of today; wrong ones count as at sign-in. Raises ``Overloaded``."""
    outcome = check_password(idp, known, password, browser, now=now)
    if not isinstance(outcome, Right):
        return outcome
    return Confirmed(_proven(idp, known, browser, ProofKind.PASSWORD, None, now=now, now_ms=now_ms))


def check_password(
    idp: Idp, known: Owner, password: str, browser: Browser, *, now: int
) -> Right | Wrong | Throttled:
    """Whether it is the password of the account, under the brakes of sign-in. Raises ``Overloaded``."""
    with idp.reading() as tx:
        seen = sessions.browser_is_known(tx, browser.digest or b"\x00" * 32, known.account.sub)
    attempt = Attempt(known.profile.username.text, password, browser, seen, reason="asked_again")
    return login.check(idp, attempt, known.account, now=now)


def ways(idp: Idp, known: Owner, *, now: int) -> tuple[Way, ...]:
    """Where a code can go: proven contacts that are the customer's own, and the emails on file that may
    recover.

    A mobile must have been proven: its code makes a second factor. None that was reported lost, and nothing
    of it is taken from the browser. Raises ``RegistryDown``.
    """
    account = known.account
    record = idp.registry.by_customer_number(account.customer_number)
    with idp.reading() as tx:
        proven = [way for way in recoveries.ways_of(tx, account.sub) if way.pending is None]
    contacts = [
        accounts.open_contact(
            idp.sealer, account.sub, ProvenContact(way.contact_index, way.kind, way.sealed, way.added_at)
        )
        for way in proven
    ]
    lost = {way.contact_index for way in proven if way.lost}
    contacts += [
        one.contact
        for one in (() if record is None else record.contacts)
        if one.contact.kind is ContactKind.EMAIL
        and old_enough(one.changed_on, idp.settings.recovery.contact_age, now)
    ]
    own = dict.fromkeys(contact for contact in contacts if idp.sealer.contact_index(contact) not in lost)
    standings = idp.registry.standings(tuple(own)) if own else ()
    return tuple(
        Way(_handle_of(idp, known, contact), contact)
        for contact, standing in zip(own, standings, strict=True)
        if not standing.shared
    )


def sent_to(idp: Idp, known: Owner, *, now: int) -> tuple[Way, Challenge] | None:
    """The contact whose code is asked for, if it still is one of ``ways``. Raises ``RegistryDown``."""
    challenge = _latest(idp, known)
    # One that was answered is over; one that expired, or has no try left, is shown as that.
    if challenge is None or challenge.ended_at is not None:
        return None
    contact = challenges.open_contact(idp.sealer, challenge.id, challenge.sealed_contact)
    way = next((way for way in ways(idp, known, now=now) if way.contact == contact), None)
    return None if way is None else (way, challenge)


def send(idp: Idp, known: Owner, handle: str, *, source: str, now: int) -> Sent | NotYet | Limited | Unknown:
    """Send a code to one of ``ways``. Raises ``RegistryDown``."""
    way = next((way for way in ways(idp, known, now=now) if way.handle == handle), None)
    if way is None:
        return Unknown()
    latest = _latest(idp, known)
    before = None if latest is None else challenges.open_contact(idp.sealer, latest.id, latest.sealed_contact)
    question = Question(
        purpose=Purpose.FRESH,
        subject=known.session_id,
        contact=way.contact,
        letter=Letter.CONFIRM_CODE,
        language=known.account.language,
        life=idp.settings.codes.sign_in_life,
    )
    asked = proving.ask(
        idp, question, latest if before == way.contact else None, source=source, now=now, signed_in=True
    )
    if isinstance(asked, NotYet | Limited):
        return asked
    with idp.writing() as tx:
        proving.write(tx, asked, now=now)
    idp.post_waiting.set()
    return Sent()


def by_code(
    idp: Idp, known: Owner, code: str, browser: Browser, *, now: int, now_ms: int
) -> Confirmed | AlreadyConfirmed | Refused | Limited:
    """Take an answer to the code that was sent; every one costs a try before it is looked at.

    Raises ``RegistryDown``.
    """
    found = sent_to(idp, known, now=now)
    if found is None:
        return Refused("code_expired")
    way, challenge = found
    verdict = proving.judge(
        idp,
        challenge,
        code,
        way.contact,
        purpose=Purpose.FRESH,
        subject=known.session_id,
        source=browser.source,
        account=known.account.sub,
        now=now,
    )
    match verdict:
        case Refused() | Limited():
            return verdict
        case Late():
            return _late(idp, browser, now=now, now_ms=now_ms)
    try:
        begun = _proven(idp, known, browser, birth.proof_by(way.contact), challenge, now=now, now_ms=now_ms)
    except _Beaten:
        return _late(idp, browser, now=now, now_ms=now_ms)
    return Confirmed(begun)


class _Beaten(Exception):
    """Another request used the challenge: nothing of this is to stay."""


def _proven(
    idp: Idp,
    known: Owner,
    browser: Browser,
    kind: ProofKind,
    challenge: Challenge | None,
    *,
    now: int,
    now_ms: int,
) -> Begun:
    """Write the proof into the session, which gets a new handle (ASVS 7.2.4)."""
    waits = known.account.unconfirming_until(now) is not None
    proof = Proof(kind, now_ms, held=waits and kind is not ProofKind.PASSWORD)
    begun = session_flows.prepare(idp, browser, known.account.sub, proof, before=known.row, now=now)
    with idp.writing() as tx:
        if challenge is not None:
            if not challenges.end(tx, challenge.id, now=now):
                raise _Beaten
            proving.answered(tx, challenge, now=now)
        session_flows.begin(idp, tx, begun, now=now)
        audit.add(
            tx,
            Event.CONFIRMED_AGAIN,
            at=now,
            actor=idp.sealer.pseudonym(f"sub:{known.account.sub}"),
            source=throttle.pseudonym_of_source(idp, browser.source),
            details={"session": begun.session.id, "proof": kind},
        )
    return begun


def _late(idp: Idp, browser: Browser, *, now: int, now_ms: int) -> AlreadyConfirmed | Refused:
    """What an answer that came too late finds: of a form sent twice, the second the first one's work."""
    # On SQLite many share a commit, and the faster one's may be still to come: wait for it.
    with idp.writing():
        pass
    # The first one changed the handle, so that this browser's old one finds nobody.
    known = owner(idp, browser, now=now)
    if known is None or is_fresh(idp, known, Needs.CONTACT, now_ms=now_ms):
        return AlreadyConfirmed()
    return Refused("code_expired")


def _latest(idp: Idp, known: Owner) -> Challenge | None:
    with idp.reading() as tx:
        found = challenges.latest(tx, known.session_id)
    return found if found is not None and found.purpose is Purpose.FRESH else None


def _handle_of(idp: Idp, known: Owner, contact: Contact) -> str:
    index = idp.sealer.contact_index(contact).hex()
    return idp.sealer.pseudonym(f"fresh:{known.session_id}:{index}")
