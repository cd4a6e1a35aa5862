"""Short-lived state in Valkey or Redis (7 or newer), for several nodes.

Every entry is the text ``EXPIRY:payload``, EXPIRY in epoch seconds of *our* clock: an entry is dead when the
caller's ``now`` says so, as in the SQL adapter, and the server's own expiry only cleans up behind it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from idp.ports import EphemeraDown

_PREFIX = "idp:"
_TIMEOUT = 0.5
"""Seconds to connect, and to wait for an answer: a request must not hang on a counter."""
_KEPT_LONGER = 60
"""Seconds by which the server keeps an entry beyond its life: clocks differ, and ours decides."""

# KEYS[1]; ARGV: now, expiry, payload, server's life. 1 when it was kept.
_ADD = """
local found = redis.call('GET', KEYS[1])
if found and tonumber(string.match(found, '^(%d+):')) > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2] .. ':' .. ARGV[3], 'EX', ARGV[4])
return 1
"""
# KEYS[1]; ARGV: now, expiry, by, server's life. The new value.
_BUMP = """
local found = redis.call('GET', KEYS[1])
if found then
  local expiry, count = string.match(found, '^(%d+):(-?%d+)$')
  if expiry and tonumber(expiry) > tonumber(ARGV[1]) then
    local sum = string.format('%.0f', tonumber(count) + tonumber(ARGV[3]))
    redis.call('SET', KEYS[1], expiry .. ':' .. sum, 'KEEPTTL')
    return tonumber(sum)
  end
end
redis.call('SET', KEYS[1], ARGV[2] .. ':' .. ARGV[3], 'EX', ARGV[4])
return tonumber(ARGV[3])
"""


class RedisEphemera:
    """``Ephemera`` on a Valkey or Redis server. Raises ``EphemeraDown`` when it does not answer in time."""

    def __init__(self, url: str) -> None:
        # No retry: a call that got lost may have been carried out, and a counter must not count twice.
        self._server: Any = redis.Redis.from_url(
            url,
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
            health_check_interval=30,
        )
        self._add: Callable[..., Any] = self._server.register_script(_ADD)
        self._bump: Callable[..., Any] = self._server.register_script(_BUMP)

    def put(self, key: str, value: bytes, life: int, now: int) -> None:
        """Keep ``value`` for ``life`` seconds, replacing what was there."""
        with _or_down():
            self._server.set(_PREFIX + key, b"%d:" % (now + life) + value, ex=life + _KEPT_LONGER)

    def add(self, key: str, value: bytes, life: int, now: int) -> bool:
        """Keep it only if nothing live stands there; True when it was kept."""
        with _or_down():
            kept = self._add(keys=[_PREFIX + key], args=[now, now + life, value, life + _KEPT_LONGER])
            return bool(kept)

    def peek(self, key: str, now: int) -> bytes | None:
        """What stands there, untouched."""
        with _or_down():
            return _live(self._server.get(_PREFIX + key), now)

    def take(self, key: str, now: int) -> bytes | None:
        """What stands there, removed by the same act."""
        with _or_down():
            return _live(self._server.getdel(_PREFIX + key), now)

    def bump(self, key: str, life: int, now: int, by: int = 1) -> int:
        """Add to the counter; the first bump starts its ``life``."""
        with _or_down():
            return int(self._bump(keys=[_PREFIX + key], args=[now, now + life, by, life + _KEPT_LONGER]))

    def count(self, key: str, now: int) -> int:
        """The counter's value, 0 when it is not there."""
        with _or_down():
            found = _live(self._server.get(_PREFIX + key), now)
        return 0 if found is None or not found.lstrip(b"-").isdigit() else int(found)

    def drop(self, key: str) -> None:
        """Forget it."""
        with _or_down():
            self._server.delete(_PREFIX + key)

    def sweep(self, now: int, at_most: int) -> int:
        """Nothing to do: the server removes dead entries itself."""
        return 0

    def close(self) -> None:
        """Close the connections."""
        self._server.close()


def _live(entry: bytes | None, now: int) -> bytes | None:
    if entry is None:
        return None
    expiry, _, payload = entry.partition(b":")
    return payload if int(expiry) > now else None


@contextmanager
def _or_down() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as fault:
        raise EphemeraDown from fault
