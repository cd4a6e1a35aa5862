"""The development inbox: messages go to a file that ``/dev/inbox`` reads, never out of the house.

One JSON object a line, appended under a lock, so that several processes write and read the same file. It
holds live codes and links; its mode is 0600 and it exists in development only.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog

from idp.ports import Delivery, Message
from idp.store.outbox import Channel

_LARGEST = 4 * 1024 * 1024
_KEPT_LINES = 500

_log = structlog.get_logger(__name__)


_NAMES = ("id", "to", "channel", "purpose", "subject", "text", "code", "link", "sent_at")


class Inbox:
    """A courier for every channel, and the reader of what it carried."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, message: Message, now: int) -> Delivery:
        """Append the message; ``RETRY`` when the file cannot be written."""
        entry = {
            "id": message.idempotency_key,
            "to": message.to.text,
            "channel": Channel.to(message.to).value,
            "purpose": message.purpose,
            "subject": message.subject,
            "text": message.text,
            "code": message.code,
            "link": message.link,
            "sent_at": now,
        }
        line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        try:
            with _locked(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, fcntl.LOCK_EX) as file:
                if os.fstat(file).st_size + len(line) > _LARGEST:
                    _shorten(file)
                _append(file, line)
        except OSError as fault:
            _log.warning("inbox_not_written", fault=fault.strerror)
            return Delivery.RETRY
        return Delivery.SENT

    def newest_first(self, at_most: int = 200) -> list[dict[str, Any]]:
        """What came in, newest first; nothing when there is no file yet.

        Each: ``id to channel purpose subject text code link``, and ``sent_at`` in epoch seconds.
        """
        try:
            with _locked(self._path, os.O_RDONLY, fcntl.LOCK_SH) as file:
                lines = _read(file).splitlines()
        except FileNotFoundError:
            return []
        found = (_entry(line) for line in reversed(lines))
        return [entry for entry in found if entry is not None][:at_most]


@contextmanager
def _locked(path: Path, flags: int, lock: int) -> Iterator[int]:
    if flags & os.O_CREAT:
        path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        # The lock ends with the descriptor, whatever happens to the process.
        fcntl.flock(file, lock)
        yield file
    finally:
        os.close(file)


def _shorten(file: int) -> None:
    """Keep the newest lines only: the file must not fill the disk of somebody's machine."""
    kept = _read(file).splitlines(keepends=True)[-_KEPT_LINES:]
    while kept and sum(map(len, kept)) > _LARGEST // 2:
        kept = kept[len(kept) // 2 + 1 :]
    os.ftruncate(file, 0)
    _write(file, b"".join(kept))


def _append(file: int, line: bytes) -> None:
    """Write a whole line or none: half of one would swallow the next."""
    before = os.fstat(file).st_size
    try:
        _write(file, line)
    except OSError:
        os.ftruncate(file, before)
        raise


def _write(file: int, octets: bytes) -> None:
    while octets:
        octets = octets[os.write(file, octets) :]


def _read(file: int) -> bytes:
    size = os.fstat(file).st_size
    octets = bytearray()
    while len(octets) < size:
        part = os.pread(file, size - len(octets), len(octets))
        if not part:
            break
        octets += part
    return bytes(octets)


def _entry(line: bytes) -> dict[str, Any] | None:
    """A line's entry; a torn line (a full disk) is passed over."""
    try:
        entry: Any = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or not entry.keys() >= set(_NAMES):
        return None
    return {name: entry[name] for name in _NAMES}
