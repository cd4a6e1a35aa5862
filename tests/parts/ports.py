"""TCP ports for servers that tests start.

A server that is told its port binds it some time after the port was chosen. Until then nothing else may take
it: so the ports lie below those that the system gives to outgoing connections, each process of a run of the
tests has a part of them to itself, and gives none twice before it has given all.
"""

import errno
import os
import socket
import time
from collections.abc import Iterator
from itertools import count, islice

PORTS = range(12_000, 32_000)
PROCESSES = 8
"""Processes of one run that never meet; a ninth shares with the first, as does another run."""


def free_port() -> int:
    """Return a free TCP port of the loopback addresses, which no other test takes before its server does."""
    return free_ports(1)[0]


def free_ports(number: int) -> tuple[int, ...]:
    """Return `number` such ports in a row."""
    found: list[int] = []
    for port in islice(_GIVEN, len(PORTS)):
        following = bool(found) and port == found[-1] + 1
        found = [*(found if following else ()), port] if _free(port) else []
        if len(found) == number:
            return tuple(found)
    raise AssertionError(f"no {number} free ports in a row")


def wait_for_port(port: int, seconds: float = 10.0) -> None:
    """Return as soon as something accepts connections on `port`; raise TimeoutError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1.0):
                return
        except OSError as error:
            if time.monotonic() > deadline:
                raise TimeoutError(f"nothing answers on port {port} after {seconds:g} s") from error
            time.sleep(0.02)


def _own() -> Iterator[int]:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    size = len(PORTS) // PROCESSES
    first = int(worker or 0) % PROCESSES * size
    own = PORTS[first : first + size]
    # Another run on the same machine begins elsewhere; `random` begins anew with every test.
    return (own[(os.getpid() * 131 + turn) % size] for turn in count())


def _free(port: int) -> bool:
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as fault:
                if fault.errno == errno.EADDRINUSE:
                    return False
    return True


_GIVEN = _own()
