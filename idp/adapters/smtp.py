"""Mail by SMTP (RFC 5321), submitted to the operator's own server."""

import smtplib
import time
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime
from typing import TYPE_CHECKING

import structlog

from idp.adapters.egress import trust
from idp.ports import Delivery, Message
from idp.settings import Settings
from idp.settings.section import LOOPBACK_HOSTS

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_log = structlog.get_logger(__name__)

_OURS = frozenset({530, 534, 535, 538})
"""Permanent refusals of our own credentials or set-up, not of the message (RFC 4954 §6, RFC 3207 §4)."""

_SPECIALS = frozenset('()<>[]:;@\\,"')
"""Signs that mean something between addresses (RFC 5322 §3.2.3); no address on file has one."""

_LONGEST_TALK = 25.0
"""Seconds for a whole conversation: less than half a lease, so that no other worker sends it meanwhile."""


class Undeliverable(ValueError):
    """The address cannot be written into an envelope."""


class SmtpCourier:
    """A courier of mail. Nothing is sent in clear but to this machine, whatever the server offers."""

    def __init__(self, settings: Settings) -> None:
        """Raises ``ValueError`` where clear text would leave this machine or the sender is malformed."""
        smtp, delivery = settings.smtp, settings.delivery
        if smtp.starttls == "off" and smtp.host not in LOOPBACK_HOSTS:
            raise ValueError("mail in clear text is for a server on this machine only")
        self._host = smtp.host
        self._port = smtp.port
        self._starttls = smtp.starttls
        self._sender = Address(
            delivery.sender_name or settings.brand.name, addr_spec=_ascii_domain(delivery.sender_email)
        )
        self._username = smtp.username
        self._password = "" if smtp.password is None else smtp.password.get_secret_value()
        self._timeout = float(smtp.timeout)
        self._tls = trust(smtp.ca_file or settings.service.extra_ca_file)

    def send(self, message: Message, now: int) -> Delivery:
        """Try once. A temporary refusal (4xx) or no connection is tried again, a permanent one is not."""
        try:
            recipient = _ascii_domain(message.to.text)
            mail = self._mail(message, recipient, now)
        except ValueError as fault:
            _log.warning("mail_not_addressable", row=message.idempotency_key, fault=type(fault).__name__)
            return Delivery.REFUSED
        try:
            with self._connected() as server:
                if not recipient.isascii() and not server.has_extn("smtputf8"):
                    _log.warning("mail_needs_smtputf8", row=message.idempotency_key)
                    return Delivery.REFUSED
                server.send_message(mail, self._sender.addr_spec, [recipient])
        except smtplib.SMTPRecipientsRefused as fault:
            ((code, _),) = fault.recipients.values()
            return self._refused(code)
        except smtplib.SMTPResponseException as fault:
            return self._refused(fault.smtp_code)
        except (smtplib.SMTPException, OSError) as fault:
            _log.warning("mail_server_failed", fault=type(fault).__name__)
            return Delivery.RETRY
        return Delivery.SENT

    def _refused(self, code: int) -> Delivery:
        _log.warning("mail_refused", code=code)
        # A wrong password of ours is no reason to drop the customer's message.
        return Delivery.REFUSED if 500 <= code < 600 and code not in _OURS else Delivery.RETRY

    def _connected(self) -> smtplib.SMTP:
        """A server ready for mail; raises ``SMTPException`` and ``OSError`` (``ssl.SSLError`` is one)."""
        server: smtplib.SMTP
        if self._starttls == "implicit":
            server = _TimedTls(self._host, self._port, timeout=self._timeout, context=self._tls)
        else:
            server = _Timed(self._host, self._port, timeout=self._timeout)
        try:
            if self._starttls == "required":
                # Raises where it is not offered: somebody between us may have cut the offer out.
                server.starttls(context=self._tls)
            server.ehlo()
            if self._username:
                server.login(self._username, self._password)
        except BaseException:
            server.close()
            raise
        return server

    def _mail(self, message: Message, recipient: str, now: int) -> EmailMessage:
        """Plain text and HTML with the same words. Header values with a line end raise ``ValueError``."""
        mail = EmailMessage(policy=WIRE if recipient.isascii() else WIRE.clone(utf8=True))
        mail["From"] = self._sender
        local, _, domain = recipient.rpartition("@")
        mail["To"] = Address(username=local, domain=domain)
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
        # The same at every attempt, so that a mailbox can tell a repetition.
        mail["Message-ID"] = f"<{message.idempotency_key}@{self._sender.domain}>"
        # RFC 3834: nobody's out-of-office answers it, and it answers nobody.
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        if message.html:
            mail.add_alternative(message.html, subtype="html")
        # Last, since setting a content takes earlier headers of content away.
        mail["Content-Language"] = message.language
        return mail


class _Timed(smtplib.SMTP):
    """A conversation that ends in time as a whole; the timeout alone bounds each answer by itself."""

    _ends_at: float | None = None

    def getreply(self) -> tuple[int, bytes]:
        """The next answer; raises ``TimeoutError`` when the conversation has lasted too long."""
        self._hurry()
        return super().getreply()

    def send(self, s: "ReadableBuffer | str") -> None:
        """Send; raises ``TimeoutError`` likewise."""
        self._hurry()
        super().send(s)

    def _hurry(self) -> None:
        if self._ends_at is None:
            self._ends_at = time.monotonic() + _LONGEST_TALK
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the conversation lasted too long")
        if self.sock is not None:
            self.sock.settimeout(min(left, self.timeout))


class _TimedTls(_Timed, smtplib.SMTP_SSL):
    """The same under TLS from the start."""


def _ascii_domain(address: str) -> str:
    """The address with its domain in ASCII (IDNA 2008); raises ``Undeliverable``."""
    import idna

    local, _, domain = address.rpartition("@")
    if (
        not local
        or not domain
        or any(ord(c) <= 32 or ord(c) == 127 or c in _SPECIALS for c in local + domain)
    ):
        raise Undeliverable
    try:
        return f"{local}@{domain if domain.isascii() else idna.encode(domain).decode('ascii')}"
    except idna.IDNAError:
        raise Undeliverable from None
