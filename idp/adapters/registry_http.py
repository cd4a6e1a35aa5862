"""The agency registry as the insurer's own service, asked by HTTPS (docs/registry-http.md).

What is asked travels in the body: no address, tax code or number ever stands in a URL or in a log. Whatever
goes wrong ends in ``RegistryDown``: an answer is taken whole or not at all.
"""

import json
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpcore
import structlog

from idp.accounts.records import CustomerRecord
from idp.accounts.registry import MOST_RECORDS, RECORDS_OF_ONE, RegistryDown, Standing
from idp.adapters import registry_answer
from idp.adapters.breaker import Breaker
from idp.adapters.egress import system_resolver, trust
from idp.adapters.registry_answer import UnreadableAnswer, UnreadableRecord
from idp.adapters.timed_network import TimedBackend, within
from idp.ports import Entropy
from idp.settings import Settings
from idp.values import Contact, Identifier

LONGEST_ANSWER = 256 * 1024
"""Octets of an answer's body; sixteen records take a tenth of it."""

PATIENCE = 0.25
"""Seconds for which a call waits for one under way to end, when as many are under way as may be."""

_KEPT = 15.0
"""Seconds for which an idle connection is kept."""

_AWAY = frozenset({401, 403, 404, 405, 408, 421, 425, 429})
"""Statuses below 500 that tell of the service or of our settings, not of what was asked."""

_Answer = TypeVar("_Answer")
_Headers = tuple[tuple[str, str], ...]
_log = structlog.get_logger(__name__)


class CertificateRefused(Exception):
    """A certificate file of ``registry`` cannot be used; the sentence names the key of the settings."""


def tls_of(settings: Settings) -> ssl.SSLContext:
    """What connections to the registry trust and show; raises ``CertificateRefused``."""
    registry = settings.registry
    try:
        if registry.ca_file is None:
            context = trust(settings.service.extra_ca_file)
        else:
            context = ssl.create_default_context(cafile=str(registry.ca_file))
            context.minimum_version = ssl.TLSVersion.TLSv1_2
    except (OSError, ValueError):
        raise CertificateRefused("registry.ca_file: holds no certificate in PEM form") from None
    if registry.client_certificate_file is not None and registry.client_key_file is not None:
        _show(context, registry.client_certificate_file, registry.client_key_file)
    return context


def _show(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        # An encrypted key would else ask for its password on the terminal, and wait.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError):
        raise CertificateRefused(
            "registry.client_certificate_file: certificate and key (registry.client_key_file) cannot be read "
            "as PEM, do not belong together, or the key is encrypted"
        ) from None


class HttpRegistry:
    """Asks the insurer's service; raises ``RegistryDown`` for everything but a whole, sound answer.

    Threads share its connections. A process that forks gives its child none of them.
    """

    def __init__(
        self,
        settings: Settings,
        entropy: Entropy,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        resolver: Callable[[str, int], list[str]] = system_resolver,
    ) -> None:
        self._settings = settings
        self._entropy = entropy
        self._monotonic = monotonic
        self._resolver = resolver
        self._tls = tls_of(settings)
        self._headers: _Headers = (
            ("Host", _host(settings.registry.url)),
            ("User-Agent", "idp"),
            ("Accept", "application/json"),
            ("Accept-Encoding", "identity"),
            ("Content-Type", "application/json"),
        )
        token = settings.registry.token
        if token is not None:
            self._headers += (("Authorization", f"Bearer {token.get_secret_value()}"),)
        # By process: a lock or a connection that a child inherits is of no use to it.
        self._lines: dict[int, _Line] = {}

    def by_contact(self, contact: Contact) -> tuple[CustomerRecord, ...]:
        """The records on which a contact stands; any other record in the answer is left out."""
        found = self._search({"contact": contact.text})
        return _asked_for(found, lambda one: any(on_file.contact == contact for on_file in one.contacts))

    def by_identifier(self, identifier: Identifier) -> tuple[CustomerRecord, ...]:
        """The records with this tax code or this VAT number; any other in the answer is left out."""
        tax_code, vat_number = identifier.tax_code, identifier.vat_number
        asked = {}
        if tax_code is not None:
            asked["tax_code"] = tax_code.text
        if vat_number is not None:
            asked["vat_number"] = vat_number.text

        def has_it(record: CustomerRecord) -> bool:
            theirs = record.tax_code
            if tax_code is not None and theirs is not None and theirs.plain == tax_code.plain:
                return True
            return vat_number is not None and record.vat_number == vat_number

        return _asked_for(self._search(asked), has_it)

    def by_customer_number(self, number: str) -> CustomerRecord | None:
        """The record of this customer."""
        found = self._search({"customer_number": number})
        of_customer = _asked_for(found, lambda record: record.customer_number == number)
        return of_customer[0] if of_customer else None

    def standings(self, contacts: Sequence[Contact]) -> tuple[Standing, ...]:
        """Whose each of these contacts is, in the order given."""
        asked = {"contacts": [contact.text for contact in contacts]}
        read = partial(registry_answer.standings, count=len(contacts))
        return self._ask("/contacts/standings", asked, read)

    def close(self) -> None:
        """Hang up."""
        self._line().pool.close()

    def _search(self, asked: Mapping[str, str]) -> tuple[CustomerRecord, ...]:
        question = {**asked, "at_most": MOST_RECORDS}
        found = self._ask("/customers/search", question, registry_answer.customers)
        registry_answer.pretend(RECORDS_OF_ONE - len(found))
        return found

    def _ask(self, path: str, question: Mapping[str, Any], read: Callable[[bytes], _Answer]) -> _Answer:
        line = self._line()
        call = self._entropy.identifier()
        try:
            with line.turn():
                if not line.breaker.admits():
                    raise RegistryDown
                try:
                    answer = _understood(line.post(*self._call(path, question, call)), read)
                except _Failed as why:
                    (line.breaker.failed if why.away else line.breaker.succeeded)()
                    raise
                line.breaker.succeeded()
                return answer
        except _Failed as why:
            _log.warning("registry_failed", reason=why.reason, call=call, **why.facts)
            raise RegistryDown from None

    def _call(self, path: str, question: Mapping[str, Any], call: str) -> tuple[str, bytes, _Headers]:
        content = json.dumps(question, ensure_ascii=False, separators=(",", ":")).encode()
        headers = (*self._headers, ("Idp-Call", call), ("Content-Length", str(len(content))))
        return self._settings.registry.url + path, content, headers

    def _line(self) -> "_Line":
        pid = os.getpid()
        line = self._lines.get(pid)
        # Of two threads that both make one the first wins; the other's has no connection yet.
        return line if line is not None else self._lines.setdefault(pid, self._new_line())

    def _new_line(self) -> "_Line":
        registry = self._settings.registry
        return _Line(
            self._tls,
            self._resolver,
            Breaker(self._monotonic, failures=registry.breaker_failures, seconds=registry.breaker_seconds),
            # Half of the request threads stay free for those who sign in.
            calls=max(1, min(registry.connections, self._settings.service.threads // 2)),
            seconds=registry.timeout,
        )


class _Failed(Exception):
    """No answer to be taken; ``away``: others who ask now would get none either."""

    def __init__(self, reason: str, *, away: bool = True, **facts: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.away = away
        self.facts = facts


class _Line:
    """One process's connections: as many at a time as may be, each call with one deadline."""

    def __init__(
        self,
        tls: ssl.SSLContext,
        resolver: Callable[[str, int], list[str]],
        breaker: Breaker,
        *,
        calls: int,
        seconds: float,
    ) -> None:
        self.breaker = breaker
        self._free = threading.BoundedSemaphore(calls)
        self._seconds = seconds
        self._here = threading.local()
        self.pool = httpcore.ConnectionPool(
            ssl_context=tls,
            network_backend=TimedBackend(
                lambda host, port, left: within(left, lambda: resolver(host, port)),
                lambda: float(self._here.deadline),
            ),
            http2=False,
            max_connections=calls,
            max_keepalive_connections=calls,
            keepalive_expiry=_KEPT,
        )

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One of the calls that may be under way; raises ``_Failed``."""
        if not self._free.acquire(timeout=PATIENCE):
            raise _Failed("busy")
        try:
            yield
        finally:
            self._free.release()

    def post(self, url: str, content: bytes, headers: _Headers) -> bytes:
        """The body of the answer, when it is 200 and JSON; raises ``_Failed``."""
        self._here.deadline = time.monotonic() + self._seconds
        try:
            try:
                return self._exchange(url, content, headers)
            except (httpcore.RemoteProtocolError, httpcore.ReadError, httpcore.WriteError):
                # A connection kept from before may be closed at the moment it is used; a search changes
                # nothing and may be sent twice.
                return self._exchange(url, content, headers)
        except httpcore.TimeoutException:
            raise _Failed("timeout") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as fault:
            raise _Failed("tls" if _by_tls(fault) else "network") from None

    def _exchange(self, url: str, content: bytes, headers: _Headers) -> bytes:
        timeouts = {"timeout": {"pool": self._seconds}}
        sent: list[tuple[bytes | str, bytes | str]] = [*headers]
        with self.pool.stream("POST", url, headers=sent, content=content, extensions=timeouts) as response:
            if response.status != 200:
                raise _Failed(
                    "status",
                    away=response.status in _AWAY or not 400 <= response.status < 500,
                    status=response.status,
                )
            told = {name.lower(): value.decode("latin-1").lower() for name, value in response.headers}
            if told.get(b"content-type", "").partition(";")[0].strip() != "application/json":
                raise _Failed("not_json")
            if told.get(b"content-encoding", "identity") != "identity":
                raise _Failed("encoded")
            return _whole(response.iter_stream())


def _whole(chunks: Iterable[bytes]) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > LONGEST_ANSWER:
            raise _Failed("too_long", away=False)
    return bytes(body)


def _understood(body: bytes, read: Callable[[bytes], _Answer]) -> _Answer:
    try:
        return read(body)
    except UnreadableAnswer as fault:
        away = not isinstance(fault, UnreadableRecord)
        raise _Failed("unreadable", away=away, code=fault.code, where=fault.where) from None


def _asked_for(
    found: tuple[CustomerRecord, ...], is_it: Callable[[CustomerRecord], bool]
) -> tuple[CustomerRecord, ...]:
    """Those that are what was asked for: a service that searches more loosely than we must not decide who a
    contact belongs to."""
    those = tuple(record for record in found if is_it(record))
    if len(those) != len(found):
        _log.warning("registry_told_more_than_asked", records=len(found) - len(those))
    return those


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


def _by_tls(fault: BaseException | None) -> bool:
    """Whether TLS is at the root of it; httpcore re-raises, so the root may be the context only."""
    while fault is not None:
        if isinstance(fault, ssl.SSLError):
            return True
        fault = fault.__cause__ or fault.__context__
    return False
