"""A registry file of a million lines: its import takes little memory, and a second one changes nothing."""

import contextlib
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from idp.settings import load
from tests.data.many_customers import write
from tests.service import in_process
from tests.service.running import DEVELOPMENT

FEW = 1000
MOST_GROWTH = 24
"""MiB that an import's peak may lie above that of few lines: SQLite's page cache, which few lines do not
fill, is 16."""


@dataclass(frozen=True)
class Import:
    """What one run of `idp registry import` came to: its counts, peak memory of its own and duration."""

    counts: dict[str, Any]
    peak_mib: float
    seconds: float


def drill(customers: int) -> tuple[bool, str]:
    """Import few lines, many lines, and the many once more, each by the command in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few, many = folder / "few.csv", folder / "many.csv"
        write(few, FEW)
        write(many, customers)
        config = _service(folder)
        before, first = _imported(config, few), _imported(config, many)
        again = _imported(config, many)
        met = (
            first.counts["added"] == customers - FEW
            and again.counts["added"] + again.counts["changed"] == 0
            and again.counts["unchanged"] == customers
            and max(first.peak_mib, again.peak_mib) <= before.peak_mib + MOST_GROWTH
        )
        return met, (
            f"{customers} lines ({many.stat().st_size / 2**20:.0f} MiB): {first.seconds:.0f} s, "
            f"{customers / first.seconds:.0f} lines/s, peak {first.peak_mib:.0f} MiB; again "
            f"{again.counts['changed']} changed in {again.seconds:.0f} s, peak {again.peak_mib:.0f} MiB; "
            f"{FEW} lines peak {before.peak_mib:.0f} MiB"
        )


def _service(folder: Path) -> Path:
    """An installation on SQLite with the demo's customers; its configuration file."""
    config = folder / "idp.toml"
    url = f"sqlite:///{folder / 'idp.sqlite3'}"
    config.write_text(DEVELOPMENT.format(port=8000, folder=folder, database_url=url), "utf-8")
    in_process.prepare(load(config, {}))
    return config


def _imported(config: Path, file: Path) -> Import:
    command = [sys.executable, "-m", "idp.cli.main", "registry", "import", str(file), "--json"]
    with tempfile.TemporaryFile() as output:
        began = time.monotonic()
        process = psutil.Popen([*command, "--config", str(config)], stdout=output, stderr=output)
        peak = 0
        while process.poll() is None:
            with contextlib.suppress(psutil.Error):
                peak = max(peak, _own_memory(process))
            time.sleep(0.05)
        seconds = time.monotonic() - began
        output.seek(0)
        told = output.read().decode()
    assert process.returncode == 0, told
    return Import(json.loads(told[told.index("{") :]), peak / 2**20, seconds)


def _own_memory(process: psutil.Process) -> int:
    """Resident octets, but for pages of files: SQLite maps up to 256 MiB of the database, which the system
    takes back when it likes."""
    memory = process.memory_info()
    return int(memory.rss - getattr(memory, "shared", 0))
