"""Fixtures that every room of tests shares: servers started once a session, fresh contents for each test.

Nothing starts before a test asks for it, and each xdist worker has servers of its own.
"""

import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest
import redis
from playwright.sync_api import Browser, BrowserContext, Page, expect

from idp.settings import Settings
from tests.parts import chromium as chromium_part
from tests.parts import node as node_part
from tests.parts import postgres as postgres_part
from tests.parts import sms_gateway as sms_gateway_part
from tests.parts import smtp_sink as smtp_sink_part
from tests.parts import tls as tls_part
from tests.parts import valkey as valkey_part
from tests.service import in_process, running

# A busy machine is no counter-example; and of two runs of one tree, CI sees the same examples.
hypothesis.settings.register_profile("project", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("project")
# Nor is a page that comes late.
expect.set_options(timeout=20_000)

FAILED = pytest.StashKey[bool]()
FAILURES = Path(__file__).parents[1] / "var/test-failures"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whatever asks for a browser, so that no test has to say so twice."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Leave the outcome on the test, for fixtures that keep evidence of a failure."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres_part.PostgresServer]:
    """A PostgreSQL server; `.database(.template(name, build))` makes prepared databases cheap."""
    with postgres_part.postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: postgres_part.PostgresServer) -> Iterator[str]:
    """The URL of a fresh, empty PostgreSQL database."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'idp.sqlite3'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh, empty database; the test runs once on each of the two."""
    name = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    return str(request.getfixturevalue(name))


@pytest.fixture(scope="session")
def prepared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys, and a SQLite database with schema, key states and the demo customers, to be copied."""
    folder = tmp_path_factory.mktemp("prepared")
    in_process.prepare(in_process.settings_for(folder, f"sqlite:///{folder / 'idp.sqlite3'}"))
    return folder


@pytest.fixture
def service_folder(prepared_folder: Path, tmp_path: Path) -> Path:
    """A folder with a copy of the prepared keys."""
    shutil.copytree(prepared_folder / "keys", tmp_path / "keys")
    return tmp_path


@pytest.fixture
def prepared_sqlite_url(prepared_folder: Path, service_folder: Path) -> str:
    """The URL of a copy of the prepared SQLite database."""
    shutil.copy(prepared_folder / "idp.sqlite3", service_folder / "idp.sqlite3")
    return f"sqlite:///{service_folder / 'idp.sqlite3'}"


@pytest.fixture
def prepared_postgres_url(
    postgres_server: postgres_part.PostgresServer, prepared_folder: Path
) -> Iterator[str]:
    """The URL of a PostgreSQL database prepared with the same keys."""
    template = postgres_server.template(
        "prepared", lambda url: in_process.prepare(in_process.settings_for(prepared_folder, url))
    )
    with postgres_server.database(template) as url:
        yield url


@pytest.fixture
def service(prepared_sqlite_url: str, service_folder: Path) -> Iterator[in_process.InProcess]:
    """The service in this process, on SQLite, with the demo customers."""
    yield from _open(in_process.settings_for(service_folder, prepared_sqlite_url))


@pytest.fixture(scope="module")
def standing_service(
    prepared_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[in_process.InProcess]:
    """One service for a whole file of tests that leave each other's world alone."""
    folder = tmp_path_factory.mktemp("standing")
    shutil.copytree(prepared_folder / "keys", folder / "keys")
    shutil.copy(prepared_folder / "idp.sqlite3", folder / "idp.sqlite3")
    yield from _open(in_process.settings_for(folder, f"sqlite:///{folder / 'idp.sqlite3'}"))


@pytest.fixture
def clean_service(standing_service: in_process.InProcess) -> in_process.InProcess:
    """The file's service as on its first day; cheaper than one of the test's own."""
    standing_service.wipe()
    return standing_service


@pytest.fixture(params=["sqlite", "postgresql"])
def service_on_both(request: pytest.FixtureRequest, service_folder: Path) -> Iterator[in_process.InProcess]:
    """The service in this process; the test runs once on each database."""
    name = {"sqlite": "prepared_sqlite_url", "postgresql": "prepared_postgres_url"}[request.param]
    yield from _open(in_process.settings_for(service_folder, str(request.getfixturevalue(name))))


@pytest.fixture(scope="session")
def running_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[running.RunningService]:
    """The service as real processes on a free port of localhost, on SQLite, in development mode."""
    folder = tmp_path_factory.mktemp("running")
    with running.running_service(folder, f"sqlite:///{folder / 'idp.sqlite3'}") as started:
        yield started


def _open(settings: Settings) -> Iterator[in_process.InProcess]:
    opened = in_process.open_in_process(settings)
    yield opened
    opened.idp.database.engine.dispose()


@pytest.fixture(scope="session")
def valkey_server_url() -> Iterator[str]:
    """The URL of a Valkey server; `valkey_url` is the one for tests."""
    with valkey_part.valkey() as url:
        yield url


@pytest.fixture
def valkey_url(valkey_server_url: str) -> str:
    """The URL of an empty Valkey database."""
    with redis.Redis.from_url(valkey_server_url) as client:
        client.flushdb()
    return valkey_server_url


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A headless Chromium; marks the test as `browser`."""
    with chromium_part.chromium() as browser:
        yield browser


@pytest.fixture
def context(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A browser context without cookies, as an Italian customer's; a failed test leaves its pages in var/."""
    context = chromium.new_context(locale="it-IT", timezone_id="Europe/Rome")
    context.set_default_timeout(10_000)
    yield context
    if request.node.stash.get(FAILED, False):
        FAILURES.mkdir(parents=True, exist_ok=True)
        name = request.node.name.replace("/", "_")
        for number, page in enumerate(context.pages):
            page.screenshot(path=FAILURES / f"{name}-{number}.png", full_page=True)
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A blank page of `context`."""
    return context.new_page()


@pytest.fixture(scope="session")
def authority() -> Iterator[tls_part.Authority]:
    """A certificate authority that nothing else trusts."""
    with tls_part.authority() as authority:
        yield authority


@pytest.fixture(scope="session")
def smtp_server(authority: tls_part.Authority) -> Iterator[smtp_sink_part.SmtpSink]:
    """A mail server; `smtp_sink` is the one for tests."""
    with smtp_sink_part.smtp_sink(authority) as sink:
        yield sink


@pytest.fixture
def smtp_sink(smtp_server: smtp_sink_part.SmtpSink) -> smtp_sink_part.SmtpSink:
    """An empty mail server that demands STARTTLS (trust its `.authority`) and a password."""
    smtp_server.forget()
    return smtp_server


@pytest.fixture
def sms_gateway() -> Iterator[sms_gateway_part.SmsGateway]:
    """A gateway that records posts to `.url`, and can be told to fail, stall or lose answers."""
    with sms_gateway_part.sms_gateway() as gateway:
        yield gateway


@pytest.fixture(scope="session")
def node() -> node_part.Node:
    """Node.js and npm."""
    return node_part.node()
