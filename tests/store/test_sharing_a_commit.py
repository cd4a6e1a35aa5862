"""Writers who wait for their turn share one commit on SQLite, and nothing else: faults stay their own."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, text

from idp.store.database import Database, DatabaseDown
from tests.store.conftest import opened

AT_MOST = 10.0
"""Seconds within which a thread of these tests must have gone on."""


@pytest.fixture
def names(tmp_path: Path) -> Iterator[Database]:
    """A SQLite database with one table of names."""
    database = opened(f"sqlite:///{tmp_path / 'names.sqlite3'}")
    with database.writing() as tx:
        tx.execute(text("CREATE TABLE names (name TEXT PRIMARY KEY)"))
    yield database
    database.engine.dispose()


class Writers:
    """A first writer who holds the turn until the others wait for it, and what became of each."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.commits: list[object] = []
        self.went: dict[str, object] = {}
        event.listen(database.engine, "commit", self.commits.append)

    def race(self, *others: Callable[[], None]) -> None:
        """Let a first one write "first" and keep the turn while every other comes to wait for it."""
        holding, go_on = threading.Event(), threading.Event()

        def first() -> None:
            with self.database.writing() as tx:
                insert(tx, "first")
                holding.set()
                assert go_on.wait(AT_MOST)

        threads = [threading.Thread(target=self._told, args=("first", first))]
        threads[0].start()
        assert holding.wait(AT_MOST)
        for number, other in enumerate(others):
            threads.append(threading.Thread(target=self._told, args=(f"other{number}", other)))
            threads[-1].start()
        waiting = self.database._sharing._coming
        for _ in range(1000):
            if len(waiting) == len(others):
                break
            threading.Event().wait(0.01)
        assert len(waiting) == len(others)
        go_on.set()
        for thread in threads:
            thread.join(AT_MOST)
            assert not thread.is_alive()

    def _told(self, name: str, act: Callable[[], None]) -> None:
        try:
            act()
            self.went[name] = "well"
        except Exception as fault:  # noqa: BLE001 - what became of it is what is asked
            self.went[name] = fault

    def writes(self, name: str, fault: Exception | None = None) -> Callable[[], None]:
        """Write a name, then raise ``fault`` inside the transaction if there is one."""

        def act() -> None:
            with self.database.writing() as tx:
                insert(tx, name)
                if fault is not None:
                    raise fault

        return act


def insert(tx: object, name: str) -> None:
    tx.execute(text("INSERT INTO names VALUES (:name)"), {"name": name})  # type: ignore[attr-defined]


def kept(database: Database) -> set[str]:
    with database.reading() as tx:
        return set(tx.execute(text("SELECT name FROM names")).scalars())


def test_writers_who_wait_for_their_turn_share_one_commit(names: Database) -> None:
    writers = Writers(names)
    writers.race(*(writers.writes(f"name{number}") for number in range(8)))
    assert kept(names) == {"first", *(f"name{number}" for number in range(8))}
    assert set(writers.went.values()) == {"well"}
    assert len(writers.commits) == 1


def test_a_writer_alone_commits_at_once(names: Database) -> None:
    writers = Writers(names)
    for number in range(3):
        writers.writes(f"name{number}")()
    assert len(writers.commits) == 3


def test_a_writer_who_raises_undoes_what_is_theirs_and_nothing_else(names: Database) -> None:
    writers = Writers(names)
    wrong = ValueError("as it should be")
    writers.race(writers.writes("kept"), writers.writes("undone", wrong), writers.writes("kept too"))
    assert kept(names) == {"first", "kept", "kept too"}
    assert sorted(map(str, writers.went.values())) == ["as it should be", "well", "well", "well"]
    assert len(writers.commits) == 1


def test_the_last_writer_of_all_may_raise_and_the_others_are_committed(names: Database) -> None:
    writers = Writers(names)
    writers.race(writers.writes("undone", ValueError("last")))
    assert kept(names) == {"first"}
    assert writers.went["first"] == "well"


def test_two_writers_of_one_name_have_one_winner(names: Database) -> None:
    writers = Writers(names)
    writers.race(*(writers.writes("same") for _ in range(6)))
    assert kept(names) == {"first", "same"}
    assert [went == "well" for went in writers.went.values()].count(True) == 2


def test_a_commit_that_fails_fails_for_all_who_share_it(names: Database) -> None:
    writers = Writers(names)

    def refuse(_connection: object) -> None:
        raise DatabaseDown

    event.listen(names.engine, "commit", refuse)
    writers.race(*(writers.writes(f"name{number}") for number in range(3)))
    event.remove(names.engine, "commit", refuse)
    assert {type(went) for went in writers.went.values()} == {DatabaseDown}
    assert kept(names) == set()
    writers.writes("afterwards")()
    assert kept(names) == {"afterwards"}


def test_a_transaction_that_the_database_ended_by_itself_is_lost_for_all(names: Database) -> None:
    writers = Writers(names)

    def broken() -> None:
        with names.writing() as tx:
            # What SQLite does by itself when the disk is full (sqlite.org/lang_transaction.html, §2.3).
            tx.connection.driver_connection.execute("ROLLBACK")  # type: ignore[union-attr]
            raise OSError("the disk is full")

    writers.race(broken)
    assert isinstance(writers.went["first"], DatabaseDown)
    assert isinstance(writers.went["other0"], OSError)
    assert kept(names) == set()
    writers.writes("afterwards")()
    assert kept(names) == {"afterwards"}


def test_nobody_else_sees_a_write_before_it_is_committed(names: Database) -> None:
    with names.writing() as tx:
        insert(tx, "soon")
        assert kept(names) == set()
    assert kept(names) == {"soon"}


def test_many_writers_lose_nothing(names: Database) -> None:
    def write(writer: int) -> None:
        for number in range(40):
            with names.writing() as tx:
                insert(tx, f"{writer}-{number}")
            # What was answered is there, for whoever asks.
            assert f"{writer}-{number}" in kept(names)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(kept(names)) == 320
