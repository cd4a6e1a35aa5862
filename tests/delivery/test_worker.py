"""The worker: at once, beside each other, through an outage, and gone when told to go."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, update

from idp.adapters.clock import SystemClock
from idp.flows import clients, keys, post
from idp.flows.idp import Idp
from idp.flows.wording import Purpose
from idp.flows.worker import LANES, Worker
from idp.ports import Delivery
from idp.settings import Settings
from idp.store import outbox
from idp.store.database import Database, DatabaseDown
from idp.store.outbox import Channel
from idp.store.tables import outbox as table
from idp.values import Contact, EmailAddress, MobileNumber
from tests.delivery.conftest import Crier, Pigeon, opened, rows

ANNA = EmailAddress("anna.verdi@example.com")
BRUNO = MobileNumber("+393331234501")


@pytest.fixture
def live(database_url: str, key_folder: Path) -> Iterator[Idp]:
    """The service on the real clock."""
    with opened(database_url) as database:
        yield on_the_real_clock(database, key_folder)


@pytest.fixture
def live_on_sqlite(sqlite_url: str, key_folder: Path) -> Iterator[Idp]:
    """The same on SQLite only."""
    with opened(sqlite_url) as database:
        yield on_the_real_clock(database, key_folder)


def on_the_real_clock(database: Database, key_folder: Path, settings: Settings | None = None) -> Idp:
    from idp.adapters.entropy import SystemEntropy
    from idp.adapters.ephemera_sql import SqlEphemera
    from idp.adapters.keyring import FileKeyRing
    from idp.app.build import assemble

    entropy = SystemEntropy()
    return assemble(
        settings or Settings.model_validate({"delivery": {"worker_poll_ms": 100}}),
        clock=SystemClock(),
        entropy=entropy,
        keys=FileKeyRing(key_folder, entropy).load(),
        store=database,
        short_lived=SqlEphemera(database),
    )


@contextlib.contextmanager
def working(idp: Idp, pigeon: Pigeon, crier: Crier | None = None) -> Iterator[threading.Event]:
    stop = threading.Event()
    worker = Worker(idp, {Channel.EMAIL: pigeon, Channel.SMS: pigeon}, crier)
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def put(idp: Idp, to: Contact | None = ANNA, *, ring: bool = True, life: int = 600) -> str:
    now = idp.clock.now()
    parcel = post.prepare(
        idp,
        to=to,
        purpose=Purpose.REGISTRATION_CODE,
        language="it",
        now=now,
        expires_at=now + life,
        code="123456",
    )
    with idp.writing() as tx:
        outbox.add(tx, parcel)
    if ring:
        idp.post_waiting.set()
    return parcel.id


def until(condition: Callable[[], object], seconds: float = 5.0) -> float:
    """How long it took to come true."""
    began = time.monotonic()
    while not condition():
        waited = time.monotonic() - began
        assert waited < seconds, f"not within {seconds} s"
        time.sleep(0.005)
    return time.monotonic() - began


def carried(pigeon: Pigeon, count: int) -> bool:
    return len(pigeon.carried) == count


def test_a_code_leaves_within_a_second_of_its_commit(live: Idp) -> None:
    pigeon = Pigeon()
    with working(live, pigeon):
        time.sleep(0.3)
        for number in range(1, 6):
            put(live)
            assert until(partial(carried, pigeon, number)) < 1.0


def test_what_another_process_wrote_is_found_by_looking(live: Idp) -> None:
    pigeon = Pigeon()
    with working(live, pigeon):
        time.sleep(0.2)
        put(live, ring=False)
        assert until(lambda: pigeon.carried) < 1.0


def test_a_poll_of_a_minute_does_not_delay_what_was_written_here(sqlite_url: str, key_folder: Path) -> None:
    settings = Settings.model_validate({"delivery": {"worker_poll_ms": 60_000}})
    with opened(sqlite_url) as database:
        idp = on_the_real_clock(database, key_folder, settings)
        pigeon = Pigeon()
        with working(idp, pigeon):
            time.sleep(0.5)
            put(idp)
            assert until(lambda: pigeon.carried) < 1.0
        # And leaving does not wait for the minute: `working` gives it ten seconds.


def test_relying_parties_that_do_not_answer_delay_no_code(live: Idp) -> None:
    keys.init(live, now=live.clock.now())
    uri = "https://portal.example.com/backchannel-logout"
    added = clients.add(
        live,
        {
            "client_id": "portal",
            "client_name": "Portal",
            "client_kind": "web",
            "redirect_uris": ["https://portal.example.com/callback"],
            "backchannel_logout_uri": uri,
        },
        now=live.clock.now(),
    )
    assert isinstance(added, clients.Registered)
    held = threading.Event()

    class Stuck(Crier):
        def send(self, uri: str, logout_token: str) -> Delivery:
            held.wait(10)
            return super().send(uri, logout_token)

    crier, pigeon = Stuck(), Pigeon()
    calls = [
        post.prepare_logout(live, "portal", uri, "sub", f"sid-{number}", live.clock.now())
        for number in range(LANES * 10)
    ]
    with live.writing() as tx:
        outbox.add(tx, *calls)
    with working(live, pigeon, crier):
        live.post_waiting.set()
        time.sleep(0.3)
        put(live)
        put(live, BRUNO)
        assert until(lambda: len(pigeon.carried) == 2) < 1.0
        assert crier.told == []
        held.set()
        until(lambda: len(crier.told) == len(calls))


@pytest.mark.slow
def test_two_workers_send_two_hundred_messages_once_each(database_url: str, key_folder: Path) -> None:
    with opened(database_url) as one, opened(database_url) as other:
        first, second = on_the_real_clock(one, key_folder), on_the_real_clock(other, key_folder)
        ids = {put(first, ring=False) for _ in range(200)}
        pigeon = Pigeon()
        with working(first, pigeon), working(second, pigeon):
            until(lambda: all(row["state"] == "sent" for row in rows(first)), 40)
        keys_carried = [message.idempotency_key for message in pigeon.carried]
        assert len(keys_carried) == 200
        assert set(keys_carried) == ids


def test_a_database_that_goes_and_comes_back_loses_nothing(
    live_on_sqlite: Idp, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, down, pigeon = live_on_sqlite, threading.Event(), Pigeon()
    reading, writing = Database.reading, Database.writing

    @contextlib.contextmanager
    def failing(
        self: Database, way: Callable[[Database], contextlib.AbstractContextManager[object]]
    ) -> Iterator[object]:
        if down.is_set() and threading.current_thread() is not threading.main_thread():
            raise DatabaseDown
        with way(self) as tx:
            yield tx

    monkeypatch.setattr(Database, "reading", lambda self: failing(self, reading))
    monkeypatch.setattr(Database, "writing", lambda self: failing(self, writing))
    with working(live, pigeon):
        put(live)
        until(lambda: len(pigeon.carried) == 1)
        down.set()
        put(live)
        time.sleep(1.0)
        assert len(pigeon.carried) == 1
        down.clear()
        until(lambda: len(pigeon.carried) == 2, 10)


def test_one_bad_row_does_not_stop_the_worker(live: Idp) -> None:
    pigeon = Pigeon()
    bad = put(live, ring=False)
    with live.writing() as tx:
        tx.execute(update(table).where(table.c.id == bad).values(sealed_parcel=b""))
    with working(live, pigeon):
        good = [put(live) for _ in range(3)]
        until(lambda: len(pigeon.carried) == 3)
        until(lambda: [row["state"] for row in rows(live) if row["id"] == bad] == ["dead"])
    assert sorted(message.idempotency_key for message in pigeon.carried) == sorted(good)


def test_the_worker_finishes_what_it_is_sending_and_gives_the_rest_back(live_on_sqlite: Idp) -> None:
    live, sending = live_on_sqlite, threading.Event()

    def slowly() -> None:
        sending.set()
        time.sleep(0.5)

    pigeon = Pigeon(before=slowly)
    for _ in range(8):
        put(live, ring=False)
    with working(live, pigeon) as stop:
        assert sending.wait(5)
        stop.set()
    found = rows(live)
    sent = [row for row in found if row["state"] == "sent"]
    assert 1 <= len(sent) == len(pigeon.carried) <= LANES * 2
    waiting = [row for row in found if row["state"] == "waiting"]
    assert len(waiting) == 8 - len(sent)
    # Due at once for whoever comes next, and not counted as tried.
    assert {(row["attempts"], row["due_at"] <= live.clock.now()) for row in waiting} == {(0, True)}


def test_the_worker_sweeps(live_on_sqlite: Idp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idp.flows.worker.SWEEP_SECONDS", 0.1)
    live = live_on_sqlite
    row_id = put(live, ring=False, life=1)
    pigeon = Pigeon(otherwise=Delivery.RETRY)
    with working(live, pigeon):
        until(lambda: rows(live)[0]["state"] == "expired")
    with live.reading() as tx:
        assert tx.execute(select(table.c.sealed_parcel).where(table.c.id == row_id)).scalar_one() is None


@pytest.mark.slow
def test_idp_worker_runs_until_it_is_told_to_stop(tmp_path: Path, key_folder: Path) -> None:
    """The command, as a process of its own, on what another process wrote."""
    url = f"sqlite:///{tmp_path / 'idp.db'}"
    inbox = tmp_path / "inbox.jsonl"
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("IDP_")},
        "IDP__SERVICE__DEVELOPMENT": "true",
        "IDP__DATABASE__URL": url,
        "IDP__KEYS__DIRECTORY": str(key_folder),
        "IDP__DELIVERY__INBOX_PATH": str(inbox),
    }
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "idp.cli.main"]
    config = tmp_path / "config.toml"
    config.write_text("")
    environ["IDP_CONFIG"] = str(config)
    subprocess.run([*command, "db", "upgrade"], cwd=root, env=environ, check=True, capture_output=True)
    from idp.app import build
    from idp.settings import load

    idp = build.build(load(config, {n: v for n, v in environ.items() if n.startswith("IDP__")}))
    try:
        keys.init(idp, now=idp.clock.now())
        worker = subprocess.Popen([*command, "worker"], cwd=root, env=environ, stderr=subprocess.PIPE)
        try:
            put(idp, BRUNO)
            until(lambda: inbox.exists() and inbox.read_bytes().endswith(b"\n"), 15)
            worker.send_signal(signal.SIGTERM)
            _, told = worker.communicate(timeout=10)
        finally:
            if worker.poll() is None:
                worker.kill()
                worker.wait()
    finally:
        idp.database.engine.dispose()
    assert worker.returncode == 0, told
    assert b"Traceback" not in told
    assert json.loads(inbox.read_text())["to"] == BRUNO.text
