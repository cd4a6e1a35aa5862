"""Where the code goes, and its answer: one contact of the list is proven."""

from dataclasses import replace

from idp.accounts.audit import Event
from idp.accounts.challenge import Purpose
from idp.accounts.offers import Option
from idp.accounts.recovery import Obstacle, Recovery, obstacle_of
from idp.flows import proving, throttle
from idp.flows.idp import Idp
from idp.flows.proving import Late, Limited, NotYet, Question, Refused, Sent
from idp.flows.recover import progress
from idp.flows.recover.progress import Proven, UnderWay, Unknown
from idp.flows.wording import Purpose as Letter
from idp.store import audit, challenges, recoveries
from idp.values import Contact, RecordState


def choose(
    idp: Idp, known: UnderWay, handle: str, *, source: str, now: int
) -> Sent | NotYet | Proven | Limited | Unknown:
    """Choose the contact that gets the code. Raises ``RegistryDown``."""
    recovery = known.recovery
    option = recovery.option(handle)
    if option is None:
        return Unknown()
    again = handle == recovery.chosen
    if again and recovery.proven_at is not None:
        return Proven()
    chosen = _judged(idp, recovery, option, now=now)
    latest = known.challenge if again else None
    asked = proving.ask(idp, _question(idp, chosen, option), latest, source=source, now=now)
    if isinstance(asked, NotYet | Limited):
        return asked
    sealed = recoveries.seal(idp.sealer, chosen)
    with idp.writing() as tx:
        if recoveries.choose(tx, chosen, sealed_offer=sealed, now=now):
            proving.write(tx, asked, now=now)
            audit.add(
                tx,
                Event.RECOVERY_CONTACT_CHOSEN,
                at=now,
                source=throttle.pseudonym_of_source(idp, source),
                details=progress.case_of(chosen),
            )
    idp.post_waiting.set()
    return Sent()


def resend(idp: Idp, known: UnderWay, *, source: str, now: int) -> Sent | NotYet | Limited | Unknown:
    """Send another code to the chosen contact; the one before it ends."""
    option = known.recovery.choice
    if option is None:
        return Unknown()
    question = _question(idp, known.recovery, option)
    return proving.send(idp, question, known.challenge, source=source, now=now)


def answer(idp: Idp, known: UnderWay, code: str, *, source: str, now: int) -> Proven | Refused | Limited:
    """Take an answer to the code; every one costs a try before it is looked at. Raises ``RegistryDown``."""
    option = known.recovery.choice
    if option is None:
        return Refused("code_expired")
    return answered(idp, known, code, option.contact, Purpose.RECOVERY, source=source, now=now)


def answered(
    idp: Idp, known: UnderWay, code: str, contact: Contact, purpose: Purpose, *, source: str, now: int
) -> Proven | Refused | Limited:
    """Judge an answer to this purpose's code, first or second, and write what it proves."""
    recovery, challenge = known.recovery, known.challenge
    if challenge is None or recovery.chosen is None:
        return Refused("code_expired")
    verdict = proving.judge(
        idp,
        challenge,
        code,
        contact,
        purpose=purpose,
        subject=recovery.id,
        source=source,
        now=now,
        chosen_for=recovery.identifier.canonical,
    )
    match verdict:
        case Refused() | Limited():
            return verdict
        case Late():
            return _late(idp, recovery, purpose)
    if purpose is Purpose.RECOVERY and not _still_good(idp, recovery, now=now):
        return Refused("code_expired")
    prove = recoveries.prove if purpose is Purpose.RECOVERY else recoveries.prove_second
    with idp.writing() as tx:
        proven = challenges.end(tx, challenge.id, now=now) and prove(
            tx, recovery.id, chosen=recovery.chosen, now=now
        )
        if proven:
            proving.answered(tx, challenge, now=now)
    return Proven() if proven else _late(idp, recovery, purpose)


def _judged(idp: Idp, recovery: Recovery, option: Option, *, now: int) -> Recovery:
    """The recovery with this option chosen: whose account it is, or why it recovers nothing."""
    # Asked anew: a contact may have changed since it was shown. Of a decoy, too: no customer is called so.
    number = option.customer_number or option.handle
    record = idp.registry.by_customer_number(number)
    with idp.reading() as tx:
        found = recoveries.owner_of(tx, number)
    owner, active = found or (None, False)
    days = () if record is None else record.contacts
    obstacle = recovery.obstacle
    if option.customer_number is not None:
        obstacle = obstacle_of(
            owner,
            max((one.changed_on for one in days if one.contact == option.contact), default=None),
            idp.settings.recovery.contact_age,
            now,
            active=active and record is not None and record.state is not RecordState.DECEASED,
        )
    return replace(
        recovery,
        chosen=option.handle,
        owner=owner if obstacle is None else None,
        obstacle=obstacle,
        activation=None,
        proven_at=None,
        second_at=None,
        second_by=None,
        kept=None,
    )


def _still_good(idp: Idp, recovery: Recovery, *, now: int) -> bool:
    """Whether the contact still recovers the account: what is on file may have changed since."""
    option = recovery.choice
    return option is not None and _judged(idp, recovery, option, now=now).obstacle is None


def _question(idp: Idp, recovery: Recovery, option: Option) -> Question:
    """Where the contact recovers nothing, no answer is right, and the message tells why or goes to nobody."""
    obstacle = recovery.obstacle
    truth = None if obstacle is None else _TRUTHS.get(obstacle)
    return Question(
        purpose=Purpose.RECOVERY,
        subject=recovery.id,
        contact=option.contact,
        letter=Letter.RECOVERY_CODE,
        language=recovery.language,
        life=idp.settings.codes.registration_life,
        right=obstacle is None,
        addressed=obstacle is None or truth is not None,
        truth=truth,
        chosen_for=recovery.identifier.canonical,
    )


_TRUTHS = {
    Obstacle.NO_ACCOUNT: Letter.RECOVERY_NO_ACCOUNT,
    Obstacle.FRESH_CONTACT: Letter.RECOVERY_FRESH_CONTACT,
}


def _late(idp: Idp, recovery: Recovery, purpose: Purpose) -> Proven | Refused:
    """What an answer that came too late finds: of a form sent twice, the second the first one's work."""
    # Written with, not read: on SQLite many share a commit, and the faster one's may be still to come.
    with idp.writing() as tx:
        row = recoveries.by_id(tx, recovery.id)
    if row is None or row.chosen != recovery.chosen:
        return Refused("code_expired")
    done = row.proven_at if purpose is Purpose.RECOVERY else row.second_at
    return Refused("code_expired") if done is None else Proven()
