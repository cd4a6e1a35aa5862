"""A proof that is asked of somebody who is known: the second factor of a sign-in, step-up, and fresh
authentication before a way in is changed (journeys D, F and I).

::

    ways ──chosen, sent by a press──▶ code ──right──▶ proven: the session goes on with a new handle
      ├──passkey──────────────────────────────────────▲
      └──password, before a change that needs no more─┘

Who it is, where a code goes and what it is worth come from the session and from ``flows.confirming`` alone;
of the browser only the answer is taken, and the name of one of the ways. Every wrong answer counts for its
contact, for the account and for everybody together (security bar 5.3).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from idp.accounts import ceremonies as passkey_rules
from idp.accounts.audit import Detail, Event
from idp.accounts.ceremonies import Purpose as Ceremony
from idp.accounts.challenge import Purpose
from idp.flows import (
    asking,
    authenticator,
    confirming,
    fresh,
    new_device,
    own_passkey,
    recovery_codes,
    sms_beside_passkey,
    throttle,
)
from idp.flows import sessions as session_flows
from idp.flows.asking import Asking, SentTo
from idp.flows.browser import Browser
from idp.flows.confirming import Use, Way, Ways
from idp.flows.fresh import Needs, Owner
from idp.flows.idp import Idp
from idp.flows.login import Right, Throttled, Wrong
from idp.flows.new_device import NewDevice
from idp.flows.own_passkey import NotAccepted
from idp.flows.proving import Late, Limited, NotYet, Refused, Sent
from idp.flows.sessions import Begun, SessionGone
from idp.flows.wording import Purpose as Letter
from idp.oidc.session import SecondFactor
from idp.store import accounts, audit, outbox, sessions, trusted_browsers
from idp.store.database import Tx
from idp.values import Acr, Proof, ProofKind


@dataclass(frozen=True, slots=True)
class Want:
    """What a proof is wanted for: the same steps, under other names."""

    use: Use
    purpose: Purpose
    ceremony: Ceremony
    letter: Letter
    event: Event
    # Whether whoever answers has got in already, so that their network has no counter of its own.
    signed_in: bool


AT_SIGN_IN = Want(
    Use.SIGN_IN,
    Purpose.SIGN_IN,
    Ceremony.STEP_UP,
    Letter.SIGN_IN_CODE,
    Event.SECOND_FACTOR_GIVEN,
    signed_in=False,
)
AT_STEP_UP = Want(
    Use.STEP_UP,
    Purpose.STEP_UP,
    Ceremony.STEP_UP,
    Letter.STEP_UP_CODE,
    Event.STEPPED_UP,
    signed_in=True,
)
AT_ACCOUNT = Want(
    Use.CREDENTIALS,
    Purpose.FRESH,
    Ceremony.CONFIRM,
    Letter.CONFIRM_CODE,
    Event.CONFIRMED_AGAIN,
    signed_in=True,
)


@dataclass(frozen=True, slots=True)
class Proven:
    """It is proven: the session goes on with a new handle."""

    begun: Begun


@dataclass(frozen=True, slots=True)
class AlreadyProven:
    """The same answer was sent twice, and the first one did it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where it stands: the ways, the one under way, and the code that was sent there, if one was."""

    ways: Ways
    way: Way | None
    sent: SentTo | None


def owner(idp: Idp, browser: Browser, want: Want, *, now: int) -> Owner | None:
    """Whose session it is in this browser; for a sign-in one whose second factor is due, else a whole one."""
    with idp.reading() as tx:
        row = session_flows.begun_here(idp, tx, browser, now=now)
        account = None if row is None else accounts.by_sub(tx, row.session.sub)
    if row is None or account is None or row.session.is_due is not (want is AT_SIGN_IN):
        return None
    return Owner(row, account, accounts.open_profile(idp.sealer, account))


def standing(
    idp: Idp, known: Owner, want: Want, handle: str | None, *, least: Acr = Acr.SINGLE, now: int
) -> Standing:
    """Where it stands, with the way of this name, else the one a code went to, else the strongest.

    ``least``: ways that earn less are left out. Raises ``RegistryDown``.
    """
    found = confirming.ways(idp, known, want.use, now=now)
    if least is Acr.PASSKEY:
        found = Ways(_passkeys(found.open), _passkeys(found.held))
    sent = asking.sent_to(idp, _asking(known, want), found.open)
    way = found.named(handle) if handle else None
    if way is None:
        way = next(iter(found.open), None) if sent is None else sent.way
    return Standing(found, way, sent if sent is not None and sent.way == way else None)


def send(
    idp: Idp, known: Owner, want: Want, found: Standing, browser: Browser, *, now: int
) -> Sent | NotYet | Limited:
    """Send a code to the way under way; nothing else ever sends one."""
    if found.way is None:
        return Sent()
    asked = _asking(known, want)
    return asking.send(idp, asked, found.way, found.sent, source=browser.source, now=now)


def send_first(idp: Idp, known: Owner, want: Want, browser: Browser, *, now: int) -> None:
    """Send the code a sign-in is going to ask for, where its strongest way is a contact and none went there.

    By the press that sent the password, never by a page that is opened. Raises ``RegistryDown``.
    """
    found = standing(idp, known, want, None, now=now)
    if found.sent is None:
        send(idp, known, want, found, browser, now=now)


def by_code(
    idp: Idp,
    known: Owner,
    want: Want,
    found: Standing,
    typed: str,
    browser: Browser,
    *,
    trust: bool = False,
    now: int,
    now_ms: int,
) -> Proven | AlreadyProven | Refused | Limited:
    """Take an answer to the code of ``found``; every one costs a try before it is looked at.

    ``trust``: ask for no code in this browser for a while; only at sign-in.
    """
    way, sent = found.way, found.sent
    if way is not None and way.kind in (ProofKind.TOTP, ProofKind.RECOVERY_CODE):
        return _by_own_code(idp, known, want, way, typed, browser, trust=trust, now=now, now_ms=now_ms)
    if sent is None:
        return Refused("code_expired")
    asked = _asking(known, want)
    verdict = asking.judge(idp, asked, sent, typed, source=browser.source, now=now)
    match verdict:
        case Refused() | Limited():
            return verdict
        case Late():
            return _late(idp, browser, want, now=now, now_ms=now_ms)
    held = sent.way.new or known.account.unconfirming_until(now) is not None
    proof = Proof(sent.way.proves, now_ms, held=held)
    # What is new itself buys no month without a code.
    trust = trust and sent.way.worth is None
    told = (
        sms_beside_passkey.notices(idp, known.account, found.ways, sent.way, now=now)
        if want is AT_STEP_UP
        else ()
    )

    def spend(tx: Tx) -> None:
        if not asking.spend(tx, sent, now=now):
            raise _Beaten
        outbox.add(tx, *told)

    try:
        begun = _write(idp, known, want, proof, browser, spend, trust=trust, now=now)
    except (_Beaten, SessionGone):
        return _late(idp, browser, want, now=now, now_ms=now_ms)
    if told:
        idp.post_waiting.set()
    return Proven(begun)


def _by_own_code(
    idp: Idp,
    known: Owner,
    want: Want,
    way: Way,
    typed: str,
    browser: Browser,
    *,
    trust: bool,
    now: int,
    now_ms: int,
) -> Proven | AlreadyProven | Refused | Limited:
    """Take a code of the authenticator app, or one that was printed: both are used up by being right."""
    check = authenticator.check if way.kind is ProofKind.TOTP else recovery_codes.check
    verdict = check(idp, known.account.sub, typed, source=browser.source, now=now)
    match verdict:
        case authenticator.Throttled(retry_after):
            return Limited(retry_after)
        case authenticator.Wrong(fault) | authenticator.Replayed(fault):
            late = _late(idp, browser, want, now=now, now_ms=now_ms)
            return late if isinstance(late, AlreadyProven) else Refused(fault)
    held = verdict.held or known.account.unconfirming_until(now) is not None
    proof = Proof(way.kind, now_ms, held=held)
    trust = trust and not verdict.held
    try:
        return Proven(_write(idp, known, want, proof, browser, _nothing, trust=trust, now=now))
    except SessionGone:
        return _late(idp, browser, want, now=now, now_ms=now_ms)


# --- by password ------------------------------------------------------------------------------------------


def by_password(
    idp: Idp, known: Owner, want: Want, password: str, browser: Browser, *, now: int, now_ms: int
) -> Proven | AlreadyProven | Wrong | Throttled:
    """Take the password of today; wrong ones count as at sign-in. Raises ``Overloaded``."""
    outcome = fresh.check_password(idp, known, password, browser, now=now)
    if not isinstance(outcome, Right):
        return outcome
    proof = Proof(ProofKind.PASSWORD, now_ms)
    try:
        return Proven(_write(idp, known, want, proof, browser, _nothing, trust=False, now=now))
    except SessionGone:
        # The page it leads to asks whoever was signed out meanwhile to sign in.
        return AlreadyProven()


# --- by passkey -------------------------------------------------------------------------------------------


def passkey_options(idp: Idp, known: Owner, want: Want, waiting: str, *, now: int) -> dict[str, Any] | None:
    """What ``navigator.credentials.get`` is asked: one of their own passkeys that confirm; None for none.

    ``waiting`` names what it is asked for (the request that waits): the answer is good for nothing else.
    """
    return own_passkey.options(idp, known, want.ceremony, _bound(idp, known, want, waiting), now=now)


def by_passkey(
    idp: Idp,
    known: Owner,
    want: Want,
    waiting: str,
    typed: str,
    browser: Browser,
    *,
    now: int,
    now_ms: int,
) -> Proven | NotAccepted:
    """Take the browser's answer. Raises ``RegistryDown`` where the owner is to be told of a copied key."""
    bound_to = _bound(idp, known, want, waiting)
    try:
        read = own_passkey.judged(idp, known, typed, want.ceremony, bound_to, now=now, now_ms=now_ms)

        def spend(tx: Tx) -> None:
            own_passkey.spend(tx, read.row, read.used, now=now)

        passkey = read.row.passkey.id
        begun = _write(idp, known, want, read.proof, browser, spend, passkey=passkey, trust=False, now=now)
    except SessionGone:
        return NotAccepted()
    except passkey_rules.Refused as refused:
        return own_passkey.note(idp, refused, want.ceremony, typed, browser, now=now)
    return Proven(begun)


# --- what all need ----------------------------------------------------------------------------------------


class _Beaten(Exception):
    """Another request used the challenge: nothing of this is to stay."""


def _nothing(_tx: Tx) -> None:
    """Uses nothing up: the answer was used up by being judged right."""


def _write(
    idp: Idp,
    known: Owner,
    want: Want,
    proof: Proof,
    browser: Browser,
    spend: Callable[[Tx], None],
    *,
    passkey: str | None = None,
    trust: bool,
    now: int,
) -> Begun:
    """Write the proof into the session, which gets a new handle (ASVS 7.2.4).

    ``spend`` uses the answer up, or raises. Raises ``SessionGone``: of a session that somebody ended nothing
    is proven, and neither it nor its browser is trusted by it.
    """
    sub = known.account.sub
    second = SecondFactor.DONE if want is AT_SIGN_IN else None
    begun = session_flows.prepare(idp, browser, sub, proof, before=known.row, second=second, now=now)
    actor = idp.sealer.pseudonym(f"sub:{sub}")
    details: dict[str, Detail] = {"session": begun.session.id, "proof": proof.kind}
    if want is not AT_ACCOUNT:
        details |= {"acr": begun.session.acr, "passkey": passkey}
    trusted_id = idp.entropy.identifier()
    until = now + idp.settings.lifetimes.trusted_browser
    source = throttle.pseudonym_of_source(idp, browser.source)
    told = _new_device(idp, known, begun, now=now) if want is AT_SIGN_IN else None
    with idp.writing() as tx:
        spend(tx)
        session_flows.begin(idp, tx, begun, now=now)
        if told is not None:
            new_device.note(tx, told, now=now)
        audit.add(tx, want.event, at=now, actor=actor, source=source, details=details)
        if trust and want is AT_SIGN_IN:
            trusted_browsers.trust(
                tx,
                sub,
                begun.browser.digest,
                trusted_id=trusted_id,
                device=begun.device,
                expires_at=until,
                now=now,
            )
            audit.add(
                tx,
                Event.BROWSER_TRUSTED,
                at=now,
                actor=actor,
                source=source,
                details={"session": begun.session.id, "trusted": trusted_id, "until": until},
            )
    if told is not None:
        idp.post_waiting.set()
    return begun


def _new_device(idp: Idp, known: Owner, begun: Begun, *, now: int) -> NewDevice | None:
    """What is told of a sign-in that is whole now; None where its browser was met before."""
    with idp.reading() as tx:
        met = sessions.browser_is_known(tx, begun.browser.digest, known.account.sub)
    return None if met else new_device.prepare(idp, known.account, begun, now=now)


def _late(idp: Idp, browser: Browser, want: Want, *, now: int, now_ms: int) -> AlreadyProven | Refused:
    """What an answer that came too late finds: of a form sent twice, the second the first one's work."""
    asking.settled(idp)
    # The first one changed the handle, so that this browser's old one finds nobody.
    known = owner(idp, browser, want, now=now)
    if known is None or (want is AT_ACCOUNT and fresh.is_fresh(idp, known, Needs.CONTACT, now_ms=now_ms)):
        return AlreadyProven()
    return Refused("code_expired")


def _asking(known: Owner, want: Want) -> Asking:
    return Asking(
        known,
        want.purpose,
        known.session_id,
        want.letter,
        known.account.language,
        signed_in=want.signed_in,
    )


def _bound(idp: Idp, known: Owner, want: Want, waiting: str) -> str:
    return idp.sealer.pseudonym(f"second:{want.use}:{known.session_id}:{waiting}")


def _passkeys(ways: tuple[Way, ...]) -> tuple[Way, ...]:
    return tuple(way for way in ways if way.kind is ProofKind.PASSKEY)
