"""Journey D's end over HTTP: "Esci" ends this browser's session and its tokens, and nobody else's."""

import pytest

from tests.service.in_process import LANDING, PASSWORD, InProcess
from tests.service.relying_party import RelyingParty, answer_of, portal, registered
from tests.service.visitor import Visitor

EMAIL = "maria.rossi@posta.example"


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with nobody registered."""
    return clean_service


def signed_in(party: RelyingParty, visitor: Visitor) -> bool:
    party.ask(visitor, prompt="none")
    return "code" in answer_of(visitor)


def test_d_esci_ends_the_session_for_every_client(service: InProcess) -> None:
    one, two = portal(service), RelyingParty(service, service.client("spa", "app"))
    maria = registered(service)
    tokens = [party.tokens(maria) for party in (one, two)]
    maria.get("/logout", id_token_hint=tokens[0]["id_token"], post_logout_redirect_uri=LANDING)
    assert maria.location == LANDING
    for party, held in zip((one, two), tokens, strict=True):
        assert not signed_in(party, maria)
        assert party.userinfo(held["access_token"]).status_code == 401
        assert party.refresh(held["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_d_esci_leaves_other_browsers_alone(service: InProcess) -> None:
    party, maria = portal(service), registered(service)
    phone = service.visitor()
    party.ask(phone)
    phone.press(username=EMAIL, password=PASSWORD)
    kept = party.tokens(phone)
    maria.get("/logout")
    maria.press(confirm="yes")
    assert signed_in(party, phone)
    assert party.refresh(kept["refresh_token"]).status_code == 200


def test_d_signing_out_twice_is_no_fault(service: InProcess) -> None:
    maria = registered(service)
    maria.get("/logout")
    form, at = {"csrf": maria.csrf, "confirm": "yes"}, maria.at
    session = maria.cookie("idp_session_8000")
    assert session is not None
    maria.send(at, form)
    assert maria.location == "/logout/done"
    maria.set_cookie("idp_session_8000", session)
    maria.send(at, form)
    assert maria.location == "/logout/done"
    maria.get("/logout")
    assert maria.page == "signed-out"


def test_d_staying_is_a_choice(service: InProcess) -> None:
    party, maria = portal(service), registered(service)
    maria.get("/logout")
    maria.press(cancel="yes")
    assert signed_in(party, maria)


def test_d_she_signs_in_again_and_is_the_same_person(service: InProcess) -> None:
    party, maria = portal(service), registered(service)
    before = party.who(maria)
    maria.get("/logout")
    maria.press(confirm="yes")
    party.ask(maria)
    maria.press(username=EMAIL, password=PASSWORD)
    after = party.read(party.redeem(answer_of(maria)["code"]).get_json()["id_token"])
    assert after["sub"] == before["sub"]
    assert after["sid"] != before["sid"]


def test_d_another_persons_sign_in_ends_hers(service: InProcess) -> None:
    party, shared = portal(service), registered(service)
    marias = party.tokens(shared)
    registered(service, "+393421234519", given_name="Hans", family_name="Gruber")
    party.ask(shared, prompt="login")
    shared.press(username="+393421234519", password=PASSWORD)
    assert (
        party.read(party.redeem(answer_of(shared)["code"]).get_json()["id_token"])["sub"]
        != (party.read(marias["id_token"])["sub"])
    )
    assert party.refresh(marias["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_d_the_page_speaks_the_language_that_is_asked_for(service: InProcess) -> None:
    maria = registered(service)
    for locale in ("it", "en"):
        maria.get("/logout", ui_locales=locale)
        assert f'<html lang="{locale}"' in maria.last.text
