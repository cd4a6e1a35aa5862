"""The customer's name, from the provider's UserInfo endpoint (OpenID Connect Core §5.3)."""

from collections.abc import Mapping
from typing import Any

import httpx

from clients.outbound import AnswerUnusable, read_object
from clients.provider import Provider, ProviderUnavailable
from clients.tokens import TokenRefused


def read_userinfo(
    provider: Provider, http: httpx.Client, access_token: str, subject: str
) -> Mapping[str, Any]:
    """The claims about `subject`; empty when the provider has none to give now: a name is a courtesy.

    Raises TokenRefused when they are about somebody else (§5.3.2), which no honest provider answers.
    """
    try:
        address = provider.endpoint("userinfo_endpoint")
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
        with http.stream("GET", address, headers=headers) as answer:
            if answer.status_code != httpx.codes.OK:
                return {}
            claims = read_object(answer)
    except (ProviderUnavailable, AnswerUnusable, httpx.HTTPError):
        return {}
    if claims.get("sub") != subject:
        raise TokenRefused("the user information is about another person")
    return claims
