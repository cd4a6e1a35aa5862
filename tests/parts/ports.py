"""TCP ports for servers that tests start."""

import errno
import random
import socket
import time


def free_port() -> int:
    """Return a TCP port that was free on the loopback address a moment ago."""
    return free_ports(1)[0]


def free_ports(count: int) -> tuple[int, ...]:
    """Return `count` different free TCP ports; all are held open until the last one is known."""
    held = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for listener in held:
            listener.bind(("127.0.0.1", 0))
        return tuple(listener.getsockname()[1] for listener in held)
    finally:
        for listener in held:
            listener.close()


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


def four_in_a_row() -> int:
    """The first of four free ports, below those that the system gives to outgoing connections."""
    for _ in range(200):
        first = random.randrange(15_000, 32_000)
        if all(_free(first + n) for n in range(4)):
            return first
    raise AssertionError("no four free ports in a row")


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
