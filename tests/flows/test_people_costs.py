"""What a sign-in's steps cost the database, exactly (performance §7.4); the short way of a silent request."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from werkzeug.test import Client

from tests.service.in_process import CALLBACK, ISSUER, LANDING, PASSWORD, InProcess
from tests.service.visitor import Visitor

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
QUERY = {
    "client_id": "portal",
    "response_type": "code",
    "redirect_uri": CALLBACK,
    "scope": "openid profile",
    "state": "s&1",
    "nonce": "n",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@pytest.fixture
def signed_in(service_on_both: InProcess) -> tuple[InProcess, Visitor]:
    """The service with its portal, and somebody who is signed in."""
    service_on_both.client()
    visitor = service_on_both.visitor()
    service_on_both.register(visitor)
    visitor.fetch("GET", address())
    return service_on_both, visitor


def address(**changed: str) -> str:
    return f"/authorize?{urlencode({**QUERY, **changed})}"


def test_a_silent_authorization_costs_one_read_and_one_commit(
    signed_in: tuple[InProcess, Visitor],
) -> None:
    service, visitor = signed_in
    with service.counting() as counts:
        answer = visitor.fetch("GET", address())
    assert answer.status_code == 303
    assert counts.like() == (2, 1)


def test_a_request_that_must_ask_costs_one_commit(signed_in: tuple[InProcess, Visitor]) -> None:
    service, _ = signed_in
    stranger = service.visitor()
    stranger.fetch("GET", "/login")
    with service.counting() as counts:
        answer = stranger.fetch("GET", address())
    assert answer.headers["Location"].startswith("/login")
    assert counts.commits == 1


def test_a_request_that_may_not_ask_costs_no_commit(signed_in: tuple[InProcess, Visitor]) -> None:
    service, _ = signed_in
    stranger = service.visitor()
    with service.counting() as counts:
        answer = stranger.fetch("GET", address(prompt="none"))
    assert "error=login_required" in answer.headers["Location"]
    assert counts.commits == 0


def test_a_sign_out_costs_one_commit(signed_in: tuple[InProcess, Visitor]) -> None:
    service, visitor = signed_in
    visitor.get("/logout", client_id="portal", post_logout_redirect_uri=LANDING)
    assert visitor.page == "logout"
    with service.counting() as counts:
        visitor.send(visitor.at, {"csrf": visitor.csrf, "confirm": "1"})
    assert counts.commits == 1


def test_a_sign_in_costs_one_commit(signed_in: tuple[InProcess, Visitor]) -> None:
    service, _ = signed_in
    visitor = service.visitor()
    visitor.get(address())
    assert visitor.page == "login"
    fields = {"csrf": visitor.csrf, "username": "maria.rossi@posta.example", "password": PASSWORD}
    with service.counting() as counts:
        answer = visitor.send(visitor.at, fields)
    assert answer.status_code == 303
    assert counts.commits == 1


def test_the_short_way_answers_as_the_people_s_face_does(signed_in: tuple[InProcess, Visitor]) -> None:
    _, visitor = signed_in
    short = visitor.fetch("GET", address())
    # Choosing a language is the people's face's business.
    usual = visitor.fetch("GET", address(lang="it"))
    assert short.status_code == usual.status_code == 303
    ignored = {"Location", "X-Request-Id", "Set-Cookie"}
    assert {name: value for name, value in short.headers if name not in ignored} == {
        name: value for name, value in usual.headers if name not in ignored
    }
    told = [parse_qs(urlsplit(answer.headers["Location"]).query) for answer in (short, usual)]
    assert told[0].keys() == told[1].keys() == {"code", "state", "iss"}
    assert told[0]["state"] == told[1]["state"] == ["s&1"]
    assert told[0]["code"] != told[1]["code"]


@pytest.mark.parametrize(
    "cookies",
    [
        "{session}; {browser}; {session}x",
        "{session}",
        "{browser}",
        '{session}; {browser}; other="quoted"',
        "",
    ],
)
def test_cookies_that_are_not_plainly_ours_take_the_usual_way(
    signed_in: tuple[InProcess, Visitor], cookies: str
) -> None:
    service, visitor = signed_in
    ours = {what: f"idp_{what}_8000={visitor.cookie(f'idp_{what}_8000')}" for what in ("session", "browser")}
    bare = Client(service.app, use_cookies=False)
    answer = bare.get(address(), base_url=ISSUER, headers={"Cookie": cookies.format(**ours)})
    is_signed_in = cookies.startswith("{session}") and "{session}x" not in cookies
    assert ("code=" in answer.headers["Location"]) is is_signed_in
    if not is_signed_in:
        assert answer.headers["Location"].startswith("/login")
