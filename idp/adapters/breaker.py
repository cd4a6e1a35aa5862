"""When a service that does not answer is asked again: a gateway, the agency registry."""

import threading
from collections.abc import Callable


class Breaker:
    """Leaves a service alone for a while after so many failures in a row; then one call tries it.

    ::

        closed ──failures──▶ open ──seconds──▶ half-open: one call ──▶ closed, or open again
    """

    def __init__(self, monotonic: Callable[[], float], *, failures: int, seconds: float) -> None:
        self._monotonic = monotonic
        self._allowed_failures = failures
        self._seconds = seconds
        self._lock = threading.Lock()
        self._failures = 0
        self._opens_at = 0.0

    def admits(self) -> bool:
        """Whether a call may go out now."""
        with self._lock:
            if self._failures < self._allowed_failures:
                return True
            at = self._monotonic()
            if at < self._opens_at:
                return False
            # The others wait for what becomes of this one.
            self._opens_at = at + self._seconds
            return True

    def succeeded(self) -> None:
        """It answered sensibly."""
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        """It did not."""
        with self._lock:
            self._failures += 1
            if self._failures >= self._allowed_failures:
                self._opens_at = self._monotonic() + self._seconds
