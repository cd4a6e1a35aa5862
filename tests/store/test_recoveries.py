"""Recoveries: each step once and in its order, and everything of an account ended in one transaction."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from idp.accounts.offers import Option
from idp.accounts.recovery import Obstacle, Owner, Recovery
from idp.oidc.session import Session
from idp.store import accounts, recoveries, sessions, tokens
from idp.store.accounts import ProvenContact
from idp.store.database import Database
from idp.store.sealing import Unsealable
from idp.values import ContactKind, Proof, ProofKind, parse_contact, parse_identifier
from tests.service.in_process import InProcess
from tests.store.racing import NOW, account

EMAIL = parse_contact("maria.rossi@posta.example")
OWNER = Owner("sub-1", NOW)
BEGUN = Recovery(
    id="recovery-1",
    case_number="7K2-4QF",
    language="it",
    created_at=NOW,
    expires_at=NOW + 1800,
    identifier=parse_identifier("RSSMRA80D52H501K"),
    options=(Option("e", EMAIL, "C100001"), Option("m", parse_contact("+393331234501"), "C100001")),
    interaction_id="interaction-1",
)
CHOSEN = replace(BEGUN, chosen="e", owner=OWNER)


def begin(database: Database, recovery: Recovery = BEGUN, digest: bytes = b"\x01" * 32) -> None:
    """Store a recovery."""
    with database.writing() as tx:
        recoveries.insert_recovery(tx, recovery, handle_digest=digest, sealed_offer=b"sealed")


def chosen(database: Database, recovery: Recovery = CHOSEN) -> None:
    """Store one whose contact is chosen."""
    begin(database)
    with database.writing() as tx:
        assert recoveries.choose(tx, recovery, sealed_offer=b"chosen", now=NOW)


def test_a_recovery_is_found_by_its_digest_and_comes_back_whole(house: InProcess) -> None:
    idp = house.idp
    whole = replace(CHOSEN, proven_at=NOW, second_at=NOW + 1, kept=frozenset({"6d"}), activation="ab")
    with idp.writing() as tx:
        sealed = recoveries.seal(idp.sealer, whole)
        recoveries.insert_recovery(tx, whole, handle_digest=b"\x01" * 32, sealed_offer=sealed)
    with idp.reading() as tx:
        row = recoveries.find(tx, b"\x01" * 32)
        assert recoveries.find(tx, b"\x02" * 32) is None
        assert recoveries.by_id(tx, "recovery-1") == row
        assert recoveries.by_id(tx, "recovery-2") is None
    assert row is not None
    assert recoveries.opened(idp.sealer, row) == whole
    assert b"rossi" not in row.sealed_offer


def test_a_choice_voids_what_was_proven(database: Database) -> None:
    begin(database, replace(CHOSEN, proven_at=NOW, second_at=NOW, activation="ab"))
    with database.writing() as tx:
        assert recoveries.choose(tx, replace(CHOSEN, chosen="m"), sealed_offer=b"m", now=NOW)
        row = recoveries.by_id(tx, BEGUN.id)
    assert row is not None
    assert (row.chosen, row.sub, row.sealed_offer) == ("m", "sub-1", b"m")
    assert (row.proven_at, row.second_at, row.activation) == (None, None, None)


def test_a_proof_is_for_what_is_chosen_now(database: Database) -> None:
    chosen(database)
    with database.writing() as tx:
        assert not recoveries.prove(tx, BEGUN.id, chosen="m", now=NOW)
        assert recoveries.prove(tx, BEGUN.id, chosen="e", now=NOW)
        assert not recoveries.prove(tx, BEGUN.id, chosen="e", now=NOW), "once"


@pytest.mark.parametrize(
    "nothing",
    [
        replace(CHOSEN, owner=None, obstacle=Obstacle.UNKNOWN_IDENTIFIER),
        replace(CHOSEN, obstacle=Obstacle.FRESH_CONTACT),
        replace(CHOSEN, owner=None),
    ],
    ids=["a decoy", "a fresh contact", "nobody's"],
)
def test_what_recovers_nothing_is_never_proven(database: Database, nothing: Recovery) -> None:
    chosen(database, nothing)
    with database.writing() as tx:
        assert not recoveries.prove(tx, BEGUN.id, chosen="e", now=NOW)
        assert not recoveries.prove_second(tx, BEGUN.id, chosen="e", now=NOW)
        assert recoveries.complete(tx, BEGUN.id, now=NOW) is None


def test_the_second_proof_and_what_to_keep_come_after_the_first(database: Database) -> None:
    chosen(database)
    with database.writing() as tx:
        assert not recoveries.prove_second(tx, BEGUN.id, chosen="e", now=NOW)
        assert not recoveries.keep(tx, CHOSEN, sealed_offer=b"kept", now=NOW)
        assert recoveries.complete(tx, BEGUN.id, now=NOW) is None
        assert recoveries.prove(tx, BEGUN.id, chosen="e", now=NOW)
        assert not recoveries.prove_second(tx, BEGUN.id, chosen="m", now=NOW)
        assert recoveries.prove_second(tx, BEGUN.id, chosen="e", now=NOW)
        assert not recoveries.prove_second(tx, BEGUN.id, chosen="e", now=NOW), "once"
        assert not recoveries.keep(tx, replace(CHOSEN, chosen="m"), sealed_offer=b"kept", now=NOW)
        assert recoveries.keep(tx, CHOSEN, sealed_offer=b"kept", now=NOW)


def test_nothing_changes_in_one_that_is_over(database: Database) -> None:
    begin(database, replace(CHOSEN, proven_at=NOW))
    late = BEGUN.expires_at
    with database.writing() as tx:
        assert not recoveries.choose(tx, CHOSEN, sealed_offer=b"late", now=late)
        assert not recoveries.prove_second(tx, BEGUN.id, chosen="e", now=late)
        assert not recoveries.keep(tx, CHOSEN, sealed_offer=b"late", now=late)
        assert recoveries.complete(tx, BEGUN.id, now=late) is None
        assert recoveries.complete(tx, BEGUN.id, now=late - 1) is not None
        assert recoveries.complete(tx, BEGUN.id, now=late - 1) is None
        assert not recoveries.choose(tx, CHOSEN, sealed_offer=b"late", now=NOW)


def test_a_completed_one_is_wiped(house: InProcess) -> None:
    idp = house.idp
    begin(idp.database, replace(CHOSEN, proven_at=NOW))
    with idp.writing() as tx:
        done = recoveries.complete(tx, BEGUN.id, now=NOW)
    assert done is not None
    assert (done.sub, done.completed_at, done.sealed_offer) == ("sub-1", NOW, b"")
    with pytest.raises(Unsealable):
        recoveries.opened(idp.sealer, done)


def test_of_fifty_who_complete_at_once_one_does(database: Database) -> None:
    begin(database, replace(CHOSEN, proven_at=NOW))

    def complete(_: int) -> bool:
        with database.writing() as tx:
            return recoveries.complete(tx, BEGUN.id, now=NOW) is not None

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(complete, range(50))).count(True) == 1


def test_the_others_of_the_account_end_once_they_are_proven(database: Database) -> None:
    proven = replace(CHOSEN, proven_at=NOW)
    for number, one in enumerate((proven, replace(proven, id="r-2"), replace(CHOSEN, id="r-3"))):
        begin(database, one, bytes([number]) * 32)
    begin(database, replace(proven, id="r-4", owner=Owner("sub-2", NOW)), b"\x09" * 32)
    with database.writing() as tx:
        recoveries.end_others(tx, "sub-1", but=BEGUN.id, now=NOW + 5)
        found = {name: recoveries.by_id(tx, name) for name in (BEGUN.id, "r-2", "r-3", "r-4")}
    ends = {name: row.expires_at for name, row in found.items() if row is not None}
    end = BEGUN.expires_at
    assert ends == {BEGUN.id: end, "r-2": NOW + 5, "r-3": end, "r-4": end}


def test_an_owner_is_found_by_customer_number(database: Database) -> None:
    with database.writing() as tx:
        assert recoveries.owner_of(tx, "C100001") is None
        assert accounts.insert_account(tx, account("sub-1"))
        assert recoveries.owner_of(tx, "C100001") == (OWNER, True)
        locked = replace(account("sub-2", customer_number="C2", username_index=b"v" * 32), state="locked")
        assert accounts.insert_account(tx, locked)
        assert recoveries.owner_of(tx, "C2") == (Owner("sub-2", NOW), False)
        assert recoveries.owner_of(tx, "") is None


# --- the password ---------------------------------------------------------------------------------------


def test_a_password_replaces_the_one_that_was_seen_and_no_other(database: Database) -> None:
    with database.writing() as tx:
        accounts.insert_account(tx, account("sub-1"))
        assert not recoveries.set_password(tx, "sub-1", "x", seen=NOW - 1, limited_until=None, now=NOW)
        assert not recoveries.set_password(tx, "sub-1", "x", seen=None, limited_until=None, now=NOW)
        assert not recoveries.set_password(tx, "sub-2", "x", seen=NOW, limited_until=None, now=NOW)
        assert recoveries.set_password(tx, "sub-1", "new", seen=NOW, limited_until=NOW + 9, now=NOW)
        row = accounts.by_sub(tx, "sub-1")
    assert row is not None
    assert (row.password_hash, row.limited_until) == ("new", NOW + 9)
    # Another time than the one seen, within the same second too.
    assert row.password_changed_at == NOW + 1


def test_a_locked_account_gets_none(database: Database) -> None:
    with database.writing() as tx:
        accounts.insert_account(tx, replace(account("sub-1"), state="locked"))
        assert not recoveries.set_password(tx, "sub-1", "new", seen=NOW, limited_until=None, now=NOW)


def test_an_account_that_never_had_one_gets_one(database: Database) -> None:
    with database.writing() as tx:
        accounts.insert_account(tx, replace(account("sub-1"), password_hash=None, password_changed_at=None))
        assert recoveries.set_password(tx, "sub-1", "new", seen=None, limited_until=None, now=NOW)
        row = accounts.by_sub(tx, "sub-1")
    assert row is not None
    assert row.password_changed_at == NOW


def test_of_fifty_who_set_one_at_once_one_does(database: Database) -> None:
    with database.writing() as tx:
        accounts.insert_account(tx, account("sub-1"))

    def set_one(number: int) -> bool:
        with database.writing() as tx:
            return recoveries.set_password(
                tx, "sub-1", f"hash {number}", seen=NOW, limited_until=None, now=NOW
            )

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(set_one, range(50))).count(True) == 1


# --- what an account confirms with ----------------------------------------------------------------------


def test_ways_come_with_what_they_are_and_go_one_by_one(database: Database) -> None:
    with database.writing() as tx:
        accounts.insert_account(tx, account("sub-1"))
        for index, kind in ((b"e" * 32, ContactKind.EMAIL), (b"m" * 32, ContactKind.MOBILE)):
            accounts.prove_contact(tx, "sub-1", ProvenContact(index, kind, b"sealed", NOW))
        tx.exec_driver_sql(
            "UPDATE proven_contacts SET lost_at = 1, source = 'customer' WHERE kind = 'mobile'"
        )
        email, mobile = recoveries.ways_of(tx, "sub-1")
        assert (email.kind, email.lost, email.typed, email.added_at) == (ContactKind.EMAIL, False, False, NOW)
        assert (mobile.kind, mobile.lost, mobile.typed, mobile.sealed) == (
            ContactKind.MOBILE,
            True,
            True,
            b"sealed",
        )
        recoveries.remove_way(tx, "sub-2", mobile, now=NOW)
        assert len(recoveries.ways_of(tx, "sub-1")) == 2
        recoveries.remove_way(tx, "sub-1", mobile, now=NOW)
        assert recoveries.ways_of(tx, "sub-1") == (email,)


def test_every_session_and_browser_of_one_account_ends_and_no_other(database: Database) -> None:
    with database.writing() as tx:
        for number, sub in enumerate(("sub-1", "sub-1", "sub-2")):
            accounts.insert_account(
                tx, account(sub, customer_number=f"C{sub}", username_index=sub.encode().ljust(32))
            )
            session = Session(f"session-{number}", sub, (Proof(ProofKind.PASSWORD, NOW * 1000),))
            sessions.start(tx, session, bytes([number]) * 32, now=NOW, expires_at=NOW + 1000)
            sessions.remember_browser(tx, bytes([number]) * 32, sub, now=NOW)
        assert set(sessions.end_all(tx, "sub-1", now=NOW)) == {"session-0", "session-1"}
        assert sessions.end_all(tx, "sub-1", now=NOW) == ()
        sessions.forget_browsers(tx, "sub-1")
        alive = [sessions.find(tx, bytes([n]) * 32, now=NOW, idle=1000) is not None for n in range(3)]
        known = [sessions.browser_is_known(tx, bytes([n]) * 32, s) for n, s in ((0, "sub-1"), (2, "sub-2"))]
        assert tokens.revoke_all(tx, "sub-1", now=NOW) == frozenset()
    assert alive == [False, False, True]
    assert known == [False, True]
