"""Activation codes in the store, on both databases: one live one for each customer, used once."""

import pytest

from idp.store import activation_codes
from idp.store.activation_codes import ActivationCodeRow
from tests.service.in_process import InProcess

NOW, WEEK = 1_800_000_000, 7 * 86400


@pytest.fixture
def service(service_on_both: InProcess) -> InProcess:
    """The service on each of the two databases."""
    return service_on_both


def kept(service: InProcess, number: int, customer: str = "C100001", at: int = NOW) -> bytes:
    digest = bytes([number]) * 32
    with service.idp.writing() as tx:
        activation_codes.start(tx, ActivationCodeRow(digest, customer, "test", at, at + WEEK))
    return digest


def spent(service: InProcess, digest: bytes, customer: str = "C100001", now: int = NOW) -> bool:
    with service.idp.writing() as tx:
        return activation_codes.spend(tx, digest, customer, now=now)


def test_a_code_is_spent_once_by_its_customer_and_in_time(service: InProcess) -> None:
    digest = kept(service, 1)
    assert not spent(service, digest, "C100002")
    assert not spent(service, bytes(32))
    assert not spent(service, digest, now=NOW + WEEK)
    assert spent(service, digest, now=NOW + WEEK - 1)
    assert not spent(service, digest)


def test_of_many_at_once_one_spends_it(service: InProcess) -> None:
    digest = kept(service, 1)
    assert service.in_parallel(lambda _: spent(service, digest), 8).count(True) == 1


def test_a_newer_code_ends_the_older_of_its_customer_alone(service: InProcess) -> None:
    old, others = kept(service, 1), kept(service, 2, "C100002")
    with service.idp.writing() as tx:
        newer = ActivationCodeRow(bytes([3]) * 32, "C100001", "test", NOW, NOW + WEEK)
        assert activation_codes.start(tx, newer) == 1
    assert not spent(service, old)
    assert spent(service, others, "C100002")
    assert spent(service, newer.digest)


def test_of_many_issued_at_once_one_is_good(service: InProcess) -> None:
    service.in_parallel(lambda number: kept(service, number + 1), 6)
    with service.idp.reading() as tx:
        rows = [activation_codes.find(tx, bytes([number + 1]) * 32) for number in range(6)]
    assert [row.live(NOW) for row in rows if row is not None].count(True) == 1


def test_what_is_found_says_whether_it_is_good(service: InProcess) -> None:
    digest = kept(service, 1)
    with service.idp.reading() as tx:
        row = activation_codes.find(tx, digest)
        assert activation_codes.find(tx, bytes(32)) is None
    assert row is not None
    assert (row.live(NOW + WEEK - 1), row.live(NOW + WEEK)) == (True, False)
    assert repr(digest) not in repr(row)
