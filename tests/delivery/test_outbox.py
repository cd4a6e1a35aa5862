"""The outbox: one row leaves by one worker, whoever else looks at the same time."""

import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from idp.flows import post
from idp.flows.idp import Idp
from idp.flows.wording import Purpose
from idp.store import outbox
from idp.store.database import Tx
from idp.store.outbox import Leased, Parcel
from idp.values import Contact, ContactKind, EmailAddress, MobileNumber
from tests.delivery.conftest import NOW, built, opened, rows

ANNA = EmailAddress("anna.verdi@example.com")
LEASE = 60


def prepared(
    idp: Idp,
    to: Contact | None = ANNA,
    *,
    now: int = NOW,
    life: int = 600,
    kind: ContactKind = ContactKind.EMAIL,
) -> Parcel:
    return post.prepare(
        idp,
        to=to,
        purpose=Purpose.REGISTRATION_CODE,
        language="it",
        now=now,
        expires_at=now + life,
        code="123456",
        kind=kind,
    )


def add(idp: Idp, *parcels: Parcel) -> None:
    with idp.writing() as tx:
        outbox.add(tx, *parcels)


def take(
    idp: Idp, now: int = NOW, *, lease: int = LEASE, limit: int = 10, channel: str | None = None
) -> tuple[Leased, ...]:
    with idp.writing() as tx:
        return outbox.take_due(tx, now, lease, limit, channel)


def test_a_leased_row_is_nobody_elses_until_the_lease_ends(idp: Idp) -> None:
    parcel = prepared(idp)
    add(idp, parcel)
    (leased,) = take(idp)
    assert (leased.id, leased.attempt) == (parcel.id, 1)
    assert take(idp, NOW + LEASE - 1) == ()
    (again,) = take(idp, NOW + LEASE)
    assert (again.id, again.attempt) == (parcel.id, 2)


def test_who_slept_past_the_lease_marks_nothing(idp: Idp) -> None:
    add(idp, prepared(idp))
    (slept,) = take(idp)
    (current,) = take(idp, NOW + LEASE)
    with idp.writing() as tx:
        assert not outbox.mark_sent(tx, slept, NOW + LEASE)
        assert not outbox.mark_dead(tx, slept, NOW + LEASE)
        assert not outbox.mark_retry(tx, slept, NOW + LEASE)
        assert outbox.give_back(tx, [slept], NOW + LEASE) == 0
        assert outbox.mark_sent(tx, current, NOW + LEASE)
    assert [row["state"] for row in rows(idp)] == ["sent"]


@pytest.mark.parametrize("mark", [outbox.mark_sent, outbox.mark_dead, outbox.mark_void])
def test_the_text_is_wiped_when_a_row_ends(idp: Idp, mark: Callable[[Tx, Leased, int], bool]) -> None:
    add(idp, prepared(idp))
    (leased,) = take(idp)
    with idp.writing() as tx:
        assert mark(tx, leased, NOW + 1)
    (row,) = rows(idp)
    assert row["sealed_parcel"] is None
    assert row["ended_at"] == NOW + 1
    assert take(idp, NOW + LEASE) == ()


def test_an_expired_row_is_neither_due_nor_taken_and_its_text_goes(idp: Idp) -> None:
    add(idp, prepared(idp, life=600), prepared(idp, life=700))
    with idp.reading() as tx:
        assert outbox.due_channels(tx, NOW + 599) == {"email"}
    with idp.writing() as tx:
        assert outbox.expire(tx, NOW + 600, 10) == 1
    first, second = sorted(rows(idp), key=lambda row: int(row["expires_at"]))
    assert (first["state"], first["sealed_parcel"]) == ("expired", None)
    assert second["state"] == "waiting"
    assert second["sealed_parcel"] is not None
    with idp.reading() as tx:
        assert outbox.due_channels(tx, NOW + 699) == {"email"}
        assert outbox.due_channels(tx, NOW + 700) == frozenset()
    # Before the sweep came by, too.
    assert take(idp, NOW + 700) == ()
    assert len(take(idp, NOW + 699)) == 1


def test_a_row_that_was_not_tried_comes_back_as_it_was(idp: Idp) -> None:
    add(idp, prepared(idp))
    leased = take(idp)
    with idp.writing() as tx:
        assert outbox.give_back(tx, leased, NOW) == 1
    (again,) = take(idp)
    assert again.attempt == 1


def test_a_retried_row_waits_for_its_time(idp: Idp) -> None:
    add(idp, prepared(idp))
    (leased,) = take(idp)
    with idp.writing() as tx:
        assert outbox.mark_retry(tx, leased, NOW + 90)
    assert take(idp, NOW + 89) == ()
    assert [row.attempt for row in take(idp, NOW + 90)] == [2]


def test_a_channel_takes_its_own_rows_only(idp: Idp) -> None:
    add(idp, prepared(idp), prepared(idp, MobileNumber("+393331234501")))
    with idp.reading() as tx:
        assert outbox.due_channels(tx, NOW) == {"email", "sms"}
    assert [row.channel for row in take(idp, channel="sms")] == ["sms"]
    assert [row.channel for row in take(idp)] == ["email"]


def test_the_oldest_leave_first_and_no_more_than_asked(idp: Idp) -> None:
    parcels = [prepared(idp, now=NOW - age, life=900) for age in (1, 5, 3, 2, 4)]
    add(idp, *parcels)
    by_age = [parcel.id for parcel in sorted(parcels, key=lambda parcel: parcel.created_at)]
    assert [row.id for row in take(idp, limit=2)] == by_age[:2]
    assert [row.id for row in take(idp, limit=2)] == by_age[2:4]


def test_ended_rows_are_forgotten_a_batch_at_a_time(idp: Idp) -> None:
    add(idp, *(prepared(idp) for _ in range(5)), prepared(idp, now=NOW + 1))
    leased = take(idp, limit=5)
    with idp.writing() as tx:
        for row in leased:
            assert outbox.mark_sent(tx, row, NOW)
        assert outbox.forget(tx, NOW, 10) == 0
        assert outbox.forget(tx, NOW + 1, 3) == 3
        assert outbox.forget(tx, NOW + 1, 3) == 2
    assert [row["state"] for row in rows(idp)] == ["waiting"]


def test_c1_a_parcel_without_recipient_makes_the_same_row(idp: Idp) -> None:
    add(idp, prepared(idp), prepared(idp, None))
    known, unknown = sorted(rows(idp), key=lambda row: not row["addressed"])
    assert known["addressed"]
    assert not unknown["addressed"]
    differing = {"id", "sealed_parcel", "addressed"}
    assert {name for name in known if known[name] != unknown[name]} == differing


def test_c1_a_mobile_that_is_on_no_record_makes_a_row_of_its_channel(idp: Idp) -> None:
    add(idp, prepared(idp, None, kind=ContactKind.MOBILE))
    assert [row["channel"] for row in rows(idp)] == ["sms"]


def test_a_dump_of_the_database_shows_neither_code_nor_contact(idp_on_sqlite: Idp) -> None:
    add(idp_on_sqlite, prepared(idp_on_sqlite))
    file = sqlite3.connect(str(idp_on_sqlite.database.url.database))
    try:
        dump = "\n".join(file.iterdump()).encode()
        (sealed,) = file.execute("SELECT sealed_parcel FROM outbox").fetchone()
    finally:
        file.close()
    for secret in (b"123456", b"anna.verdi", b"example.com"):
        assert secret not in dump
        assert secret not in sealed


def test_a_sealed_text_moved_to_another_row_does_not_open(idp_on_sqlite: Idp) -> None:
    from idp.store.sealing import Unsealable

    first, second = prepared(idp_on_sqlite), prepared(idp_on_sqlite)
    sealer = post.sealer(idp_on_sqlite)
    assert sealer.open(first.sealed, first.place)["code"] == "123456"
    with pytest.raises(Unsealable):
        sealer.open(first.sealed, second.place)


def test_the_key_of_stored_data_opens_no_message(idp_on_sqlite: Idp) -> None:
    from idp.store.sealing import Unsealable

    parcel = prepared(idp_on_sqlite)
    with pytest.raises(Unsealable):
        idp_on_sqlite.sealer.open(parcel.sealed, parcel.place)


def test_two_workers_never_take_the_same_row(database_url: str, key_folder: Path) -> None:
    """Two engines, as two processes have; 200 rows; each taken once, and none left."""
    from tests.delivery.conftest import MovableClock

    with opened(database_url) as one, opened(database_url) as other:
        idps = [built(database, key_folder, MovableClock()) for database in (one, other)]
        parcels = [prepared(idps[0]) for _ in range(200)]
        add(idps[0], *parcels)
        start = threading.Barrier(4)

        def work(idp: Idp) -> list[str]:
            start.wait()
            taken: list[str] = []
            while leased := take(idp, limit=3):
                taken += [row.id for row in leased]
                with idp.writing() as tx:
                    for row in leased:
                        assert outbox.mark_sent(tx, row, NOW)
            return taken

        with ThreadPoolExecutor(4) as pool:
            taken = [name for names in pool.map(work, [*idps, *idps]) for name in names]
        assert Counter(taken) == Counter(parcel.id for parcel in parcels)
        assert {row["state"] for row in rows(idps[0])} == {"sent"}


def test_a_worker_steps_around_rows_another_transaction_holds(postgres_url: str, key_folder: Path) -> None:
    """SKIP LOCKED: the second neither waits for the first nor gets its rows."""
    from tests.delivery.conftest import MovableClock

    with opened(postgres_url) as database:
        idp = built(database, key_folder, MovableClock())
        parcels = [prepared(idp), prepared(idp)]
        add(idp, *parcels)
        with idp.writing() as held:
            (first,) = outbox.take_due(held, NOW, LEASE, 1)
            with ThreadPoolExecutor(1) as pool:
                (second,) = pool.submit(take, idp).result(timeout=3)
        assert {first.id, second.id} == {parcel.id for parcel in parcels}
