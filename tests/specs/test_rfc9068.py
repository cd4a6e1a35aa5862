"""JWT access tokens (RFC 9068)."""

import pytest

from idp.values import Proof, ProofKind
from tests.specs.house import ISSUER, POLICIES, House


def test_the_type_and_algorithm_2_1(house: House) -> None:
    portal = house.add(id_token_signed_response_alg="RS256")
    token = house.tokens(portal, house.holder())["access_token"]
    header = house.read(token).header
    assert header["typ"] == "at+jwt"
    assert header["alg"] == "ES256"
    assert header.keys() == {"typ", "alg", "kid"}


def test_the_claims_2_2(house: House) -> None:
    portal, holder = house.add(), house.holder()
    claims = house.read(house.tokens(portal, holder, "openid policies")["access_token"]).claims
    now = house.clock.now()
    assert claims == {
        "iss": ISSUER,
        "sub": holder.sub,
        "aud": POLICIES,
        "client_id": portal.client.client_id,
        "scope": "openid policies",
        "iat": now,
        "exp": now + 300,
        "jti": claims["jti"],
        "auth_time": now,
        "acr": "urn:idp:acr:1",
        "amr": ["pwd"],
        "sid": holder.session.id,
        "customer_number": holder.customer_number,
    }


@pytest.mark.parametrize(
    ("scope", "audience"),
    [("openid", ISSUER), ("openid profile offline_access", ISSUER), ("payout", POLICIES)],
)
def test_the_audience_follows_from_the_scope_3(house: House, scope: str, audience: str) -> None:
    portal = house.add()
    claims = house.read(house.tokens(portal, house.holder(), scope)["access_token"]).claims
    assert claims["aud"] == audience
    assert ("customer_number" in claims) is (audience == POLICIES)


def test_the_authentication_is_told_as_it_happened_2_2_1(house: House) -> None:
    earlier, later = house.clock.now_ms() - 60_000, house.clock.now_ms() - 5_000
    proofs = (Proof(ProofKind.PASSWORD, earlier), Proof(ProofKind.SMS_CODE, later))
    portal, holder = house.add(), house.holder(proofs=proofs)
    claims = house.read(house.tokens(portal, holder)["access_token"]).claims
    assert claims["acr"] == "urn:idp:acr:2"
    assert claims["amr"] == ["pwd", "otp", "sms", "mfa"]
    assert claims["auth_time"] == house.clock.now() - 5


def test_a_refresh_does_not_make_the_authentication_newer(house: House) -> None:
    portal, holder = house.add(), house.holder()
    signed_in = house.clock.now()
    tokens = house.tokens(portal, holder)
    house.clock.move(600)
    claims = house.read(house.refresh(portal, tokens["refresh_token"]).json["access_token"]).claims
    assert claims["auth_time"] == signed_in
    assert claims["iat"] == signed_in + 600


def test_every_token_has_its_own_jti_and_a_person_s_begins_with_the_family(house: House) -> None:
    portal, holder = house.add(), house.holder()
    tokens = house.tokens(portal, holder)
    fresh = house.refresh(portal, tokens["refresh_token"]).json
    one, other = (house.read(each["access_token"]).claims["jti"] for each in (tokens, fresh))
    assert one != other
    assert one.partition(".")[0] == other.partition(".")[0]
    service = house.add("service")
    own = house.as_client(service, "/token", {"grant_type": "client_credentials"}).json["access_token"]
    assert "." not in house.read(own).claims["jti"]


def test_a_clients_id_cannot_look_like_a_customers_5(house: House) -> None:
    # A client's own tokens carry its id as `sub`; were the shapes alike, an API could take one for the other.
    from idp.oidc.registration import InvalidMetadata

    with pytest.raises(InvalidMetadata, match="client_id"):
        house.add("service", client_id=house.holder().sub)
