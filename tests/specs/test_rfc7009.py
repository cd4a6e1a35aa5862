"""Token revocation (RFC 7009)."""

import pytest
from sqlalchemy import event

from tests.specs.house import House, without_secret


def test_a_refresh_token_ends_with_all_its_family_2_1(either_house: House) -> None:
    house = either_house
    portal, api = house.add(), house.add("api")
    tokens = house.tokens(portal, house.holder(), "openid policies")
    assert house.as_client(portal, "/revoke", {"token": tokens["refresh_token"]}).status == 200
    assert house.refresh(portal, tokens["refresh_token"]).error == "invalid_grant"
    assert house.userinfo(tokens["access_token"]).status == 401
    assert house.introspect(api, tokens["access_token"]).json == {"active": False}


def test_a_used_refresh_token_still_ends_its_family(house: House) -> None:
    portal = house.add()
    first = house.tokens(portal, house.holder())
    second = house.refresh(portal, first["refresh_token"]).json
    assert house.as_client(portal, "/revoke", {"token": first["refresh_token"]}).status == 200
    assert house.refresh(portal, second["refresh_token"]).error == "invalid_grant"


def test_an_access_token_ends_alone_2_1(either_house: House) -> None:
    house = either_house
    portal, api = house.add(), house.add("api")
    tokens = house.tokens(portal, house.holder(), "openid policies")
    assert house.as_client(portal, "/revoke", {"token": tokens["access_token"]}).status == 200
    assert house.userinfo(tokens["access_token"]).status == 401
    assert house.introspect(api, tokens["access_token"]).json == {"active": False}
    fresh = house.refresh(portal, tokens["refresh_token"]).json
    assert house.userinfo(fresh["access_token"]).status == 200


def test_a_services_own_token_ends(house: House) -> None:
    service, api = house.add("service"), house.add("api")
    token = house.as_client(service, "/token", {"grant_type": "client_credentials"}).json["access_token"]
    assert house.introspect(api, token).json["active"] is True
    assert house.as_client(service, "/revoke", {"token": token}).status == 200
    assert house.introspect(api, token).json == {"active": False}


def test_revoking_twice_is_fine_2_2(house: House) -> None:
    portal = house.add()
    tokens = house.tokens(portal, house.holder())
    for token in (tokens["access_token"], tokens["refresh_token"]) * 2:
        assert house.as_client(portal, "/revoke", {"token": token}).status == 200


@pytest.mark.parametrize("token", ["nonsense", "rt_nonsense", "a.b.c", "rt_", "é", "x" * 4096])
def test_an_unknown_token_is_no_error_2_2(house: House, token: str) -> None:
    assert house.as_client(house.add(), "/revoke", {"token": token}).status == 200


def test_another_clients_token_lives_on_2_1(house: House) -> None:
    portal, other = house.add(), house.add()
    tokens = house.tokens(portal, house.holder())
    for name in ("access_token", "refresh_token"):
        assert house.as_client(other, "/revoke", {"token": tokens[name]}).status == 200
    assert house.userinfo(tokens["access_token"]).status == 200
    assert house.refresh(portal, tokens["refresh_token"]).status == 200


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "unheard_of"])
def test_the_hint_is_only_a_hint_2_1(house: House, hint: str) -> None:
    portal = house.add()
    tokens = house.tokens(portal, house.holder())
    form = {"token": tokens["refresh_token"], "token_type_hint": hint}
    assert house.as_client(portal, "/revoke", form).status == 200
    assert house.refresh(portal, tokens["refresh_token"]).error == "invalid_grant"


def test_a_public_client_revokes_its_own(house: House) -> None:
    app = house.add("spa")
    tokens = house.tokens(app, house.holder())
    assert house.as_client(app, "/revoke", {"token": tokens["refresh_token"]}).status == 200
    assert house.refresh(app, tokens["refresh_token"]).error == "invalid_grant"


def test_a_confidential_client_must_authenticate_2_1(house: House) -> None:
    portal = house.add()
    tokens = house.tokens(portal, house.holder())
    reply = house.as_client(without_secret(portal), "/revoke", {"token": tokens["refresh_token"]})
    assert (reply.status, reply.error) == (401, "invalid_client")
    assert house.refresh(portal, tokens["refresh_token"]).status == 200


def test_the_token_must_be_there_2_1(house: House) -> None:
    reply = house.as_client(house.add(), "/revoke", {})
    assert (reply.status, reply.error) == (400, "invalid_request")


def test_a_revocation_that_failed_is_never_a_200_2_2_1(house: House) -> None:
    portal = house.add()
    tokens = house.tokens(portal, house.holder())
    house.userinfo(tokens["access_token"])
    engine = house.idp.database.engine

    def fail(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        from sqlalchemy.exc import OperationalError

        if statement.startswith(("UPDATE", "INSERT")):
            raise OperationalError(statement, {}, Exception("the disk is full"))

    event.listen(engine, "before_cursor_execute", fail)
    try:
        for name in ("refresh_token", "access_token"):
            reply = house.as_client(portal, "/revoke", {"token": tokens[name]})
            assert reply.status == 503
            assert reply.header("Retry-After") is not None
    finally:
        event.remove(engine, "before_cursor_execute", fail)
    assert house.refresh(portal, tokens["refresh_token"]).status == 200
