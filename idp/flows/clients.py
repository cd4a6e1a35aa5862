"""Clients: the directory every request looks them up in, and the use cases that change them.

The directory keeps clients in memory for a few seconds. Each change bumps a version row in its own
transaction, and the row is read once a second at most: a client that was disabled is refused within that
second, in every process. When the database does not answer, nobody is served from memory: a disabled client
must not come back.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from idp.accounts.audit import LONGEST_DETAIL, Event
from idp.oidc.authorization.checks import IDENTITY_SCOPES
from idp.oidc.client import Client, ClientKind
from idp.oidc.registration import (
    SECRET_METHODS,
    Fault,
    InvalidMetadata,
    can_be_client_id,
    check,
    defaults,
    from_metadata,
    to_metadata,
)
from idp.ports import Clock
from idp.store import audit, clients
from idp.store.database import Database
from idp.store.versions import version_of
from idp.values import Acr

if TYPE_CHECKING:
    from idp.flows.idp import Idp

_MOST_KEPT = 4096


class ClientDirectory:
    """Registered clients by id, from memory where they are fresh. Safe to use from several threads."""

    def __init__(self, database: Database, clock: Clock, *, ttl: float = 5.0, poll: float = 0.9) -> None:
        """``ttl`` and ``poll`` in seconds: how long an entry lives at most, how often the version is read."""
        self._database = database
        self._clock = clock
        self._ttl = ttl
        self._poll = poll
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Client | None]] = {}
        self._origins: Mapping[str, frozenset[str]] | None = None
        self._version = -1
        self._polled_at = float("-inf")

    def get(self, client_id: str) -> Client | None:
        """The client of this id, disabled ones included; None for an unknown id. Raises ``DatabaseDown``.

        An unknown id is kept as long as a known one, so that asking again costs the same for both. What no
        client can be called is neither asked for nor kept: no database takes every text.
        """
        if not can_be_client_id(client_id):
            return None
        at = self._clock.monotonic()
        kept = self._fresh(at).get(client_id)
        if kept is not None and kept[0] > at:
            return kept[1]
        with self._lock:
            version = self._version
        with self._database.reading() as tx:
            found = clients.find(tx, client_id)
        with self._lock:
            if version == self._version:
                if len(self._kept) >= _MOST_KEPT:
                    self._kept = {}
                self._kept[client_id] = (at + self._ttl, found)
        return found

    def origins(self) -> Mapping[str, frozenset[str]]:
        """The web origins of the redirect URIs of enabled clients, each with the ids of its clients."""
        self._fresh(self._clock.monotonic())
        known = self._origins
        if known is not None:
            return known
        with self._lock:
            version = self._version
        with self._database.reading() as tx:
            every = clients.every(tx)
        found: dict[str, set[str]] = {}
        for client in every:
            for uri in () if client.disabled else client.redirect_uris:
                parts = urlsplit(uri)
                if parts.scheme in ("https", "http"):
                    found.setdefault(f"{parts.scheme}://{parts.netloc}", set()).add(client.client_id)
        fresh = {origin: frozenset(ids) for origin, ids in found.items()}
        with self._lock:
            if version == self._version:
                self._origins = fresh
        return fresh

    def forget(self) -> None:
        """Drop everything: the next look-up reads the database."""
        with self._lock:
            self._kept = {}
            self._origins = None
            self._polled_at = float("-inf")

    def _fresh(self, at: float) -> dict[str, tuple[float, Client | None]]:
        if at - self._polled_at < self._poll:
            return self._kept
        with self._lock:
            # Whoever waited here while another thread asked finds the answer.
            if at - self._polled_at < self._poll:
                return self._kept
            with self._database.reading() as tx:
                version = version_of(tx, clients.VERSION)
            if version != self._version:
                self._kept = {}
                self._origins = None
                self._version = version
            # Counted from before the question, so that a slow answer does not stretch the second.
            self._polled_at = at
            return self._kept


@dataclass(frozen=True, slots=True)
class Registered:
    """A client was registered or changed; ``secret`` stands here this once, if it was given a new one."""

    client: Client
    secret: str | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, Any]:
        """The client information response (RFC 7591 §3.2.1)."""
        metadata = to_metadata(self.client)
        if self.client.disabled:
            metadata["disabled"] = True
        if self.secret is not None:
            metadata["client_secret"] = self.secret
            metadata["client_secret_expires_at"] = 0
        return metadata


@dataclass(frozen=True, slots=True)
class ClientIdTaken:
    """Another client has this id."""

    client_id: str


@dataclass(frozen=True, slots=True)
class NoSuchClient:
    """No client has this id."""

    client_id: str


def add(idp: "Idp", metadata: Mapping[str, Any], *, now: int) -> Registered | ClientIdTaken:
    """Register a client; what ``metadata`` leaves out follows from its ``client_kind``.

    Raises ``InvalidMetadata`` with every fault.
    """
    kind = _kind(metadata)
    stated = {name: value for name, value in metadata.items() if value is not None}
    whole = {**defaults(kind), **_audience(idp, kind), **stated}
    whole.setdefault("client_id", f"{kind}-{idp.entropy.identifier()}")
    client = _read(whole)
    _check(idp, client)
    secret = idp.entropy.handle() if client.auth_method in SECRET_METHODS else None
    client = replace(client, secret_digest=None if secret is None else secret.digest)
    kind_of_client = {"kind": client.kind.value, "auth_method": client.auth_method}
    with idp.writing() as tx:
        if not clients.insert(tx, client, now=now):
            return ClientIdTaken(client.client_id)
        audit.add(tx, Event.CLIENT_ADDED, at=now, client_id=client.client_id, details=kind_of_client)
    idp.clients.forget()
    return Registered(client, None if secret is None else secret.secret)


def update(idp: "Idp", client_id: str, changes: Mapping[str, Any], *, now: int) -> Registered | NoSuchClient:
    """Change a client's metadata; its secret and state stay, unless it begins to need a secret or ceases to.

    Raises ``InvalidMetadata`` with every fault.
    """
    fresh = idp.entropy.handle()
    stated = {name: value for name, value in changes.items() if value is not None}

    def changed(before: Client) -> Registered:
        fixed = {"client_id": before.client_id, "client_kind": before.kind.value}
        client = replace(_read({**to_metadata(before), **stated, **fixed}), disabled=before.disabled)
        _check(idp, client)
        if client.auth_method not in SECRET_METHODS:
            return Registered(client)
        if before.secret_digest is not None:
            return Registered(replace(client, secret_digest=before.secret_digest))
        return Registered(replace(client, secret_digest=fresh.digest), fresh.secret)

    return _change(idp, client_id, changed, Event.CLIENT_CHANGED, now=now)


def rotate_secret(idp: "Idp", client_id: str, *, now: int) -> Registered | NoSuchClient:
    """Give the client a new secret; the old one is refused within a second, in every process.

    Raises ``InvalidMetadata`` when the client has no secret to rotate.
    """
    fresh = idp.entropy.handle()

    def rotated(before: Client) -> Registered:
        if before.auth_method not in SECRET_METHODS:
            raise InvalidMetadata([Fault("token_endpoint_auth_method", "this client has no secret")])
        return Registered(replace(before, secret_digest=fresh.digest), fresh.secret)

    return _change(idp, client_id, rotated, Event.CLIENT_SECRET_ROTATED, now=now)


def disable(idp: "Idp", client_id: str, *, now: int) -> Registered | NoSuchClient:
    """Refuse the client everywhere, its tokens included, within a second; its registration stays."""
    return _change(
        idp,
        client_id,
        lambda before: Registered(replace(before, disabled=True)),
        Event.CLIENT_DISABLED,
        now=now,
    )


def enable(idp: "Idp", client_id: str, *, now: int) -> Registered | NoSuchClient:
    """Serve a disabled client again."""
    return _change(
        idp,
        client_id,
        lambda before: Registered(replace(before, disabled=False)),
        Event.CLIENT_ENABLED,
        now=now,
    )


def remove(idp: "Idp", client_id: str, *, now: int) -> NoSuchClient | None:
    """Forget the client, the consents given to it, and what was issued to it."""
    with idp.writing() as tx:
        found = clients.remove(tx, client_id, now=now)
        if found:
            audit.add(tx, Event.CLIENT_REMOVED, at=now, client_id=client_id)
    idp.clients.forget()
    return None if found else NoSuchClient(client_id)


def find(idp: "Idp", client_id: str) -> Client | None:
    """The client as it stands in the database."""
    with idp.reading() as tx:
        return clients.find(tx, client_id)


def listing(idp: "Idp", *, after: str = "", at_most: int = 200) -> tuple[Client, ...]:
    """At most so many clients in the order of their ids, from the first one after ``after``."""
    with idp.reading() as tx:
        return clients.page(tx, after=after, at_most=at_most)


def _change(
    idp: "Idp", client_id: str, change: Callable[[Client], Registered], event: Event, *, now: int
) -> Registered | NoSuchClient:
    """Read, change and write one client in one transaction, so that of two changes none is lost."""
    with idp.writing() as tx:
        before = clients.find(tx, client_id, to_change=True)
        if before is None:
            return NoSuchClient(client_id)
        after = change(before)
        clients.rewrite(tx, after.client, now=now)
        then = to_metadata(before)
        names = (name for name, value in to_metadata(after.client).items() if then.get(name) != value)
        details = {"changed": " ".join(sorted(names))[:LONGEST_DETAIL]}
        audit.add(
            tx,
            event,
            at=now,
            client_id=client_id,
            details=details if event is Event.CLIENT_CHANGED else None,
        )
    idp.clients.forget()
    return after


def _check(idp: "Idp", client: Client) -> None:
    resources = idp.settings.resources.values()
    check(
        client,
        known_scopes=frozenset(IDENTITY_SCOPES).union(*(resource.scopes for resource in resources)),
        audiences=frozenset(resource.audience for resource in resources),
        operation_types=idp.operation_types,
        development=idp.settings.service.development,
    )


def _kind(metadata: Mapping[str, Any]) -> ClientKind:
    try:
        return ClientKind(metadata.get("client_kind", ""))
    except ValueError:
        kinds = ", ".join(kind.value for kind in ClientKind)
        raise InvalidMetadata([Fault("client_kind", f"one of {kinds}")]) from None


def _audience(idp: "Idp", kind: ClientKind) -> dict[str, Any]:
    """The audience of the only resource there is, where an API does not name one."""
    audiences = [resource.audience for resource in idp.settings.resources.values()]
    return {"audience": audiences[0]} if kind is ClientKind.API and len(audiences) == 1 else {}


def _read(metadata: Mapping[str, Any]) -> Client:
    """The client these metadata describe; raises ``InvalidMetadata`` for values of another type."""
    texts = (
        "client_id",
        "client_name",
        "scope",
        "token_endpoint_auth_method",
        "id_token_signed_response_alg",
    )
    optional_texts = ("backchannel_logout_uri", "audience", "minimum_acr")
    lists = ("redirect_uris", "post_logout_redirect_uris", "grant_types", "authorization_details_types")
    booleans = (
        "pkce_required",
        "first_party",
        "require_pushed_authorization_requests",
        "dpop_bound_access_tokens",
    )
    faults = [Fault(name, "a text is wanted") for name in texts if not isinstance(metadata.get(name), str)]
    faults += [
        Fault(name, "a text is wanted")
        for name in optional_texts
        if not isinstance(metadata.get(name, ""), str)
    ]
    faults += [
        Fault(name, "a list of texts is wanted") for name in lists if not _texts(metadata.get(name, []))
    ]
    faults += [
        Fault(name, "true or false is wanted")
        for name in booleans
        if not isinstance(metadata.get(name, True), bool)
    ]
    if not isinstance(metadata.get("jwks", {}), Mapping):
        faults.append(Fault("jwks", "a JWK Set is wanted (RFC 7517 §5)"))
    if metadata.get("minimum_acr", Acr.SINGLE) not in [acr.value for acr in Acr]:
        faults.append(Fault("minimum_acr", f"one of {', '.join(Acr)}"))
    if faults:
        raise InvalidMetadata(faults)
    return from_metadata(metadata)


def _texts(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value)
