"""Fresh authentication: whoever changes a way in proves first that they are still there (ASVS 7.5.1).

::

    signed in ──a proof not older than ``lifetimes.fresh_authentication``──▶ the change
        └─older─▶ asked again ──password, code, app or passkey──▶ a new proof, a new handle, the change

A live session alone changes nothing. Where a new number is registered a password is not enough: what proves
is a code at a contact that was there before, the authenticator app or a passkey (security bar 5.3). The proof
says what it was and when, so it never counts for more, nor for longer. It is asked for in
``flows.second_proof``.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from idp.flows import login
from idp.flows import sessions as session_flows
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.flows.login import Attempt, Right, Throttled, Wrong
from idp.flows.sessions import SEEN_EVERY, SessionGone
from idp.store import accounts, passkeys, sessions
from idp.store.accounts import AccountProfile, AccountRow
from idp.store.database import Tx
from idp.store.sessions import SessionRow
from idp.values import Proof, ProofKind


class Needs(StrEnum):
    """What a change asks for."""

    # The password of today, or any of the others.
    ANY = "any"
    # A code at a contact that was there before, or what stands for one; the authenticator app, or a passkey.
    CONTACT = "contact"


_CONTACT_PROOFS = frozenset(
    {
        ProofKind.EMAIL_CODE,
        ProofKind.SMS_CODE,
        ProofKind.ACTIVATION_CODE,
        ProofKind.TOTP,
        ProofKind.PASSKEY,
    }
)
_SENT = frozenset({ProofKind.EMAIL_CODE, ProofKind.SMS_CODE})
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
class NotFresh:
    """Whoever is signed in is to prove first that it is them; or nobody is any more."""


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
    proofs = {proof.kind for proof in known.row.session.proofs if proof.at >= since and not _waits(proof)}
    if needs is Needs.ANY:
        return bool(proofs)
    # Beside a passkey that confirms no code that is sent changes anything, whatever it was sent for.
    return bool(proofs & _CONTACT_PROOFS - _SENT) or (
        bool(proofs & _SENT) and not _passkey_confirms(idp, known, now=now_ms // 1000)
    )


def _passkey_confirms(idp: Idp, known: Owner, *, now: int) -> bool:
    if known.account.unconfirming_until(now) is not None:
        # While its account waits it does not, and a code is the way (``flows.confirming``).
        return False
    with idp.reading() as tx:
        rows = passkeys.of_account(tx, known.account.sub)
    return any(row.passkey.confirms(now) for row in rows)


def may_change(idp: Idp, known: Owner, needs: Needs, *, now: int, now_ms: int) -> bool:
    """Whether something that needs this may be changed at this moment: it is proven anew, and the account was
    not recovered a moment ago."""
    return known.limited_until(now) is None and is_fresh(idp, known, needs, now_ms=now_ms)


def hold(tx: Tx, known: Owner) -> None:
    """First in the transaction that changes a way in: nobody ends the session that asks before it is written.

    Raises ``SessionGone`` where somebody did while the change was prepared (the registry takes its time): the
    owner threw it out, recovered, or an admin locked the account. Nothing of the change is to stay.
    """
    if not sessions.hold(tx, known.account.sub, known.session_id):
        raise SessionGone


def _waits(proof: Proof) -> bool:
    """Whether what proved was added too lately to change anything (accounts.ledger).

    A code proves as much as ever while its account waits: what is added on it is held.
    """
    return proof.held and proof.kind in _ADDED


def check_password(
    idp: Idp, known: Owner, password: str, browser: Browser, *, now: int
) -> Right | Wrong | Throttled:
    """Whether it is the password of the account, under the brakes of sign-in. Raises ``Overloaded``."""
    with idp.reading() as tx:
        seen = sessions.browser_is_known(tx, browser.digest or b"\x00" * 32, known.account.sub)
    attempt = Attempt(known.profile.username.text, password, browser, seen, reason="asked_again")
    return login.check(idp, attempt, known.account, now=now)
