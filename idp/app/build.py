"""Puts the service together. Nothing below this floor knows which adapters stand behind its ports."""

import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine

from idp.accounts.registry import AgencyRegistry
from idp.adapters.clock import SystemClock
from idp.adapters.entropy import SystemEntropy
from idp.adapters.ephemera_sql import SqlEphemera
from idp.adapters.keyring import FileKeyRing
from idp.adapters.operation_types import registered
from idp.adapters.registry_local import LocalRegistry
from idp.flows.clients import ClientDirectory
from idp.flows.compose import Composer
from idp.flows.hashing import Hasher
from idp.flows.idp import Idp
from idp.flows.signing import Signers
from idp.ports import Clock, Entropy, Ephemera, KeyRing
from idp.settings import Settings
from idp.store.database import Database, engine_options
from idp.store.sealing import Sealer


def keyring(settings: Settings, entropy: Entropy | None = None) -> FileKeyRing:
    """The key files' adapter, not loaded yet."""
    return FileKeyRing(
        settings.keys.directory, entropy or SystemEntropy(), group_readable=settings.keys.group_readable
    )


def database(settings: Settings) -> Database:
    """The database, not connected yet. The engine is Flask-SQLAlchemy's; nothing else of it is used."""
    url = settings.database.url
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
        # Flask-SQLAlchemy would take a relative path from its instance folder; ours are from the working
        # directory.
        file = Path(url.removeprefix("sqlite:///")).absolute()
        file.parent.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{file}"
    _make_private(url)
    options = engine_options(
        url,
        pool_size=settings.database.pool_size,
        threads=settings.service.threads,
        statement_timeout_ms=settings.database.statement_timeout_ms,
    )
    return Database(_engine(url, options), sqlite_synchronous=settings.database.sqlite_synchronous)


def _make_private(url: str) -> None:
    """Make a SQLite file that is not there yet for its owner alone: it will hold hashes and sealed data.

    SQLite gives the files it puts beside it the same mode. One that is there keeps the mode it was given.
    """
    if not url.startswith("sqlite:///"):
        return
    # What cannot be made is told by SQLite, where it is told for every command alike.
    with suppress(OSError):
        file = Path(url.removeprefix("sqlite:///").partition("?")[0])
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _engine(url: str, options: dict[str, object]) -> Engine:
    app = Flask("idp.database", static_folder=None)
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    root = SQLAlchemy(app)
    with app.app_context():
        return root.engine


def ephemera(settings: Settings, store: Database) -> Ephemera:
    """Short-lived state: Redis or Valkey where an address is set, else a table of the database."""
    in_database = SqlEphemera(store)
    if not settings.ephemera.url:
        return in_database
    from idp.adapters.ephemera_redis import RedisEphemera
    from idp.adapters.ephemera_steady import SteadyEphemera

    return SteadyEphemera(RedisEphemera(settings.ephemera.url), in_database, SystemClock().monotonic)


def agency_registry(
    settings: Settings, store: Database, sealer: Sealer, *, clock: Clock, entropy: Entropy
) -> AgencyRegistry:
    """The insurer's records: our own tables, or its service. Raises ``CertificateRefused``."""
    if settings.registry.adapter == "local":
        return LocalRegistry(store, sealer)
    from idp.adapters.registry_http import HttpRegistry

    return HttpRegistry(settings, entropy, clock.monotonic)


def assemble(
    settings: Settings,
    *,
    clock: Clock,
    entropy: Entropy,
    keys: KeyRing,
    store: Database,
    short_lived: Ephemera,
) -> Idp:
    """The ``Idp`` over given adapters. Raises ``TypesRefused``."""
    lifetimes = settings.lifetimes
    sealer = Sealer(keys, entropy)
    return Idp(
        settings=settings,
        database=store,
        clock=clock,
        entropy=entropy,
        ephemera=short_lived,
        keyring=keys,
        sealer=sealer,
        registry=agency_registry(settings, store, sealer, clock=clock, entropy=entropy),
        # Three request threads of four may wait for a hash; tokens are served by the fourth.
        hasher=Hasher(settings.password, entropy, most_at_once=settings.service.threads * 3 // 4),
        clients=ClientDirectory(store, clock, ttl=float(lifetimes.client_cache)),
        signers=Signers(
            store,
            keys,
            clock,
            published_for=max(lifetimes.access_token, lifetimes.id_token) + settings.keys.jwks_cache_seconds,
            # An ID token comes back as a hint as long as its session may last.
            trusted_for=lifetimes.session_absolute,
        ),
        composer=Composer(
            settings.brand, settings.languages, urlsplit(settings.service.issuer).hostname or ""
        ),
        operation_types=registered(settings),
    )


def build(settings: Settings, ring: FileKeyRing | None = None) -> Idp:
    """The service on its real adapters; connects to nothing yet.

    Raises ``KeyFilesRefused``, unless it is given a key ring that was loaded already, and
    ``CertificateRefused`` and ``TypesRefused``.
    """
    entropy = SystemEntropy()
    store = database(settings)
    return assemble(
        settings,
        clock=SystemClock(),
        entropy=entropy,
        keys=ring or keyring(settings, entropy).load(),
        store=store,
        short_lived=ephemera(settings, store),
    )
