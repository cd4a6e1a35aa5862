"""The insurer's service fails in every way there is: no answer is taken by halves, nobody waits for long."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from idp.accounts.registry import RegistryDown, Standing
from idp.adapters.registry_http import LONGEST_ANSWER, CertificateRefused, HttpRegistry, tls_of
from idp.values import parse_contact, parse_identifier
from tests.parts import tls
from tests.parts.ports import free_port
from tests.parts.registry_service import RegistryService, registry_service, serving
from tests.parts.tls import Authority
from tests.ports import registry_world as world

TOKEN = "a-token-nobody-may-see"
MARIA = parse_contact("maria.rossi@posta.example")
NOBODY = parse_contact("nessuno@posta.example")
NUMBERS = ["C100001", "C100026"]

Trouble = Callable[[RegistryService], None]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The registry files."""
    return world.files(tmp_path_factory.mktemp("registry"))


@pytest.fixture
def service(files: tuple[Path, Path]) -> Iterator[RegistryService]:
    """The insurer's service."""
    with registry_service(files, token=TOKEN) as running:
        yield running


@pytest.fixture
def registry(service: RegistryService) -> Iterator[HttpRegistry]:
    """The adapter, with a breaker that does not open in these tests."""
    with asking(service, breaker_failures=1000) as adapter:
        yield adapter


def asking(service: RegistryService, monotonic: Callable[[], float] = time.monotonic, **registry: Any) -> Any:
    """The adapter on a service; it waits one second for an answer."""
    settings = world.settings_for(service.url, **{"token": TOKEN, "timeout": 1, **registry})
    return world.asking(settings, monotonic=monotonic)


def numbers(registry: HttpRegistry) -> list[str]:
    """The customer numbers of Maria's records."""
    return [record.customer_number for record in registry.by_contact(MARIA)]


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        """The time it shows."""
        return self.at


TROUBLES: dict[str, tuple[Trouble, str]] = {
    "500": (lambda s: s.fail(500), "status"),
    "503": (lambda s: s.fail(503), "status"),
    "204": (lambda s: s.fail(204), "status"),
    "404": (lambda s: s.fail(404), "status"),
    "422": (lambda s: s.fail(422), "status"),
    "429": (lambda s: s.fail(429), "status"),
    "redirected": (lambda s: s.redirect(), "status"),
    "silence": (lambda s: s.hang_up(), "network"),
    "half": (lambda s: s.truncate(), "network"),
    "without end": (lambda s: s.flood(), "too_long"),
    "too long": (lambda s: s.say(b" " * LONGEST_ANSWER + b"{}"), "too_long"),
    "drop by drop": (lambda s: s.drip(0.2), "timeout"),
    "late": (lambda s: s.delay(5), "timeout"),
    "a page": (lambda s: s.say(b"<html>Wait</html>", "text/html"), "not_json"),
    "JSON by another name": (lambda s: s.say(b'{"customers":[]}', "text/plain"), "not_json"),
    "no JSON": (lambda s: s.say(b"customers"), "unreadable"),
    "nothing": (lambda s: s.say(b""), "unreadable"),
    "a list": (lambda s: s.say(b"[]"), "unreadable"),
    "another object": (lambda s: s.say(b'{"records":[]}'), "unreadable"),
    "more than asked": (lambda s: s.say(b'{"customers":[],"standings":[]}'), "unreadable"),
    "twice": (lambda s: s.say(b'{"customers":[],"customers":[]}'), "unreadable"),
    "no UTF-8": (lambda s: s.say(b'{"customers":["\xff"]}'), "unreadable"),
    "deep": (lambda s: s.say(b"[" * 100_000), "unreadable"),
    "no customer": (lambda s: s.say(b'{"customers":[null]}'), "unreadable"),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_whatever_goes_wrong_the_registry_is_down_in_time_and_comes_back(
    registry: HttpRegistry, service: RegistryService, name: str
) -> None:
    trouble, reason = TROUBLES[name]
    trouble(service)
    began = time.monotonic()
    with capture_logs() as logged, pytest.raises(RegistryDown) as raised:
        registry.by_contact(MARIA)
    assert time.monotonic() - began < 1.9
    assert [(line["event"], line["reason"]) for line in logged] == [("registry_failed", reason)]
    # The fault must not carry along what was answered: parsers quote it.
    assert raised.value.__suppress_context__
    for ask in (
        lambda: registry.by_identifier(parse_identifier("RSSMRA80D52H501K")),
        lambda: registry.by_customer_number("C100001"),
        lambda: registry.standings([MARIA]),
    ):
        with pytest.raises(RegistryDown):
            ask()
    service.forget()
    assert numbers(registry) == NUMBERS


def test_what_is_asked_and_answered_reaches_no_log_and_no_address(
    registry: HttpRegistry, service: RegistryService, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logged:
        registry.by_contact(MARIA)
        registry.by_identifier(parse_identifier("RSSMRA80D52H501K"))
        registry.by_customer_number("C100001")
        registry.standings([MARIA])
        service.alter(spoilt("updated_on", "maria.rossi@posta.example"))
        with pytest.raises(RegistryDown):
            registry.by_contact(MARIA)
        service.forget()
        service.alter(spoilt("RSSMRA80D52H501K", "x"))
        with pytest.raises(RegistryDown):
            registry.by_contact(MARIA)
    told = (caplog.text + repr(logged)).lower()
    assert "registry_failed" in told
    for secret in ("rossi", "rssmra", "+39333", "c100001", TOKEN.lower(), "prati"):
        assert secret not in told, secret
    assert {call.path for call in service.calls} <= {"/customers/search", "/contacts/standings"}


def spoilt(field: str, value: Any) -> Callable[[Any], Any]:
    """Changes one field of every customer in an answer."""

    def alter(answer: Any) -> Any:
        for customer in answer["customers"]:
            customer[field] = value
        return answer

    return alter


def test_a_call_can_be_found_in_the_services_own_log(
    registry: HttpRegistry, service: RegistryService
) -> None:
    service.fail(500, times=1)
    with capture_logs() as logged, pytest.raises(RegistryDown):
        registry.by_contact(MARIA)
    numbers(registry)
    calls = [call.headers["Idp-Call"] for call in service.calls]
    assert logged[0]["call"] == calls[0]
    assert len(set(calls)) == 2


def test_one_bad_record_spoils_the_answer(registry: HttpRegistry, service: RegistryService) -> None:
    def alter(answer: Any) -> Any:
        answer["customers"][-1]["birth_date"] = "12.04.1980"
        return answer

    service.alter(alter)
    with capture_logs() as logged, pytest.raises(RegistryDown):
        registry.by_contact(MARIA)
    assert logged[0]["where"] == "customers[1].birth_date"
    assert logged[0]["code"] == "invalid_date"


def test_a_record_that_was_not_asked_for_is_left_out(
    registry: HttpRegistry, service: RegistryService
) -> None:
    everybody = service.customers[:12]

    def alter(answer: Any) -> Any:
        return {"customers": everybody}

    service.alter(alter)
    with capture_logs() as logged:
        assert numbers(registry) == ["C100001"]
        assert registry.by_contact(NOBODY) == ()
        (found,) = registry.by_identifier(parse_identifier("RSSMRA80D52H501K"))
        assert found.customer_number == "C100001"
        second = registry.by_customer_number("C100002")
        assert second is not None
        assert second.customer_number == "C100002"
        assert registry.by_customer_number("C100029") is None
    assert {line["event"] for line in logged} == {"registry_told_more_than_asked"}


@pytest.mark.parametrize(
    "standings",
    [
        [],
        [{"holders": 1, "of_agency": False}] * 3,
        [{"holders": 1, "of_agency": False}, {"holders": True, "of_agency": False}],
        [{"holders": 1, "of_agency": False}, {"holders": -1, "of_agency": False}],
        [{"holders": 1, "of_agency": False}, {"holders": 1.0, "of_agency": False}],
        [{"holders": 1, "of_agency": False}, {"holders": "1", "of_agency": False}],
        [{"holders": 1, "of_agency": False}, {"holders": 1, "of_agency": 0}],
        [{"holders": 1, "of_agency": False}, {"holders": 1}],
        [{"holders": 1, "of_agency": False}, {"holders": 1, "of_agency": False, "since": 1}],
        [{"holders": 1, "of_agency": False}, None],
        {"holders": 1, "of_agency": False},
    ],
)
def test_standings_are_taken_whole_or_not_at_all(
    registry: HttpRegistry, service: RegistryService, standings: Any
) -> None:
    service.alter(lambda _answer: {"standings": standings}, times=1)
    with pytest.raises(RegistryDown):
        registry.standings([MARIA, NOBODY])
    assert registry.standings([MARIA, NOBODY]) == (Standing(1), Standing(0))


# --- left alone ------------------------------------------------------------------------------------------


def test_a_service_that_fails_is_left_alone_and_tried_by_one(service: RegistryService) -> None:
    hand = Hand()
    with asking(service, hand, timeout=5, breaker_failures=3, breaker_seconds=15) as registry:
        service.fail(500)
        for _ in range(3):
            with pytest.raises(RegistryDown):
                registry.by_contact(MARIA)
        service.forget()
        for _ in range(5):
            with pytest.raises(RegistryDown):
                registry.by_contact(MARIA)
        assert service.calls == [], "it is left alone"
        hand.at += 15
        service.delay(0.5)
        with ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(lambda _: outcome(registry), range(8)))
        assert sorted(outcomes) == ["down"] * 7 + ["up"], "one tries, the others wait for what becomes of it"
        service.forget()
        assert numbers(registry) == NUMBERS, "it is back"


def outcome(registry: HttpRegistry) -> str:
    """Whether it answers."""
    try:
        registry.by_contact(MARIA)
    except RegistryDown:
        return "down"
    return "up"


@pytest.mark.parametrize("name", ["422", "too long", "without end", "no customer"])
def test_nobody_shuts_the_registry_by_asking_what_it_cannot_answer(
    service: RegistryService, name: str
) -> None:
    with asking(service, breaker_failures=1) as registry:
        trouble, _ = TROUBLES[name]
        trouble(service)
        for _ in range(3):
            assert outcome(registry) == "down"
        service.forget()
        assert outcome(registry) == "up"


@pytest.mark.parametrize("name", ["500", "429", "silence", "late", "a page", "no JSON"])
def test_what_tells_of_the_service_itself_counts(service: RegistryService, name: str) -> None:
    with asking(service, breaker_failures=1) as registry:
        trouble, _ = TROUBLES[name]
        trouble(service)
        assert outcome(registry) == "down"
        service.forget()
        assert outcome(registry) == "down"
        assert service.calls == []


# --- connections -----------------------------------------------------------------------------------------


def test_connections_are_kept_and_shared_by_threads(registry: HttpRegistry, service: RegistryService) -> None:
    for _ in range(10):
        numbers(registry)
    assert len({call.connection for call in service.calls}) == 1
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda _: numbers(registry), range(60))) == [NUMBERS] * 60
    assert len({call.connection for call in service.calls}) <= 8


def test_a_connection_that_was_closed_meanwhile_is_no_fault(files: tuple[Path, Path]) -> None:
    port = free_port()
    running = RegistryService(*files, token=TOKEN)
    with serving(running, port=port), asking(running, breaker_failures=1) as registry:
        assert outcome(registry) == "up"
        # It reads the next request on the kept connection and closes it without an answer.
        running.hang_up(times=1)
        assert outcome(registry) == "up"
    with asking(running, breaker_failures=2) as registry:
        with serving(running, port=port):
            assert outcome(registry) == "up"
        assert outcome(registry) == "down"
        with serving(running, port=port):
            assert outcome(registry) == "up"


def test_a_slow_service_holds_half_of_the_threads_at_most(service: RegistryService) -> None:
    # Sixteen request threads, so eight calls; more connections are not to be had by asking for them.
    with asking(service, connections=64, timeout=5, breaker_failures=1000) as registry:
        service.delay(0.8)
        gate = threading.Barrier(12)
        took: list[tuple[str, float]] = []

        def ask() -> None:
            gate.wait()
            began = time.monotonic()
            took.append((outcome(registry), time.monotonic() - began))

        threads = [threading.Thread(target=ask) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(name for name, _ in took) == ["down"] * 4 + ["up"] * 8
        assert all(seconds < 0.6 for name, seconds in took if name == "down")


FORKED = """
import os, sys
from idp.values import parse_contact
from tests.ports import registry_world as world
with world.asking(world.settings_for(sys.argv[1], token=sys.argv[2])) as registry:
    ask = lambda: [r.customer_number for r in registry.by_contact(parse_contact("maria.rossi@posta.example"))]
    assert ask() == ["C100001", "C100026"]
    children = []
    for _ in range(2):
        child = os.fork()
        if not child:
            os._exit(0 if [ask() for _ in range(20)] == [["C100001", "C100026"]] * 20 else 1)
        children.append(child)
    assert [ask() for _ in range(20)] == [["C100001", "C100026"]] * 20
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
"""


def test_a_process_that_forks_shares_no_connection_with_its_children(service: RegistryService) -> None:
    subprocess.run([sys.executable, "-c", FORKED, service.url, TOKEN], check=True, timeout=60)
    assert len({call.connection for call in service.calls}) == 3
    assert len(service.calls) == 61


# --- who speaks to whom ----------------------------------------------------------------------------------


def test_a_wrong_token_is_an_outage(service: RegistryService) -> None:
    with asking(service, token="another-token-of-16") as registry:
        assert outcome(registry) == "down"
    with asking(service, token=None) as registry:
        assert outcome(registry) == "down"
    assert {call.status for call in service.calls} == {401}


def test_tls_both_ways(files: tuple[Path, Path], authority: Authority) -> None:
    context = authority.server_context("localhost")
    authority.demand_certificates(context)
    certificate, key = authority.server_files("idp.example")
    shown = {"client_certificate_file": certificate, "client_key_file": key}
    with tls.authority() as other, registry_service(files, tls=context) as running:
        theirs, their_key = other.server_files("idp.example")
        not_shown: dict[str, Any] = {"ca_file": authority.ca_file, "token": None}
        for why, registry, up in (
            ("a certificate of the right authority", {**not_shown, **shown}, True),
            ("no certificate", not_shown, False),
            (
                "a certificate of another authority",
                {**not_shown, "client_certificate_file": theirs, "client_key_file": their_key},
                False,
            ),
            ("another authority trusted", {**shown, "ca_file": other.ca_file}, False),
            ("the system's authorities", {**shown, "ca_file": None}, False),
        ):
            with asking(running, **registry) as adapter:
                assert outcome(adapter) == ("up" if up else "down"), why
        assert {call.status for call in running.calls} == {200}
        assert len(running.calls) == 1, "nobody else was heard"


def test_a_certificate_of_another_name_is_refused(files: tuple[Path, Path], authority: Authority) -> None:
    with registry_service(files, tls=authority.server_context("registry.example")) as running:
        with (
            asking(running, ca_file=authority.ca_file) as adapter,
            capture_logs() as logged,
            pytest.raises(RegistryDown),
        ):
            adapter.by_contact(MARIA)
        assert logged[0]["reason"] == "tls"
        assert running.calls == []


@pytest.mark.parametrize("spoil", ["ca_file", "client_certificate_file", "client_key_file"])
def test_files_that_are_no_certificates_are_told_at_start(
    authority: Authority, tmp_path: Path, spoil: str
) -> None:
    certificate, key = authority.server_files("idp.example")
    files = {
        "ca_file": authority.ca_file,
        "client_certificate_file": certificate,
        "client_key_file": key,
    }
    tls_of(world.settings_for("https://registry.example", **files))
    (tmp_path / "no.pem").write_text("no certificate", encoding="ascii")
    with pytest.raises(CertificateRefused, match=r"registry\." + spoil):
        tls_of(world.settings_for("https://registry.example", **{**files, spoil: tmp_path / "no.pem"}))
