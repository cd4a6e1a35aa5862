"""What stays: which ways of confirming the customer still has, and which go with the old password."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from idp.accounts.recovery import Account, Recovery, app_mark, codes_mark, keepable, passkey_mark
from idp.flows import passkeys as passkey_flows
from idp.flows.idp import Idp
from idp.flows.recover import progress
from idp.flows.recover.progress import UnderWay, Unknown
from idp.store import challenges, recoveries


@dataclass(frozen=True, slots=True)
class Factor:
    """A way of confirming that the customer keeps or removes; ``added_at`` in epoch seconds.

    ``name``: of a mobile its mask, of a passkey what its owner calls it, empty of all else.
    """

    handle: str
    kind: Literal["mobile", "passkey", "app", "codes"]
    name: str
    added_at: int
    just_used: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """It is noted which ways of confirming stay; the others go when the password is set."""


def factors(idp: Idp, known: UnderWay) -> tuple[Factor, ...]:
    """What there is to keep or to remove."""
    account = known.account
    if account is None:
        return ()
    used = _used(idp, known.recovery, account)
    mobiles = tuple(
        Factor(
            progress.handle_of_way(idp, known.recovery, way),
            "mobile",
            progress.opened(idp, account.sub, way).masked,
            way.added_at,
            way.contact_index in used,
        )
        for way in keepable(account.proven)
    )
    keys = tuple(
        Factor(
            progress.handle_of_mark(idp, known.recovery, passkey_mark(shown.passkey.id)),
            "passkey",
            shown.name,
            shown.passkey.created_at,
            just_used=passkey_mark(shown.passkey.id) == known.recovery.second_by,
        )
        for shown in passkey_flows.of(idp, account.sub)
    )
    return (*mobiles, *keys, *_own_codes(idp, known.recovery, account))


def _own_codes(idp: Idp, recovery: Recovery, account: Account) -> Iterator[Factor]:
    if account.app is not None:
        mark = app_mark(account.app)
        handle = progress.handle_of_mark(idp, recovery, mark)
        yield Factor(handle, "app", "", account.app, mark == recovery.second_by)
    if account.codes is not None:
        mark = codes_mark(account.codes)
        handle = progress.handle_of_mark(idp, recovery, mark)
        yield Factor(handle, "codes", "", account.codes, mark == recovery.second_by)


def _used(idp: Idp, recovery: Recovery, account: Account) -> frozenset[bytes]:
    """The blind indexes of the contacts that were proven just now."""
    if recovery.activation is not None:
        return frozenset()
    by_code = recovery.second_at is not None and recovery.second_by is None
    with idp.reading() as tx:
        sent = recoveries.second_sent(tx, recovery.id) if by_code else None
    if sent is None:
        return frozenset({account.used_index})
    second = challenges.open_contact(idp.sealer, *sent)
    return frozenset({account.used_index, idp.sealer.contact_index(second)})


def keep(idp: Idp, known: UnderWay, handles: frozenset[str], *, now: int) -> Kept | Unknown:
    """Note what stays; handles of another recovery mean nothing."""
    account = known.account
    if account is None:
        return Unknown()
    kept = frozenset(
        way.contact_index.hex()
        for way in keepable(account.proven)
        if progress.handle_of_way(idp, known.recovery, way) in handles
    ) | frozenset(
        mark for mark in _marks(account) if progress.handle_of_mark(idp, known.recovery, mark) in handles
    )
    said = replace(known.recovery, kept=kept)
    sealed = recoveries.seal(idp.sealer, said)
    with idp.writing() as tx:
        noted = recoveries.keep(tx, said, sealed_offer=sealed, now=now)
    return Kept() if noted else Unknown()


def _marks(account: Account) -> Iterator[str]:
    yield from (passkey_mark(passkey_id) for passkey_id in account.passkeys)
    if account.app is not None:
        yield app_mark(account.app)
    if account.codes is not None:
        yield codes_mark(account.codes)
