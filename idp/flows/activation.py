"""Activation codes (journeys, *Activation code*): issued to a customer, looked up, used once.

::

    issued ──used──▶ over        by one statement; one caller wins
      ├──a newer one of the same customer──▶ ended
      └──7 days──▶ expired

A code is good together with the tax code or VAT number of its customer. A wrong code, a wrong identifier, an
expired and a used code get one answer and cost the same.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from idp.accounts import activation as rules
from idp.accounts.audit import Event
from idp.accounts.lockout import Allowed, Brake
from idp.accounts.matching import Reason, as_nobody, bears
from idp.accounts.records import CustomerRecord
from idp.flows import throttle
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.flows.proving import Limited
from idp.store import activation_codes, audit
from idp.store.accounts import AccountRow
from idp.store.activation_codes import ActivationCodeRow
from idp.store.database import Tx
from idp.values import Identifier, parse_identifier

__all__ = ["Found", "Issued", "Limited", "NotIssued", "Wrong", "issue", "look_up", "look_up_own", "spend"]


@dataclass(frozen=True, slots=True)
class Issued:
    """A new code, to be handed over once: it is kept nowhere. ``expires_at`` in epoch seconds."""

    code: str = field(repr=False)
    expires_at: int


@dataclass(frozen=True, slots=True)
class NotIssued:
    """There is no such customer, or they cannot have one: ``unknown_customer``, or the reason."""

    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """The code is good, for this customer; it is not used yet."""

    record: CustomerRecord
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wrong:
    """Not a code of this customer, or used, replaced or expired: nobody is told which."""


def issue(idp: Idp, customer_number: str, *, issued_by: str, now: int) -> Issued | NotIssued:
    """Make the customer a code; older ones of theirs end. ``issued_by`` names the admin or agency for the
    audit trail. Raises ``RegistryDown``."""
    record = idp.registry.by_customer_number(customer_number)
    if record is None:
        return NotIssued("unknown_customer")
    today = datetime.fromtimestamp(now, UTC).date()
    nobody = as_nobody(record, idp.settings.registration, today)
    if nobody is not None:
        return NotIssued(nobody)
    if not record.policies:
        return NotIssued(Reason.NO_POLICY)
    code = rules.fresh(idp.entropy.octets(rules.OCTETS))
    expires_at = now + idp.settings.lifetimes.activation_code
    digest = idp.sealer.code_digest(rules.parse(code))
    row = ActivationCodeRow(digest, record.customer_number, issued_by, now, expires_at)
    with idp.writing() as tx:
        ended = activation_codes.start(tx, row)
        audit.add(
            tx,
            Event.ACTIVATION_CODE_ISSUED,
            at=now,
            actor=idp.sealer.pseudonym(f"customer:{record.customer_number}"),
            details={"issued_by": issued_by, "expires_at": expires_at, "ended": ended},
        )
    return Issued(code, expires_at)


def look_up(
    idp: Idp, identifier: Identifier, typed: str, *, browser: Browser, now: int
) -> Found | Wrong | Limited:
    """Whose the code is, if it is good and belongs to the identifier; wrong ones are counted, by browser and
    by source.

    Raises ``Malformed("activation_code_malformed")`` for what is no code at all, and ``RegistryDown``.
    """
    digest = idp.sealer.code_digest(rules.parse(typed))
    brakes = _brakes(idp, browser)
    decision = throttle.standing(idp, brakes, now=now)
    if not isinstance(decision, Allowed):
        if throttle.first_refusal(idp, brakes, decision, now=now):
            _note(idp, Event.ACTIVATION_CODE_THROTTLED, {"brake": decision.by}, browser, now=now)
        return Limited(decision.retry_after)
    records = idp.registry.by_identifier(identifier)
    with idp.reading() as tx:
        row = activation_codes.find(tx, digest)
    owner = next((r for r in records if row is not None and r.customer_number == row.customer_number), None)
    if row is None or owner is None or not bears(owner, identifier) or not row.live(now):
        throttle.failed(idp, brakes, now=now)
        _note(idp, Event.ACTIVATION_CODE_REFUSED, {"reason": _why(row, owner, now)}, browser, now=now)
        return Wrong()
    return Found(owner, digest)


def look_up_own(
    idp: Idp, account: AccountRow, typed: str, *, browser: Browser, now: int
) -> Found | Wrong | Limited:
    """``look_up`` for the customer of an account, whatever the registry knows them by.

    Raises ``Malformed`` and ``RegistryDown``.
    """
    record = idp.registry.by_customer_number(account.customer_number)
    code = None if record is None else record.tax_code or record.vat_number
    if code is None:
        return Wrong()
    found = look_up(idp, parse_identifier(code.text), typed, browser=browser, now=now)
    if isinstance(found, Found) and found.record.customer_number != account.customer_number:
        return Wrong()
    return found


def spend(tx: Tx, digest: bytes, customer_number: str, *, now: int) -> bool:
    """Use the code, in the transaction that does what it is used for: True for the one caller that does."""
    return activation_codes.spend(tx, digest, customer_number, now=now)


def _brakes(idp: Idp, browser: Browser) -> tuple[Brake, ...]:
    # Nobody finds one of 2⁸⁰ by trying; this keeps the trying from costing us anything. By whom it is tried
    # alone: a customer is not to be kept out by whoever types their tax code.
    limits = idp.settings.limits
    at = idp.sealer.pseudonym(f"browser:{browser.name}")
    where = throttle.pseudonym_of_source(idp, browser.source)
    return (
        Brake(f"activation-browser:{at}", limits.otp_failures_per_account),
        Brake(f"activation-source:{where}", limits.login_failures_per_source),
    )


def _why(row: ActivationCodeRow | None, owner: CustomerRecord | None, now: int) -> str:
    if row is None:
        return "unknown"
    if row.used_at is not None:
        return "used"
    if row.ended_at is not None:
        return "replaced"
    return "expired" if row.expires_at <= now else "of_another" if owner is None else "unknown"


def _note(idp: Idp, event: Event, details: dict[str, str], browser: Browser, *, now: int) -> None:
    with idp.writing() as tx:
        source = throttle.pseudonym_of_source(idp, browser.source)
        audit.add(tx, event, at=now, source=source, details=details)
