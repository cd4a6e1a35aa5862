"""The tier-1 budgets, as numbers: what each server has to reach, beside the peer or by itself.

Source: the performance budget of this project (docs/performance.md). Ratios are ours divided by the peer's,
both medians of one interleaved run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Bound = Literal["at least", "at most"]


@dataclass(frozen=True)
class Budget:
    """One bar: a measured value of one variant ("gunicorn sqlite", …) has to be at least or at most `bar`."""

    measure: str
    variant: str
    bound: Bound
    bar: float
    unit: str

    def verdict(self, value: float | None) -> str:
        """`ok`, `MISS`, or `-` when nothing was measured."""
        if value is None:
            return "-"
        met = value >= self.bar if self.bound == "at least" else value <= self.bar
        return "ok" if met else "MISS"


# Endpoint: (gunicorn SQLite, gunicorn PostgreSQL, granian SQLite, granian PostgreSQL); None: no bar is set.
RATIOS: Mapping[str, tuple[float, float | None, float, float | None]] = {
    "client_credentials": (0.6, None, 1.0, None),
    "sso_code": (0.7, None, 1.0, None),
    "refresh": (0.7, 0.5, 1.0, 0.8),
    "introspection": (0.6, 0.5, 1.0, 0.8),
    "userinfo": (0.6, 0.5, 1.0, 0.8),
    "discovery": (0.4, None, 1.5, None),
    "jwks": (0.4, None, 1.5, None),
}
VARIANTS = ("gunicorn sqlite", "gunicorn postgresql", "granian sqlite", "granian postgresql")
PEER = "peer"


def tier_1() -> tuple[Budget, ...]:
    """Every tier-1 bar, ratios first."""
    ratios = [
        Budget(endpoint, variant, "at least", bar, "x")
        for endpoint, bars in RATIOS.items()
        for variant, bar in zip(VARIANTS, bars, strict=True)
        if bar is not None
    ]
    gunicorn, granian = "gunicorn sqlite", "granian sqlite"
    return (
        *ratios,
        Budget("login_share_of_hash_rate", gunicorn, "at least", 0.75, ""),
        Budget("login_share_of_hash_rate", granian, "at least", 0.80, ""),
        Budget("token_p99_under_logins", gunicorn, "at most", 20.0, "ms"),
        Budget("token_p99_under_logins", granian, "at most", 10.0, "ms"),
        Budget("token_share_kept_under_logins", gunicorn, "at least", 0.50, ""),
        Budget("token_share_kept_under_logins", granian, "at least", 0.60, ""),
        Budget("memory_one_worker", gunicorn, "at most", 130.0, "MB"),
        Budget("memory_one_worker", granian, "at most", 110.0, "MB"),
        Budget("memory_each_further", gunicorn, "at most", 60.0, "MB"),
        Budget("memory_each_further", granian, "at most", 45.0, "MB"),
        Budget("cold_start", gunicorn, "at most", 1.2, "s"),
        Budget("cold_start", granian, "at most", 1.0, "s"),
    )
