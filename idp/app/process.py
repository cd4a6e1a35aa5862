"""One serving process: the application, and the worker that empties the outbox beside it."""

import atexit
import threading

from idp.app import logs, start
from idp.app.web import Wsgi, application
from idp.app.worker import worker
from idp.flows.idp import Idp
from idp.settings import configuration_file, load, process_environment

WITH_WORKER = "IDP_WITH_WORKER"
"""The environment variable by which ``idp serve`` asks each process to empty the outbox too."""


def create() -> Wsgi:
    """The application of one process. Raises ``SettingsFaults`` and ``CannotStart``."""
    environ = process_environment()
    settings = load(configuration_file(None, environ), environ)
    logs.configure(development=settings.service.development)
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
