"""A provider, the policies API and the portal over real HTTP, each on a free port, with one clock."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from flask import Flask
from joserfc.jwk import RSAKey
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from clients.app.settings import AppSettings
from clients.app.site import create_site
from clients.policies.api import create_api
from clients.policies.settings import Introspection, PoliciesSettings
from clients.portal.application import create_portal
from clients.portal.settings import PortalSettings
from tests.clients.fake_provider import Clock, FakeProvider
from tests.parts.ports import free_port

POLL = 0.02
"""Seconds after which a server notices that it is to stop."""


def served(app: Flask, port: int) -> Iterator[str]:
    """`app` answering on this port of the loopback address while the iterator is held."""
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=[POLL], daemon=True)
    thread.start()
    yield f"http://localhost:{port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def clock() -> Clock:
    return Clock(int(time.time()))


@pytest.fixture(scope="session")
def rsa_key() -> RSAKey:
    """A key that is published beside the right one and must not matter; made once, since it takes long."""
    return RSAKey.generate_key(2048)


@pytest.fixture
def provider(clock: Clock, rsa_key: RSAKey) -> Iterator[FakeProvider]:
    """A provider that is already answering."""
    made = FakeProvider(free_port(), clock, rsa_key)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def app_port() -> int:
    return free_port()


@pytest.fixture
def payouts_file(tmp_path: Path) -> Path:
    """Where the policies API keeps its payouts."""
    return tmp_path / "payouts.sqlite3"


@pytest.fixture
def policies(provider: FakeProvider, clock: Clock, app_port: int, payouts_file: Path) -> Iterator[str]:
    """The address of a policies API without introspection."""
    port = free_port()
    provider.audience = f"http://localhost:{port}"
    settings = PoliciesSettings(
        provider.issuer, provider.audience, payouts_file, frozenset({f"http://localhost:{app_port}"})
    )
    yield from served(create_api(settings, clock), port)


@pytest.fixture
def introspecting_policies(provider: FakeProvider, clock: Clock, payouts_file: Path) -> Iterator[str]:
    """The address of a policies API that asks the provider before it lists documents."""
    port = free_port()
    provider.audience = f"http://localhost:{port}"
    settings = PoliciesSettings(
        provider.issuer,
        provider.audience,
        payouts_file,
        introspection=Introspection("policies", "policies-secret"),
    )
    yield from served(create_api(settings, clock), port)


@pytest.fixture
def portal(provider: FakeProvider, policies: str, clock: Clock) -> Iterator[str]:
    """The address of a portal that is a client of the provider and reads from the policies API."""
    port = free_port()
    settings = PortalSettings(
        url=f"http://localhost:{port}",
        issuer=provider.issuer,
        client_id="portal",
        client_secret="portal-secret",
        policies_url=policies,
    )
    yield from served(create_portal(settings, clock), port)


@pytest.fixture
def app(provider: FakeProvider, policies: str, app_port: int) -> Iterator[str]:
    """The address of the phone app."""
    settings = AppSettings(f"http://localhost:{app_port}", provider.issuer, "app", policies)
    yield from served(create_site(settings), app_port)


@pytest.fixture
def visitor() -> Iterator[httpx.Client]:
    """A browser without JavaScript: it keeps cookies and follows redirects."""
    with httpx.Client(follow_redirects=True, trust_env=False, timeout=10) as client:
        yield client


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Page]:
    """A page of a phone-sized Italian browser, 390 pixels wide."""
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, locale="it-IT", timezone_id="Europe/Rome"
    )
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()
