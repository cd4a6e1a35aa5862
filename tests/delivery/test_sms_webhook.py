"""SMS through a gateway that refuses, stalls, loses answers and must be able to check who speaks."""

import hashlib
import hmac
import time
from pathlib import Path
from typing import Any

import pytest

from idp.adapters.breaker import Breaker
from idp.adapters.sms_webhook import SmsWebhookCourier
from idp.ports import Delivery, Message
from idp.settings import Settings
from idp.values import MobileNumber
from tests.delivery.web import answering, raw_server
from tests.parts.ports import free_port
from tests.parts.sms_gateway import SmsGateway
from tests.parts.tls import Authority

NOW = 1_795_370_000
SECRET = "a secret that both sides hold"
SMS = Message(
    idempotency_key="outbox-row-1",
    to=MobileNumber("+393331234501"),
    purpose="registration_code",
    subject="",
    text="123456 è il tuo codice\n@localhost #123456",
    html="",
    language="it",
    code="123456",
)


class Hand:
    """A monotonic clock that tests move."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def courier(url: str, hand: Hand | None = None, **sms: Any) -> SmsWebhookCourier:
    settings = Settings.model_validate(
        {
            "delivery": {"sms": "webhook", "sms_sender": "AreaClienti"},
            "sms": {"url": url, "secret": SECRET, "timeout": 1, **sms},
        }
    )
    return SmsWebhookCourier(settings, hand or Hand())


def test_a_gateway_gets_what_it_needs_and_no_more(sms_gateway: SmsGateway) -> None:
    assert courier(sms_gateway.url).send(SMS, NOW) is Delivery.SENT
    (post,) = sms_gateway.posts
    assert post.json == {
        "id": "outbox-row-1",
        "to": "+393331234501",
        "from": "AreaClienti",
        "text": SMS.text,
        "purpose": "registration_code",
    }
    assert post.headers["Content-Type"] == "application/json"
    assert post.headers["Idempotency-Key"] == "outbox-row-1"


def test_the_signature_is_over_time_and_body(sms_gateway: SmsGateway) -> None:
    """Checked as docs/sms-webhook.md tells a gateway to."""
    courier(sms_gateway.url).send(SMS, NOW)
    (post,) = sms_gateway.posts
    timestamp = post.headers["Idp-Timestamp"]
    assert timestamp == str(NOW)
    wanted = hmac.new(SECRET.encode(), timestamp.encode() + b"." + post.body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(post.headers["Idp-Signature"], f"sha256={wanted}")


def test_the_check_that_the_manual_prints_works(
    sms_gateway: SmsGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "sms-webhook.md").read_text()
    printed: dict[str, Any] = {}
    exec(manual.partition("```python\n")[2].partition("```")[0], printed)
    is_ours = printed["is_ours"]
    monkeypatch.setattr(time, "time", lambda: NOW + 60.0)
    courier(sms_gateway.url).send(SMS, NOW)
    (post,) = sms_gateway.posts
    told = (post.headers["Idp-Timestamp"], post.headers["Idp-Signature"])
    assert is_ours(SECRET.encode(), *told, post.body)
    assert not is_ours(b"another secret", *told, post.body)
    assert not is_ours(SECRET.encode(), *told, post.body + b" ")
    assert not is_ours(SECRET.encode(), str(NOW + 1), told[1], post.body)
    monkeypatch.setattr(time, "time", lambda: NOW + 301.0)
    assert not is_ours(SECRET.encode(), *told, post.body)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Delivery.SENT),
        (202, Delivery.SENT),
        (301, Delivery.RETRY),
        (400, Delivery.REFUSED),
        (401, Delivery.REFUSED),
        (408, Delivery.RETRY),
        (422, Delivery.REFUSED),
        (425, Delivery.RETRY),
        (429, Delivery.RETRY),
        (500, Delivery.RETRY),
        (503, Delivery.RETRY),
    ],
)
def test_what_an_answer_means(sms_gateway: SmsGateway, status: int, outcome: Delivery) -> None:
    sms_gateway.fail(status, times=1)
    assert courier(sms_gateway.url).send(SMS, NOW) is outcome


def test_a_lost_answer_is_repeated_under_the_same_key(sms_gateway: SmsGateway) -> None:
    sms_gateway.lose_answer(times=1)
    carrying = courier(sms_gateway.url)
    assert carrying.send(SMS, NOW) is Delivery.RETRY
    assert carrying.send(SMS, NOW + 5) is Delivery.SENT
    assert {post.headers["Idempotency-Key"] for post in sms_gateway.accepted} == {"outbox-row-1"}
    first, second = sms_gateway.accepted
    # A recording of the first is no good later on.
    assert first.headers["Idp-Signature"] != second.headers["Idp-Signature"]


def test_a_gateway_that_stalls_costs_the_timeout(sms_gateway: SmsGateway) -> None:
    sms_gateway.delay(5)
    began = time.monotonic()
    assert courier(sms_gateway.url).send(SMS, NOW) is Delivery.RETRY
    assert time.monotonic() - began < 1.8


def test_after_failures_in_a_row_the_gateway_is_left_alone_then_tried_by_one(sms_gateway: SmsGateway) -> None:
    hand = Hand()
    carrying = courier(sms_gateway.url, hand, breaker_failures=3, breaker_seconds=30)
    sms_gateway.fail(503)
    for _ in range(10):
        assert carrying.send(SMS, NOW) is Delivery.RETRY
    assert len(sms_gateway.posts) == 3
    hand.at = 31
    assert carrying.send(SMS, NOW) is Delivery.RETRY
    assert carrying.send(SMS, NOW) is Delivery.RETRY
    assert len(sms_gateway.posts) == 4
    sms_gateway.forget()
    hand.at = 62
    assert carrying.send(SMS, NOW) is Delivery.SENT
    assert carrying.send(SMS, NOW) is Delivery.SENT


def test_refusals_of_messages_do_not_open_the_breaker(sms_gateway: SmsGateway) -> None:
    carrying = courier(sms_gateway.url, breaker_failures=2)
    sms_gateway.fail(422, times=5)
    for _ in range(5):
        assert carrying.send(SMS, NOW) is Delivery.REFUSED
    assert carrying.send(SMS, NOW) is Delivery.SENT


def test_one_success_forgets_the_failures_before() -> None:
    hand = Hand()
    breaker = Breaker(hand, failures=2, seconds=30)
    for _ in range(5):
        breaker.failed()
        assert breaker.admits()
        breaker.succeeded()


def test_nobody_listening_is_tried_again() -> None:
    assert courier(f"http://127.0.0.1:{free_port()}/").send(SMS, NOW) is Delivery.RETRY


def test_an_address_the_operator_mistyped_drops_no_message() -> None:
    assert courier("http://gateway.example.com/").send(SMS, NOW) is Delivery.RETRY


def test_tls_is_checked(authority: Authority) -> None:
    with raw_server(answering("200 OK"), tls=authority.server_context("localhost")) as gateway:
        assert courier(f"https://localhost:{gateway.port}/").send(SMS, NOW) is Delivery.RETRY
        assert gateway.requests == []


def test_a_redirect_takes_no_message_elsewhere() -> None:
    with raw_server(answering("200 OK")) as elsewhere:
        location = f"Location: http://127.0.0.1:{elsewhere.port}/"
        with raw_server(answering("307 Temporary Redirect", b"", location)) as gateway:
            assert courier(f"http://127.0.0.1:{gateway.port}/").send(SMS, NOW) is Delivery.RETRY
        assert elsewhere.connections == 0
