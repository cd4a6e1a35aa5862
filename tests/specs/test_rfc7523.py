"""Client authentication by private_key_jwt (RFC 7523 §3, OpenID Connect Core §9)."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from idp.flows.clients import Registered
from tests.specs.house import ISSUER, House, assertion, encoded, hs256

TOKEN_ENDPOINT = f"{ISSUER}/token"


@pytest.fixture(scope="session")
def ec_key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "ec-1"})


@pytest.fixture(scope="session")
def rsa_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "rsa-1"})


def service_with(house: House, *keys: ECKey | RSAKey) -> Registered:
    jwks = {"keys": [key.as_dict(private=False) for key in keys]}
    return house.add("service", token_endpoint_auth_method="private_key_jwt", jwks=jwks)


def answer(house: House, parameters: dict[str, Any]) -> tuple[int, str]:
    reply = house.caller.post("/token", {"grant_type": "client_credentials", **parameters})
    return reply.status, reply.json.get("error", "")


REFUSED = (401, "invalid_client")
Claims = Callable[[House], dict[str, Any]]


@pytest.mark.parametrize("audience", [ISSUER, TOKEN_ENDPOINT])
def test_the_audience_is_the_issuer_or_the_token_endpoint(house: House, ec_key: ECKey, audience: str) -> None:
    service = service_with(house, ec_key)
    made = assertion(service.client.client_id, ec_key, now=house.clock.now(), aud=audience)
    assert answer(house, made)[0] == 200


def test_rsa_keys_work_too(house: House, ec_key: ECKey, rsa_key: RSAKey) -> None:
    service = service_with(house, ec_key, rsa_key)
    made = assertion(service.client.client_id, rsa_key, now=house.clock.now())
    assert answer(house, made)[0] == 200
    made = assertion(
        service.client.client_id, rsa_key, now=house.clock.now(), jti="2", header={"alg": "PS256"}
    )
    assert answer(house, made)[0] == 200


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "client-authentication+jwt"])
def test_the_type_may_be_left_out_or_right(house: House, ec_key: ECKey, typ: str | None) -> None:
    service = service_with(house, ec_key)
    made = assertion(service.client.client_id, ec_key, now=house.clock.now(), header={"typ": typ})
    assert answer(house, made)[0] == 200


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt"])
def test_a_token_of_another_type_is_no_assertion(house: House, ec_key: ECKey, typ: str) -> None:
    service = service_with(house, ec_key)
    made = assertion(service.client.client_id, ec_key, now=house.clock.now(), header={"typ": typ})
    assert answer(house, made) == REFUSED


@pytest.mark.parametrize(
    "changed",
    [
        lambda h: {"aud": [ISSUER]},
        lambda h: {"aud": [ISSUER, TOKEN_ENDPOINT]},
        lambda h: {"aud": f"{ISSUER}/par"},
        lambda h: {"aud": f"{ISSUER}/introspect"},
        lambda h: {"aud": f"{ISSUER}/"},
        lambda h: {"aud": "https://other.example"},
        lambda h: {"aud": None},
        lambda h: {"iss": "somebody-else"},
        lambda h: {"iss": None},
        lambda h: {"sub": "somebody-else"},
        lambda h: {"sub": None},
        lambda h: {"jti": None},
        lambda h: {"jti": ""},
        lambda h: {"jti": "x" * 257},
        lambda h: {"jti": 7},
        lambda h: {"exp": None},
        lambda h: {"exp": h.clock.now() - 60},
        lambda h: {"exp": h.clock.now() - 300},
        lambda h: {"exp": h.clock.now() + 361},
        lambda h: {"exp": h.clock.now() + 86400},
        lambda h: {"exp": str(h.clock.now() + 60)},
        lambda h: {"exp": h.clock.now() + 60.5},
        lambda h: {"exp": 10**30},
        lambda h: {"exp": True},
        lambda h: {"nbf": h.clock.now() + 61},
        lambda h: {"nbf": "soon"},
        lambda h: {"iat": h.clock.now() + 61},
    ],
)
def test_a_claim_that_is_wrong_or_missing_is_refused_3(house: House, ec_key: ECKey, changed: Claims) -> None:
    service = service_with(house, ec_key)
    made = assertion(service.client.client_id, ec_key, now=house.clock.now(), **changed(house))
    assert answer(house, made) == REFUSED


@pytest.mark.parametrize(
    "changed",
    [
        lambda h: {"nbf": h.clock.now() + 8},
        lambda h: {"exp": h.clock.now() - 59},
        lambda h: {"iat": None},
        lambda h: {"exp": h.clock.now() + 300},
    ],
)
def test_clocks_may_differ_by_a_minute(house: House, ec_key: ECKey, changed: Claims) -> None:
    service = service_with(house, ec_key)
    made = assertion(service.client.client_id, ec_key, now=house.clock.now(), **changed(house))
    assert answer(house, made)[0] == 200


def test_an_assertion_is_good_once_3_7(either_house: House, ec_key: ECKey) -> None:
    house = either_house
    service = service_with(house, ec_key)
    made = assertion(service.client.client_id, ec_key, now=house.clock.now(), exp=house.clock.now() + 300)
    assert answer(house, made)[0] == 200
    assert answer(house, made) == REFUSED
    # Nor is it good again in the last second of its life, leeway included.
    house.clock.move(359)
    assert answer(house, made) == REFUSED


def test_of_fifty_parallel_uses_one_wins(either_house: House, ec_key: ECKey) -> None:
    house = either_house
    service = service_with(house, ec_key)
    made = assertion(service.client.client_id, ec_key, now=house.clock.now())
    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(lambda _: answer(house, made)[0], range(50)))
    assert sorted(set(statuses)) == [200, 401]
    assert statuses.count(200) == 1


def test_two_clients_may_use_one_jti(house: House, ec_key: ECKey) -> None:
    for _ in range(2):
        service = service_with(house, ec_key)
        assert answer(house, assertion(service.client.client_id, ec_key, now=house.clock.now()))[0] == 200


def test_a_refused_assertion_spends_no_jti(house: House, ec_key: ECKey) -> None:
    service = service_with(house, ec_key)
    stranger = ECKey.generate_key("P-256", {"kid": "ec-1"})
    forged = assertion(service.client.client_id, stranger, now=house.clock.now())
    assert answer(house, forged) == REFUSED
    assert answer(house, assertion(service.client.client_id, ec_key, now=house.clock.now()))[0] == 200


def test_another_clients_key_is_refused(house: House, ec_key: ECKey) -> None:
    victim, attacker_key = service_with(house, ec_key), ECKey.generate_key("P-256", {"kid": "ec-9"})
    service_with(house, attacker_key)
    made = assertion(victim.client.client_id, attacker_key, now=house.clock.now())
    assert answer(house, made) == REFUSED


def test_an_unknown_kid_is_refused_and_a_missing_one_finds_the_only_key(house: House, ec_key: ECKey) -> None:
    service = service_with(house, ec_key)
    now = house.clock.now()
    unknown = assertion(service.client.client_id, ec_key, now=now, header={"kid": "ec-2"})
    assert answer(house, unknown) == REFUSED
    assert answer(house, assertion(service.client.client_id, ec_key, now=now, header={"kid": None}))[0] == 200


def test_a_missing_kid_is_refused_where_two_keys_fit(house: House, ec_key: ECKey) -> None:
    service = service_with(house, ec_key, ECKey.generate_key("P-256", {"kid": "ec-2"}))
    made = assertion(service.client.client_id, ec_key, now=house.clock.now(), header={"kid": None})
    assert answer(house, made) == REFUSED


def test_a_public_key_is_no_shared_secret(house: House, rsa_key: RSAKey) -> None:
    # Algorithm confusion: HS256 keyed with the client's public key, in each form a careless reader may use.
    service = service_with(house, rsa_key)
    made = assertion(service.client.client_id, rsa_key, now=house.clock.now())
    payload = made["client_assertion"].split(".")[1]
    jwk = json.dumps(rsa_key.as_dict(private=False)).encode()
    for secret in (rsa_key.as_pem(private=False), rsa_key.as_der(private=False), jwk, b""):
        forged = hs256({"alg": "HS256", "kid": rsa_key.kid}, payload, secret)
        assert answer(house, {**made, "client_assertion": forged}) == REFUSED
    assert answer(house, made)[0] == 200


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"jwk": True},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/cert"},
        {"crit": ["exp"]},
        {"b64": False},
        {"kid": ["ec-1"]},
    ],
)
def test_a_header_that_asks_for_another_reading_is_refused(
    house: House, ec_key: ECKey, header: dict[str, Any]
) -> None:
    service = service_with(house, ec_key)
    attacker = ECKey.generate_key("P-256")
    right = assertion(service.client.client_id, attacker, now=house.clock.now(), header={"kid": "ec-1"})
    payload, signature = right["client_assertion"].split(".")[1:]
    told = {"alg": "ES256", "kid": "ec-1", **header}
    if "jwk" in header:
        told["jwk"] = attacker.as_dict(private=False)
    forged = f"{encoded(json.dumps(told).encode())}.{payload}."
    for end in (signature, "", "AA"):
        assert answer(house, {**right, "client_assertion": forged + end}) == REFUSED


@pytest.mark.parametrize("also", [{"client_secret": "x"}, {"client_id": "somebody-else"}])
def test_an_assertion_stands_alone(house: House, ec_key: ECKey, also: dict[str, str]) -> None:
    service = service_with(house, ec_key)
    made = assertion(service.client.client_id, ec_key, now=house.clock.now())
    assert answer(house, {**made, **also}) == REFUSED
    assert answer(house, {**made, "client_id": service.client.client_id})[0] == 200


def test_an_assertion_and_basic_together_are_refused(house: House, ec_key: ECKey) -> None:
    from tests.specs.house import basic

    service = service_with(house, ec_key)
    made = assertion(service.client.client_id, ec_key, now=house.clock.now())
    header = {"Authorization": basic(service.client.client_id, "x")}
    reply = house.caller.post("/token", {"grant_type": "client_credentials", **made}, headers=header)
    assert (reply.status, reply.error) == REFUSED


@pytest.mark.parametrize(
    "broken",
    [
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        {"client_assertion_type": None},
        {"client_assertion": None},
        {"client_assertion": "nonsense"},
        {"client_assertion": "a.b.c"},
        {"client_assertion": "e30.e30.e30"},
    ],
)
def test_a_broken_pair_is_refused(house: House, ec_key: ECKey, broken: dict[str, str | None]) -> None:
    service = service_with(house, ec_key)
    made = assertion(service.client.client_id, ec_key, now=house.clock.now())
    assert answer(house, {**made, **broken}) == REFUSED


def test_the_registered_method_is_the_only_one(house: House, ec_key: ECKey) -> None:
    by_secret = house.add("service", jwks={"keys": [ec_key.as_dict(private=False)]})
    made = assertion(by_secret.client.client_id, ec_key, now=house.clock.now())
    assert answer(house, made) == REFUSED


def test_it_opens_introspection_and_revocation_as_well(house: House, ec_key: ECKey) -> None:
    jwks = {"keys": [ec_key.as_dict(private=False)]}
    api = house.add("api", token_endpoint_auth_method="private_key_jwt", jwks=jwks)
    for number, path in enumerate(("/introspect", "/revoke")):
        made = assertion(api.client.client_id, ec_key, now=house.clock.now(), jti=str(number))
        assert house.caller.post(path, {"token": "x", **made}).status == 200
        assert house.caller.post(path, {"token": "x", **made}).status == 401
