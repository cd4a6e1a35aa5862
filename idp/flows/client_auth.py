"""Who calls an endpoint for machines: the client, authenticated by the one method it registered."""

import hashlib

from idp.flows.idp import Idp
from idp.oidc.client import Client
from idp.oidc.client_auth import check_assertion, check_registered, presented
from idp.oidc.errors import invalid_client
from idp.oidc.parameters import Parameters


def authenticate(idp: Idp, authorization: str | None, parameters: Parameters, *, now: int) -> Client:
    """The client that makes this request. Raises ``OAuthError``, ``DatabaseDown`` and ``EphemeraDown``.

    ``authorization`` is the Authorization header. An assertion's ``jti`` is spent here, after everything else
    about it was found right, so that nobody can spend another's (RFC 7523 §3, item 7).
    """
    credentials = presented(authorization, parameters)
    client = check_registered(credentials, idp.clients.get(credentials.client_id))
    if credentials.method == "private_key_jwt":
        # FAPI 2.0 §5.3.2.1: the issuer alone, where the client has chosen that profile's way of asking.
        audiences = (idp.issuer,) if client.pushed_only else (idp.issuer, f"{idp.issuer}/token")
        assertion = check_assertion(credentials.proof or "", client, audiences=audiences, now=now)
        spent = hashlib.sha256(f"{client.client_id}\x00{assertion.jti}".encode("utf-8", "surrogatepass"))
        life = assertion.expires_at - now
        if not idp.ephemera.add(f"assertion:{spent.hexdigest()}", b"1", life, now):
            raise invalid_client()
    return client
