"""Token introspection (RFC 7662): what a protected resource is told about a token."""

from typing import Any

from idp.oidc.client import Client, ClientKind
from idp.oidc.token.access_token import AccessToken

INACTIVE: dict[str, Any] = {"active": False}
"""The answer for everything that is not alive and meant for the asker; it never tells which (§2.2)."""

_TOLD = (
    *("iss", "sub", "aud", "client_id", "scope", "iat", "exp", "jti"),
    *("auth_time", "acr", "amr", "sid", "customer_number", "cnf"),
    # RFC 9396 §9.2.
    "authorization_details",
)


def is_for(token: AccessToken, asker: Client) -> bool:
    """Whether the asker is a protected resource, and the very one the token is meant for (§2.1, §4)."""
    return asker.kind is ClientKind.API and token.audience == asker.audience


def active(token: AccessToken) -> dict[str, Any]:
    """What the resource a living token is meant for is told about it."""
    told = {name: token.claims[name] for name in _TOLD if name in token.claims}
    token_type = "Bearer" if token.key_thumbprint is None else "DPoP"
    return {"active": True, "token_type": token_type, **told}
