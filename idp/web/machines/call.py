"""One call of a machine: what it brings, read strictly."""

import re
from collections.abc import Mapping
from typing import Any

from idp.flows.resources import Presented
from idp.oidc.errors import OAuthError, invalid_request
from idp.oidc.parameters import NONE, BadParameters, Parameters, parse

FORM = "application/x-www-form-urlencoded"

_TOKEN = re.compile(r"(bearer|dpop) +([A-Za-z0-9\-._~+/]+=*)", re.IGNORECASE)
_SCHEMES = {"bearer": "Bearer", "dpop": "DPoP"}


class Call:
    """A request of a machine; ``now`` is read once, epoch seconds. The body's length was checked before."""

    __slots__ = ("environ", "limit", "method", "now", "request_id")

    def __init__(self, environ: Mapping[str, Any], *, now: int, limit: int, request_id: str) -> None:
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.now = now
        self.limit = limit
        self.request_id = request_id

    @property
    def authorization(self) -> str | None:
        """The Authorization header."""
        return self.environ.get("HTTP_AUTHORIZATION")

    @property
    def proof(self) -> str | None:
        """The DPoP header; several come joined by a comma, which no proof has."""
        return self.environ.get("HTTP_DPOP")

    def form(self) -> Parameters:
        """The form's parameters; raises ``OAuthError``.

        Parameters in the address are refused, even beside a body: they end up in logs, and two readers may
        believe two places (RFC 6749 §3.2; security bar A7).
        """
        if self.environ.get("QUERY_STRING"):
            raise invalid_request("parameters belong in the body")
        content_type = self.environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if content_type != FORM:
            raise invalid_request(f"the body must be {FORM}")
        return self._read()

    def presented(self) -> Presented:
        """The access token, from the header or the body; raises ``OAuthError`` (RFC 6750 §2, RFC 9449 §7.1).

        A token in the address is refused (§2.3; RFC 9700 §4.3.2), and so are two of them.
        """
        if "access_token" in self.environ.get("QUERY_STRING", ""):
            raise OAuthError("invalid_request", "a token in the address is refused", 400, challenge="Bearer")
        token = None
        content_type = self.environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if self.method == "POST" and content_type == FORM:
            token = self._read().get("access_token")
        header = self.authorization
        if header is not None:
            if token is not None:
                raise OAuthError("invalid_request", "the token was sent twice", 400, challenge="Bearer")
            scheme = _SCHEMES.get(header.partition(" ")[0].lower())
            found = _TOKEN.fullmatch(header)
            if scheme is not None and found is None:
                raise OAuthError(
                    "invalid_request", "the Authorization header is malformed", 400, challenge=scheme
                )
            if scheme is not None and found is not None:
                return Presented(found[2], scheme, self.proof, self.method)
        if token is None:
            raise OAuthError("", "", 401, challenge="Bearer")
        return Presented(token)

    def _read(self) -> Parameters:
        length = int(self.environ.get("CONTENT_LENGTH") or 0)
        if length == 0:
            return NONE
        body: bytes = self.environ["wsgi.input"].read(length)
        if len(body) != length:
            raise invalid_request("the body is shorter than announced")
        try:
            return parse(body, limit=self.limit)
        except BadParameters as fault:
            raise OAuthError(fault.error, fault.description) from None
