"""The one way in which the service calls an address that somebody else chose.

A relying party registers where it wants to be told of a logout; without a guard that address could be our
own network's (SSRF). So the name is resolved here, every address it has is judged, and the connection is made
to the address that was judged, not to the name again: a second answer of the DNS changes nothing. Redirects
are not followed, proxies of the environment are not asked, and one deadline covers the whole call.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpcore

from idp.adapters.timed_network import TimedBackend, within

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_LONGEST_ANSWER = 65536

_WIRE_SERVER = ipaddress.ip_address("168.63.129.16")
"""A cloud's metadata service on a public address (Azure); others stand on link-local or private ones."""

# Spelt out, since what the standard library calls global differs between its versions (192.0.0.192 is another
# cloud's metadata service, and global to Python 3.11.7). Source: the IANA special-purpose registries.
_INNER_4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
_OPEN_6 = ipaddress.IPv6Network("2000::/3")
_INNER_6 = tuple(ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "3fff::/20"))
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class EgressRefused(Exception):
    """The address is not to be called; ``reason`` is a code. Trying again will not help."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class EgressFailed(Exception):
    """No whole answer came in time; ``reason`` is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, its body read to the end."""

    status: int
    body: bytes = field(repr=False)


def system_resolver(host: str, port: int) -> list[str]:
    """The addresses of a name, by the system; raises ``OSError``."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))


def trust(extra_ca_file: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or newer, by the system's authorities and those of a PEM file beside them."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if extra_ca_file is not None:
        context.load_verify_locations(extra_ca_file)
    return context


def public(address: IpAddress) -> bool:
    """Whether an address belongs to the open internet, whatever it is dressed as."""
    if isinstance(address, ipaddress.IPv4Address):
        return address != _WIRE_SERVER and not any(address in network for network in _INNER_4)
    inner = _inside(address)
    if inner is not None:
        return public(inner)
    return address in _OPEN_6 and not any(address in network for network in _INNER_6)


def _inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a gateway would take out of an IPv6 one (mapped, 6to4, Teredo, NAT64)."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or int(address) >> 32 == 0:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


class Egress:
    """Calls out, guarded. Addresses of the open internet by https; this machine too where it is allowed.

    ``anywhere`` drops the judgement of addresses, for a gateway that the operator configured and that may
    stand in the same private network; limits and deadline stay.
    """

    def __init__(
        self,
        *,
        allow_loopback: bool = False,
        anywhere: bool = False,
        extra_ca_file: Path | None = None,
        seconds: float = 3.0,
        longest_answer: int = _LONGEST_ANSWER,
        resolver: Callable[[str, int], list[str]] = system_resolver,
    ) -> None:
        self._allow_loopback = allow_loopback
        self._anywhere = anywhere
        self._tls = trust(extra_ca_file)
        self._seconds = seconds
        self._longest_answer = longest_answer
        self._resolver = resolver

    def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        """POST and read the answer, whatever its status; a redirect is an answer like any other.

        Raises ``EgressRefused`` and ``EgressFailed``.
        """
        host = self._judge_url(url)
        deadline = time.monotonic() + self._seconds
        backend = TimedBackend(self._checked_addresses, lambda: deadline)
        sent: list[tuple[bytes | str, bytes | str]] = [
            ("Host", host),
            ("User-Agent", "idp"),
            ("Connection", "close"),
            *headers.items(),
        ]
        try:
            with (
                httpcore.ConnectionPool(
                    ssl_context=self._tls,
                    network_backend=backend,
                    http2=False,
                    max_connections=1,
                    max_keepalive_connections=0,
                ) as pool,
                pool.stream("POST", url, headers=sent, content=content) as response,
            ):
                body = self._read(response.iter_stream())
                return Answer(response.status, body)
        except EgressRefused:
            raise
        except httpcore.TimeoutException as fault:
            raise EgressFailed("timeout") from fault
        except ssl.SSLError as fault:
            raise EgressFailed("tls") from fault
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as fault:
            raise EgressFailed("tls" if _by_tls(fault) else "network") from fault

    def _judge_url(self, url: str) -> str:
        """The ``Host`` to send; raises ``EgressRefused`` for an address that cannot be right."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise EgressRefused("malformed") from None
        host = parts.hostname
        if not host or not url.isascii() or any(ord(c) <= 32 or ord(c) == 127 for c in url):
            raise EgressRefused("malformed")
        if parts.username is not None or parts.password is not None:
            raise EgressRefused("credentials")
        local = host in ("localhost", "127.0.0.1", "::1") and (self._allow_loopback or self._anywhere)
        if parts.scheme != "https" and not (parts.scheme == "http" and local):
            raise EgressRefused("scheme")
        spelt = f"[{host}]" if ":" in host else host
        return spelt if port is None else f"{spelt}:{port}"

    def _read(self, chunks: Iterable[bytes]) -> bytes:
        body = bytearray()
        for chunk in chunks:
            body += chunk
            if len(body) > self._longest_answer:
                raise EgressFailed("too_long")
        return bytes(body)

    def _checked_addresses(self, host: str, port: int, seconds: float) -> list[str]:
        """The addresses of a host, all of them judged; one bad address among them spoils the name."""
        addresses = within(seconds, lambda: self._resolver(host, port))
        if not addresses:
            raise httpcore.ConnectError("no address")
        for text in addresses:
            address = ipaddress.ip_address(text)
            if not (self._anywhere or public(address) or (self._allow_loopback and _is_loopback(address))):
                raise EgressRefused("address")
        return addresses


def _by_tls(fault: BaseException | None) -> bool:
    """Whether TLS is at the root of it; httpcore re-raises, so the root may be the context only."""
    while fault is not None:
        if isinstance(fault, ssl.SSLError):
            return True
        fault = fault.__cause__ or fault.__context__
    return False


def _is_loopback(address: IpAddress) -> bool:
    return address.is_loopback
