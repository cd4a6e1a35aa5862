"""Valkey goes away, hangs and comes back: sign-ins go on, and no limit opens.

Decision: docs/decisions/counting-without-valkey.md.
"""

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine

from idp.adapters.ephemera_redis import RedisEphemera
from idp.adapters.ephemera_sql import SqlEphemera
from idp.adapters.ephemera_steady import PAUSE, SteadyEphemera
from idp.ports import EphemeraDown
from idp.store import schema
from idp.store.database import Database
from tests.faults.service import CALLBACK, MortalService, mortal_service
from tests.parts import valkey as valkey_part
from tests.parts.missing import missing
from tests.parts.ports import free_port, wait_for_port
from tests.service.clock import MovableClock
from tests.service.running import PASSWORD, HttpBrowser

pytestmark = pytest.mark.slow

NOW = 1_800_000_000


class Valkey:
    """A server that can be killed, frozen, and started again at the same address, empty."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self._binary, self._folder = binary, folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        """Start it."""
        options = ("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder), "--save", "")
        self._process = subprocess.Popen(
            [self._binary, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for_port(self.port)

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """It takes connections and answers nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        self._process.send_signal(signal.SIGCONT)


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A server of this test's own."""
    binary = valkey_part.find_binary()
    if binary is None:
        missing("Valkey", valkey_part.HOW_TO_GET)
    server = Valkey(binary, tmp_path)
    yield server
    server.kill()


@pytest.fixture
def steady(valkey: Valkey, sqlite_url: str) -> Iterator[tuple[SteadyEphemera, MovableClock]]:
    """The adapter on that server and a database, under a clock that can be moved."""
    database = Database(create_engine(sqlite_url))
    schema.upgrade(database)
    clock = MovableClock()
    adapter = SteadyEphemera(RedisEphemera(valkey.url), SqlEphemera(database), clock.monotonic)
    yield adapter, clock
    adapter.close()
    database.engine.dispose()


def test_counters_go_on_in_the_database_and_back_on_the_server(
    valkey: Valkey, steady: tuple[SteadyEphemera, MovableClock]
) -> None:
    ephemera, clock = steady
    assert ephemera.bump("brake:a", 60, NOW) == 1
    valkey.kill()
    assert [ephemera.bump("brake:a", 60, NOW) for _ in range(3)] == [1, 2, 3]
    assert ephemera.count("brake:a", NOW) == 3
    valkey.start()
    assert ephemera.count("brake:a", NOW) == 3, "the server is not asked before the pause is over"
    clock.move(PAUSE)
    assert ephemera.count("brake:a", NOW) == 0, "it came back without its memory"
    valkey.kill()
    assert ephemera.bump("brake:a", 60, NOW) == 4, "the database remembers the outage before"


def test_what_must_be_there_once_does_not_fall_back(
    valkey: Valkey, steady: tuple[SteadyEphemera, MovableClock]
) -> None:
    ephemera, clock = steady
    assert ephemera.add("assertion:a", b"1", 60, NOW)
    valkey.kill()
    for _ in range(2):
        with pytest.raises(EphemeraDown):
            ephemera.add("assertion:a", b"1", 60, NOW)
        with pytest.raises(EphemeraDown):
            ephemera.take("par:a", NOW)
        with pytest.raises(EphemeraDown):
            ephemera.put("par:a", b"x", 60, NOW)
        with pytest.raises(EphemeraDown):
            ephemera.peek("par:a", NOW)
    valkey.start()
    clock.move(PAUSE)
    assert ephemera.add("assertion:a", b"1", 60, NOW)


def test_a_server_that_hangs_is_waited_for_once(
    valkey: Valkey, steady: tuple[SteadyEphemera, MovableClock]
) -> None:
    ephemera, clock = steady
    valkey.freeze()
    began = time.monotonic()
    for _ in range(50):
        ephemera.bump("brake:a", 60, NOW)
    assert time.monotonic() - began < 3
    valkey.thaw()
    clock.move(PAUSE)
    assert ephemera.count("brake:a", NOW) <= 1


@pytest.fixture
def service(
    valkey: Valkey, tmp_path_factory: pytest.TempPathFactory, prepared_folder: Path
) -> Iterator[MortalService]:
    """Two processes on SQLite that count on that server."""
    folder = tmp_path_factory.mktemp("counting")
    with mortal_service(folder, prepared_folder, more=f'\n[ephemera]\nurl = "{valkey.url}"\n') as started:
        yield started


def sign_in(browser: HttpBrowser, client: dict[str, Any], password: str) -> httpx.Response:
    """Ask for a code and type a username and this password."""
    browser.get(
        "/authorize",
        client_id=client["client_id"],
        redirect_uri=CALLBACK,
        response_type="code",
        scope="openid",
        prompt="login",
        code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        code_challenge_method="S256",
    )
    return browser.press(username="maria.rossi@posta.example", password=password)


def test_sign_ins_and_registrations_go_on_and_no_limit_opens(service: MortalService, valkey: Valkey) -> None:
    hers = service.signed_in()
    client = service.add_client(kind="spa", redirect_uris=[CALLBACK], scope="openid", first_party=True)
    # Counters live in fixed windows of fifteen minutes: not astride of two.
    if time.time() % 900 > 870:
        time.sleep(31)
    valkey.kill()
    assert service.http.get(f"{service.issuer}/health/ready").status_code == 200
    for _ in range(5):
        answer = sign_in(hers, client, PASSWORD)
        assert answer.headers.get("location", "").startswith(CALLBACK), answer.status_code

    guesser = service.browser()
    statuses = [sign_in(guesser, client, "Sbagliata1").status_code for _ in range(12)]
    assert statuses == [200] * 10 + [429] * 2, "ten wrong passwords from one source, here as there"
    assert sign_in(hers, client, PASSWORD).status_code == 303, "her own browser is not held up by them"

    # A message costs: what limits it goes on counting too (one a minute to a contact).
    told = []
    for _ in range(4):
        browser = service.browser()
        browser.get("/register")
        browser.press(profile="person")
        browser.press(
            given_name="Giovanni",
            family_name="Bianchi",
            username="giovanni.bianchi@posta.example",
            accept_terms="yes",
        )
        told.append(browser.press(new_password=PASSWORD).status_code)
    assert told == [200, 429, 429, 429]

    valkey.start()
    time.sleep(PAUSE)
    assert sign_in(hers, client, PASSWORD).status_code == 303
    assert service.log.count("ephemera_away") <= 2, "once a process"
    assert "Traceback" not in service.log
