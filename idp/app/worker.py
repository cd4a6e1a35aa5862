"""The worker on its real couriers."""

from idp.adapters.couriers import couriers_of, logout_sender_of
from idp.flows.idp import Idp
from idp.flows.worker import Worker


def worker(idp: Idp) -> Worker:
    """The worker that empties the outbox and sweeps what has died."""
    return Worker(idp, couriers_of(idp.settings, idp.clock), logout_sender_of(idp.settings))
