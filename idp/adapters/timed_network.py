"""A network for httpcore on which everything ends at one deadline: name look-up, connection, each octet.

httpcore's own timeouts begin anew with every read, so a peer that sends one octet now and then holds a thread
for as long as it likes.
"""

import ssl
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

Addresses = Callable[[str, int, float], list[str]]
"""The addresses of a host, found within so many seconds."""

Deadline = Callable[[], float]
"""The moment (``time.monotonic``) at which the call under way in this thread ends."""

_CHUNK = 16384


def within(seconds: float, resolve: Callable[[], list[str]]) -> list[str]:
    """The resolver's answer, if it comes in time: the system's own patience is not ours."""
    answers: list[list[str]] = []
    faults: list[Exception] = []

    def ask() -> None:
        try:
            answers.append(resolve())
        except (OSError, UnicodeError) as fault:
            faults.append(fault)

    asking = threading.Thread(target=ask, name="resolve", daemon=True)
    asking.start()
    asking.join(seconds)
    if asking.is_alive():
        raise httpcore.ConnectTimeout("name resolution")
    if faults:
        raise httpcore.ConnectError("name resolution") from faults[0]
    return answers[0]


class TimedBackend(httpcore.NetworkBackend):
    """Connects to the addresses it is given, and hands out streams that end at the deadline."""

    def __init__(self, addresses_of: Addresses, deadline: Deadline) -> None:
        self._addresses_of = addresses_of
        self._deadline = deadline
        self._below = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """The first of the host's addresses that answers."""
        last: Exception = httpcore.ConnectError("no address")
        for address in self._addresses_of(host, port, _left(self._deadline, httpcore.ConnectTimeout)):
            try:
                stream = self._below.connect_tcp(
                    address, port, timeout=_left(self._deadline, httpcore.ConnectTimeout)
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as fault:
                last = fault
            else:
                return _TimedStream(stream, self._deadline)
        raise last

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Never: raises ``httpcore.ConnectError``."""
        raise httpcore.ConnectError("no socket files")

    def sleep(self, seconds: float) -> None:
        """Wait between two tries."""
        time.sleep(seconds)


class _TimedStream(httpcore.NetworkStream):
    """A stream whose every act ends at the deadline: one byte every two seconds does not buy more time."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Up to ``max_bytes``."""
        return self._stream.read(min(max_bytes, _CHUNK), _left(self._deadline, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Everything."""
        self._stream.write(buffer, _left(self._deadline, httpcore.WriteTimeout))

    def close(self) -> None:
        """Hang up."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """The same stream under TLS; the certificate must be the name's, not the address's."""
        left = _left(self._deadline, httpcore.ConnectTimeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """What the socket tells of itself."""
        return self._stream.get_extra_info(info)


def _left(deadline: Deadline, over: type[httpcore.TimeoutException]) -> float:
    left = deadline() - time.monotonic()
    if left <= 0:
        raise over("deadline")
    return left
