"""What was measured, as a table for people and as JSON for the next comparison."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.budgets import PEER, VARIANTS, Budget, tier_1
from tests.bench.measured import Cores
from tests.bench.run import Results, Settings

# Below this share of its core a service was waiting: for its database, for the generator, or for a program
# that is no part of the benchmark and took its core.
SATURATED = 0.85


def rows(results: Results) -> list[tuple[Budget, float | None, str]]:
    """Every tier-1 budget with its value and verdict."""
    return [
        (budget, value, budget.verdict(value))
        for budget in tier_1()
        for value in (results.value(budget.measure, budget.variant),)
    ]


def print_rates(results: Results, settings: Settings, console: Console) -> None:
    """Medians per endpoint and service: units per second, p50 and p99, and who was busy."""
    table = Table(
        title=f"medians of {settings.rounds} rounds, c={settings.connections}", title_justify="left"
    )
    for name in (
        "endpoint",
        "service",
        "per second",
        "ratio",
        "cpu µs",
        "cpu ratio",
        "p50 ms",
        "p99 ms",
        "its core",
        "generator",
        "errors",
    ):
        table.add_column(name, justify="left" if name in ("endpoint", "service") else "right")
    for endpoint in settings.endpoints:
        for service in (PEER, *VARIANTS):
            seen = results.runs.get((endpoint, service))
            if not seen:
                continue
            ratio = results.ratio(endpoint, service)
            cpu_ratio = results.cpu_ratio(endpoint, service)
            share = median(each.service_share for each in seen)
            table.add_row(
                endpoint,
                service,
                f"{median(each.rate for each in seen):,.0f}",
                "1" if service == PEER else f"{ratio:.2f}" if ratio else "-",
                f"{median(each.cpu_us for each in seen):,.0f}",
                "1" if service == PEER else f"{cpu_ratio:.2f}" if cpu_ratio else "-",
                f"{median(each.p50_ms for each in seen):.2f}",
                f"{median(each.p99_ms for each in seen):.2f}",
                f"{share:.0%}" + ("" if share >= SATURATED else " *"),
                f"{median(each.generator_share for each in seen):.0%}",
                str(sum(each.errors for each in seen)),
            )
    console.print(table)
    console.print(
        "* the service did not fill its core: it waited for its database or the generator, or another\n"
        "  program took the core (then measure again on a quiet machine)\n"
    )


def print_budgets(results: Results, console: Console) -> None:
    """Each tier-1 bar, what was reached, ok or MISS."""
    table = Table(title="tier-1 budgets", title_justify="left")
    for name in ("measure", "variant", "bar", "reached", ""):
        table.add_column(name)
    for budget, value, verdict in rows(results):
        sign = "≥" if budget.bound == "at least" else "≤"
        reached = "not measured" if value is None else f"{value:.2f} {budget.unit}"
        table.add_row(
            budget.measure, budget.variant, f"{sign} {budget.bar:g} {budget.unit}", reached, verdict
        )
    console.print(table)
    others = sorted((key, median(seen)) for key, seen in results.values.items())
    for (measure, service), value in others:
        console.print(f"{measure:32} {service:20} {value:,.2f}")
    for fault in results.faults:
        console.print(f"could not measure: {fault}", style="red", markup=False)


def as_json(
    results: Results, settings: Settings, cores: Cores, versions: Mapping[str, str]
) -> dict[str, Any]:
    """Everything, with single rounds, so that a later run can be compared."""
    return {
        "machine": {
            "platform": platform.platform(),
            "processor": processor(),
            "service_cores": sorted(cores.service),
            "other_cores": sorted(cores.others),
            "python": platform.python_version(),
            **versions,
        },
        "settings": {
            "rounds": settings.rounds,
            "seconds": settings.seconds,
            "connections": settings.connections,
        },
        "endpoints": [
            {
                "endpoint": endpoint,
                "service": service,
                "per_second": results.rate(endpoint, service),
                "ratio": results.ratio(endpoint, service),
                "cpu_ratio": results.cpu_ratio(endpoint, service),
                "rounds": [
                    {
                        "per_second": each.rate,
                        "cpu_us": each.cpu_us,
                        "p50_ms": each.p50_ms,
                        "p99_ms": each.p99_ms,
                        "service_share": each.service_share,
                        "generator_share": each.generator_share,
                        "errors": each.errors,
                        "first_error": each.first_error,
                    }
                    for each in seen
                ],
            }
            for (endpoint, service), seen in results.runs.items()
        ],
        "others": [
            {"measure": measure, "service": service, "median": median(seen), "rounds": seen}
            for (measure, service), seen in results.values.items()
        ],
        "budgets": [
            {
                "measure": budget.measure,
                "variant": budget.variant,
                "bound": budget.bound,
                "bar": budget.bar,
                "reached": value,
                "verdict": verdict,
            }
            for budget, value, verdict in rows(results)
        ],
        "faults": results.faults,
    }


def write(document: Mapping[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")


def processor() -> str:
    """The processor's name as the kernel gives it; empty where it gives none."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
