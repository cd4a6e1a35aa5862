"""Processes under measurement: pinned to a core, with their CPU seconds and their share of memory.

Linux only: `/proc` gives both, for the process and all its children.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")


class CannotRunError(Exception):
    """The benchmark lacks something it needs; the text says what to install or to mend."""


@dataclass(frozen=True)
class Cores:
    """Which core the measured service has and which one everything else (generator, databases) has."""

    service: frozenset[int]
    others: frozenset[int]

    @classmethod
    def of_this_machine(cls) -> Cores:
        """The last allowed core for the service, the rest for the others; one core is shared by both."""
        allowed = sorted(os.sched_getaffinity(0))
        return cls(frozenset(allowed[-1:]), frozenset(allowed[:-1] or allowed))

    @property
    def separate(self) -> bool:
        return not self.service & self.others


class Process:
    """A child process group pinned to cores, its output in a file; ends with its whole group."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cores: frozenset[int],
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
        as_user: int | None = None,
    ) -> None:
        self.log = log
        self._output: IO[bytes] = log.open("ab")
        self.started_at = monotonic()
        self._child = subprocess.Popen(
            list(command),
            stdout=self._output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
            user=as_user,
            extra_groups=[] if as_user is not None else None,
            preexec_fn=pin_to(cores),  # noqa: PLW1509  one thread here
        )

    @property
    def pid(self) -> int:
        return self._child.pid

    def members(self) -> list[int]:
        """The ids of the process and of all its descendants."""
        found, fresh = [self.pid], [self.pid]
        while fresh:
            parent = fresh.pop()
            children = [
                int(each)
                for task in Path(f"/proc/{parent}/task").glob("*/children")
                for each in read(task).split()
            ]
            found += children
            fresh += children
        return found

    def cpu_seconds(self) -> float:
        """User and system time of the whole group since its start, in seconds."""
        total = 0
        for pid in self.members():
            fields = read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
            total += sum(int(ticks) for ticks in fields[11:13])
        return total / TICKS

    def pss_bytes(self) -> int:
        """Proportional set size of the whole group: shared pages count once among those who share them."""
        total = 0
        for pid in self.members():
            for line in read(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        return total

    def wait_for(self, port: int, path: str, *, seconds: float = 30.0) -> float:
        """Seconds from start to the first 200 for `path`; raises CannotRunError when it does not come."""
        while monotonic() - self.started_at < seconds:
            if self._child.poll() is not None:
                raise CannotRunError(f"{self._child.args!r} ended by itself:\n{self.tail()}")
            if answers(port, path):
                return monotonic() - self.started_at
            sleep(0.005)
        raise CannotRunError(f"no 200 for {path} after {seconds:.0f} s:\n{self.tail()}")

    def tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the group; those that do not leave in 10 s are killed."""
        if self._child.poll() is None:
            self._child.send_signal(how)
            try:
                self._child.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
                self._child.wait(10)
        self._output.close()


def pin_to(cores: frozenset[int]) -> Callable[[], None]:
    """What a child does between fork and exec so that every thread it will ever have stays on `cores`."""
    return lambda: os.sched_setaffinity(0, cores)


def read(path: Path) -> str:
    """The text of a `/proc` file; empty when its process has gone meanwhile."""
    try:
        return path.read_text()
    except OSError:
        return ""


def answers(port: int, path: str) -> bool:
    """Whether a GET of `path` on localhost is answered with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path, headers={"Host": f"localhost:{port}"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@dataclass(frozen=True)
class Outcome:
    """What the load generator saw in one run. Rates per second of whole units; times in milliseconds."""

    units: int
    requests: int
    errors: int
    seconds: float
    p50_ms: float
    p99_ms: float
    generator_share: float
    service_share: float
    first_error: str
    states: tuple[Mapping[str, str], ...]

    @property
    def rate(self) -> float:
        return self.units / self.seconds

    @property
    def cpu_us(self) -> float:
        """The service's own CPU time per unit, in microseconds: other programs' noise falls out of it."""
        return self.service_share * self.seconds / self.units * 1e6


class Load:
    """One run of the load generator against one service, already started; `outcome()` waits for its end."""

    def __init__(
        self, service: Process, port: int, scripts: Sequence[Mapping[str, Any]], seconds: float, cores: Cores
    ) -> None:
        self._service = service
        self._cpu = service.cpu_seconds()
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.load"],
            preexec_fn=pin_to(cores.others),  # noqa: PLW1509  one thread here
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        assert self._child.stdin is not None
        json.dump({"port": port, "seconds": seconds, "scripts": list(scripts)}, self._child.stdin)
        self._child.stdin.close()
        self._child.stdin = None

    def outcome(self) -> Outcome:
        """What was seen; raises CannotRunError when nothing could be measured."""
        text, _ = self._child.communicate()
        if self._child.returncode != 0:
            raise CannotRunError("the load generator failed; its reason is above")
        seen = json.loads(text)
        if seen["units"] == 0 or seen["errors"] > seen["requests"] * 0.01:
            raise CannotRunError(
                f"{seen['errors']} errors in {seen['requests']} requests: {seen['first_error']}\n"
                f"{self._service.tail()}"
            )
        return Outcome(
            units=seen["units"],
            requests=seen["requests"],
            errors=seen["errors"],
            seconds=seen["seconds"],
            p50_ms=seen["p50_ms"],
            p99_ms=seen["p99_ms"],
            generator_share=seen["cpu_share"],
            service_share=(self._service.cpu_seconds() - self._cpu) / seen["seconds"],
            first_error=seen["first_error"],
            states=tuple(seen["states"]),
        )
