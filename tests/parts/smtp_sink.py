"""A mail server that keeps what it receives, and refuses on demand."""

import asyncio
import contextlib
import email.policy
import hmac
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.parts.ports import free_port
from tests.parts.tls import Authority

USERNAME = "idp"
PASSWORD = "correct horse battery staple"

Stage = Literal["MAIL", "RCPT", "DATA"]


@dataclass(frozen=True)
class ReceivedMail:
    """One accepted message with the envelope it came in."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    over_tls: bool
    authenticated: bool

    @property
    def text(self) -> str:
        """The plain text part, decoded."""
        body = self.message.get_body(("plain",))
        return "" if body is None else str(body.get_content())


@dataclass
class Refusal:
    stage: Stage
    reply: str
    recipient: str | None
    times: int | None


class SmtpSink:
    """The running server's face for tests: where it is, what came in, what to refuse next."""

    username = USERNAME
    password = PASSWORD

    def __init__(self, port: int, authority: Authority | None) -> None:
        self.host = "localhost"
        self.port = port
        self.authority = authority
        self._arrived = threading.Condition()
        self._received: list[ReceivedMail] = []
        self._refusals: list[Refusal] = []

    @property
    def received(self) -> list[ReceivedMail]:
        """What was accepted so far, oldest first."""
        with self._arrived:
            return list(self._received)

    def wait_for_mail(self, recipient: str, seconds: float = 5.0, count: int = 1) -> ReceivedMail:
        """Return the `count`-th message to `recipient`; raise TimeoutError when it is not there in time."""
        with self._arrived:

            def to_recipient() -> list[ReceivedMail]:
                return [mail for mail in self._received if recipient in mail.recipients]

            if not self._arrived.wait_for(lambda: len(to_recipient()) >= count, timeout=seconds):
                raise TimeoutError(f"{len(to_recipient())} of {count} messages arrived in {seconds:g} s")
            return to_recipient()[count - 1]

    def refuse(
        self, reply: str, *, stage: Stage = "RCPT", recipient: str | None = None, times: int | None = None
    ) -> None:
        """Answer `reply` (as `451 4.7.1 Try later` or `550 5.1.1 Unknown`) at `stage`.

        For `recipient` only, or for everyone; `times` times, or until `forget()`.
        """
        with self._arrived:
            self._refusals.append(Refusal(stage, reply, recipient, times))

    def relent(self) -> None:
        """Take every mail again; what was received stays."""
        with self._arrived:
            self._refusals.clear()

    def forget(self) -> None:
        """Drop all messages and all refusals."""
        with self._arrived:
            self._received.clear()
            self._refusals.clear()

    def keep(self, mail: ReceivedMail) -> None:
        """Take a message in; called by the server's thread."""
        with self._arrived:
            self._received.append(mail)
            self._arrived.notify_all()

    def reply_to(self, stage: Stage, recipients: list[str]) -> str | None:
        """Return the refusal due now, counting it down, or None to accept."""
        with self._arrived:
            for refusal in self._refusals:
                concerned = refusal.recipient is None or refusal.recipient in recipients
                if refusal.stage == stage and concerned and refusal.times != 0:
                    if refusal.times is not None:
                        refusal.times -= 1
                    return refusal.reply
        return None


class _Handler:
    """What aiosmtpd calls; runs in the server's thread."""

    def __init__(self, sink: SmtpSink) -> None:
        self._sink = sink

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self._sink.reply_to("MAIL", [])
        if reply is None:
            envelope.mail_from = address
        return reply or "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self._sink.reply_to("RCPT", [address])
        if reply is None:
            envelope.rcpt_tos.append(address)
        return reply or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        reply = self._sink.reply_to("DATA", envelope.rcpt_tos)
        if reply is not None:
            return reply
        content = envelope.original_content or b""
        message = BytesParser(EmailMessage, policy=email.policy.SMTPUTF8).parsebytes(content)
        self._sink.keep(
            ReceivedMail(
                sender=envelope.mail_from or "",
                recipients=tuple(envelope.rcpt_tos),
                message=message,
                over_tls=session.ssl is not None,
                authenticated=bool(session.authenticated),
            )
        )
        return "250 OK"


def _authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth_data: object
) -> AuthResult:
    good = isinstance(auth_data, LoginPassword) and hmac.compare_digest(
        bytes(auth_data.login) + b"\0" + bytes(auth_data.password), f"{USERNAME}\0{PASSWORD}".encode()
    )
    # Not `handled`: the server itself is to answer a wrong password with 535.
    return AuthResult(success=good, handled=good)


class _Controller(Controller):
    """Ends its event loop completely: aiosmtpd stops the loop without closing it."""

    def stop(self, no_assert: bool = False) -> None:
        super().stop(no_assert=no_assert)
        loop = self.loop
        if not loop.is_closed():
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()


@contextlib.contextmanager
def smtp_sink(authority: Authority | None) -> Iterator[SmtpSink]:
    """Yield a mail server on localhost; with an authority it demands STARTTLS and a password first.

    Without one it takes plain connections without a password, as a relay on the same machine does.
    """
    sink = SmtpSink(free_port(), authority)
    tls: ssl.SSLContext | None = authority.server_context("localhost", "127.0.0.1") if authority else None
    controller = _Controller(
        _Handler(sink),
        hostname="127.0.0.1",
        port=sink.port,
        loop=asyncio.new_event_loop(),
        tls_context=tls,
        require_starttls=tls is not None,
        auth_required=tls is not None,
        authenticator=_authenticate if tls else None,
        enable_SMTPUTF8=True,
    )
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()
