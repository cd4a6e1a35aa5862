"""Mail against a real server: never in clear, never doubled by its own doing, never split by a header."""

import contextlib
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from idp.adapters.smtp import SmtpCourier
from idp.ports import Delivery, Message
from idp.settings import Settings
from idp.values import EmailAddress
from tests.parts.ports import free_port
from tests.parts.smtp_sink import SmtpSink
from tests.parts.smtp_sink import smtp_sink as sink_without_tls
from tests.parts.tls import Authority

NOW = 1_795_370_000


def message(to: str | EmailAddress = "anna.verdi@example.com", **changes: Any) -> Message:
    whole: dict[str, Any] = {
        "idempotency_key": "outbox-row-1",
        "to": EmailAddress(to) if isinstance(to, str) else to,
        "purpose": "registration_code",
        "subject": "Il tuo codice è qui, perché l’hai chiesto",
        "text": "Il codice è\n\n    123456\n",
        "html": "<!doctype html><html><body><p>Il codice è <b>123456</b></p></body></html>",
        "language": "it",
        **changes,
    }
    return Message(**whole)


def courier(sink: SmtpSink, **smtp: Any) -> SmtpCourier:
    secured = {
        "username": sink.username,
        "password": sink.password,
        "ca_file": None if sink.authority is None else str(sink.authority.ca_file),
    }
    return SmtpCourier(
        Settings.model_validate(
            {
                "delivery": {"email": "smtp", "sender_email": "noreply@clienti.example", "sender_name": ""},
                "smtp": {"host": sink.host, "port": sink.port, "timeout": 5, **secured, **smtp},
            }
        )
    )


def test_a_letter_arrives_over_tls_and_authenticated(smtp_sink: SmtpSink) -> None:
    assert courier(smtp_sink).send(message(), NOW) is Delivery.SENT
    mail = smtp_sink.wait_for_mail("anna.verdi@example.com")
    assert mail.over_tls
    assert mail.authenticated
    assert mail.sender == "noreply@clienti.example"
    letter = mail.message
    assert letter["From"] == "Area Clienti <noreply@clienti.example>"
    assert letter["To"] == "anna.verdi@example.com"
    assert letter["Subject"] == "Il tuo codice è qui, perché l’hai chiesto"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Content-Language"] == "it"
    assert letter["Date"].datetime.timestamp() == NOW
    assert letter.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
    assert "Il codice è" in mail.text
    html = letter.get_body(("html",))
    assert html is not None
    assert "Il codice è <b>123456</b>" in html.get_content()


def test_every_attempt_bears_the_same_message_id(smtp_sink: SmtpSink) -> None:
    for later in (0, 60):
        assert courier(smtp_sink).send(message(), NOW + later) is Delivery.SENT
    smtp_sink.wait_for_mail("anna.verdi@example.com", count=2)
    ids = {str(mail.message["Message-ID"]) for mail in smtp_sink.received}
    assert ids == {"<outbox-row-1@clienti.example>"}


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ("450 4.2.1 Mailbox busy", Delivery.RETRY),
        ("451 4.7.1 Greylisted", Delivery.RETRY),
        ("452 4.2.2 Mailbox full", Delivery.RETRY),
        ("550 5.1.1 Unknown", Delivery.REFUSED),
        ("554 5.7.1 Rejected", Delivery.REFUSED),
    ],
)
def test_a_temporary_refusal_is_tried_again_and_a_permanent_one_is_not(
    smtp_sink: SmtpSink, stage: Any, reply: str, outcome: Delivery
) -> None:
    smtp_sink.refuse(reply, stage=stage)
    assert courier(smtp_sink).send(message(), NOW) is outcome
    assert smtp_sink.received == []


def test_a_wrong_password_of_ours_drops_no_message(smtp_sink: SmtpSink) -> None:
    assert courier(smtp_sink, password="wrong").send(message(), NOW) is Delivery.RETRY
    assert smtp_sink.received == []


def test_a_certificate_of_an_unknown_authority_gets_nothing(smtp_sink: SmtpSink) -> None:
    assert courier(smtp_sink, ca_file=None).send(message(), NOW) is Delivery.RETRY
    assert smtp_sink.received == []


def test_a_certificate_of_another_host_gets_nothing(smtp_sink: SmtpSink) -> None:
    # The server's certificate names localhost and 127.0.0.1.
    assert courier(smtp_sink, host="127.0.1.1").send(message(), NOW) is Delivery.RETRY
    assert smtp_sink.received == []


def test_a_server_that_offers_no_tls_gets_neither_password_nor_message() -> None:
    with sink_without_tls(None) as plain:
        assert courier(plain, starttls="required").send(message(), NOW) is Delivery.RETRY
        assert plain.received == []


def test_starttls_cut_out_of_the_offer_sends_nothing_in_clear() -> None:
    """An attacker between us answers the greeting without STARTTLS."""

    def stripped(peer: socket.socket, _first: bytes) -> None:
        peer.sendall(b"250-server\r\n250 AUTH PLAIN LOGIN\r\n")
        heard.append(peer.recv(65536))
        peer.sendall(b"235 welcome\r\n")
        heard.append(peer.recv(65536))

    heard: list[bytes] = []
    with greeting_server(stripped) as port:
        plain = SmtpSink(port, None)
        assert courier(plain, starttls="required").send(message(), NOW) is Delivery.RETRY
    assert b"AUTH" not in b"".join(heard)
    assert b"MAIL" not in b"".join(heard)


def test_clear_text_goes_to_this_machine_and_to_no_other() -> None:
    with sink_without_tls(None) as plain:
        open_relay = {"starttls": "off", "username": "", "password": None}
        assert courier(plain, **open_relay).send(message(), NOW) is Delivery.SENT
        with pytest.raises(ValueError, match="this machine"):
            courier(plain, **open_relay, host="mail.example.com")


def test_tls_from_the_start_works(authority: Authority) -> None:
    kept: list[bytes] = []

    class Keeper:
        async def handle_DATA(  # noqa: N802 - aiosmtpd's name
            self, server: SMTP, session: Session, envelope: Envelope
        ) -> str:
            kept.append(envelope.original_content or b"")
            return "250 OK"

    port = free_port()
    controller = Controller(
        Keeper(), hostname="127.0.0.1", port=port, ssl_context=authority.server_context("localhost")
    )
    controller.start()
    try:
        implicit = {"starttls": "implicit", "username": "", "password": None}
        assert courier(SmtpSink(port, authority), **implicit).send(message(), NOW) is Delivery.SENT
        assert courier(SmtpSink(port, None), **implicit).send(message(), NOW) is Delivery.RETRY
    finally:
        controller.stop()
    assert len(kept) == 1


def test_a_domain_in_unicode_is_written_in_ascii(smtp_sink: SmtpSink) -> None:
    assert courier(smtp_sink).send(message("anna@città.example"), NOW) is Delivery.SENT
    mail = smtp_sink.wait_for_mail("anna@xn--citt-3na.example")
    assert mail.message["To"] == "anna@xn--citt-3na.example"


def test_a_name_in_unicode_needs_a_server_that_takes_it(smtp_sink: SmtpSink) -> None:
    assert courier(smtp_sink).send(message("niccolò@example.com"), NOW) is Delivery.SENT
    assert smtp_sink.wait_for_mail("niccolò@example.com").message["To"] == "niccolò@example.com"


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Codice\r\nBcc: mallory@example.com"},
        {"subject": "Codice\nBcc: mallory@example.com"},
        {"idempotency_key": "x>\r\nBcc: mallory@example.com"},
        {"language": "it\r\nBcc: mallory@example.com"},
        {"to": EmailAddress("anna@example.com\r\nBcc: mallory@example.com")},
        {"to": EmailAddress("anna@example.com>\r\nRCPT TO:<mallory@example.com")},
        {"to": EmailAddress("anna@example.com, mallory@example.com")},
        {"to": EmailAddress("anna@example.com,mallory@example.com")},
        {"to": EmailAddress("no-address")},
    ],
)
def test_no_header_and_no_recipient_can_be_slipped_in(smtp_sink: SmtpSink, changes: dict[str, Any]) -> None:
    assert courier(smtp_sink).send(message(**changes), NOW) is Delivery.REFUSED
    assert smtp_sink.received == []


def test_a_line_with_a_single_dot_does_not_end_the_letter(smtp_sink: SmtpSink) -> None:
    text = "uno\n.\nMAIL FROM:<mallory@example.com>\n..\ndue\n"
    assert courier(smtp_sink).send(message(text=text), NOW) is Delivery.SENT
    assert smtp_sink.wait_for_mail("anna.verdi@example.com").text.replace("\r\n", "\n") == text
    assert len(smtp_sink.received) == 1


def test_nobody_listening_is_tried_again() -> None:
    assert courier(SmtpSink(free_port(), None)).send(message(), NOW) is Delivery.RETRY


@contextlib.contextmanager
def greeting_server(talk: Any) -> Iterator[int]:
    """A server that greets first, as mail servers do, then hands over."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        import threading

        def serve() -> None:
            with contextlib.suppress(OSError):
                peer, _ = listening.accept()
                with peer:
                    peer.settimeout(5)
                    peer.sendall(b"220 server ESMTP\r\n")
                    talk(peer, peer.recv(65536))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(6)


def test_a_server_that_drips_its_answers_does_not_hold_us_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("idp.adapters.smtp._LONGEST_TALK", 0.6)

    def slow(peer: socket.socket, _first: bytes) -> None:
        for _ in range(20):
            time.sleep(0.25)
            peer.sendall(b"250-more\r\n250 AUTH PLAIN\r\n")
            peer.recv(65536)

    with greeting_server(slow) as port:
        began = time.monotonic()
        off = {"starttls": "off", "username": "", "password": None}
        assert courier(SmtpSink(port, None), **off).send(message(), NOW) is Delivery.RETRY
        assert time.monotonic() - began < 2
