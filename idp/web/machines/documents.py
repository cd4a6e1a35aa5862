"""Discovery and the JWK Set: bytes made beforehand, with an ETag, that anybody may keep for a while."""

import hashlib
import json

from idp.flows.idp import Idp
from idp.oidc.discovery import metadata
from idp.web.machines.answer import JSON, Answer, Header
from idp.web.machines.call import Call

DISCOVERY_CACHE = 300
"""Seconds for which the metadata may be kept."""


class Discovery:
    """The metadata document, built once: it depends on the settings alone, never on the request."""

    def __init__(self, idp: Idp) -> None:
        scopes = [scope for resource in idp.settings.resources.values() for scope in resource.scopes]
        languages = idp.settings.languages.offered
        content = metadata(
            idp.issuer,
            resource_scopes=scopes,
            languages=languages,
            operation_types=idp.operation_types.keys(),
        )
        self._body = json.dumps(content, separators=(",", ":")).encode()
        self._headers = _cacheable(f'"{hashlib.sha256(self._body).hexdigest()[:32]}"', DISCOVERY_CACHE)

    def __call__(self, _idp: Idp, call: Call) -> Answer:
        """The document, or that the caller's copy is still good."""
        return _unless_known(call, self._headers, self._body)


class RelatedOrigins:
    """The other sites whose pages may use passkeys made here (WebAuthn §5.11), built once."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._body = json.dumps({"origins": origins}, separators=(",", ":")).encode()
        self._headers = _cacheable(f'"{hashlib.sha256(self._body).hexdigest()[:32]}"', DISCOVERY_CACHE)

    def __call__(self, _idp: Idp, call: Call) -> Answer:
        """The document, or that the caller's copy is still good."""
        return _unless_known(call, self._headers, self._body)


def jwks_endpoint(idp: Idp, call: Call) -> Answer:
    """The public keys that verify our tokens (RFC 7517 §5)."""
    body, etag = idp.signers.jwks()
    return _unless_known(call, _cacheable(etag, idp.settings.keys.jwks_cache_seconds), body)


def _cacheable(etag: str, seconds: int) -> tuple[Header, ...]:
    return (JSON, ("Cache-Control", f"public, max-age={seconds}"), ("ETag", etag))


def _unless_known(call: Call, headers: tuple[Header, ...], body: bytes) -> Answer:
    known = call.environ.get("HTTP_IF_NONE_MATCH")
    if known is not None and _names(known, headers[2][1]):
        return Answer(304, headers[1:])
    return Answer(200, headers, body)


def _names(header: str, etag: str) -> bool:
    """Whether If-None-Match names this tag, by weak comparison (RFC 9110 §13.1.2)."""
    return header.strip() == "*" or any(part.strip().removeprefix("W/") == etag for part in header.split(","))
