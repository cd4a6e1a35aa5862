"""Whether a request can be trusted, and whether it is one that can be answered."""

from dataclasses import dataclass

from idp.flows import push as pushes
from idp.flows.authorize.answering import Answered
from idp.flows.idp import Idp
from idp.flows.signing import InvalidToken
from idp.oidc.authorization import pushed, response
from idp.oidc.authorization.checks import DISPLAYED, REDIRECTED, Asked, Policy, first_fault, request_from
from idp.oidc.authorization.request import AuthorizationRequest
from idp.oidc.client import Client
from idp.oidc.errors import OAuthError
from idp.oidc.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Shown:
    """The request is not to be answered by a redirect: a page says what is wrong."""

    fault: OAuthError


def policy_of(idp: Idp) -> Policy:
    """What the settings say about authorization requests."""
    limits = idp.settings.limits
    return Policy(idp.audiences, limits.state_bytes, limits.state_bytes, operation_types=idp.operation_types)


def validated(
    idp: Idp, parameters: Parameters, *, now: int
) -> tuple[AuthorizationRequest, Client] | Shown | Answered:
    """The request and its client, of parameters sent now or pushed before; else what is answered."""
    client_id, uri = parameters.get("client_id"), parameters.get("request_uri")
    reference = None
    if uri is not None and pushed.is_reference(uri):
        found = pushes.find(idp, uri, client_id, now=now)
        if found is None:
            return Shown(pushed.unknown())
        # Judged again: the client may have changed since.
        reference, parameters = found
    client = None if client_id is None else idp.clients.get(client_id)
    asked = Asked(parameters, client, policy_of(idp), reference)
    fault = first_fault(DISPLAYED, asked)
    if fault is not None:
        return Shown(fault)
    fault, hinted_sub = redirected_fault(idp, asked)
    if fault is not None:
        mode = parameters.get("response_mode") or "query"
        return Answered(
            response.failure(
                redirect_uri=parameters.get("redirect_uri") or "",
                response_mode=mode,
                state=parameters.get("state"),
                issuer=idp.issuer,
                fault=fault,
            )
        )
    return request_from(asked, hinted_sub=hinted_sub), asked.known_client


def redirected_fault(idp: Idp, asked: Asked) -> tuple[OAuthError | None, str | None]:
    """What the relying party is to be told is wrong, if anything; else the ``sub`` of its hint, if any."""
    fault = first_fault(REDIRECTED, asked)
    hint = asked.get("id_token_hint")
    if fault is not None or hint is None:
        return fault, None
    hinted_sub = _hinted_sub(idp, hint, asked.known_client)
    if hinted_sub is None:
        return OAuthError("invalid_request", "id_token_hint is not an ID token of this client"), None
    return None, hinted_sub


def _hinted_sub(idp: Idp, hint: str, client: Client) -> str | None:
    # An expired ID token is a good hint (OpenID Connect Core §3.1.2.1); one for another client is not.
    try:
        claims = idp.signers.verify(hint, typ="JWT", algs=("ES256", "RS256"))
    except InvalidToken:
        return None
    audience = claims.get("aud")
    if claims.get("iss") != idp.issuer or client.client_id not in (
        audience if isinstance(audience, list) else [audience]
    ):
        return None
    return str(claims["sub"])
