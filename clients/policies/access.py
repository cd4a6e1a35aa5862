"""Who may read: access tokens judged offline (RFC 9068), bound ones with their proof (RFC 9449),
challenges by RFC 6750."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Request, Response, jsonify

from clients.clock import Clock
from clients.policies.proof import ALGORITHM, Proofs
from clients.provider import Provider
from clients.tokens import (
    TokenRefused,
    check_alive,
    check_issued_by,
    check_meant_for,
    read_signed,
    text_claim,
)

ACCESS_TOKEN_KIND = "at+jwt"
SCOPE = "policies"
REALM = "policies"
SCHEMES = {"bearer": "Bearer", "dpop": "DPoP"}


@dataclass(frozen=True)
class Reader:
    """The customer an access token speaks for, and the client that holds it."""

    customer_number: str
    subject: str
    client_id: str
    scheme: str
    """How the token was presented: as `Bearer`, or as `DPoP` with a proof."""


@dataclass(frozen=True)
class Presented:
    """An access token that holds: our issuer's, for us, alive, and shown by whoever has its key."""

    scheme: str
    token: str = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)

    @property
    def customer_number(self) -> str:
        """The customer it speaks for; raises Denied when it speaks for none."""
        number = self.claims.get("customer_number")
        if not isinstance(number, str) or not number:
            raise Denied(403, "insufficient_scope", "the token speaks for no customer", self.scheme)
        return number


class Denied(Exception):
    """The request is refused: `status` and, where the token is the fault, the `error` of RFC 6750 §3.1, told
    under the scheme that was used, with the `attributes` of what would do."""

    def __init__(
        self,
        status: int,
        error: str | None = None,
        description: str | None = None,
        scheme: str = "Bearer",
        attributes: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(error or "unauthenticated")
        self.scheme = scheme
        self.status = status
        self.error = error
        self.description = description
        self.attributes = attributes or {}


@dataclass(frozen=True)
class Gate:
    """Lets a request in when its access token is our issuer's, for us, and alive."""

    provider: Provider
    audience: str
    now: Clock
    proofs: Proofs

    def admit(self, request: Request) -> tuple[Reader, str]:
        """The reader of policies, and the token of scope `policies` that proved it.

        Raises Denied with the fitting challenge, or ProviderUnavailable when there is no key to judge by.
        """
        shown = self.verify(request)
        scope = shown.claims.get("scope")
        if not isinstance(scope, str) or SCOPE not in scope.split(" "):
            needed = {"scope": SCOPE}
            raise Denied(403, "insufficient_scope", f"the scope {SCOPE} is needed", shown.scheme, needed)
        reader = Reader(
            customer_number=shown.customer_number,
            subject=shown.claims["sub"],
            client_id=shown.claims["client_id"],
            scheme=shown.scheme,
        )
        return reader, shown.token

    def verify(self, request: Request) -> Presented:
        """The request's token, which may be of any scope.

        Raises Denied with the fitting challenge, or ProviderUnavailable when there is no key to judge by.
        """
        scheme, token = presented(request)
        try:
            claims = read_signed(token, kind=ACCESS_TOKEN_KIND, provider=self.provider)
            check_issued_by(claims, self.provider.issuer)
            check_meant_for(claims, self.audience)
            check_alive(claims, self.now())
            for name in ("jti", "sub", "client_id"):
                text_claim(claims, name)
        except TokenRefused as fault:
            raise Denied(401, "invalid_token", str(fault), scheme) from fault
        self._check_key(request, claims, scheme, token)
        return Presented(scheme, token, claims)

    def _check_key(self, request: Request, claims: Mapping[str, Any], scheme: str, token: str) -> None:
        """Return when the caller has the key the token is bound to, if it is bound to one (RFC 9449 §7.1)."""
        bound = claims.get("cnf")
        if (bound is not None) is not (scheme == "DPoP"):
            # A bound token is no bearer token, nor the other way round.
            raise Denied(401, "invalid_token", "the token is presented under the wrong scheme", scheme)
        if bound is None:
            return
        thumbprint = bound.get("jkt") if isinstance(bound, dict) else None
        if not isinstance(thumbprint, str):
            raise Denied(401, "invalid_token", "the token is bound to something unknown", scheme)
        try:
            self.proofs.check(request, token, thumbprint)
        except TokenRefused as fault:
            raise Denied(401, "invalid_dpop_proof", str(fault), scheme) from fault


def presented(request: Request) -> tuple[str, str]:
    """Scheme and token of the Authorization header, the only place where we take one.

    Raises Denied: without an error code when nothing was offered, `invalid_request` when it was offered
    wrongly, as in the query (RFC 9700 §4.3.2).
    """
    if "access_token" in request.args:
        raise Denied(400, "invalid_request", "a token travels in the Authorization header only")
    offered = request.headers.getlist("Authorization")
    if not offered:
        raise Denied(401)
    if len(offered) > 1:
        raise Denied(400, "invalid_request", "one Authorization header, please")
    named, _, token = offered[0].partition(" ")
    scheme = SCHEMES.get(named.lower())
    if scheme is None:
        raise Denied(401)
    token = token.strip(" ")
    if not token or not token.isascii() or any(character in token for character in ' ,"\t'):
        raise Denied(400, "invalid_request", "the token is malformed", scheme)
    return scheme, token


def denial(denied: Denied) -> Response:
    """The answer to a refused request: JSON for people, `WWW-Authenticate` for the client (RFC 6750 §3)."""
    answer = jsonify({"error": denied.error or "unauthenticated", "error_description": denied.description})
    answer.status_code = denied.status
    challenge = [f'realm="{REALM}"']
    if denied.error is not None:
        challenge.append(f'error="{denied.error}"')
    if denied.description is not None:
        challenge.append(f'error_description="{denied.description}"')
    challenge += [f'{name}="{value}"' for name, value in denied.attributes.items()]
    algorithms = f'algs="{ALGORITHM}"'
    if denied.scheme == "DPoP":
        challenge.append(algorithms)
    told = f"{denied.scheme} {', '.join(challenge)}"
    answer.headers["WWW-Authenticate"] = told if denied.scheme == "DPoP" else f"{told}, DPoP {algorithms}"
    return answer
