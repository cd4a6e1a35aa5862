"""A passkey as the second proof of a recovery (journey H): whoever has one that confirms may use it.

It is asked of the account whose contact was proven, within this recovery alone; nobody is signed in by it.
"""

from dataclasses import replace
from typing import Any

from idp.accounts import ceremonies as rules
from idp.accounts.ceremonies import Purpose, Reason, Refused
from idp.accounts.recovery import Account, Recovery, Stage, passkey_mark
from idp.flows import ceremonies
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.flows.own_passkey import NotAccepted
from idp.flows.recover.progress import Proven, UnderWay
from idp.store import passkeys, recoveries


def is_asked(known: UnderWay) -> bool:
    """Whether a passkey would do: the account has one that confirms, and no second proof is given yet."""
    account = known.account
    return (
        account is not None and known.stage is Stage.SECOND and bool(known.recovery.passkeys_asked(account))
    )


def options(idp: Idp, known: UnderWay, *, now: int) -> dict[str, Any] | None:
    """What ``navigator.credentials.get`` is asked; None where no passkey would do."""
    account = known.account
    if account is None or not is_asked(known):
        return None
    asked = known.recovery.passkeys_asked(account)
    with idp.reading() as tx:
        rows = passkeys.of_account(tx, account.sub)
    allowed = tuple(row.passkey for row in rows if row.passkey.id in asked)
    bound_to = _bound(idp, known.recovery)
    return ceremonies.request(idp, Purpose.RECOVER, bound_to, sub=account.sub, allowed=allowed, now=now)


def confirm(idp: Idp, known: UnderWay, typed: str, browser: Browser, *, now: int) -> Proven | NotAccepted:
    """Take the browser's answer. Raises ``RegistryDown`` where the owner is to be told of a copied key."""
    account = known.account
    try:
        if account is None or not is_asked(known):
            raise Refused(Reason.CHALLENGE)
        _confirm(idp, known.recovery, account, typed, now=now)
    except Refused as refused:
        ceremonies.note_refusal(idp, refused, Purpose.RECOVER, browser, None, now=now)
        return NotAccepted()
    return Proven()


def _confirm(idp: Idp, recovery: Recovery, account: Account, typed: str, *, now: int) -> None:
    assertion = rules.read_assertion(typed)
    row, _, used = ceremonies.judge(
        idp, assertion, Purpose.RECOVER, _bound(idp, recovery), sub=account.sub, now=now
    )
    passkey_id = row.passkey.id
    if passkey_id not in recovery.passkeys_asked(account):
        raise Refused(Reason.OWNER)
    proven = replace(recovery, second_by=passkey_mark(passkey_id))
    sealed = recoveries.seal(idp.sealer, proven)
    with idp.writing() as tx:
        # Another signature may have counted further meanwhile, or its owner removed the passkey.
        if not passkeys.use(tx, passkey_id, sign_count=used.sign_count, backed_up=used.backed_up, now=now):
            raise Refused(Reason.COUNTER)
        if not recoveries.prove_second_by(tx, proven, sealed_offer=sealed, now=now):
            raise Refused(Reason.CHALLENGE)


def _bound(idp: Idp, recovery: Recovery) -> str:
    return idp.sealer.pseudonym(f"recovery:{recovery.id}")
