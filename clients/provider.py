"""What a relying party knows of its OpenID provider, fetched when first needed."""

import threading
from collections.abc import Mapping
from typing import Any

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from clients.clock import Clock, unix_now
from clients.outbound import AnswerUnusable, get_object

METADATA_LIFE = 3600
"""Seconds a discovery document is used before it is read again."""
KEYS_LIFE = 300
"""Seconds after which a withdrawn key is no longer believed (while the provider answers)."""
STALE_KEYS_LIFE = 3600
"""Seconds known keys outlive a provider that does not answer."""
REFETCH_GAP = 10
"""Seconds between two fetches for unknown key names: a forger must not make us hammer the provider."""


class ProviderUnavailable(Exception):
    """The provider's metadata or keys cannot be had now; asking again later may help."""


class Provider:
    """One OpenID provider: its metadata and its signing keys, cached and read again when they age.

    Nothing is fetched before it is asked for, so that a relying party starts while its provider is down.
    """

    def __init__(self, issuer: str, http: httpx.Client, now: Clock = unix_now) -> None:
        self.issuer = issuer
        self._http = http
        self._now = now
        self._lock = threading.Lock()
        self._metadata: Mapping[str, Any] | None = None
        self._metadata_read = 0
        self._keys: Mapping[str, ECKey] | None = None
        self._keys_read = 0
        self._keys_tried = 0

    def metadata(self) -> Mapping[str, Any]:
        """The discovery document; its `issuer` is ours to the letter (OpenID Connect Discovery §4.3).

        Raises ProviderUnavailable when there is none, or it speaks for another issuer.
        """
        with self._lock:
            return self._known_metadata()

    def endpoint(self, name: str) -> str:
        """The address advertised as `name`; raises ProviderUnavailable when it is not advertised."""
        address = self.metadata().get(name)
        if not isinstance(address, str):
            raise ProviderUnavailable(f"{name} is not advertised")
        return address

    def key(self, kid: str) -> ECKey | None:
        """The P-256 signing key published under `kid`, or None when the provider publishes no such key.

        Raises ProviderUnavailable when no keys can be had at all.
        """
        with self._lock:
            now = self._now()
            aged = self._keys is None or now - self._keys_read >= KEYS_LIFE
            if aged or (kid not in (self._keys or {}) and now - self._keys_tried >= REFETCH_GAP):
                self._read_keys(now)
            return (self._keys or {}).get(kid)

    def _known_metadata(self) -> Mapping[str, Any]:
        now = self._now()
        if self._metadata is not None and now - self._metadata_read < METADATA_LIFE:
            return self._metadata
        try:
            found = get_object(self._http, f"{self.issuer}/.well-known/openid-configuration")
        except AnswerUnusable as fault:
            if self._metadata is not None:
                return self._metadata
            raise ProviderUnavailable(str(fault)) from fault
        if found.get("issuer") != self.issuer:
            raise ProviderUnavailable("the discovery document speaks for another issuer")
        self._metadata, self._metadata_read = found, now
        return found

    def _read_keys(self, now: int) -> None:
        if self._keys is not None and now - self._keys_tried < REFETCH_GAP and self._still_usable(now):
            return
        self._keys_tried = now
        try:
            address = self._known_metadata().get("jwks_uri")
            if not isinstance(address, str):
                raise ProviderUnavailable("jwks_uri is not advertised")
            found = get_object(self._http, address)
        except (AnswerUnusable, ProviderUnavailable) as fault:
            if self._still_usable(now):
                return
            self._keys = None
            raise ProviderUnavailable(str(fault)) from fault
        self._keys, self._keys_read = _signing_keys(found), now

    def _still_usable(self, now: int) -> bool:
        return self._keys is not None and now - self._keys_read < STALE_KEYS_LIFE


def _signing_keys(document: Mapping[str, Any]) -> dict[str, ECKey]:
    """The P-256 keys of a JWK Set that may sign, by `kid` (RFC 7517 §5: the others are passed over)."""
    entries = document.get("keys")
    keys: dict[str, ECKey] = {}
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict) or entry.get("kty") != "EC" or entry.get("crv") != "P-256":
            continue
        kid = entry.get("kid")
        if not isinstance(kid, str):
            continue
        if entry.get("use", "sig") != "sig" or entry.get("alg", "ES256") != "ES256":
            continue
        try:
            keys[kid] = ECKey.import_key({name: entry[name] for name in ("kty", "crv", "x", "y")})
        except (JoseError, KeyError, ValueError, TypeError):
            continue
    return keys
