"""Where the token of a link may be found: in the message, in the browser that opened it, and nowhere else."""

import hashlib
import logging
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.journeys.link_walks import LINK, MARIA, NEW_PASSWORD, began, elsewhere, link_for
from tests.service.in_process import InProcess, open_in_process, settings_for
from tests.service.running import RunningService


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[list[MutableMapping[str, Any]]]:
    """Everything that structlog is given."""
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as entries:
        yield entries


def every_way_with(service: InProcess) -> list[str]:
    """Open, press, misuse and outlive links in every way there is; their tokens."""
    first = began(service)
    token = link_for(service).rpartition("/")[2]
    other = elsewhere(service, f"/register/link/{token}")
    other.fetch("HEAD", f"/register/link/{token}")
    other.fetch("POST", f"/register/link/{token}")
    other.fetch("GET", f"/register/link/{token}/more")
    other.fetch("GET", f"/register/link?token={token}")
    other.fetch("GET", f"/register/link/{token}?lang=en&a=1&a=2")
    other.get("/register/link?a=1&a=2")
    other.send("/register/link", {"csrf": token, "family_name": token})
    other.get("/register/link")
    other.press(family_name=token[:30], new_password=NEW_PASSWORD)
    other.press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert other.page == "register-done"
    first.get(f"/register/link/{token}")
    service.clock.move(60)
    second = began(service, MARIA, username="+393331234501")
    second.press(code=token[:6])
    return [token]


def test_no_token_reaches_the_log_the_trail_or_the_counters(
    prepared_sqlite_url: str,
    service_folder: Path,
    log: list[MutableMapping[str, Any]],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    service = open_in_process(settings_for(service_folder, prepared_sqlite_url))
    tokens = every_way_with(service)
    # A fault in the middle of it is logged, and tells nothing either.
    broken = elsewhere(service, "/register/link/" + tokens[0])
    with service.idp.writing() as tx:
        tx.exec_driver_sql("ALTER TABLE challenges RENAME TO away")
    broken.get("/register/link/" + tokens[0])
    assert broken.last.status_code in (500, 503)
    with service.idp.writing() as tx:
        tx.exec_driver_sql("ALTER TABLE away RENAME TO challenges")
        trail = str(tx.exec_driver_sql("SELECT * FROM audit_events").all())
        counters = str(tx.exec_driver_sql("SELECT * FROM ephemera").all())
    service.idp.database.engine.dispose()
    assert [entry for entry in log if entry["log_level"] == "error"]
    everything = str(log) + caplog.text + "".join(capsys.readouterr()) + trail + counters
    assert "challenge" in trail
    for token in tokens:
        for trace in (token, token[:20], hashlib.sha256(token.encode()).hexdigest()):
            assert trace not in everything


def test_the_database_keeps_a_digest_of_it_and_no_more(service: InProcess) -> None:
    began(service)
    # Before it is sent, the message with the link waits sealed.
    folder = Path(str(service.idp.database.url.database)).parent
    before = b"".join(file.read_bytes() for file in folder.glob("idp.sqlite3*"))
    token = link_for(service).rpartition("/")[2]
    after = b"".join(file.read_bytes() for file in folder.glob("idp.sqlite3*"))
    for files in (before, after):
        assert token.encode() not in files
        assert hashlib.sha256(token.encode()).digest() in files


def test_it_is_used_up_with_the_link(service: InProcess) -> None:
    began(service)
    token = link_for(service).rpartition("/")[2]
    other = elsewhere(service, f"/register/link/{token}")
    assert other.cookie(LINK) == token
    other.press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert other.cookie(LINK) is None
    with service.idp.reading() as tx:
        kept = tx.exec_driver_sql("SELECT link_digest, code_mac FROM challenges").all()
    assert [tuple(row) for row in kept] == [(None, None)]


@pytest.mark.slow
def test_no_token_reaches_the_log_of_the_running_service(running_service: RunningService) -> None:
    token = "canary-token-of-a-link-that-was-opened-here"
    browser = running_service.browser()
    for address in (f"/register/link/{token}", f"/register/link/{token}?{token}", f"/{token}"):
        browser.get(address)
    folder = running_service.idp.settings.delivery.inbox_path.parent
    logs = [file.read_text("utf-8", "replace") for file in folder.glob("serve-*.log")]
    assert logs
    assert not [text for text in logs if token in text]
