"""What each request of a machine costs the database: statements and commits, exactly (performance §7.4)."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.specs.house import House, Reply


def cost(house: House, act: Callable[[], Reply]) -> tuple[int, int]:
    """Statements and commits of a request that succeeds, caches being warm."""
    with house.counting() as counted:
        reply = act()
    assert reply.status == 200, reply.body
    return len(counted.statements), counted.commits


def test_client_credentials_cost_nothing(either_house: House) -> None:
    house = either_house
    service = house.add("service")

    def ask() -> Reply:
        return house.as_client(service, "/token", {"grant_type": "client_credentials"})

    ask()
    assert cost(house, ask) == (0, 0)


@pytest.mark.parametrize(("scope", "statements"), [("openid", 1), ("openid profile email phone", 1)])
def test_userinfo_costs_one_read(either_house: House, scope: str, statements: int) -> None:
    house = either_house
    token = house.tokens(house.add(), house.holder(), scope)["access_token"]
    house.userinfo(token)
    assert cost(house, lambda: house.userinfo(token)) == (statements, 0)


def test_introspection_costs_one_read(either_house: House) -> None:
    house = either_house
    portal, api, service = house.add(), house.add("api"), house.add("service")
    token = house.tokens(portal, house.holder(), "openid policies")["access_token"]
    own = house.as_client(service, "/token", {"grant_type": "client_credentials"}).json["access_token"]
    for each in (token, own):
        house.introspect(api, each)
        assert cost(house, partial(house.introspect, api, each)) == (1, 0)


def test_an_exchange_costs_one_commit(either_house: House) -> None:
    house = either_house
    portal, holder = house.add(), house.holder()
    house.tokens(portal, holder)
    code = house.code(portal.client, holder)
    # The code is taken, account and session looked at, the refresh token kept, the event noted.
    assert cost(house, lambda: house.exchange(portal, code)) == (4, 1)


def test_a_refresh_costs_one_commit(either_house: House) -> None:
    house = either_house
    portal, holder = house.add(), house.holder()
    tokens = house.refresh(portal, house.tokens(portal, holder)["refresh_token"]).json
    assert cost(house, lambda: house.refresh(portal, tokens["refresh_token"])) == (4, 1)


def test_a_refresh_notes_every_five_minutes_that_the_session_is_in_use(house: House) -> None:
    portal, holder = house.add(), house.holder()
    tokens = house.tokens(portal, holder)
    house.clock.move(300)
    house.as_client(portal, "/revoke", {"token": "nothing"})
    house.caller.get("/jwks")
    assert cost(house, lambda: house.refresh(portal, tokens["refresh_token"])) == (5, 1)


def test_discovery_and_keys_cost_nothing(house: House) -> None:
    for path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks"):
        house.caller.get(path)
        assert cost(house, partial(house.caller.get, path)) == (0, 0)


def test_following_the_clients_and_keys_costs_one_small_read_a_second(house: House) -> None:
    service = house.add("service")

    def ask() -> Reply:
        return house.as_client(service, "/token", {"grant_type": "client_credentials"})

    ask()
    house.clock.move(1)
    with house.counting() as counted:
        for _ in range(20):
            ask()
    assert len(counted.statements) == 2
    assert all("versions" in statement for statement in counted.statements)


def test_a_wrong_secret_writes_nothing(house: House) -> None:
    service = house.add("service")
    with house.counting() as counted:
        reply = house.caller.post(
            "/token",
            {
                "grant_type": "client_credentials",
                "client_id": service.client.client_id,
                "client_secret": "wrong",
            },
        )
    assert reply.status == 401
    assert counted.commits == 0
