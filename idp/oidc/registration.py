"""Client metadata (RFC 7591 §2, OpenID Connect Dynamic Client Registration §2): what may be registered.

A registration is judged whole: every fault is reported, not only the first. What is stored is the JSON object
that ``to_metadata`` writes and ``from_metadata`` reads back. Beside the registered names stand five of ours:
``client_kind``, ``pkce_required``, ``first_party``, ``minimum_acr`` and ``audience``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import SplitResult, urlsplit

from idp.oidc.client import Client, ClientKind
from idp.oidc.jose import public_key
from idp.oidc.operations.types import OperationType
from idp.values import Acr

AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post", "private_key_jwt")
"""Client authentication methods of the token endpoint (OpenID Connect Core §9)."""
SECRET_METHODS = frozenset({"client_secret_basic", "client_secret_post"})
GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials")
ID_TOKEN_ALGS = ("ES256", "RS256")
ASSERTION_ALGS = ("ES256", "PS256", "RS256")
LONGEST_URI = 2048
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

_DEFAULT_GRANTS: Mapping[ClientKind, frozenset[str]] = {
    ClientKind.WEB: frozenset({"authorization_code", "refresh_token"}),
    ClientKind.SPA: frozenset({"authorization_code", "refresh_token"}),
    ClientKind.NATIVE: frozenset({"authorization_code", "refresh_token"}),
    ClientKind.SERVICE: frozenset({"client_credentials"}),
    ClientKind.API: frozenset(),
}
_ALLOWED_GRANTS: Mapping[ClientKind, frozenset[str]] = {
    **_DEFAULT_GRANTS,
    ClientKind.WEB: frozenset(GRANT_TYPES),
    ClientKind.API: frozenset({"client_credentials"}),
}
_PUBLIC_KINDS = frozenset({ClientKind.SPA, ClientKind.NATIVE})
_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{1,63}")
# A subject identifier of ours: a client's tokens carry its id as `sub` (RFC 9068 §2.2), so the two never
# look alike.
_LIKE_A_SUB = re.compile(r"[A-Za-z0-9_-]{22}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_URI_CHARACTERS = re.compile(r"(?:[A-Za-z0-9\-._~:/?\[\]@!$&'()+,;=]|%[0-9A-Fa-f]{2})+")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a registration: the metadata name and a sentence."""

    name: str
    reason: str


def can_be_client_id(text: str) -> bool:
    """Whether a client could have this id; what somebody presents may hold NUL, lone surrogates, anything."""
    return _CLIENT_ID.fullmatch(text) is not None


class InvalidMetadata(ValueError):
    """The registration cannot be accepted; ``faults`` lists everything that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.name}: {fault.reason}" for fault in faults))
        self.faults = tuple(faults)


def from_metadata(
    stored: Mapping[str, Any], *, secret_digest: bytes | None = None, disabled: bool = False
) -> Client:
    """The client that was registered with ``to_metadata``'s object; nothing is judged again."""
    return Client(
        client_id=stored["client_id"],
        name=stored["client_name"],
        kind=ClientKind(stored["client_kind"]),
        redirect_uris=tuple(stored.get("redirect_uris", ())),
        post_logout_redirect_uris=tuple(stored.get("post_logout_redirect_uris", ())),
        backchannel_logout_uri=stored.get("backchannel_logout_uri"),
        scopes=frozenset(stored.get("scope", "").split()),
        grant_types=frozenset(stored.get("grant_types", ())),
        auth_method=stored["token_endpoint_auth_method"],
        jwks=stored.get("jwks"),
        id_token_alg=stored.get("id_token_signed_response_alg", "RS256"),
        pkce_required=stored.get("pkce_required", True),
        first_party=stored.get("first_party", False),
        pushed_only=stored.get("require_pushed_authorization_requests", False),
        dpop_bound=stored.get("dpop_bound_access_tokens", False),
        operation_types=frozenset(stored.get("authorization_details_types", ())),
        minimum_acr=Acr(stored.get("minimum_acr", Acr.SINGLE)),
        secret_digest=secret_digest,
        disabled=disabled,
        audience=stored.get("audience"),
    )


def to_metadata(client: Client) -> dict[str, Any]:
    """The client as a JSON object of metadata; secrets and state stand elsewhere."""
    metadata: dict[str, Any] = {
        "client_id": client.client_id,
        "client_name": client.name,
        "client_kind": client.kind.value,
        "application_type": "native" if client.kind is ClientKind.NATIVE else "web",
        "token_endpoint_auth_method": client.auth_method,
        "grant_types": sorted(client.grant_types),
        "response_types": ["code"] if "authorization_code" in client.grant_types else [],
        "scope": " ".join(sorted(client.scopes)),
        "redirect_uris": list(client.redirect_uris),
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        "id_token_signed_response_alg": client.id_token_alg,
        "pkce_required": client.pkce_required,
        "first_party": client.first_party,
        "require_pushed_authorization_requests": client.pushed_only,
        "dpop_bound_access_tokens": client.dpop_bound,
    }
    if client.operation_types:
        metadata["authorization_details_types"] = sorted(client.operation_types)
    if client.backchannel_logout_uri is not None:
        metadata["backchannel_logout_uri"] = client.backchannel_logout_uri
        metadata["backchannel_logout_session_required"] = True
    if client.jwks is not None:
        metadata["jwks"] = dict(client.jwks)
    if client.minimum_acr is not Acr.SINGLE:
        metadata["minimum_acr"] = client.minimum_acr.value
    if client.audience is not None:
        metadata["audience"] = client.audience
    return metadata


def defaults(kind: ClientKind) -> dict[str, Any]:
    """The metadata a client of this kind gets for what its registration leaves out."""
    return {
        "grant_types": sorted(_DEFAULT_GRANTS[kind]),
        "token_endpoint_auth_method": "none" if kind in _PUBLIC_KINDS else "client_secret_basic",
        "scope": "openid" if "authorization_code" in _DEFAULT_GRANTS[kind] else "",
        "id_token_signed_response_alg": "ES256",
        "pkce_required": True,
        "first_party": False,
        "require_pushed_authorization_requests": False,
        "dpop_bound_access_tokens": False,
    }


def check(
    client: Client,
    *,
    known_scopes: frozenset[str],
    audiences: frozenset[str],
    operation_types: Mapping[str, OperationType] = MappingProxyType({}),
    development: bool,
) -> None:
    """Accept the registration or raise ``InvalidMetadata`` with every fault.

    ``known_scopes`` are the scopes this provider issues, ``audiences`` those of its resources,
    ``operation_types`` what people can be asked to approve; ``development`` allows http redirects to this
    machine for web clients too.
    """
    faults = [
        *_identity(client),
        *_grants(client, known_scopes),
        *_authentication(client),
        *_addresses(client, development),
        *_audience(client, audiences),
        *_operations(client, operation_types),
    ]
    if faults:
        raise InvalidMetadata(faults)


def _identity(client: Client) -> list[Fault]:
    faults = []
    if not can_be_client_id(client.client_id):
        faults.append(Fault("client_id", "2 to 64 letters, digits, dots, hyphens, underscores and tildes"))
    elif _LIKE_A_SUB.fullmatch(client.client_id):
        faults.append(Fault("client_id", "it could be taken for a customer's identifier: not 22 characters"))
    if not client.name.strip() or len(client.name) > 100 or not client.name.isprintable():
        faults.append(Fault("client_name", "1 to 100 printable characters"))
    if client.id_token_alg not in ID_TOKEN_ALGS:
        faults.append(Fault("id_token_signed_response_alg", f"one of {', '.join(ID_TOKEN_ALGS)}"))
    return faults


def _grants(client: Client, known_scopes: frozenset[str]) -> list[Fault]:
    faults = []
    excess = client.grant_types - _ALLOWED_GRANTS[client.kind]
    if excess:
        faults.append(
            Fault("grant_types", f"not for a client of kind {client.kind}: {', '.join(sorted(excess))}")
        )
    if "refresh_token" in client.grant_types and "authorization_code" not in client.grant_types:
        faults.append(Fault("grant_types", "refresh_token needs authorization_code"))
    if "client_credentials" in client.grant_types and not client.confidential:
        faults.append(Fault("grant_types", "client_credentials is for confidential clients (RFC 6749 §4.4)"))
    if client.pushed_only and "authorization_code" not in client.grant_types:
        faults.append(
            Fault("require_pushed_authorization_requests", "nothing is pushed without authorization_code")
        )
    if client.dpop_bound and not client.grant_types:
        faults.append(Fault("dpop_bound_access_tokens", "no token is issued without a grant"))
    malformed = sorted(scope for scope in client.scopes if not _SCOPE.fullmatch(scope))
    unknown = sorted(client.scopes - known_scopes - set(malformed))
    if malformed:
        faults.append(Fault("scope", "printable ASCII without space, quote and backslash (RFC 6749 §3.3)"))
    if unknown:
        faults.append(Fault("scope", f"unknown: {', '.join(unknown)}"))
    if "authorization_code" in client.grant_types and "openid" not in client.scopes:
        faults.append(Fault("scope", "openid is wanted where people sign in"))
    if "offline_access" in client.scopes and "refresh_token" not in client.grant_types:
        faults.append(Fault("scope", "offline_access needs the refresh_token grant"))
    return faults


def _authentication(client: Client) -> list[Fault]:
    faults = []
    if client.auth_method not in AUTH_METHODS:
        faults.append(Fault("token_endpoint_auth_method", f"one of {', '.join(AUTH_METHODS)}"))
    elif client.kind in _PUBLIC_KINDS and client.confidential:
        faults.append(
            Fault("token_endpoint_auth_method", f"a client of kind {client.kind} cannot keep a secret")
        )
    elif client.kind not in _PUBLIC_KINDS and not client.confidential:
        faults.append(
            Fault("token_endpoint_auth_method", f"a client of kind {client.kind} must authenticate")
        )
    if not client.pkce_required and not client.confidential:
        faults.append(Fault("pkce_required", "public clients always use PKCE (RFC 9700 §2.1.1)"))
    if client.auth_method == "private_key_jwt" and client.jwks is None:
        faults.append(Fault("jwks", "private_key_jwt needs the client's public keys"))
    if client.jwks is not None:
        faults.extend(_keys(client.jwks))
    return faults


def _keys(jwks: Mapping[str, Any]) -> list[Fault]:
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not keys or len(keys) > 16:
        return [Fault("jwks", "a JWK Set with 1 to 16 keys is wanted (RFC 7517 §5)")]
    faults = []
    names = []
    for place, jwk in enumerate(keys):
        if not isinstance(jwk, dict):
            faults.append(Fault("jwks", f"key {place} is not an object"))
            continue
        try:
            key = public_key(jwk)
        except ValueError as fault:
            faults.append(Fault("jwks", f"key {place}: {fault}"))
            continue
        names.append(key.kid)
        if key.alg is not None and key.alg not in ASSERTION_ALGS:
            faults.append(Fault("jwks", f"key {place}: alg is none of {', '.join(ASSERTION_ALGS)}"))
    if len(set(names)) != len(names) or (len(names) > 1 and None in names):
        faults.append(Fault("jwks", "every key needs a kid of its own"))
    return faults


def _addresses(client: Client, development: bool) -> list[Fault]:
    faults = []
    if "authorization_code" in client.grant_types and not client.redirect_uris:
        faults.append(Fault("redirect_uris", "at least one is wanted"))
    if "authorization_code" not in client.grant_types and client.redirect_uris:
        faults.append(Fault("redirect_uris", "none is used without authorization_code"))
    for name, uris in (
        ("redirect_uris", client.redirect_uris),
        ("post_logout_redirect_uris", client.post_logout_redirect_uris),
    ):
        if len(set(uris)) != len(uris):
            faults.append(Fault(name, "the same address stands twice"))
        if len(uris) > 32:
            faults.append(Fault(name, "at most 32"))
        for uri in uris:
            reason = fault_of_redirect(uri, client.kind, development=development)
            if reason is not None:
                faults.append(Fault(name, f"{uri[:200]}: {reason}"))
    if client.backchannel_logout_uri is not None:
        reason = fault_of_redirect(client.backchannel_logout_uri, ClientKind.WEB, development=development)
        if reason is not None:
            faults.append(Fault("backchannel_logout_uri", f"{client.backchannel_logout_uri[:200]}: {reason}"))
        elif not client.confidential:
            faults.append(Fault("backchannel_logout_uri", "for confidential clients only"))
    return faults


def _audience(client: Client, audiences: frozenset[str]) -> list[Fault]:
    if client.kind is ClientKind.API:
        if client.audience is None:
            return [Fault("audience", "an API needs the audience of the tokens it may introspect")]
        if client.audience not in audiences:
            return [Fault("audience", "no resource of the settings has this audience")]
    elif client.audience is not None:
        return [Fault("audience", "only an API has an audience of its own")]
    return []


def _operations(client: Client, known: Mapping[str, OperationType]) -> list[Fault]:
    name = "authorization_details_types"
    unknown = sorted(client.operation_types - known.keys())
    if unknown:
        return [Fault(name, f"unknown: {', '.join(unknown)}")]
    scopes = {known[kind].scope for kind in client.operation_types}
    faults = [Fault(name, f"needs the scope {scope}") for scope in sorted(scopes - client.scopes)]
    if client.operation_types and "authorization_code" not in client.grant_types:
        faults.append(Fault(name, "nobody is asked without authorization_code"))
    return faults


def fault_of_redirect(uri: str, kind: ClientKind, *, development: bool) -> str | None:
    """Why a client of this kind may not be sent to ``uri``, or None when it may.

    https anywhere; http on this machine for native clients (RFC 8252 §7.3) and in development; a private-use
    scheme in reverse-domain form with a single slash for native clients (RFC 8252 §7.1).
    """
    if len(uri) > LONGEST_URI:
        return "too long"
    if "#" in uri:
        return "a fragment is not allowed (RFC 6749 §3.1.2)"
    if "*" in uri:
        return "a wildcard is not allowed"
    if not _URI_CHARACTERS.fullmatch(uri):
        return "only the characters of a URI are allowed, others percent-encoded (RFC 3986)"
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return "not a URI"
    if any(segment in (".", "..") for segment in parts.path.split("/")):
        return "a path with . or .. is not allowed"
    if parts.scheme in ("https", "http"):
        return _fault_of_web(uri, parts, port, local=development or kind is ClientKind.NATIVE)
    if kind is not ClientKind.NATIVE:
        return "https is wanted"
    if not _PRIVATE_SCHEME.fullmatch(parts.scheme):
        return "a private-use scheme is a domain name in reverse (RFC 8252 §7.1)"
    if not uri.startswith(f"{parts.scheme}:/") or uri.startswith(f"{parts.scheme}://"):
        return "a private-use scheme is followed by a single slash (RFC 8252 §7.1)"
    return None


def _fault_of_web(uri: str, parts: SplitResult, port: int | None, *, local: bool) -> str | None:
    host = parts.hostname or ""
    loopback = host in LOOPBACK_HOSTS
    authority = parts.netloc.rpartition("@")[2]
    if "@" in parts.netloc:
        return "a user name is not allowed"
    if not loopback and not _HOST.fullmatch(host):
        return "the host is not a domain name in lower-case ASCII"
    if not loopback and (host.rpartition(".")[2].isdigit() or "." not in host):
        return "the host is not a domain name"
    shown = f"[{host}]" if ":" in host else host
    if authority != (shown if port is None else f"{shown}:{port}") or not uri.startswith(
        f"{parts.scheme}://"
    ):
        return "scheme and host must be in lower case, the port a plain number"
    if port in (0, {"https": 443, "http": 80}[parts.scheme]):
        return "the scheme's own port is not written"
    if parts.scheme == "http" and not loopback:
        return "https is wanted"
    if parts.scheme == "http" and not local:
        return "http is for native clients and development only"
    return None
