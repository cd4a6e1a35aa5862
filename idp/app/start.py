"""What must hold before the service starts; every fault is told at once, in one line each."""

import errno
import socket
from collections.abc import Iterable, Iterator

from idp.adapters.keyring import KeyFilesRefused
from idp.app import build
from idp.flows.idp import Idp
from idp.ports import EphemeraDown
from idp.settings import Settings
from idp.store import schema
from idp.store.database import Database, DatabaseDown
from idp.store.schema import SchemaMismatch


class CannotStart(Exception):
    """The service cannot start; ``faults`` says why, a sentence each."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def ready(settings: Settings, *, listens: bool) -> Idp:
    """The service, when keys, database, short-lived state and (if it ``listens``) its ports are as they must
    be.

    Raises ``CannotStart`` with every fault.
    """
    faults: list[str] = []
    store = build.database(settings)
    faults += _database_faults(store)
    if listens:
        faults += port_faults(settings.service.bind_addresses, settings.service.port)
    idp: Idp | None = None
    try:
        idp = build.build(settings)
    except KeyFilesRefused as refused:
        faults += [f"keys: {fault}" for fault in refused.faults]
    except KeyError as absent:
        faults.append(f"keys: there is no key for {absent}; run `idp keys init`")
    if idp is not None and not faults:
        faults += [
            f"keys: there is no active key for {alg}; run `idp keys init`" for alg in idp.signers.missing()
        ]
        try:
            idp.ephemera.count("start", idp.clock.now())
        except EphemeraDown:
            faults.append("ephemera: the server at ephemera.url does not answer")
    store.engine.dispose()
    if faults or idp is None:
        raise CannotStart(tuple(faults))
    return idp


def _database_faults(store: Database) -> Iterator[str]:
    try:
        schema.check(store)
    except SchemaMismatch as mismatch:
        yield f"database: {mismatch}"
    except DatabaseDown:
        yield "database: it does not answer at database.url"


def port_faults(addresses: Iterable[str], port: int) -> list[str]:
    """A sentence for each address whose port is taken."""
    return [
        f"service: port {port} on {address} is taken by another program"
        for address in addresses
        if _taken(address, port)
    ]


def available(addresses: Iterable[str]) -> tuple[str, ...]:
    """The addresses this machine has: some have no IPv6, not even the loopback one."""
    return tuple(address for address in addresses if not _absent(address))


def _bind_error(address: str, port: int) -> int | None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as fault:
        return fault.errno
    return None


def _taken(address: str, port: int) -> bool:
    return _bind_error(address, port) == errno.EADDRINUSE


def _absent(address: str) -> bool:
    return _bind_error(address, 0) in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
