"""SMS through a gateway's webhook: a signed POST of JSON (docs/sms-webhook.md tells how to check it)."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from http import HTTPStatus

import structlog

from idp.adapters.breaker import Breaker
from idp.adapters.egress import Egress, EgressFailed, EgressRefused
from idp.ports import Delivery, Message
from idp.settings import Settings

_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})

_LONGEST_WAIT = 25
"""Seconds for one post: less than half a lease, so that no other worker sends it meanwhile."""

_log = structlog.get_logger(__name__)


def signature(secret: bytes, timestamp: int, body: bytes) -> str:
    """HMAC-SHA256 over ``TIMESTAMP.BODY``, hexadecimal: a recorded post cannot be replayed as a later one."""
    return hmac.new(secret, str(timestamp).encode("ascii") + b"." + body, hashlib.sha256).hexdigest()


class SmsWebhookCourier:
    """A courier of SMS. The address is the operator's own choice, so it may stand in a private network."""

    def __init__(self, settings: Settings, monotonic: Callable[[], float] = time.monotonic) -> None:
        sms = settings.sms
        self._egress = Egress(
            anywhere=True,
            extra_ca_file=settings.service.extra_ca_file,
            seconds=min(sms.timeout, _LONGEST_WAIT),
        )
        self._breaker = Breaker(monotonic, failures=sms.breaker_failures, seconds=sms.breaker_seconds)
        self._url = sms.url
        self._secret = b"" if sms.secret is None else sms.secret.get_secret_value().encode()
        self._sender = settings.delivery.sms_sender

    def send(self, message: Message, now: int) -> Delivery:
        """Try once. 2xx is sent; 4xx but 408, 425 and 429 is refused; anything else is tried again."""
        if not self._breaker.admits():
            return Delivery.RETRY
        body = json.dumps(
            {
                "id": message.idempotency_key,
                "to": message.to.text,
                "from": self._sender,
                "text": message.text,
                "purpose": message.purpose,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": message.idempotency_key,
            "Idp-Timestamp": str(now),
            "Idp-Signature": f"sha256={signature(self._secret, now, body)}",
        }
        try:
            answer = self._egress.post(self._url, body, headers)
        except EgressRefused as why:
            # The operator's own address is wrong; the message is not, and must outlive the repair.
            _log.error("sms_gateway_address_refused", reason=why.reason)
            self._breaker.failed()
            return Delivery.RETRY
        except EgressFailed as why:
            _log.warning("sms_gateway_failed", reason=why.reason)
            self._breaker.failed()
            return Delivery.RETRY
        return self._judge(answer.status)

    def _judge(self, status: int) -> Delivery:
        if 200 <= status < 300:
            self._breaker.succeeded()
            return Delivery.SENT
        _log.warning("sms_gateway_answered", status=status)
        if 400 <= status < 500 and status not in _LATER:
            # It works; it just does not want this one.
            self._breaker.succeeded()
            return Delivery.REFUSED
        self._breaker.failed()
        return Delivery.RETRY
