"""Provider metadata (OpenID Connect Discovery 1.0 §3, RFC 8414 §2): what works, and nothing else."""

from collections.abc import Collection
from typing import Any

from idp.oidc.authorization.checks import IDENTITY_SCOPES, PROMPTS, RESPONSE_MODES
from idp.oidc.claims import CLAIMS_OF_SCOPE
from idp.oidc.dpop import ALGS as DPOP_ALGS
from idp.oidc.registration import ASSERTION_ALGS, AUTH_METHODS, GRANT_TYPES, ID_TOKEN_ALGS
from idp.values import Acr

_PROTOCOL_CLAIMS = ("iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash")


def metadata(
    issuer: str,
    *,
    resource_scopes: Collection[str],
    languages: Collection[str],
    operation_types: Collection[str] = (),
    documentation: str | None = None,
) -> dict[str, Any]:
    """The metadata of this provider; the same object serves both well-known addresses.

    ``languages`` are BCP 47 tags in canonical case.
    """
    confidential = [method for method in AUTH_METHODS if method != "none"]
    claims = dict.fromkeys(claim for names in CLAIMS_OF_SCOPE.values() for claim in names)
    found: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks",
        "introspection_endpoint": f"{issuer}/introspect",
        "revocation_endpoint": f"{issuer}/revoke",
        "pushed_authorization_request_endpoint": f"{issuer}/par",
        "end_session_endpoint": f"{issuer}/logout",
        "scopes_supported": [*IDENTITY_SCOPES, *sorted(resource_scopes)],
        "claims_supported": [*claims, *_PROTOCOL_CLAIMS],
        "claim_types_supported": ["normal"],
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(GRANT_TYPES),
        "subject_types_supported": ["public"],
        "acr_values_supported": [acr.value for acr in Acr],
        "prompt_values_supported": list(PROMPTS),
        "ui_locales_supported": list(languages),
        "id_token_signing_alg_values_supported": list(ID_TOKEN_ALGS),
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGS),
        "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGS),
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGS),
        "authorization_details_types_supported": sorted(operation_types),
        "dpop_signing_alg_values_supported": list(DPOP_ALGS),
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        # Its default is true (Discovery §3), so it has to be said.
        "request_uri_parameter_supported": False,
    }
    if documentation is not None:
        found["service_documentation"] = documentation
    return found
