"""Asking a browser for a passkey and taking its answer: one question for one answer (WebAuthn §13.4.3).

The question waits in Ephemera for five minutes, bound to purpose, session or browser, and account. It is gone
before the answer is looked at, whatever comes of it.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from idp.accounts import ceremonies
from idp.accounts.audit import Event
from idp.accounts.ceremonies import LIFE, Assertion, Purpose, Question, Reason, Refused, Site, Used
from idp.accounts.passkey import Passkey, counted
from idp.flows import telling, throttle
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.flows.wording import Purpose as Letter
from idp.store import accounts, audit, outbox, passkeys
from idp.store.accounts import AccountRow
from idp.store.passkeys import PasskeyRow

_TOLD = 20
_TOLD_WINDOW = 3600
"""Refusals of one source that the trail keeps in so many seconds; the rest of a flood says nothing more."""


def site(idp: Idp) -> Site:
    """Who asks: the issuer's host, from its own pages and those of related origins."""
    parts = urlsplit(idp.issuer)
    return Site(
        parts.hostname or "",
        f"{parts.scheme}://{parts.netloc}",
        idp.settings.brand.name,
        idp.settings.passkeys.related_origins,
    )


def ask(idp: Idp, purpose: Purpose, bound_to: str, *, sub: str | None = None, now: int) -> Question:
    """A new question, kept for its answer. Raises ``EphemeraDown``."""
    question = Question(idp.entropy.octets(32), purpose, bound_to, sub)
    idp.ephemera.put(question.key, question.kept(), LIFE, now)
    return question


def take(
    idp: Idp, challenge: bytes, purpose: Purpose, bound_to: str, *, sub: str | None = None, now: int
) -> Question:
    """The question that an answer says it answers, used up by this; raises ``Refused``, ``EphemeraDown``."""
    kept = idp.ephemera.take(ceremonies.key_of(challenge), now)
    if kept is None:
        raise Refused(Reason.CHALLENGE)
    question = ceremonies.question_of(challenge, kept)
    if (question.purpose, question.bound_to, question.sub) != (purpose, bound_to, sub):
        raise Refused(Reason.CHALLENGE)
    return question


def request(
    idp: Idp,
    purpose: Purpose,
    bound_to: str,
    *,
    sub: str | None = None,
    allowed: Sequence[Passkey] = (),
    now: int,
) -> dict[str, Any]:
    """What the browser is to give ``navigator.credentials.get``."""
    question = ask(idp, purpose, bound_to, sub=sub, now=now)
    return ceremonies.request_options(question, site(idp), allowed)


def judge(
    idp: Idp,
    assertion: Assertion,
    purpose: Purpose,
    bound_to: str,
    *,
    sub: str | None = None,
    now: int,
) -> tuple[PasskeyRow, AccountRow, Used]:
    """Whose passkey signed; raises ``Refused``, also where its counter went back, which its owner is told."""
    question = take(idp, assertion.challenge, purpose, bound_to, sub=sub, now=now)
    with idp.reading() as tx:
        row = passkeys.by_credential(tx, assertion.credential_id)
        account = None if row is None else accounts.by_sub(tx, row.passkey.sub)
    if row is None or account is None:
        raise Refused(Reason.UNKNOWN)
    ceremonies.judge_owner(assertion, question, row.passkey, row.user_handle)
    used = ceremonies.used(assertion, question, site(idp), row.passkey)
    if account.state != accounts.ACTIVE:
        raise Refused(Reason.NOT_ACTIVE)
    if row.passkey.suspended_at is not None:
        raise Refused(Reason.SUSPENDED)
    if not counted(row.passkey.sign_count, used.sign_count):
        _tell_of_copy(idp, row.passkey, account, purpose, now=now)
        raise Refused(Reason.COUNTER)
    return row, account, used


def note_refusal(
    idp: Idp, refused: Refused, purpose: Purpose, browser: Browser, passkey: str | None, *, now: int
) -> None:
    """Leave in the trail why an answer did not do."""
    source = throttle.pseudonym_of_source(idp, browser.source)
    if idp.ephemera.bump(f"passkey-refused:{source}", _TOLD_WINDOW, now) > _TOLD:
        return
    with idp.writing() as tx:
        audit.add(
            tx,
            Event.PASSKEY_REFUSED,
            at=now,
            source=source,
            details={"purpose": purpose, "reason": refused.reason, "passkey": passkey},
        )


def _tell_of_copy(idp: Idp, passkey: Passkey, account: AccountRow, purpose: Purpose, *, now: int) -> None:
    """Flag a passkey whose counter went back, once, and tell its owner. Raises ``RegistryDown``."""
    if passkey.flagged_at is not None:
        return
    contacts = telling.own(idp, account).contacts
    notices = telling.notices(idp, account, contacts, Letter.PASSKEY_COPIED, now=now)
    with idp.writing() as tx:
        if not passkeys.flag(tx, passkey.id, now=now):
            return
        outbox.add(tx, *notices)
        audit.add(
            tx,
            Event.PASSKEY_COPIED,
            at=now,
            actor=idp.sealer.pseudonym(f"sub:{account.sub}"),
            details={"passkey": passkey.id, "purpose": purpose},
        )
    idp.post_waiting.set()
