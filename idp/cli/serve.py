"""``idp serve``: the service under gunicorn (default) or granian (extra ``fast``)."""

import gc
from pathlib import Path
from typing import TYPE_CHECKING

import click

from idp.settings import Settings

if TYPE_CHECKING:
    from idp.cli.main import Opener

GRACE = 30
"""Seconds that requests under way are given at the end."""


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Instead of service.port.")
@click.option("--server", type=click.Choice(["gunicorn", "granian"]), help="Instead of service.server.")
@click.option("--processes", type=click.IntRange(1, 256), help="Instead of service.processes.")
@click.option("--no-worker", is_flag=True, help="Leave the outbox to `idp worker`.")
@click.pass_obj
def serve(
    opener: "Opener", port: int | None, server: str | None, processes: int | None, no_worker: bool
) -> None:
    """Serve the identity provider in the foreground until SIGTERM or Ctrl-C."""
    from idp.app import start
    from idp.app.process import WITH_WORKER
    from idp.settings import configuration_file, hand_down, process_environment

    # What the command line says must reach the serving processes, which read the settings anew.
    given = {"port": port, "server": server, "processes": processes}
    told = {f"IDP__SERVICE__{name.upper()}": str(value) for name, value in given.items() if value is not None}
    told[WITH_WORKER] = "0" if no_worker else "1"
    path = configuration_file(opener.config, process_environment())
    if path is not None:
        told["IDP_CONFIG"] = str(Path(path).absolute())
    hand_down(told)
    idp = opener(listens=True)
    settings = idp.settings
    idp.database.engine.dispose()
    addresses = start.available(settings.service.bind_addresses)
    click.echo(
        f"idp: {settings.service.issuer} on {', '.join(addresses)} port {settings.service.port}", err=True
    )
    # Workers share what was loaded so far as long as nobody writes to it, the collector included.
    gc.collect()
    gc.freeze()
    if settings.service.server == "granian":
        _granian(settings, addresses)
    else:
        from idp.cli import gunicorn_server

        gunicorn_server.run(settings, addresses)


def _granian(settings: Settings, addresses: tuple[str, ...]) -> None:
    try:
        from granian import Granian
        from granian.constants import Interfaces
        from granian.http import HTTP1Settings
        from granian.log import LogLevels
    except ImportError:
        raise click.ClickException("granian is not installed: install the extra `fast`") from None
    Granian(
        "idp.wsgi:create",
        factory=True,
        interface=Interfaces.WSGI,
        address=addresses[0],
        port=settings.service.port,
        workers=settings.service.processes,
        blocking_threads=settings.service.threads,
        http1_settings=HTTP1Settings(header_read_timeout=10_000),
        log_access=False,
        log_level=LogLevels.warning,
        workers_kill_timeout=GRACE,
    ).serve()
