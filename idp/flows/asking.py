"""A code that is sent to one of somebody's own ways, and its answer: the one room for every page that asks.

::

    a way ──send──▶ sent ──judge: every answer costs a try──▶ right ──spend, with what it confirms──▶ over

What is asked for says what the code is good for, and for nothing else. Where codes go is for
``flows.confirming``, what a right answer makes of the session for the caller.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from idp.accounts.challenge import Challenge, Purpose, Right
from idp.flows import proving
from idp.flows.confirming import Way
from idp.flows.fresh import Owner
from idp.flows.idp import Idp
from idp.flows.proving import Late, Limited, NotYet, Question, Refused, Sent
from idp.flows.wording import Purpose as Letter
from idp.store import challenges
from idp.store.database import Tx


@dataclass(frozen=True, slots=True)
class Asking:
    """What a code is asked for.

    ``subject`` is what it is bound to: a session, or a session and one operation. ``signed_in``: whoever
    answers has got in already, so that their network has no counter of its own.
    """

    owner: Owner
    purpose: Purpose
    subject: str
    letter: Letter
    language: str
    signed_in: bool
    facts: Mapping[str, str | int | None] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class SentTo:
    """A way, and the code that went there last."""

    way: Way
    challenge: Challenge


def sent_to(idp: Idp, asking: Asking, ways: Iterable[Way]) -> SentTo | None:
    """Where the newest code for this went, as long as it was not used and the way is still one of ``ways``.

    One that expired, or has no try left, is shown as that.
    """
    with idp.reading() as tx:
        challenge = challenges.latest(tx, asking.subject)
    if challenge is None or challenge.purpose is not asking.purpose or challenge.ended_at is not None:
        return None
    contact = challenges.open_contact(idp.sealer, challenge.id, challenge.sealed_contact)
    way = next((way for way in ways if way.contact == contact), None)
    return None if way is None else SentTo(way, challenge)


def send(
    idp: Idp, asking: Asking, way: Way, before: SentTo | None, *, source: str, now: int
) -> Sent | NotYet | Limited:
    """Send a code to a way that ``flows.confirming`` gave, and end the one ``before``.

    Nothing goes to a way that has no contact.
    """
    if way.contact is None:
        return Sent()
    question = Question(
        purpose=asking.purpose,
        subject=asking.subject,
        contact=way.contact,
        letter=asking.letter,
        language=asking.language,
        life=idp.settings.codes.sign_in_life,
        facts=asking.facts,
    )
    latest = before.challenge if before is not None and before.way == way else None
    return proving.send(idp, question, latest, source=source, signed_in=asking.signed_in, now=now)


def judge(
    idp: Idp, asking: Asking, sent: SentTo, typed: str, *, source: str, now: int
) -> Right | Refused | Late | Limited:
    """Take an answer; the wrong ones of an account add up wherever its codes went (security bar 5.3).

    After ``Right``, ``spend`` it in the transaction that acts on it.
    """
    if sent.way.contact is None:
        return Refused("code_expired")
    return proving.judge(
        idp,
        sent.challenge,
        typed,
        sent.way.contact,
        purpose=asking.purpose,
        subject=asking.subject,
        source=source,
        account=asking.owner.account.sub,
        now=now,
    )


def spend(tx: Tx, sent: SentTo, *, now: int) -> bool:
    """Use the code up: True for the one caller that does."""
    if not challenges.end(tx, sent.challenge.id, now=now):
        return False
    proving.answered(tx, sent.challenge, now=now)
    return True


def settled(idp: Idp) -> None:
    """Wait for what others write at this moment: an answer that came too late asks then what was done."""
    # On SQLite many share a commit, and the faster one's may be still to come.
    with idp.writing():
        pass
