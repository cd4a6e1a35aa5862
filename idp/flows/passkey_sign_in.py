"""Signing in with a passkey (journey E).

No username is typed: the passkey names its owner. Wrong passwords do not slow it down (journey D). A passkey
that is held or flagged signs in and earns the lowest class (``idp.accounts.ledger``). Confirming with one:
``flows.own_passkey``.
"""

from dataclasses import dataclass
from typing import Any

from idp.accounts import ceremonies as rules
from idp.accounts.audit import Event
from idp.accounts.ceremonies import Purpose, Reason, Refused, Used
from idp.flows import ceremonies, new_device, own_passkey, throttle
from idp.flows import sessions as session_flows
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.flows.login import SignedIn
from idp.flows.own_passkey import NotAccepted
from idp.flows.sessions import SessionGone
from idp.store import accounts, audit, sessions
from idp.store.accounts import AccountRow
from idp.store.passkeys import PasskeyRow
from idp.store.sessions import SessionRow
from idp.values import ProofKind


def options(idp: Idp, browser: Browser, *, now: int) -> dict[str, Any]:
    """What ``navigator.credentials.get`` is asked on the sign-in page: any passkey of this site."""
    return ceremonies.request(idp, Purpose.SIGN_IN, _of_browser(idp, browser), now=now)


def sign_in(
    idp: Idp, typed: str, browser: Browser, *, client_id: str | None, now: int, now_ms: int
) -> SignedIn | NotAccepted:
    """Take the browser's answer. Raises ``RegistryDown`` where the owner is to be told of a copied key."""
    try:
        assertion = rules.read_assertion(typed)
        row, account, used = ceremonies.judge(
            idp, assertion, Purpose.SIGN_IN, _of_browser(idp, browser), now=now
        )
        given = _Given(row, used, account, browser, client_id)
        with idp.reading() as tx:
            before = session_flows.current(idp, tx, browser, now=now)
        try:
            return _signed_in(idp, given, before, now=now, now_ms=now_ms)
        except SessionGone:
            # Somebody ended it while the answer was looked at: what it had proven counts no more.
            return _signed_in(idp, given, None, now=now, now_ms=now_ms)
    except Refused as refused:
        return own_passkey.note(idp, refused, Purpose.SIGN_IN, typed, browser, now=now)


@dataclass(frozen=True, slots=True)
class _Given:
    """An answer that is good, and whose."""

    row: PasskeyRow
    used: Used
    account: AccountRow
    browser: Browser
    client_id: str | None


def _signed_in(idp: Idp, given: _Given, before: SessionRow | None, *, now: int, now_ms: int) -> SignedIn:
    """Write the proof, into the session ``before`` where it is theirs. Raises ``SessionGone`` and
    ``Refused``."""
    row, account, browser = given.row, given.account, given.browser
    with idp.reading() as tx:
        known = sessions.browser_is_known(tx, browser.digest or b"\x00" * 32, account.sub)
    proof = own_passkey.proof_of(row.passkey, account, now=now, now_ms=now_ms)
    begun = session_flows.prepare(idp, browser, account.sub, proof, before=before, now=now)
    told = None if known else new_device.prepare(idp, account, begun, now=now)
    with idp.writing() as tx:
        if not accounts.is_active(tx, account.sub):
            # Locked, or gone, since its answer was looked at.
            raise Refused(Reason.NOT_ACTIVE)
        own_passkey.spend(tx, row, given.used, now=now)
        session_flows.begin(idp, tx, begun, now=now)
        if told is not None:
            new_device.note(tx, told, now=now)
        audit.add(
            tx,
            Event.SIGN_IN_SUCCEEDED,
            at=now,
            actor=idp.sealer.pseudonym(f"sub:{account.sub}"),
            client_id=given.client_id,
            source=throttle.pseudonym_of_source(idp, browser.source),
            details={
                "session": begun.session.id,
                "proof": ProofKind.PASSKEY,
                "acr": begun.session.acr,
                "known_browser": known,
                "passkey": row.passkey.id,
                "held": proof.held,
            },
        )
    if told is not None:
        idp.post_waiting.set()
    return SignedIn(begun, username_ends=account.username_ends_at is not None)


def _of_browser(idp: Idp, browser: Browser) -> str:
    return idp.sealer.pseudonym(f"browser:{(browser.digest or b'').hex()}")
