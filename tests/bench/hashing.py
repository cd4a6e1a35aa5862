"""The bare rate of the password hash: Argon2id, 19 MiB, t=2, p=1, one thread.

Run as `python -m tests.bench.hashing SECONDS`; prints hashes per second. The password login budget is a
share of this rate, taken on the same core in the same run.
"""

from __future__ import annotations

import sys
from time import perf_counter

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

MEMORY_KIB = 19 * 1024


def rate(seconds: float) -> float:
    """Hashes per second over at least `seconds`."""
    started, done = perf_counter(), 0
    while perf_counter() - started < seconds:
        Argon2id(salt=b"0123456789abcdef", length=32, iterations=2, lanes=1, memory_cost=MEMORY_KIB).derive(
            b"Misura0kW7p"
        )
        done += 1
    return done / (perf_counter() - started)


if __name__ == "__main__":
    print(rate(float(sys.argv[1])))
