"""RP-initiated logout: what a logout request may do, and whether the person is asked first.

OpenID Connect RP-Initiated Logout 1.0. A hint that names the session in this browser is the person's own
relying party speaking; anything else could be a stranger's link, so the person is asked (security bar
10.6.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from idp.oidc.client import Client
from idp.oidc.errors import OAuthError
from idp.oidc.session import Session


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A logout request whose parameters hold together; ``landing`` is where the browser goes afterwards, if
    anywhere."""

    client: Client | None
    landing: str | None
    confirmed_by_hint: bool


def judge(
    *,
    hint: Mapping[str, Any] | None,
    hint_sent: bool,
    client_id: str | None,
    client: Client | None,
    post_logout_redirect_uri: str | None,
    state: str | None,
    session: Session | None,
) -> LogoutRequest | OAuthError:
    """What the request comes to (§2, §3). ``hint`` is the verified claims of the id_token_hint, None if it
    was not ours."""
    if hint_sent and hint is None:
        return OAuthError("invalid_request", "id_token_hint is not an ID token of ours")
    if client_id is not None and (client is None or (hint is not None and client_id not in _audience(hint))):
        return OAuthError("invalid_request", "client_id does not fit the request")
    landing = None
    if post_logout_redirect_uri is not None:
        if client is None or post_logout_redirect_uri not in client.post_logout_redirect_uris:
            return OAuthError("invalid_request", "post_logout_redirect_uri is not registered for this client")
        if hint is not None or client_id is not None:
            landing = _with_state(post_logout_redirect_uri, state)
    own = (
        hint is not None
        and session is not None
        and hint.get("sid") == session.id
        and hint.get("sub") == session.sub
    )
    # Without a session there is nothing to end, hence nothing to ask.
    return LogoutRequest(client, landing, confirmed_by_hint=own or (session is None and hint is not None))


def _audience(hint: Mapping[str, Any]) -> tuple[str, ...]:
    audience = hint.get("aud")
    return tuple(audience) if isinstance(audience, list) else (str(audience),)


def _with_state(uri: str, state: str | None) -> str:
    if state is None:
        return uri
    return f"{uri}{'&' if urlsplit(uri).query else '?'}{urlencode({'state': state})}"
