"""Short-lived state on a server that may go away: counting goes on in the database meanwhile.

::

    on the server ──no answer──▶ in the database, for PAUSE seconds ──▶ the server is tried again

Only counters fall back. What must be there once (replay caches, pushed requests) is refused while the server
is away: a second place would give it twice. Decision: docs/decisions/counting-without-valkey.md.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

import structlog

from idp.ports import Ephemera, EphemeraDown

PAUSE = 5.0
"""Seconds for which a server that did not answer is left alone, so that no request waits for it meanwhile."""

_Result = TypeVar("_Result")
_log = structlog.get_logger(__name__)


class Server(Ephemera, Protocol):
    """Short-lived state behind a connection."""

    def close(self) -> None:
        """Close the connections."""


class SteadyEphemera:
    """``Ephemera`` on a server, with counters that outlive its absence; ``EphemeraDown`` for all else."""

    def __init__(self, server: Server, database: Ephemera, monotonic: Callable[[], float]) -> None:
        self._server = server
        self._database = database
        self._monotonic = monotonic
        # Written by one assignment; a thread that reads the older value asks the server once too often.
        self._away_until = 0.0

    def put(self, key: str, value: bytes, life: int, now: int) -> None:
        """Keep ``value`` for ``life`` seconds, replacing what was there."""
        self._ask(lambda: self._server.put(key, value, life, now))

    def add(self, key: str, value: bytes, life: int, now: int) -> bool:
        """Keep it only if nothing live stands there; True when it was kept."""
        return self._ask(lambda: self._server.add(key, value, life, now))

    def peek(self, key: str, now: int) -> bytes | None:
        """What stands there, untouched."""
        return self._ask(lambda: self._server.peek(key, now))

    def take(self, key: str, now: int) -> bytes | None:
        """What stands there, removed by the same act."""
        return self._ask(lambda: self._server.take(key, now))

    def bump(self, key: str, life: int, now: int, by: int = 1) -> int:
        """Add to the counter, here or there."""
        try:
            return self._ask(lambda: self._server.bump(key, life, now, by))
        except EphemeraDown:
            return self._database.bump(key, life, now, by)

    def count(self, key: str, now: int) -> int:
        """The counter's value, here or there."""
        try:
            return self._ask(lambda: self._server.count(key, now))
        except EphemeraDown:
            return self._database.count(key, now)

    def drop(self, key: str) -> None:
        """Forget it."""
        self._ask(lambda: self._server.drop(key))

    def sweep(self, now: int, at_most: int) -> int:
        """Remove dead entries in the database; the server removes its own."""
        return self._database.sweep(now, at_most)

    def close(self) -> None:
        """Close the connections."""
        self._server.close()

    def _ask(self, question: Callable[[], _Result]) -> _Result:
        if self._monotonic() < self._away_until:
            raise EphemeraDown
        try:
            answer = question()
        except EphemeraDown:
            if not self._away_until:
                _log.error("ephemera_away", counting="in the database")
            self._away_until = self._monotonic() + PAUSE
            raise
        if self._away_until:
            self._away_until = 0.0
            _log.warning("ephemera_back")
        return answer
