"""The name service and the route of the pretended internet; Python loads this where PYTHONPATH leads here.

Hosts under example.test have one public address (192.31.196.0/24, AS112, which answers nobody), and that
address leads to this machine. So a process of ours meets names and addresses as in a data centre, and its
guard against calls to inner networks stays on.
"""

import socket
from typing import Any

PUBLIC_ADDRESS = "192.31.196.31"
DOMAIN = ".example.test"

_ask = socket.getaddrinfo
_connect = socket.socket.connect


def _resolve(host: Any, *rest: Any, **named: Any) -> Any:
    known = isinstance(host, str) and host.endswith(DOMAIN)
    return _ask(PUBLIC_ADDRESS if known else host, *rest, **named)


def _route(self: socket.socket, address: Any) -> None:
    if isinstance(address, tuple) and address[0] == PUBLIC_ADDRESS:
        address = ("127.0.0.1", *address[1:])
    _connect(self, address)


socket.getaddrinfo = _resolve
socket.socket.connect = _route  # type: ignore[method-assign, assignment]
