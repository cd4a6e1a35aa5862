"""Pushed authorization requests (RFC 9126): the reference a browser carries, and what is kept behind it.

    push ──► kept ──► opened, whenever the browser comes with the reference, until it expires
                 └──► answered once, by a code or an error; from then on nobody knows it

The reference stands for parameters that the client itself handed over: nothing beside it in the address
counts, but for ``client_id``, which must be the client's own (RFC 9101 §5).
"""

import hashlib
import re
from collections.abc import Mapping

from idp.oidc.errors import OAuthError
from idp.oidc.parameters import Parameters

PREFIX = "urn:ietf:params:oauth:request_uri:"
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{43}")
# How the client proved who it is; nothing that a browser's request has.
_CREDENTIALS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})


def request_uri(secret: str) -> str:
    """The address of a pushed request; ``secret`` has 256 bits in base64url."""
    return f"{PREFIX}{secret}"


def kept_under(uri: str) -> str:
    """What the request of this address is kept under, in place of the address: a digest in hexadecimal."""
    return hashlib.sha256(uri.encode("utf-8", "surrogatepass")).hexdigest()


def is_reference(uri: str | None) -> bool:
    """Whether the address is one of a pushed request; any other is nothing that we would ever fetch."""
    return uri is not None and uri.startswith(PREFIX)


def could_be_ours(uri: str) -> bool:
    """Whether we could have given this address out."""
    return uri.startswith(PREFIX) and _REFERENCE.fullmatch(uri, len(PREFIX)) is not None


def to_keep(sent: Parameters, client_id: str, *, most_bytes: int) -> dict[str, str]:
    """The parameters of a push that make the authorization request. Raises ``OAuthError``.

    ``client_id`` is that of the authenticated client, whom the push may name no second time.
    """
    if "request_uri" in sent:
        raise OAuthError("invalid_request", "request_uri is given out here, not taken")
    kept = {name: value for name, value in sent.items.items() if name not in _CREDENTIALS}
    kept["client_id"] = client_id
    if _size(kept) > most_bytes:
        # RFC 9126 §2.3.
        raise OAuthError("invalid_request", "the request is too large", 413)
    return kept


def unknown() -> OAuthError:
    """The reference leads nowhere: it never did, does not any more, or is another client's."""
    return OAuthError("invalid_request_uri", "request_uri is unknown, expired, used or another client's")


def _size(parameters: Mapping[str, str]) -> int:
    return sum(len(name.encode()) + len(value.encode()) for name, value in parameters.items())
