"""Proving a contact: a code, and where wanted a link beside it, goes there and comes back (journeys,
*Challenge*).

Registration, recovery and every change of a contact ask in this one way. A question without a right answer
writes the same rows, spends the same counters and composes the same message as one that has one; only who it
is addressed to differs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from idp.accounts import challenge as rules
from idp.accounts.audit import Event
from idp.accounts.challenge import Challenge, Ended, Expired, Purpose, Right
from idp.accounts.lockout import Allowed, Brake
from idp.accounts.lockout import Throttled as Braked
from idp.flows import post, spending, throttle
from idp.flows.idp import Idp
from idp.flows.wording import Purpose as Letter
from idp.store import audit, challenges, outbox
from idp.store.database import Tx
from idp.store.outbox import Parcel
from idp.values import Contact, ContactKind


@dataclass(frozen=True, slots=True)
class Question:
    """What a challenge is to prove, to whom it goes, and in which words.

    ``truth`` is the letter that takes the code's place where there is nothing to prove: it tells the contact
    on file what the page must not (journey C1). Without ``right`` no answer is right; without ``addressed``
    nobody gets anything.
    """

    purpose: Purpose
    # The enrolment, recovery or change the challenge belongs to; one live challenge each.
    subject: str
    contact: Contact
    letter: Letter
    language: str
    # Seconds.
    life: int
    right: bool = True
    addressed: bool = True
    truth: Letter | None = None
    # The path of the page that a link opens, to which the token is appended; None where none is offered.
    link: str | None = None
    # Whether the message says the code; False where the link alone leads on.
    says_code: bool = True
    facts: Mapping[str, str | int | None] = field(default_factory=dict)
    # Of a contact that was chosen by its mask: the identifier (``throttle.pseudonym_of_contact``).
    chosen_for: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """A challenge and its message, composed and sealed, to be given to ``write``."""

    challenge: Challenge
    parcel: Parcel
    again: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """A code is on its way, or what is wrong is, or nothing. The same for the page."""


@dataclass(frozen=True, slots=True)
class NotYet:
    """Another code can be asked for in ``wait`` seconds."""

    wait: int


@dataclass(frozen=True, slots=True)
class Limited:
    """Too many of these: come back in ``retry_after`` seconds."""

    retry_after: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The code did not do; ``fault`` says what the page is to say."""

    fault: str
    tries_left: int | None = None


@dataclass(frozen=True, slots=True)
class Late:
    """The challenge ended or expired before the answer came, which may have been a second press."""


def wait(idp: Idp, latest: Challenge | None, *, now: int) -> int:
    """Seconds until another code can be asked for, 0 when at once; as the page says it of what it sent."""
    return 0 if latest is None else rules.resend_wait(latest.sent_at, idp.settings.codes.resend_gap, now)


def ask(
    idp: Idp, question: Question, latest: Challenge | None, *, source: str, now: int, signed_in: bool = False
) -> Asked | NotYet | Limited:
    """Make a challenge and its message, unless one went to the contact a moment ago or too many did.

    ``latest`` is the newest challenge of the same subject; the gap is the contact's, whatever session asked
    before, one for strangers and one for its owner (``throttle.begin_gap``). Nothing is written yet: see
    ``write``.
    """
    whose = question.purpose.of_owner
    remaining = throttle.begin_gap(idp, question.contact, question.chosen_for, of_owner=whose, now=now)
    if remaining > 0:
        return NotYet(remaining)
    asked = _made(idp, question, again=latest is not None, now=now)
    decision = spending.may_send(
        idp,
        question.contact,
        source,
        parts=asked.parcel.parts,
        addressed=question.addressed,
        signed_in=signed_in,
        chosen_for=question.chosen_for,
        now=now,
    )
    if isinstance(decision, Braked):
        throttle.end_gap(idp, question.contact, question.chosen_for, of_owner=whose)
        brakes = throttle.send_brakes(
            idp, question.contact, source, signed_in=signed_in, chosen_for=question.chosen_for
        )
        return limited(idp, brakes, decision, source, question.purpose, question.contact.kind, now=now)
    return withheld(asked) if decision.withheld else asked


def withheld(asked: Asked) -> Asked:
    """The same to nobody: what was told to nobody has no right answer that could be guessed."""
    challenge = replace(asked.challenge, code_mac=None)
    return replace(asked, challenge=challenge, parcel=replace(asked.parcel, addressed=False))


def write(tx: Tx, asked: Asked, *, now: int) -> None:
    """Begin the challenge, which ends the one before it, and put its message into the outbox.

    Set ``idp.post_waiting`` after the commit.
    """
    challenges.start(tx, asked.challenge)
    outbox.add(tx, asked.parcel)
    audit.add(
        tx,
        Event.CHALLENGE_SENT,
        at=now,
        details={
            "challenge": asked.challenge.id,
            "purpose": asked.challenge.purpose,
            "channel": asked.challenge.channel,
            "resend": asked.again,
        },
    )


def send(
    idp: Idp, question: Question, latest: Challenge | None, *, source: str, now: int, signed_in: bool = False
) -> Sent | NotYet | Limited:
    """``ask`` and ``write`` in a transaction of their own, where nothing else is written with them."""
    asked = ask(idp, question, latest, source=source, now=now, signed_in=signed_in)
    if not isinstance(asked, Asked):
        return asked
    with idp.writing() as tx:
        write(tx, asked, now=now)
    idp.post_waiting.set()
    return Sent()


def judge(
    idp: Idp,
    challenge: Challenge | None,
    typed: str,
    contact: Contact,
    *,
    purpose: Purpose,
    subject: str,
    source: str,
    now: int,
    chosen_for: str = "",
    account: str | None = None,
) -> Right | Refused | Late | Limited:
    """Take an answer: every one costs a try before it is looked at.

    ``contact`` is what the subject wants proven now; a challenge that went elsewhere proves nothing.
    ``chosen_for`` is the question's. ``account``: the ``sub`` of whose account something is confirmed; its
    wrong ones add up wherever they went (security bar 5.3). After ``Right`` end the challenge with
    ``challenges.end`` in the transaction that acts on it: one caller wins.
    """
    code = rules.code_of(typed, idp.settings.codes.digits)
    if code is None:
        return Refused("code_malformed")
    if challenge is None or _sent_to(idp, challenge) != contact:
        return Refused("code_expired")
    brakes = throttle.code_brakes(idp, contact, chosen_for)
    if account is not None:
        brakes += throttle.otp_account_brakes(idp, account)
    decision = throttle.standing(idp, brakes, now=now)
    if not isinstance(decision, Allowed):
        return Limited(decision.retry_after)
    with idp.writing() as tx:
        taken = challenges.take_try(tx, challenge.id, purpose=purpose, subject=subject, now=now)
        verdict = (
            rules.why_over(challenge, now)
            if taken is None
            else rules.judge(taken, code, [key.secret for key in idp.keyring.symmetric("codes")])
        )
        if isinstance(verdict, rules.Wrong):
            _note_failure(tx, challenge, verdict, now=now)
    match verdict:
        case Right():
            spending.code_answered(idp, contact, chosen_for, of_owner=purpose.of_owner, now=now)
            return verdict
        case Expired() | Ended():
            _note_late_answer(idp, challenge, verdict, now=now)
            return Late()
        case rules.Wrong(tries_left):
            throttle.failed(idp, brakes, now=now)
            whom = throttle.pseudonym_of_contact(idp, contact, chosen_for)
            throttle.otp_failed(idp, whom, source, now=now)
            return Refused("code_wrong" if tries_left else "code_expired", tries_left)


def answered(tx: Tx, challenge: Challenge, *, now: int) -> None:
    """Note in the trail that a challenge was answered, in the transaction that acts on it."""
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


def limited(
    idp: Idp,
    brakes: Sequence[Brake],
    refused: Braked,
    source: str,
    purpose: Purpose,
    channel: ContactKind,
    *,
    now: int,
) -> Limited:
    """The answer to one too many, told to the audit trail when it is the first."""
    if throttle.first_refusal(idp, brakes, refused, now=now):
        with idp.writing() as tx:
            audit.add(
                tx,
                Event.SEND_THROTTLED,
                at=now,
                source=throttle.pseudonym_of_source(idp, source),
                details={"brake": refused.by, "purpose": purpose, "channel": channel},
            )
    return Limited(refused.retry_after)


def _made(idp: Idp, question: Question, *, again: bool, now: int) -> Asked:
    challenge_id = idp.entropy.identifier()
    code = idp.entropy.digits(idp.settings.codes.digits)
    # Made for everybody: what differs is who learns of it.
    token = idp.entropy.handle()
    mac = rules.mac_of(code, challenge_id, idp.keyring.symmetric("codes")[0].secret)
    challenge = Challenge(
        id=challenge_id,
        purpose=question.purpose,
        subject=question.subject,
        channel=question.contact.kind,
        tries_left=idp.settings.codes.tries,
        sent_at=now,
        expires_at=now + question.life,
        sealed_contact=challenges.seal_contact(idp.sealer, challenge_id, question.contact),
        code_mac=mac if question.right else None,
        link_digest=None if question.link is None else token.digest,
    )
    link = None if question.link is None else f"{idp.issuer}{question.link}{token.secret}"
    parcel = post.prepare(
        idp,
        to=question.contact if question.addressed else None,
        kind=question.contact.kind,
        purpose=question.letter if question.truth is None else question.truth,
        language=question.language,
        now=now,
        expires_at=now + question.life,
        facts=question.facts,
        code=code if question.truth is None and question.says_code else None,
        link=link if question.truth is None else None,
    )
    return Asked(challenge, parcel, again)


def _sent_to(idp: Idp, challenge: Challenge) -> Contact:
    return challenges.open_contact(idp.sealer, challenge.id, challenge.sealed_contact)


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
