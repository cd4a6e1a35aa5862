"""A second proof: a code to another contact of the account."""

from dataclasses import dataclass

from idp.accounts.challenge import Purpose
from idp.accounts.recovery import Recovery
from idp.flows import proving
from idp.flows.idp import Idp
from idp.flows.proving import Limited, NotYet, Question, Refused, Sent
from idp.flows.recover import first_proof, progress
from idp.flows.recover.progress import Proven, UnderWay, Unknown
from idp.flows.wording import Purpose as Letter
from idp.store import challenges
from idp.values import Contact


@dataclass(frozen=True, slots=True)
class SecondWay:
    """A way to confirm once more; ``handle`` means nothing in another recovery."""

    handle: str
    contact: Contact


def ways(idp: Idp, known: UnderWay) -> tuple[SecondWay, ...]:
    """The ways of which one is asked, the strongest first; none before the contact is proven."""
    if known.account is None:
        return ()
    return tuple(
        SecondWay(
            progress.handle_of_way(idp, known.recovery, way), progress.opened(idp, known.account.sub, way)
        )
        for way in known.recovery.ways(known.account)
    )


def under_way(idp: Idp, known: UnderWay) -> SecondWay | None:
    """The way whose code was sent last, if it is still one of those asked for."""
    challenge = known.challenge
    if challenge is None or challenge.purpose is not Purpose.RECOVERY_SECOND:
        return None
    contact = challenges.open_contact(idp.sealer, challenge.id, challenge.sealed_contact)
    return next((way for way in ways(idp, known) if way.contact == contact), None)


def send(
    idp: Idp, known: UnderWay, handle: str, *, source: str, now: int
) -> Sent | NotYet | Limited | Unknown:
    """Send a code to one of the second ways."""
    way = next((way for way in ways(idp, known) if way.handle == handle), None)
    if way is None:
        return Unknown()
    before = under_way(idp, known)
    latest = known.challenge if before == way else None
    question = _question(idp, known.recovery, way)
    return proving.send(idp, question, latest, source=source, now=now)


def answer(idp: Idp, known: UnderWay, code: str, *, source: str, now: int) -> Proven | Refused | Limited:
    """Take an answer to the second code."""
    way = under_way(idp, known)
    if way is None:
        return Refused("code_expired")
    return first_proof.answered(
        idp, known, code, way.contact, Purpose.RECOVERY_SECOND, source=source, now=now
    )


def _question(idp: Idp, recovery: Recovery, way: SecondWay) -> Question:
    return Question(
        purpose=Purpose.RECOVERY_SECOND,
        subject=recovery.id,
        contact=way.contact,
        letter=Letter.RECOVERY_CODE,
        language=recovery.language,
        life=idp.settings.codes.registration_life,
        chosen_for=recovery.identifier.canonical,
    )
