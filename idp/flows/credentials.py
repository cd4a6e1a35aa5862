"""Changing the password and the username of one's own account (end of journey H, journey L).

A new password ends every other session, everything issued to clients and what is known of other browsers;
the session that changed it goes on with a new handle. A new username is another contact of the customer's
own, which proves itself by a code.
"""

from dataclasses import dataclass, field, replace

from sqlalchemy.exc import IntegrityError

from idp.accounts.audit import Event
from idp.accounts.challenge import Challenge, Purpose
from idp.accounts.password import Personal
from idp.accounts.recovery import settled
from idp.flows import fresh, passwords, proving, telling, throttle
from idp.flows import sessions as session_flows
from idp.flows.browser import Browser
from idp.flows.fresh import NotFresh, Owner, Unknown
from idp.flows.idp import Idp
from idp.flows.login import Right, Throttled, Wrong
from idp.flows.passwords import PasswordRefused
from idp.flows.proving import Late, Limited, NotYet, Question, Refused
from idp.flows.sessions import Begun, Leaving, SessionGone
from idp.flows.telling import Own
from idp.flows.wording import Purpose as Letter
from idp.store import accounts, audit, challenges, claims, credentials, outbox
from idp.store.accounts import ON_FILE, ProvenContact
from idp.store.database import Tx
from idp.store.outbox import Parcel
from idp.values import Contact, ContactKind, Proof, ProofKind

# --- password ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Changed:
    """It is changed; ``begun`` is the session that goes on."""

    begun: Begun


@dataclass(frozen=True, slots=True)
class AlreadyChanged:
    """The same form was sent twice, and the first one did it."""


@dataclass(frozen=True, slots=True)
class Same:
    """It is the password of today."""


def change_password(
    idp: Idp, known: Owner, current: str, new: str, browser: Browser, *, now: int, now_ms: int
) -> Changed | AlreadyChanged | Same | Wrong | Throttled | PasswordRefused:
    """Check the password of today, judge the new one and set it; whatever else was open ends.

    Raises ``RegistryDown``, and ``Overloaded`` when too many wait to be hashed.
    """
    checked = fresh.check_password(idp, known, current, browser, now=now)
    if not isinstance(checked, Right):
        return checked
    own = telling.own(idp, known.account)
    refused = passwords.judge(idp, new, _personal(idp, known, own))
    if refused is not None:
        return refused
    # Compared as they are hashed: other forms of the same characters are the same password.
    if idp.hasher.verify(new, known.account.password_hash).ok:
        return Same()
    hashed = idp.hasher.hash(new)
    notices = telling.notices(idp, known.account, own.contacts, Letter.PASSWORD_CHANGED, now=now)
    proof = Proof(ProofKind.PASSWORD, now_ms)
    begun = session_flows.prepare(idp, browser, known.account.sub, proof, before=known.row, now=now)

    def write(tx: Tx, leaving: Leaving) -> None:
        _write_password(idp, tx, known, hashed, begun, leaving, notices, now=now)

    try:
        session_flows.leaving(idp, known.account.sub, write, but=known.session_id, now=now)
    except (_Beaten, SessionGone):
        return _already(idp, known, new)
    idp.post_waiting.set()
    return Changed(begun)


class _Beaten(Exception):
    """Something is not as it was read: nothing of this is to stay."""


def _write_password(
    idp: Idp,
    tx: Tx,
    known: Owner,
    hashed: str,
    begun: Begun,
    leaving: Leaving,
    notices: tuple[Parcel, ...],
    *,
    now: int,
) -> None:
    sub = known.account.sub
    if not credentials.set_password(tx, sub, seen=known.account.password_hash or "", new=hashed, now=now):
        raise _Beaten
    ended = leaving.end_all(tx, now=now)
    session_flows.begin(idp, tx, begun, now=now)
    outbox.add(tx, *notices)
    audit.add(
        tx,
        Event.PASSWORD_CHANGED,
        at=now,
        actor=idp.sealer.pseudonym(f"sub:{sub}"),
        details={"session": known.session_id, "sessions": ended.sessions, "clients": ended.told},
    )


def _already(idp: Idp, known: Owner, new: str) -> AlreadyChanged | Wrong:
    # Written with, not read: on SQLite many share a commit, and the faster one's may be still to come.
    with idp.writing() as tx:
        account = accounts.by_sub(tx, known.account.sub)
    same = account is not None and idp.hasher.verify(new, account.password_hash).ok
    return AlreadyChanged() if same else Wrong()


def _personal(idp: Idp, known: Owner, own: Own) -> Personal:
    brand, profile = idp.settings.brand, known.profile
    names = (profile.given_name, profile.family_name, profile.company_name)
    return Personal(
        names=tuple(name for name in names if name),
        username=profile.username,
        birth_years=() if profile.birth_date is None else (profile.birth_date.year,),
        tax_code=None if own.record is None else own.record.tax_code,
        house_words=(brand.name, brand.insurer_name),
    )


# --- username ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """A contact that can become the username; ``handle`` means nothing in another session."""

    handle: str
    contact: Contact


@dataclass(frozen=True, slots=True)
class Sent:
    """A code is on its way to the contact."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The contact whose code is asked for in this session."""

    choice: Choice
    challenge: Challenge = field(repr=False)


@dataclass(frozen=True, slots=True)
class Renamed:
    """The contact is the username, by this request or by one that was faster."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Another account has it by now, or it is the customer's own no more."""


def choices(idp: Idp, known: Owner) -> tuple[Choice, ...]:
    """The customer's own contacts on file that are nobody's username. Raises ``RegistryDown``."""
    record = idp.registry.by_customer_number(known.account.customer_number)
    contacts = () if record is None else telling.own_on_file(idp, record)
    indexes = {contact: idp.sealer.contact_index(contact) for contact in dict.fromkeys(contacts)}
    if not indexes:
        return ()
    with idp.reading() as tx:
        owners = claims.of_contacts(tx, tuple(indexes.values()), ()).owners
    return tuple(
        Choice(idp.sealer.pseudonym(f"username:{known.session_id}:{index.hex()}"), contact)
        for contact, index in indexes.items()
        if index not in owners and contact != known.profile.username
    )


def asked(idp: Idp, known: Owner) -> Asked | None:
    """The choice whose code was sent last, if it still is one. Raises ``RegistryDown``."""
    with idp.reading() as tx:
        challenge = challenges.latest(tx, _subject(idp, known))
    if challenge is None or challenge.ended_at is not None:
        return None
    contact = challenges.open_contact(idp.sealer, challenge.id, challenge.sealed_contact)
    choice = next((choice for choice in choices(idp, known) if choice.contact == contact), None)
    return None if choice is None else Asked(choice, challenge)


def send(idp: Idp, known: Owner, handle: str, *, source: str, now: int) -> Sent | NotYet | Limited | Unknown:
    """Send a code to one of ``choices``. Raises ``RegistryDown``."""
    choice = next((choice for choice in choices(idp, known) if choice.handle == handle), None)
    if choice is None:
        return Unknown()
    before = asked(idp, known)
    question = Question(
        purpose=Purpose.USERNAME,
        subject=_subject(idp, known),
        contact=choice.contact,
        letter=Letter.USERNAME_CODE,
        language=known.account.language,
        life=idp.settings.codes.sign_in_life,
    )
    latest = before.challenge if before is not None and before.choice == choice else None
    made = proving.ask(idp, question, latest, source=source, now=now, signed_in=True)
    if isinstance(made, NotYet | Limited):
        return made
    with idp.writing() as tx:
        proving.write(tx, made, now=now)
    idp.post_waiting.set()
    return Sent()


def change_username(
    idp: Idp, known: Owner, code: str, *, source: str, now: int
) -> Renamed | Taken | Refused | Limited | NotFresh:
    """Take an answer to the code; every one costs a try before it is looked at. Raises ``RegistryDown``."""
    found = asked(idp, known)
    if found is None:
        return _late(idp, known)
    contact, challenge = found.choice.contact, found.challenge
    verdict = proving.judge(
        idp,
        challenge,
        code,
        contact,
        purpose=Purpose.USERNAME,
        subject=_subject(idp, known),
        source=source,
        now=now,
    )
    match verdict:
        case Refused() | Limited():
            return verdict
        case Late():
            return _late(idp, known)
    sub, index = known.account.sub, idp.sealer.contact_index(contact)
    new_profile = accounts.seal_profile(idp.sealer, sub, replace(known.profile, username=contact))
    proven = ProvenContact(index, contact.kind, accounts.seal_contact(idp.sealer, sub, contact), now, ON_FILE)
    own = telling.own(idp, known.account)
    # A second way beside the email that the account was born on, as in ``mobile.answering``.
    lifts = contact.kind is ContactKind.MOBILE and settled(
        own.record, contact, idp.settings.recovery.contact_age, now
    )
    notices = telling.notices(idp, known.account, own.contacts, Letter.USERNAME_CHANGED, now=now)
    try:
        with idp.writing() as tx:
            fresh.hold(tx, known)
            if not challenges.end(tx, challenge.id, now=now):
                raise _Beaten
            proving.answered(tx, challenge, now=now)
            if not credentials.set_username(
                tx,
                sub,
                seen_profile=known.account.sealed_profile,
                new_profile=new_profile,
                kind=contact.kind,
                index=index,
                now=now,
            ):
                raise _Beaten
            accounts.prove_contact(tx, sub, proven)
            if lifts:
                accounts.lift_hold(tx, sub)
            outbox.add(tx, *notices)
            audit.add(
                tx,
                Event.USERNAME_CHANGED,
                at=now,
                actor=idp.sealer.pseudonym(f"sub:{sub}"),
                source=throttle.pseudonym_of_source(idp, source),
                details={"session": known.session_id, "channel": contact.kind},
            )
    except SessionGone:
        return NotFresh()
    except IntegrityError:
        return Taken()
    except _Beaten:
        return _late(idp, known)
    idp.post_waiting.set()
    return Renamed()


def _late(idp: Idp, known: Owner) -> Renamed | Refused:
    """What an answer that came too late finds: of a form sent twice, the second the first one's work."""
    # Written with, not read: on SQLite many share a commit, and the faster one's may be still to come.
    with idp.writing() as tx:
        challenge = challenges.latest(tx, _subject(idp, known))
        account = accounts.by_sub(tx, known.account.sub)
    if challenge is None or account is None:
        return Refused("code_expired")
    contact = challenges.open_contact(idp.sealer, challenge.id, challenge.sealed_contact)
    done = account.username_index == idp.sealer.contact_index(contact)
    return Renamed() if done else Refused("code_expired")


def _subject(idp: Idp, known: Owner) -> str:
    return idp.sealer.pseudonym(f"username:{known.session_id}")
