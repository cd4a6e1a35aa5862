"""Password hashing in a small pool of niced threads, so that sign-ins never starve the other requests.

Argon2id releases the GIL and takes a core for some 25 ms; in the request threads it would cost every other
request a hundredfold. The pool's threads run at a lower priority (on Linux nice is per thread), its queue is
bounded, and beyond it callers are told at once to come back.
"""

import os
import re
import sys
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from idp.ports import Entropy
from idp.settings.people import Password

_SALT_OCTETS = 16
_TAG_OCTETS = 32
_NICENESS = 10
# The PHC string format, as far as we write it ourselves; base64 without padding.
_PHC = re.compile(
    r"\$argon2id\$v=19\$m=(?P<memory>[0-9]{1,8}),t=(?P<iterations>[0-9]{1,4}),p=(?P<lanes>[0-9]{1,3})"
    r"\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,172}"
)
# Salt and tag of sixteen and thirty-two zero octets: no password is known to give such a tag.
_NOBODY = f"${'A' * 22}${'A' * 43}"

_Result = TypeVar("_Result")


class Overloaded(Exception):
    """Too many passwords wait to be hashed: answer 503 with ``Retry-After: retry_after`` (seconds)."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("the hashing queue is full")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the password is right, and whether its hash should be made anew with today's parameters."""

    ok: bool
    needs_rehash: bool


class _Pool:
    """The threads of one process and the places in their queue."""

    def __init__(self, threads: int, places: int) -> None:
        self.executor = ThreadPoolExecutor(threads, thread_name_prefix="hashing", initializer=_step_back)
        self.places = threading.Semaphore(places)


class Hasher:
    """Hashes and verifies passwords with Argon2id (RFC 9106), NFC-normalised (RFC 8265 §4.2)."""

    def __init__(self, settings: Password, entropy: Entropy, *, most_at_once: int | None = None) -> None:
        """``most_at_once``: callers that may be inside at one time, so that other requests find a thread."""
        self._settings = settings
        self._entropy = entropy
        self._threads = settings.hash_threads or max(1, _cores() - 1)
        wanted = self._threads + settings.hash_queue
        self._places = wanted if most_at_once is None else max(1, min(wanted, most_at_once))
        self._parameters = (settings.argon2_memory_kib, settings.argon2_iterations, settings.argon2_lanes)
        self._dummy = "$argon2id$v=19$m={},t={},p={}".format(*self._parameters) + _NOBODY
        # By process: threads do not survive a fork, so each child begins with a pool of its own.
        self._pools: dict[int, _Pool] = {}
        self._counting = threading.Lock()
        self._hashes = 0

    @property
    def hashes(self) -> int:
        """How many hashes this object has computed in this process, of whatever outcome."""
        return self._hashes

    def hash(self, password: str) -> str:
        """A PHC string to store; raises ``Overloaded``. Blocks the calling thread while it waits."""
        salt = self._entropy.octets(_SALT_OCTETS)
        return self._in_pool(lambda: self._derive(password, salt))

    def verify(self, password: str, phc: str | None) -> Verdict:
        """Whether ``password`` gave ``phc``; raises ``Overloaded``.

        None (no such account, or none with a password) costs the same work and is never right.
        """
        found = _PHC.fullmatch(phc) if phc is not None else None
        if phc is None or found is None:
            self._in_pool(lambda: self._matches(password, self._dummy))
            return Verdict(ok=False, needs_rehash=False)
        right = self._in_pool(lambda: self._matches(password, phc))
        made_with = (int(found["memory"]), int(found["iterations"]), int(found["lanes"]))
        return Verdict(ok=right, needs_rehash=right and made_with != self._parameters)

    def close(self) -> None:
        """Let running hashes finish and end this process's threads; a later call starts them anew."""
        pool = self._pools.pop(os.getpid(), None)
        if pool is not None:
            pool.executor.shutdown()

    def _derive(self, password: str, salt: bytes) -> str:
        self._count()
        memory, iterations, lanes = self._parameters
        kdf = Argon2id(salt=salt, length=_TAG_OCTETS, iterations=iterations, lanes=lanes, memory_cost=memory)
        return str(kdf.derive_phc_encoded(_octets(password)))

    def _matches(self, password: str, phc: str) -> bool:
        self._count()
        try:
            Argon2id.verify_phc_encoded(_octets(password), phc)
        except InvalidKey:
            return False
        return True

    def _count(self) -> None:
        with self._counting:
            self._hashes += 1

    def _in_pool(self, work: Callable[[], _Result]) -> _Result:
        pool = self._pool()
        if not pool.places.acquire(blocking=False):
            raise Overloaded(retry_after=1)
        try:
            return pool.executor.submit(work).result()
        finally:
            pool.places.release()

    def _pool(self) -> _Pool:
        # `setdefault` is atomic, and a pool that lost the race has started no thread yet.
        mine = os.getpid()
        return self._pools.get(mine) or self._pools.setdefault(mine, _Pool(self._threads, self._places))


def _octets(password: str) -> bytes:
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _step_back() -> None:
    """Lower this thread's priority; where nice is per process (not Linux) it stays as it is."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def _cores() -> int:
    """The cores this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
