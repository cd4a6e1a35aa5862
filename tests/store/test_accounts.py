"""Accounts: one for each customer, one for each username, whoever races."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from datetime import date

from idp.store import accounts
from idp.store.accounts import AccountProfile, ProvenContact
from idp.store.database import Database
from idp.values import ContactKind, parse_contact
from tests.service.in_process import InProcess
from tests.store.racing import NOW, account, creates


def test_an_account_is_found_by_username_customer_and_sub(database: Database) -> None:
    maria = account("sub-1")
    with database.writing() as tx:
        assert accounts.insert_account(tx, maria)
    with database.reading() as tx:
        assert accounts.find_by_username(tx, b"u" * 32) == maria
        assert accounts.find_by_customer(tx, "C100001") == maria
        assert accounts.by_sub(tx, "sub-1") == maria
        assert accounts.find_by_username(tx, b"x" * 32) is None
        assert accounts.find_by_customer(tx, "C100002") is None
        assert accounts.by_sub(tx, "sub-2") is None


def test_a_second_account_of_a_customer_or_username_is_refused_and_the_transaction_goes_on(
    database: Database,
) -> None:
    with database.writing() as tx:
        assert accounts.insert_account(tx, account("sub-1"))
    with database.writing() as tx:
        assert not accounts.insert_account(tx, account("sub-2", username_index=b"v" * 32))
        assert not accounts.insert_account(tx, account("sub-3", customer_number="C100003"))
        other = account("sub-4", customer_number="C100004", username_index=b"w" * 32)
        assert accounts.insert_account(tx, other)
    with database.reading() as tx:
        assert accounts.by_sub(tx, "sub-4") == other
        assert accounts.by_sub(tx, "sub-2") is None


def test_accounts_whose_username_was_freed_do_not_meet(database: Database) -> None:
    with database.writing() as tx:
        for number in ("C100001", "C100002"):
            row = replace(account(f"sub-{number}", customer_number=number), username_index=None)
            assert accounts.insert_account(tx, row)


def test_of_fifty_who_register_one_customer_one_wins(database: Database) -> None:
    def create(number: int) -> bool:
        with database.writing() as tx:
            return accounts.insert_account(tx, account(f"sub-{number}"))

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(create, range(50))).count(True) == 1


def test_of_two_processes_that_register_one_customer_one_wins(
    database: Database, database_url: str, processes: ProcessPoolExecutor
) -> None:
    won = [processes.submit(creates, database_url, f"sub-{number}") for number in range(6)]
    assert [one.result() for one in won].count(True) == 1


def test_a_hash_is_replaced_only_while_the_old_one_stands(database: Database) -> None:
    with database.writing() as tx:
        accounts.insert_account(tx, account("sub-1"))
        assert accounts.replace_hash(tx, "sub-1", old="$argon2id$old", new="$argon2id$new")
        assert not accounts.replace_hash(tx, "sub-1", old="$argon2id$old", new="$argon2id$newer")
        found = accounts.by_sub(tx, "sub-1")
    assert found is not None
    assert found.password_hash == "$argon2id$new"


def test_a_contact_is_proven_once_and_again(house: InProcess) -> None:
    idp = house.idp
    contact = parse_contact("maria.rossi@posta.example")
    index = idp.sealer.contact_index(contact)
    with idp.writing() as tx:
        accounts.insert_account(tx, account("sub-1"))
        for at in (NOW, NOW + 60):
            sealed = accounts.seal_contact(idp.sealer, "sub-1", contact)
            accounts.prove_contact(tx, "sub-1", ProvenContact(index, ContactKind.EMAIL, sealed, at))
    with idp.reading() as tx:
        (proven,) = accounts.proven_contacts_of(tx, "sub-1")
        assert accounts.proven_contacts_of(tx, "sub-2") == ()
    assert proven.proven_at == NOW + 60
    assert accounts.open_contact(idp.sealer, "sub-1", proven) == contact


def test_a_profile_survives_being_sealed_and_opens_nowhere_else(house: InProcess) -> None:
    import pytest

    from idp.store.sealing import Unsealable

    sealer = house.idp.sealer
    profile = AccountProfile(parse_contact("+393331234501"), "Maria", "Rossi", birth_date=date(1980, 4, 12))
    row = replace(account("sub-1"), sealed_profile=accounts.seal_profile(sealer, "sub-1", profile))
    assert accounts.open_profile(sealer, row) == profile
    assert b"Rossi" not in row.sealed_profile
    with pytest.raises(Unsealable):
        accounts.open_profile(sealer, replace(row, sub="sub-2"))
