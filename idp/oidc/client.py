"""An OAuth client as it was registered, by the metadata names of RFC 7591 and OpenID Connect Registration
1.0."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from idp.values import Acr


class ClientKind(StrEnum):
    """What sort of program the client is; it decides the defaults and what is allowed."""

    WEB = "web"
    SPA = "spa"
    NATIVE = "native"
    SERVICE = "service"
    API = "api"


@dataclass(frozen=True, slots=True)
class Client:
    """One registered client. Sets are by the registered names; ``secret_digest`` is SHA-256 of a 256-bit
    secret."""

    client_id: str
    name: str
    kind: ClientKind
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    scopes: frozenset[str] = frozenset()
    grant_types: frozenset[str] = frozenset()
    auth_method: str = "none"
    jwks: Mapping[str, Any] | None = None
    id_token_alg: str = "ES256"
    pkce_required: bool = True
    first_party: bool = False
    # Whether it may ask by pushed requests only (RFC 9126 §6).
    pushed_only: bool = False
    # Whether its tokens are always bound to a key (RFC 9449 §5.2).
    dpop_bound: bool = False
    # The types of operations it may ask people to approve (RFC 9396 §10).
    operation_types: frozenset[str] = frozenset()
    # The least class with which it is answered; no request of it lowers that.
    minimum_acr: Acr = Acr.SINGLE
    secret_digest: bytes | None = field(default=None, repr=False)
    disabled: bool = False
    # The resource whose tokens an API client may introspect (its own audience); empty: none.
    audience: str | None = None

    @property
    def confidential(self) -> bool:
        """Whether it can keep a secret (RFC 6749 §2.1)."""
        return self.auth_method != "none"
