"""Token introspection (RFC 7662): what a protected resource is told about a token."""

from typing import Any

from idp.oidc.client import Client, ClientKind
from idp.oidc.token.access_token import AccessToken

INACTIVE: dict[str, Any] = {"active": False}
"""The answer for everything that is not alive and meant for the asker; it never tells which (§2.2)."""

_TOLD = ("iss", "sub", "aud", "client_id", "scope", "iat", "exp", "jti", "auth_time", "acr", "amr", "sid")


def may_ask(client: Client) -> bool:
    """Whether the client is a protected resource with an audience of its own (§2.1)."""
    return client.kind is ClientKind.API and client.audience is not None


def answer(token: AccessToken, asker: Client) -> dict[str, Any]:
    """What the asker is told about a living token: all, if it is meant for the asker, else nothing."""
    if not may_ask(asker) or token.audience != asker.audience:
        return INACTIVE
    told = {name: token.claims[name] for name in (*_TOLD, "customer_number") if name in token.claims}
    return {"active": True, "token_type": "Bearer", **told}
