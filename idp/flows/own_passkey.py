"""A passkey of somebody who is known confirms: what it is asked, and its answer, for every page that asks.

The question is bound to its purpose, its owner and whatever the caller says; the answer is good for nothing
else. Only what confirms is asked: a passkey that is held or flagged signs in (``flows.passkey_sign_in``).
"""

from dataclasses import dataclass
from typing import Any

from idp.accounts import ceremonies as rules
from idp.accounts.ceremonies import Purpose, Reason, Refused, Used
from idp.accounts.passkey import Passkey
from idp.flows import ceremonies
from idp.flows.browser import Browser
from idp.flows.fresh import Owner
from idp.flows.idp import Idp
from idp.store import passkeys
from idp.store.accounts import AccountRow
from idp.store.database import Tx
from idp.store.passkeys import PasskeyRow
from idp.values import Proof, ProofKind


@dataclass(frozen=True, slots=True)
class NotAccepted:
    """It did not do. ``unknown``: the credential is nobody's here, so its keeper may be told to forget it."""

    unknown: bytes | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer that is good, with what it proves."""

    row: PasskeyRow
    used: Used
    proof: Proof


def options(idp: Idp, known: Owner, purpose: Purpose, bound_to: str, *, now: int) -> dict[str, Any] | None:
    """What ``navigator.credentials.get`` is asked for this purpose: one of their passkeys that confirm; None
    where they have none. ``bound_to`` is a pseudonym."""
    sub = known.account.sub
    with idp.reading() as tx:
        rows = passkeys.of_account(tx, sub)
    allowed = tuple(row.passkey for row in rows if row.passkey.confirms(now))
    if not allowed:
        return None
    return ceremonies.request(idp, purpose, bound_to, sub=sub, allowed=allowed, now=now)


def judged(
    idp: Idp, known: Owner, typed: str, purpose: Purpose, bound_to: str, *, now: int, now_ms: int
) -> Judged:
    """Take the answer; ``spend`` it in the transaction that acts on it.

    Raises ``Refused`` for ``note``, and ``RegistryDown`` where its owner is to be told of a copied key.
    """
    assertion = rules.read_assertion(typed)
    row, _, used = ceremonies.judge(idp, assertion, purpose, bound_to, sub=known.account.sub, now=now)
    if not row.passkey.confirms(now):
        raise Refused(Reason.OWNER)
    return Judged(row, used, proof_of(row.passkey, known.account, now=now, now_ms=now_ms))


def spend(tx: Tx, row: PasskeyRow, used: Used, *, now: int) -> None:
    """Count its use. Raises ``Refused`` where another signature counted further meanwhile, or its owner
    removed it."""
    if not passkeys.use(tx, row.passkey.id, sign_count=used.sign_count, backed_up=used.backed_up, now=now):
        raise Refused(Reason.COUNTER)


def note(
    idp: Idp, refused: Refused, purpose: Purpose, typed: str, browser: Browser, *, now: int
) -> NotAccepted:
    """Leave in the trail why an answer did not do."""
    try:
        credential_id = rules.read_assertion(typed).credential_id
    except Refused:
        credential_id = None
    with idp.reading() as tx:
        row = None if credential_id is None else passkeys.by_credential(tx, credential_id)
    ceremonies.note_refusal(idp, refused, purpose, browser, None if row is None else row.passkey.id, now=now)
    return NotAccepted(credential_id if refused.reason is Reason.UNKNOWN else None)


def proof_of(passkey: Passkey, account: AccountRow, *, now: int, now_ms: int) -> Proof:
    """What a passkey's answer proves now; nothing that changes anything while it, or its account, waits."""
    held = not passkey.confirms(now) or account.unconfirming_until(now) is not None
    return Proof(ProofKind.PASSKEY, now_ms, key=passkey.method, held=held)
