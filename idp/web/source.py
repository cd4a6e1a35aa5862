"""Where a request comes from, for counting: an IPv4 address, or an IPv6 network of 64 bits."""

import ipaddress
from collections.abc import Mapping
from typing import Any

UNKNOWN = "unknown"
"""The one bucket of whoever's address cannot be read: they share their limits, they do not escape them."""


def source_of(environ: Mapping[str, Any], *, trusted_proxies: int) -> str:
    """The source of a request; ``trusted_proxies`` is how many proxies of ours each add one X-Forwarded-For
    entry.

    Entries beyond those hops were written by the client and are not read (OWASP ASVS 15.3.4).
    """
    address = str(environ.get("REMOTE_ADDR") or "")
    if trusted_proxies > 0:
        entries = [entry.strip() for entry in str(environ.get("HTTP_X_FORWARDED_FOR") or "").split(",")]
        address = entries[-trusted_proxies] if len(entries) >= trusted_proxies else ""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return UNKNOWN
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.IPv6Network((parsed, 64), strict=False))
    return str(parsed)
