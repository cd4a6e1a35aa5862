"""What must hold before the service starts; every fault is told at once, in one line each."""

import errno
import ipaddress
import socket
from collections.abc import Iterable, Iterator

from sqlalchemy.exc import DBAPIError

from idp.adapters.keyring import PURPOSES, SIGNING_ALGORITHMS, FileKeyRing, KeyFilesRefused
from idp.adapters.operation_types import TypesRefused, registered
from idp.app import build
from idp.flows.idp import Idp
from idp.ports import EphemeraDown
from idp.settings import Settings
from idp.store import schema
from idp.store.database import DatabaseDown
from idp.store.schema import SchemaMismatch

_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_WHY = {
    errno.EADDRINUSE: "port {port} on {address} is taken by another program",
    errno.EACCES: "port {port} on {address} may not be opened by this user",
    errno.EADDRNOTAVAIL: "this machine has no address {address}",
}


class CannotStart(Exception):
    """The service cannot start; ``faults`` says why, a sentence each."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def ready(settings: Settings, *, listens: bool) -> Idp:
    """The service, when keys, database, short-lived state and (if it ``listens``) ports are as they must be.

    Raises ``CannotStart`` with every fault.
    """
    faults = [*_database_faults(settings), *_ephemera_faults(settings), *_registry_faults(settings)]
    faults += _operation_faults(settings)
    if listens:
        faults += port_faults(settings.service.bind_addresses, settings.service.port)
    ring = build.keyring(settings)
    faults += _key_faults(ring)
    if faults:
        raise CannotStart(tuple(faults))
    idp = build.build(settings, ring)
    inactive = idp.signers.missing()
    idp.database.engine.dispose()
    if inactive:
        raise CannotStart(
            tuple(f"keys: there is no active key for {alg}; run `idp keys init`" for alg in inactive)
        )
    return idp


def _database_faults(settings: Settings) -> Iterator[str]:
    try:
        store = build.database(settings)
    except ImportError:
        yield "database: the driver for database.url is not installed: install the extra `scale`"
        return
    except OSError as fault:
        yield f"database: the folder of its file cannot be made: {fault.strerror}"
        return
    try:
        schema.check(store)
    except SchemaMismatch as mismatch:
        yield f"database: {mismatch}"
    except DatabaseDown:
        yield "database: it does not answer at database.url"
    except DBAPIError:
        yield "database: what answers at database.url cannot be read as a database, or not by this user"
    finally:
        store.engine.dispose()


def _ephemera_faults(settings: Settings) -> Iterator[str]:
    if not settings.ephemera.url:
        # It stands in the database, which is asked anyway.
        return
    try:
        from idp.adapters.ephemera_redis import RedisEphemera
    except ImportError:
        yield "ephemera: the driver for ephemera.url is not installed: install the extra `scale`"
        return
    server = RedisEphemera(settings.ephemera.url)
    try:
        server.count("start", 0)
    except EphemeraDown:
        yield "ephemera: the server at ephemera.url does not answer"
    finally:
        server.close()


def _registry_faults(settings: Settings) -> Iterator[str]:
    # Whether the registry answers is no condition: without it nobody registers, and everybody signs in.
    if settings.registry.adapter == "local":
        return
    from idp.adapters.registry_http import CertificateRefused, tls_of

    try:
        tls_of(settings)
    except CertificateRefused as refused:
        yield f"registry: {refused}"


def _operation_faults(settings: Settings) -> Iterator[str]:
    try:
        registered(settings)
    except TypesRefused as refused:
        yield from (f"operations: {fault}" for fault in refused.faults)


def _key_faults(ring: FileKeyRing) -> Iterator[str]:
    try:
        ring.load()
    except KeyFilesRefused as refused:
        yield from (f"keys: {fault}" for fault in refused.faults)
        return
    held = {key.alg for key in ring.signing_keys().values()}
    wanted = {f"{alg} signatures": alg in held for alg in SIGNING_ALGORITHMS}
    for purpose in PURPOSES:
        try:
            wanted[purpose] = bool(ring.symmetric(purpose))
        except KeyError:
            wanted[purpose] = False
    missing = [name for name, there in wanted.items() if not there]
    if missing:
        yield f"keys: there is no key for {', '.join(missing)}; run `idp keys init`"


def port_faults(addresses: Iterable[str], port: int) -> list[str]:
    """A sentence for each address on which the port cannot be had."""
    found = ((address, _bind_error(address, port)) for address in addresses)
    return [
        "service: "
        + _WHY.get(fault, "port {port} on {address} cannot be opened").format(port=port, address=address)
        for address, fault in found
        if fault is not None and not _absent_loopback(address, fault)
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


def _absent(address: str) -> bool:
    return _bind_error(address, 0) in _NOT_HERE


def _absent_loopback(address: str, fault: int) -> bool:
    """Whether it is the loopback address of a protocol that this machine does without."""
    return fault in _NOT_HERE and ipaddress.ip_address(address).is_loopback
