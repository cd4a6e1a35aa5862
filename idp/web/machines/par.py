"""The pushed authorization request endpoint (RFC 9126)."""

import structlog

from idp.accounts.lockout import Throttled
from idp.flows import throttle
from idp.flows.authorize import arriving
from idp.flows.dpop import key_of
from idp.flows.idp import Idp
from idp.oidc.errors import OAuthError
from idp.web.machines.answer import Answer, error_answer, json_answer, too_many
from idp.web.machines.call import Call
from idp.web.machines.token import authenticated
from idp.web.source import source_of

_log = structlog.get_logger("idp.web.machines")


def par_endpoint(idp: Idp, call: Call) -> Answer:
    """Take an authorization request from its client, and give the address a browser may bring (§2)."""
    parameters = call.form()
    client = authenticated(idp, call, parameters, "par")
    if not client.confidential:
        # Whoever knows its name may push in its name (§2.3).
        source = source_of(call.environ, trusted_proxies=idp.settings.service.trusted_proxies)
        decision = throttle.spend(idp, throttle.push_brakes(idp, source), now=call.now)
        if isinstance(decision, Throttled):
            _log.warning("push_throttled", client_id=client.client_id, request_id=call.request_id)
            return too_many(decision.retry_after, client.client_id)
    try:
        key = key_of(idp, call.proof, method=call.method, path="/par", now=call.now)
        pushed = arriving.push(idp, client, parameters, key_thumbprint=key, now=call.now)
    except OAuthError as fault:
        _log.warning(
            "push_refused", error=fault.error, client_id=client.client_id, request_id=call.request_id
        )
        return error_answer(fault, idp.issuer, client_id=client.client_id)
    content = {"request_uri": pushed.request_uri, "expires_in": pushed.expires_in}
    return json_answer(content, 201, client_id=client.client_id)
