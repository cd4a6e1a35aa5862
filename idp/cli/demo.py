"""``idp demo``: the identity provider with a portal, an app and an API, on this machine, in the
foreground."""

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType

import click

from idp.app import demo as data
from idp.app import start
from idp.app.demo import Ports
from idp.settings import DEMO_CONFIG

_READY_WITHIN = 45
_STOP_WITHIN = 10


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65532),
    default=8000,
    envvar="IDP_DEMO_PORT",
    show_default=True,
    show_envvar=True,
    help="The first of four ports in a row.",
)
def demo(port: int) -> None:
    """Run everything with demo data until Ctrl-C; the data stay in var/ and keys/ for the next time."""
    ports = Ports(port)
    taken = [
        f"port {number} ({name}) is taken by another program"
        for name, number in ports.named().items()
        if start.port_faults(start.available(("127.0.0.1", "::1")), number)
    ]
    if taken:
        for line in taken:
            click.echo(f"idp: {line}", err=True)
        click.echo("idp: stop it, or choose other ports: IDP_DEMO_PORT=9000 make run", err=True)
        raise SystemExit(1)
    settings = data.write_settings(ports)
    click.echo("Preparing keys, database and demo customers…", err=True)
    data.prepare(settings, ports)
    with _Processes() as processes:
        for name, command in _commands(ports).items():
            processes.start(name, command)
        processes.wait_until_ready(
            {
                f"http://localhost:{ports.idp}/health/ready",
                f"http://localhost:{ports.portal}/",
                f"http://localhost:{ports.app}/",
                f"http://localhost:{ports.policies}/health",
            }
        )
        click.echo(_WELCOME.format(**ports.named()))
        processes.watch()


_WELCOME = """
  Portal        http://localhost:{portal}     register as Maria Rossi, maria.rossi@posta.example
  App           http://localhost:{app}
  Messages      http://localhost:{idp}/dev/inbox     codes arrive here, nothing is really sent
  Issuer        http://localhost:{idp}
  Policies API  http://localhost:{policies}

Ctrl-C stops everything; the data stay for the next time."""


def _commands(ports: Ports) -> dict[str, list[str]]:
    python = sys.executable
    issuer = f"http://localhost:{ports.idp}"
    policies = f"http://localhost:{ports.policies}"
    return {
        "idp": [python, "-m", "idp.cli.main", "serve", "--config", str(DEMO_CONFIG)],
        "portal": [
            *(python, "-m", "clients.portal", "--port", str(ports.portal), "--issuer", issuer),
            *("--client-id", "portal", "--client-secret-file", str(data.secret_file("portal"))),
            *("--policies-url", policies, "--account-url", f"{issuer}/account"),
        ],
        "app": [
            *(python, "-m", "clients.app", "--port", str(ports.app), "--issuer", issuer),
            *("--client-id", "app", "--policies-url", policies),
            *("--post-logout-redirect-uri", f"http://localhost:{ports.app}/"),
            *("--account-url", f"{issuer}/account"),
        ],
        "policies": [
            *(python, "-m", "clients.policies", "--port", str(ports.policies), "--issuer", issuer),
            *("--audience", policies, "--allow-origin", f"http://localhost:{ports.app}"),
            *("--payouts-file", str(data.VAR / "payouts.sqlite3")),
            *("--introspect", "--client-id", "policies"),
            *("--client-secret-file", str(data.secret_file("policies"))),
        ],
    }


class _Stopped(Exception):
    """Somebody asked us to end."""


class _Processes:
    """The demo's processes: started together, ended together."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._told_to_stop = False

    def __enter__(self) -> "_Processes":
        # A handler that raised could do so amid a start, or the ending below, and leave orphans.
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, self._stop)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> bool:
        for process in self._running.values():
            if process.poll() is None:
                process.terminate()
        for process in self._running.values():
            try:
                process.wait(_STOP_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
        if kind is _Stopped:
            click.echo("Stopped.")
            return True
        return False

    def start(self, name: str, command: list[str]) -> None:
        """Start one; a Ctrl-C in the terminal reaches it through us, once."""
        self._running[name] = subprocess.Popen(command, cwd=Path.cwd(), start_new_session=True)  # noqa: S603

    def wait_until_ready(self, urls: set[str]) -> None:
        """Return when every address answers 200."""
        deadline = time.monotonic() + _READY_WITHIN
        for url in sorted(urls):
            while not _answers(url):
                self._check()
                if time.monotonic() > deadline:
                    raise click.ClickException(f"{url} did not answer within {_READY_WITHIN} seconds")
                time.sleep(0.05)

    def watch(self) -> None:
        """Stay until somebody stops us, or one of them ends."""
        while True:
            self._check()
            time.sleep(0.1)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._told_to_stop = True

    def _check(self) -> None:
        if self._told_to_stop:
            raise _Stopped
        for name, process in self._running.items():
            if process.poll() is not None:
                raise click.ClickException(
                    f"{name} ended with code {process.returncode}; its words stand above"
                )


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 (our own http addresses)
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
