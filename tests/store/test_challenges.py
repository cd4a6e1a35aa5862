"""Challenges: a try is spent before an answer is looked at, and one caller acts on the right one."""

import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace

import pytest

from idp.accounts.challenge import Challenge, Purpose
from idp.store import challenges
from idp.store.database import Database
from idp.store.sealing import Unsealable
from idp.values import ContactKind, parse_contact
from tests.service.in_process import InProcess
from tests.store.racing import NOW, ends, guess, guesses

SENT = Challenge(
    id="challenge-1",
    purpose=Purpose.REGISTRATION,
    subject="enrolment-1",
    channel=ContactKind.MOBILE,
    tries_left=5,
    sent_at=NOW,
    expires_at=NOW + 600,
    sealed_contact=b"sealed",
    code_mac=b"m" * 32,
)


def start(database: Database, challenge: Challenge = SENT) -> None:
    """Store a challenge in a transaction of its own."""
    with database.writing() as tx:
        challenges.start(tx, challenge)


def test_a_challenge_comes_back_whole(database: Database) -> None:
    start(database)
    with database.reading() as tx:
        assert challenges.latest(tx, "enrolment-1") == SENT
        assert challenges.latest(tx, "enrolment-2") is None


def test_each_answer_costs_a_try_until_none_is_left(database: Database) -> None:
    start(database)
    left = []
    for _ in range(6):
        with database.writing() as tx:
            taken = challenges.take_try(
                tx, SENT.id, purpose=Purpose.REGISTRATION, subject="enrolment-1", now=NOW
            )
        left.append(None if taken is None else taken.tries_left)
    assert left == [4, 3, 2, 1, 0, None]


@pytest.mark.parametrize(
    ("subject", "now", "ended"),
    [("enrolment-2", NOW, False), ("enrolment-1", NOW + 600, False), ("enrolment-1", NOW, True)],
    ids=["of somebody else", "expired", "ended"],
)
def test_a_challenge_gives_no_try_where_it_is_not_live(
    database: Database, subject: str, now: int, ended: bool
) -> None:
    start(database)
    with database.writing() as tx:
        if ended:
            challenges.end(tx, SENT.id, now=NOW)
        assert (
            challenges.take_try(tx, SENT.id, purpose=Purpose.REGISTRATION, subject=subject, now=now) is None
        )


def test_a_newer_challenge_ends_the_older_ones_of_its_subject_only(database: Database) -> None:
    start(database)
    start(database, replace(SENT, id="other", subject="enrolment-2"))
    start(database, replace(SENT, id="challenge-2", sent_at=NOW + 60))
    with database.writing() as tx:
        assert not guess(tx, "challenge-1")
        assert guess(tx, "challenge-2")
        latest = challenges.latest(tx, "enrolment-1")
        other = challenges.latest(tx, "enrolment-2")
    assert latest is not None
    assert latest.id == "challenge-2"
    assert other is not None
    assert other.ended_at is None


def test_of_two_in_one_second_the_open_one_is_the_newest(database: Database) -> None:
    start(database, replace(SENT, id="z-first"))
    start(database, replace(SENT, id="a-second"))
    start(database, replace(SENT, id="m-third"))
    with database.reading() as tx:
        latest = challenges.latest(tx, "enrolment-1")
    assert latest is not None
    assert latest.id == "m-third"


def test_everything_of_a_subject_can_be_ended(database: Database) -> None:
    start(database)
    with database.writing() as tx:
        challenges.end_all(tx, "enrolment-1", now=NOW)
        assert not guess(tx, SENT.id)


def test_of_two_hundred_guesses_at_once_five_are_looked_at(database: Database) -> None:
    start(database)
    ready = threading.Barrier(50)

    def answers(_: int) -> int:
        ready.wait()
        taken = 0
        for _ in range(4):
            with database.writing() as tx:
                taken += guess(tx, SENT.id)
        return taken

    with ThreadPoolExecutor(50) as pool:
        assert sum(pool.map(answers, range(50))) == 5


def test_of_two_hundred_guesses_from_two_processes_five_are_looked_at(
    database: Database, database_url: str, processes: ProcessPoolExecutor
) -> None:
    start(database)
    taken = [processes.submit(guesses, database_url, SENT.id, 50) for _ in range(4)]
    assert sum(one.result() for one in taken) == 5


def test_of_two_processes_that_end_a_challenge_one_does(
    database: Database, database_url: str, processes: ProcessPoolExecutor
) -> None:
    start(database)
    won = [processes.submit(ends, database_url, SENT.id) for _ in range(6)]
    assert [one.result() for one in won].count(True) == 1


def test_of_many_that_start_at_once_one_stays_live(database: Database) -> None:
    ready = threading.Barrier(16)

    def begin(number: int) -> None:
        ready.wait()
        start(database, replace(SENT, id=f"challenge-{number}"))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(begin, range(16)))
    with database.writing() as tx:
        assert [guess(tx, f"challenge-{number}") for number in range(16)].count(True) == 1


def test_the_contact_opens_for_its_challenge_only(house: InProcess) -> None:
    sealer = house.idp.sealer
    contact = parse_contact("+393331234501")
    sealed = challenges.seal_contact(sealer, "challenge-1", contact)
    assert challenges.open_contact(sealer, "challenge-1", sealed) == contact
    with pytest.raises(Unsealable):
        challenges.open_contact(sealer, "challenge-2", sealed)


LINKED = replace(SENT, link_digest=b"l" * 32)


@pytest.mark.parametrize(
    "challenge",
    [
        replace(LINKED, tries_left=0),
        replace(LINKED, code_mac=None),
        replace(LINKED, expires_at=NOW),
    ],
    ids=["no try is left", "no answer is right", "expired"],
)
def test_a_link_is_not_used_where_its_code_would_not_do(database: Database, challenge: Challenge) -> None:
    start(database, challenge)
    with database.writing() as tx:
        assert not challenges.spend_link(tx, b"l" * 32, now=NOW)


def test_a_link_is_used_once_and_leaves_a_challenge_without_a_right_answer(database: Database) -> None:
    start(database, LINKED)
    with database.writing() as tx:
        assert challenges.spend_link(tx, b"l" * 32, now=NOW)
        assert not challenges.spend_link(tx, b"l" * 32, now=NOW)
        assert challenges.by_link(tx, b"l" * 32) is None
    with database.reading() as tx:
        assert challenges.latest(tx, "enrolment-1") == replace(SENT, code_mac=None)


def test_a_newer_challenge_ends_the_link_of_the_older(database: Database) -> None:
    start(database, LINKED)
    start(database, replace(SENT, id="challenge-2", sent_at=NOW + 60, link_digest=b"n" * 32))
    with database.writing() as tx:
        assert not challenges.spend_link(tx, b"l" * 32, now=NOW + 60)
        assert challenges.spend_link(tx, b"n" * 32, now=NOW + 60)
