"""A21: an address that somebody else chose reaches the open internet or nothing."""

import contextlib
import ipaddress
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from idp.adapters.egress import Answer, Egress, EgressFailed, EgressRefused, public
from tests.delivery.web import Talk, answering, raw_server
from tests.parts.tls import Authority

INNER = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:0001::",
    "2002:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "100::1",
]
OPEN = ["93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101", "2002:101:101::1"]


@pytest.mark.parametrize("address", INNER)
def test_an_inner_address_is_refused_whatever_it_is_dressed_as(address: str) -> None:
    assert not public(ipaddress.ip_address(address))
    egress = Egress(resolver=lambda host, port: [address])
    with pytest.raises(EgressRefused, match="address"):
        egress.post("https://rp.example.com/logout", b"", {})


@pytest.mark.parametrize("address", OPEN)
def test_an_address_of_the_open_internet_is_accepted(address: str) -> None:
    assert public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://localhost/",
        "https://169.254.169.254/latest/meta-data/",
    ],
)
def test_a_spelling_of_an_inner_address_is_refused_after_resolution(url: str) -> None:
    with pytest.raises(EgressRefused, match="address"):
        Egress().post(url, b"", {})


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://rp.example.com/logout", "scheme"),
        ("http://localhost:1/logout", "scheme"),
        ("ftp://rp.example.com/", "scheme"),
        ("file:///etc/passwd", "malformed"),
        ("gopher://127.0.0.1:6379/_FLUSHALL", "scheme"),
        ("https://", "malformed"),
        ("https://rp.example.com:99999/", "malformed"),
        ("https://user:secret@rp.example.com/", "credentials"),
        ("https://rp.example.com@127.0.0.1/", "credentials"),
        ("https://rp.example.com/\r\nX: y", "malformed"),
        ("https://rp.example.com/ x", "malformed"),
        ("https://rp.exämple.com/", "malformed"),
    ],
)
def test_a_url_that_cannot_be_right_is_refused_before_any_look_up(url: str, reason: str) -> None:
    def never(host: str, port: int) -> list[str]:
        raise AssertionError("looked up")

    with pytest.raises(EgressRefused, match=reason):
        Egress(resolver=never).post(url, b"", {})


def test_one_inner_address_among_good_ones_spoils_the_name() -> None:
    egress = Egress(resolver=lambda host, port: ["93.184.215.14", "10.0.0.7"])
    with pytest.raises(EgressRefused, match="address"):
        egress.post("https://rp.example.com/", b"", {})


def test_the_connection_goes_to_the_address_that_was_judged(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the name is asked once; what it says afterwards is not asked for."""
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    resolved: list[str] = []
    real = socket.getaddrinfo

    def watched(host: str, *rest: Any, **more: Any) -> Any:
        resolved.append(host)
        return real(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", watched)
    tls = authority.server_context("rp.example.com")
    with raw_server(answering("200 OK"), tls=tls) as server:
        egress = Egress(allow_loopback=True, extra_ca_file=authority.ca_file, resolver=rebinding)
        answer = egress.post(f"https://rp.example.com:{server.port}/", b"", {})
    assert answer.status == 200
    assert asked == ["rp.example.com"]
    assert set(resolved) <= {"127.0.0.1"}, "the name was asked again"
    assert f"Host: rp.example.com:{server.port}" in server.head


def test_the_certificate_must_be_the_names(authority: Authority) -> None:
    with raw_server(answering("200 OK"), tls=authority.server_context("other.example.com")) as server:
        egress = Egress(
            allow_loopback=True,
            extra_ca_file=authority.ca_file,
            resolver=lambda host, port: ["127.0.0.1"],
        )
        with pytest.raises(EgressFailed, match="tls"):
            egress.post(f"https://rp.example.com:{server.port}/", b"secret", {})
    assert server.requests == []


def test_an_authority_nobody_named_is_not_trusted(authority: Authority) -> None:
    with raw_server(answering("200 OK"), tls=authority.server_context("rp.example.com")) as server:
        egress = Egress(allow_loopback=True, resolver=lambda host, port: ["127.0.0.1"])
        with pytest.raises(EgressFailed, match="tls"):
            egress.post(f"https://rp.example.com:{server.port}/", b"secret", {})
    assert server.requests == []


def posted(talk: Talk, **more: float) -> Answer:
    with raw_server(talk) as server:
        egress = Egress(allow_loopback=True, seconds=more.get("seconds", 3.0))
        return egress.post(f"http://127.0.0.1:{server.port}/x", b"a=1", {"Content-Type": "text/x"})


def test_a_redirect_is_not_followed() -> None:
    with raw_server(answering("200 OK", b"inner")) as inner:
        target = f"Location: http://127.0.0.1:{inner.port}/secret"
        for status in ("301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"):
            assert posted(answering(status, b"", target)).status == int(status[:3])
        assert inner.connections == 0


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server(answering("502 Bad Gateway")) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert posted(answering("200 OK")).status == 200
        assert proxy.connections == 0


def test_a_huge_answer_is_cut_off() -> None:
    def flood(peer: socket.socket, _request: bytes) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(1000):
            peer.sendall(b"x" * 65536)

    with pytest.raises(EgressFailed, match="too_long"):
        posted(flood)
    assert len(posted(answering("200 OK", b"x" * 65536)).body) == 65536


@contextlib.contextmanager
def quick(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def test_an_answer_that_never_comes_ends_at_the_deadline() -> None:
    def silent(peer: socket.socket, _request: bytes) -> None:
        time.sleep(2)

    with quick(3.5), pytest.raises(EgressFailed, match="timeout"):
        posted(silent, seconds=0.5)


@pytest.mark.parametrize("opening", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-", b""])
def test_a_byte_now_and_then_buys_no_more_time(opening: bytes) -> None:
    def drip(peer: socket.socket, _request: bytes) -> None:
        peer.sendall(opening)
        for _ in range(30):
            peer.sendall(b"x")
            time.sleep(0.1)

    with raw_server(drip) as server:
        egress = Egress(allow_loopback=True, seconds=0.5)
        with quick(1.5), pytest.raises(EgressFailed):
            egress.post(f"http://127.0.0.1:{server.port}/", b"", {})


def test_a_slow_name_server_ends_at_the_deadline_too() -> None:
    def slow(host: str, port: int) -> list[str]:
        time.sleep(2)
        return ["93.184.215.14"]

    with quick(1.5), pytest.raises(EgressFailed, match="timeout"):
        Egress(seconds=0.3, resolver=slow).post("https://rp.example.com/", b"", {})


def test_a_name_that_does_not_exist_is_a_failure_not_a_refusal() -> None:
    with pytest.raises(EgressFailed, match="network"):
        Egress().post("https://no-such-name.invalid/", b"", {})


def test_nobody_listening_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(EgressFailed, match="network"):
        Egress(allow_loopback=True).post(f"http://127.0.0.1:{port}/", b"", {})


def test_garbage_is_a_failure() -> None:
    def garbage(peer: socket.socket, _request: bytes) -> None:
        peer.sendall(b"\x00\x01\x02 this is no HTTP\r\n\r\n")

    with pytest.raises(EgressFailed, match="network"):
        posted(garbage)


def at(address: str) -> Callable[[str, int], list[str]]:
    return lambda host, port: [address]


def test_allowing_this_machine_allows_no_other() -> None:
    for address in ("10.0.0.1", "169.254.169.254", "192.168.0.1", "fd00::1"):
        egress = Egress(allow_loopback=True, resolver=at(address))
        with pytest.raises(EgressRefused, match="address"):
            egress.post("https://rp.example.com/", b"", {})
