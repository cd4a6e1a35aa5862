"""Whether a redirect URI is one the client registered: by simple string comparison (RFC 9700 §2.1, RFC 3986
§6.2.1).

The one exception is a native client's loopback redirect, whose port is chosen when the request is made
(RFC 8252 §7.3).
"""

import re

from idp.oidc.client import Client, ClientKind

_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::([0-9]{1,5}))?(/[^#\s]*)?\Z")


def is_registered(client: Client, uri: str) -> bool:
    """Whether ``uri`` may receive this client's authorization responses."""
    if uri in client.redirect_uris:
        return True
    if client.kind is not ClientKind.NATIVE:
        return False
    portless = _without_loopback_port(uri)
    return portless is not None and any(
        portless == _without_loopback_port(known) for known in client.redirect_uris
    )


def uses_private_scheme(uri: str) -> bool:
    """Whether the URI belongs to an app by a private-use scheme (RFC 8252 §7.1), which another app may claim
    too."""
    return not uri.startswith(("https://", "http://"))


def _without_loopback_port(uri: str) -> str | None:
    found = _LOOPBACK.match(uri)
    if found is None or (found[2] and not 0 < int(found[2]) < 65536):
        return None
    return f"{found[1]}{found[3] or ''}"
