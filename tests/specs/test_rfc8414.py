"""Authorization server metadata (RFC 8414) and who may read it from a script (Fetch standard)."""

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from idp.flows import clients
from tests.specs.house import CALLBACK, House

PATH = "/.well-known/oauth-authorization-server"
ORIGIN = "https://portal.insurer.example"
READABLE = (PATH, "/.well-known/openid-configuration", "/jwks", "/userinfo")


def test_it_is_the_same_document_as_openid_connects_3(house: House) -> None:
    reply = house.caller.get(PATH)
    assert reply.status == 200
    assert reply.body == house.caller.get("/.well-known/openid-configuration").body


def test_an_independent_reader_finds_it_valid_2(house: House) -> None:
    document = {
        name: value.replace("http://", "https://") if isinstance(value, str) else value
        for name, value in house.caller.get(PATH).json.items()
    }
    AuthorizationServerMetadata(document).validate()


@pytest.mark.parametrize(
    "path", [PATH + "/", PATH + "/tenant", PATH + ".css", "/jwks/", "/jwks.json", "/token/"]
)
def test_no_other_address_is_one_of_ours(house: House, path: str) -> None:
    assert house.caller.get(path).body == b"a page for people"


@pytest.mark.parametrize("path", READABLE)
def test_a_clients_own_origin_may_read_it(house: House, path: str) -> None:
    house.add()
    reply = house.caller.get(path, headers={"Origin": ORIGIN})
    assert reply.header("Access-Control-Allow-Origin") == ORIGIN
    assert reply.header("Access-Control-Allow-Credentials") is None
    assert reply.header("Vary") == "Origin"


@pytest.mark.parametrize("path", [*READABLE, "/introspect", "/health/live"])
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", ORIGIN + ".evil.example", ORIGIN.upper(), "*"]
)
def test_no_other_origin_may(house: House, path: str, origin: str) -> None:
    house.add()
    reply = house.caller.get(path, headers={"Origin": origin})
    assert not [name for name, _ in reply.headers if name.startswith("Access-Control-")]


@pytest.mark.parametrize("path", READABLE)
def test_the_answer_varies_by_origin_even_without_one(house: House, path: str) -> None:
    assert house.caller.get(path).header("Vary") == "Origin"


@pytest.mark.parametrize("path", ["/token", "/revoke", "/userinfo", "/jwks"])
def test_a_preflight_is_answered(house: House, path: str) -> None:
    house.add("spa")
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    reply = house.caller.call("OPTIONS", path, headers=asked)
    assert reply.status == 204
    assert reply.body == b""
    assert reply.header("Access-Control-Allow-Origin") == ORIGIN
    assert "Authorization" in (reply.header("Access-Control-Allow-Headers") or "")
    foreign = house.caller.call("OPTIONS", path, headers={**asked, "Origin": "https://evil.example"})
    assert foreign.header("Access-Control-Allow-Origin") is None


def test_a_token_is_read_from_its_own_clients_origin_only(house: House) -> None:
    app = house.add("spa")
    house.add("spa", redirect_uris=["https://other.insurer.example/callback"])
    for origin, allowed in ((ORIGIN, ORIGIN), ("https://other.insurer.example", None)):
        reply = house.caller.post(
            "/token",
            {
                "grant_type": "authorization_code",
                "code": house.code(app.client, house.holder()),
                "redirect_uri": CALLBACK,
                "client_id": app.client.client_id,
                "code_verifier": "a-verifier-of-forty-three-characters-or-more",
            },
            headers={"Origin": origin},
        )
        assert reply.status == 200
        assert reply.header("Access-Control-Allow-Origin") == allowed


def test_an_error_can_be_read_too(house: House) -> None:
    app = house.add("spa")
    form = {"grant_type": "refresh_token", "refresh_token": "rt_x", "client_id": app.client.client_id}
    reply = house.caller.post("/token", form, headers={"Origin": ORIGIN})
    assert (reply.status, reply.header("Access-Control-Allow-Origin")) == (400, ORIGIN)


def test_origins_follow_the_clients_within_a_second(house: House) -> None:
    app = house.add("spa")
    asked = {"Origin": ORIGIN}
    assert house.caller.get("/jwks", headers=asked).header("Access-Control-Allow-Origin") == ORIGIN
    clients.disable(house.idp, app.client.client_id, now=house.clock.now())
    house.clock.move(1)
    assert house.caller.get("/jwks", headers=asked).header("Access-Control-Allow-Origin") is None
