"""`python -m tests.bench`: measure, compare with the budgets, write `var/bench.json`.

Exit status: 0 when it measured (a MISS is a result, not a failure), 1 when it could not run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from tests.bench import peer_service, report
from tests.bench.measured import ROOT, CannotRunError, Cores
from tests.bench.run import (
    Results,
    Settings,
    measure_endpoints,
    measure_logins,
    measure_memory_and_start,
    services,
)
from tests.bench.scenarios import SCENARIOS


def settings_from(words: list[str]) -> tuple[Settings, Path]:
    """The command line as settings, and where the JSON goes."""
    usual = Settings()
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=usual.rounds)
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="of one run of one endpoint")
    parser.add_argument("--connections", type=int, default=usual.connections)
    parser.add_argument(
        "--endpoint", action="append", choices=list(SCENARIOS), help="only this one (repeatable)"
    )
    parser.add_argument("--only", choices=["peer", "ours"], help="measure one side alone, without ratios")
    parser.add_argument("--no-postgresql", action="store_true")
    parser.add_argument("--no-others", action="store_true", help="leave out logins, memory and cold start")
    parser.add_argument("--output", type=Path, default=ROOT / "var" / "bench.json")
    given = parser.parse_args(words)
    return (
        Settings(
            rounds=given.rounds,
            seconds=given.seconds,
            connections=given.connections,
            endpoints=tuple(given.endpoint or usual.endpoints),
            peer=given.only != "ours",
            ours=given.only != "peer",
            postgresql=not given.no_postgresql,
            others=not given.no_others,
        ),
        given.output,
    )


def versions() -> dict[str, str]:
    """Of Node and of the peer, as installed."""
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    package = peer_service.FOLDER / "node_modules" / "oidc-provider" / "package.json"
    peer = json.loads(package.read_text())["version"] if package.exists() else "not installed"
    return {"node": node.stdout.strip(), "oidc-provider": peer}


def main(words: list[str]) -> int:
    console = Console(width=130)

    def say(text: str) -> None:
        console.print(text, style="dim", markup=False, highlight=False)

    try:
        settings, output = settings_from(words)
        cores = Cores.of_this_machine()
        if not cores.separate:
            say("one core only: the generator shares it with the service, so absolute rates are low")
        results = Results()
        with (
            tempfile.TemporaryDirectory(prefix="bench") as folder,
            services(settings, cores, Path(folder), say) as started,
        ):
            measure_endpoints(settings, cores, started, results, say)
            if settings.others:
                measure_logins(settings, cores, started, results, say)
                measure_memory_and_start(settings, cores, started, results, say)
        if not results.runs:
            raise CannotRunError("nothing could be measured:\n" + "\n".join(results.faults))
        report.print_rates(results, settings, console)
        report.print_budgets(results, console)
        report.write(report.as_json(results, settings, cores, versions()), output)
        say(f"written: {output}")
    except CannotRunError as reason:
        print(f"bench: could not run: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
