"""Whether a message with a code may be sent, and what SMS cost (security bar 5.3, SMS pumping).

Every flow that sends a code asks ``may_send`` first, once the message is composed: the number of its parts is
known then. What is counted when:

- *A code by SMS* is counted when it is asked for, not when it leaves: a cap that is looked at before and
  counted after would let through whatever is under way. A code that expires unsent stays counted.
- *A notice by SMS* is counted when it has left (``flows.deliver``). It is never refused: notices tell owners
  what was done in their name, and follow only from what somebody proved.
- *A message without recipient* (the data did not match) is asked about and counted like any other, but costs
  nothing: made-up numbers must not use the day's money up, and the work is the same.

All is exact across processes, but for the share of answered codes, which looks at what was answered so far.
"""

import structlog

from idp.accounts.audit import Event
from idp.accounts.lockout import (
    SEND_PREFIX,
    SMS_CAP,
    SMS_CONVERSION,
    Allowed,
    Brake,
    Decision,
    Throttled,
)
from idp.accounts.pumping import prefix_of
from idp.flows import throttle
from idp.flows.gsm7 import septets
from idp.flows.idp import Idp
from idp.flows.wording import Purpose
from idp.settings.section import Rate
from idp.store import audit
from idp.values import Contact, MobileNumber

_HOUR = 3600
_DAY = 24 * _HOUR
_ALARMS = (50, 80, 100)
"""Per cent of the day's money at which an alarm is raised."""

NOTICES = frozenset(
    {
        Purpose.ACCOUNT_CREATED,
        Purpose.CONFIRMED_BY_SMS,
        Purpose.NEW_DEVICE,
        Purpose.DATA_DOWNLOADED,
        Purpose.ACCOUNT_CLOSED,
        Purpose.SIGN_IN_DISAVOWED,
        Purpose.RECOVERED,
        Purpose.PASSWORD_CHANGED,
        Purpose.USERNAME_CHANGED,
        Purpose.MOBILE_PENDING,
        Purpose.MOBILE_AGENCY,
        Purpose.MOBILE_CONFIRMED,
        Purpose.MOBILE_CANCELLED,
        Purpose.CONTACT_REMOVED,
        Purpose.USERNAME_REMOVED,
        Purpose.PASSKEY_ADDED,
        Purpose.PASSKEY_PENDING,
        Purpose.PASSKEY_RENAMED,
        Purpose.PASSKEY_REMOVED,
        Purpose.PASSKEY_COPIED,
        Purpose.AUTHENTICATOR_ADDED,
        Purpose.AUTHENTICATOR_PENDING,
        Purpose.AUTHENTICATOR_REMOVED,
        Purpose.RECOVERY_CODES_MADE,
        Purpose.RECOVERY_CODES_PENDING,
        Purpose.RECOVERY_CODES_REMOVED,
        Purpose.RECOVERY_CODE_USED,
        Purpose.RECOVERY_CODES_FEW,
    }
)
"""What is sent without ``may_send``; all else answers somebody who asked for a code, be it by a truth."""

_log = structlog.get_logger(__name__)


def may_send(
    idp: Idp,
    contact: Contact,
    source: str,
    *,
    parts: int = 1,
    addressed: bool = True,
    signed_in: bool = False,
    chosen_for: str = "",
    now: int,
) -> Decision:
    """Count one message with a code to ``contact``, then say whether it may be sent; what is refused is not
    counted.

    ``parts`` of an SMS: ``parts_of`` its text. ``addressed=False``: nobody will get it, and it costs nothing;
    the answer and the work are the same. ``signed_in``: the session stands for the source. A refusal's ``by``
    is a brake of ``throttle.send_brakes``, or ``OTP_BREAKER``, ``SMS_CONVERSION`` or ``SMS_CAP``. Call it
    outside of a transaction.

    ``chosen_for``: see ``throttle.pseudonym_of_contact``. What is known of a contact, or of its range, from
    elsewhere refuses nothing then, but withholds the message (``Allowed.withheld``).
    """
    decision = throttle.otp_breaker(idp, source, now=now)
    if isinstance(decision, Throttled):
        return decision
    brakes = throttle.send_brakes(idp, contact, source, signed_in=signed_in, chosen_for=chosen_for)
    unseen = throttle.unseen_brakes(idp, contact, chosen_for)
    if not isinstance(contact, MobileNumber):
        decision = throttle.spend(idp, brakes, now=now)
        if isinstance(decision, Throttled):
            return decision
        return Allowed(isinstance(throttle.spend_unseen(idp, unseen, now=now), Throttled))
    paused = idp.ephemera.count(_paused(idp, contact), now) > 0
    if paused and not chosen_for:
        return Throttled(idp.settings.limits.sms_prefix_pause, SMS_CONVERSION)
    decision = throttle.spend(idp, brakes, now=now)
    if isinstance(decision, Throttled):
        _tell_velocity(idp, contact, decision, now=now)
        return decision
    sent = _sent(idp, contact)
    answered = _still_answered(idp, contact, sent, now=now)
    if isinstance(answered, Throttled) and not chosen_for:
        throttle.give_back(idp, brakes, now=now)
        return answered
    over = throttle.spend_unseen(idp, unseen, now=now)
    _tell_velocity(idp, contact, over, now=now)
    withheld = paused or isinstance(answered, Throttled) or isinstance(over, Throttled)
    decision = _spend(idp, parts, addressed=addressed and not withheld, now=now)
    if isinstance(decision, Throttled):
        # What is not answered was given back already.
        throttle.give_back(idp, (sent, *brakes) if isinstance(answered, Allowed) else brakes, now=now)
        return decision
    return Allowed(withheld)


def parts_of(text: str) -> int:
    """How many parts an SMS takes: 160 places of GSM-7 or 153 in each of several, else 70 and 67 of UCS-2."""
    places = septets(text)
    if places is None:
        places, one, each = len(text.encode("utf-16-be")) // 2, 70, 67
    else:
        one, each = 160, 153
    return 1 if places <= one else -(-places // each)


# --- the share that is answered ---------------------------------------------------------------------------


def code_answered(
    idp: Idp, contact: Contact, chosen_for: str = "", *, of_owner: bool = False, now: int
) -> None:
    """Note that a code sent to ``contact`` was answered rightly: somebody reads what is sent there, and may
    have the next one at once."""
    throttle.end_gap(idp, contact, chosen_for, of_owner=of_owner)
    if isinstance(contact, MobileNumber):
        idp.ephemera.bump(_answered(idp, contact).key(now), _HOUR, now)


def _still_answered(idp: Idp, number: MobileNumber, sent: Brake, *, now: int) -> Decision:
    """Count one SMS to the range; where too few of those before were answered, the range is paused."""
    limits = idp.settings.limits
    before = idp.ephemera.bump(sent.key(now), sent.life, now) - 1
    if before < sent.rate.count or not limits.sms_conversion_percent:
        return Allowed()
    answered = idp.ephemera.count(_answered(idp, number).key(now), now)
    if answered * 100 >= before * limits.sms_conversion_percent:
        return Allowed()
    throttle.give_back(idp, (sent,), now=now)
    idp.ephemera.bump(_paused(idp, number), limits.sms_prefix_pause, now)
    _tell_range(idp, number, "conversion", until=now + limits.sms_prefix_pause, now=now)
    return Throttled(limits.sms_prefix_pause, SMS_CONVERSION)


def _sent(idp: Idp, number: MobileNumber) -> Brake:
    rate = Rate(idp.settings.limits.sms_conversion_sends, _HOUR)
    return Brake(f"sms-sent:{throttle.pseudonym_of_range(idp, number)}", rate)


def _answered(idp: Idp, number: MobileNumber) -> Brake:
    rate = Rate(idp.settings.limits.sms_conversion_sends, _HOUR)
    return Brake(f"sms-answered:{throttle.pseudonym_of_range(idp, number)}", rate)


def _paused(idp: Idp, number: MobileNumber) -> str:
    return f"sms-paused:{throttle.pseudonym_of_range(idp, number)}"


def _tell_velocity(idp: Idp, number: MobileNumber, decision: Decision, *, now: int) -> None:
    if isinstance(decision, Throttled) and decision.by == SEND_PREFIX:
        _tell_range(idp, number, "velocity", until=now + decision.retry_after, now=now)


def _tell_range(idp: Idp, number: MobileNumber, reason: str, *, until: int, now: int) -> None:
    """The alarm about a range of numbers, once while it lasts. Some thousands of people share its digits."""
    told = f"told:sms-range:{reason}:{throttle.pseudonym_of_range(idp, number)}"
    if idp.ephemera.bump(told, until - now, now) > 1:
        return
    digits = prefix_of(number, idp.settings.limits.sms_prefix_digits)
    _log.error("sms_range_paused", range=digits, reason=reason, seconds=until - now)
    with idp.writing() as tx:
        details = {"range": digits, "reason": reason}
        audit.add(tx, Event.SMS_PREFIX_TRIPPED, at=now, details=details)


# --- money ------------------------------------------------------------------------------------------------


def note_sent(idp: Idp, parts: int, *, now: int) -> None:
    """Count the money of an SMS that has left without being asked for: a notice."""
    brake = _money(idp)
    spent = idp.ephemera.bump(brake.key(now), brake.life, now, by=_price(idp, parts))
    _raise_alarms(idp, brake, spent - _price(idp, parts), spent, now=now)


def _spend(idp: Idp, parts: int, *, addressed: bool, now: int) -> Decision:
    brake, price = _money(idp), _price(idp, parts)
    counted = price if addressed else 0
    spent = idp.ephemera.bump(brake.key(now), brake.life, now, by=counted)
    # As if it cost, for one without recipient too: it is refused where one with recipient would be.
    wanted = spent - counted + price
    refused = 0 < brake.rate.count < wanted
    _raise_alarms(idp, brake, spent - counted, wanted if refused else spent, now=now)
    if not refused:
        return Allowed()
    idp.ephemera.bump(brake.key(now), brake.life, now, by=-counted)
    return Throttled(brake.wait(now), SMS_CAP)


def _money(idp: Idp) -> Brake:
    """The counter of the day's money; its rate is in thousandths of a euro, 0 where there is no cap."""
    return Brake(SMS_CAP, Rate(idp.settings.limits.sms_daily_cap * 1000, _DAY))


def _price(idp: Idp, parts: int) -> int:
    return parts * idp.settings.limits.sms_part_price


def _raise_alarms(idp: Idp, brake: Brake, before: int, after: int, *, now: int) -> None:
    """An alarm for each threshold that was passed, by whoever passed it."""
    cap = brake.rate.count
    for percent in _ALARMS:
        passed = before * 100 < cap * percent <= after * 100
        if passed and idp.ephemera.bump(f"told:{brake.key(now)}:{percent}", brake.life, now) == 1:
            _log.error("sms_money", percent=percent, spent_thousandths=after, cap_thousandths=cap)
            with idp.writing() as tx:
                audit.add(tx, Event.SMS_CAP_REACHED, at=now, details={"percent": percent})
