"""What every answer carries, and what no request makes us say (ASVS V3; security bar A16, A19, A20, A23)."""

import io
import re
import threading
import time
from collections.abc import Iterator

import pytest

from tests.service.in_process import PASSWORD, InProcess, folder_of, open_in_process, settings_for
from tests.service.relying_party import RelyingParty, answer_of, left_for, portal, registered
from tests.service.visitor import Visitor
from tests.specs.house import FORM, Caller

USERNAME = "maria.rossi@posta.example"


@pytest.fixture(scope="module")
def party(standing_service: InProcess) -> RelyingParty:
    """The portal."""
    return portal(standing_service)


@pytest.fixture(scope="module")
def maria(standing_service: InProcess) -> Visitor:
    """A browser in which Maria is signed in."""
    return registered(standing_service)


@pytest.fixture
def nobody(standing_service: InProcess) -> Visitor:
    """A browser in which nobody is signed in."""
    return standing_service.visitor()


PAGES = (
    "/login",
    "/register",
    "/register/data",
    "/register/password",
    "/register/verify",
    "/register/identify",
    "/register/done",
    "/consent",
    "/logout",
    "/logout/done",
    "/authorize",
    "/authorize?client_id=portal",
    "/authorize/resume",
    "/legal/privacy",
    "/dev/inbox",
    "/nothing/here",
    "/",
)
MACHINES = (
    "/.well-known/openid-configuration",
    "/jwks",
    "/token",
    "/userinfo",
    "/revoke",
    "/introspect",
    "/health/live",
    "/health/ready",
)


@pytest.mark.parametrize("path", [*PAGES, *MACHINES])
def test_a16_no_answer_can_be_framed_sniffed_or_leak_its_address(nobody: Visitor, path: str) -> None:
    headers = nobody.fetch("GET", path).headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "base-uri 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    for name in ("Content-Security-Policy", "Referrer-Policy", "X-Frame-Options", "Cache-Control"):
        assert len(headers.getlist(name)) <= 1, name
    assert "Server" not in headers
    assert "X-Powered-By" not in headers


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_anything_inline(nobody: Visitor, path: str) -> None:
    answer = nobody.fetch("GET", path)
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "data:" not in policy
    if answer.status_code == 303:
        return
    page = answer.text
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert "<style" not in page
    assert not re.search(r"\sstyle=", page)
    assert not re.search(r"\son[a-z]+=", page)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//(?!localhost)", page)
    assert "javascript:" not in page


@pytest.mark.parametrize("path", [*PAGES, "/token", "/userinfo", "/introspect", "/revoke"])
def test_a20_dynamic_answers_are_not_stored(nobody: Visitor, path: str) -> None:
    assert "no-store" in nobody.fetch("GET", path).headers["Cache-Control"]


def test_a20_redirects_with_a_code_are_not_stored(party: RelyingParty, maria: Visitor) -> None:
    party.ask(maria)
    assert answer_of(maria)["code"]
    assert maria.last.headers["Cache-Control"] == "no-store"
    assert maria.last.data == b""


@pytest.mark.parametrize(
    "path",
    ["/login/x.css", "/login.css", "/authorize/x.js", "/account/a.png", "/login;x.css", "/login%2fx.css"],
)
def test_a20_a_static_looking_suffix_finds_no_dynamic_page(nobody: Visitor, path: str) -> None:
    answer = nobody.fetch("GET", path)
    assert answer.status_code == 404
    assert "no-store" in answer.headers["Cache-Control"]


def test_a20_static_files_may_be_stored_since_their_names_tell_their_content(nobody: Visitor) -> None:
    page = nobody.get("/register").text
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert files
    for file in files:
        answer = nobody.fetch("GET", file)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert not answer.headers.getlist("Set-Cookie")


@pytest.mark.parametrize("path", ["/static/../settings.py", "/static/%2e%2e/x", "/static/", "/static/x.css"])
def test_nothing_but_our_files_is_served(nobody: Visitor, path: str) -> None:
    assert nobody.fetch("GET", path).status_code in (404, 400)


# --- V3.4.1 https -----------------------------------------------------------------------------------------


@pytest.fixture
def on_https(service: InProcess) -> Iterator[InProcess]:
    """The service as browsers reach it in production."""
    known = service.idp.settings
    opened = open_in_process(
        settings_for(
            folder_of(known),
            known.database.url,
            service={"issuer": "https://id.insurer.example", "development": False},
        )
    )
    yield opened
    opened.idp.database.engine.dispose()


def test_3_4_1_https_is_demanded_for_a_year_or_more(on_https: InProcess, nobody: Visitor) -> None:
    visitor = on_https.visitor()
    for path in ("/register", "/jwks", "/nothing", "/token"):
        header = visitor.fetch("GET", path).headers["Strict-Transport-Security"]
        found = re.match(r"max-age=(\d+); includeSubDomains", header)
        assert found
        assert int(found[1]) >= 31_536_000
    # On http it would mean nothing, and on localhost it would lock out every other program.
    assert "Strict-Transport-Security" not in nobody.fetch("GET", "/register").headers


def test_the_inbox_exists_in_development_only(on_https: InProcess, nobody: Visitor) -> None:
    assert on_https.visitor().fetch("GET", "/dev/inbox").status_code == 404
    assert nobody.fetch("GET", "/dev/inbox?format=json").status_code == 200


# --- A19 the host -----------------------------------------------------------------------------------------

SPOOFS: tuple[dict[str, str], ...] = (
    {"X-Forwarded-Host": "evil.example"},
    {"X-Forwarded-Proto": "https"},
    {"X-Forwarded-Port": "1"},
    {"X-Forwarded-Prefix": "/evil"},
    {"Forwarded": "host=evil.example;proto=https"},
    {"X-Original-URL": "/evil"},
    {"X-Rewrite-URL": "/evil"},
    {"X-Host": "evil.example"},
    {"X-Script-Name": "/evil"},
)


@pytest.mark.parametrize("spoof", SPOOFS)
def test_a19_forwarding_headers_change_nothing(
    party: RelyingParty, maria: Visitor, nobody: Visitor, spoof: dict[str, str]
) -> None:
    def seen(visitor: Visitor, path: str, **options: object) -> tuple[int, str, str]:
        answer = visitor.fetch("GET", path, headers=spoof, **options)
        return answer.status_code, answer.headers.get("Location", ""), answer.text

    for path in ("/.well-known/openid-configuration", "/register", "/nothing"):
        _, location, text = seen(nobody, path)
        assert "evil" not in text
        assert "evil" not in location
    metadata = nobody.fetch("GET", "/.well-known/openid-configuration", headers=spoof).get_json()
    assert metadata["issuer"] == "http://localhost:8000"
    _, location, _ = seen(nobody, "/authorize", query_string=party.request())
    assert location.startswith("/login?interaction=")
    seen(maria, "/authorize", query_string=party.request())
    assert answer_of(maria)["iss"] == "http://localhost:8000"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost",
        "localhost:8001",
        "localhost:8000.evil.example",
        "localhost:8000@evil.example",
        "evil.example:8000",
        "localhost:8000, evil.example",
        "127.0.0.1:8000",
        "[::1]:8000",
        "localhost.:8000",
        "",
        " localhost:8000",
        "localhost:08000",
    ],
)
@pytest.mark.parametrize("path", ["/register", "/.well-known/openid-configuration", "/token"])
def test_a19_another_host_is_refused(nobody: Visitor, host: str, path: str) -> None:
    answer = nobody.fetch("GET", path, headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.text


def test_a19_a_message_names_our_host_whatever_the_request_says(service: InProcess) -> None:
    visitor = service.visitor()
    visitor.get("/register")
    visitor.press(profile="person")
    data = {"given_name": "Maria", "family_name": "Rossi", "username": "+393331234501", "accept_terms": "yes"}
    visitor.press(**data)
    spoof = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    visitor.send("/register/password", {"csrf": visitor.csrf, "new_password": PASSWORD}, **spoof)
    text = service.post()[0]["text"]
    assert "@localhost #" in text
    assert "evil" not in text


def test_a19_the_source_is_not_taken_from_a_header(service: InProcess) -> None:
    party = portal(service)
    registered(service)
    answers = []
    for number in range(12):
        attacker = service.visitor("203.0.113.9")
        party.ask(attacker)
        form = {"csrf": attacker.csrf, "username": USERNAME, "password": "wrong"}
        spoof = {"X-Forwarded-For": f"10.0.0.{number}", "X-Real-IP": f"10.1.0.{number}"}
        answers.append(attacker.send(attacker.at, form, **spoof).status_code)
    assert answers == [200] * 10 + [429] * 2


# --- A23 too much -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/login", "/register/data", "/authorize", "/logout", "/consent", "/token"])
def test_a23_a_large_form_is_refused_unread(standing_service: InProcess, path: str) -> None:
    class Endless(io.RawIOBase):
        touched = False

        def read(self, size: int = -1) -> bytes:
            self.touched = True
            return b"a" * max(size, 0)

    body = Endless()
    reply = Caller(standing_service.app).call(
        "POST", path, body=body, content_type=FORM, CONTENT_LENGTH=str(1024 * 1024)
    )
    assert reply.status == 413
    assert not body.touched


@pytest.mark.parametrize("length", ["-1", "abc", "1e9", "99999999999999999999", "٣", "0x10", "1, 2", "+1"])
def test_a23_a_length_that_is_none_is_refused(standing_service: InProcess, length: str) -> None:
    reply = Caller(standing_service.app).call("POST", "/login", content_type=FORM, CONTENT_LENGTH=length)
    assert reply.status in (400, 413)


def test_a23_a_body_without_length_is_refused(nobody: Visitor) -> None:
    answer = nobody.fetch("POST", "/login", headers={"Transfer-Encoding": "chunked"})
    assert answer.status_code == 411


@pytest.mark.parametrize("path", ["/authorize", "/logout", "/register"])
def test_a23_ten_thousand_parameters_are_refused(nobody: Visitor, path: str) -> None:
    query = "&".join(f"p{n}=1" for n in range(10_000))
    began = time.perf_counter()
    answer = nobody.fetch("GET", path, query_string=query)
    assert answer.status_code == 400
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    "name", ["scope", "state", "prompt", "ui_locales", "claims", "acr_values", "login_hint"]
)
def test_a23_a_hundred_thousand_characters_are_refused(
    party: RelyingParty, maria: Visitor, name: str
) -> None:
    for value in ("a" * 100_000, "a " * 50_000):
        party.ask(maria, **{name: value})
        assert maria.last.status_code == 400
        assert left_for(maria) is None
        assert len(maria.last.data) < 300_000


@pytest.mark.parametrize("field", ["username", "password", "given_name", "code", "new_password"])
def test_a23_long_fields_cost_no_hash(service: InProcess, field: str) -> None:
    party, visitor = portal(service), service.visitor()
    party.ask(visitor)
    before = service.idp.hasher.hashes
    visitor.press(**{"username": "maria", "password": "x", field: "a" * 4000})
    assert visitor.last.status_code in (200, 400)
    if field in ("username", "password"):
        assert visitor.faults == [field]
        assert service.idp.hasher.hashes == before


def test_a23_many_sign_ins_at_once_are_bounded_and_others_go_on(service: InProcess) -> None:
    folder = folder_of(service.idp.settings)
    slow = {"argon2_memory_kib": 4096, "argon2_iterations": 3, "hash_threads": 1, "hash_queue": 4}
    crowded = open_in_process(settings_for(folder, service.idp.settings.database.url, password=slow))
    party = portal(crowded)
    visitors = [crowded.visitor(f"203.0.113.{n}") for n in range(40)]
    for visitor in visitors:
        party.ask(visitor)
    answered: list[int] = []
    lock = threading.Lock()

    def guess(number: int) -> None:
        visitors[number].press(username=f"nobody{number}@posta.example", password="wrong")
        with lock:
            answered.append(visitors[number].last.status_code)

    crowded.in_parallel(guess, len(visitors))
    assert set(answered) == {200, 503}
    assert all("Retry-After" in v.last.headers for v in visitors if v.last.status_code == 503)
    other = crowded.visitor()
    assert other.get("/register").status_code == 200
    crowded.idp.database.engine.dispose()


# --- methods and paths ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/login", "/register", "/consent", "/logout", "/authorize/resume"])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "BREW"])
def test_other_methods_are_refused(nobody: Visitor, path: str, method: str) -> None:
    assert nobody.fetch(method, path).status_code == 405


@pytest.mark.parametrize("path", ["/authorize", "/login", "/consent", "/logout", "/register"])
def test_3_4_2_no_page_is_shared_across_origins(nobody: Visitor, path: str) -> None:
    for method in ("GET", "OPTIONS"):
        headers = nobody.fetch(method, path, headers={"Origin": "http://localhost:8001"}).headers
        assert "Access-Control-Allow-Origin" not in headers
