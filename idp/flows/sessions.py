"""Who is signed in in this browser, and how a session begins."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from idp.accounts import unusual
from idp.accounts.audit import Event
from idp.flows import post
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.oidc.session import SecondFactor, Session
from idp.store import audit, outbox, sessions, tokens
from idp.store.database import Tx
from idp.store.outbox import Parcel
from idp.store.sessions import SessionRow
from idp.values import Handle, Proof

Outcome = TypeVar("Outcome")

_ATTEMPTS = 3
"""How often the farewells are composed anew because a client was issued something meanwhile."""

SEEN_EVERY = 300
"""Seconds between two notes that a session is in use; anything finer would be a write per page."""


def current(idp: Idp, tx: Tx, browser: Browser, *, now: int) -> SessionRow | None:
    """The live session of this browser; one whose second factor is due signs nobody in."""
    row = begun_here(idp, tx, browser, now=now)
    return None if row is None or row.session.is_due else row


def begun_here(idp: Idp, tx: Tx, browser: Browser, *, now: int) -> SessionRow | None:
    """The same, also where a second factor is due: nothing but that may be done with it."""
    if browser.session is None:
        return None
    return sessions.find(tx, browser.session.digest, now=now, idle=idp.settings.lifetimes.session_idle)


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in about to be written, with the handles that the browser is to hold from then on."""

    session: Session
    renewed: bool
    ends: SessionRow | None
    # What the relying parties of the session that ends are to be told.
    farewells: tuple[Parcel, ...]
    handle: Handle = field(repr=False)
    browser: Handle = field(repr=False)
    # Two codes (``accounts.device``).
    device: str | None = None
    # A pseudonym (``accounts.unusual``).
    network: str | None = None


def network_of(idp: Idp, browser: Browser) -> str:
    """How the network of a browser stands among those an account was met in."""
    return idp.sealer.pseudonym(f"network:{unusual.network_of(browser.source)}")


def farewells(idp: Idp, session: Session, *, now: int) -> tuple[Parcel, ...]:
    """A logout call for each confidential client that was issued something in the session and wants to know
    (OpenID Connect Back-Channel Logout 1.0 §2.5)."""
    with idp.reading() as tx:
        client_ids = sessions.clients_of(tx, session.id)
    return _calls(idp, session.sub, ((session.id, client_id) for client_id in client_ids), now=now)


@dataclass(frozen=True, slots=True)
class Ended:
    """What ended with an account's sessions: how many they were, and how many relying parties are told."""

    sessions: int
    told: int


class _MoreToTell(Exception):
    """A client was issued something after the farewells were composed."""


def until_told(attempt: Callable[[bool], Outcome]) -> Outcome:
    """Attempt what ends everything of an account, anew where a client was issued something meanwhile.

    An attempt is told whether it may find that: the last one may not.
    """
    for _ in range(_ATTEMPTS):
        try:
            return attempt(True)
        except _MoreToTell:
            continue
    # Whoever asks for tokens that fast is not to keep an account from being closed.
    return attempt(False)


class Leaving:
    """Ends everything of an account, within one transaction of an attempt (``until_told``)."""

    def __init__(
        self,
        sub: str,
        but: str | None,
        farewells: tuple[Parcel, ...],
        issued: frozenset[tuple[str, str]] | None,
    ) -> None:
        self._sub, self._but = sub, but
        self._farewells, self._issued = farewells, issued

    def end_all(self, tx: Tx, *, now: int, keep_browsers: bool = False) -> Ended:
        """End the sessions and whatever was issued to the account, forget its browsers, and tell the relying
        parties."""
        ended = sessions.end_all(tx, self._sub, but=self._but or "", now=now)
        revoked = tokens.revoke_all(tx, self._sub, now=now)
        if self._issued is not None and not revoked <= self._issued:
            raise _MoreToTell
        if not keep_browsers:
            sessions.forget_browsers(tx, self._sub)
        outbox.add(tx, *self._farewells)
        return Ended(len(ended), len(self._farewells))


def leaving(
    idp: Idp, sub: str, write: Callable[[Tx, Leaving], Outcome], *, now: int, but: str | None = None
) -> Outcome:
    """Do what ends everything of an account in one transaction: ``write`` calls ``Leaving.end_all`` in it.

    The logout calls are sealed before it, so ``write`` runs anew, in a transaction of its own, where a client
    was issued something meanwhile: none that was is left untold. ``but``: the id of a session that goes on.
    """

    def attempt(anew: bool) -> Outcome:
        prepared = leave(idp, sub, anew=anew, now=now, but=but)
        with idp.writing() as tx:
            return write(tx, prepared)

    return until_told(attempt)


def leave(idp: Idp, sub: str, *, anew: bool, now: int, but: str | None = None) -> Leaving:
    """Seal the logout calls of an account, before the transaction in which it is ended."""
    with idp.reading() as tx:
        issued = tokens.issued_to(tx, sub, now=now)
    farewells = _calls(idp, sub, sorted(pair for pair in issued if pair[0] != but), now=now)
    return Leaving(sub, but, farewells, issued if anew else None)


def farewells_to_client(idp: Idp, sub: str, client_id: str, *, now: int) -> tuple[Parcel, ...]:
    """The logout calls for one client, in every session of an account in which it was issued something."""
    with idp.reading() as tx:
        issued_to = tokens.issued_to(tx, sub, now=now)
    return _calls(idp, sub, sorted(pair for pair in issued_to if pair[1] == client_id), now=now)


def _calls(
    idp: Idp, sub: str, sessions_and_clients: Iterable[tuple[str, str]], *, now: int
) -> tuple[Parcel, ...]:
    return tuple(
        post.prepare_logout(
            idp,
            client_id=client.client_id,
            uri=client.backchannel_logout_uri,
            sub=sub,
            sid=session_id,
            now=now,
        )
        for session_id, client_id in sessions_and_clients
        for client in (idp.clients.get(client_id),)
        if client is not None and client.confidential and client.backchannel_logout_uri
    )


def prepare(
    idp: Idp,
    browser: Browser,
    sub: str,
    proof: Proof,
    *,
    before: SessionRow | None,
    second: SecondFactor | None = None,
    now: int,
) -> Begun:
    """The session after ``sub`` gave a proof here; the handle is always new (OWASP ASVS 7.2.4).

    The same person goes on with their session and what was issued in it; another person's session ends.
    ``second``: what becomes of the second factor by this proof; else it stays as it was.
    """
    same = before is not None and before.session.sub == sub
    proofs = {old.kind: old for old in before.session.proofs} if before is not None and same else {}
    proofs[proof.kind] = proof
    session = Session(
        id=before.session.id if before is not None and same else idp.entropy.identifier(),
        sub=sub,
        proofs=tuple(proofs.values()),
        second_factor=second or (before.session.second_factor if before is not None and same else None),
    )
    return Begun(
        session,
        renewed=same,
        ends=before if before is not None and not same else None,
        farewells=farewells(idp, before.session, now=now) if before is not None and not same else (),
        handle=idp.entropy.handle(),
        browser=browser.handle or idp.entropy.handle(),
        device=browser.device,
        network=network_of(idp, browser),
    )


class SessionGone(Exception):
    """Somebody ended the session that was to go on: nothing of what was to be written with it is to stay."""


def begin(idp: Idp, tx: Tx, begun: Begun, *, now: int) -> None:
    """Write what ``prepare`` prepared. Raises ``SessionGone`` where the session that was to go on has ended
    meanwhile: nobody is signed in, and the browser is not known by it."""
    if begun.renewed:
        if not sessions.renew(tx, begun.session, begun.handle.digest, now=now):
            raise SessionGone
    else:
        expires_at = now + idp.settings.lifetimes.session_absolute
        sessions.start(
            tx, begun.session, begun.handle.digest, device=begun.device, now=now, expires_at=expires_at
        )
    if not begun.session.is_due:
        sessions.remember_browser(
            tx,
            begun.browser.digest,
            begun.session.sub,
            device=begun.device,
            network=begun.network,
            now=now,
        )
    if begun.ends is not None and sessions.end(tx, begun.ends.session.id, now=now):
        for parcel in begun.farewells:
            outbox.add(tx, parcel)
        audit.add(
            tx,
            Event.SESSION_ENDED,
            at=now,
            actor=idp.sealer.pseudonym(f"sub:{begun.ends.session.sub}"),
            details={
                "session": begun.ends.session.id,
                "reason": "another_signed_in",
                "clients": len(begun.farewells),
            },
        )
