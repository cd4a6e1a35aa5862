"""The contract of Ephemera, on every adapter: SQLite, PostgreSQL and Valkey."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from sqlalchemy import create_engine

from idp.adapters.ephemera_redis import RedisEphemera
from idp.adapters.ephemera_sql import SqlEphemera
from idp.ports import Ephemera, EphemeraDown
from idp.store import schema
from idp.store.database import Database, engine_options
from tests.parts.ports import free_port

NOW = 1_800_000_000
CALLERS = 50

Result = TypeVar("Result")


def database_at(url: str) -> Database:
    """A database with the schema on it."""
    options = engine_options(url, pool_size=8, threads=CALLERS, statement_timeout_ms=10_000)
    database = Database(create_engine(url, **options), sqlite_synchronous="NORMAL")
    schema.upgrade(database)
    return database


@pytest.fixture(params=["sqlite", "postgresql", "valkey"])
def ephemera(request: pytest.FixtureRequest) -> Iterator[Ephemera]:
    """One adapter after the other, empty."""
    if request.param == "valkey":
        adapter = RedisEphemera(request.getfixturevalue("valkey_url"))
        yield adapter
        adapter.close()
        return
    name = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    database = database_at(request.getfixturevalue(name))
    yield SqlEphemera(database)
    database.engine.dispose()


def at_once(call: Callable[[], Result]) -> list[Result]:
    """What fifty callers get who call at the same moment."""
    ready = threading.Barrier(CALLERS)

    def one(_: int) -> Result:
        ready.wait()
        return call()

    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(one, range(CALLERS)))


def test_what_was_put_is_there_until_its_life_ends(ephemera: Ephemera) -> None:
    ephemera.put("par:a", b"\x00any:bytes\xff", 60, NOW)
    assert ephemera.peek("par:a", NOW) == b"\x00any:bytes\xff"
    assert ephemera.peek("par:a", NOW + 59) == b"\x00any:bytes\xff"
    assert ephemera.peek("par:a", NOW + 60) is None
    assert ephemera.peek("par:b", NOW) is None


def test_an_empty_value_is_a_value(ephemera: Ephemera) -> None:
    ephemera.put("par:a", b"", 60, NOW)
    assert ephemera.peek("par:a", NOW) == b""
    assert ephemera.take("par:a", NOW) == b""
    assert ephemera.take("par:a", NOW) is None


def test_a_second_put_replaces_value_and_life(ephemera: Ephemera) -> None:
    ephemera.put("par:a", b"first", 10, NOW)
    ephemera.put("par:a", b"second", 100, NOW + 5)
    assert ephemera.peek("par:a", NOW + 50) == b"second"
    ephemera.put("par:a", b"third", 10, NOW + 50)
    assert ephemera.peek("par:a", NOW + 60) is None


def test_what_was_taken_is_gone(ephemera: Ephemera) -> None:
    ephemera.put("par:a", b"one", 60, NOW)
    assert ephemera.take("par:a", NOW) == b"one"
    assert ephemera.take("par:a", NOW) is None
    assert ephemera.peek("par:a", NOW) is None


def test_an_expired_entry_cannot_be_taken(ephemera: Ephemera) -> None:
    ephemera.put("par:a", b"one", 60, NOW)
    assert ephemera.take("par:a", NOW + 60) is None


def test_an_entry_is_added_only_where_nothing_live_stands(ephemera: Ephemera) -> None:
    assert ephemera.add("jti:a", b"1", 60, NOW)
    assert not ephemera.add("jti:a", b"2", 60, NOW + 59)
    assert ephemera.peek("jti:a", NOW + 59) == b"1"
    assert ephemera.add("jti:a", b"3", 60, NOW + 60)
    assert ephemera.peek("jti:a", NOW + 119) == b"3"


def test_what_was_dropped_is_gone_and_dropping_again_is_fine(ephemera: Ephemera) -> None:
    ephemera.put("par:a", b"one", 60, NOW)
    ephemera.bump("login:a", 60, NOW)
    for key in ("par:a", "login:a", "never"):
        ephemera.drop(key)
        ephemera.drop(key)
    assert ephemera.peek("par:a", NOW) is None
    assert ephemera.count("login:a", NOW) == 0


def test_a_counter_counts_from_its_first_bump_to_the_end_of_its_life(ephemera: Ephemera) -> None:
    assert ephemera.count("login:a", NOW) == 0
    assert ephemera.bump("login:a", 60, NOW) == 1
    assert ephemera.bump("login:a", 60, NOW + 30, by=4) == 5
    assert ephemera.count("login:a", NOW + 59) == 5
    assert ephemera.count("login:a", NOW + 60) == 0
    assert ephemera.bump("login:a", 60, NOW + 60) == 1
    assert ephemera.count("login:a", NOW + 119) == 1


def test_a_counter_may_count_back(ephemera: Ephemera) -> None:
    ephemera.bump("login:a", 60, NOW, by=3)
    assert ephemera.bump("login:a", 60, NOW, by=-1) == 2
    assert ephemera.bump("login:a", 60, NOW, by=-5) == -3
    assert ephemera.count("login:a", NOW) == -3


def test_a_large_counter_stays_exact(ephemera: Ephemera) -> None:
    ephemera.bump("sends:all", 60, NOW, by=2**40)
    assert ephemera.bump("sends:all", 60, NOW) == 2**40 + 1


def test_keys_do_not_meet(ephemera: Ephemera) -> None:
    ephemera.put("par:a", b"one", 60, NOW)
    ephemera.put("par:A", b"two", 60, NOW)
    ephemera.put("par:a" + "x" * 190, b"three", 60, NOW)
    assert ephemera.peek("par:a", NOW) == b"one"
    assert ephemera.peek("par:A", NOW) == b"two"
    assert ephemera.peek("par:a" + "x" * 190, NOW) == b"three"


def test_of_fifty_who_take_at_once_one_gets_it(ephemera: Ephemera) -> None:
    ephemera.put("par:a", b"one", 60, NOW)
    got = at_once(lambda: ephemera.take("par:a", NOW))
    assert sorted(filter(None, got)) == [b"one"]


def test_of_fifty_who_add_at_once_one_wins(ephemera: Ephemera) -> None:
    ephemera.put("jti:dead", b"old", 1, NOW - 10)
    assert at_once(lambda: ephemera.add("jti:new", b"1", 60, NOW)).count(True) == 1
    assert at_once(lambda: ephemera.add("jti:dead", b"1", 60, NOW)).count(True) == 1


def test_fifty_bumps_at_once_are_all_counted_each_with_a_number_of_its_own(ephemera: Ephemera) -> None:
    assert sorted(at_once(lambda: ephemera.bump("login:a", 60, NOW))) == list(range(1, CALLERS + 1))
    assert ephemera.count("login:a", NOW) == CALLERS


def test_sweeping_leaves_what_is_alive(ephemera: Ephemera) -> None:
    ephemera.put("par:live", b"one", 100, NOW)
    ephemera.put("par:dead", b"one", 1, NOW)
    removed = ephemera.sweep(NOW + 50, 100)
    assert removed in (0, 1)
    assert ephemera.peek("par:live", NOW + 50) == b"one"
    assert ephemera.peek("par:dead", NOW + 50) is None


def test_a_table_is_swept_in_pieces(sqlite_url: str) -> None:
    ephemera = SqlEphemera(database_at(sqlite_url))
    for number in range(5):
        ephemera.put(f"par:{number}", b"one", 1, NOW)
    assert [ephemera.sweep(NOW + 1, 2) for _ in range(4)] == [2, 2, 1, 0]


def test_a_server_that_is_not_there_is_told_as_such() -> None:
    ephemera = RedisEphemera(f"redis://127.0.0.1:{free_port()}/0")
    calls: list[Callable[[], object]] = [
        lambda: ephemera.put("a", b"", 1, NOW),
        lambda: ephemera.add("a", b"", 1, NOW),
        lambda: ephemera.peek("a", NOW),
        lambda: ephemera.take("a", NOW),
        lambda: ephemera.bump("a", 1, NOW),
        lambda: ephemera.count("a", NOW),
        lambda: ephemera.drop("a"),
    ]
    for call in calls:
        with pytest.raises(EphemeraDown):
            call()


def test_a_database_that_is_not_there_is_told_as_such(sqlite_url: str) -> None:
    # A folder that does not exist: SQLite cannot open the file.
    url = sqlite_url.replace("idp.sqlite3", "nowhere/idp.sqlite3")
    options = engine_options(url, pool_size=1, threads=1, statement_timeout_ms=100)
    ephemera = SqlEphemera(Database(create_engine(url, **options)))
    with pytest.raises(EphemeraDown):
        ephemera.peek("a", NOW)
    with pytest.raises(EphemeraDown):
        ephemera.bump("a", 1, NOW)
