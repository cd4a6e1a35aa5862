"""Judging logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4 to §2.6)."""

import threading
from dataclasses import dataclass

from clients.clock import Clock
from clients.provider import Provider
from clients.tokens import (
    LEEWAY,
    TokenRefused,
    check_alive,
    check_issued_by,
    check_meant_for,
    read_signed,
    text_claim,
    time_claim,
)

KIND = "logout+jwt"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
LONGEST_LIFE = 600
"""Seconds after which a logout token is not taken, whatever it says: its `jti` is remembered that long."""
MOST_REMEMBERED = 50_000


@dataclass(frozen=True)
class LogoutOrder:
    """Whose sessions are to end: those of a provider's session, or all of a subject."""

    subject: str | None
    provider_session: str | None


class SeenTokens:
    """The `jti` of logout tokens already obeyed, for as long as one could be shown again."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._until: dict[str, int] = {}

    def first_time(self, jti: str) -> bool:
        """Whether `jti` was not seen before; from now on it was.

        When the memory is full the answer is no: a replay must not slip through.
        """
        with self._lock:
            now = self._now()
            for old in [known for known, until in self._until.items() if until <= now]:
                del self._until[old]
            if jti in self._until or len(self._until) >= MOST_REMEMBERED:
                return False
            self._until[jti] = now + LONGEST_LIFE + 2 * LEEWAY
            return True


def read_logout_token(
    token: str, *, provider: Provider, client_id: str, seen: SeenTokens, now: int
) -> LogoutOrder:
    """What the provider orders, once: a token shown again is refused.

    Raises TokenRefused, or ProviderUnavailable when there is no key to judge by.
    """
    claims = read_signed(token, kind=KIND, provider=provider)
    check_issued_by(claims, provider.issuer)
    check_meant_for(claims, client_id)
    check_alive(claims, now)
    if now - time_claim(claims, "iat") >= LONGEST_LIFE:
        raise TokenRefused("the token is old")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise TokenRefused("the token orders no logout")
    if "nonce" in claims:
        # §2.4: what has a nonce is an ID token dressed up.
        raise TokenRefused("the token has a nonce")
    subject = text_claim(claims, "sub") if "sub" in claims else None
    provider_session = text_claim(claims, "sid") if "sid" in claims else None
    if subject is None and provider_session is None:
        raise TokenRefused("the token names neither a person nor a session")
    if not seen.first_time(text_claim(claims, "jti")):
        raise TokenRefused("the token was shown before")
    return LogoutOrder(subject=subject, provider_session=provider_session)
