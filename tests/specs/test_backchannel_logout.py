"""Back-channel logout as the relying party receives it (OpenID Connect Back-Channel Logout 1.0 §2)."""

import base64
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.delivery.web import RawServer, answering, raw_server
from tests.service.in_process import ISSUER, LANDING, InProcess
from tests.service.relying_party import RelyingParty, answer_of, portal, registered
from tests.service.visitor import Visitor

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def receiver() -> Iterator[RawServer]:
    """The relying party's own address, a real HTTP server."""
    with raw_server(answering("200 OK")) as server:
        yield server


def told(service: InProcess, receiver: RawServer, **metadata: Any) -> RelyingParty:
    uri = f"http://localhost:{receiver.port}/backchannel-logout"
    return portal(service, backchannel_logout_uri=uri, **metadata)


def sign_out(visitor: Visitor) -> None:
    visitor.get("/logout")
    visitor.press(confirm="yes")
    assert visitor.page == "signed-out"


def head_of(token: str) -> dict[str, Any]:
    first = token.partition(".")[0]
    return dict(json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4))))


def test_discovery_endpoint_verification(service: InProcess) -> None:
    metadata = service.visitor().fetch("GET", "/.well-known/openid-configuration").get_json()
    assert metadata["backchannel_logout_supported"] is True
    assert metadata["backchannel_logout_session_supported"] is True


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_backchannel_rp_initiated_logout(service: InProcess, receiver: RawServer, alg: str) -> None:
    party, maria = told(service, receiver, id_token_signed_response_alg=alg), registered(service)
    id_token = party.tokens(maria)["id_token"]
    mine = party.read(id_token)
    maria.get("/logout", id_token_hint=id_token, post_logout_redirect_uri=LANDING, state="st")
    assert maria.location == f"{LANDING}?state=st"
    service.post()
    assert len(receiver.requests) == 1
    assert receiver.head.startswith("POST /backchannel-logout HTTP/1.1")
    assert "application/x-www-form-urlencoded" in receiver.head
    assert "cookie" not in receiver.head.lower()
    form = parse_qs(receiver.form.decode(), strict_parsing=True)
    assert form.keys() == {"logout_token"}
    token = form["logout_token"][0]
    assert head_of(token) == {"alg": alg, "typ": "logout+jwt", "kid": head_of(id_token)["kid"]}
    claims = party.read(token)
    assert claims.keys() == {"iss", "aud", "sub", "sid", "iat", "exp", "jti", "events"}
    assert (claims["iss"], claims["aud"]) == (ISSUER, "portal")
    assert (claims["sub"], claims["sid"]) == (mine["sub"], mine["sid"])
    assert claims["events"] == {EVENT: {}}
    assert claims["iat"] <= service.clock.now() < claims["exp"] <= claims["iat"] + 120
    assert "nonce" not in claims


def test_every_client_of_the_session_is_told_once(service: InProcess, receiver: RawServer) -> None:
    party, maria = told(service, receiver), registered(service)
    second = RelyingParty(
        service,
        service.client(client_id="second", backchannel_logout_uri=f"http://localhost:{receiver.port}/second"),
    )
    silent = RelyingParty(service, service.client(client_id="silent"))
    for asked in (party, party, second, silent):
        asked.tokens(maria)
    sign_out(maria)
    service.post()
    paths = sorted(request.split(b" ")[1].decode() for request in receiver.requests)
    assert paths == ["/backchannel-logout", "/second"]
    audiences = {
        str(party.read(parse_qs(request.partition(b"\r\n\r\n")[2].decode())["logout_token"][0])["aud"])
        for request in receiver.requests
    }
    assert audiences == {"portal", "second"}


def test_who_has_nothing_of_the_session_is_not_told(service: InProcess, receiver: RawServer) -> None:
    party, maria = told(service, receiver), registered(service)
    hans = registered(service, "hans.gruber@posta.example", given_name="Hans", family_name="Gruber")
    party.tokens(hans)
    sign_out(maria)
    service.post()
    assert receiver.requests == []


def test_a_session_that_another_persons_sign_in_ends_is_told_too(
    service: InProcess, receiver: RawServer
) -> None:
    party, shared = told(service, receiver), registered(service)
    marias = party.who(shared)
    registered(service, "hans.gruber@posta.example", given_name="Hans", family_name="Gruber")
    party.ask(shared, prompt="login")
    shared.press(username="hans.gruber@posta.example", password="Tramonto7blu")
    assert "code" in answer_of(shared)
    service.post()
    form = parse_qs(receiver.form.decode())
    claims = party.read(form["logout_token"][0])
    assert (claims["sub"], claims["sid"]) == (marias["sub"], marias["sid"])


def test_a_party_that_fails_delays_nobody_and_is_tried_again_2_8(service: InProcess) -> None:
    answers = [answering("503 Service Unavailable"), answering("200 OK")]

    def talk(peer: socket.socket, request: bytes) -> None:
        answers.pop(0)(peer, request)

    with raw_server(talk) as receiver:
        party, maria = told(service, receiver), registered(service)
        party.tokens(maria)
        sign_out(maria)
        for _ in range(3):
            service.clock.move(60)
            service.post()
    assert answers == []
    tokens = [parse_qs(r.partition(b"\r\n\r\n")[2].decode())["logout_token"][0] for r in receiver.requests]
    first, second = (party.read(token) for token in tokens)
    assert first["jti"] != second["jti"]
    assert first["iat"] < second["iat"]


def test_a_logout_token_is_worth_nothing_here(service: InProcess, receiver: RawServer) -> None:
    party, maria = told(service, receiver), registered(service)
    party.tokens(maria)
    sign_out(maria)
    service.post()
    token = parse_qs(receiver.form.decode())["logout_token"][0]
    assert party.userinfo(token).status_code == 401
    assert party.refresh(token).get_json()["error"] == "invalid_grant"
    maria.get("/logout", id_token_hint=token)
    assert (maria.last.status_code, maria.page) == (400, "error")
    party.ask(maria, prompt="none", id_token_hint=token)
    assert answer_of(maria)["error"] == "invalid_request"
