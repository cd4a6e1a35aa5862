"""The worker: sends what is due, at once if this process wrote it, and sweeps. ``idp serve`` has one inside.

Each channel has lanes of its own, so that a relying party that does not answer delays no code.
"""

import threading
from collections.abc import Mapping
from queue import SimpleQueue

import structlog

from idp.flows.deliver import LogoutSender, deliver_due
from idp.flows.idp import Idp
from idp.flows.mobile import making_good
from idp.flows.sweep import sweep
from idp.ports import Courier, EphemeraDown
from idp.store import outbox
from idp.store.database import DatabaseDown
from idp.store.outbox import Channel

LANES = 2
"""Threads of each channel."""

SWEEP_SECONDS = 15
SWEEPS_AN_HOUR = 3600 // SWEEP_SECONDS
_ROWS = 10
_LONGEST_PAUSE = 5.0
_STOP_SECONDS = 0.25

_log = structlog.get_logger(__name__)


class _Lanes:
    """Lets at most ``LANES`` threads of a channel work at a time; a call while all do is dropped."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[bool] = SimpleQueue()
        self._lock = threading.Lock()
        self._called = 0

    def open_one(self) -> None:
        """Wake one thread, unless all are busy: they look again themselves before they rest."""
        with self._lock:
            if self._called < LANES:
                self._called += 1
                self._calls.put(True)

    def wait(self) -> bool:
        """Rest until woken; False when there will be no more work."""
        return self._calls.get()

    def leave(self) -> None:
        """Back to rest."""
        with self._lock:
            self._called -= 1

    def close(self) -> None:
        """Send every thread home."""
        for _ in range(LANES):
            self._calls.put(False)


class Worker:
    """Delivers and sweeps until told to stop. Several may run, here or elsewhere: no row is sent by two."""

    def __init__(
        self, idp: Idp, couriers: Mapping[Channel, Courier], logout_sender: LogoutSender | None = None
    ) -> None:
        self._idp = idp
        self._couriers = couriers
        self._logout_sender = logout_sender
        self._poll = idp.settings.delivery.worker_poll_ms / 1000
        self._lanes: dict[str, _Lanes] = {}

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; what is being sent then is finished. Survives ``DatabaseDown``."""
        # Daemon threads of our own: an executor's are joined at exit before anybody is told to stop.
        threads = [threading.Thread(target=self._sweep_on, args=(stop,), name="idp-sweep", daemon=True)]
        for channel in (*self._couriers, outbox.LOGOUT):
            lanes = self._lanes[channel] = _Lanes()
            threads += [
                threading.Thread(
                    target=self._walk,
                    args=(channel, lanes, stop),
                    name=f"idp-{channel}-{number}",
                    daemon=True,
                )
                for number in range(LANES)
            ]
        for thread in threads:
            thread.start()
        self._dispatch(stop)
        for lanes in self._lanes.values():
            lanes.close()
        for thread in threads:
            thread.join()

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
                if channel in self._lanes:
                    self._lanes[channel].open_one()
            self._idle(stop)

    def _idle(self, stop: threading.Event) -> None:
        """Sleep until something was written here, or the next look at what others wrote."""
        left = self._poll
        while left > 0 and not stop.is_set():
            if self._idp.post_waiting.wait(min(left, _STOP_SECONDS)):
                return
            left -= _STOP_SECONDS

    def _walk(self, channel: str, lanes: "_Lanes", stop: threading.Event) -> None:
        while lanes.wait():
            try:
                self._drain(channel, stop)
            finally:
                lanes.leave()

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

    def _sweep_on(self, stop: threading.Event) -> None:
        number = 0
        while not stop.wait(SWEEP_SECONDS):
            try:
                swept = sweep(self._idp, self._idp.clock.now(), seldom=number % SWEEPS_AN_HOUR == 0)
                number += 1
                making_good.mature(self._idp, self._idp.clock.now())
            except (DatabaseDown, EphemeraDown) as fault:
                _log.warning("worker_sweep_failed", fault=type(fault).__name__)
            except Exception as fault:  # noqa: BLE001 - sweeping is tried again; sending must go on
                _log.error("worker_sweep_failed", fault=type(fault).__name__)
            else:
                if swept.total:
                    _log.info("worker_swept", **swept.removed)
