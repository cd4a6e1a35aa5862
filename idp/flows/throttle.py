"""Counting under brakes (``accounts.lockout``): failures, things that cost, and who was asked about;
successes never (security bar D7).

Counters are keyed by pseudonyms, since Ephemera may be a server shared with others. They fall back to the
database when that server is away, so only ``bump`` and ``count`` are used. All is exact across processes: a
counter hands every caller another number, and whoever gets one beyond the rate is refused.

::

    before a page looks up an identifier    spend_distinct(identify_brakes(…), identifier)
    before a message with a code            spending.may_send(…)
    before a code is judged                 standing(code_brakes(…))
    after a wrong code                      failed(code_brakes(…)), otp_failed(…)
"""

import time
from collections.abc import Sequence
from contextlib import suppress

import structlog

from idp.accounts.audit import Event
from idp.accounts.lockout import (
    OTP_BREAKER,
    SEND_PREFIX,
    Allowed,
    Brake,
    Decision,
    Throttled,
    counted_as,
    decide,
    most_failing_accounts,
)
from idp.accounts.pumping import prefix_of
from idp.flows.idp import Idp
from idp.ports import EphemeraDown
from idp.settings.limits import Limits
from idp.settings.section import Rate
from idp.store import audit, census
from idp.values import Contact, MobileNumber

_DAY = 86400

_ADMITTED = 1_000_000
_REFUSED = 1_000_000_000
"""What the first caller adds to the mark of a thing when it was counted, or was one too many."""

_LOOKS = 25
_BETWEEN_LOOKS = 0.02

_log = structlog.get_logger(__name__)


def standing(idp: Idp, brakes: Sequence[Brake], *, now: int) -> Decision:
    """Whether one more attempt is let through."""
    return decide(brakes, [idp.ephemera.count(brake.key(now), now) for brake in brakes], now)


def failed(idp: Idp, brakes: Sequence[Brake], *, now: int) -> None:
    """Count one failure under each."""
    for brake in brakes:
        idp.ephemera.bump(brake.key(now), brake.life, now)


def spend(idp: Idp, brakes: Sequence[Brake], *, now: int) -> Decision:
    """Count one thing that costs, then say whether it may be done: of many at once no more pass than the
    rate.

    What is refused is not counted: a source that is over its rate uses nothing up of a contact's.
    """
    for number, brake in enumerate(brakes, 1):
        if idp.ephemera.bump(brake.key(now), brake.life, now) > brake.rate.count:
            give_back(idp, brakes[:number], now=now)
            return Throttled(brake.wait(now), brake.name.partition(":")[0])
    return Allowed()


def spend_unseen(idp: Idp, brakes: Sequence[Brake], *, now: int) -> Decision:
    """As ``spend``, with the same work whatever comes of it: nothing is given back."""
    over = [b for b in brakes if idp.ephemera.bump(b.key(now), b.life, now) > b.rate.count]
    return Throttled(over[0].wait(now), over[0].name.partition(":")[0]) if over else Allowed()


def give_back(idp: Idp, brakes: Sequence[Brake], *, now: int) -> None:
    """Undo what ``spend`` counted at the same ``now``, for a thing that was not done after all."""
    for brake in brakes:
        idp.ephemera.bump(brake.key(now), brake.life, now, by=-1)


def spend_distinct(idp: Idp, brakes: Sequence[Brake], what: str, *, now: int) -> Decision:
    """Count ``what`` the first time it is met in a brake's window, then say whether it may be done.

    Repeating it is free and answered alike: what was let through is, what was one too many is not, until the
    window ends. Of many at once no more *different* ones pass than the rate. Known or not is not asked.
    """
    whom = idp.sealer.pseudonym(f"distinct:{what}")
    for brake in brakes:
        if not _is_among_the_first(idp, brake, whom, now=now):
            return Throttled(brake.wait(now), brake.name.partition(":")[0])
    return Allowed()


def _is_among_the_first(idp: Idp, brake: Brake, whom: str, *, now: int) -> bool:
    mark = f"seen:{brake.key(now)}:{whom}"
    # Read before the mark: once the rate is used up, all that were let through have their marks.
    used_up = idp.ephemera.count(brake.key(now), now) >= brake.rate.count
    seen = idp.ephemera.count(mark, now)
    if seen == 0 and used_up:
        # Nothing is written for whoever goes on after the end: marks are bounded by the rate.
        return False
    if seen == 0:
        seen = idp.ephemera.bump(mark, brake.life, now)
        if seen == 1:
            return _admit(idp, brake, mark, now=now)
    # Somebody asks for the same at this very moment, and their answer is ours.
    for _ in range(_LOOKS):
        if seen >= _ADMITTED:
            return seen < _REFUSED
        time.sleep(_BETWEEN_LOOKS)
        seen = idp.ephemera.count(mark, now)
    # They died over it.
    return _admit(idp, brake, mark, now=now)


def _admit(idp: Idp, brake: Brake, mark: str, *, now: int) -> bool:
    fits = idp.ephemera.bump(brake.key(now), brake.life, now) <= brake.rate.count
    idp.ephemera.bump(mark, brake.life, now, by=_ADMITTED if fits else _REFUSED)
    return fits


def first_refusal(idp: Idp, brakes: Sequence[Brake], refused: Throttled, *, now: int) -> bool:
    """Whether a brake has refused nobody before in its window: of a flood the audit trail keeps one line.

    What refuses without being one of the ``brakes`` (``OTP_BREAKER`` and the like) told the trail itself.
    """
    brake = next((brake for brake in brakes if brake.name.partition(":")[0] == refused.by), None)
    return brake is not None and idp.ephemera.bump(f"told:{brake.key(now)}", brake.life, now) == 1


def pseudonym_of_source(idp: Idp, source: str) -> str:
    """How a source stands in counters and audit."""
    return idp.sealer.pseudonym(f"source:{source}")


def pseudonym_of_contact(idp: Idp, contact: Contact, chosen_for: str = "") -> str:
    """How a contact stands in counters: its spellings by dots and plus tags are one.

    One that was chosen by its mask, for the identifier ``chosen_for`` (``Identifier.canonical``), is another
    than the same one typed. Else whoever types it until it is refused, and then chooses, would see whether
    it is the one behind the mask, and so whose the identifier is; or the other way round.
    """
    return idp.sealer.pseudonym(f"contact:{chosen_for}:{counted_as(contact)}")


# --- between two messages -----------------------------------------------------------------------------------


def begin_gap(idp: Idp, contact: Contact, chosen_for: str = "", *, of_owner: bool = False, now: int) -> int:
    """Begin the time in which no other code goes to a contact, whatever session asks; 0 where it began, else
    the seconds that are left of one that runs.

    Of many at once one begins it. Right answers end it, and so does a message that was refused (``end_gap``).
    ``chosen_for``: see ``pseudonym_of_contact``. ``of_owner``: to a contact of the account that asks;
    strangers have a gap of their own, so that they neither delay its owner nor learn that there is one who
    just signed in.
    """
    key, gap = _gap(idp, contact, chosen_for, of_owner), idp.settings.codes.resend_gap
    if left := _left(idp, key, now=now):
        return left
    return 0 if idp.ephemera.bump(key, gap, now, by=now) == now else gap


def gap_left(idp: Idp, contact: Contact, chosen_for: str = "", *, now: int) -> int:
    """The seconds that are left of the gap of strangers to a contact, 0 when none runs; begins none."""
    return _left(idp, _gap(idp, contact, chosen_for, of_owner=False), now=now)


def _left(idp: Idp, key: str, *, now: int) -> int:
    # The count is the second it began in, since only counters outlive a server that is away.
    counted, gap = idp.ephemera.count(key, now), idp.settings.codes.resend_gap
    if not counted:
        return 0
    # Each of several at once added its second, and nobody takes one back: whoever began it may have
    # dropped the key meanwhile. What they have in common is the mean.
    began = counted // max(1, round(counted / now))
    return min(gap, max(1, began + gap - now))


def end_gap(idp: Idp, contact: Contact, chosen_for: str = "", *, of_owner: bool = False) -> None:
    """Let the next code go to a contact at once."""
    # While the server is away it ends by itself, a moment later.
    with suppress(EphemeraDown):
        idp.ephemera.drop(_gap(idp, contact, chosen_for, of_owner))


def _gap(idp: Idp, contact: Contact, chosen_for: str, of_owner: bool) -> str:
    return f"gap:{'owner' if of_owner else 'anybody'}:{pseudonym_of_contact(idp, contact, chosen_for)}"


# --- whose counters ---------------------------------------------------------------------------------------


def wrong_passwords(idp: Idp, username: str, *, now: int) -> int:
    """How many wrong passwords were typed for a username (canonical) lately, from anywhere."""
    actor = idp.sealer.pseudonym(f"username:{username}")
    brake = Brake(f"login-account:{actor}", idp.settings.limits.login_failures_per_account)
    return idp.ephemera.count(brake.key(now), now)


def otp_account_brakes(idp: Idp, sub: str) -> tuple[Brake, ...]:
    """The counter of wrong codes of one account, wherever they went and whatever made them (bar 5.3)."""
    whom = idp.sealer.pseudonym(f"sub:{sub}")
    return (Brake(f"code-account:{whom}", idp.settings.limits.otp_failures_per_account),)


def send_brakes(
    idp: Idp, contact: Contact, source: str, *, signed_in: bool = False, chosen_for: str = ""
) -> tuple[Brake, ...]:
    """The counters of one message with a code: by contact, on file or not, by source, and for SMS by range of
    numbers (security bar 5.3). Who is signed in has no counter by source.

    ``chosen_for``: see ``pseudonym_of_contact``. ``spending.may_send`` counts under these and asks the rest;
    a flow calls that.
    """
    limits = idp.settings.limits
    brakes = _sends("send", pseudonym_of_contact(idp, contact, chosen_for), limits)
    if not signed_in:
        per_source = limits.sends_per_source_ipv6_64 if ":" in source else limits.sends_per_source_ipv4
        brakes += (Brake(f"send-source:{pseudonym_of_source(idp, source)}", per_source),)
    return brakes if chosen_for else brakes + _range_brakes(idp, contact)


def unseen_brakes(idp: Idp, contact: Contact, chosen_for: str = "") -> tuple[Brake, ...]:
    """The counters of what one contact gets in all, typed or chosen: beyond, messages are withheld."""
    brakes = _sends("sent", pseudonym_of_contact(idp, contact), idp.settings.limits)
    return brakes + _range_brakes(idp, contact) if chosen_for else brakes


def _sends(what: str, whom: str, limits: Limits) -> tuple[Brake, ...]:
    return (
        Brake(f"{what}-contact:{whom}", limits.sends_per_contact),
        Brake(f"{what}-contact-day:{whom}", Rate(limits.sends_per_contact_per_day, _DAY)),
    )


def _range_brakes(idp: Idp, contact: Contact) -> tuple[Brake, ...]:
    if not isinstance(contact, MobileNumber):
        return ()
    whom = pseudonym_of_range(idp, contact)
    return (Brake(f"{SEND_PREFIX}:{whom}", idp.settings.limits.sends_per_prefix),)


def pseudonym_of_range(idp: Idp, number: MobileNumber) -> str:
    """How a range of numbers stands in counters."""
    return idp.sealer.pseudonym(f"range:{prefix_of(number, idp.settings.limits.sms_prefix_digits)}")


def code_brakes(idp: Idp, contact: Contact, chosen_for: str = "") -> tuple[Brake, ...]:
    """The counter of wrong codes for one contact, on file or not, over all its challenges (bar 5.3).

    ``chosen_for``: see ``pseudonym_of_contact``; how many codes there are to be guessed at, typed or chosen,
    ``unseen_brakes`` limit.
    """
    whom = pseudonym_of_contact(idp, contact, chosen_for)
    return (Brake(f"code-contact:{whom}", idp.settings.limits.otp_failures_per_account),)


def password_brakes(idp: Idp, enrolment_id: str) -> tuple[Brake, ...]:
    """The counter of passwords chosen in one registration: each costs a hash, and nobody chooses so often."""
    return (Brake(f"registration-password:{enrolment_id}", idp.settings.limits.passwords_per_registration),)


def registration_brakes(idp: Idp, source: str) -> tuple[Brake, ...]:
    """The counter of registrations begun by one source."""
    where = pseudonym_of_source(idp, source)
    return (Brake(f"registration-source:{where}", idp.settings.limits.registrations_per_source),)


def push_brakes(idp: Idp, source: str) -> tuple[Brake, ...]:
    """The counter of authorization requests that public clients push from one source: each is kept for a
    while, and nobody proves who they are."""
    where = pseudonym_of_source(idp, source)
    return (Brake(f"push-source:{where}", idp.settings.limits.pushes_per_source),)


def identify_brakes(idp: Idp, browser: str, source: str) -> tuple[Brake, ...]:
    """The counters of different identifiers asked about, for ``spend_distinct``: by browser session and by
    source (security bar 5.1).

    ``browser`` is whatever names the browser session (the digest of its handle in hexadecimal, an enrolment's
    id); pass ``Identifier.canonical`` as the thing counted, so that spellings are one.
    """
    limits = idp.settings.limits
    at = idp.sealer.pseudonym(f"browser:{browser}")
    where = pseudonym_of_source(idp, source)
    ipv6 = ":" in source
    per_source = limits.identifiers_per_source_ipv6_64 if ipv6 else limits.identifiers_per_source_ipv4
    return (
        Brake(f"identify-browser:{at}", limits.identifiers_per_session),
        Brake(f"identify-source:{where}", per_source),
    )


# --- the breaker of codes -----------------------------------------------------------------------------------


def otp_breaker(idp: Idp, source: str, *, now: int) -> Decision:
    """Whether codes are sent at all, and to this source (security bar 5.3).

    ::

        closed ──too many failures, accounts, or accounts of one source──▶ open ──a window──▶ closed
    """
    limits = idp.settings.limits
    where = pseudonym_of_source(idp, source)
    if idp.ephemera.count(_OPEN_FOR_ALL, now):
        return Throttled(limits.otp_breaker_accounts.window, OTP_BREAKER)
    if idp.ephemera.count(f"{_OPEN_FOR_ALL}:{where}", now):
        return Throttled(limits.otp_breaker_accounts_per_source.window, OTP_BREAKER)
    return Allowed()


_OPEN_FOR_ALL = "otp-breaker"


def otp_failed(idp: Idp, whom: str, source: str, *, now: int) -> None:
    """Count a wrong one-time code, whatever it was for, and open the breaker when there are too many.

    ``whom``: ``pseudonym_of_contact`` of the contact it was asked of, on file or not, or the pseudonym of an
    account. Call it outside of a transaction, for every wrong answer alike: it writes a line of audit when
    the breaker opens.
    """
    limits = idp.settings.limits
    where = pseudonym_of_source(idp, source)
    failures = Brake("otp-failures", limits.otp_breaker_failures)
    accounts = Brake("otp-accounts", limits.otp_breaker_accounts)
    touched = Brake(f"otp-touched:{where}", limits.otp_breaker_accounts_per_source)
    if idp.ephemera.bump(failures.key(now), failures.life, now) > failures.rate.count:
        _open(idp, _OPEN_FOR_ALL, failures.life, reason="failures", now=now)
    failing = _bump_distinct(idp, accounts, whom, now=now)
    if failing > accounts.rate.count and failing > most_failing_accounts(limits, _accounts(idp, now=now)):
        _open(idp, _OPEN_FOR_ALL, accounts.life, reason="accounts", now=now)
    if _bump_distinct(idp, touched, whom, now=now) > touched.rate.count:
        _open(idp, f"{_OPEN_FOR_ALL}:{where}", touched.life, reason="source", source=where, now=now)


def _bump_distinct(idp: Idp, brake: Brake, whom: str, *, now: int) -> int:
    """How many different ones there are now; 0 when this one was met before."""
    if idp.ephemera.bump(f"seen:{brake.key(now)}:{whom}", brake.life, now) > 1:
        return 0
    return idp.ephemera.bump(brake.key(now), brake.life, now)


def _open(idp: Idp, key: str, life: int, *, reason: str, now: int, source: str | None = None) -> None:
    """Open it for ``life`` seconds; whoever is the first to do so raises the alarm."""
    if idp.ephemera.bump(key, life, now) > 1:
        return
    _log.error("otp_breaker_open", reason=reason, source=source, seconds=life)
    with idp.writing() as tx:
        audit.add(tx, Event.OTP_BREAKER_TRIPPED, at=now, source=source, details={"reason": reason})


def _accounts(idp: Idp, *, now: int) -> int:
    """How many accounts there are, counted once in ten minutes however many codes fail."""
    try:
        known = idp.ephemera.peek("census:accounts", now)
    except EphemeraDown:
        # Counted anew each time would be a way to slow us down; the smaller limit holds meanwhile.
        return 0
    if known is not None:
        return int(known)
    with idp.reading() as tx:
        counted = census.accounts(tx)
    idp.ephemera.put("census:accounts", b"%d" % counted, 600, now)
    return counted
