"""``iss`` in every authorization response (RFC 9207 §2; security bar A1: mix-up)."""

import pytest

from tests.service.in_process import ISSUER, InProcess
from tests.service.relying_party import RelyingParty, answer_of, portal, registered, stranger
from tests.service.visitor import Visitor


@pytest.fixture(scope="module")
def party(standing_service: InProcess) -> RelyingParty:
    """A client that people are asked about."""
    return stranger(standing_service)


@pytest.fixture(scope="module")
def maria(standing_service: InProcess) -> Visitor:
    """A browser in which Maria is signed in."""
    return registered(standing_service)


@pytest.mark.parametrize("mode", ["query", "form_post"])
@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"scope": "nothing"}, "invalid_scope"),
        ({"prompt": "none", "scope": "openid email"}, "consent_required"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"request": "x"}, "request_not_supported"),
        ({"request_uri": "urn:x"}, "request_uri_not_supported"),
        ({"code_challenge": None}, "invalid_request"),
        ({"max_age": "x"}, "invalid_request"),
        ({"id_token_hint": "x"}, "invalid_request"),
        ({"nonce": "n" * 2049}, "invalid_request"),
    ],
)
def test_every_error_names_the_issuer_2(
    party: RelyingParty, maria: Visitor, mode: str, changed: dict[str, str | None], outcome: str
) -> None:
    party.ask(maria, response_mode=mode, **changed)
    answer = answer_of(maria)
    assert (answer["error"], answer["iss"]) == (outcome, ISSUER)


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_success_and_refusal_name_the_issuer_2(
    standing_service: InProcess, maria: Visitor, party: RelyingParty, mode: str
) -> None:
    party.ask(maria, response_mode=mode, prompt="consent")
    maria.press()
    answer = answer_of(maria)
    assert answer["iss"] == ISSUER
    assert "code" in answer
    party.ask(maria, response_mode=mode, prompt="consent")
    maria.press(cancel="yes")
    assert (answer_of(maria)["error"], answer_of(maria)["iss"]) == ("access_denied", ISSUER)
    nobody = standing_service.visitor()
    party.ask(nobody, response_mode=mode, prompt="none")
    assert (answer_of(nobody)["error"], answer_of(nobody)["iss"]) == ("login_required", ISSUER)


def test_a1_the_issuer_is_the_one_of_metadata_and_id_token(service: InProcess) -> None:
    metadata = service.visitor().fetch("GET", "/.well-known/openid-configuration").get_json()
    assert metadata["authorization_response_iss_parameter_supported"] is True
    visitor, honest = registered(service), portal(service)
    honest.ask(visitor)
    answer = answer_of(visitor)
    claims = honest.read(honest.redeem(answer["code"]).get_json()["id_token"])
    assert answer["iss"] == metadata["issuer"] == claims["iss"] == ISSUER
