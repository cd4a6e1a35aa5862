"""Initiating user registration (OpenID Connect Prompt Create 1.0 §4; journey A1)."""

import pytest

from tests.service.in_process import PASSWORD, InProcess
from tests.service.relying_party import answer_of, portal, registered

DATA = {"given_name": "Maria", "family_name": "Rossi", "username": "maria.rossi@posta.example"}


def test_the_metadata_offer_it_4_2(service: InProcess) -> None:
    metadata = service.visitor().fetch("GET", "/.well-known/openid-configuration").get_json()
    assert "create" in metadata["prompt_values_supported"]


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_it_opens_the_registration_and_ends_where_it_came_from_4_1(service: InProcess, mode: str) -> None:
    party, visitor = portal(service), service.visitor()
    party.ask(visitor, prompt="create", response_mode=mode)
    assert visitor.page == "register-profile"
    visitor.press(profile="person")
    visitor.press(**DATA, accept_terms="yes")
    visitor.press(new_password=PASSWORD)
    visitor.press(code=service.code_for(DATA["username"]))
    assert visitor.page == "register-done"
    visitor.press()
    answer = answer_of(visitor)
    assert answer["state"] == "af0ifjsldkj"
    claims = party.read(party.redeem(answer["code"]).get_json()["id_token"])
    assert claims["amr"] == ["otp"]
    assert claims["acr"] == "urn:idp:acr:1"


def test_it_opens_the_registration_for_somebody_signed_in_too(service: InProcess) -> None:
    party, visitor = portal(service), registered(service)
    party.ask(visitor, prompt="create")
    assert visitor.page == "register-profile"


def test_whoever_has_an_account_signs_in_instead(service: InProcess) -> None:
    party, visitor = portal(service), service.visitor()
    registered(service)
    party.ask(visitor, prompt="create")
    interaction = visitor.at.partition("interaction=")[2]
    assert f'href="/login?interaction={interaction}"' in visitor.last.text
    visitor.get("/login", interaction=interaction)
    visitor.press(username=DATA["username"], password=PASSWORD)
    assert "code" in answer_of(visitor)


def test_with_none_it_is_refused_4_1(service: InProcess) -> None:
    party, visitor = portal(service), service.visitor()
    party.ask(visitor, prompt="create none")
    assert answer_of(visitor)["error"] == "invalid_request"


def test_who_declines_to_register_is_reported(service: InProcess) -> None:
    party, visitor = portal(service), service.visitor()
    party.ask(visitor, prompt="create")
    visitor.press(cancel="yes")
    assert answer_of(visitor)["error"] == "access_denied"


def test_registering_from_the_sign_in_page_comes_back_too(service: InProcess) -> None:
    party, visitor = portal(service), service.visitor()
    party.ask(visitor)
    interaction = visitor.at.partition("interaction=")[2]
    assert f'href="/register?interaction={interaction}"' in visitor.last.text
    visitor.get("/register", interaction=interaction)
    visitor.press(profile="person")
    visitor.press(**DATA, accept_terms="yes")
    visitor.press(new_password=PASSWORD)
    visitor.press(code=service.code_for(DATA["username"]))
    visitor.press()
    assert "code" in answer_of(visitor)
