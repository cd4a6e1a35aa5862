"""The one error the protocol raises towards clients (RFC 6749 §5.2, RFC 6750 §3.1)."""

import re

_ILLEGAL = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


class OAuthError(Exception):
    """A request that is answered with an OAuth error.

    ``error`` is a registered code, ``description`` a sentence for developers that repeats nothing of the
    request, ``status`` the HTTP status where the answer is not a redirect. ``challenge`` is the
    WWW-Authenticate scheme to answer with (``Basic``, ``Bearer`` or ``DPoP``), if any.
    """

    def __init__(
        self, error: str, description: str, status: int = 400, *, challenge: str | None = None
    ) -> None:
        super().__init__(error)
        self.error = error
        self.description = legal(description)
        self.status = status
        self.challenge = challenge

    def to_json(self) -> dict[str, str]:
        """The error response's body."""
        return {"error": self.error, "error_description": self.description}


def legal(text: str) -> str:
    """The text with each character that ``error_description`` may not hold turned into ``?``."""
    return _ILLEGAL.sub("?", text)


def invalid_request(description: str) -> OAuthError:
    """The request is malformed."""
    return OAuthError("invalid_request", description)


def invalid_grant(description: str) -> OAuthError:
    """The code or refresh token is not good for this client, or not any more."""
    return OAuthError("invalid_grant", description)


def invalid_scope(description: str) -> OAuthError:
    """The scope is unknown, malformed or more than was granted."""
    return OAuthError("invalid_scope", description)


def unauthorized_client(description: str) -> OAuthError:
    """The client may not do this."""
    return OAuthError("unauthorized_client", description)


def invalid_client(*, basic: bool = False) -> OAuthError:
    """Client authentication failed; the answer never tells why (RFC 6749 §5.2).

    ``basic`` tells that the client tried HTTP Basic: the answer then must carry that challenge.
    """
    return OAuthError(
        "invalid_client", "client authentication failed", 401, challenge="Basic" if basic else None
    )
