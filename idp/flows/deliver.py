"""Sends what waits in the outbox: lease in one short transaction, send outside, mark in another.

Each row is marked as soon as it left, so that a process killed in between repeats one message at most, under
the same idempotency key. What cannot leave now is tried again, ever later; what a gateway's outage holds up
is lost to its own expiry only.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import structlog

from idp.flows import post, spending
from idp.flows.idp import Idp
from idp.flows.signing import NoSigningKey
from idp.ports import Courier, Delivery, Entropy, EphemeraDown, Message
from idp.store import life, outbox
from idp.store.database import DatabaseDown, Tx
from idp.store.outbox import LOGOUT, Channel, Leased
from idp.store.sealing import Unsealable
from idp.values import Contact, ContactKind, EmailAddress, MobileNumber

LEASE_SECONDS = 60
"""For how long a leased row is one worker's. Rows not begun in the first half go back untried."""

OUTAGE_SECONDS = 2 * 3600
"""No message is given up earlier: an outage of an hour loses nothing, however few attempts are set."""

_LONGEST_WAIT = 300
_FIRST_LOGOUT_WAIT = 15
_LONGEST_LOGOUT_WAIT = 6 * 3600
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_MARK_PAUSES = (0.05, 0.2, 0.5, 1.0, 2.0)

_log = structlog.get_logger(__name__)


class LogoutSender(Protocol):
    """Tells a relying party of a logout."""

    def send(self, uri: str, logout_token: str) -> Delivery:
        """Try once; raises nothing."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one round came to, in rows. ``void`` had no recipient, or one who has
    died, ``back`` were not begun."""

    sent: int = 0
    later: int = 0
    dead: int = 0
    void: int = 0
    back: int = 0

    @property
    def taken(self) -> int:
        """How many rows were leased."""
        return self.sent + self.later + self.dead + self.void + self.back

    def __add__(self, other: "Delivered") -> "Delivered":
        return Delivered(
            self.sent + other.sent,
            self.later + other.later,
            self.dead + other.dead,
            self.void + other.void,
            self.back + other.back,
        )


@dataclass(frozen=True, slots=True)
class LogoutCall:
    """What a logout parcel holds."""

    client_id: str
    uri: str
    sub: str
    sid: str | None


@dataclass(frozen=True, slots=True)
class _Round:
    """One call of ``deliver_due``: who carries, and since when (monotonic seconds)."""

    idp: Idp
    couriers: Mapping[Channel, Courier]
    logout_sender: LogoutSender | None
    began_at: int
    began: float = field(default=0.0)

    @property
    def elapsed(self) -> float:
        return self.idp.clock.monotonic() - self.began

    @property
    def now(self) -> int:
        return self.began_at + int(self.elapsed)


def deliver_due(
    idp: Idp,
    couriers: Mapping[Channel, Courier],
    now: int,
    *,
    logout_sender: LogoutSender | None = None,
    channel: str | None = None,
    limit: int = 20,
    stop: threading.Event | None = None,
) -> Delivered:
    """Send up to ``limit`` due rows, of one channel or of all, one after the other.

    ``couriers`` by channel (``email``, ``sms``); a channel without courier waits. Raises ``DatabaseDown``.
    """
    this = _Round(idp, couriers, logout_sender, now, idp.clock.monotonic())
    with idp.writing() as tx:
        leased = outbox.take_due(tx, now, LEASE_SECONDS, limit, channel)
    done = Delivered()
    for number, row in enumerate(leased):
        if this.elapsed > LEASE_SECONDS / 2 or (stop is not None and stop.is_set()):
            _give_back(this, leased[number:])
            return replace(done, back=len(leased) - number)
        done += _deliver(this, row)
    return done


def wait_after(attempt: int, *, first: float, factor: float, longest: float, entropy: Entropy) -> int:
    """Seconds until the next attempt after the ``attempt``-th failed, at least one.

    Exponential, up to ``longest``; half of it is drawn by lot, so that a gateway that comes back is not met
    by everything at once.
    """
    whole = longest if attempt > 40 else min(longest, first * factor ** (attempt - 1))
    lot = int.from_bytes(entropy.octets(2), "big") / 65535
    return max(1, round(whole / 2 + lot * whole / 2))


def _deliver(this: _Round, row: Leased) -> Delivered:
    if not row.addressed:
        _mark(this, lambda tx: outbox.mark_void(tx, row, this.now))
        return Delivered(void=1)
    outcome = _attempt(this, row)
    if outcome is None:
        _mark(this, lambda tx: outbox.mark_void(tx, row, this.now))
        return Delivered(void=1)
    if outcome is Delivery.SENT:
        if not _mark(this, lambda tx: outbox.mark_sent(tx, row, this.now)):
            # Another worker took it over meanwhile: the same message may have left twice.
            _log.warning("outbox_lease_lost", row=row.id, purpose=row.purpose)
        return Delivered(sent=1)
    due_at = None if outcome is Delivery.REFUSED else _next_attempt(this, row)
    if due_at is None:
        _log.warning("outbox_given_up", row=row.id, purpose=row.purpose, attempt=row.attempt, outcome=outcome)
        _mark(this, lambda tx: outbox.mark_dead(tx, row, this.now))
        return Delivered(dead=1)
    _mark(this, lambda tx: outbox.mark_retry(tx, row, due_at))
    return Delivered(later=1)


def _attempt(this: _Round, row: Leased) -> Delivery | None:
    """Try once. A row that cannot be read is refused, and holds up no other; None: nobody is to have it."""
    try:
        content = post.sealer(this.idp).open(row.sealed or b"", outbox.sealing_place(row.id))
        parcel = LogoutCall(**content) if row.kind == LOGOUT else _message(row, content)
        courier = None if row.kind == LOGOUT else this.couriers.get(Channel(row.channel))
        about = None if row.kind == LOGOUT else content.get("about")
    except (Unsealable, KeyError, IndexError, TypeError, ValueError) as fault:
        _log.error("outbox_row_unreadable", row=row.id, purpose=row.purpose, fault=type(fault).__name__)
        return Delivery.REFUSED
    if isinstance(parcel, LogoutCall):
        return _tell(this, row, parcel)
    if courier is None:
        _log.error("outbox_no_courier", channel=row.channel)
        return Delivery.RETRY
    if about is not None and _has_died(this, about):
        return None
    outcome = _guarded(row, lambda: courier.send(parcel, this.now))
    if outcome is Delivery.SENT and row.channel == Channel.SMS and row.purpose in spending.NOTICES:
        _note_cost(this, parcel)
    return outcome


def _has_died(this: _Round, sub: str) -> bool:
    """Whether the customer of an account died while a notice to them waited: messages stop (journey L)."""
    with this.idp.reading() as tx:
        return life.has_died(tx, sub)


def _note_cost(this: _Round, notice: Message) -> None:
    """Count its money; a counter that is away must not send the message twice."""
    try:
        spending.note_sent(this.idp, spending.parts_of(notice.text), now=this.now)
    except (EphemeraDown, DatabaseDown):
        _log.warning("sms_cost_not_counted", purpose=notice.purpose)


def _tell(this: _Round, row: Leased, call: LogoutCall) -> Delivery:
    """Sign a logout token (OpenID Connect Back-Channel Logout 1.0 §2.4) and send it."""
    sender = this.logout_sender
    if sender is None:
        _log.error("outbox_no_courier", channel=row.channel)
        return Delivery.RETRY
    client = this.idp.clients.get(call.client_id)
    if client is None:
        return Delivery.REFUSED
    now = this.now
    claims: dict[str, Any] = {
        "iss": this.idp.issuer,
        "aud": call.client_id,
        "sub": call.sub,
        "iat": now,
        "exp": now + this.idp.settings.lifetimes.logout_token,
        # Another at each attempt: a relying party that failed half-way may remember the first (§2.6).
        "jti": f"{row.id}.{row.attempt}",
        "events": {_LOGOUT_EVENT: {}},
    }
    if call.sid is not None:
        claims["sid"] = call.sid
    try:
        token = this.idp.signers.sign(claims, client.id_token_alg, "logout+jwt")
    except NoSigningKey as fault:
        _log.error("outbox_no_signing_key", alg=fault.alg)
        return Delivery.RETRY
    return _guarded(row, lambda: sender.send(call.uri, token))


def _guarded(row: Leased, send: Callable[[], Delivery]) -> Delivery:
    """A courier raises nothing; one that does must not take the worker with it."""
    try:
        return send()
    except Exception as fault:  # noqa: BLE001 - whatever a foreign library throws, the row is tried again
        _log.error("courier_raised", row=row.id, channel=row.channel, fault=type(fault).__name__)
        return Delivery.RETRY


def _message(row: Leased, content: Mapping[str, Any]) -> Message:
    kind, text = content["to"]
    contact: Contact = EmailAddress(text) if kind == ContactKind.EMAIL else MobileNumber(text)
    return Message(
        idempotency_key=row.id,
        to=contact,
        purpose=row.purpose,
        subject=content["subject"],
        text=content["text"],
        html=content["html"],
        language=content["language"],
        code=content["code"],
        link=content["link"],
    )


def _next_attempt(this: _Round, row: Leased) -> int | None:
    """When to try again (epoch seconds), or None when enough was tried."""
    entropy = this.idp.entropy
    if row.kind == LOGOUT:
        if row.attempt >= this.idp.settings.logout.backchannel_attempts:
            return None
        # Fourfold from 15 s: the eight attempts of the default span most of the 24 hours a logout is tried.
        wait = wait_after(
            row.attempt, first=_FIRST_LOGOUT_WAIT, factor=4, longest=_LONGEST_LOGOUT_WAIT, entropy=entropy
        )
        return this.now + wait
    delivery = this.idp.settings.delivery
    if row.attempt >= delivery.attempts and this.now - row.created_at >= OUTAGE_SECONDS:
        return None
    wait = wait_after(
        row.attempt, first=delivery.backoff_seconds, factor=2, longest=_LONGEST_WAIT, entropy=entropy
    )
    return this.now + wait


def _mark(this: _Round, mark: Callable[[Tx], bool]) -> bool:
    """Mark in a transaction of its own; a database that is away for a moment is waited for.

    What left and is not marked leaves once more, so this is worth a few tries. Raises ``DatabaseDown``.
    """
    for pause in _MARK_PAUSES:
        try:
            with this.idp.writing() as tx:
                return mark(tx)
        except DatabaseDown:
            time.sleep(pause)
    with this.idp.writing() as tx:
        return mark(tx)


def _give_back(this: _Round, rows: Sequence[Leased]) -> None:
    with this.idp.writing() as tx:
        outbox.give_back(tx, rows, this.now)
