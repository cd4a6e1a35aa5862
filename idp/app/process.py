"""One serving process: the application, and the worker that empties the outbox beside it."""

import atexit
import threading

from idp.app import build, logs, start
from idp.app.web import Wsgi, application
from idp.app.worker import worker
from idp.flows.idp import Idp
from idp.settings import configuration_file, load, process_environment

WITH_WORKER = "IDP_WITH_WORKER"
"""The environment variable by which ``idp serve`` asks each process to empty the outbox (1) or not (0)."""


def create() -> Wsgi:
    """The application of one process. Raises ``SettingsFaults``, ``CannotStart`` and ``KeyFilesRefused``."""
    environ = process_environment()
    settings = load(configuration_file(None, environ), environ)
    logs.configure(development=settings.service.development)
    if WITH_WORKER in environ:
        # `idp serve` has checked everything. A process that it starts anew while the database is away must
        # come up, answer 503 and recover: one that refused would end the whole service.
        idp = build.build(settings)
    else:
        idp = start.ready(settings, listens=False)
    if environ.get(WITH_WORKER) == "1":
        attend(idp)
    return application(idp)


def attend(idp: Idp) -> threading.Event:
    """Empty the outbox from a thread of this process until the returned event is set, or the process ends."""
    stop = threading.Event()
    thread = threading.Thread(target=worker(idp).run, args=(stop,), name="worker", daemon=True)
    thread.start()

    def leave() -> None:
        stop.set()
        idp.post_waiting.set()
        thread.join(timeout=5)

    atexit.register(leave)
    return stop
