"""The database goes away in the midst of things: 503 for everyone, nothing half done, then on it goes."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, make_url, text

from tests.faults.service import AUDIENCE, CALLBACK, MortalService, at_once, mortal_service
from tests.parts.postgres import PostgresServer
from tests.service.running import PASSWORD, HttpBrowser

pytestmark = pytest.mark.slow

SCOPE = "openid policies"


class Outage:
    """Takes one database away and gives it back; sessions are cut as by a failover."""

    def __init__(self, server: PostgresServer, service: MortalService) -> None:
        self._server = server
        # The same service opened in this process, whose own connections are cut as well.
        self._here = service.idp.database.engine
        self._name = str(make_url(self._here.url).database)

    def begin(self) -> None:
        """From now on nobody gets in, and nobody stays."""
        self._server.execute(f'ALTER DATABASE "{self._name}" ALLOW_CONNECTIONS false')
        self.cut()

    def cut(self) -> None:
        """End every session, as the end of the server's process would."""
        self._here.dispose()
        self._server.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self._name}'"
        )

    def end(self) -> None:
        """It is back."""
        self._server.execute(f'ALTER DATABASE "{self._name}" ALLOW_CONNECTIONS true')

    @contextlib.contextmanager
    def lasting(self) -> Iterator[None]:
        """An outage for the length of a block."""
        self.begin()
        try:
            yield
        finally:
            self.end()


@pytest.fixture(scope="module")
def service(
    postgres_copy: str, tmp_path_factory: pytest.TempPathFactory, prepared_folder: Path
) -> Iterator[MortalService]:
    """Two processes on PostgreSQL."""
    with mortal_service(tmp_path_factory.mktemp("outage"), prepared_folder, postgres_copy) as started:
        yield started


@pytest.fixture(scope="module")
def outage(postgres_server: PostgresServer, service: MortalService) -> Outage:
    """The power over its database."""
    return Outage(postgres_server, service)


@pytest.fixture(scope="module")
def client(service: MortalService) -> dict[str, Any]:
    """A public client with refresh tokens."""
    return service.add_client(kind="spa", redirect_uris=[CALLBACK], scope=SCOPE, first_party=True)


@pytest.fixture(scope="module")
def api(service: MortalService) -> dict[str, Any]:
    """The API that the tokens are for."""
    return service.add_client(kind="api", audience=AUDIENCE)


def assert_paused(answer: httpx.Response) -> None:
    """503, with a time to come back, in the form the caller reads."""
    assert answer.status_code == 503, (answer.status_code, answer.text[:300])
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    if answer.headers["content-type"].startswith("application/json"):
        assert answer.json()["error"] == "temporarily_unavailable"
    else:
        assert 'data-page="error"' in answer.text
    assert "psycopg" not in answer.text
    assert "Traceback" not in answer.text


def until(seconds: float, ask: Callable[[], httpx.Response]) -> httpx.Response:
    """The first answer that is no 503."""
    deadline = time.monotonic() + seconds
    while (answer := ask()).status_code == 503:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.05)
    return answer


def at_login(service: MortalService, client: dict[str, Any]) -> HttpBrowser:
    """A browser in front of the sign-in page."""
    browser = service.browser()
    browser.get(
        "/authorize",
        client_id=client["client_id"],
        redirect_uri=CALLBACK,
        response_type="code",
        scope=SCOPE,
        code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        code_challenge_method="S256",
    )
    assert browser.page == "login"
    return browser


def test_every_endpoint_pauses_politely_and_what_needs_no_database_answers(
    service: MortalService, outage: Outage, client: dict[str, Any], api: dict[str, Any]
) -> None:
    tokens = service.redeem(client, service.code(service.signed_in(), client, SCOPE)).json()
    browser = at_login(service, client)
    style = browser.text.split('rel="stylesheet" href="')[1].split('"')[0]
    with outage.lasting():
        assert_paused(service.refresh(client, tokens["refresh_token"]))
        assert_paused(service.userinfo(tokens["access_token"]))
        assert_paused(
            service.http.post(
                f"{service.issuer}/introspect",
                data={"token": tokens["access_token"]},
                auth=(api["client_id"], api["client_secret"]),
            )
        )
        assert_paused(
            service.http.post(
                f"{service.issuer}/revoke",
                data={"token": tokens["refresh_token"], "client_id": client["client_id"]},
            )
        )
        assert_paused(browser.press(username="maria.rossi@posta.example", password=PASSWORD))
        assert_paused(browser.get("/login", interaction="x"))
        ready = service.http.get(f"{service.issuer}/health/ready")
        assert ready.status_code == 503
        assert "database" in ready.json()["missing"]
        for path in ("/health/live", "/.well-known/openid-configuration", style):
            assert service.http.get(f"{service.issuer}{path}").status_code == 200, path
    began = time.monotonic()
    assert until(5, lambda: service.userinfo(tokens["access_token"])).status_code == 200
    # What was refused was not spent: the same token is good.
    again = until(5, lambda: service.refresh(client, tokens["refresh_token"]))
    assert again.status_code == 200, again.text
    assert service.wait_until_ready() < 5
    assert time.monotonic() - began < 5


def test_a_sign_in_that_met_the_outage_goes_on_from_the_same_page(
    service: MortalService, outage: Outage, client: dict[str, Any]
) -> None:
    service.signed_in()
    browser = at_login(service, client)
    page = browser.at
    with outage.lasting():
        assert_paused(browser.press(username="maria.rossi@posta.example", password=PASSWORD))
    until(5, lambda: browser.get(page))
    answer = browser.press(username="maria.rossi@posta.example", password=PASSWORD)
    assert answer.headers["location"].startswith(CALLBACK)


def test_a_registration_that_met_the_outage_is_finished_with_the_same_code_and_once(
    service: MortalService, outage: Outage, postgres_copy: str
) -> None:
    browser = service.browser()
    browser.get("/register")
    browser.press(profile="person")
    contact = "niccolo.dalessandro@posta.example"
    browser.press(given_name="Niccolò", family_name="D'Alessandro", username=contact, accept_terms="yes")
    browser.press(new_password=PASSWORD)
    assert browser.page == "register-verify"
    code = service.code_for(contact, within=10)
    page = browser.at
    with outage.lasting():
        assert_paused(browser.press(code=code))
    until(5, lambda: browser.get(page))
    assert browser.page == "register-verify"
    browser.press(code=code)
    assert browser.page == "register-done"
    engine = create_engine(postgres_copy)
    with engine.connect() as connection:
        counted = "SELECT count(*) FROM accounts WHERE customer_number = 'C100012'"
        assert connection.execute(text(counted)).scalar_one() == 1
    engine.dispose()


def test_connections_cut_under_load_cost_few_requests_and_no_token_twice(
    service: MortalService, outage: Outage, client: dict[str, Any]
) -> None:
    """A failover as the pools see it: every session is gone, the next connection succeeds."""
    browser = service.signed_in()
    codes = [service.code(browser, client, SCOPE) for _ in range(24)]
    cutting = threading.Timer(0.02, outage.cut)
    cutting.start()
    answers = at_once(len(codes), lambda number: service.redeem(client, codes[number]))
    cutting.join()
    assert {answer.status_code for answer in answers} <= {200, 503}
    # At most the sessions that were open: four in each of the two processes.
    assert sum(answer.status_code == 503 for answer in answers) <= 8
    for code, answer in zip(codes, answers, strict=True):
        if answer.status_code == 503:
            again = until(5, partial(service.redeem, client, code))
            # Cut before its commit it is still good; cut in the very act nobody knows, and it is spent.
            assert again.status_code in (200, 400)
        # Another cut connection may lie in a pool still: it answers 503 once, and never with a token.
        assert until(5, partial(service.redeem, client, code)).status_code == 400
    assert "Traceback" not in service.log


def test_processes_that_die_during_the_outage_come_up_and_recover(
    service: MortalService, outage: Outage
) -> None:
    with outage.lasting():
        service.kill_serving_processes()
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = service.http.get(f"{service.issuer}/health/ready")
                break
            assert time.monotonic() < deadline, service.log
            time.sleep(0.1)
        assert answer.status_code == 503
        assert service.process.poll() is None, "the service as a whole goes on"
    assert service.wait_until_ready() < 5


def test_a_locked_table_gives_503_in_time_and_holds_up_nobody_else(
    service: MortalService, client: dict[str, Any], postgres_copy: str
) -> None:
    tokens = service.redeem(client, service.code(service.signed_in(), client, SCOPE)).json()
    engine = create_engine(postgres_copy)
    with engine.connect() as connection, connection.begin():
        connection.execute(text("LOCK TABLE refresh_tokens IN ACCESS EXCLUSIVE MODE"))
        began = time.monotonic()
        answers = at_once(6, lambda _number: service.refresh(client, tokens["refresh_token"]))
        waited = time.monotonic() - began
        for answer in answers:
            assert_paused(answer)
        assert waited < 8, "a statement is given up after two seconds, and a wait for a connection too"
        began = time.monotonic()
        assert service.http.get(f"{service.issuer}/jwks").status_code == 200
        assert service.userinfo(tokens["access_token"]).status_code == 200
        assert time.monotonic() - began < 2
    engine.dispose()
    assert service.refresh(client, tokens["refresh_token"]).status_code == 200
