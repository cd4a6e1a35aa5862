"""Codes bound to a key by the authorization request (RFC 9449 §10), in the address and pushed."""

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from tests.service.in_process import ISSUER, PASSWORD, InProcess
from tests.service.relying_party import VERIFIER, RelyingParty, answer_of, registered
from tests.service.visitor import Visitor


@pytest.fixture
def app(clean_service: InProcess) -> RelyingParty:
    """A public client."""
    return RelyingParty(clean_service, clean_service.client("spa", "app"))


@pytest.fixture(scope="module")
def key() -> ECKey:
    return ECKey.generate_key("P-256")


@pytest.fixture(scope="module")
def other_key() -> ECKey:
    return ECKey.generate_key("P-256")


def proof(app: RelyingParty, key: ECKey, path: str) -> str:
    idp = app.service.idp
    jwk = {name: value for name, value in key.as_dict(private=False).items() if name != "kid"}
    claims = {
        "jti": idp.entropy.identifier(),
        "htm": "POST",
        "htu": f"{ISSUER}{path}",
        "iat": app.service.clock.now(),
    }
    return jwt.encode({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}, claims, key)


def redeem(app: RelyingParty, visitor: Visitor, key: ECKey) -> TestResponse:
    form = {
        "grant_type": "authorization_code",
        "code": answer_of(visitor)["code"],
        "redirect_uri": app.registered.client.redirect_uris[0],
        "code_verifier": VERIFIER,
        "client_id": "app",
    }
    headers = {"DPoP": proof(app, key, "/token")}
    return app.service.visitor().fetch("POST", "/token", data=form, headers=headers)


def push(app: RelyingParty, key: ECKey, **changed: str) -> str:
    headers = {"DPoP": proof(app, key, "/par")}
    reply = app.service.visitor().fetch("POST", "/par", data=app.request(**changed), headers=headers)
    assert reply.status_code == 201, reply.text
    return str(reply.get_json()["request_uri"])


def test_a_key_named_in_the_address_binds_the_code_10(app: RelyingParty, key: ECKey) -> None:
    maria = registered(app.service)
    app.ask(maria, dpop_jkt=key.thumbprint())
    assert redeem(app, maria, key).get_json()["token_type"] == "DPoP"


def test_it_binds_also_after_a_sign_in(app: RelyingParty, key: ECKey, other_key: ECKey) -> None:
    registered(app.service)
    visitor = app.service.visitor()
    for used, status in ((key, 200), (other_key, 400)):
        app.ask(visitor, dpop_jkt=key.thumbprint(), prompt="login")
        visitor.press(username="maria.rossi@posta.example", password=PASSWORD)
        assert redeem(app, visitor, used).status_code == status


def test_ensure_mismatched_dpop_jkt_fails_at_the_token_endpoint(
    app: RelyingParty, key: ECKey, other_key: ECKey
) -> None:
    maria = registered(app.service)
    app.ask(maria, dpop_jkt=key.thumbprint())
    reply = redeem(app, maria, other_key)
    assert (reply.status_code, reply.get_json()["error"]) == (400, "invalid_grant")


def test_what_can_name_no_key_is_told_to_the_relying_party(app: RelyingParty) -> None:
    maria = registered(app.service)
    app.ask(maria, dpop_jkt="nonsense")
    assert answer_of(maria)["error"] == "invalid_request"


@pytest.mark.parametrize("named", [True, False])
def test_ensure_dpopproof_at_par_endpoint_binding_success(app: RelyingParty, key: ECKey, named: bool) -> None:
    maria = registered(app.service)
    changed = {"dpop_jkt": key.thumbprint()} if named else {}
    maria.get("/authorize", client_id="app", request_uri=push(app, key, **changed))
    assert redeem(app, maria, key).get_json()["token_type"] == "DPoP"


def test_ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt(
    app: RelyingParty, key: ECKey, other_key: ECKey
) -> None:
    maria = registered(app.service)
    maria.get("/authorize", client_id="app", request_uri=push(app, key))
    reply = redeem(app, maria, other_key)
    assert (reply.status_code, reply.get_json()["error"]) == (400, "invalid_grant")


def test_a_key_named_beside_a_pushed_request_counts_for_nothing(
    app: RelyingParty, key: ECKey, other_key: ECKey
) -> None:
    maria = registered(app.service)
    uri = push(app, key)
    maria.get("/authorize", client_id="app", request_uri=uri, dpop_jkt=other_key.thumbprint())
    assert redeem(app, maria, key).status_code == 200
