"""The worker: sends what is due, at once if this process wrote it, and sweeps. ``idp serve`` has one inside.

Each channel has lanes of its own, so that a relying party that does not answer delays no code.
"""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import structlog

from idp.flows.deliver import LogoutSender, deliver_due
from idp.flows.idp import Idp
from idp.flows.sweep import sweep
from idp.ports import Courier, EphemeraDown
from idp.store import outbox
from idp.store.database import DatabaseDown

LANES = 2
"""Threads of each channel."""

SWEEP_SECONDS = 15
_ROWS = 10
_LONGEST_PAUSE = 5.0
_STOP_SECONDS = 0.25

_log = structlog.get_logger(__name__)


class Worker:
    """Delivers and sweeps until told to stop. Several may run, here or elsewhere: no row is sent by two."""

    def __init__(
        self, idp: Idp, couriers: Mapping[str, Courier], logout_sender: LogoutSender | None = None
    ) -> None:
        self._idp = idp
        self._couriers = couriers
        self._logout_sender = logout_sender
        self._poll = idp.settings.delivery.worker_poll_ms / 1000
        self._busy: dict[str, int] = {}
        self._count = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; what is being sent then is finished. Survives ``DatabaseDown``."""
        channels = (*self._couriers, outbox.LOGOUT)
        workers = LANES * len(channels)
        sweeping = threading.Thread(target=self._sweep_on, args=(stop,), name="idp-sweep", daemon=True)
        with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="idp-deliver") as pool:
            self._pool = pool
            sweeping.start()
            self._dispatch(stop)
        sweeping.join()

    def _dispatch(self, stop: threading.Event) -> None:
        pause = self._poll
        while not stop.is_set():
            # Cleared before looking: what is written while we look sets it again.
            self._idp.post_waiting.clear()
            try:
                with self._idp.reading() as tx:
                    due = outbox.due_channels(tx, self._idp.clock.now())
            except Exception as fault:  # noqa: BLE001 - a database that is away or half-made comes back
                pause = min(_LONGEST_PAUSE, max(pause, 0.1) * 2)
                _log.warning("worker_cannot_look", fault=type(fault).__name__, again_in=pause)
                stop.wait(pause)
                continue
            pause = self._poll
            for channel in due:
                self._enter(channel, stop)
            self._idle(stop)

    def _idle(self, stop: threading.Event) -> None:
        """Sleep until something was written here, or the next look at what others wrote."""
        left = self._poll
        while left > 0 and not stop.is_set():
            if self._idp.post_waiting.wait(min(left, _STOP_SECONDS)):
                return
            left -= _STOP_SECONDS

    def _enter(self, channel: str, stop: threading.Event) -> None:
        """Start a lane of the channel, unless all are busy: they look again themselves before they end."""
        with self._count:
            if self._busy.get(channel, 0) >= LANES or self._pool is None:
                return
            self._busy[channel] = self._busy.get(channel, 0) + 1
        self._pool.submit(self._drain, channel, stop)

    def _drain(self, channel: str, stop: threading.Event) -> None:
        try:
            while not stop.is_set():
                done = deliver_due(
                    self._idp,
                    self._couriers,
                    self._idp.clock.now(),
                    logout_sender=self._logout_sender,
                    channel=channel,
                    limit=_ROWS,
                    stop=stop,
                )
                if done.taken == 0:
                    return
        except DatabaseDown:
            _log.warning("worker_database_down", channel=channel)
        except Exception as fault:  # noqa: BLE001 - one round lost; its rows come up again when the lease ends
            _log.error("worker_round_failed", channel=channel, fault=type(fault).__name__)
            stop.wait(1.0)
        finally:
            with self._count:
                self._busy[channel] -= 1

    def _sweep_on(self, stop: threading.Event) -> None:
        while not stop.wait(SWEEP_SECONDS):
            try:
                swept = sweep(self._idp, self._idp.clock.now())
            except (DatabaseDown, EphemeraDown) as fault:
                _log.warning("worker_sweep_failed", fault=type(fault).__name__)
            except Exception as fault:  # noqa: BLE001 - sweeping is tried again; sending must go on
                _log.error("worker_sweep_failed", fault=type(fault).__name__)
            else:
                if swept.total:
                    _log.info("worker_swept", **swept.removed)
