"""A clock that stands still until it is moved; milliseconds pass only as far as they order events."""


class MovableClock:
    """Fulfils the ``Clock`` port."""

    def __init__(self, seconds: int = 1_790_000_000) -> None:
        self._ms = seconds * 1000
        self._monotonic = 1000.0

    def now(self) -> int:
        """Seconds since 1970."""
        return self._ms // 1000

    def now_ms(self) -> int:
        """Milliseconds since 1970; each reading is later than the one before."""
        self._ms += 1
        return self._ms

    def monotonic(self) -> float:
        """Seconds that only a move lets pass."""
        return self._monotonic

    def move(self, seconds: float) -> None:
        """Let time pass; a second or more ends on a whole one, so that readings alone never make the next."""
        ms = round(seconds * 1000)
        self._ms += ms - (self._ms % 1000 if ms >= 1000 else 0)
        self._monotonic += max(0.0, seconds)
