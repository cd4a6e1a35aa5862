"""TCP ports for servers that tests start."""

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
