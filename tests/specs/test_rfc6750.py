"""Bearer tokens at the userinfo endpoint (RFC 6750)."""

import pytest

from tests.specs.house import FORM, House


@pytest.fixture
def access_token(house: House) -> str:
    return str(house.tokens(house.add(), house.holder())["access_token"])


def test_the_header_carries_the_token_2_1(house: House, access_token: str) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        reply = house.caller.get("/userinfo", headers={"Authorization": f"{scheme} {access_token}"})
        assert reply.status == 200


def test_a_form_carries_the_token_2_2(house: House, access_token: str) -> None:
    assert house.caller.post("/userinfo", {"access_token": access_token}).status == 200


def test_a_post_may_use_the_header_too_2_1(house: House, access_token: str) -> None:
    reply = house.caller.call("POST", "/userinfo", headers={"Authorization": f"Bearer {access_token}"})
    assert reply.status == 200


def test_a_body_of_another_type_carries_nothing_2_2(house: House, access_token: str) -> None:
    body = f"access_token={access_token}".encode()
    reply = house.caller.call("POST", "/userinfo", body=body, content_type="text/plain")
    assert reply.status == 401


def test_the_address_never_carries_the_token_2_3(house: House, access_token: str) -> None:
    for method in ("GET", "POST"):
        reply = house.caller.call(method, "/userinfo", query=f"access_token={access_token}")
        assert (reply.status, reply.error) == (400, "invalid_request")


def test_two_tokens_are_refused_2(house: House, access_token: str) -> None:
    reply = house.caller.post(
        "/userinfo", {"access_token": access_token}, headers={"Authorization": f"Bearer {access_token}"}
    )
    assert (reply.status, reply.error) == (400, "invalid_request")


def test_a_repeated_token_is_refused(house: House, access_token: str) -> None:
    reply = house.caller.post("/userinfo", [("access_token", access_token), ("access_token", access_token)])
    assert (reply.status, reply.error) == (400, "invalid_request")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearerx abc"}])
def test_without_a_token_only_the_scheme_is_told_3_1(house: House, headers: dict[str, str]) -> None:
    reply = house.caller.get("/userinfo", headers=headers)
    assert reply.status == 401
    told = 'Bearer realm="http://localhost:8000", DPoP algs="ES256 PS256"'
    assert reply.header("WWW-Authenticate") == told
    assert reply.body == b""


@pytest.mark.parametrize(
    "value",
    ["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer\ta", "Bearer è", 'Bearer "a"', "Bearer =a"],
)
def test_a_malformed_header_is_refused_2_1(house: House, value: str) -> None:
    reply = house.caller.get("/userinfo", headers={"Authorization": value})
    assert reply.status in (400, 401)
    assert (reply.header("WWW-Authenticate") or "").startswith("Bearer realm=")


def test_a_bad_token_is_told_apart_from_a_missing_one_3_1(house: House, access_token: str) -> None:
    for bad in ("nonsense", access_token[:-1], access_token + "A", access_token + ".", access_token.upper()):
        reply = house.userinfo(bad)
        assert (reply.status, reply.error) == (401, "invalid_token")
        assert 'error="invalid_token"' in (reply.header("WWW-Authenticate") or "")


def test_too_little_scope_is_told_with_the_scope_that_is_needed_3_1(house: House) -> None:
    portal = house.add()
    token = house.tokens(portal, house.holder(), "policies")["access_token"]
    reply = house.userinfo(token)
    assert (reply.status, reply.error) == (403, "insufficient_scope")
    assert 'scope="openid"' in (reply.header("WWW-Authenticate") or "")


def test_an_expired_token_is_dead_to_the_second(house: House, access_token: str) -> None:
    house.clock.move(299)
    assert house.userinfo(access_token).status == 200
    house.clock.move(1)
    assert house.userinfo(access_token).status == 401


def test_answers_are_kept_by_nobody_5_3(house: House, access_token: str) -> None:
    assert house.userinfo(access_token).header("Cache-Control") == "no-store"
    assert house.userinfo("nonsense").header("Cache-Control") == "no-store"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD"])
def test_only_get_and_post_are_taken(house: House, method: str) -> None:
    reply = house.caller.call(method, "/userinfo", content_type=FORM)
    assert (reply.status, reply.header("Allow")) == (405, "GET, POST, OPTIONS")
