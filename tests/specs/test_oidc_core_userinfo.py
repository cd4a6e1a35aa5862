"""The userinfo endpoint and standard claims (OpenID Connect Core §5.1, §5.3, §5.4)."""

import pytest

from idp.values import Contact, EmailAddress, MobileNumber, ProfileKind
from tests.specs.house import House

EMAIL, MOBILE = EmailAddress("ada.rossi@example.it"), MobileNumber("+393331234501")


def claims(
    house: House, scope: str, *contacts: Contact, profile: ProfileKind = ProfileKind.PERSON
) -> dict[str, object]:
    holder = house.holder(*contacts, profile=profile)
    reply = house.userinfo(house.tokens(house.add(), holder, scope)["access_token"])
    assert reply.status == 200
    assert reply.header("Content-Type") == "application/json"
    told = reply.json
    assert told.pop("sub") == holder.sub
    return told


def test_openid_alone_tells_the_sub_alone(house: House) -> None:
    assert claims(house, "openid") == {}


def test_profile_tells_names(either_house: House) -> None:
    assert claims(either_house, "openid profile") == {
        "name": "Ada Rossi",
        "given_name": "Ada",
        "family_name": "Rossi",
        "locale": "it",
        "updated_at": either_house.clock.now(),
    }


def test_a_company_is_called_by_its_name(house: House) -> None:
    told = claims(house, "openid profile", profile=ProfileKind.COMPANY)
    assert told["name"] == "Rossi S.r.l."
    assert not {"given_name", "family_name"} & told.keys()


def test_email_and_phone_are_told_by_scope_and_verified(either_house: House) -> None:
    house = either_house
    email = {"email": EMAIL.text, "email_verified": True}
    phone = {"phone_number": MOBILE.text, "phone_number_verified": True}
    assert claims(house, "openid email", EMAIL, MOBILE) == email
    assert claims(house, "openid phone", EMAIL, MOBILE) == phone
    assert claims(house, "openid email phone", MOBILE, EMAIL) == email | phone


def test_what_was_never_proven_is_never_told(house: House) -> None:
    # The only contact proven is the mobile number: there is no email to tell, verified or not.
    assert claims(house, "openid email phone", MOBILE) == {
        "phone_number": MOBILE.text,
        "phone_number_verified": True,
    }


def test_the_username_is_told_before_other_contacts_of_its_kind(house: House) -> None:
    other = EmailAddress("zoe@example.it")
    assert claims(house, "openid email", EMAIL, other)["email"] == EMAIL.text
    assert claims(house, "openid email", other, EMAIL)["email"] == other.text


def test_the_sub_is_the_id_tokens(house: House) -> None:
    tokens = house.tokens(house.add(), house.holder())
    assert house.userinfo(tokens["access_token"]).json["sub"] == house.read(tokens["id_token"]).claims["sub"]


def test_a_token_for_an_api_opens_it_too_if_it_has_openid(house: House) -> None:
    tokens = house.tokens(house.add(), house.holder(), "openid email policies")
    assert "email" in house.userinfo(tokens["access_token"]).json


def test_the_scope_of_the_token_decides_not_that_of_the_grant(house: House) -> None:
    portal = house.add()
    tokens = house.tokens(portal, house.holder(), "openid email phone")
    narrow = house.refresh(portal, tokens["refresh_token"], scope="openid phone").json
    assert "email" not in house.userinfo(narrow["access_token"]).json


@pytest.mark.parametrize("scope", ["openid", "openid offline_access"])
def test_a_locked_account_tells_nothing(house: House, scope: str) -> None:
    holder = house.holder()
    token = house.tokens(house.add(), holder, scope)["access_token"]
    house.set_state(holder, "locked")
    reply = house.userinfo(token)
    assert (reply.status, reply.error) == (401, "invalid_token")


def test_signing_out_closes_it_at_once(house: House) -> None:
    holder = house.holder()
    token = house.tokens(house.add(), holder)["access_token"]
    house.sign_out(holder)
    assert house.userinfo(token).status == 401


def test_a_row_that_was_tampered_with_fails_alone_and_silently(house: House) -> None:
    portal, holder, other = house.add(), house.holder(), house.holder(EmailAddress("bea@example.it"))
    tokens = [house.tokens(portal, each, "openid profile")["access_token"] for each in (holder, other)]
    with house.idp.writing() as tx:
        tx.exec_driver_sql(
            "UPDATE accounts SET sealed_profile = "
            "(SELECT sealed_profile FROM accounts WHERE sub = ?) WHERE sub = ?",
            (other.sub, holder.sub),
        )
    reply = house.userinfo(tokens[0])
    assert reply.status == 500
    assert reply.json == {"error": "server_error", "error_description": "something did not work"}
    assert house.userinfo(tokens[1]).status == 200
