"""Browsers that their owner trusts, on both databases."""

import pytest

from idp.store import sessions, trusted_browsers
from tests.journeys.account_walks import EMAIL, value
from tests.service.in_process import InProcess

ONE, OTHER = b"\x01" * 32, b"\x02" * 32
DAY = 86400


@pytest.fixture
def sub(service_on_both: InProcess) -> str:
    service_on_both.register(service_on_both.visitor(), EMAIL)
    return str(value(service_on_both, "SELECT sub FROM accounts"))


def trust(service: InProcess, sub: str, digest: bytes, name: str, *, now: int) -> None:
    with service.idp.writing() as tx:
        trusted_browsers.trust(
            tx, sub, digest, trusted_id=name, device="chrome android", expires_at=now + 30 * DAY, now=now
        )


def of(service: InProcess, sub: str, *, now: int) -> list[str]:
    with service.idp.reading() as tx:
        return [one.id for one in trusted_browsers.of_account(tx, sub, now=now)]


def test_trust_lasts_its_days_and_can_be_taken_back(service_on_both: InProcess, sub: str) -> None:
    now = service_on_both.clock.now()
    trust(service_on_both, sub, ONE, "one", now=now)
    trust(service_on_both, sub, OTHER, "other", now=now + 1)
    assert of(service_on_both, sub, now=now + 1) == ["other", "one"]
    assert of(service_on_both, sub, now=now + 30 * DAY) == ["other"]
    with service_on_both.idp.writing() as tx:
        assert not trusted_browsers.remove(tx, "somebody-else", "one")
        assert trusted_browsers.remove(tx, sub, "one")
        assert not trusted_browsers.remove(tx, sub, "one")
    assert of(service_on_both, sub, now=now + 1) == ["other"]
    with service_on_both.idp.writing() as tx:
        assert trusted_browsers.remove_all(tx, sub) == 1


def test_a_browser_that_is_trusted_again_stays_one(service_on_both: InProcess, sub: str) -> None:
    now = service_on_both.clock.now()
    trust(service_on_both, sub, ONE, "one", now=now)
    trust(service_on_both, sub, ONE, "again", now=now + DAY)
    assert of(service_on_both, sub, now=now + 30 * DAY) == ["one"]
    assert of(service_on_both, sub, now=now + 31 * DAY) == []


def test_a_browser_that_is_forgotten_is_trusted_no_more(service_on_both: InProcess, sub: str) -> None:
    now = service_on_both.clock.now()
    trust(service_on_both, sub, ONE, "one", now=now)
    with service_on_both.idp.writing() as tx:
        sessions.forget_browsers(tx, sub)
    assert of(service_on_both, sub, now=now) == []
