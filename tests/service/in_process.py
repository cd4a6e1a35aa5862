"""The service in this process: real database, keys, templates and WSGI entry; the clock can be moved."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from sqlalchemy import event

from idp.adapters.couriers import couriers_of, logout_sender_of
from idp.adapters.entropy import SystemEntropy
from idp.adapters.inbox import Inbox
from idp.adapters.registry_file import RegistryFile
from idp.app import build, web
from idp.flows import clients, deliver, keys
from idp.flows.clients import Registered
from idp.flows.idp import Idp
from idp.flows.registry import importing
from idp.settings import Settings
from idp.store import schema
from idp.store.tables import metadata
from tests.service.clock import MovableClock
from tests.service.visitor import Visitor

ISSUER = "http://localhost:8000"
CALLBACK = "http://localhost:8001/callback"
LANDING = "http://localhost:8001/"
POLICIES = "http://localhost:8003"
CLAIMS = "https://claims.insurer.example"
PASSWORD = "Tramonto7blu"

# Cheap on purpose: what a hash costs is the bench's business.
CHEAP_HASHES = {"argon2_memory_kib": 64, "argon2_iterations": 1}


def folder_of(settings: Settings) -> Path:
    """The folder that ``settings_for`` was given."""
    return settings.keys.directory.parent


def settings_for(folder: Path, url: str, **sections: Mapping[str, Any]) -> Settings:
    """Development settings over this database; ``sections`` overlay them."""
    tree: dict[str, dict[str, Any]] = {
        "service": {"issuer": ISSUER, "development": True},
        "database": {"url": url, "sqlite_synchronous": "NORMAL"},
        "keys": {"directory": folder / "keys"},
        "password": dict(CHEAP_HASHES),
        # What a password alone opens is what most tests are about; the default has files of its own.
        "assurance": {"second_factor": "never", "scopes": {}},
        "delivery": {"inbox_path": folder / "inbox.jsonl"},
        "logout": {"allow_loopback_callbacks": True},
        "resources": {
            "policies": {"audience": POLICIES, "scopes": ("policies", "payout")},
            "claims": {"audience": CLAIMS, "scopes": ("claims",)},
        },
    }
    for section, values in sections.items():
        tree[section] = {**tree.get(section, {}), **values}
    return Settings.model_validate(tree)


@dataclass
class Counts:
    """What a stretch of work cost the database."""

    statements: list[str] = field(default_factory=list)
    # By those who write: a read ends in a commit too where the driver is not in autocommit.
    commits: int = 0

    def like(self) -> tuple[int, int]:
        """Statements and commits, to be compared."""
        return len(self.statements), self.commits


class InProcess:
    """The service, its clock and its post."""

    def __init__(self, idp: Idp, clock: MovableClock) -> None:
        self.idp = idp
        self.clock = clock

    @cached_property
    def app(self) -> Any:
        """The WSGI application."""
        return web.application(self.idp)

    def visitor(self, source: str = "198.51.100.7") -> Visitor:
        """A browser that was never here."""
        return Visitor(self.app, self.idp.issuer, source)

    def client(self, kind: str = "web", client_id: str = "portal", **metadata: Any) -> Registered:
        """Register a client; a first-party web client with everything unless told otherwise."""
        stated: dict[str, Any] = {
            "client_kind": kind,
            "client_id": client_id,
            "client_name": client_id.title(),
        }
        if kind not in ("service", "api"):
            stated |= {
                "redirect_uris": [CALLBACK],
                "post_logout_redirect_uris": [LANDING],
                "scope": "openid profile email phone offline_access policies",
                "first_party": True,
            }
        registered = clients.add(self.idp, {**stated, **metadata}, now=self.clock.now())
        assert isinstance(registered, Registered)
        return registered

    def load_customers(self) -> None:
        """Fill the registry with the demo customers."""
        with resources.as_file(resources.files("idp") / "demo" / "customers.csv") as file:
            importing.import_file(self.idp, RegistryFile(file), now=self.clock.now())

    def wipe(self) -> None:
        """Make it as it was on its first day: customers and keys, and nothing that anybody did since."""
        kept = {"customer_records", "customer_contacts", "agency_contacts", "registry_lines", "signing_keys"}
        kept |= {"versions"}
        with self.idp.writing() as tx:
            for table in reversed(metadata.sorted_tables):
                if table.name not in kept:
                    tx.execute(table.delete())
        self.idp.settings.delivery.inbox_path.unlink(missing_ok=True)
        # What processes remember of clients is over by then.
        self.clock.move(60)

    def post(self) -> list[dict[str, Any]]:
        """Deliver what is due and give every message so far, newest first."""
        deliver.deliver_due(
            self.idp,
            couriers_of(self.idp.settings, self.idp.clock),
            self.clock.now(),
            logout_sender=logout_sender_of(self.idp.settings),
        )
        return Inbox(self.idp.settings.delivery.inbox_path).newest_first()

    def code_for(self, contact: str) -> str:
        """The newest code sent to a contact."""
        return next(str(m["code"]) for m in self.post() if m["to"] == contact and m["code"])

    @contextmanager
    def counting(self) -> Iterator[Counts]:
        """Count the statements and commits that happen inside."""
        counts = Counts()
        engine = self.idp.database.engine

        def statement(_c: Any, _cur: Any, text: str, *_rest: Any) -> None:
            counts.statements.append(text)

        def commit(connection: Any) -> None:
            counts.commits += bool(connection.get_execution_options().get("idp_writing"))

        event.listen(engine, "before_cursor_execute", statement)
        event.listen(engine, "commit", commit)
        try:
            yield counts
        finally:
            event.remove(engine, "before_cursor_execute", statement)
            event.remove(engine, "commit", commit)

    # --- walks -------------------------------------------------------------------------------------------

    def register(self, visitor: Visitor, contact: str = "maria.rossi@posta.example", **typed: str) -> None:
        """Walk journey A from the profile page to the done page."""
        data = {
            "given_name": "Maria",
            "family_name": "Rossi",
            "username": contact,
            "accept_terms": "yes",
            **typed,
        }
        visitor.get("/register")
        visitor.press(profile="person")
        visitor.press(**data)
        visitor.press(new_password=PASSWORD)
        assert visitor.page == "register-verify", (visitor.page, visitor.faults)
        visitor.press(code=self.code_for(contact))
        assert visitor.page == "register-done", (visitor.page, visitor.faults)

    def in_parallel(self, work: Any, count: int) -> list[Any]:
        """Run ``work(number)`` in that many threads at once; the results, in order."""
        results: list[Any] = [None] * count
        gate = threading.Barrier(count)

        def run(number: int) -> None:
            gate.wait()
            results[number] = work(number)

        threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results


def open_in_process(settings: Settings) -> InProcess:
    """The service over keys and a database that ``prepare`` made."""
    return InProcess(*assembled(settings))


def assembled(settings: Settings) -> tuple[Idp, MovableClock]:
    """Everything below the faces, and the clock it goes by."""
    entropy = SystemEntropy()
    ring = build.keyring(settings, entropy)
    store = build.database(settings)
    clock = MovableClock()
    idp = build.assemble(
        settings,
        clock=clock,
        entropy=entropy,
        keys=ring.load(),
        store=store,
        short_lived=build.ephemera(settings, store),
    )
    return idp, clock


def prepare(settings: Settings) -> None:
    """Make keys (where there are none), schema, key states and the demo customers."""
    build.keyring(settings).create_missing()
    service = open_in_process(settings)
    schema.upgrade(service.idp.database)
    keys.init(service.idp, now=service.clock.now())
    service.load_customers()
    service.idp.database.engine.dispose()
