"""The authorization endpoint (RFC 6749 §3.1, §3.3, §4.1; security bar A5, A7, A9, A10, A22, A24, A30)."""

import re
from urllib.parse import quote

import pytest

from tests.service.in_process import CALLBACK, ISSUER, InProcess
from tests.service.relying_party import RelyingParty, answer_of, portal, registered, stranger
from tests.service.visitor import Visitor

LINE_ENDS = ("\r\n", "\n", "\r", "\x00", "\x0b", "\x85", "\u2028", "\u2029", "\x1b[31m", "\x7f")


@pytest.fixture(scope="module")
def party(standing_service: InProcess) -> RelyingParty:
    """The portal."""
    return portal(standing_service)


@pytest.fixture(scope="module")
def maria(standing_service: InProcess) -> Visitor:
    """A browser in which Maria is signed in, and stays so."""
    return registered(standing_service)


@pytest.fixture(scope="module")
def nobody(standing_service: InProcess) -> Visitor:
    """A browser in which nobody is signed in."""
    return standing_service.visitor()


def raw(visitor: Visitor, query: str) -> None:
    visitor.fetch("GET", "/authorize", query_string=query)


def is_shown(visitor: Visitor, code: str, parameter: str | None = None) -> None:
    """An error page, no redirect, the code in its text."""
    assert visitor.last.status_code == 400
    assert "Location" not in visitor.last.headers
    assert visitor.page == "error"
    assert f'id="error-code">{code}<' in visitor.last.text
    if parameter is not None:
        assert f'id="error-parameter">{parameter}<' in visitor.last.text


# --- §4.1 the whole flow ------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_oidcc_server(service: InProcess, method: str, alg: str) -> None:
    party = portal(
        service,
        pkce_required=False,
        token_endpoint_auth_method=method,
        id_token_signed_response_alg=alg,
        scope="openid email",
    )
    visitor = service.visitor()
    party.ask(visitor, code_challenge=None, code_challenge_method=None, scope="openid email")
    assert visitor.page == "login"
    registered(service)
    visitor.press(username="maria.rossi@posta.example", password="Tramonto7blu")
    answer = answer_of(visitor)
    assert answer.keys() == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("af0ifjsldkj", ISSUER)
    form = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": CALLBACK}
    if method == "client_secret_post":
        secret = party.registered.secret or ""
        reply = service.visitor().fetch(
            "POST", "/token", data={**form, "client_id": "portal", "client_secret": secret}
        )
    else:
        reply = party.send("/token", form)
    tokens = reply.get_json()
    claims = party.read(tokens["id_token"])
    assert claims["iss"] == ISSUER
    assert claims["aud"] == "portal"
    assert claims["nonce"] == "n-0S6_WzA2Mj"
    assert abs(claims["iat"] - service.clock.now()) <= 1
    person = party.userinfo(tokens["access_token"]).get_json()
    assert person["sub"] == claims["sub"]
    assert person["email"] == "maria.rossi@posta.example"


def test_a_public_client_walks_the_same_way(service: InProcess) -> None:
    app = RelyingParty(service, service.client("spa", "app"))
    assert app.registered.secret is None
    assert app.who(registered(service))["aud"] == "app"


# --- §3.1 parameters ----------------------------------------------------------------------------------


def test_order_does_not_matter_and_unknown_parameters_are_ignored(
    party: RelyingParty, maria: Visitor
) -> None:
    pairs = list(reversed(party.request(scope="email openid", extra="x", foo="1").items()))
    raw(maria, "&".join(f"{name}={quote(value)}" for name, value in pairs))
    assert "code" in answer_of(maria)


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state", "scope", "response_type", "prompt"])
@pytest.mark.parametrize("same", [True, False])
def test_a7_a_repeated_parameter_is_refused_on_the_page(
    party: RelyingParty, maria: Visitor, name: str, same: bool
) -> None:
    request = party.request(prompt="login")
    again = request[name] if same else "https://evil.example/"
    query = "&".join(f"{key}={quote(value)}" for key, value in request.items())
    for repeated in (f"{query}&{name}={quote(again)}", f"{name}={quote(again)}&{query}"):
        raw(maria, repeated)
        is_shown(maria, "invalid_request")


def test_a7_a_name_in_query_and_body_is_refused(party: RelyingParty, nobody: Visitor) -> None:
    nobody.fetch(
        "POST",
        "/authorize?client_id=portal",
        data=party.request(),
        headers={"Origin": "https://evil.example"},
    )
    is_shown(nobody, "invalid_request")


@pytest.mark.parametrize("name", ["response_mode", "display", "request", "nonce"])
def test_a_parameter_without_value_counts_as_not_sent(party: RelyingParty, maria: Visitor, name: str) -> None:
    party.ask(maria, **{name: ""})
    assert "code" in answer_of(maria)


@pytest.mark.parametrize("name", ["state", "nonce", "ui_locales", "login_hint", "scope", "prompt", "extra"])
@pytest.mark.parametrize("ending", LINE_ENDS)
def test_a9_control_characters_are_refused(
    party: RelyingParty, nobody: Visitor, name: str, ending: str
) -> None:
    party.ask(nobody, **{name: f"x{ending}Set-Cookie: evil=1"})
    is_shown(nobody, "invalid_request")
    assert "evil" not in str(nobody.last.headers)


def test_what_is_not_utf_8_is_refused(party: RelyingParty, nobody: Visitor) -> None:
    raw(nobody, "client_id=portal&state=%ff%fe")
    is_shown(nobody, "invalid_request", "state")


@pytest.mark.parametrize(
    "query", ["client_id=%00", "%ff=%ff", "client_id", "&&&&", "=", "client_id=portal&%00=1", "%", "a=%zz"]
)
def test_nothing_malformed_becomes_a_fault(nobody: Visitor, query: str) -> None:
    raw(nobody, query)
    assert nobody.last.status_code == 400
    assert nobody.page == "error"


# --- §4.1.2.1 errors that are shown -------------------------------------------------------------------


@pytest.mark.parametrize("client_id", [None, "nobody", "Portal", "portal ", "portal%00", "*", "' OR 1=1 --"])
def test_an_unknown_client_is_shown(nobody: Visitor, party: RelyingParty, client_id: str | None) -> None:
    party.ask(nobody, client_id=client_id)
    is_shown(nobody, "invalid_request" if client_id is None else "invalid_client", "client_id")


def test_a_disabled_client_is_shown(service: InProcess) -> None:
    from idp.flows import clients

    party, maria = portal(service), registered(service)
    clients.disable(service.idp, "portal", now=service.clock.now())
    service.clock.move(10)
    party.ask(maria)
    is_shown(maria, "invalid_client", "client_id")


@pytest.mark.parametrize(
    "redirect_uri", [None, "", "https://evil.example/", "http://localhost:8001/callback2"]
)
def test_oidcc_ensure_registered_redirect_uri(
    party: RelyingParty, maria: Visitor, redirect_uri: str | None
) -> None:
    party.ask(maria, redirect_uri=redirect_uri)
    is_shown(maria, "invalid_request", "redirect_uri")
    # The sentence stands in English and in Italian.
    assert len(set(re.findall(r'<p class="(?:lead|hint)" lang="(\w+)">', maria.last.text))) >= 2


def test_an_error_page_repeats_nothing_of_the_request(party: RelyingParty, nobody: Visitor) -> None:
    for name in ("client_id", "redirect_uri", "state", "scope"):
        party.ask(nobody, **{"redirect_uri": "x", name: '"><script>canary(1)</script>'})
        assert nobody.page == "error"
        # The language switch leads back to the same address, percent-encoded.
        assert "canary(1)" not in nobody.last.text
        assert "<script>" not in nobody.last.text


# --- §4.1.2.1 errors that are redirected ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"scope": "nothing"}, "invalid_scope"),
        ({"scope": "openid policies claims"}, None),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
        ({"request_uri": "https://evil.example/x"}, "request_uri_not_supported"),
        ({"response_mode": "fragment"}, "invalid_request"),
    ],
)
def test_the_relying_party_is_told_with_state_and_issuer(
    party: RelyingParty, nobody: Visitor, changed: dict[str, str | None], error: str | None
) -> None:
    party.ask(nobody, **changed)
    if error is None:
        # The client is not registered for the second resource, so its scope is dropped.
        assert nobody.page == "login"
        return
    answer = answer_of(nobody)
    assert answer.pop("error_description")
    assert answer == {"error": error, "state": "af0ifjsldkj", "iss": ISSUER}


def test_scopes_of_two_resources_are_refused(service: InProcess) -> None:
    party = portal(service, scope="openid policies claims")
    visitor = service.visitor()
    party.ask(visitor, scope="openid policies claims")
    assert answer_of(visitor)["error"] == "invalid_scope"


def test_error_descriptions_have_legal_characters_only(party: RelyingParty, nobody: Visitor) -> None:
    for changed in ({"scope": 'open"id'}, {"prompt": "è"}, {"response_type": "\\"}, {"max_age": "à"}):
        party.ask(nobody, **changed)
        description = answer_of(nobody)["error_description"]
        assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", description)


@pytest.mark.parametrize("page", ["login", "consent"])
def test_who_declines_is_reported_as_access_denied(service: InProcess, page: str) -> None:
    party = stranger(service)
    visitor = service.visitor()
    if page == "consent":
        service.register(visitor)
    party.ask(visitor)
    assert visitor.page == page
    assert 'id="cancel"' in visitor.last.text
    visitor.press(cancel="yes")
    answer = answer_of(visitor)
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "af0ifjsldkj", ISSUER)
    # What was declined is over.
    visitor.get("/authorize/resume", interaction="x")
    assert visitor.page == "no-interaction"


# --- state and nonce ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state",
    [
        "s" * 2048,
        " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
        "a+b%20c&d=e",
        "%25%0d%0a",
        "</title><script>",
        "città-日本-🙂",
        "  leading and trailing  ",
    ],
)
@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_a10_the_state_comes_back_exactly(party: RelyingParty, maria: Visitor, state: str, mode: str) -> None:
    party.ask(maria, state=state, response_mode=mode)
    assert answer_of(maria)["state"] == state
    party.ask(maria, state=state, response_mode=mode, response_type="token")
    assert answer_of(maria)["state"] == state


@pytest.mark.parametrize("length", [2049, 4097, 50_000])
def test_a10_a_longer_state_is_refused(party: RelyingParty, maria: Visitor, length: int) -> None:
    party.ask(maria, state="s" * length)
    is_shown(maria, "invalid_request", "state")


def test_no_state_none_invented(party: RelyingParty, maria: Visitor) -> None:
    party.ask(maria, state=None)
    assert answer_of(maria).keys() == {"code", "iss"}


def test_a10_the_nonce_is_in_the_id_token_and_nowhere_else(party: RelyingParty, maria: Visitor) -> None:
    nonce = "n" * 384
    party.ask(maria, nonce=nonce)
    assert nonce not in maria.location
    tokens = party.redeem(answer_of(maria)["code"]).get_json()
    assert party.read(tokens["id_token"])["nonce"] == nonce
    assert "nonce" not in party.read(tokens["access_token"])


# --- §3.3 scope ---------------------------------------------------------------------------------------


def test_a24_a_scope_the_client_has_not_is_dropped(service: InProcess) -> None:
    party = portal(service, scope="openid email")
    tokens = party.tokens(registered(service), scope="openid email profile policies offline_access")
    assert tokens["scope"] == "openid email"
    assert party.userinfo(tokens["access_token"]).get_json().keys() == {"sub", "email", "email_verified"}


# --- codes --------------------------------------------------------------------------------------------


def test_oidcc_codereuse_kills_what_was_issued(
    standing_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    party.ask(maria)
    code = answer_of(maria)["code"]
    tokens = party.redeem(code).get_json()
    assert party.userinfo(tokens["access_token"]).status_code == 200
    standing_service.clock.move(30)
    again = party.redeem(code)
    assert (again.status_code, again.get_json()["error"]) == (400, "invalid_grant")
    assert party.userinfo(tokens["access_token"]).status_code == 401
    assert party.refresh(tokens["refresh_token"]).get_json()["error"] == "invalid_grant"


@pytest.mark.parametrize(("seconds", "status"), [(59, 200), (61, 400)])
def test_a5_a_code_lives_for_a_minute(
    standing_service: InProcess, party: RelyingParty, maria: Visitor, seconds: int, status: int
) -> None:
    party.ask(maria)
    code = answer_of(maria)["code"]
    standing_service.clock.move(seconds)
    assert party.redeem(code).status_code == status


def test_a5_a_code_is_bound_to_client_and_redirect_uri(service: InProcess) -> None:
    party = portal(service, redirect_uris=[CALLBACK, "http://localhost:8001/other"])
    other = stranger(service)
    maria = registered(service)

    def code() -> str:
        party.ask(maria)
        return answer_of(maria)["code"]

    assert other.redeem(code()).get_json()["error"] == "invalid_grant"
    elsewhere = party.redeem(code(), redirect_uri="http://localhost:8001/other")
    assert elsewhere.get_json()["error"] == "invalid_grant"
    assert party.redeem(code(), redirect_uri=None).get_json()["error"] == "invalid_request"
    assert party.redeem(code()).status_code == 200


def test_a5_a_code_dies_with_the_session(service: InProcess) -> None:
    party, maria = portal(service), registered(service)
    party.ask(maria)
    code = answer_of(maria)["code"]
    maria.get("/logout")
    maria.press(confirm="yes")
    assert maria.page == "signed-out"
    assert party.redeem(code).get_json()["error"] == "invalid_grant"


def test_a_code_has_256_bits_and_no_two_are_alike(party: RelyingParty, maria: Visitor) -> None:
    codes = set()
    for _ in range(5):
        party.ask(maria)
        codes.add(answer_of(maria)["code"])
    assert len(codes) == 5
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", code) for code in codes)


# --- A30 what was validated cannot be changed ------------------------------------------------------------


def test_a30_nothing_in_page_or_address_changes_the_request(service: InProcess) -> None:
    party = portal(service)
    stranger(service)
    registered(service)
    visitor = service.visitor()
    party.ask(visitor)
    at = visitor.at
    hidden = re.findall(r'<input type="hidden" name="([^"]+)"', visitor.last.text)
    assert hidden == ["csrf", "passkey_ready", "csrf", "credential"]
    evil = {
        "client_id": "stranger",
        "redirect_uri": "https://evil.example/",
        "scope": "openid offline_access policies",
        "response_type": "token",
        "state": "evil",
        "response_mode": "fragment",
    }
    query = "&".join(f"{name}={quote(value)}" for name, value in evil.items())
    visitor.at = f"{at}&{query}"
    visitor.press(username="maria.rossi@posta.example", password="Tramonto7blu", **evil)
    answer = answer_of(visitor)
    assert answer["state"] == "af0ifjsldkj"
    assert party.redeem(answer["code"]).get_json()["scope"] == "openid"


def test_a30_resuming_with_parameters_changes_nothing(nobody: Visitor, party: RelyingParty) -> None:
    party.ask(nobody, prompt="login")
    interaction = nobody.at.partition("interaction=")[2]
    nobody.fetch("GET", f"/authorize/resume?interaction={interaction}&prompt=none&client_id=evil")
    assert nobody.location == f"/login?interaction={interaction}"


# --- methods ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
def test_other_methods_are_refused(nobody: Visitor, method: str) -> None:
    assert nobody.fetch(method, "/authorize").status_code == 405
    assert "Location" not in nobody.last.headers
