"""The system's clock: the one place that reads the time."""

import time


class SystemClock:
    """Wall clock in whole seconds, and a monotonic one for durations."""

    def now(self) -> int:
        """Seconds since 1970-01-01 UTC, rounded down."""
        return int(time.time())

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC, rounded down."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds of a clock that never steps back; only differences mean something."""
        return time.monotonic()
