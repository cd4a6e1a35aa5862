"""Registration (journeys A and B): what is typed is matched, a challenge goes to the contact, an account is
born.

The page never tells whether the data matched (journey C1), unless ``registration.mismatch`` is "explicit". So
a match and a mismatch run the same statements, the same writes and the same hash; only the outbox row
differs, in its words and in whether it has a recipient: the truth goes to the contact on file, and to nobody
where the contact is on no file.

Nothing of a customer exists before the challenge is answered (security bar D6): by the code in the browser
that asked (here), or by the link (``flows.link``). Who is identified by tax code or VAT number comes here
with the contact they chose (``flows.identify``).
"""

from dataclasses import dataclass, field, replace

from idp.accounts import enrolment as rules
from idp.accounts.audit import Event
from idp.accounts.challenge import Challenge, Purpose
from idp.accounts.enrolment import Enrolment, Stage, Typed
from idp.accounts.lockout import Throttled as Braked
from idp.accounts.matching import Reason
from idp.flows import birth, judging, passwords, proving, throttle
from idp.flows import sessions as session_flows
from idp.flows.birth import Beaten, Evidence, Registered
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.flows.judging import Judged
from idp.flows.passwords import PasswordRefused
from idp.flows.proving import Late, Limited, NotYet, Question, Refused, Sent
from idp.flows.wording import Purpose as Letter
from idp.store import accounts, activation_codes, audit, challenges, enrolments
from idp.store.accounts import ACTIVATION, CONTACT
from idp.store.database import Tx
from idp.values import Contact, ContactKind, Handle, ProfileKind

LINK = "/register/link/"
"""The path of the page that a link opens; the token follows."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The data are kept; ``handle`` is what the browser is to hold of a new enrolment."""

    handle: Handle | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotRecognised:
    """With ``registration.mismatch = "explicit"``: the data are kept, and the page is to say that they are
    nobody's."""

    handle: Handle | None = field(repr=False)
    case_number: str


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
            "company_name": typed.company_name,
            "vat_number": "" if typed.vat_number is None else typed.vat_number.text,
            "acting_name": typed.acting_name,
            # Where a contact was chosen and not typed, it is not shown.
            "username": typed.username.text if typed.identifier is None else "",
            "may_act": "yes" if typed.acting_name else "",
            "accept_terms": "yes",
        }


@dataclass(frozen=True, slots=True)
class AlreadyDone:
    """This very enrolment ended meanwhile: nothing more is to be done, and nobody is signed in by it."""


def begin(
    idp: Idp,
    typed: Typed,
    *,
    known: UnderWay | None,
    interaction_id: str | None,
    language: str,
    source: str,
    now: int,
) -> Begun | NotRecognised | Limited:
    """Keep what was typed and match it with the registry; the terms were accepted on the page that sent
    it.

    Raises ``RegistryDown``.
    """
    brakes = throttle.registration_brakes(idp, source)
    decision = throttle.spend(idp, brakes, now=now)
    if isinstance(decision, Braked):
        return proving.limited(
            idp, brakes, decision, source, Purpose.REGISTRATION, typed.username.kind, now=now
        )
    judged = judging.by_data(idp, typed, now=now)
    handle = idp.entropy.handle()
    enrolment = enrolled(
        idp, typed, judged, known=known, interaction_id=interaction_id, language=language, now=now
    )
    sealed_typed = enrolments.seal_typed(idp.sealer, enrolment.id, typed)
    with idp.writing() as tx:
        if known is None:
            enrolments.insert_enrolment(tx, enrolment, handle_digest=handle.digest, sealed_typed=sealed_typed)
        elif enrolments.retype(tx, enrolment, sealed_typed=sealed_typed, now=now):
            challenges.end_all(tx, enrolment.id, now=now)
        note_match(idp, tx, enrolment, source=source, now=now)
    fresh = handle if known is None else None
    if judged.reason is not None and idp.settings.registration.mismatch == "explicit":
        return NotRecognised(fresh, enrolment.case_number)
    return Begun(fresh)


def enrolled(
    idp: Idp,
    typed: Typed,
    judged: Judged,
    *,
    known: UnderWay | None,
    interaction_id: str | None,
    language: str,
    now: int,
) -> Enrolment:
    """The enrolment of what was typed; with ``known``, that one with other data: going back goes on with the
    same enrolment, and its case number."""
    brand = idp.settings.brand
    enrolment = Enrolment(
        id=idp.entropy.identifier(),
        profile=typed.profile,
        case_number=rules.case_number(idp.entropy.octets(rules.CASE_OCTETS)),
        language=language,
        created_at=now,
        expires_at=now + idp.settings.lifetimes.enrolment,
        typed=typed,
        customer_number=None if judged.record is None else judged.record.customer_number,
        reason=judged.reason,
        interaction_id=interaction_id,
        terms_version=brand.terms_version,
        privacy_version=brand.privacy_version,
        terms_accepted_at=now,
    )
    if known is None:
        return enrolment
    kept = known.enrolment
    return replace(enrolment, id=kept.id, case_number=kept.case_number, expires_at=kept.expires_at)


def note_match(idp: Idp, tx: Tx, enrolment: Enrolment, *, source: str, now: int) -> None:
    """Note in the trail whether the data matched, with the reason for the help desk."""
    number = enrolment.customer_number
    # Of nobody's number, too, so that a match costs no more.
    actor = idp.sealer.pseudonym(f"customer:{number}")
    audit.add(
        tx,
        Event.REGISTRATION_MATCHED if enrolment.reason is None else Event.REGISTRATION_NOT_MATCHED,
        at=now,
        actor=None if number is None else actor,
        source=throttle.pseudonym_of_source(idp, source),
        details={
            "enrolment": enrolment.id,
            "case": enrolment.case_number,
            "profile": enrolment.profile,
            **({"reason": enrolment.reason} if enrolment.reason is not None else {}),
        },
    )


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
    enrolment = known.enrolment
    hashed = passwords.hashed(
        idp,
        password,
        passwords.personal_as_typed(idp, enrolment.typed, now=now),
        purpose=Purpose.REGISTRATION,
        subject=enrolment.id,
        channel=enrolment.typed.username.kind,
        source=source,
        now=now,
    )
    if not isinstance(hashed, str):
        return hashed
    latest = known.challenge
    # Going back and choosing another password is no way around the gap: the code on its way stays good.
    on_its_way = latest if latest is not None and latest.live(now) else None
    asked = proving.ask(idp, question(idp, enrolment), on_its_way, source=source, now=now)
    if isinstance(asked, Limited):
        return asked
    with idp.writing() as tx:
        enrolments.choose_password(tx, enrolment.id, hashed, now=now)
        if not isinstance(asked, NotYet):
            proving.write(tx, asked, now=now)
    if isinstance(asked, NotYet):
        return asked
    idp.post_waiting.set()
    return Sent()


def resend(idp: Idp, known: UnderWay, *, source: str, now: int) -> Sent | NotYet | Limited:
    """Send another challenge; the one before it ends."""
    return proving.send(idp, question(idp, known.enrolment), known.challenge, source=source, now=now)


def resend_wait(idp: Idp, known: UnderWay, *, now: int) -> int:
    """Seconds until another code can be asked for."""
    return proving.wait(idp, known.challenge, now=now)


def answer(
    idp: Idp, known: UnderWay, code: str, browser: Browser, *, now: int, now_ms: int
) -> Registered | AlreadyDone | Refused | Limited:
    """Take an answer to the challenge: every one costs a try before it is looked at.

    Raises ``RegistryDown``.
    """
    challenge, enrolment = known.challenge, known.enrolment
    verdict = proving.judge(
        idp,
        challenge,
        code,
        enrolment.typed.username,
        purpose=Purpose.REGISTRATION,
        subject=enrolment.id,
        source=browser.source,
        now=now,
        chosen_for=chosen_for(enrolment),
    )
    match verdict:
        case Refused() | Limited():
            return verdict
        case Late():
            return over(idp, enrolment)
    if challenge is None:
        return Refused("code_expired")
    return complete(idp, enrolment, challenge, browser, now=now, now_ms=now_ms)


def complete(
    idp: Idp, enrolment: Enrolment, challenge: Challenge, browser: Browser, *, now: int, now_ms: int
) -> Registered | AlreadyDone | Refused:
    """Make the account in the browser that asked, on its challenge rightly answered. Raises
    ``RegistryDown``."""
    # The registry may have changed in the day an enrolment lives.
    activation = enrolment.activation
    record = judging.again(idp, enrolment.typed, activation=activation, now=now).record
    password_hash = enrolment.password_hash
    if record is None or record.customer_number != enrolment.customer_number or password_hash is None:
        return over(idp, enrolment)

    def spend(tx: Tx) -> bool:
        number = record.customer_number
        done = challenges.end(tx, challenge.id, now=now) and (
            activation is None or activation_codes.spend(tx, bytes.fromhex(activation), number, now=now)
        )
        done = done and enrolments.complete(tx, enrolment.id, customer_number=number, now=now) is not None
        proving.answered(tx, challenge, now=now)
        return done

    proof = birth.proof_by(enrolment.typed.username)
    evidence = Evidence(proof, CONTACT if activation is None else ACTIVATION, spend)
    born = birth.give(idp, enrolment, record, password_hash, evidence, browser, now=now, now_ms=now_ms)
    return over(idp, enrolment) if isinstance(born, Beaten) else born


def over(idp: Idp, enrolment: Enrolment) -> AlreadyDone | Refused:
    """What an answer that came too late finds: of a form sent twice, the second the first one's work."""
    # Written with, not read: on SQLite many share a commit, and the faster one's may be still to come.
    with idp.writing() as tx:
        row = enrolments.by_id(tx, enrolment.id)
    done = row is not None and row.completed_at is not None
    return AlreadyDone() if done else Refused("code_expired")


@dataclass(frozen=True, slots=True)
class Who:
    """Whoever is signed in in this browser."""

    sub: str
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
    return Who(account.sub, profile.username, profile.given_name, account.language)


def question(idp: Idp, enrolment: Enrolment) -> Question:
    """Where the data did not match, no answer is right and the message tells why, or goes to nobody."""
    to, reason = enrolment.typed.username, enrolment.reason
    letter = truth_of(reason)
    return Question(
        purpose=Purpose.REGISTRATION,
        subject=enrolment.id,
        contact=to,
        letter=Letter.REGISTRATION_CODE,
        language=enrolment.language,
        life=idp.settings.codes.registration_life,
        right=reason is None,
        addressed=reason is None or letter is not None,
        truth=letter,
        link=LINK if has_link(enrolment) else None,
        chosen_for=chosen_for(enrolment),
    )


def chosen_for(enrolment: Enrolment) -> str:
    """The identifier for which the contact was chosen by its mask; empty where it was typed."""
    identifier = enrolment.typed.identifier
    return "" if identifier is None else identifier.canonical


def has_link(enrolment: Enrolment) -> bool:
    """Whether the message has a link beside the code: every email, and SMS to business customers (journey
    B6); not where an activation code came before, which is good in this browser alone."""
    business = enrolment.profile is not ProfileKind.PERSON
    email = enrolment.typed.username.kind is ContactKind.EMAIL
    return (email or business) and enrolment.activation is None


def truth_of(reason: Reason | None) -> Letter | None:
    """The letter that tells a contact on file why nothing came of it."""
    return None if reason is None or not reason.told_to_contact else Letter.truth(reason)
