"""Tells a relying party of a logout (OpenID Connect Back-Channel Logout 1.0 §2.5)."""

from http import HTTPStatus
from urllib.parse import urlencode

import structlog

from idp.adapters.egress import Egress, EgressFailed, EgressRefused
from idp.ports import Delivery
from idp.settings import Settings

_LATER = frozenset(
    {
        # §2.8: the relying party answers 400 when the logout failed, too; keys it caches may just be old.
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)

_LONGEST_WAIT = 25
"""Seconds for one call: less than half a lease, so that no other worker sends it meanwhile."""

_log = structlog.get_logger(__name__)


class BackchannelLogout:
    """Posts logout tokens to the addresses that clients registered."""

    def __init__(self, settings: Settings) -> None:
        self._egress = Egress(
            allow_loopback=settings.logout.allow_loopback_callbacks,
            extra_ca_file=settings.service.extra_ca_file,
            seconds=min(settings.logout.backchannel_timeout, _LONGEST_WAIT),
        )

    def send(self, uri: str, logout_token: str) -> Delivery:
        """POST ``logout_token=…`` and nothing else; no redirect is followed. Raises nothing."""
        form = urlencode({"logout_token": logout_token}).encode("ascii")
        try:
            answer = self._egress.post(uri, form, {"Content-Type": "application/x-www-form-urlencoded"})
        except EgressRefused as why:
            _log.warning("logout_call_refused", reason=why.reason)
            return Delivery.REFUSED
        except EgressFailed as why:
            _log.info("logout_call_failed", reason=why.reason)
            return Delivery.RETRY
        if 200 <= answer.status < 300:
            return Delivery.SENT
        _log.info("logout_call_answered", status=answer.status)
        if 400 <= answer.status < 500 and answer.status not in _LATER:
            return Delivery.REFUSED
        return Delivery.RETRY
