"""Two kinds of request taken in turn, and whether a stranger could tell them apart by time."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Timed = Callable[[], float]
"""Does one request and returns how long it took, in seconds."""


@dataclass(frozen=True)
class Comparison:
    """Samples of both kinds, in seconds."""

    first: tuple[float, ...]
    second: tuple[float, ...]

    @property
    def auc(self) -> float:
        """The chance that the first kind's sample is the slower one; 0.5 tells nothing (Mann-Whitney U)."""
        ranks = _ranks((*self.first, *self.second))
        total = sum(ranks[: len(self.first)])
        n, m = len(self.first), len(self.second)
        return (total - n * (n + 1) / 2) / (n * m)

    @property
    def p(self) -> float:
        """The two-sided probability of such a difference between equals (normal approximation)."""
        n, m = len(self.first), len(self.second)
        sigma = math.sqrt((n + m + 1) / (12 * n * m))
        return math.erfc(abs(self.auc - 0.5) / sigma / math.sqrt(2))

    @property
    def delta_ms(self) -> float:
        """The difference of the medians, milliseconds."""
        return 1000 * (statistics.median(self.first) - statistics.median(self.second))

    @property
    def indistinguishable(self) -> bool:
        """Security bar 5.1 and 5.4: AUC at most 0.55 either way, and p > 0.01 or less than 2 ms."""
        return abs(self.auc - 0.5) <= 0.05 and (self.p > 0.01 or abs(self.delta_ms) < 2)


def compare(first: Timed, second: Timed, count: int) -> Comparison:
    """``count`` samples of each, in turn, so that whatever else the machine does hits both alike."""
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(count * 2):
        # The order changes too: the second of a pair might always find warmer caches.
        which = (number + number // 2) % 2
        taken[which].append((first, second)[which]())
    return Comparison(tuple(taken[0]), tuple(taken[1]))


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    at = 0
    while at < len(order):
        end = at
        while end + 1 < len(order) and values[order[end + 1]] == values[order[at]]:
            end += 1
        for place in range(at, end + 1):
            ranks[order[place]] = (at + end) / 2 + 1
        at = end + 1
    return ranks
