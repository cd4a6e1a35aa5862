"""Fresh authentication: whoever changes a way in proves first that they are still there (ASVS 7.5.1).

::

    signed in ──a proof not older than ``lifetimes.fresh_authentication``──▶ the change
        └─older─▶ asked again ──password, or a code to a contact──▶ a new proof, a new handle, the change

A live session alone changes nothing. Where a new number is registered a password is not enough: what proves
is a code at a contact that was there before (security bar 5.3). The proof says what it was and when, so it
never counts for more, nor for longer. Codes are sent and answered in ``flows.fresh_by_code``, passkeys in
``flows.passkey_sign_in``.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from idp.accounts.audit import Event
from idp.accounts.challenge import Challenge
from idp.flows import login, proving, throttle
from idp.flows import sessions as session_flows
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.flows.login import Attempt, Right, Throttled, Wrong
from idp.flows.sessions import SEEN_EVERY, Begun
from idp.store import accounts, audit, challenges, sessions
from idp.store.accounts import AccountProfile, AccountRow
from idp.store.sessions import SessionRow
from idp.values import Proof, ProofKind


class Needs(StrEnum):
    """What a change asks for."""

    # The password of today, a code, or a passkey.
    ANY = "any"
    # A code at a contact that was there before, or what stands for one, or a passkey.
    CONTACT = "contact"


_CONTACT_PROOFS = frozenset(
    {ProofKind.EMAIL_CODE, ProofKind.SMS_CODE, ProofKind.ACTIVATION_CODE, ProofKind.PASSKEY}
)
_ADDED = frozenset({ProofKind.PASSKEY, ProofKind.TOTP, ProofKind.RECOVERY_CODE})


@dataclass(frozen=True, slots=True)
class Owner:
    """Whoever is signed in in this browser, with their account."""

    row: SessionRow
    account: AccountRow
    profile: AccountProfile = field(repr=False)

    @property
    def session_id(self) -> str:
        """The id of their session."""
        return self.row.session.id

    def limited_until(self, now: int) -> int | None:
        """Until when no contact may be changed, after a recovery without a second proof (epoch seconds)."""
        until = self.account.limited_until
        return until if until is not None and until > now else None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """It is proven: the session goes on with a new handle."""

    begun: Begun


@dataclass(frozen=True, slots=True)
class Unknown:
    """No such contact in this session."""


def owner(idp: Idp, browser: Browser, *, now: int) -> Owner | None:
    """Who is signed in here; their session is in use from now on."""
    with idp.reading() as tx:
        row = session_flows.current(idp, tx, browser, now=now)
        account = None if row is None else accounts.by_sub(tx, row.session.sub)
    if row is None or account is None:
        return None
    if now - row.last_seen_at >= SEEN_EVERY:
        with idp.writing() as tx:
            sessions.seen(tx, row.session.id, now=now)
    return Owner(row, account, accounts.open_profile(idp.sealer, account))


def is_fresh(idp: Idp, known: Owner, needs: Needs, *, now_ms: int) -> bool:
    """Whether a proof of this session is young enough, and of the kind that is needed."""
    since = now_ms - idp.settings.lifetimes.fresh_authentication * 1000
    return any(
        proof.at >= since and not _waits(proof) and (needs is Needs.ANY or proof.kind in _CONTACT_PROOFS)
        for proof in known.row.session.proofs
    )


def _waits(proof: Proof) -> bool:
    """Whether what proved was added too lately to change anything (accounts.ledger).

    A code proves as much as ever while its account waits: what is added on it is held.
    """
    return proof.held and proof.kind in _ADDED


def by_password(
    idp: Idp, known: Owner, password: str, browser: Browser, *, now: int, now_ms: int
) -> Confirmed | Wrong | Throttled:
    """Take the password of today; wrong ones count as at sign-in. Raises ``Overloaded``."""
    outcome = check_password(idp, known, password, browser, now=now)
    if not isinstance(outcome, Right):
        return outcome
    return Confirmed(proven(idp, known, browser, ProofKind.PASSWORD, None, now=now, now_ms=now_ms))


def check_password(
    idp: Idp, known: Owner, password: str, browser: Browser, *, now: int
) -> Right | Wrong | Throttled:
    """Whether it is the password of the account, under the brakes of sign-in. Raises ``Overloaded``."""
    with idp.reading() as tx:
        seen = sessions.browser_is_known(tx, browser.digest or b"\x00" * 32, known.account.sub)
    attempt = Attempt(known.profile.username.text, password, browser, seen, reason="asked_again")
    return login.check(idp, attempt, known.account, now=now)


class Beaten(Exception):
    """Another request used the challenge: nothing of this is to stay."""


def proven(
    idp: Idp,
    known: Owner,
    browser: Browser,
    kind: ProofKind,
    challenge: Challenge | None,
    *,
    now: int,
    now_ms: int,
) -> Begun:
    """Write the proof into the session, which gets a new handle (ASVS 7.2.4). Raises ``Beaten`` where another
    request used the challenge."""
    waits = known.account.unconfirming_until(now) is not None
    proof = Proof(kind, now_ms, held=waits and kind is not ProofKind.PASSWORD)
    begun = session_flows.prepare(idp, browser, known.account.sub, proof, before=known.row, now=now)
    with idp.writing() as tx:
        if challenge is not None:
            if not challenges.end(tx, challenge.id, now=now):
                raise Beaten
            proving.answered(tx, challenge, now=now)
        session_flows.begin(idp, tx, begun, now=now)
        audit.add(
            tx,
            Event.CONFIRMED_AGAIN,
            at=now,
            actor=idp.sealer.pseudonym(f"sub:{known.account.sub}"),
            source=throttle.pseudonym_of_source(idp, browser.source),
            details={"session": begun.session.id, "proof": kind},
        )
    return begun
