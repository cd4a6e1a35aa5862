"""Signing in with username and password (journey D).

Known and unknown usernames cost the same: the same reads, one hash, one write (security bar 5.1). Who is told
"wrong" learns nothing else. Whether a second factor is due is decided here, once, and stands in the session:
until it is given (``flows.second_proof``) nobody is signed in.
"""

from dataclasses import dataclass, field

from idp.accounts.audit import Event
from idp.accounts.lockout import Throttled as Brakes
from idp.accounts.lockout import sign_in_brakes
from idp.accounts.unusual import Seen, is_unusual, wants_second_factor
from idp.flows import new_device, throttle
from idp.flows import sessions as session_flows
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.flows.sessions import Begun, SessionGone
from idp.oidc.session import SecondFactor
from idp.store import accounts, audit, sessions, trusted_browsers
from idp.store.accounts import AccountRow
from idp.store.sessions import SessionRow
from idp.values import Malformed, Proof, ProofKind, parse_contact

LONGEST_PASSWORD = 1024
"""Characters that are hashed at most; nobody's password is longer (the policy's maximum is a setting)."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The password was right: a session has begun.

    ``username_ends``: the username left the registry, so that another is to be chosen (journey L).
    """

    begun: Begun
    username_ends: bool = False


@dataclass(frozen=True, slots=True)
class Wrong:
    """Username or password is not right; nothing says which."""


@dataclass(frozen=True, slots=True)
class Throttled:
    """Too many failures: come back in ``retry_after`` seconds."""

    retry_after: int


@dataclass(frozen=True, slots=True)
class Right:
    """The password is the account's; ``needs_rehash`` by today's parameters."""

    account: AccountRow
    needs_rehash: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """A password typed for a username; who it is counted for and where.

    ``username`` in canonical spelling. ``known``: this browser signed this very account in before.
    """

    username: str = field(repr=False)
    password: str = field(repr=False)
    browser: Browser
    known: bool
    client_id: str | None = None
    # Why it is asked, where it is not to sign in.
    reason: str | None = None


def sign_in(
    idp: Idp, typed: str, password: str, browser: Browser, *, client_id: str | None, now: int, now_ms: int
) -> SignedIn | Wrong | Throttled:
    """Check a username in any spelling and a password; raises ``Overloaded`` when too many wait to be
    checked."""
    try:
        contact = parse_contact(typed)
    except Malformed:
        contact = None
    username = typed.strip().casefold()[:254] if contact is None else contact.text
    index = idp.sealer.contact_index(contact) if contact is not None else b"\x00" * 32
    with idp.reading() as tx:
        account = accounts.find_by_username(tx, index)
        sub = "" if account is None else account.sub
        seen = sessions.seen_of(tx, browser.digest or b"\x00" * 32, sub, now=now)
        before = session_flows.begun_here(idp, tx, browser, now=now)
    known = seen.known
    attempt = Attempt(username, password, browser, known, client_id)
    outcome = check(idp, attempt, account, now=now)
    if not isinstance(outcome, Right):
        return outcome
    rehashed = idp.hasher.hash(password) if outcome.needs_rehash else None
    signing = _Signing(attempt, outcome.account, seen, rehashed)
    try:
        return _signed_in(idp, signing, before, now=now, now_ms=now_ms)
    except SessionGone:
        # Somebody ended it while the password was looked at: what it had proven counts no more.
        return _signed_in(idp, signing, None, now=now, now_ms=now_ms)


@dataclass(frozen=True, slots=True)
class _Signing:
    """A right password, and what is known of who typed it."""

    attempt: Attempt
    account: AccountRow
    seen: Seen
    rehashed: str | None = field(repr=False)


def _signed_in(
    idp: Idp, signing: _Signing, before: SessionRow | None, *, now: int, now_ms: int
) -> SignedIn | Wrong:
    """Write the proof, into the session ``before`` where it is theirs. Raises ``SessionGone``."""
    attempt, usable, seen = signing.attempt, signing.account, signing.seen
    browser, known = attempt.browser, attempt.known
    second = _second_factor(idp, attempt, usable, seen, before, now=now)
    begun = session_flows.prepare(
        idp, browser, usable.sub, Proof(ProofKind.PASSWORD, now_ms), before=before, second=second, now=now
    )
    # Nobody is signed in before a second factor that is due: then it is told.
    told = None if known or begun.session.is_due else new_device.prepare(idp, usable, begun, now=now)
    with idp.writing() as tx:
        if not accounts.unchanged(tx, usable.sub, usable.password_hash or ""):
            # Recovered, changed or locked while the hash was computed.
            return Wrong()
        session_flows.begin(idp, tx, begun, now=now)
        if told is not None:
            new_device.note(tx, told, now=now)
        if signing.rehashed is not None:
            accounts.replace_hash(tx, usable.sub, old=usable.password_hash or "", new=signing.rehashed)
        audit.add(
            tx,
            Event.SIGN_IN_SUCCEEDED,
            at=now,
            actor=idp.sealer.pseudonym(f"sub:{usable.sub}"),
            client_id=attempt.client_id,
            source=throttle.pseudonym_of_source(idp, browser.source),
            details={
                "session": begun.session.id,
                "proof": "password",
                "acr": begun.session.acr,
                "known_browser": known,
                "second_factor": begun.session.second_factor,
            },
        )
        if second is SecondFactor.TRUSTED:
            trusted_browsers.used(tx, usable.sub, begun.browser.digest, now=now)
    if told is not None:
        idp.post_waiting.set()
    return SignedIn(begun, username_ends=usable.username_ends_at is not None)


def _second_factor(
    idp: Idp, attempt: Attempt, account: AccountRow, seen: Seen, before: SessionRow | None, *, now: int
) -> SecondFactor | None:
    """What becomes of the second factor; None where none is wanted, or was settled in this very session."""
    policy = idp.settings.assurance.second_factor
    settled = before is not None and before.session.sub == account.sub and not before.session.is_due
    if policy == "never" or settled:
        return None
    odd = is_unusual(
        seen,
        device=attempt.browser.device,
        network=session_flows.network_of(idp, attempt.browser),
        failures=throttle.wrong_passwords(idp, attempt.username, now=now),
        many=idp.settings.assurance.unusual_failures,
    )
    if wants_second_factor(policy, seen, unusual=odd):
        return SecondFactor.DUE
    return SecondFactor.TRUSTED if seen.trusted else None


def check(idp: Idp, attempt: Attempt, account: AccountRow | None, *, now: int) -> Right | Wrong | Throttled:
    """Check a password for an account, None where nobody has the username; wrong ones are counted.

    Every page that asks for a password asks here, so that all count under the same brakes (security bar 4).
    Raises ``Overloaded``.
    """
    browser = attempt.browser
    source = throttle.pseudonym_of_source(idp, browser.source)
    actor = idp.sealer.pseudonym(f"username:{attempt.username}")
    digest = (browser.digest or b"").hex()
    known_as = idp.sealer.pseudonym(f"browser:{digest}") if attempt.known else None
    brakes = sign_in_brakes(actor, source, known_as, idp.settings.limits)
    decision = throttle.standing(idp, brakes, now=now)
    if isinstance(decision, Brakes):
        if throttle.first_refusal(idp, brakes, decision, now=now):
            with idp.writing() as tx:
                audit.add(
                    tx,
                    Event.SIGN_IN_THROTTLED,
                    at=now,
                    actor=actor,
                    client_id=attempt.client_id,
                    source=source,
                    details={"brake": decision.by, "retry_after": decision.retry_after},
                )
        return Throttled(decision.retry_after)
    usable = account if account is not None and account.state == accounts.ACTIVE else None
    kept = None if usable is None else usable.password_hash
    verdict = idp.hasher.verify(attempt.password[:LONGEST_PASSWORD], kept)
    if usable is None or not verdict.ok:
        throttle.failed(idp, brakes, now=now)
        with idp.writing() as tx:
            audit.add(
                tx,
                Event.SIGN_IN_FAILED,
                at=now,
                actor=actor,
                client_id=attempt.client_id,
                source=source,
                details={"known_browser": attempt.known, "reason": attempt.reason},
            )
        return Wrong()
    return Right(usable, verdict.needs_rehash)
