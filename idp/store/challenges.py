"""Challenges: one live one for each subject, and tries that are spent before an answer is looked at."""

from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from idp.accounts.challenge import Challenge, Purpose, elsewhere_of
from idp.store.database import Tx
from idp.store.sealing import Sealer
from idp.store.tables import challenges
from idp.values import Contact, ContactKind
from idp.values.contacts import stored_contact


def seal_contact(sealer: Sealer, challenge_id: str, contact: Contact) -> bytes:
    """The contact a code goes to, as it is stored."""
    return sealer.seal([contact.kind, contact.text], f"challenges/sealed_contact/{challenge_id}")


def open_contact(sealer: Sealer, challenge_id: str, sealed: bytes) -> Contact:
    """The contact itself; raises ``Unsealable``."""
    return stored_contact(*sealer.open(sealed, f"challenges/sealed_contact/{challenge_id}"))


_NAMES = (
    "id",
    "purpose",
    "subject",
    "channel",
    "tries_left",
    "sent_at",
    "expires_at",
    "sealed_contact",
    "code_mac",
    "ended_at",
    "link_digest",
)
_COLUMNS = tuple(challenges.c[name] for name in _NAMES)
_LOCK_SUBJECT = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("subject"), 0)))
_END_OLDER = (
    update(challenges)
    .where(
        # What this browser asks for voids what another did, and not the other way round.
        challenges.c.subject.in_([bindparam("of_subject"), bindparam("of_elsewhere")]),
        challenges.c.ended_at.is_(None),
    )
    .values(ended_at=bindparam("now"))
)
_TAKE_TRY = (
    update(challenges)
    .where(
        challenges.c.id == bindparam("challenge_id"),
        challenges.c.purpose == bindparam("for_purpose"),
        challenges.c.subject == bindparam("of_subject"),
        challenges.c.ended_at.is_(None),
        challenges.c.tries_left > 0,
        challenges.c.expires_at > bindparam("now"),
    )
    .values(tries_left=challenges.c.tries_left - 1)
    .returning(*_COLUMNS)
)
_END = (
    update(challenges)
    .where(challenges.c.id == bindparam("challenge_id"), challenges.c.ended_at.is_(None))
    .values(ended_at=bindparam("now"))
    .returning(challenges.c.id)
)
_BY_LINK = select(*_COLUMNS).where(challenges.c.link_digest == bindparam("digest"))
_SPEND_LINK = (
    update(challenges)
    .where(
        challenges.c.link_digest == bindparam("digest"),
        challenges.c.code_mac.is_not(None),
        challenges.c.ended_at.is_(None),
        challenges.c.tries_left > 0,
        challenges.c.expires_at > bindparam("now"),
    )
    .values(code_mac=None, link_digest=None)
    .returning(challenges.c.id)
)
_DROP_ANSWERS = (
    update(challenges)
    .where(challenges.c.subject == bindparam("of_subject"), challenges.c.ended_at.is_(None))
    .values(code_mac=None, link_digest=None)
)
_LATEST = (
    select(*_COLUMNS)
    .where(challenges.c.subject == bindparam("of_subject"))
    # One second may see two; the one that is still open is the newer.
    .order_by(challenges.c.sent_at.desc(), challenges.c.ended_at.is_not(None), challenges.c.id)
    .limit(1)
)


def start(tx: Tx, challenge: Challenge) -> None:
    """Begin a challenge; older ones of the same subject end, so that one at most is live.

    So do those that another browser asked for (``elsewhere_of``).
    """
    # Of two that begin at once, the second must see the first to end it.
    hold(tx, challenge.subject)
    end_all(tx, challenge.subject, now=challenge.sent_at)
    tx.execute(
        insert(challenges),
        {
            "id": challenge.id,
            "purpose": challenge.purpose,
            "subject": challenge.subject,
            "channel": challenge.channel,
            "sealed_contact": challenge.sealed_contact,
            "code_mac": challenge.code_mac,
            "tries_left": challenge.tries_left,
            "sent_at": challenge.sent_at,
            "expires_at": challenge.expires_at,
            "ended_at": None,
            "link_digest": challenge.link_digest,
        },
    )


def hold(tx: Tx, subject: str) -> None:
    """Have whoever begins a challenge for this subject wait for the end of the transaction."""
    if tx.dialect.name == "postgresql":
        tx.execute(_LOCK_SUBJECT, {"subject": subject})


def take_try(tx: Tx, challenge_id: str, *, purpose: Purpose, subject: str, now: int) -> Challenge | None:
    """Spend a try on an answer and return the challenge with what is left; None when no try is to be had.

    Of any number of parallel answers no more than the challenge's tries get one.
    """
    values = {"challenge_id": challenge_id, "for_purpose": purpose, "of_subject": subject, "now": now}
    return _challenge(tx.execute(_TAKE_TRY, values).one_or_none())


def end(tx: Tx, challenge_id: str, *, now: int) -> bool:
    """End a challenge: True for the one caller that does, who may act on the right answer."""
    return tx.execute(_END, {"challenge_id": challenge_id, "now": now}).one_or_none() is not None


def by_link(tx: Tx, link_digest: bytes) -> Challenge | None:
    """The challenge whose message had the link with this token, live or not."""
    return _challenge(tx.execute(_BY_LINK, {"digest": link_digest}).one_or_none())


def spend_link(tx: Tx, link_digest: bytes, *, now: int) -> bool:
    """Use a link in another browser than the one that asked: True for the one caller that does.

    The challenge goes on without a right answer, so that the browser that asked learns nothing (journey B7).
    """
    return tx.execute(_SPEND_LINK, {"digest": link_digest, "now": now}).one_or_none() is not None


def end_all(tx: Tx, subject: str, *, now: int) -> None:
    """End whatever is live for a subject, whichever browser asked for it."""
    tx.execute(_END_OLDER, {"of_subject": subject, "of_elsewhere": elsewhere_of(subject), "now": now})


def drop_answers(tx: Tx, subject: str) -> None:
    """Leave what is live for a subject without a right answer: the browser that asked sees no difference."""
    tx.execute(_DROP_ANSWERS, {"of_subject": subject})


def latest(tx: Tx, subject: str) -> Challenge | None:
    """The newest challenge of a subject, live or not."""
    return _challenge(tx.execute(_LATEST, {"of_subject": subject}).one_or_none())


def _challenge(row: Any) -> Challenge | None:
    if row is None:
        return None
    return Challenge(
        id=row.id,
        purpose=Purpose(row.purpose),
        subject=row.subject,
        channel=ContactKind(row.channel),
        tries_left=row.tries_left,
        sent_at=row.sent_at,
        expires_at=row.expires_at,
        sealed_contact=row.sealed_contact,
        code_mac=row.code_mac,
        ended_at=row.ended_at,
        link_digest=row.link_digest,
    )
