"""Who is signed in in this browser, and how a session begins."""

from dataclasses import dataclass, field

from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.oidc.session import Session
from idp.store import sessions
from idp.store.database import Tx
from idp.store.sessions import SessionRow
from idp.values import Handle, Proof

SEEN_EVERY = 300
"""Seconds between two notes that a session is in use; anything finer would be a write per page."""


def current(idp: Idp, tx: Tx, browser: Browser, *, now: int) -> SessionRow | None:
    """The live session of this browser."""
    if browser.session is None:
        return None
    return sessions.find(tx, browser.session.digest, now=now, idle=idp.settings.lifetimes.session_idle)


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in about to be written, with the handles that the browser is to hold from then on."""

    session: Session
    renewed: bool
    ends: str | None
    handle: Handle = field(repr=False)
    browser: Handle = field(repr=False)


def prepare(idp: Idp, browser: Browser, sub: str, proof: Proof, *, before: SessionRow | None) -> Begun:
    """The session after ``sub`` gave a proof here; the handle is always new (OWASP ASVS 7.2.4).

    The same person goes on with their session and what was issued in it; another person's session ends.
    """
    same = before is not None and before.session.sub == sub
    proofs = {old.kind: old for old in before.session.proofs} if before is not None and same else {}
    proofs[proof.kind] = proof
    session = Session(
        id=before.session.id if before is not None and same else idp.entropy.identifier(),
        sub=sub,
        proofs=tuple(proofs.values()),
    )
    return Begun(
        session,
        renewed=same,
        ends=before.session.id if before is not None and not same else None,
        handle=idp.entropy.handle(),
        browser=browser.handle or idp.entropy.handle(),
    )


def begin(idp: Idp, tx: Tx, begun: Begun, *, now: int) -> None:
    """Write what ``prepare`` prepared."""
    if begun.renewed:
        sessions.renew(tx, begun.session, begun.handle.digest, now=now)
    else:
        expires_at = now + idp.settings.lifetimes.session_absolute
        sessions.start(tx, begun.session, begun.handle.digest, now=now, expires_at=expires_at)
    sessions.remember_browser(tx, begun.browser.digest, begun.session.sub, now=now)
    if begun.ends is not None:
        sessions.end(tx, begun.ends, now=now)
