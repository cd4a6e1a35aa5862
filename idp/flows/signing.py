"""Signing tokens and publishing the keys that verify them.

Which key signs is the database's to say (``signing_keys``), the private keys are files: a node that lacks
the file of the active key cannot sign and is not ready. What is kept in memory here follows a version row
that is read once a second at most.
"""

import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from idp.oidc.jose import InvalidToken, Signer, VerifyingKey, public_key, verify
from idp.ports import Clock, KeyRing
from idp.store import keys
from idp.store.database import Database
from idp.store.keys import KeyRow
from idp.store.versions import version_of

ALGORITHMS = ("ES256", "RS256")
"""What tokens are signed with; ES256 unless a client registered RS256 for its ID tokens."""

_MOST_VERIFIED = 8192
_REREAD_AFTER = 60.0


class NoSigningKey(Exception):
    """This node has no active key for the algorithm; it must not serve until it has (``/health/ready``)."""

    def __init__(self, alg: str) -> None:
        super().__init__(f"no active {alg} key on this node")
        self.alg = alg


@dataclass(frozen=True, slots=True)
class _Table:
    """The keys at one moment, replaced whole."""

    signers: Mapping[str, Signer]
    verifying: Mapping[str, VerifyingKey]
    jwks: bytes
    etag: str
    verified: dict[bytes, Mapping[str, Any]] = field(default_factory=dict)


class Signers:
    """The active signing key of each algorithm, and the table of keys that verify; safe between threads.

    ``published_for`` is how long (seconds) a retired key stays in the JWK Set: as long as the last token it
    signed lives. ``trusted_for`` is how long we ourselves still believe its signature: an ID token comes
    back as hint after it has expired (OpenID Connect RP-Initiated Logout §2).
    """

    def __init__(
        self,
        database: Database,
        keyring: KeyRing,
        clock: Clock,
        *,
        published_for: int,
        trusted_for: int,
        poll: float = 0.9,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._clock = clock
        self._published_for = published_for
        self._trusted_for = max(trusted_for, published_for)
        self._poll = poll
        self._lock = threading.Lock()
        self._table: _Table | None = None
        self._version = -1
        self._polled_at = float("-inf")
        self._read_at = float("-inf")

    def sign(self, claims: Mapping[str, Any], alg: str, typ: str) -> str:
        """The claims, signed by the algorithm's active key. Raises ``NoSigningKey``, ``DatabaseDown``."""
        return self.signer(alg).sign(claims, typ)

    def signer(self, alg: str) -> Signer:
        """The active key of the algorithm; raises ``NoSigningKey`` and ``DatabaseDown``.

        A flow that spends something takes its signer first, so that a missing key costs nobody a token.
        """
        found = self._fresh().signers.get(alg)
        if found is None:
            raise NoSigningKey(alg)
        return found

    def jwks(self) -> tuple[bytes, str]:
        """The JWK Set as it is served, and its ETag (RFC 7517 §5). Raises ``DatabaseDown``."""
        table = self._fresh()
        return table.jwks, table.etag

    def verify(self, token: str, typ: str, algs: tuple[str, ...]) -> Mapping[str, Any]:
        """The claims of a token that one of our keys signed as this type; expiry is the caller's to judge.

        Raises ``InvalidToken`` and ``DatabaseDown``. A token seen before is recognised by its digest:
        verifying ES256 costs more than everything else a resource request needs.
        """
        table = self._fresh()
        seen = hashlib.sha256(
            f"{typ}\x00{','.join(algs)}\x00{token}".encode("utf-8", "surrogatepass")
        ).digest()
        kept = table.verified.get(seen)
        if kept is not None:
            return kept

        def ours(kid: str | None, _alg: str) -> VerifyingKey | None:
            return None if kid is None else table.verifying.get(kid)

        claims = MappingProxyType(verify(token, ours, typ=typ, algs=algs))
        if len(table.verified) >= _MOST_VERIFIED:
            table.verified.clear()
        table.verified[seen] = claims
        return claims

    def missing(self) -> tuple[str, ...]:
        """The algorithms this node cannot sign with; empty when it is ready. Raises ``DatabaseDown``."""
        signers = self._fresh().signers
        return tuple(alg for alg in ALGORITHMS if alg not in signers)

    def forget(self) -> None:
        """Read the keys' states again at the next use."""
        with self._lock:
            self._version = -1
            self._polled_at = float("-inf")

    def _fresh(self) -> _Table:
        at = self._clock.monotonic()
        table = self._table
        if table is not None and at - self._polled_at < self._poll:
            return table
        with self._lock:
            table = self._table
            if table is not None and at - self._polled_at < self._poll:
                return table
            with self._database.reading() as tx:
                version = version_of(tx, keys.VERSION)
                # Retired keys leave by the passing of time alone, hence the second reason to read.
                if table is None or version != self._version or at - self._read_at > _REREAD_AFTER:
                    table = self._build(keys.every(tx), table)
                    self._table = table
                    self._version = version
                    self._read_at = at
            self._polled_at = at
            return table

    def _build(self, rows: tuple[KeyRow, ...], before: _Table | None) -> _Table:
        now = self._clock.now()
        published = [row for row in rows if _lasts(row, self._published_for, now)]
        active = {row.alg: row.kid for row in rows if row.state == "active"}
        held = self._keyring.signing_keys()
        if any(kid not in held for kid in active.values()):
            self._keyring.reload()
            held = self._keyring.signing_keys()
        jwks = json.dumps({"keys": [dict(row.public) for row in published]}, separators=(",", ":")).encode()
        verifying = {row.kid: public_key(row.public) for row in rows if _lasts(row, self._trusted_for, now)}
        same = before is not None and before.verifying.keys() == verifying.keys()
        return _Table(
            signers={alg: Signer(held[kid]) for alg, kid in active.items() if kid in held},
            verifying=verifying,
            jwks=jwks,
            etag=f'"{hashlib.sha256(jwks).hexdigest()[:32]}"',
            verified=before.verified if before is not None and same else {},
        )


def _lasts(row: KeyRow, seconds: int, now: int) -> bool:
    return row.retired_at is None or row.retired_at + seconds > now


__all__ = ["ALGORITHMS", "InvalidToken", "NoSigningKey", "Signers"]
