"""Pushed authorization requests (RFC 9126; FAPI 2.0 modules of the security bar §1.3; A12, A13, A30)."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from idp.flows import clients
from idp.store.tables import ephemera
from tests.service.in_process import CALLBACK, ISSUER, PASSWORD, InProcess
from tests.service.relying_party import (
    RelyingParty,
    answer_of,
    challenge_of,
    portal,
    registered,
    stranger,
)
from tests.service.visitor import Visitor
from tests.specs.house import assertion

PREFIX = "urn:ietf:params:oauth:request_uri:"


@pytest.fixture
def party(clean_service: InProcess) -> RelyingParty:
    """The portal, which may push and may also not."""
    return portal(clean_service)


@pytest.fixture
def maria(clean_service: InProcess) -> Visitor:
    """A browser in which Maria is signed in."""
    return registered(clean_service)


def push(party: RelyingParty, **changed: str | None) -> TestResponse:
    """Push an authorization request; what identifies the client comes with its authentication."""
    return party.send("/par", party.request(**changed))


def pushed(party: RelyingParty, **changed: str | None) -> str:
    """The address of a request that was taken."""
    reply = push(party, **changed)
    assert reply.status_code == 201, reply.text
    return str(reply.get_json()["request_uri"])


def bring(visitor: Visitor, party: RelyingParty, request_uri: str, **beside: str) -> TestResponse:
    """Send a browser to the authorization endpoint with an address."""
    return visitor.get("/authorize", client_id=party.client_id, request_uri=request_uri, **beside)


def is_shown(visitor: Visitor, code: str = "invalid_request_uri") -> None:
    """A page without redirect, which carries the code."""
    assert (visitor.last.status_code, visitor.page) == (400, "error")
    assert "Location" not in visitor.last.headers
    assert f'id="error-code">{code}<' in visitor.last.text


def refused(reply: TestResponse) -> tuple[int, str]:
    assert reply.content_type == "application/json"
    assert reply.headers["Cache-Control"] == "no-store"
    return reply.status_code, str(reply.get_json()["error"])


# --- §2.2 what is answered ----------------------------------------------------------------------------


def test_a_push_is_answered_with_an_address_and_its_life_2_2(party: RelyingParty) -> None:
    reply = push(party)
    assert reply.status_code == 201
    assert reply.content_type == "application/json"
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.get_json().keys() == {"request_uri", "expires_in"}
    assert reply.get_json()["expires_in"] == 300
    uri = reply.get_json()["request_uri"]
    assert uri.startswith(PREFIX)
    # 256 bits in base64url: 43 characters.
    assert len(uri) - len(PREFIX) == 43
    assert uri != pushed(party)


def test_the_whole_flow_runs_by_a_pushed_request(party: RelyingParty, maria: Visitor) -> None:
    bring(maria, party, pushed(party))
    answer = answer_of(maria)
    assert answer.keys() == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("af0ifjsldkj", ISSUER)
    claims = party.read(party.redeem(answer["code"]).get_json()["id_token"])
    assert (claims["aud"], claims["nonce"]) == ("portal", "n-0S6_WzA2Mj")


def test_somebody_who_must_sign_in_first_is_led_there_and_back(
    clean_service: InProcess, party: RelyingParty
) -> None:
    registered(clean_service)
    visitor = clean_service.visitor()
    bring(visitor, party, pushed(party, login_hint="maria.rossi@posta.example"))
    assert visitor.page == "login"
    assert 'value="maria.rossi@posta.example"' in visitor.last.text
    visitor.press(username="maria.rossi@posta.example", password=PASSWORD)
    assert "code" in answer_of(visitor)


@pytest.mark.parametrize("kind", ["spa", "web"])
def test_public_and_confidential_clients_push_2(clean_service: InProcess, kind: str) -> None:
    party = RelyingParty(clean_service, clean_service.client(kind, "pusher"))
    maria = registered(clean_service)
    bring(maria, party, pushed(party))
    assert "code" in answer_of(maria)


def test_form_post_is_honoured_where_it_was_pushed(party: RelyingParty, maria: Visitor) -> None:
    bring(maria, party, pushed(party, response_mode="form_post"))
    assert maria.page == "form-post"
    assert "code" in answer_of(maria)


def test_a_pushed_request_may_be_brought_by_post(party: RelyingParty, maria: Visitor) -> None:
    sent = {"client_id": "portal", "request_uri": pushed(party)}
    reply = maria.fetch("POST", "/authorize", data=sent)
    maria.get(
        reply.headers["Location"].partition("?")[0], **dict(parse_qsl(reply.location.partition("?")[2]))
    )
    assert "code" in answer_of(maria)


# --- §2, §2.3 client authentication and errors -------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({"client_id": "portal"}, "invalid_client"),
        ({"client_id": "portal", "client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({}, "invalid_client"),
    ],
)
def test_a_client_authenticates_as_at_the_token_endpoint_2(
    clean_service: InProcess, party: RelyingParty, sent: dict[str, str], error: str
) -> None:
    wire = clean_service.visitor()
    request = {name: value for name, value in party.request().items() if name != "client_id"}
    assert refused(wire.fetch("POST", "/par", data={**request, **sent})) == (401, error)


def test_a_client_cannot_push_in_anothers_name_2(clean_service: InProcess, party: RelyingParty) -> None:
    other = stranger(clean_service)
    assert refused(push(other, client_id="portal")) == (401, "invalid_client")


def test_the_authenticated_client_need_not_name_itself_again_2(party: RelyingParty, maria: Visitor) -> None:
    bring(maria, party, pushed(party, client_id=None))
    assert "code" in answer_of(maria)


def test_a_client_that_was_disabled_pushes_nothing(clean_service: InProcess, party: RelyingParty) -> None:
    clients.disable(clean_service.idp, "portal", now=clean_service.clock.now())
    clean_service.clock.move(1)
    assert refused(push(party)) == (401, "invalid_client")


def test_a_client_disabled_meanwhile_is_answered_no_more(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    uri = pushed(party)
    clients.disable(clean_service.idp, "portal", now=clean_service.clock.now())
    clean_service.clock.move(1)
    bring(maria, party, uri)
    is_shown(maria, "invalid_client")


def test_an_address_the_client_lost_meanwhile_is_redirected_to_no_more(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    uri = pushed(party)
    clients.update(
        clean_service.idp,
        "portal",
        {"redirect_uris": ["http://localhost:8001/elsewhere"]},
        now=clean_service.clock.now(),
    )
    clean_service.clock.move(1)
    bring(maria, party, uri)
    is_shown(maria, "invalid_request")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"redirect_uri": CALLBACK + "/"}, "invalid_request"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "claims unknown"}, "invalid_scope"),
        ({"scope": 'open"id'}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"state": "x" * 2049}, "invalid_request"),
        ({"nonce": "x" * 2049}, "invalid_request"),
        ({"id_token_hint": "nonsense"}, "invalid_request"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
    ],
)
def test_every_check_of_the_authorization_endpoint_is_made_2_1(
    party: RelyingParty, changed: dict[str, str | None], error: str
) -> None:
    assert refused(push(party, **changed)) == (400, error)


def test_a_client_without_the_code_flow_pushes_nothing(clean_service: InProcess) -> None:
    service = RelyingParty(clean_service, clean_service.client("service", "nightly", scope="policies"))
    form = {"client_id": "nightly", "response_type": "code", "redirect_uri": CALLBACK, "scope": "policies"}
    status, error = refused(service.send("/par", form))
    assert (status, error) == (400, "invalid_request")


@pytest.mark.parametrize("name", ["state", "client_id", "redirect_uri", "scope", "code_challenge"])
def test_a7_a_repeated_parameter_is_refused(party: RelyingParty, name: str) -> None:
    body = urlencode([*party.request().items(), (name, "again")])
    wire = party.service.visitor()
    form = "application/x-www-form-urlencoded"
    assert refused(wire.fetch("POST", "/par", data=body, content_type=form)) == (400, "invalid_request")


def test_parameters_in_the_address_are_refused(party: RelyingParty) -> None:
    reply = party.send("/par?state=x", party.request())
    assert refused(reply) == (400, "invalid_request")


def test_a_body_that_is_no_form_is_refused(clean_service: InProcess, party: RelyingParty) -> None:
    wire = clean_service.visitor()
    reply = wire.fetch("POST", "/par", json=party.request())
    assert refused(reply) == (400, "invalid_request")


def test_too_large_a_request_is_told_so_2_3(clean_service: InProcess, party: RelyingParty) -> None:
    many = {f"extra{number}": "x" * 4000 for number in range(5)}
    assert refused(push(party, **many)) == (413, "invalid_request")
    assert refused(push(party, extra="x" * 70_000)) == (413, "invalid_request")
    assert push(party, **dict(list(many.items())[:3])).status_code == 201


def test_scripts_of_the_clients_own_origin_may_push(clean_service: InProcess) -> None:
    party = RelyingParty(clean_service, clean_service.client("spa", "pusher"))
    wire = clean_service.visitor()
    for origin, allowed in (
        ("http://localhost:8001", "http://localhost:8001"),
        ("https://evil.example", None),
    ):
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        assert (
            wire.fetch("OPTIONS", "/par", headers=asked).headers.get("Access-Control-Allow-Origin") == allowed
        )
        reply = wire.fetch("POST", "/par", data=party.request(), headers={"Origin": origin})
        assert reply.status_code == 201
        assert reply.headers.get("Access-Control-Allow-Origin") == allowed


# --- §2.2, §4 the address: bound, alive for a while, answered once ------------------------------------


def test_what_waits_is_sealed_and_kept_under_a_digest(clean_service: InProcess, party: RelyingParty) -> None:
    uri = pushed(party, login_hint="maria.rossi@posta.example")
    with clean_service.idp.reading() as tx:
        rows = tx.execute(ephemera.select().where(ephemera.c.key.like("par:%"))).all()
    (row,) = rows
    assert uri.removeprefix(PREFIX) not in row.key
    for canary in (b"maria", b"af0ifjsldkj", b"portal"):
        assert canary not in row.value


def test_two_tabs_with_one_address_get_one_answer(clean_service: InProcess, party: RelyingParty) -> None:
    registered(clean_service)
    visitor, uri = clean_service.visitor(), pushed(party)
    bring(visitor, party, uri)
    first_tab = visitor.at
    bring(visitor, party, uri)
    assert visitor.at != first_tab
    second_tab = dict(parse_qsl(urlsplit(visitor.at).query))["interaction"]
    visitor.press(username="maria.rossi@posta.example", password=PASSWORD)
    assert "code" in answer_of(visitor)
    other = dict(parse_qsl(urlsplit(first_tab).query))["interaction"]
    assert other != second_tab
    # Also long after the address itself has expired.
    clean_service.clock.move(600)
    visitor.get("/authorize/resume", interaction=other)
    assert visitor.page == "no-interaction"


def test_of_twenty_that_come_at_once_one_is_answered(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    uri = pushed(party)
    tabs = [clean_service.visitor() for _ in range(20)]
    for tab in tabs:
        for name in ("idp_session_8000", "idp_browser_8000"):
            tab.set_cookie(name, maria.cookie(name) or "")

    def come(number: int) -> str:
        reply = bring(tabs[number], party, uri)
        return "code" if "code=" in reply.headers.get("Location", "") else str(reply.status_code)

    outcomes = clean_service.in_parallel(come, 20)
    assert sorted(outcomes) == [*["400"] * 19, "code"]


def test_a_person_who_stays_long_at_the_page_is_still_answered_once(
    clean_service: InProcess, party: RelyingParty
) -> None:
    registered(clean_service)
    visitor, uri = clean_service.visitor(), pushed(party)
    bring(visitor, party, uri)
    clean_service.clock.move(600)
    visitor.press(username="maria.rossi@posta.example", password=PASSWORD)
    assert "code" in answer_of(visitor)


def test_an_error_is_an_answer_too(clean_service: InProcess, party: RelyingParty) -> None:
    visitor, uri = clean_service.visitor(), pushed(party, prompt="none")
    bring(visitor, party, uri)
    assert answer_of(visitor)["error"] == "login_required"
    bring(visitor, party, uri)
    is_shown(visitor)


def test_who_declines_has_answered(clean_service: InProcess, party: RelyingParty) -> None:
    visitor, uri = clean_service.visitor(), pushed(party)
    bring(visitor, party, uri)
    visitor.press(cancel="cancel")
    assert answer_of(visitor)["error"] == "access_denied"
    bring(visitor, party, uri)
    is_shown(visitor)


@pytest.mark.parametrize(
    "uri",
    [
        PREFIX,
        PREFIX + "x",
        PREFIX + "A" * 43,
        PREFIX + "A" * 44,
        PREFIX + "A" * 42 + "é",
        PREFIX + "../" * 14 + "A",
        PREFIX + "A" * 4000,
    ],
)
def test_an_address_we_never_gave_is_refused(party: RelyingParty, maria: Visitor, uri: str) -> None:
    bring(maria, party, uri)
    is_shown(maria)


@pytest.mark.parametrize(
    "uri",
    [
        "https://portal.insurer.example/request.jwt",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "URN:ietf:params:oauth:request_uri:x",
        "urn:ietf:params:oauth:request_ur",
    ],
)
def test_a13_an_address_outside_our_namespace_is_never_fetched(
    party: RelyingParty, maria: Visitor, uri: str
) -> None:
    party.ask(maria, request_uri=uri)
    assert answer_of(maria)["error"] == "request_uri_not_supported"


def test_a30_nothing_beside_the_address_changes_what_was_pushed(party: RelyingParty, maria: Visitor) -> None:
    beside = {
        "redirect_uri": "https://evil.example/",
        "scope": "openid email policies",
        "response_type": "token",
        "response_mode": "fragment",
        "prompt": "login",
        "max_age": "x",
        "code_challenge": "plain",
        "request": "eyJhbGciOiJub25lIn0.e30.",
    }
    bring(maria, party, pushed(party), **beside)
    tokens = party.redeem(answer_of(maria)["code"]).get_json()
    assert tokens["scope"] == "openid"


# --- §6 clients that push or do not ask ---------------------------------------------------------------


def test_the_metadata_tells_of_it_5(clean_service: InProcess) -> None:
    told = clean_service.visitor().fetch("GET", "/.well-known/openid-configuration").get_json()
    assert told["pushed_authorization_request_endpoint"] == f"{ISSUER}/par"
    # Fetching addresses is another thing, and not offered.
    assert told["request_uri_parameter_supported"] is False


def test_an_interaction_begun_by_push_satisfies_a_client_that_must_6(clean_service: InProcess) -> None:
    party = portal(clean_service, require_pushed_authorization_requests=True)
    visitor = clean_service.visitor()
    registered(clean_service)
    bring(visitor, party, pushed(party))
    visitor.press(username="maria.rossi@posta.example", password=PASSWORD)
    assert "code" in answer_of(visitor)


# --- FAPI 2.0 Security Profile, by the names of its modules ------------------------------------------


@pytest.fixture(scope="module")
def key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "fapi"})


@pytest.fixture
def fapi(clean_service: InProcess, key: ECKey) -> RelyingParty:
    """A client by that profile: private_key_jwt, pushed requests only."""
    return portal(
        clean_service,
        token_endpoint_auth_method="private_key_jwt",
        jwks={"keys": [key.as_dict(private=False)]},
        require_pushed_authorization_requests=True,
    )


def by_assertion(fapi: RelyingParty, key: ECKey, **changed: Any) -> TestResponse:
    """Push as the profile's client; ``changed`` are claims of its assertion."""
    service = fapi.service
    jti = service.idp.entropy.identifier()
    proof = assertion("portal", key, now=service.clock.now(), **{"jti": jti, **changed})
    return service.visitor().fetch("POST", "/par", data={**fapi.request(), **proof})


def test_happy_flow(clean_service: InProcess, fapi: RelyingParty, key: ECKey) -> None:
    maria = registered(clean_service)
    reply = by_assertion(fapi, key)
    assert reply.status_code == 201, reply.text
    bring(maria, fapi, reply.get_json()["request_uri"])
    assert "code" in answer_of(maria)


def test_ensure_unsigned_authorization_request_without_using_par_fails(
    clean_service: InProcess, fapi: RelyingParty
) -> None:
    maria = registered(clean_service)
    fapi.ask(maria)
    assert answer_of(maria)["error"] == "invalid_request"


def test_par_ensure_reused_request_uri_prior_to_auth_completion_succeeds(
    clean_service: InProcess, party: RelyingParty
) -> None:
    registered(clean_service)
    visitor, uri = clean_service.visitor(), pushed(party)
    for _ in range(3):
        bring(visitor, party, uri)
        assert visitor.page == "login"
    visitor.press(username="maria.rossi@posta.example", password=PASSWORD)
    assert "code" in answer_of(visitor)


def test_par_attempt_reuse_request_uri(party: RelyingParty, maria: Visitor) -> None:
    uri = pushed(party)
    bring(maria, party, uri)
    assert "code" in answer_of(maria)
    bring(maria, party, uri)
    is_shown(maria)


def test_par_attempt_to_use_expired_request_uri(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    early, late = pushed(party), pushed(party)
    clean_service.clock.move(299)
    bring(maria, party, early)
    assert "code" in answer_of(maria)
    clean_service.clock.move(1)
    bring(maria, party, late)
    is_shown(maria)


def test_par_attempt_to_use_request_uri_for_different_client(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    uri = pushed(party)
    bring(maria, stranger(clean_service), uri)
    is_shown(maria)
    maria.get("/authorize", request_uri=uri)
    is_shown(maria)
    # It was not spoilt for its owner.
    bring(maria, party, uri)
    assert "code" in answer_of(maria)


@pytest.mark.parametrize("uri", [PREFIX + "A" * 43, "https://portal.insurer.example/request.jwt", "x"])
def test_par_authorization_request_containing_request_uri_form_param(party: RelyingParty, uri: str) -> None:
    assert refused(push(party, request_uri=uri)) == (400, "invalid_request")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_par_attempt_invalid_http_method(clean_service: InProcess, method: str) -> None:
    reply = clean_service.visitor().fetch(method, "/par")
    assert (reply.status_code, reply.headers["Allow"]) == (405, "POST, OPTIONS")


def test_par_without_duplicate_parameters(party: RelyingParty, maria: Visitor) -> None:
    maria.get("/authorize", client_id="portal", request_uri=pushed(party))
    assert "code" in answer_of(maria)


def test_par_ensure_pkce_required(party: RelyingParty) -> None:
    assert refused(push(party, code_challenge=None, code_challenge_method=None)) == (400, "invalid_request")


def test_par_plain_pkce_rejected(party: RelyingParty) -> None:
    for method in ("plain", None, "s256"):
        challenge = challenge_of("x" * 43)
        reply = push(party, code_challenge=challenge, code_challenge_method=method)
        assert refused(reply) == (400, "invalid_request")


def test_ensure_response_type_code_idtoken_fails(party: RelyingParty) -> None:
    assert refused(push(party, response_type="code id_token")) == (400, "unsupported_response_type")


def test_ensure_response_type_token_fails(party: RelyingParty) -> None:
    assert refused(push(party, response_type="token")) == (400, "unsupported_response_type")


def test_ensure_request_object_without_redirect_uri_fails(party: RelyingParty) -> None:
    assert refused(push(party, redirect_uri=None)) == (400, "invalid_request")


@pytest.mark.parametrize("name", ["state", "nonce"])
def test_ensure_different_nonce_and_state_inside_and_outside_request_object(
    party: RelyingParty, maria: Visitor, name: str
) -> None:
    bring(maria, party, pushed(party, **{name: "the-pushed-one"}), **{name: "another-one"})
    answer = answer_of(maria)
    claims = party.read(party.redeem(answer["code"]).get_json()["id_token"])
    assert {"state": answer["state"], "nonce": claims["nonce"]}[name] == "the-pushed-one"


def test_state_only_outside_request_object_not_used(party: RelyingParty, maria: Visitor) -> None:
    bring(maria, party, pushed(party, state=None), state="outside")
    assert answer_of(maria).keys() == {"code", "iss"}


def test_user_rejects_authentication(clean_service: InProcess, party: RelyingParty) -> None:
    visitor = clean_service.visitor()
    bring(visitor, party, pushed(party))
    visitor.press(cancel="cancel")
    assert answer_of(visitor)["error"] == "access_denied"


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"aud": [ISSUER, f"{ISSUER}/par"]}, id="par-test-array-as-audience-fails"),
        pytest.param({"aud": [ISSUER]}, id="par-test-array-of-one-as-audience-fails"),
        pytest.param({"aud": f"{ISSUER}/par"}, id="par-test-par-endpoint-url-as-audience-fails"),
        pytest.param({"aud": f"{ISSUER}/token"}, id="par-test-token-endpoint-url-as-audience-fails"),
        pytest.param({"aud": f"{ISSUER}/"}, id="another spelling of the issuer"),
        pytest.param({"aud": None}, id="no audience"),
        pytest.param({"sub": None}, id="no sub"),
        pytest.param({"sub": "another"}, id="another sub"),
    ],
)
def test_the_assertions_audience_is_the_issuer_alone(
    fapi: RelyingParty, key: ECKey, changed: dict[str, Any]
) -> None:
    assert refused(by_assertion(fapi, key, **changed)) == (401, "invalid_client")


def test_par_ensure_jwt_client_assertions_nbf_8_seconds_in_the_future_is_accepted(
    fapi: RelyingParty, key: ECKey
) -> None:
    now = fapi.service.clock.now()
    assert by_assertion(fapi, key, nbf=now + 8, iat=now + 8).status_code == 201


def test_par_ensure_jwt_client_assertions_nbf_over_60_seconds_in_the_future_fails(
    fapi: RelyingParty, key: ECKey
) -> None:
    now = fapi.service.clock.now()
    assert refused(by_assertion(fapi, key, nbf=now + 61)) == (401, "invalid_client")


def test_ensure_client_assertion_with_exp_is_5_minutes_in_past_fails(fapi: RelyingParty, key: ECKey) -> None:
    now = fapi.service.clock.now()
    assert refused(by_assertion(fapi, key, iat=now - 360, exp=now - 300)) == (401, "invalid_client")


def test_a12_an_assertion_is_good_for_one_push(fapi: RelyingParty, key: ECKey) -> None:
    assert by_assertion(fapi, key, jti="once").status_code == 201
    assert refused(by_assertion(fapi, key, jti="once")) == (401, "invalid_client")


def test_a_client_that_may_also_not_push_names_issuer_or_token_endpoint(
    clean_service: InProcess, key: ECKey
) -> None:
    jwks = {"keys": [key.as_dict(private=False)]}
    party = portal(clean_service, token_endpoint_auth_method="private_key_jwt", jwks=jwks)
    for audience, status in ((ISSUER, 201), (f"{ISSUER}/token", 201), (f"{ISSUER}/par", 401)):
        assert by_assertion(party, key, aud=audience).status_code == status


def test_the_assertion_is_not_kept_with_the_request(fapi: RelyingParty, key: ECKey) -> None:
    service = fapi.service
    reply = by_assertion(fapi, key)
    with service.idp.reading() as tx:
        (row,) = tx.execute(ephemera.select().where(ephemera.c.key.like("par:%"))).all()
    place = f"ephemera/par/{row.key.removeprefix('par:')}"
    kept = service.idp.sealer.open(row.value, place)
    assert reply.status_code == 201
    assert kept == fapi.request()


def test_2_3_a_public_client_pushes_no_more_from_one_source_than_the_limit(clean_service: InProcess) -> None:
    service = clean_service
    service.clock.move(600 - service.clock.now() % 600)
    app = RelyingParty(service, service.client("spa", "app"))
    limit = service.idp.settings.limits.pushes_per_source.count
    assert {push(app).status_code for _ in range(limit)} == {201}
    refused = push(app)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 600
    assert refused.get_json()["error"] == "temporarily_unavailable"
    elsewhere = service.visitor("198.51.100.99")
    form = {"client_id": "app", **app.request()}
    assert elsewhere.fetch("POST", "/par", data=form).status_code == 201
    # A client that proves who it is is known by name, and has no such limit.
    assert push(portal(service)).status_code == 201
