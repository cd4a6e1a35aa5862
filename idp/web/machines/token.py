"""The token, introspection and revocation endpoints."""

import structlog

from idp.flows import resources, token
from idp.flows.client_auth import authenticate
from idp.flows.dpop import key_of
from idp.flows.idp import Idp
from idp.oidc.client import Client
from idp.oidc.errors import OAuthError, invalid_request
from idp.oidc.parameters import Parameters
from idp.web.machines.answer import Answer, error_answer, json_answer
from idp.web.machines.call import Call
from idp.web.source import source_of

_log = structlog.get_logger("idp.web.machines")


def token_endpoint(idp: Idp, call: Call) -> Answer:
    """Give tokens for a grant (RFC 6749 §3.2)."""
    parameters = call.form()
    client = authenticated(idp, call, parameters, "token")
    try:
        key = key_of(idp, call.proof, method=call.method, path="/token", now=call.now)
        issued = token.grant(idp, client, parameters, key_thumbprint=key, now=call.now)
    except OAuthError as fault:
        _log.warning(
            "token_refused", error=fault.error, client_id=client.client_id, request_id=call.request_id
        )
        return error_answer(fault, idp.issuer, client_id=client.client_id)
    _log.info(
        "token_issued",
        grant_type=parameters.get("grant_type"),
        client_id=client.client_id,
        request_id=call.request_id,
    )
    return json_answer(issued.to_json(), client_id=client.client_id)


def introspection_endpoint(idp: Idp, call: Call) -> Answer:
    """Tell a protected resource about a token (RFC 7662 §2)."""
    parameters = call.form()
    client = authenticated(idp, call, parameters, "introspect")
    if not client.confidential:
        return error_answer(
            OAuthError("invalid_client", "the client must authenticate", 401),
            idp.issuer,
            client_id=client.client_id,
        )
    return json_answer(resources.introspect(idp, client, _token(parameters), now=call.now))


def revocation_endpoint(idp: Idp, call: Call) -> Answer:
    """End a token (RFC 7009 §2); 200 also for one that we do not know or that is another's."""
    parameters = call.form()
    client = authenticated(idp, call, parameters, "revoke")
    try:
        presented = _token(parameters)
    except OAuthError as fault:
        return error_answer(fault, idp.issuer, client_id=client.client_id)
    token.revoke(idp, client, presented, now=call.now)
    return json_answer({}, client_id=client.client_id)


def authenticated(idp: Idp, call: Call, parameters: Parameters, endpoint: str) -> Client:
    """The authenticated client; a refusal is logged without a word of what was presented."""
    try:
        return authenticate(idp, call.authorization, parameters, now=call.now)
    except OAuthError as fault:
        source = source_of(call.environ, trusted_proxies=idp.settings.service.trusted_proxies)
        _log.warning(
            "client_refused",
            endpoint=endpoint,
            error=fault.error,
            source=idp.sealer.pseudonym(f"source:{source}"),
            request_id=call.request_id,
        )
        raise


def _token(parameters: Parameters) -> str:
    presented = parameters.get("token")
    if presented is None:
        raise invalid_request("token is missing")
    return presented
