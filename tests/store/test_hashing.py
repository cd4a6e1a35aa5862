"""Hashing passwords in a bounded pool of niced threads."""

import multiprocessing
import os
import sys
import threading
import unicodedata
from collections.abc import Iterator

import pytest

from idp.adapters.entropy import SystemEntropy
from idp.flows.hashing import Hasher, Overloaded, Verdict
from idp.settings.people import Password

CHEAP = Password(argon2_memory_kib=64, argon2_iterations=1, hash_threads=2, hash_queue=2)


@pytest.fixture
def hasher() -> Iterator[Hasher]:
    """A hasher of little work, two threads and a queue of two."""
    hasher = Hasher(CHEAP, SystemEntropy())
    yield hasher
    hasher.close()


def test_a_password_is_verified_against_its_hash_and_no_other(hasher: Hasher) -> None:
    phc = hasher.hash("Tramonto7blu")
    assert phc.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert hasher.verify("Tramonto7blu", phc) == Verdict(ok=True, needs_rehash=False)
    assert hasher.verify("Tramonto7bly", phc) == Verdict(ok=False, needs_rehash=False)
    assert hasher.verify("", phc).ok is False


def test_two_hashes_of_one_password_differ(hasher: Hasher) -> None:
    assert hasher.hash("Tramonto7blu") != hasher.hash("Tramonto7blu")


def test_a_password_is_the_same_however_the_keyboard_composes_it(hasher: Hasher) -> None:
    composed = "Perché7blu"
    assert hasher.verify(unicodedata.normalize("NFD", composed), hasher.hash(composed)).ok


def test_nobodys_password_is_never_right_and_costs_the_same(hasher: Hasher) -> None:
    phc = hasher.hash("Tramonto7blu")
    before = hasher.hashes
    hasher.verify("wrong", phc)
    known = hasher.hashes - before
    for unknown in (None, "", "plain", "$argon2id$v=19$m=64,t=1,p=1$AAAA$BBBB"):
        before = hasher.hashes
        assert hasher.verify("wrong", unknown) == Verdict(ok=False, needs_rehash=False)
        assert hasher.hashes - before == known == 1


def test_a_hash_of_other_parameters_is_right_and_to_be_made_anew(hasher: Hasher) -> None:
    older = Hasher(CHEAP.model_copy(update={"argon2_memory_kib": 128}), SystemEntropy())
    phc = older.hash("Tramonto7blu")
    older.close()
    assert hasher.verify("Tramonto7blu", phc) == Verdict(ok=True, needs_rehash=True)
    assert hasher.verify("wrong", phc) == Verdict(ok=False, needs_rehash=False)


def test_the_default_parameters_are_those_of_owasp() -> None:
    settings = Password()
    parameters = (settings.argon2_memory_kib, settings.argon2_iterations, settings.argon2_lanes)
    assert parameters == (19456, 2, 1)


def test_beyond_the_queue_callers_are_told_to_come_back() -> None:
    slow = Hasher(
        Password(argon2_memory_kib=65536, argon2_iterations=4, hash_threads=1, hash_queue=2), SystemEntropy()
    )
    callers = 12
    ready = threading.Barrier(callers)
    outcomes: list[str] = []

    def call() -> None:
        ready.wait()
        try:
            slow.hash("Tramonto7blu")
            outcomes.append("hashed")
        except Overloaded as overloaded:
            outcomes.append(f"told to wait {overloaded.retry_after}")

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # One hashes and two wait; who comes while they do is told.
    assert outcomes.count("hashed") >= 3
    assert outcomes.count("told to wait 1") == callers - outcomes.count("hashed") > 0
    assert slow.hash("Tramonto7blu")
    slow.close()


def test_a_place_in_the_queue_is_given_back(hasher: Hasher) -> None:
    for _ in range(20):
        hasher.hash("Tramonto7blu")
    with pytest.raises(TypeError):
        hasher.hash(None)  # type: ignore[arg-type]
    for _ in range(20):
        hasher.hash("Tramonto7blu")


@pytest.mark.skipif(sys.platform != "linux", reason="nice is per thread on Linux only")
def test_only_the_hashing_threads_step_back(hasher: Hasher) -> None:
    hasher.hash("Tramonto7blu")
    niced = {
        thread.name: os.getpriority(os.PRIO_PROCESS, thread.native_id)
        for thread in threading.enumerate()
        if thread.native_id is not None
    }
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert any(name.startswith("hashing") for name in niced)
    assert all((niced[name] == 10) if name.startswith("hashing") else (niced[name] == own) for name in niced)


def _verify_in_child(hasher: Hasher, phc: str, answers: "multiprocessing.Queue[bool]") -> None:
    answers.put(hasher.verify("Tramonto7blu", phc).ok)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_hashes_with_threads_of_its_own(hasher: Hasher) -> None:
    phc = hasher.hash("Tramonto7blu")
    fork = multiprocessing.get_context("fork")
    answers: multiprocessing.Queue[bool] = fork.Queue()
    child = fork.Process(target=_verify_in_child, args=(hasher, phc, answers))
    child.start()
    assert answers.get(timeout=20)
    child.join(20)
    assert child.exitcode == 0


def test_hashes_run_beside_each_other(hasher: Hasher) -> None:
    threads = [threading.Thread(target=hasher.hash, args=("Tramonto7blu",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hasher.hashes == 4
