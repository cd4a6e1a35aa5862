"""``idp worker``: empties the outbox and sweeps, in a process of its own."""

import signal
import threading
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from idp.cli.main import Opener

_ENDINGS = frozenset({signal.SIGTERM, signal.SIGINT})


@click.command()
@click.pass_obj
def worker(opener: "Opener") -> None:
    """Send messages and logout calls, and sweep what has died, until SIGTERM or Ctrl-C.

    Needed where `idp serve --no-worker` serves; several may run, on several machines.
    """
    from idp.app.worker import worker as worker_of

    idp = opener()
    stop = threading.Event()
    working = threading.Thread(target=worker_of(idp).run, args=(stop,), name="idp-worker", daemon=True)
    # Waited for, not handled: a handler that sets an event may interrupt the very thread that holds its lock.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
    working.start()
    click.echo("idp: worker is running", err=True)
    while working.is_alive():
        if signal.sigtimedwait(_ENDINGS, 1.0) is not None:
            break
    failed = not working.is_alive()
    stop.set()
    idp.post_waiting.set()
    working.join()
    idp.database.engine.dispose()
    if failed:
        raise SystemExit(1)
