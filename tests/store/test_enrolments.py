"""Enrolments: completed once, by whoever comes first, and then wiped."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace

import pytest

from idp.accounts.enrolment import Enrolment, Typed
from idp.accounts.matching import Reason
from idp.store import enrolments
from idp.store.database import Database
from idp.store.sealing import Unsealable
from idp.values import ProfileKind, parse_contact
from tests.service.in_process import InProcess
from tests.store.racing import NOW, completes

TYPED = Typed(parse_contact("maria.rossi@posta.example"), given_name="Maria", family_name="Rossi")
MATCHED = Enrolment(
    id="enrolment-1",
    profile=ProfileKind.PERSON,
    case_number="7K2-4QF",
    language="it",
    created_at=NOW,
    expires_at=NOW + 86400,
    typed=TYPED,
    customer_number="C100001",
    password_hash="$argon2id$…",
    interaction_id="interaction-1",
    terms_version="1",
    privacy_version="1",
    terms_accepted_at=NOW,
)


def begin(database: Database, enrolment: Enrolment = MATCHED, sealed: bytes = b"sealed") -> None:
    """Store an enrolment whose handle's digest is all ones."""
    with database.writing() as tx:
        enrolments.insert_enrolment(tx, enrolment, handle_digest=b"\x01" * 32, sealed_typed=sealed)


def test_an_enrolment_is_found_by_its_handle_and_comes_back_whole(house: InProcess) -> None:
    idp = house.idp
    mismatch = replace(MATCHED, customer_number=None, reason=Reason.NAME_DIFFERS)
    begin(idp.database, mismatch, enrolments.seal_typed(idp.sealer, MATCHED.id, TYPED))
    with idp.reading() as tx:
        row = enrolments.find(tx, b"\x01" * 32)
        assert enrolments.find(tx, b"\x02" * 32) is None
        assert enrolments.by_id(tx, "enrolment-1") == row
        assert enrolments.by_id(tx, "enrolment-2") is None
    assert row is not None
    assert enrolments.opened(idp.sealer, row) == mismatch
    assert b"Rossi" not in row.sealed_typed


def test_a_completed_enrolment_is_wiped(house: InProcess) -> None:
    idp = house.idp
    begin(idp.database, sealed=enrolments.seal_typed(idp.sealer, MATCHED.id, TYPED))
    with idp.writing() as tx:
        done = enrolments.complete(tx, MATCHED.id, customer_number="C100001", now=NOW)
        left = enrolments.by_id(tx, MATCHED.id)
    assert done is not None
    assert done.password_hash == "$argon2id$…"
    assert left is not None
    assert (left.completed_at, left.password_hash, left.sealed_typed) == (NOW, None, b"")
    with pytest.raises(Unsealable):
        enrolments.opened(idp.sealer, left)


@pytest.mark.parametrize(
    ("change", "customer_number", "now"),
    [
        ({}, "C100001", NOW + 86400),
        ({}, "C100002", NOW),
        ({"customer_number": None}, "C100001", NOW),
        ({"password_hash": None}, "C100001", NOW),
    ],
    ids=["expired", "matched with another since", "never matched", "without a password"],
)
def test_an_enrolment_that_may_not_be_completed_is_not(
    database: Database, change: dict[str, None], customer_number: str, now: int
) -> None:
    begin(database, replace(MATCHED, **change))  # type: ignore[arg-type]
    with database.writing() as tx:
        assert enrolments.complete(tx, MATCHED.id, customer_number=customer_number, now=now) is None
        assert enrolments.by_id(tx, MATCHED.id) is not None


def test_newly_typed_data_replace_the_match_and_drop_the_password(database: Database) -> None:
    begin(database)
    anna = replace(
        MATCHED,
        customer_number="C100004",
        reason=Reason.NAME_DIFFERS,
        typed=replace(TYPED, given_name="Anna"),
    )
    with database.writing() as tx:
        assert enrolments.retype(tx, anna, sealed_typed=b"anna", now=NOW)
        row = enrolments.by_id(tx, MATCHED.id)
    assert row is not None
    assert (row.customer_number, row.reason, row.sealed_typed) == ("C100004", "name_differs", b"anna")
    assert row.password_hash is None
    assert row.case_number == MATCHED.case_number


def test_nothing_changes_in_an_enrolment_that_is_over(database: Database) -> None:
    begin(database)
    with database.writing() as tx:
        assert not enrolments.choose_password(tx, MATCHED.id, "late", now=NOW + 86400)
        assert not enrolments.retype(tx, MATCHED, sealed_typed=b"late", now=NOW + 86400)
        assert enrolments.choose_password(tx, MATCHED.id, "in time", now=NOW)
        assert enrolments.complete(tx, MATCHED.id, customer_number="C100001", now=NOW) is not None
        assert not enrolments.choose_password(tx, MATCHED.id, "after", now=NOW)
        assert not enrolments.retype(tx, MATCHED, sealed_typed=b"after", now=NOW)


def test_of_fifty_who_complete_at_once_one_does(database: Database) -> None:
    begin(database)

    def complete(_: int) -> bool:
        with database.writing() as tx:
            return enrolments.complete(tx, MATCHED.id, customer_number="C100001", now=NOW) is not None

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(complete, range(50))).count(True) == 1


def test_of_two_processes_that_complete_one_enrolment_one_creates_the_account(
    database: Database, database_url: str, processes: ProcessPoolExecutor
) -> None:
    begin(database)
    won = [processes.submit(completes, database_url, MATCHED.id, f"sub-{number}") for number in range(6)]
    assert [one.result() for one in won].count(True) == 1
