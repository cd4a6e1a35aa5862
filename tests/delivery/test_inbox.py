"""The development inbox: one file, several processes, nothing torn."""

import fcntl
import json
import multiprocessing
import os
import stat
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest

from idp.adapters.inbox import Inbox
from idp.ports import Delivery, Message
from idp.values import Contact, EmailAddress, MobileNumber

ANNA = EmailAddress("anna.verdi@example.com")


def message(number: int = 1, *, to: Contact = ANNA, text: str = "Il tuo codice è 123456") -> Message:
    return Message(
        idempotency_key=f"id-{number}",
        to=to,
        purpose="registration_code",
        subject="Il tuo codice",
        text=text,
        html="<p>",
        language="it",
        code="123456",
        link=None,
    )


def test_an_entry_has_the_names_of_the_contract(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "var" / "inbox.jsonl")
    assert inbox.newest_first() == []
    assert inbox.send(message(to=MobileNumber("+393331234501")), 1000) is Delivery.SENT
    assert inbox.newest_first() == [
        {
            "id": "id-1",
            "to": "+393331234501",
            "channel": "sms",
            "purpose": "registration_code",
            "subject": "Il tuo codice",
            "text": "Il tuo codice è 123456",
            "code": "123456",
            "link": None,
            "sent_at": 1000,
        }
    ]


def test_the_newest_comes_first(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox.jsonl")
    for number in range(5):
        inbox.send(message(number), number)
    assert [entry["id"] for entry in inbox.newest_first(3)] == ["id-4", "id-3", "id-2"]


def test_only_its_owner_reads_the_file(tmp_path: Path) -> None:
    path = tmp_path / "inbox.jsonl"
    Inbox(path).send(message(), 1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def _write_many(path: Path, first: int) -> None:
    inbox = Inbox(path)
    for number in range(first, first + 100):
        assert inbox.send(message(number, text="x" * 5000 + "\n"), number) is Delivery.SENT


def test_processes_that_write_at_once_tear_nothing(tmp_path: Path) -> None:
    path = tmp_path / "inbox.jsonl"
    spawning = multiprocessing.get_context("spawn")
    writers = [spawning.Process(target=_write_many, args=(path, first)) for first in (0, 1000, 2000)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert len({entry["id"] for entry in Inbox(path).newest_first(1000)}) == 300


def test_writers_and_readers_wait_for_who_holds_the_file(tmp_path: Path) -> None:
    """Another process may be shortening it: read, cut, written anew."""
    path = tmp_path / "inbox.jsonl"
    inbox = Inbox(path)
    inbox.send(message(1), 1)
    with path.open("rb") as other, ThreadPoolExecutor(2) as pool:
        fcntl.flock(other, fcntl.LOCK_EX)
        written = pool.submit(inbox.send, message(2), 2)
        read = pool.submit(inbox.newest_first)
        both: list[Future[Any]] = [written, read]
        done, _ = wait(both, timeout=0.3)
        assert done == set()
        fcntl.flock(other, fcntl.LOCK_UN)
        assert written.result(5) is Delivery.SENT
        assert read.result(5)


def test_a_torn_line_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "inbox.jsonl"
    inbox = Inbox(path)
    inbox.send(message(1), 1)
    with path.open("ab") as file:
        file.write(b'{"id": "torn\n[]\n{}\n')
    inbox.send(message(2), 2)
    assert [entry["id"] for entry in inbox.newest_first()] == ["id-2", "id-1"]


def test_the_file_does_not_grow_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "inbox.jsonl"
    inbox = Inbox(path)
    for number in range(60):
        inbox.send(message(number, text="x" * 100_000), number)
        assert path.stat().st_size <= 4 * 1024 * 1024
    entries = inbox.newest_first(1000)
    assert entries[0]["id"] == "id-59"
    assert len(entries) >= 10
    assert all(json.dumps(entry) for entry in entries)


def test_a_full_disk_leaves_a_whole_file_and_a_message_to_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "inbox.jsonl"
    inbox = Inbox(path)
    inbox.send(message(1), 1)
    write = os.write

    def filling(file: int, octets: bytes) -> int:
        if len(octets) > 10:
            return write(file, octets[:10])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "write", filling)
        assert inbox.send(message(2), 2) is Delivery.RETRY
    assert inbox.send(message(3), 3) is Delivery.SENT
    assert [entry["id"] for entry in inbox.newest_first()] == ["id-3", "id-1"]


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert Inbox(tmp_path / "file" / "inbox.jsonl").send(message(), 1) is Delivery.RETRY
