"""Recovery codes: ten, shown once, each good for one time (journeys H and I).

For whoever has lost what they confirm with. Made after fresh authentication (``flows.fresh``), and worth no
more than what was proven by it (``accounts.ledger``): a set made on a password alone signs in, and confirms
nothing for a while. A new set ends the one before it.
"""

from dataclasses import dataclass, field

from idp.accounts import recovery_codes as rules
from idp.accounts.audit import Detail, Event
from idp.accounts.lockout import Brake
from idp.accounts.registry import RegistryDown
from idp.flows import additions, fresh, holding, own_codes, telling, throttle
from idp.flows.authenticator import Right, Throttled, Wrong
from idp.flows.fresh import Needs, NotFresh, Owner
from idp.flows.idp import Idp
from idp.flows.sessions import SessionGone
from idp.flows.wording import Purpose as Letter
from idp.store import accounts, audit, outbox, recovery_codes
from idp.store.database import Tx
from idp.store.outbox import Parcel
from idp.store.recovery_codes import CodeSet, NewSet


@dataclass(frozen=True, slots=True)
class Made:
    """A new set, as it is shown once; until ``pending_until`` (epoch seconds) its codes confirm nothing."""

    codes: tuple[str, ...] = field(repr=False)
    made_at: int
    pending_until: int | None


def left(tx: Tx, sub: str) -> int:
    """How many of an account's codes do, held or not."""
    found = present(tx, sub)
    return 0 if found is None else found.left


def present(tx: Tx, sub: str) -> CodeSet | None:
    """The set of an account whose codes do, however few are left; see its ``held_until``."""
    found = recovery_codes.of_account(tx, sub)
    return found if found is not None and found.usable else None


def check(idp: Idp, sub: str, typed: str, *, source: str, now: int) -> Right | Wrong | Throttled:
    """Take a code of an account, and use it up; its owner is told. Call it outside of a transaction.

    Every attempt is counted before it is looked at, so that of many at once no more are judged than may fail;
    the right one is given back.
    """
    code = rules.code_of(typed)
    if code is None:
        return Wrong("recovery_code_malformed")
    digest = idp.sealer.recovery_code_digest(sub, code)
    decision = own_codes.spend_try(idp, _brakes(idp, sub), source, now=now)
    if decision is not None:
        return Throttled(decision.retry_after)
    right = _use(idp, sub, digest, now=now)
    if right is None:
        own_codes.failed(idp, Event.RECOVERY_CODE_REFUSED, sub, source, now=now)
        return Wrong("recovery_code_wrong")
    throttle.give_back(idp, _brakes(idp, sub), now=now)
    return right


def _use(idp: Idp, sub: str, digest: bytes, *, now: int) -> Right | None:
    with idp.reading() as tx:
        known = recovery_codes.is_unused(tx, sub, digest)
        before = present(tx, sub)
    if not known or before is None:
        return None
    notices = _used_notices(idp, sub, before.left - 1, now=now)
    with idp.writing() as tx:
        if not recovery_codes.use(tx, sub, digest, now=now):
            return None
        outbox.add(tx, *notices)
        _note(idp, tx, Event.RECOVERY_CODE_USED, sub, {"left": left(tx, sub)}, now=now)
    idp.post_waiting.set()
    return Right(held=before.held_until(now) is not None)


def _used_notices(idp: Idp, sub: str, remain: int, *, now: int) -> tuple[Parcel, ...]:
    with idp.reading() as tx:
        account = accounts.by_sub(tx, sub)
    if account is None:
        return ()
    letter = Letter.RECOVERY_CODES_FEW if remain <= rules.FEW else Letter.RECOVERY_CODE_USED
    try:
        contacts = telling.own(idp, account).contacts
    except RegistryDown:
        # Who has nothing left but this code is not to wait for the registry.
        return ()
    return telling.notices(idp, account, contacts, letter, now=now, facts={"left": remain})


# --- making and removing them -----------------------------------------------------------------------------


def make(idp: Idp, known: Owner, *, now: int, now_ms: int) -> Made | NotFresh:
    """A new set, in the place of the one before it. Raises ``RegistryDown``."""
    if not fresh.may_change(idp, known, Needs.ANY, now=now, now_ms=now_ms):
        return NotFresh()
    account, token = known.account, idp.entropy.handle()
    own = telling.own(idp, account)
    hold = idp.settings.lifetimes.pending_hold
    until = now + hold if holding.is_held(idp, known, own, now=now, now_ms=now_ms) else None
    made = rules.fresh(idp.entropy.octets(rules.COUNT * rules.OCTETS))
    new = NewSet(
        sub=account.sub,
        digests=tuple(idp.sealer.recovery_code_digest(account.sub, code) for code in made),
        created_at=now,
        pending_until=until,
        cancel_digest=token.digest,
    )
    notices = telling.notices(
        idp,
        account,
        own.contacts,
        Letter.RECOVERY_CODES_MADE if until is None else Letter.RECOVERY_CODES_PENDING,
        now=now,
        facts={"until": now + hold},
        link=additions.link_of(idp, token),
    )
    try:
        with idp.writing() as tx:
            fresh.hold(tx, known)
            replaced = recovery_codes.of_account(tx, account.sub) is not None
            recovery_codes.keep(tx, new)
            outbox.add(tx, *notices)
            details: dict[str, Detail] = {
                "session": known.session_id,
                "until": until,
                "replaced": replaced,
            }
            _note(idp, tx, Event.RECOVERY_CODES_MADE, account.sub, details, now=now)
    except SessionGone:
        return NotFresh()
    idp.post_waiting.set()
    return Made(tuple(rules.shown(code) for code in made), now, until)


def drop(idp: Idp, tx: Tx, sub: str, *, now: int) -> bool:
    """Remove what a recovery did not keep; whether there were any."""
    removed = recovery_codes.remove_since(tx, sub, 0)
    if removed:
        _note(idp, tx, Event.RECOVERY_CODES_REMOVED, sub, {"by": "recovery"}, now=now)
    return removed


# --- what all of it needs ---------------------------------------------------------------------------------


def _brakes(idp: Idp, sub: str) -> tuple[Brake, ...]:
    """Another counter than the app's: whoever guesses at that one leaves this way open to the owner."""
    whom = idp.sealer.pseudonym(f"sub:{sub}")
    return (Brake(f"code-recovery:{whom}", idp.settings.limits.otp_failures_per_account),)


def _note(idp: Idp, tx: Tx, event: Event, sub: str, details: dict[str, Detail], *, now: int) -> None:
    audit.add(tx, event, at=now, actor=idp.sealer.pseudonym(f"sub:{sub}"), details=details)
