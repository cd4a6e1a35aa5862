"""The authenticator app of an account (RFC 6238): adding, replacing, removing, and checking its codes.

::

    none ──a secret waits, sealed, until its first code──▶ none       (abandoned: it vanishes)
                                └─first code─▶ held ──its time, or an activation code──▶ full
                                          └──────────▶ full           (``accounts.ledger``)

Only after fresh authentication (``flows.fresh``). A code is used once: the step it belongs to is moved on by
one statement. Wrong codes are counted for the account, and the right one never.
"""

from dataclasses import dataclass, field

from idp.accounts import challenge as codes
from idp.accounts import totp
from idp.accounts.audit import Detail, Event
from idp.accounts.lockout import Brake
from idp.accounts.totp import Authenticator, Differs, Matches, Used
from idp.flows import additions, fresh, holding, own_codes, telling, throttle
from idp.flows.fresh import Needs, NotFresh, Owner
from idp.flows.idp import Idp
from idp.flows.sessions import SessionGone
from idp.flows.wording import Purpose as Letter
from idp.store import audit, authenticators, outbox
from idp.store.authenticators import AuthenticatorRow
from idp.store.database import Tx

WAITS = 900
"""Seconds for which a secret waits for its first code."""


@dataclass(frozen=True, slots=True)
class Right:
    """It is a code of theirs, used up now; ``held``: it signs in, and confirms nothing yet."""

    held: bool


@dataclass(frozen=True, slots=True)
class Wrong:
    """It is not; ``fault`` says what the page is to say."""

    fault: str = "code_wrong"


@dataclass(frozen=True, slots=True)
class Replayed:
    """It was a code of theirs, and is used up; the app shows another one within half a minute."""

    fault: str = "code_used"


@dataclass(frozen=True, slots=True)
class Throttled:
    """Too many wrong ones: come back in ``retry_after`` seconds."""

    retry_after: int


@dataclass(frozen=True, slots=True)
class Offered:
    """A secret that waits for its first code; ``uri`` is what the QR code holds."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Added:
    """It signs in from now on; until ``pending_until`` (epoch seconds) it confirms nothing."""

    pending_until: int | None


@dataclass(frozen=True, slots=True)
class NothingWaits:
    """No secret waits: its time is over, or another request used it."""


@dataclass(frozen=True, slots=True)
class Done:
    """It is done, by this request or by one that was faster."""


# --- what there is, and its codes -------------------------------------------------------------------------


def present(tx: Tx, sub: str) -> AuthenticatorRow | None:
    """The app of an account whose codes do; see its ``held_until``."""
    row = authenticators.of_account(tx, sub)
    return row if row is not None and row.usable else None


def check(idp: Idp, sub: str, typed: str, *, source: str, now: int) -> Right | Wrong | Throttled | Replayed:
    """Take a code of the app of an account, and use it up. Call it outside of a transaction.

    Every attempt is counted before it is looked at, so that of many at once no more are judged than may fail;
    the right one is given back. Raises ``Unsealable``.
    """
    code = codes.code_of(typed, totp.DIGITS)
    if code is None:
        return Wrong("code_malformed")
    with idp.reading() as tx:
        row = present(tx, sub)
    decision = own_codes.spend_try(idp, _brakes(idp, sub), source, now=now)
    if decision is not None:
        return Throttled(decision.retry_after)
    match _judged(idp, row, code, now=now):
        case Matches(counter) if row is not None and _use(idp, row, counter, now=now):
            throttle.give_back(idp, _brakes(idp, sub), now=now)
            return Right(held=row.held_until(now) is not None)
        case Matches() | Used():
            throttle.give_back(idp, _brakes(idp, sub), now=now)
            _note_used(idp, sub, source, now=now)
            return Replayed()
        case Differs():
            own_codes.failed(idp, Event.AUTHENTICATOR_REFUSED, sub, source, now=now)
            return Wrong()


def _judged(idp: Idp, row: AuthenticatorRow | None, code: str, *, now: int) -> Matches | Used | Differs:
    if row is None:
        return Differs()
    secret = authenticators.open_secret(idp.sealer, row)
    return totp.judge(secret, code, last_counter=row.last_counter, now=now)


def _use(idp: Idp, row: AuthenticatorRow, counter: int, *, now: int) -> bool:
    with idp.writing() as tx:
        return authenticators.use(tx, row, counter, now=now)


# --- adding one -------------------------------------------------------------------------------------------


def offer(idp: Idp, known: Owner, *, now: int, now_ms: int) -> Offered | NotFresh:
    """The secret for a new app; the same one while it waits, so that a code scanned once stays good.

    Raises ``EphemeraDown`` and ``Unsealable``.
    """
    if not fresh.may_change(idp, known, Needs.ANY, now=now, now_ms=now_ms):
        return NotFresh()
    key, waiting = _key(idp, known), _waiting(idp, known, now=now)
    if waiting is None:
        secret = totp.secret_of(idp.entropy.octets(totp.OCTETS))
        # Of two tabs the second shows what the first one does.
        kept = idp.ephemera.add(key, idp.sealer.seal(secret, _place(known)), WAITS, now)
        waiting = secret if kept else _waiting(idp, known, now=now) or secret
    return Offered(waiting, totp.uri(waiting, issuer=_issuer(idp), account=_label(known)))


def add(
    idp: Idp, known: Owner, typed: str, *, source: str, now: int, now_ms: int
) -> Added | Wrong | Throttled | NothingWaits | NotFresh:
    """Take the first code of a new app, which takes the place of the one before it.

    Raises ``RegistryDown``, ``EphemeraDown`` and ``Unsealable``.
    """
    if not fresh.may_change(idp, known, Needs.ANY, now=now, now_ms=now_ms):
        return NotFresh()
    account, secret = known.account, _waiting(idp, known, now=now)
    if secret is None:
        return NothingWaits()
    code = codes.code_of(typed, totp.DIGITS)
    if code is None:
        return Wrong("code_malformed")
    decision = own_codes.spend_try(idp, _brakes(idp, account.sub), source, now=now)
    if decision is not None:
        return Throttled(decision.retry_after)
    verdict = totp.judge(secret, code, last_counter=-1, now=now)
    if not isinstance(verdict, Matches):
        own_codes.failed(idp, Event.AUTHENTICATOR_REFUSED, account.sub, source, now=now)
        return Wrong("code_wrong_clock")
    throttle.give_back(idp, _brakes(idp, account.sub), now=now)
    try:
        return _add(idp, known, secret, verdict.counter, now=now, now_ms=now_ms)
    except SessionGone:
        return NotFresh()


def _add(idp: Idp, known: Owner, secret: str, counter: int, *, now: int, now_ms: int) -> Added | NothingWaits:
    account, token = known.account, idp.entropy.handle()
    own = telling.own(idp, account)
    hold = idp.settings.lifetimes.pending_hold
    until = now + hold if holding.is_held(idp, known, own, now=now, now_ms=now_ms) else None
    notices = telling.notices(
        idp,
        account,
        own.contacts,
        Letter.AUTHENTICATOR_ADDED if until is None else Letter.AUTHENTICATOR_PENDING,
        now=now,
        facts={"until": now + hold},
        link=additions.link_of(idp, token),
    )
    made = Authenticator(
        sub=account.sub,
        # The first code does not sign in as well.
        last_counter=counter,
        created_at=now,
        pending_until=until,
        sealed_secret=authenticators.seal_secret(idp.sealer, account.sub, secret),
    )
    # One request of several takes it.
    if idp.ephemera.take(_key(idp, known), now) is None:
        return NothingWaits()
    with idp.writing() as tx:
        fresh.hold(tx, known)
        replaced = authenticators.of_account(tx, account.sub) is not None
        authenticators.keep(tx, made, cancel_digest=token.digest)
        outbox.add(tx, *notices)
        details: dict[str, Detail] = {
            "session": known.session_id,
            "until": until,
            "replaced": replaced,
        }
        _note(idp, tx, Event.AUTHENTICATOR_ADDED, account.sub, details, now=now)
    idp.post_waiting.set()
    return Added(until)


def _waiting(idp: Idp, known: Owner, *, now: int) -> str | None:
    sealed = idp.ephemera.peek(_key(idp, known), now)
    return None if sealed is None else str(idp.sealer.open(sealed, _place(known)))


def _key(idp: Idp, known: Owner) -> str:
    return f"authenticator:{idp.sealer.pseudonym(_place(known))}"


def _place(known: Owner) -> str:
    return f"authenticators/waiting/{known.account.sub}/{known.session_id}"


def _issuer(idp: Idp) -> str:
    return idp.settings.brand.name


def _label(known: Owner) -> str:
    """The username, whole: some apps keep one entry for each issuer and name, and a mask is the same for two
    of a family who share a telephone."""
    return known.profile.username.text


# --- removing it ------------------------------------------------------------------------------------------


def remove(idp: Idp, known: Owner, *, now: int, now_ms: int) -> Done | NotFresh:
    """Remove it: it is never the last way in, since it signs nobody in alone. Raises ``RegistryDown``."""
    if not fresh.may_change(idp, known, Needs.ANY, now=now, now_ms=now_ms):
        return NotFresh()
    account = known.account
    contacts = telling.own(idp, account).contacts
    notices = telling.notices(idp, account, contacts, Letter.AUTHENTICATOR_REMOVED, now=now)
    try:
        with idp.writing() as tx:
            fresh.hold(tx, known)
            if authenticators.remove(tx, account.sub):
                outbox.add(tx, *notices)
                _note(idp, tx, Event.AUTHENTICATOR_REMOVED, account.sub, {"by": "account"}, now=now)
    except SessionGone:
        return NotFresh()
    idp.post_waiting.set()
    return Done()


def drop(idp: Idp, tx: Tx, sub: str, *, now: int) -> bool:
    """Remove what a recovery did not keep; whether there was one."""
    removed = authenticators.remove(tx, sub)
    if removed:
        _note(idp, tx, Event.AUTHENTICATOR_REMOVED, sub, {"by": "recovery"}, now=now)
    return removed


# --- what all of it needs ---------------------------------------------------------------------------------


def _brakes(idp: Idp, sub: str) -> tuple[Brake, ...]:
    return throttle.otp_account_brakes(idp, sub)


def _note_used(idp: Idp, sub: str, source: str, *, now: int) -> None:
    whom = idp.sealer.pseudonym(f"sub:{sub}")
    # A used code may be sent any number of times: of a flood the trail keeps one line a minute.
    if idp.ephemera.bump(f"told:code-used:{whom}", 60, now) == 1:
        own_codes.note_refusal(idp, Event.AUTHENTICATOR_REFUSED, sub, "used", source, now=now)


def _note(idp: Idp, tx: Tx, event: Event, sub: str, details: dict[str, Detail], *, now: int) -> None:
    audit.add(tx, event, at=now, actor=idp.sealer.pseudonym(f"sub:{sub}"), details=details)
