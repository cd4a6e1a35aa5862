"""The life of signing keys: announced, active, retired, forgotten.

    next ──activate──► active ──the next one is activated──► retired ──its last token died──► forgotten
      └──retire──► retired                                   └──compromised──► forgotten at once

A new key is published in the JWK Set before it signs, for as long as relying parties may keep an older copy
(``keys.jwks_cache_seconds``); a retired one stays published until the last token it signed has died. So
nobody meets a signature whose key they cannot find. A compromised key is forgotten at once, and with it
what it signed.
"""

from dataclasses import dataclass

from idp.accounts.audit import Event
from idp.flows.idp import Idp
from idp.flows.signing import ALGORITHMS
from idp.store import audit, keys
from idp.store.keys import KeyRow

_DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class NoSuchKey:
    """No key of this name is in the state that the act needs."""

    kid: str


@dataclass(frozen=True, slots=True)
class TooEarly:
    """Until ``ready_at`` (epoch seconds) relying parties may hold a JWK Set without this key."""

    kid: str
    ready_at: int


def listing(idp: Idp) -> tuple[KeyRow, ...]:
    """Every signing key that is not forgotten, oldest first."""
    with idp.reading() as tx:
        return keys.every(tx)


def init(idp: Idp, *, now: int) -> tuple[str, ...]:
    """Let a new installation sign: each algorithm without an active key gets one; the kids activated.

    A key on file that the database does not know is adopted before one is made. Nothing is waited for:
    where no key of the algorithm was published, nobody can hold an older JWK Set. Safe to call at every
    start.
    """
    idp.keyring.reload()
    active = {row.alg for row in listing(idp) if row.state == "active"}
    activated = []
    for alg in ALGORITHMS:
        if alg not in active:
            kid = _waiting(idp, alg) or _on_file(idp, alg) or idp.keyring.create_signing(alg)
            if _announce(idp, kid, activate=True, now=now):
                activated.append(kid)
    return tuple(activated)


def new(idp: Idp, alg: str, *, now: int) -> str:
    """Make a key and announce it; it is published from now on and does not sign. Its kid.

    Raises ``ValueError`` for an algorithm that we do not sign with.
    """
    kid = idp.keyring.create_signing(alg)
    _announce(idp, kid, activate=False, now=now)
    return kid


def activate(idp: Idp, kid: str, *, now: int, at_once: bool = False) -> KeyRow | NoSuchKey | TooEarly:
    """Let an announced key sign; the one that did is retired. ``at_once`` does not wait for old JWK Sets."""
    waiting = {row.kid: row for row in listing(idp) if row.state == "next"}
    row = waiting.get(kid)
    idp.keyring.reload()
    if row is None or kid not in idp.keyring.signing_keys():
        return NoSuchKey(kid)
    ready_at = row.created_at + idp.settings.keys.jwks_cache_seconds
    if now < ready_at and not at_once:
        return TooEarly(kid, ready_at)
    with idp.writing() as tx:
        before = [old for old in keys.every(tx) if old.alg == row.alg and old.state == "active"]
        if not keys.activate(tx, kid, row.alg, now=now):
            return NoSuchKey(kid)
        for old in before:
            audit.add(tx, Event.KEY_RETIRED, at=now, details={"kid": old.kid, "alg": old.alg})
        audit.add(tx, Event.KEY_ACTIVATED, at=now, details={"kid": kid, "alg": row.alg})
    idp.signers.forget()
    return row


def retire(idp: Idp, kid: str, *, now: int, compromised: bool = False) -> KeyRow | NoSuchKey:
    """Take a key that does not sign out of use; ``compromised``: what it signed is not believed any more.

    The active key cannot be retired without another in its place: ``rotate`` first.
    """
    row = next((known for known in listing(idp) if known.kid == kid and known.state != "active"), None)
    if row is None:
        return NoSuchKey(kid)
    with idp.writing() as tx:
        done = keys.delete_key(tx, kid) if compromised else keys.retire(tx, kid, now=now)
        if not done:
            return NoSuchKey(kid)
        audit.add(tx, Event.KEY_RETIRED, at=now, details={"kid": kid, "alg": row.alg})
    idp.keyring.discard(kid)
    idp.signers.forget()
    return row


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did, by kid."""

    announced: tuple[str, ...]
    activated: tuple[str, ...]
    forgotten: tuple[str, ...]


def rotate(idp: Idp, *, now: int, at_once: bool = False, compromised: bool = False) -> Rotated:
    """Move every algorithm's keys one step on, if it is time; to be called as often as one likes.

    A key older than ``keys.sign_days`` gets a successor announced; a successor that was published long enough
    signs; a retired key whose tokens are all dead is forgotten, its file deleted. ``at_once`` announces and
    activates new keys in one go: for an emergency, since copies of the JWK Set lack them for a while.
    ``compromised`` does so too with keys made now, and forgets every other: they lay in the same folder, so
    whoever may know one may know them all, those that waited and those already retired too. Their tokens die
    with them.
    """
    announced: list[str] = []
    activated: list[str] = []
    at_once = at_once or compromised
    exposed = [row.kid for row in listing(idp)] if compromised else []
    for alg in ALGORITHMS:
        rows = [row for row in listing(idp) if row.alg == alg]
        waiting = [row.kid for row in rows if row.state == "next" and row.kid not in exposed]
        if not waiting and (at_once or _old(idp, rows, now)):
            waiting = [new(idp, alg, now=now)]
            announced += waiting
        if waiting and isinstance(activate(idp, waiting[0], now=now, at_once=at_once), KeyRow):
            activated.append(waiting[0])
    for kid in exposed:
        retire(idp, kid, now=now, compromised=True)
    return Rotated(tuple(announced), tuple(activated), (*exposed, *_forget_dead(idp, now=now)))


def _old(idp: Idp, rows: list[KeyRow], now: int) -> bool:
    # Announced a cache time early, so that the key signs for no longer than it should.
    life = idp.settings.keys.sign_days * _DAY - idp.settings.keys.jwks_cache_seconds
    return any(row.state == "active" and (row.activated_at or row.created_at) + life <= now for row in rows)


def _forget_dead(idp: Idp, *, now: int) -> tuple[str, ...]:
    lifetimes = idp.settings.lifetimes
    kept = max(lifetimes.access_token, lifetimes.id_token, lifetimes.logout_token, lifetimes.session_absolute)
    dead = [
        row
        for row in listing(idp)
        if row.state == "retired"
        and (row.retired_at or 0) + kept + idp.settings.keys.jwks_cache_seconds < now
    ]
    for row in dead:
        with idp.writing() as tx:
            keys.delete_key(tx, row.kid)
        idp.keyring.discard(row.kid)
    if dead:
        idp.signers.forget()
    return tuple(row.kid for row in dead)


def _announce(idp: Idp, kid: str, *, activate: bool, now: int) -> bool:
    """Publish a key on file, and let it sign where none of its algorithm does; whether it signs now."""
    key = idp.keyring.signing_keys()[kid]
    with idp.writing() as tx:
        details = {"kid": kid, "alg": key.alg}
        if keys.insert(tx, kid, key.alg, key.public, now=now):
            audit.add(tx, Event.KEY_CREATED, at=now, details=details)
        signs = any(row.alg == key.alg and row.state == "active" for row in keys.every(tx))
        signing = activate and not signs and keys.activate(tx, kid, key.alg, now=now)
        if signing:
            audit.add(tx, Event.KEY_ACTIVATED, at=now, details=details)
    idp.signers.forget()
    return signing


def _waiting(idp: Idp, alg: str) -> str | None:
    held = idp.keyring.signing_keys()
    return next(
        (row.kid for row in listing(idp) if row.alg == alg and row.state == "next" and row.kid in held), None
    )


def _on_file(idp: Idp, alg: str) -> str | None:
    known = {row.kid for row in listing(idp)}
    files = idp.keyring.signing_keys().values()
    return next((key.kid for key in files if key.alg == alg and key.kid not in known), None)
