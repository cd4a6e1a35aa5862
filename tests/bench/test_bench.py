"""The benchmark's own measure: a generator that miscounts would make every figure wrong."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from stdnum.it import codicefiscale

from tests.bench.budgets import RATIOS, VARIANTS, Budget, tier_1
from tests.bench.load import Connection, Generator, percentile, unchunked
from tests.bench.measured import CannotRunError, Cores, Outcome
from tests.bench.our_service import customers, tax_code, write_registry
from tests.bench.run import Results, Settings
from tests.bench.scripts import Answer, Form, Refresh, Same, UnexpectedAnswerError, cookies_after, get


@contextmanager
def server(*answers: bytes, pieces: int = 1) -> Iterator[int]:
    """A port that answers each request with the next of `answers`, the last one for ever, in `pieces`."""
    listener = socket.create_server(("127.0.0.1", 0))
    left = list(answers)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                while _request(connection):
                    whole = left.pop(0) if len(left) > 1 else left[0]
                    step = -(-len(whole) // pieces)
                    for at in range(0, len(whole), step):
                        connection.sendall(whole[at : at + step])
                    if b"onnection: close" in whole:
                        break

    def _request(connection: socket.socket) -> bytes:
        # A generator that has seen enough goes without saying good-bye.
        with suppress(ConnectionResetError):
            return connection.recv(65536)
        return b""

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def response(body: bytes, *fields: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def outcome(rate: float) -> Outcome:
    return Outcome(
        units=int(rate),
        requests=int(rate),
        errors=0,
        seconds=1.0,
        p50_ms=1.0,
        p99_ms=2.0,
        generator_share=0.1,
        service_share=0.5,
        first_error="",
        states=(),
    )


def test_the_generator_counts_what_was_answered() -> None:
    with (
        server(response(b"yes")) as port,
        closing(Generator(port, [Same(get("localhost", "/"), b"yes")])) as generator,
    ):
        generator.run(0.2)
    assert generator.outcome.units == generator.outcome.requests == len(generator.outcome.latencies) > 10
    assert generator.outcome.errors == 0


def test_an_answer_in_pieces_is_one_answer() -> None:
    with server(response(b"x" * 5000), pieces=7) as port:
        connection = Connection(port, Same(get("localhost", "/")))
        connection.send()
        answer = None
        while answer is None:
            answer = connection.read()
        connection.socket.close()
    assert (answer.status, len(answer.body)) == (200, 5000)


def test_a_wrong_answer_is_an_error_and_no_unit() -> None:
    with (
        server(response(b"no", status="500 Oh")) as port,
        closing(Generator(port, [Same(get("localhost", "/"))])) as generator,
    ):
        generator.run(5.0)
    assert generator.outcome.units == 0
    assert generator.outcome.errors > 50
    assert generator.outcome.first_error.startswith("500")


def test_a_server_that_closes_each_connection_is_measured_all_the_same() -> None:
    with (
        server(response(b"yes", "Connection: close")) as port,
        closing(Generator(port, [Same(get("localhost", "/"), b"yes")])) as generator,
    ):
        generator.run(0.2)
    assert generator.outcome.errors == 0
    assert generator.outcome.reconnects == generator.outcome.requests > 1


def test_a_refresh_token_that_is_not_rotated_is_an_error() -> None:
    script = Refresh("localhost", "/token", "Basic x", "first")
    body = b'{"refresh_token": "%s", "id_token": "x"}'
    assert script.answered(Answer(200, b"", body % b"second")) == 1
    assert b"refresh_token=second" in script.request()
    with pytest.raises(UnexpectedAnswerError):
        script.answered(Answer(200, b"", body % b"second"))


def test_a_chunked_body_is_put_together() -> None:
    assert unchunked(b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n") == b"abc0123456789"


@pytest.mark.parametrize(
    ("head", "after"),
    [
        (b"HTTP/1.1 200 OK\r\nSet-Cookie: a=2; Path=/", "a=2; b=1"),
        (b"HTTP/1.1 200 OK\r\nset-cookie: c=3", "a=1; b=1; c=3"),
        (b"HTTP/1.1 200 OK\r\nset-cookie: a=; Max-Age=0", "b=1"),
        (b"HTTP/1.1 200 OK\r\nset-cookie: b=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "a=1"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0", "a=1; b=1"),
    ],
)
def test_cookies_are_kept_replaced_and_dropped(head: bytes, after: str) -> None:
    assert cookies_after("a=1; b=1", Answer(200, head, b"")) == after


def test_the_form_of_the_primary_submit_is_read() -> None:
    page = Form(
        '<form action="/search"><input name="q"></form>'
        '<main data-page="login"><form method="post" action="/login">'
        '<input type="hidden" name="csrf" value="t"><input name="username">'
        '<input type="password" name="password">'
        '<input type="checkbox" name="trust_browser" value="yes">'
        '<button name="go" value="on" id="continue">Entra</button></form></main>'
    )
    assert (page.page, page.action, page.found) == ("login", "/login", True)
    assert page.values == {"csrf": "t", "go": "on"}
    assert page.asked == {"username", "password", "trust_browser"}
    assert page.choices == {"trust_browser": ["yes"]}


def test_a_page_without_a_primary_submit_says_so() -> None:
    assert Form('<main data-page="error"><form><input name="q"></form></main>').found is False


def test_percentiles_are_of_what_was_seen() -> None:
    values = [float(number) for number in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.99)) == (51.0, 100.0)
    assert percentile([], 0.5) == 0.0


def test_a_ratio_is_of_medians_of_the_same_run() -> None:
    results = Results()
    for ours, peer in ((50, 100), (60, 100), (400, 1000)):
        results.runs["jwks", "granian sqlite"].append(outcome(ours))
        results.runs["jwks", "peer"].append(outcome(peer))
    assert results.value("jwks", "granian sqlite") == pytest.approx(0.6)
    assert results.value("jwks", "gunicorn sqlite") is None


@pytest.mark.parametrize(
    ("bound", "value", "verdict"),
    [
        ("at least", 0.6, "ok"),
        ("at least", 0.59, "MISS"),
        ("at most", 0.6, "ok"),
        ("at most", 0.61, "MISS"),
        ("at most", None, "-"),
    ],
)
def test_a_budget_is_met_or_missed(bound: str, value: float | None, verdict: str) -> None:
    budget = Budget("jwks", "peer", "at least" if bound == "at least" else "at most", 0.6, "x")
    assert budget.verdict(value) == verdict


def test_every_bar_names_a_variant_that_is_measured() -> None:
    assert {budget.variant for budget in tier_1()} <= set(VARIANTS)
    assert {budget.measure for budget in tier_1()} >= set(RATIOS)


def test_settings_without_a_round_are_refused() -> None:
    with pytest.raises(CannotRunError):
        Settings(rounds=0)


def test_the_service_has_a_core_of_its_own_where_there_are_two() -> None:
    cores = Cores.of_this_machine()
    assert cores.service
    assert cores.others
    assert cores.separate or cores.service == cores.others


def test_invented_customers_have_valid_tax_codes_of_their_own() -> None:
    people = customers(16)
    codes = [tax_code(person, 1 + number % 28) for number, person in enumerate(people)]
    assert all(codicefiscale.is_valid(code) for code in codes)
    assert len(set(codes)) == len({person.email for person in people}) == 16


def test_the_registry_file_has_one_line_for_each_customer(tmp_path: Path) -> None:
    lines = write_registry(customers(3), tmp_path / "customers.csv").read_text().splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("customer_number,profile,state,")
    assert all(len(line.split(",")) == 16 for line in lines)
