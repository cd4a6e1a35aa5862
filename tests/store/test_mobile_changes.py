"""Changes of mobile in the database: one under way for each account, and one caller for every step."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text

from idp.accounts.mobile_change import ChangeState, ConfirmedBy, MobileChange
from idp.store import accounts, mobile_changes
from idp.store.accounts import ON_FILE, TYPED, ProvenContact
from idp.store.database import Database, Tx
from idp.store.sealing import Unsealable
from idp.values import ContactKind, MobileNumber
from tests.service.in_process import InProcess
from tests.store.racing import NOW, account

NUMBER = MobileNumber("+393339876543")
ASKED = MobileChange("change-1", "sub-1", NUMBER, False, ChangeState.PROVING, NOW)
INDEX = b"i" * 32


@pytest.fixture
def database(database: Database) -> Database:
    """A database with two accounts."""
    with database.writing() as tx:
        for number in (1, 2):
            made = replace(
                account(f"sub-{number}"),
                customer_number=f"C10000{number}",
                username_index=bytes([number]) * 32,
            )
            assert accounts.insert_account(tx, made)
    return database


def begin(database: Database, change: MobileChange = ASKED, index: bytes = INDEX) -> None:
    with database.writing() as tx:
        mobile_changes.begin(tx, change, sealed=b"sealed", mobile_index=index)


def prove(database: Database, change_id: str = "change-1", *, matures_at: int = NOW + 100) -> bool:
    digest = change_id.ljust(32).encode()
    with database.writing() as tx:
        return mobile_changes.prove(tx, change_id, cancel_digest=digest, matures_at=matures_at, now=NOW)


def states(database: Database) -> dict[str, str]:
    with database.reading() as tx:
        return {row.id: row.state for row in tx.execute(text("SELECT id, state FROM mobile_changes"))}


def proven(
    index: int, kind: ContactKind = ContactKind.MOBILE, at: int = NOW, source: str = ON_FILE
) -> ProvenContact:
    return ProvenContact(bytes([index]) * 32, kind, b"sealed", at, source)


def known(database: Database) -> list[tuple[int, str, int | None]]:
    query = text("SELECT contact_index, source, lost_at FROM proven_contacts ORDER BY contact_index")
    with database.reading() as tx:
        return [(bytes(row[0])[0], row[1], row[2]) for row in tx.execute(query)]


def test_a_sealed_number_opens_in_its_own_change_alone(house: InProcess) -> None:
    sealer = house.idp.sealer
    sealed = mobile_changes.seal(sealer, "change-1", NUMBER)
    assert mobile_changes.open_number(sealer, "change-1", sealed) == NUMBER
    with pytest.raises(Unsealable):
        mobile_changes.open_number(sealer, "change-2", sealed)


def test_a_newer_change_cancels_the_one_under_way_and_no_other_accounts(database: Database) -> None:
    begin(database)
    begin(database, replace(ASKED, id="other", sub="sub-2"))
    assert prove(database)
    begin(database, replace(ASKED, id="change-2"))
    assert states(database) == {"change-1": "cancelled", "other": "proving", "change-2": "proving"}
    with database.reading() as tx:
        found = mobile_changes.current(tx, "sub-1")
        assert found is not None
        assert found.id == "change-2"


def test_of_many_changes_begun_at_once_one_is_under_way(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: begin(database, replace(ASKED, id=f"change-{n}")), range(16)))
    assert sorted(states(database).values()).count("proving") == 1


def test_each_step_is_taken_by_one_caller(database: Database) -> None:
    begin(database)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: prove(database), range(8))) == 1

        def confirm(_: int) -> bool:
            with database.writing() as tx:
                return mobile_changes.confirm(tx, "change-1", by=ConfirmedBy.TIME, now=NOW)

        def cancel(_: int) -> bool:
            with database.writing() as tx:
                return mobile_changes.cancel(tx, "change-1", now=NOW)

        assert sum(pool.map(lambda n: (confirm if n % 2 else cancel)(n), range(8))) == 1


@pytest.mark.parametrize("state", [ChangeState.CANCELLED, ChangeState.CONFIRMED, ChangeState.EXPIRED])
def test_what_is_over_is_neither_proven_nor_confirmed_nor_cancelled(
    database: Database, state: ChangeState
) -> None:
    begin(database, replace(ASKED, state=state))
    assert not prove(database)
    with database.writing() as tx:
        assert not mobile_changes.confirm(tx, "change-1", by=ConfirmedBy.TIME, now=NOW)
        assert not mobile_changes.cancel(tx, "change-1", now=NOW)
    assert states(database) == {"change-1": state}


def test_what_was_not_proven_is_not_confirmed(database: Database) -> None:
    begin(database)
    with database.writing() as tx:
        assert not mobile_changes.confirm(tx, "change-1", by=ConfirmedBy.ADMIN, now=NOW)


def test_only_pending_changes_mature_in_their_time(database: Database) -> None:
    begin(database)
    begin(database, replace(ASKED, id="other", sub="sub-2"))
    prove(database, matures_at=NOW + 100)
    with database.reading() as tx:
        assert mobile_changes.mature(tx, NOW + 99, at_most=9) == ()
        assert [row.id for row in mobile_changes.mature(tx, NOW + 100, at_most=9)] == ["change-1"]


def test_a_link_finds_its_change_until_it_is_spent(database: Database) -> None:
    begin(database)
    prove(database)
    digest = b"change-1".ljust(32)
    with database.writing() as tx:
        found = mobile_changes.by_cancel_token(tx, digest)
        assert found is not None
        assert mobile_changes.by_cancel_token(tx, b"x" * 32) is None
        mobile_changes.spend_links(tx, "sub-1")
        assert mobile_changes.by_cancel_token(tx, digest) is None


def test_the_number_takes_the_place_of_other_mobiles_but_not_of_the_username(database: Database) -> None:
    with database.writing() as tx:
        for one in (proven(1), proven(7), proven(8, ContactKind.EMAIL)):
            accounts.prove_contact(tx, "sub-1", one)
        accounts.prove_contact(tx, "sub-2", proven(7))
        mobile_changes.take_over(tx, "sub-1", proven(9, source=TYPED), keep=bytes([1]) * 32)
    assert known(database) == [
        (1, ON_FILE, None),
        (7, ON_FILE, None),
        (8, ON_FILE, None),
        (9, TYPED, None),
    ]


def test_a_number_that_was_lost_is_not_once_it_is_proven_again(database: Database) -> None:
    with database.writing() as tx:
        accounts.prove_contact(tx, "sub-1", proven(9))
        mobile_changes.lose_mobiles(tx, "sub-1", now=NOW)
    assert known(database) == [(9, ON_FILE, NOW)]
    with database.writing() as tx:
        mobile_changes.take_over(tx, "sub-1", proven(9, source=TYPED), keep=b"")
    assert known(database) == [(9, TYPED, None)]


def test_what_was_lost_and_added_since_is_undone_and_nothing_before(database: Database) -> None:
    with database.writing() as tx:
        accounts.prove_contact(tx, "sub-1", proven(3, at=NOW - 10))
        mobile_changes.lose_mobiles(tx, "sub-1", now=NOW - 5)
        for one in (proven(4), proven(1, ContactKind.EMAIL), proven(5, ContactKind.EMAIL, NOW - 1)):
            accounts.prove_contact(tx, "sub-1", one)
        mobile_changes.lose_mobiles(tx, "sub-1", now=NOW)
        assert mobile_changes.drop_since(tx, "sub-1", since=NOW, keep=bytes([1]) * 32) == 1
        mobile_changes.find_again(tx, "sub-1", since=NOW)
    assert known(database) == [(1, ON_FILE, None), (3, ON_FILE, NOW - 5), (5, ON_FILE, None)]


def lost(database: Database, now: int = NOW) -> None:
    """A mobile of the first account, reported lost."""
    with database.writing() as tx:
        accounts.prove_contact(tx, "sub-1", proven(3, at=NOW - 10))
        accounts.prove_contact(tx, "sub-2", proven(3, at=NOW - 10))
        mobile_changes.lose_mobiles(tx, "sub-1", now=now)
        mobile_changes.lose_mobiles(tx, "sub-2", now=now)


def lost_mobiles(database: Database, sub: str = "sub-1") -> int:
    query = text("SELECT count(*) FROM proven_contacts WHERE lost_at IS NOT NULL AND sub = :sub")
    with database.reading() as tx:
        return int(tx.execute(query, {"sub": sub}).scalar_one())


def replaced_twice(database: Database) -> None:
    """The first was proven and lost a mobile; the second and the third came after it."""
    begin(database)
    assert prove(database)
    lost(database)
    for number in (2, 3):
        begin(database, replace(ASKED, id=f"change-{number}", asked_at=NOW + number))


def test_a_change_remembers_the_first_proof_of_those_it_replaced(database: Database) -> None:
    replaced_twice(database)
    with database.reading() as tx:
        found = mobile_changes.current(tx, "sub-1")
    assert found is not None
    assert (found.id, found.replaces_since, found.since) == ("change-3", NOW, NOW)
    assert lost_mobiles(database) == 1


def test_one_that_replaced_nothing_that_was_proven_goes_back_to_itself(database: Database) -> None:
    begin(database)
    begin(database, replace(ASKED, id="change-2", asked_at=NOW + 5))
    with database.reading() as tx:
        found = mobile_changes.current(tx, "sub-1")
    assert found is not None
    assert (found.replaces_since, found.since) == (None, NOW + 5)


def test_however_a_change_ends_unconfirmed_what_was_lost_is_found(database: Database) -> None:
    ends: tuple[Callable[[Tx], object], ...] = (
        lambda tx: mobile_changes.cancel(tx, "change-3", now=NOW + 9),
        lambda tx: mobile_changes.cancel_unproven(tx, "sub-1", now=NOW + 9),
        lambda tx: mobile_changes.expire(tx, before=NOW + 9, now=NOW + 9),
    )
    for end in ends:
        with database.writing() as tx:
            tx.execute(text("DELETE FROM mobile_changes"))
        replaced_twice(database)
        with database.writing() as tx:
            assert end(tx)
            assert not end(tx)
        assert (lost_mobiles(database), lost_mobiles(database, "sub-2")) == (0, 1)


def test_what_was_lost_before_the_first_of_them_stays_lost(database: Database) -> None:
    begin(database)
    assert prove(database)
    lost(database, NOW - 1)
    with database.writing() as tx:
        assert mobile_changes.cancel(tx, "change-1", now=NOW + 9)
    assert lost_mobiles(database) == 1


def test_others_with_a_number_are_counted_once_each(database: Database) -> None:
    begin(database, replace(ASKED, id="other", sub="sub-2"))
    with database.writing() as tx:
        assert mobile_changes.others_with(tx, INDEX, sub="sub-1") == 0
    prove(database, "other")
    with database.writing() as tx:
        assert mobile_changes.others_with(tx, INDEX, sub="sub-1") == 1
        assert mobile_changes.others_with(tx, INDEX, sub="sub-2") == 0
        accounts.prove_contact(tx, "sub-2", ProvenContact(INDEX, ContactKind.MOBILE, b"sealed", NOW))
        assert mobile_changes.others_with(tx, INDEX, sub="sub-1") == 1


def test_what_nobody_proved_expires(database: Database) -> None:
    begin(database)
    with database.writing() as tx:
        assert not mobile_changes.has_unproven(tx, before=NOW)
        assert mobile_changes.has_unproven(tx, before=NOW + 1)
        assert mobile_changes.expire(tx, before=NOW + 1, now=NOW + 1) == 1
    assert states(database) == {"change-1": "expired"}
