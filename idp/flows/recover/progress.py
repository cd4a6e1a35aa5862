"""Where a recovery stands, as the browser that holds it and its account say."""

from dataclasses import dataclass, field

from idp.accounts.challenge import Challenge
from idp.accounts.recovery import Account, Means, ProvenWay, Recovery, Stage
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.store import (
    accounts,
    authenticators,
    challenges,
    mobile_changes,
    passkeys,
    recoveries,
    recovery_codes,
)
from idp.store.accounts import AccountRow, ProvenContact
from idp.store.authenticators import AuthenticatorRow
from idp.store.database import Tx
from idp.store.passkeys import PasskeyRow
from idp.store.recovery_codes import CodeSet
from idp.values import Contact, Handle


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A recovery as its browser finds it; ``challenge`` is the newest that was sent.

    ``account`` and ``owner`` are there once the contact is proven, and not before.
    """

    recovery: Recovery
    stage: Stage
    challenge: Challenge | None
    account: Account | None = None
    owner: AccountRow | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """No such option in this browser's list."""


@dataclass(frozen=True, slots=True)
class Proven:
    """This much is proven: on to what is asked next."""


def digest_for(handle: Handle, browser: Browser) -> bytes:
    """What finds a recovery: its handle together with the browser's own, so that neither does elsewhere."""
    own = "" if browser.handle is None else browser.handle.secret
    return Handle(f"{handle.secret}.{own}").digest


def under_way(idp: Idp, handle: Handle, browser: Browser, *, now: int) -> UnderWay | None:
    """The recovery that this browser holds; None when there is none, or it ended."""
    with idp.reading() as tx:
        row = recoveries.find(tx, digest_for(handle, browser))
        if row is None or row.completed_at is not None or row.expires_at <= now:
            return None
        challenge = challenges.latest(tx, row.id)
        # Before it is proven nothing of an account is looked at: it would be there, or not.
        theirs = None if row.proven_at is None else owned(tx, row.sub or "")
    recovery = recoveries.opened(idp.sealer, row)
    account = None if theirs is None else account_of(idp, recovery, theirs, now=now)
    owner = None if theirs is None else theirs.account
    return UnderWay(recovery, recovery.stage(account, now), challenge, account, owner)


@dataclass(frozen=True, slots=True)
class Owned:
    """An account and all that it confirms with, as it stands in one transaction."""

    account: AccountRow | None = field(repr=False)
    ways: tuple[ProvenWay, ...]
    keys: tuple[PasskeyRow, ...]
    app: AuthenticatorRow | None
    codes: CodeSet | None


def owned(tx: Tx, sub: str) -> Owned:
    """What there is of an account."""
    return Owned(
        accounts.by_sub(tx, sub),
        recoveries.ways_of(tx, sub),
        passkeys.of_account(tx, sub),
        authenticators.of_account(tx, sub),
        recovery_codes.of_account(tx, sub),
    )


def account_of(idp: Idp, recovery: Recovery, theirs: Owned, *, now: int) -> Account | None:
    """What of the account decides where the recovery stands."""
    choice, owner, app, codes = recovery.choice, theirs.account, theirs.app, theirs.codes
    if owner is None or choice is None:
        return None
    means: tuple[Means, ...] = ()
    if app is not None and app.usable and app.held_until(now) is None:
        means += (Means.AUTHENTICATOR,)
    if codes is not None and codes.usable and codes.left and codes.held_until(now) is None:
        means += (Means.RECOVERY_CODE,)
    return Account(
        sub=owner.sub,
        active=owner.state == accounts.ACTIVE,
        password_changed_at=owner.password_changed_at,
        used_index=idp.sealer.contact_index(choice.contact),
        proven=theirs.ways,
        passkeys=tuple(row.passkey.id for row in theirs.keys),
        confirming=tuple(row.passkey.id for row in theirs.keys if row.passkey.confirms(now)),
        app=None if app is None else app.created_at,
        codes=None if codes is None else codes.created_at,
        means=means,
    )


def opened(idp: Idp, sub: str, way: ProvenWay) -> Contact:
    """The contact of a way; raises ``Unsealable``."""
    if way.pending is not None:
        return mobile_changes.open_number(idp.sealer, way.pending, way.sealed)
    proven = ProvenContact(way.contact_index, way.kind, way.sealed, way.added_at)
    return accounts.open_contact(idp.sealer, sub, proven)


def handle_of_way(idp: Idp, recovery: Recovery, way: ProvenWay) -> str:
    """What names a contact on the pages of this recovery, and nowhere else."""
    return idp.sealer.pseudonym(f"recovery:{recovery.id}:{way.contact_index.hex()}")


def handle_of_mark(idp: Idp, recovery: Recovery, mark: str) -> str:
    """The same of any other way of confirming, by its mark (``accounts.recovery``)."""
    return idp.sealer.pseudonym(f"recovery:{recovery.id}:{mark}")


def case_of(recovery: Recovery) -> dict[str, str | int | bool | None]:
    """What the trail says of a recovery."""
    return {"recovery": recovery.id, "case": recovery.case_number, "reason": recovery.obstacle}
