"""Token introspection (RFC 7662)."""

import pytest

from idp.store.database import DatabaseDown
from tests.specs.house import ISSUER, POLICIES, Holder, House, without_secret


def test_a_living_token_is_told_whole_2_2(either_house: House) -> None:
    house = either_house
    portal, api, holder = house.add(), house.add("api"), house.holder()
    token = house.tokens(portal, holder, "openid policies")["access_token"]
    told = house.introspect(api, token).json
    assert told == {
        "active": True,
        "token_type": "Bearer",
        "iss": ISSUER,
        "sub": holder.sub,
        "aud": POLICIES,
        "client_id": portal.client.client_id,
        "scope": "openid policies",
        "iat": house.clock.now(),
        "exp": house.clock.now() + 300,
        "jti": told["jti"],
        "auth_time": house.clock.now(),
        "acr": "urn:idp:acr:1",
        "amr": ["pwd"],
        "sid": holder.session.id,
        "customer_number": holder.customer_number,
    }


def test_a_services_token_is_told(house: House) -> None:
    service, api = house.add("service"), house.add("api")
    token = house.as_client(service, "/token", {"grant_type": "client_credentials"}).json["access_token"]
    told = house.introspect(api, token).json
    assert (told["active"], told["sub"]) == (True, service.client.client_id)


@pytest.mark.parametrize("scope", ["openid", "openid profile"])
def test_a_token_for_another_audience_is_inactive_2_2(house: House, scope: str) -> None:
    portal, api = house.add(), house.add("api")
    token = house.tokens(portal, house.holder(), scope)["access_token"]
    assert house.introspect(api, token).json == {"active": False}


def test_a_token_of_another_resource_is_inactive(house: House) -> None:
    service, api = house.add("service", scope="claims"), house.add("api")
    token = house.as_client(service, "/token", {"grant_type": "client_credentials"}).json["access_token"]
    assert house.introspect(api, token).json == {"active": False}


def test_only_a_protected_resource_is_told_anything_2_1(house: House) -> None:
    portal, service = house.add(), house.add("service")
    token = house.tokens(portal, house.holder(), "openid policies")["access_token"]
    for asker in (portal, service):
        assert house.introspect(asker, token).json == {"active": False}


def test_the_asker_must_authenticate_2_1(house: House) -> None:
    api, app = house.add("api"), house.add("spa")
    token = house.tokens(house.add(), house.holder(), "openid policies")["access_token"]
    for asker in (without_secret(api), app):
        reply = house.introspect(asker, token)
        assert (reply.status, reply.error) == (401, "invalid_client")


def test_the_token_must_be_there_2_1(house: House) -> None:
    assert house.as_client(house.add("api"), "/introspect", {}).error == "invalid_request"


@pytest.mark.parametrize("token", ["nonsense", "rt_nonsense", "a.b.c", "x" * 4096])
def test_nonsense_is_inactive_2_2(house: House, token: str) -> None:
    reply = house.introspect(house.add("api"), token)
    assert (reply.status, reply.json) == (200, {"active": False})


def test_refresh_and_id_tokens_are_inactive(house: House) -> None:
    portal, api = house.add(), house.add("api")
    tokens = house.tokens(portal, house.holder(), "openid policies")
    for name in ("refresh_token", "id_token"):
        assert house.introspect(api, tokens[name]).json == {"active": False}


def test_whatever_ends_a_token_makes_it_inactive(either_house: House) -> None:
    house = either_house
    portal, api = house.add(), house.add("api")

    def fresh() -> tuple[str, Holder]:
        holder = house.holder()
        return house.tokens(portal, holder, "openid policies")["access_token"], holder

    signed_out, first = fresh()
    locked, second = fresh()
    house.sign_out(first)
    house.set_state(second, "locked")
    for token in (signed_out, locked):
        assert house.introspect(api, token).json == {"active": False}
    expired, _ = fresh()
    assert house.introspect(api, expired).json["active"] is True
    house.clock.move(300)
    assert house.introspect(api, expired).json == {"active": False}


def test_a_token_with_offline_access_survives_signing_out(house: House) -> None:
    portal, api, holder = house.add(), house.add("api"), house.holder()
    token = house.tokens(portal, holder, "openid policies offline_access")["access_token"]
    house.sign_out(holder)
    assert house.introspect(api, token).json["active"] is True


def test_a_database_that_does_not_answer_is_a_503_and_no_verdict(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal, api = house.add(), house.add("api")
    token = house.tokens(portal, house.holder(), "openid policies")["access_token"]
    assert house.introspect(api, token).json["active"] is True

    def down() -> None:
        raise DatabaseDown

    monkeypatch.setattr(house.idp.database, "reading", down)
    reply = house.introspect(api, token)
    assert reply.status == 503
    assert "active" not in reply.json


def test_scripts_of_other_origins_are_not_let_in(house: House) -> None:
    api = house.add("api")
    house.add()
    reply = house.caller.post(
        "/introspect", {"token": "x"}, headers={"Origin": "https://portal.insurer.example"}
    )
    assert reply.header("Access-Control-Allow-Origin") is None
    assert house.caller.call("OPTIONS", "/introspect").status == 405
    assert house.introspect(api, "x").status == 200
