"""ID tokens (OpenID Connect Core §2, §3.1.3.6, §12.2)."""

import base64
import hashlib

import pytest

from tests.specs.house import ISSUER, House


def test_the_claims_2(house: House) -> None:
    portal, holder = house.add(), house.holder()
    tokens = house.tokens(portal, holder)
    now = house.clock.now()
    half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert house.read(tokens["id_token"]).claims == {
        "iss": ISSUER,
        "sub": holder.sub,
        "aud": portal.client.client_id,
        "iat": now,
        "exp": now + 300,
        "auth_time": now,
        "acr": "urn:idp:acr:1",
        "amr": ["pwd"],
        "sid": holder.session.id,
        "nonce": "n-0S6_WzA2Mj",
        "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
    }


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_the_client_chose_the_algorithm(house: House, alg: str) -> None:
    portal = house.add(id_token_signed_response_alg=alg)
    header = house.read(house.tokens(portal, house.holder())["id_token"]).header
    assert header["alg"] == alg
    assert header["typ"] == "JWT"
    published = {key["kid"]: key["alg"] for key in house.caller.get("/jwks").json["keys"]}
    assert published[header["kid"]] == alg


@pytest.mark.parametrize("nonce", [None, "n" * 384, "é ' \" < > &", "{}"])
def test_the_nonce_comes_back_as_it_was(house: House, nonce: str | None) -> None:
    portal = house.add()
    code = house.code(portal.client, house.holder(), nonce=nonce)
    claims = house.read(house.exchange(portal, code).json["id_token"]).claims
    assert claims.get("nonce") == nonce
    assert ("nonce" in claims) is (nonce is not None)


def test_a_refreshed_one_names_the_same_person_and_moment_12_2(house: House) -> None:
    portal, holder = house.add(), house.holder()
    tokens = house.tokens(portal, holder)
    before = house.read(tokens["id_token"]).claims
    house.clock.move(120)
    after = house.read(house.refresh(portal, tokens["refresh_token"]).json["id_token"]).claims
    same = ("iss", "sub", "aud", "auth_time", "sid", "acr", "amr")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert after["iat"] == before["iat"] + 120
    assert "nonce" not in after


def test_a_refresh_narrowed_below_openid_gives_none(house: House) -> None:
    portal = house.add()
    tokens = house.tokens(portal, house.holder(), "openid policies")
    assert "id_token" not in house.refresh(portal, tokens["refresh_token"], scope="policies").json


def test_no_personal_data_stands_in_it(house: House) -> None:
    portal, holder = house.add(), house.holder()
    tokens = house.tokens(portal, holder, "openid profile email phone")
    told = house.read(tokens["id_token"]).claims.keys() | house.read(tokens["access_token"]).claims.keys()
    assert not {"name", "given_name", "family_name", "email", "phone_number", "birthdate"} & told
