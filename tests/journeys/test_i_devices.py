"""Which kind of device signed in (journey I)."""

import pytest

from tests.journeys.account_walks import EMAIL, value
from tests.service.in_process import PASSWORD, InProcess

ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Mobile Safari/537.36"
)


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with Maria registered by email an hour ago."""
    clean_service.register(clean_service.visitor())
    clean_service.clock.move(3600)
    return clean_service


def test_a_session_and_its_browser_know_the_kind_of_device_and_nothing_else_of_it(service: InProcess) -> None:
    visitor = service.visitor()
    visitor.get("/account")
    fields = {"csrf": visitor.csrf, "username": EMAIL, "password": PASSWORD}
    visitor.send(visitor.at, fields, **{"User-Agent": ANDROID})
    newest = "SELECT device FROM sessions ORDER BY created_at DESC LIMIT 1"
    assert value(service, newest) == "chrome android"
    assert value(service, newest.replace("sessions", "known_browsers")) == "chrome android"
