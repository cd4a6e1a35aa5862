"""Signing in with a passkey, and confirming with one (journey E).

No username is typed: the passkey names its owner. Wrong passwords do not slow it down (journey D). A passkey
that is held or flagged signs in and earns the lowest class (``idp.accounts.ledger``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from idp.accounts import ceremonies as rules
from idp.accounts.audit import Detail, Event
from idp.accounts.ceremonies import Purpose, Reason, Refused, Used
from idp.accounts.passkey import Passkey
from idp.flows import ceremonies, new_device, throttle
from idp.flows import sessions as session_flows
from idp.flows.browser import Browser
from idp.flows.fresh import Confirmed, Owner
from idp.flows.idp import Idp
from idp.flows.login import SignedIn
from idp.flows.sessions import Begun
from idp.store import audit, passkeys, sessions
from idp.store.accounts import AccountRow
from idp.store.database import Tx
from idp.store.passkeys import PasskeyRow
from idp.values import Proof, ProofKind


@dataclass(frozen=True, slots=True)
class NotAccepted:
    """It did not do. ``unknown``: the credential is nobody's here, so its keeper may be told to forget it."""

    unknown: bytes | None = None


def options(idp: Idp, browser: Browser, *, now: int) -> dict[str, Any]:
    """What ``navigator.credentials.get`` is asked on the sign-in page: any passkey of this site."""
    return ceremonies.request(idp, Purpose.SIGN_IN, _of_browser(idp, browser), now=now)


def sign_in(
    idp: Idp, typed: str, browser: Browser, *, client_id: str | None, now: int, now_ms: int
) -> SignedIn | NotAccepted:
    """Take the browser's answer. Raises ``RegistryDown`` where the owner is to be told of a copied key."""
    assertion = None
    try:
        assertion = rules.read_assertion(typed)
        row, account, used = ceremonies.judge(
            idp, assertion, Purpose.SIGN_IN, _of_browser(idp, browser), now=now
        )
        with idp.reading() as tx:
            known = sessions.browser_is_known(tx, browser.digest or b"\x00" * 32, account.sub)
            before = session_flows.current(idp, tx, browser, now=now)
        proof = _proof(row.passkey, account, now=now, now_ms=now_ms)
        begun = session_flows.prepare(idp, browser, account.sub, proof, before=before, now=now)
        told = None if known else new_device.prepare(idp, account, begun, now=now)

        def note(tx: Tx) -> None:
            if told is not None:
                new_device.note(tx, told, now=now)
            details: dict[str, Detail] = {
                "session": begun.session.id,
                "proof": ProofKind.PASSKEY,
                "acr": begun.session.acr,
                "known_browser": known,
                "passkey": row.passkey.id,
                "held": proof.held,
            }
            _add(idp, tx, Event.SIGN_IN_SUCCEEDED, account.sub, browser, client_id, details, now=now)

        _write(idp, row, used, begun, note, now=now)
    except Refused as refused:
        found = None if assertion is None else assertion.credential_id
        return _refused(idp, refused, Purpose.SIGN_IN, browser, found, now=now)
    if told is not None:
        idp.post_waiting.set()
    return SignedIn(begun, username_ends=account.username_ends_at is not None)


def confirming_options(idp: Idp, known: Owner, *, now: int) -> dict[str, Any] | None:
    """What is asked of somebody who is signed in: one of their own passkeys; None where they have none."""
    return options_of(idp, known, Purpose.CONFIRM, _of_session(idp, known), now=now)


def options_of(idp: Idp, known: Owner, purpose: Purpose, bound_to: str, *, now: int) -> dict[str, Any] | None:
    """What is asked for this purpose, bound to ``bound_to`` (a pseudonym): one of their passkeys that
    confirm."""
    sub = known.account.sub
    with idp.reading() as tx:
        rows = passkeys.of_account(tx, sub)
    allowed = tuple(row.passkey for row in rows if row.passkey.confirms(now))
    if not allowed:
        return None
    return ceremonies.request(idp, purpose, bound_to, sub=sub, allowed=allowed, now=now)


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer that is good, with what it proves."""

    row: PasskeyRow
    used: Used
    proof: Proof


def judged(
    idp: Idp, known: Owner, typed: str, purpose: Purpose, bound_to: str, *, now: int, now_ms: int
) -> Judged:
    """Take the answer of somebody who is known; raises ``Refused`` for ``note``, and ``RegistryDown``."""
    assertion = rules.read_assertion(typed)
    row, _, used = ceremonies.judge(idp, assertion, purpose, bound_to, sub=known.account.sub, now=now)
    if not row.passkey.confirms(now):
        raise Refused(Reason.OWNER)
    return Judged(row, used, _proof(row.passkey, known.account, now=now, now_ms=now_ms))


def note(
    idp: Idp, refused: Refused, purpose: Purpose, typed: str, browser: Browser, *, now: int
) -> NotAccepted:
    """Leave in the trail why an answer of somebody who is known did not do."""
    try:
        found = rules.read_assertion(typed).credential_id
    except Refused:
        found = None
    return _refused(idp, refused, purpose, browser, found, now=now)


def can_confirm(idp: Idp, known: Owner, *, now: int) -> bool:
    """Whether they have a passkey that confirms."""
    with idp.reading() as tx:
        rows = passkeys.of_account(tx, known.account.sub)
    return any(row.passkey.confirms(now) for row in rows)


def confirm(
    idp: Idp, known: Owner, typed: str, browser: Browser, *, now: int, now_ms: int
) -> Confirmed | NotAccepted:
    """Prove once more, by passkey, that it is them: the session goes on with a new handle (ASVS 7.2.4)."""
    sub = known.account.sub
    try:
        answer = judged(idp, known, typed, Purpose.CONFIRM, _of_session(idp, known), now=now, now_ms=now_ms)
        begun = session_flows.prepare(idp, browser, sub, answer.proof, before=known.row, now=now)

        def trail(tx: Tx) -> None:
            details: dict[str, Detail] = {"session": begun.session.id, "proof": ProofKind.PASSKEY}
            _add(idp, tx, Event.CONFIRMED_AGAIN, sub, browser, None, details, now=now)

        _write(idp, answer.row, answer.used, begun, trail, now=now)
    except Refused as refused:
        return note(idp, refused, Purpose.CONFIRM, typed, browser, now=now)
    return Confirmed(begun)


def _write(
    idp: Idp, row: PasskeyRow, used: Used, begun: Begun, note: Callable[[Tx], None], *, now: int
) -> None:
    with idp.writing() as tx:
        # Another signature may have counted further meanwhile, or its owner removed the passkey.
        if not passkeys.use(
            tx, row.passkey.id, sign_count=used.sign_count, backed_up=used.backed_up, now=now
        ):
            raise Refused(Reason.COUNTER)
        session_flows.begin(idp, tx, begun, now=now)
        note(tx)


def _proof(passkey: Passkey, account: AccountRow, *, now: int, now_ms: int) -> Proof:
    held = not passkey.confirms(now) or account.unconfirming_until(now) is not None
    return Proof(ProofKind.PASSKEY, now_ms, key=passkey.method, held=held)


def _add(
    idp: Idp,
    tx: Tx,
    event: Event,
    sub: str,
    browser: Browser,
    client_id: str | None,
    details: dict[str, Detail],
    *,
    now: int,
) -> None:
    audit.add(
        tx,
        event,
        at=now,
        actor=idp.sealer.pseudonym(f"sub:{sub}"),
        client_id=client_id,
        source=throttle.pseudonym_of_source(idp, browser.source),
        details=details,
    )


def _refused(
    idp: Idp, refused: Refused, purpose: Purpose, browser: Browser, credential_id: bytes | None, *, now: int
) -> NotAccepted:
    with idp.reading() as tx:
        row = None if credential_id is None else passkeys.by_credential(tx, credential_id)
    ceremonies.note_refusal(idp, refused, purpose, browser, None if row is None else row.passkey.id, now=now)
    return NotAccepted(credential_id if refused.reason is Reason.UNKNOWN else None)


def _of_browser(idp: Idp, browser: Browser) -> str:
    return idp.sealer.pseudonym(f"browser:{(browser.digest or b'').hex()}")


def _of_session(idp: Idp, known: Owner) -> str:
    return idp.sealer.pseudonym(f"session:{known.session_id}")
