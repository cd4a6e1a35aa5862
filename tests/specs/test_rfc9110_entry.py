"""What holds for every request of either face (RFC 9110, RFC 6797; security bar A19, A20, A23)."""

import logging
from collections.abc import Iterable
from typing import Any

import pytest
from pydantic import SecretStr

from idp.flows.hashing import Overloaded
from idp.flows.idp import Idp
from idp.ports import EphemeraDown
from idp.settings import Settings
from idp.settings.service import Service
from idp.store.database import DatabaseDown
from idp.web.entry import entry
from tests.specs.house import FORM, Caller, House, open_house

MACHINES = (
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/jwks",
    "/token",
    "/userinfo",
    "/introspect",
    "/revoke",
)
EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def calling(house: House, people: Any) -> Caller:
    """The entry of the house before another people's face."""
    return Caller(entry(house.idp, people))


# --- Host (A19) --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*MACHINES, "/authorize", "/", "/login"])
@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost",
        "localhost:8001",
        "127.0.0.1:8000",
        "localhost:8000.evil.example",
        "[::1]:8000",
    ],
)
def test_only_the_issuers_host_is_answered(house: House, path: str, host: str) -> None:
    reply = Caller(house.application, host).get(path)
    assert reply.status == 400
    assert b"a page for people" not in reply.body


def test_a_missing_host_is_refused(house: House) -> None:
    assert house.caller.get("/jwks", HTTP_HOST="").status == 400


@pytest.mark.parametrize("host", ["localhost:8000", "LOCALHOST:8000"])
def test_the_hosts_case_does_not_matter(house: House, host: str) -> None:
    assert Caller(house.application, host).get("/jwks").status == 200


def test_health_is_asked_by_address(house: House) -> None:
    for path in ("/health/live", "/health/ready"):
        reply = Caller(house.application, "10.0.0.7:8000").get(path)
        assert (reply.status, reply.json) == (200, {"status": "ok"})


def test_the_schemes_own_port_is_the_same_host(house: House, keys: Any) -> None:
    settings = house.idp.settings
    secure = Settings(
        service=Service(issuer="https://login.insurer.example"),
        database=settings.database,
        keys=settings.keys,
    )
    other = open_house(settings.database.url, keys, settings=secure)
    for host in ("login.insurer.example", "login.insurer.example:443"):
        reply = Caller(other.application, host).get("/jwks")
        assert reply.status == 200
        assert reply.header("Strict-Transport-Security") == "max-age=63072000; includeSubDomains"
    assert Caller(other.application, "login.insurer.example:80").get("/jwks").status == 400
    other.idp.database.engine.dispose()


# --- headers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*MACHINES, "/health/live", "/metrics", "/login", "/unheard-of"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "BREW"])
def test_every_answer_is_guarded(house: House, path: str, method: str) -> None:
    reply = house.caller.call(method, path)
    for name, value in EVERYWHERE.items():
        assert reply.header(name) == value
    policy = reply.header("Content-Security-Policy") or ""
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert reply.header("Strict-Transport-Security") is None
    assert reply.header("Server") is None
    assert len(reply.header("X-Request-Id") or "") == 22


def test_the_peoples_own_headers_stand(house: House) -> None:
    def people(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("content-security-policy", "default-src 'self'"), ("X-Own", "1")])
        return [b"page"]

    reply = calling(house, people).get("/login")
    assert reply.header("Content-Security-Policy") == "default-src 'self'"
    assert reply.header("X-Own") == "1"
    assert reply.header("X-Frame-Options") == "DENY"


def test_the_requests_number_is_ours_and_reaches_the_people(house: House) -> None:
    seen: list[str] = []

    def people(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        seen.append(environ["idp.request_id"])
        start_response("200 OK", [])
        return []

    reply = calling(house, people).get("/login", headers={"X-Request-Id": "forged"})
    assert reply.header("X-Request-Id") == seen[0]
    assert seen[0] != "forged"


@pytest.mark.parametrize("path", ["/token", "/userinfo", "/introspect", "/revoke"])
def test_what_is_about_somebody_is_kept_by_nobody(house: House, path: str) -> None:
    for method in ("GET", "POST"):
        assert house.caller.call(method, path).header("Cache-Control") == "no-store"


# --- bodies (A23) ------------------------------------------------------------------------------------


class Unread:
    """A body that must not be touched."""

    def read(self, *_: Any) -> bytes:
        raise AssertionError("the body was read")


@pytest.mark.parametrize("path", ["/token", "/userinfo", "/login", "/authorize"])
@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"CONTENT_LENGTH": "65537"}, 413),
        ({"CONTENT_LENGTH": "9" * 30}, 413),
        ({"CONTENT_LENGTH": "-1"}, 400),
        ({"CONTENT_LENGTH": "1e3"}, 400),
        ({"CONTENT_LENGTH": "\u0661"}, 400),
        ({"CONTENT_LENGTH": "12, 12"}, 400),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, 411),
    ],
)
def test_a_body_is_judged_by_its_length_before_it_is_read(
    house: House, path: str, environ: dict[str, Any], status: int
) -> None:
    reply = house.caller.call("POST", path, body=Unread(), content_type=FORM, **environ)
    assert reply.status == status
    assert b"a page for people" not in reply.body


def test_the_longest_body_is_read(house: House) -> None:
    body = b"grant_type=client_credentials"
    body += b"&" * (65536 - len(body))
    assert house.caller.call("POST", "/token", body=body, content_type=FORM).status in (400, 401)


# --- faults (16.5) -----------------------------------------------------------------------------------


def failing(fault: Exception) -> Any:
    def people(_environ: dict[str, Any], _start_response: Any) -> Iterable[bytes]:
        raise fault

    return people


def test_a_fault_of_a_page_tells_nothing(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    reply = calling(house, failing(ValueError("ada.rossi@example.it"))).get("/login")
    assert reply.status == 500
    assert reply.header("Content-Type") == "text/html; charset=utf-8"
    assert b'<main data-page="error">' in reply.body
    assert (reply.header("X-Request-Id") or "").encode() in reply.body
    logged = "".join(capsys.readouterr())
    assert b"ada.rossi" not in reply.body
    assert "ada.rossi" not in logged
    assert "ValueError" in logged


@pytest.mark.parametrize("fault", [DatabaseDown(), EphemeraDown(), Overloaded(retry_after=2)])
def test_a_pause_is_a_503_with_a_time_to_come_back(house: House, fault: Exception) -> None:
    reply = calling(house, failing(fault)).get("/login")
    assert (reply.status, reply.header("Retry-After")) == (503, "2")


def test_a_fault_of_an_endpoint_tells_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(type(house.idp.signers), "jwks", broken)
    reply = house.caller.get("/jwks")
    assert reply.status == 500
    assert reply.json == {"error": "server_error", "error_description": "something did not work"}
    assert "secret detail" not in "".join(capsys.readouterr())


@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke", "/jwks", "/userinfo"])
def test_a_database_that_is_gone_is_a_503(house: House, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service = house.add("service")
    token = house.as_client(service, "/token", {"grant_type": "client_credentials"}).json["access_token"]

    def gone() -> None:
        raise DatabaseDown

    monkeypatch.setattr(house.idp.database, "reading", gone)
    monkeypatch.setattr(house.idp.database, "writing", gone)
    # Nobody is served from memory once it is a second old: a client that was disabled must not come back.
    house.clock.move(1)
    if path == "/jwks":
        reply = house.caller.get(path)
    elif path == "/userinfo":
        reply = house.userinfo(token)
    else:
        reply = house.as_client(service, path, {"grant_type": "client_credentials", "token": token})
    assert (reply.status, reply.header("Retry-After")) == (503, "2")
    assert house.caller.get("/health/live").status == 200
    ready = house.caller.get("/health/ready")
    assert (ready.status, "database" in ready.json["missing"]) == (503, True)


# --- metrics -----------------------------------------------------------------------------------------


def metered(house: House) -> House:
    service = Service(issuer="http://localhost:8000", metrics_token=SecretStr("a-token-for-scraping"))
    settings = house.idp.settings.model_copy(update={"service": service})
    return open_house(settings.database.url, settings.keys.directory, settings=settings)


def test_metrics_do_not_exist_without_a_token(house: House) -> None:
    assert house.caller.get("/metrics").status == 404


def test_metrics_are_for_the_holder_of_the_token(house: House) -> None:
    other = metered(house)
    other.caller.get("/jwks")
    other.caller.post("/token", {"grant_type": "x"})
    other.caller.get("/login")
    for value in (
        None,
        "Bearer wrong",
        "Bearer a-token-for-scraping ",
        "a-token-for-scraping",
        "Bearer \u00e9",
    ):
        headers = {} if value is None else {"Authorization": value}
        assert other.caller.get("/metrics", headers=headers).status == 401
    reply = other.caller.get("/metrics", headers={"Authorization": "Bearer a-token-for-scraping"})
    assert reply.status == 200
    text = reply.body.decode()
    assert 'idp_answers_total{endpoint="jwks",status="200"} 1.0' in text
    assert 'idp_answers_total{endpoint="token",status="401"} 1.0' in text
    assert 'idp_answers_total{endpoint="people",status="200"} 1.0' in text
    other.idp.database.engine.dispose()


def test_metrics_are_asked_by_address(house: House) -> None:
    other = metered(house)
    caller = Caller(other.application, "10.0.0.7:8000")
    assert caller.get("/metrics").status == 401
    assert caller.get("/metrics", headers={"Authorization": "Bearer a-token-for-scraping"}).status == 200
    other.idp.database.engine.dispose()


# --- logs (16.2) -------------------------------------------------------------------------------------


def test_no_secret_and_no_personal_datum_reaches_the_log(
    house: House, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    portal, holder = house.add(), house.holder()
    code = house.code(portal.client, holder, "openid profile email phone")
    tokens = house.exchange(portal, code).json
    house.exchange(portal, code)
    house.refresh(portal, tokens["refresh_token"])
    house.userinfo(tokens["access_token"])
    house.as_client(portal, "/revoke", {"token": tokens["access_token"]})
    house.caller.post("/token", {"client_id": portal.client.client_id, "client_secret": "guessed-secret"})
    logged = "".join(capsys.readouterr()) + caplog.text
    assert "token_issued" in logged
    assert "client_refused" in logged
    canaries = (
        code,
        *tokens.values(),
        portal.secret,
        "guessed-secret",
        "ada.rossi",
        "3331234501",
        "192.0.2.7",
    )
    for canary in canaries:
        assert str(canary) not in logged or canary in ("Bearer", 300, tokens["scope"])


def test_the_idp_is_not_reachable_by_a_path_that_only_looks_like_one(house: House) -> None:
    for path in ("//token", "/token%00", "/TOKEN", "/./token", "/health/../token"):
        assert house.caller.call("POST", path).body == b"a page for people"


def test_the_entry_needs_nothing_but_the_idp_and_the_people(house: House) -> None:
    idp: Idp = house.idp
    assert Caller(entry(idp, failing(ValueError()))).get("/jwks").status == 200
