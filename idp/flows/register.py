"""Registration (journey A): what somebody types is matched, a code goes to the contact, an account is born.

The page never tells whether the data matched (journey C1). So a match and a mismatch run the same statements,
the same writes and the same hash; only the outbox row differs, in its words and in whether it has a
recipient: the truth goes to the contact on file, and to nobody where the contact is on no file.

Nothing of a customer exists before the code is answered in the browser that asked for it (security bar D6).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from idp.accounts import challenge as rules
from idp.accounts import enrolment as enrolments_rules
from idp.accounts.audit import Event
from idp.accounts.challenge import Challenge, Ended, Expired, Purpose, Right
from idp.accounts.enrolment import Enrolment, Stage, Typed
from idp.accounts.lockout import Allowed, Brake
from idp.accounts.lockout import Throttled as Braked
from idp.accounts.matching import ContactFacts, Match, Outcome, match
from idp.accounts.password import PasswordFault, Personal, faults_of
from idp.accounts.records import CustomerRecord, Policy, RecordContact
from idp.flows import post, throttle
from idp.flows import sessions as session_flows
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.flows.wording import Purpose as Letter
from idp.store import accounts, audit, challenges, enrolments, outbox, registry
from idp.store.accounts import AccountProfile, AccountRow, ProvenContact
from idp.store.database import Tx
from idp.store.outbox import Parcel
from idp.values import Contact, ContactKind, Handle, ProfileKind, Proof, ProofKind, RecordState

resend_wait = rules.resend_wait


@dataclass(frozen=True, slots=True)
class Begun:
    """The data are kept; ``handle`` is what the browser is to hold of a new enrolment."""

    handle: Handle | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Limited:
    """Too many of these: come back in ``retry_after`` seconds."""

    retry_after: int


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An enrolment as its browser finds it, with the newest challenge, if one was sent."""

    enrolment: Enrolment
    challenge: Challenge | None

    @property
    def shown(self) -> dict[str, str]:
        """What was typed, for the page to show again."""
        typed = self.enrolment.typed
        return {
            "given_name": typed.given_name,
            "family_name": typed.family_name,
            "username": typed.username.text,
            "accept_terms": "yes",
        }


@dataclass(frozen=True, slots=True)
class PasswordRefused:
    """The password cannot be taken; ``fault`` is the first of what is wrong."""

    fault: PasswordFault


@dataclass(frozen=True, slots=True)
class Sent:
    """If the data match, a code is on its way; else what is wrong is, or nothing. The same for the page."""


@dataclass(frozen=True, slots=True)
class NotYet:
    """Another code can be asked for in ``wait`` seconds."""

    wait: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The code did not do; ``fault`` says what the page is to say."""

    fault: str
    tries_left: int | None = None


@dataclass(frozen=True, slots=True)
class AlreadyDone:
    """This very enrolment ended meanwhile: nothing more is to be done, and nobody is signed in by it."""


@dataclass(frozen=True, slots=True)
class Registered:
    """The account exists and its owner is signed in."""

    begun: session_flows.Begun


def begin(
    idp: Idp,
    *,
    given_name: str,
    family_name: str,
    username: Contact,
    known: "UnderWay | None",
    interaction_id: str | None,
    language: str,
    source: str,
    now: int,
) -> Begun | Limited:
    """Keep what was typed and match it with the registry; the terms were accepted on the page that sent
    it."""
    brakes = throttle.registration_brakes(idp, source)
    decision = throttle.spend(idp, brakes, now=now)
    if isinstance(decision, Braked):
        return _limited(idp, brakes, decision, source, channel=username.kind, now=now)
    typed = Typed(given_name, family_name, username)
    outcome = _judged(idp, typed, now=now)
    matched = outcome.record if isinstance(outcome, Match) else None
    handle = idp.entropy.handle()
    brand = idp.settings.brand
    enrolment = Enrolment(
        id=idp.entropy.identifier(),
        profile=ProfileKind.PERSON,
        case_number=enrolments_rules.case_number(idp.entropy.octets(enrolments_rules.CASE_OCTETS)),
        language=language,
        created_at=now,
        expires_at=now + idp.settings.lifetimes.enrolment,
        typed=typed,
        customer_number=None if matched is None else matched.customer_number,
        reason=None if isinstance(outcome, Match) else outcome.reason,
        interaction_id=interaction_id,
        terms_version=brand.terms_version,
        privacy_version=brand.privacy_version,
        terms_accepted_at=now,
    )
    if known is not None:
        # Going back and typing other data goes on with the same enrolment; a code on its way is void then.
        kept = known.enrolment
        enrolment = replace(enrolment, id=kept.id, case_number=kept.case_number, expires_at=kept.expires_at)
    sealed_typed = enrolments.seal_typed(idp.sealer, enrolment.id, typed)
    with idp.writing() as tx:
        if known is None:
            enrolments.insert_enrolment(tx, enrolment, handle_digest=handle.digest, sealed_typed=sealed_typed)
        elif enrolments.retype(tx, enrolment, sealed_typed=sealed_typed, now=now):
            challenges.end_all(tx, enrolment.id, now=now)
        audit.add(
            tx,
            Event.REGISTRATION_MATCHED if matched is not None else Event.REGISTRATION_NOT_MATCHED,
            at=now,
            actor=_pseudonym(idp, matched),
            source=throttle.pseudonym_of_source(idp, source),
            details={
                "enrolment": enrolment.id,
                "case": enrolment.case_number,
                "profile": enrolment.profile,
                **({"reason": enrolment.reason} if enrolment.reason is not None else {}),
            },
        )
    return Begun(handle if known is None else None)


def under_way(idp: Idp, handle: Handle, *, now: int) -> UnderWay | None:
    """The enrolment a browser holds; None when there is none, or it ended."""
    with idp.reading() as tx:
        row = enrolments.find(tx, handle.digest)
        if row is None or row.completed_at is not None or row.expires_at <= now:
            return None
        challenge = challenges.latest(tx, row.id)
    enrolment = enrolments.opened(idp.sealer, row)
    if enrolment.stage(now) not in (Stage.PASSWORD, Stage.CHALLENGE):
        return None
    # A password that was dropped with the data it was judged by asks for a challenge of its own.
    return UnderWay(enrolment, challenge if enrolment.password_hash is not None else None)


def choose_password(
    idp: Idp, known: UnderWay, password: str, *, source: str, now: int
) -> PasswordRefused | Limited | NotYet | Sent:
    """Judge the password, keep its hash with the enrolment, and send the first challenge.

    Raises ``Overloaded`` when too many wait to be hashed.
    """
    typed = known.enrolment.typed
    brand = idp.settings.brand
    personal = Personal(
        names=(typed.given_name, typed.family_name),
        username=typed.username,
        house_words=(brand.name, brand.insurer_name),
    )
    faults = faults_of(password, idp.settings.password, personal)
    if faults:
        return PasswordRefused(faults[0])
    # A hash is the dearest thing there is to ask for, and here everybody may.
    brakes = throttle.password_brakes(idp, known.enrolment.id)
    decision = throttle.spend(idp, brakes, now=now)
    if isinstance(decision, Braked):
        return _limited(idp, brakes, decision, source, channel=typed.username.kind, now=now)
    hashed = idp.hasher.hash(password)
    if known.challenge is not None and _wait(idp, known.challenge, now) > 0 and known.challenge.live(now):
        # Going back and choosing another password is no way around the gap: the code on its way stays good.
        with idp.writing() as tx:
            enrolments.choose_password(tx, known.enrolment.id, hashed, now=now)
        return NotYet(_wait(idp, known.challenge, now))
    limited = _spend_send(idp, typed.username, source, now=now)
    if limited is not None:
        return limited
    challenge, parcel = _challenge(idp, known.enrolment, now=now)
    with idp.writing() as tx:
        enrolments.choose_password(tx, known.enrolment.id, hashed, now=now)
        _send(tx, challenge, parcel, resend=False, now=now)
    idp.post_waiting.set()
    return Sent()


def resend(idp: Idp, known: UnderWay, *, source: str, now: int) -> Sent | NotYet | Limited:
    """Send another challenge; the one before it ends."""
    wait = 0 if known.challenge is None else _wait(idp, known.challenge, now)
    if wait > 0:
        return NotYet(wait)
    limited = _spend_send(idp, known.enrolment.typed.username, source, now=now)
    if limited is not None:
        return limited
    challenge, parcel = _challenge(idp, known.enrolment, now=now)
    with idp.writing() as tx:
        _send(tx, challenge, parcel, resend=True, now=now)
    idp.post_waiting.set()
    return Sent()


def answer(
    idp: Idp, known: UnderWay, typed: str, browser: Browser, *, now: int, now_ms: int
) -> Registered | AlreadyDone | Refused | Limited:
    """Take an answer to the challenge: every one costs a try before it is looked at."""
    challenge, enrolment = known.challenge, known.enrolment
    code = rules.code_of(typed, idp.settings.codes.digits)
    if code is None:
        return Refused("code_malformed")
    if challenge is None or not _proves_what_was_typed(idp, challenge, enrolment):
        return Refused("code_expired")
    brakes = throttle.code_brakes(idp, enrolment.typed.username)
    decision = throttle.standing(idp, brakes, now=now)
    if not isinstance(decision, Allowed):
        return Limited(decision.retry_after)
    with idp.writing() as tx:
        taken = challenges.take_try(
            tx, challenge.id, purpose=Purpose.REGISTRATION, subject=enrolment.id, now=now
        )
        verdict = (
            rules.why_over(challenge, now)
            if taken is None
            else rules.judge(taken, code, [key.secret for key in idp.keyring.symmetric("codes")])
        )
        if isinstance(verdict, rules.Wrong):
            _note_failure(tx, challenge, verdict, now=now)
    match verdict:
        case Right():
            return _complete(idp, known, challenge, browser, now=now, now_ms=now_ms)
        case Expired() | Ended():
            _note_late_answer(idp, challenge, verdict, now=now)
            # Of a form sent twice the second finds the first one's work.
            return AlreadyDone() if _completed_meanwhile(idp, enrolment) else Refused("code_expired")
        case _:
            throttle.failed(idp, brakes, now=now)
            return Refused("code_wrong" if verdict.tries_left else "code_expired", verdict.tries_left)


def _proves_what_was_typed(idp: Idp, challenge: Challenge, enrolment: Enrolment) -> bool:
    # Data typed anew while a code for the old ones was on its way: that code proves another contact.
    sent_to = challenges.open_contact(idp.sealer, challenge.id, challenge.sealed_contact)
    return sent_to == enrolment.typed.username


def _completed_meanwhile(idp: Idp, enrolment: Enrolment) -> bool:
    with idp.reading() as tx:
        row = enrolments.by_id(tx, enrolment.id)
    return row is not None and row.completed_at is not None


@dataclass(frozen=True, slots=True)
class Who:
    """Whoever is signed in in this browser."""

    username: Contact
    given_name: str = field(repr=False)
    language: str


def who_is_signed_in(idp: Idp, browser: Browser, *, now: int) -> Who | None:
    """The account of this browser's session."""
    with idp.reading() as tx:
        row = session_flows.current(idp, tx, browser, now=now)
        account = None if row is None else accounts.by_sub(tx, row.session.sub)
    if account is None:
        return None
    profile = accounts.open_profile(idp.sealer, account)
    return Who(profile.username, profile.given_name, account.language)


def _judged(idp: Idp, typed: Typed, *, now: int) -> Outcome:
    """What the registry, as it stands now, makes of what was typed; two statements, always."""
    with idp.reading() as tx:
        on_file = registry.candidates_by_contact(tx, idp.sealer.contact_index(typed.username))
    candidates = [registry.opened(idp.sealer, sealed) for sealed in on_file.candidates]
    _work_as_if_found(idp, typed, _RECORDS_OF_ONE - len(candidates), now=now)
    facts = ContactFacts(
        holders=on_file.holders,
        of_agency=on_file.of_agency,
        registered=frozenset(sealed.customer_number for sealed in on_file.candidates if sealed.registered),
        username_of=on_file.username_of,
    )
    return match(typed.registrant(), candidates, facts, idp.settings.registration, now)


_RECORDS_OF_ONE = 2
"""Records that a customer has at most, but for a rare few: their own, and the one by VAT number."""


def _work_as_if_found(idp: Idp, typed: Typed, missing: int, *, now: int) -> None:
    """Spend on records that are not there what opening and judging them costs, so that time tells nothing.

    A record that agrees in everything is made up and thrown away; sealing costs what opening does.
    """
    someone = CustomerRecord(
        customer_number="",
        profile=ProfileKind.PERSON,
        state=RecordState.ACTIVE,
        updated_on=_LONG_AGO,
        given_name=typed.given_name,
        family_name=typed.family_name,
        birth_date=_LONG_AGO,
        contacts=(RecordContact(typed.username, _LONG_AGO),) * 2,
        policies=(Policy("", "", active=True),) * 2,
    )
    facts = ContactFacts(holders=1)
    for _ in range(missing):
        registry.seal(idp.sealer, someone)
        match(typed.registrant(), (someone,), facts, idp.settings.registration, now)


_LONG_AGO = date(1900, 1, 1)


def _spend_send(idp: Idp, contact: Contact, source: str, *, now: int) -> Limited | None:
    """Count one message with a code; what to answer when there were too many."""
    brakes = throttle.send_brakes(idp, contact, source)
    decision = throttle.spend(idp, brakes, now=now)
    if isinstance(decision, Allowed):
        return None
    return _limited(idp, brakes, decision, source, channel=contact.kind, now=now)


def _limited(
    idp: Idp, brakes: Sequence[Brake], refused: Braked, source: str, *, channel: ContactKind, now: int
) -> Limited:
    """The answer to one too many, told to the audit trail when it is the first."""
    if throttle.first_refusal(idp, brakes, refused, now=now):
        with idp.writing() as tx:
            audit.add(
                tx,
                Event.SEND_THROTTLED,
                at=now,
                source=throttle.pseudonym_of_source(idp, source),
                details={"brake": refused.by, "purpose": Purpose.REGISTRATION, "channel": channel},
            )
    return Limited(refused.retry_after)


def _wait(idp: Idp, challenge: Challenge, now: int) -> int:
    return rules.resend_wait(challenge.sent_at, idp.settings.codes.resend_gap, now)


def _challenge(idp: Idp, enrolment: Enrolment, *, now: int) -> tuple[Challenge, Parcel]:
    """A challenge and its message. Where the data did not match, no answer is right and the message tells
    why."""
    to = enrolment.typed.username
    expires_at = now + idp.settings.codes.registration_life
    challenge_id = idp.entropy.identifier()
    code = idp.entropy.digits(idp.settings.codes.digits)
    mac = rules.mac_of(code, challenge_id, idp.keyring.symmetric("codes")[0].secret)
    challenge = Challenge(
        id=challenge_id,
        purpose=Purpose.REGISTRATION,
        subject=enrolment.id,
        channel=to.kind,
        tries_left=idp.settings.codes.tries,
        sent_at=now,
        expires_at=expires_at,
        sealed_contact=challenges.seal_contact(idp.sealer, challenge_id, to),
        code_mac=mac if enrolment.reason is None else None,
    )
    truth = None if enrolment.reason is None else Letter.truth(enrolment.reason)
    tells_truth = enrolment.reason is not None and enrolment.reason.told_to_contact and truth is not None
    parcel = post.prepare(
        idp,
        to=to if enrolment.reason is None or tells_truth else None,
        kind=to.kind,
        purpose=truth if tells_truth and truth is not None else Letter.REGISTRATION_CODE,
        language=enrolment.language,
        now=now,
        expires_at=expires_at,
        code=None if tells_truth else code,
    )
    return challenge, parcel


def _send(tx: Tx, challenge: Challenge, parcel: Parcel, *, resend: bool, now: int) -> None:
    challenges.start(tx, challenge)
    outbox.add(tx, parcel)
    audit.add(
        tx,
        Event.CHALLENGE_SENT,
        at=now,
        details={
            "challenge": challenge.id,
            "purpose": challenge.purpose,
            "channel": challenge.channel,
            "resend": resend,
        },
    )


def _note_failure(tx: Tx, challenge: Challenge, verdict: rules.Answer, *, now: int) -> None:
    left = verdict.tries_left if isinstance(verdict, rules.Wrong) else None
    audit.add(
        tx,
        Event.CHALLENGE_FAILED,
        at=now,
        details={
            "challenge": challenge.id,
            "purpose": challenge.purpose,
            "channel": challenge.channel,
            "reason": type(verdict).__name__.lower(),
            "tries_left": left,
        },
    )


def _note_late_answer(idp: Idp, challenge: Challenge, verdict: rules.Answer, *, now: int) -> None:
    # No try is spent on these, so there may be any number of them: the trail keeps the first.
    if idp.ephemera.bump(f"late:{challenge.id}", idp.settings.lifetimes.enrolment, now) == 1:
        with idp.writing() as tx:
            _note_failure(tx, challenge, verdict, now=now)


class _Beaten(Exception):
    """Another request was faster: nothing of this one is to stay."""


def _complete(
    idp: Idp, known: UnderWay, challenge: Challenge, browser: Browser, *, now: int, now_ms: int
) -> Registered | AlreadyDone | Refused:
    """Everything at once or nothing: account, proven contact, session, notices, audit."""
    enrolment = known.enrolment
    username = enrolment.typed.username
    # The registry may have changed in the day an enrolment lives.
    outcome = _judged(idp, enrolment.typed, now=now)
    record = outcome.record if isinstance(outcome, Match) else None
    if record is None or record.customer_number != enrolment.customer_number or not enrolment.password_hash:
        return AlreadyDone() if _completed_meanwhile(idp, enrolment) else Refused("code_expired")
    with idp.reading() as tx:
        before = session_flows.current(idp, tx, browser, now=now)
    account = _account(idp, enrolment, record, now=now)
    proven = ProvenContact(
        idp.sealer.contact_index(username),
        username.kind,
        accounts.seal_contact(idp.sealer, account.sub, username),
        now,
    )
    kind = ProofKind.SMS_CODE if username.kind is ContactKind.MOBILE else ProofKind.EMAIL_CODE
    begun = session_flows.prepare(idp, browser, account.sub, Proof(kind, now_ms), before=before, now=now)
    notices = _notices(idp, enrolment, record, now=now)
    try:
        with idp.writing() as tx:
            if not (
                challenges.end(tx, challenge.id, now=now)
                and enrolments.complete(tx, enrolment.id, customer_number=record.customer_number, now=now)
                and accounts.insert_account(tx, account)
            ):
                raise _Beaten
            accounts.prove_contact(tx, account.sub, proven)
            session_flows.begin(idp, tx, begun, now=now)
            for notice in notices:
                outbox.add(tx, notice)
            audit.add(
                tx,
                Event.CHALLENGE_ANSWERED,
                at=now,
                details={
                    "challenge": challenge.id,
                    "purpose": challenge.purpose,
                    "channel": challenge.channel,
                },
            )
            audit.add(
                tx,
                Event.REGISTRATION_COMPLETED,
                at=now,
                actor=_pseudonym(idp, record),
                source=throttle.pseudonym_of_source(idp, browser.source),
                details={
                    "enrolment": enrolment.id,
                    "case": enrolment.case_number,
                    "profile": enrolment.profile,
                    "session": begun.session.id,
                },
            )
    except _Beaten:
        return AlreadyDone() if _completed_meanwhile(idp, enrolment) else Refused("code_expired")
    idp.post_waiting.set()
    return Registered(begun)


def _account(idp: Idp, enrolment: Enrolment, record: CustomerRecord, *, now: int) -> AccountRow:
    sub = idp.entropy.identifier()
    username = enrolment.typed.username
    profile = AccountProfile(
        username=username,
        given_name=record.given_name,
        family_name=record.family_name,
        company_name=record.company_name,
        birth_date=record.birth_date,
    )
    return AccountRow(
        sub=sub,
        customer_number=record.customer_number,
        profile=record.profile,
        state=accounts.ACTIVE,
        username_kind=username.kind,
        username_index=idp.sealer.contact_index(username),
        sealed_profile=accounts.seal_profile(idp.sealer, sub, profile),
        password_hash=enrolment.password_hash,
        password_changed_at=now,
        language=enrolment.language,
        terms_version=enrolment.terms_version or "",
        privacy_version=enrolment.privacy_version or "",
        terms_accepted_at=enrolment.terms_accepted_at or now,
        terms_language=enrolment.language,
        created_at=now,
        updated_at=now,
    )


def _notices(idp: Idp, enrolment: Enrolment, record: CustomerRecord, *, now: int) -> list[Parcel]:
    """One to every contact of the customer that is nobody else's (journey A7)."""
    own: list[Contact] = []
    with idp.reading() as tx:
        for on_record in record.contacts:
            on_file = registry.candidates_by_contact(tx, idp.sealer.contact_index(on_record.contact))
            if on_file.holders <= 1 and not on_file.of_agency:
                own.append(on_record.contact)
    return [
        post.prepare(
            idp,
            to=contact,
            purpose=Letter.ACCOUNT_CREATED,
            language=enrolment.language,
            now=now,
            expires_at=now + 86400,
        )
        for contact in own
    ]


def _pseudonym(idp: Idp, record: CustomerRecord | None) -> str | None:
    return None if record is None else idp.sealer.pseudonym(f"customer:{record.customer_number}")
