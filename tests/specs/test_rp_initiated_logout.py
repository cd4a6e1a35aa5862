"""The end-session endpoint (RP-Initiated Logout 1.0 §2, §3), by the certification's modules."""

import base64
import json

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from tests.service.in_process import LANDING, InProcess
from tests.service.relying_party import RelyingParty, answer_of, left_for, portal, registered
from tests.service.visitor import Visitor


@pytest.fixture(scope="module")
def party(standing_service: InProcess) -> RelyingParty:
    """The portal."""
    return portal(standing_service)


@pytest.fixture(scope="module")
def maria(standing_service: InProcess) -> Visitor:
    """A browser in which Maria is signed in, and stays so."""
    return registered(standing_service)


@pytest.fixture(scope="module")
def hint(party: RelyingParty, maria: Visitor) -> str:
    """Her ID token at the portal."""
    return str(party.tokens(maria)["id_token"])


def leaving(service: InProcess) -> tuple[RelyingParty, Visitor, str]:
    """The portal, Maria about to sign out, and her ID token."""
    party, maria = portal(service), registered(service)
    return party, maria, str(party.tokens(maria)["id_token"])


def signed_in(party: RelyingParty, visitor: Visitor) -> bool:
    party.ask(visitor, prompt="none")
    return "code" in answer_of(visitor)


def is_refused(visitor: Visitor, parameter: str) -> None:
    """An error page that names the parameter, and no redirect."""
    assert (visitor.last.status_code, visitor.page) == (400, "error")
    assert left_for(visitor) is None
    assert 'id="error-code">invalid_request<' in visitor.last.text
    assert f'id="error-parameter">{parameter}<' in visitor.last.text


def test_discovery_endpoint_verification(service: InProcess) -> None:
    metadata = service.visitor().fetch("GET", "/.well-known/openid-configuration").get_json()
    assert metadata["end_session_endpoint"] == "http://localhost:8000/logout"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_rp_initiated_logout(service: InProcess, method: str) -> None:
    party, maria, hint = leaving(service)
    sent = {"id_token_hint": hint, "post_logout_redirect_uri": LANDING, "state": "s t&a=te"}
    if method == "GET":
        maria.get("/logout", **sent)
    else:
        # A relying party's form brings no cookie of ours; the GET it becomes does.
        elsewhere = party.service.visitor()
        elsewhere.fetch("POST", "/logout", data=sent, headers={"Sec-Fetch-Site": "cross-site"})
        assert elsewhere.last.status_code == 303
        maria.get(elsewhere.location)
    assert maria.location == f"{LANDING}?state=s+t%26a%3Dte"
    assert not signed_in(party, maria)


def test_no_state(service: InProcess) -> None:
    party, maria, hint = leaving(service)
    maria.get("/logout", id_token_hint=hint, post_logout_redirect_uri=LANDING)
    assert maria.location == LANDING
    assert not signed_in(party, maria)


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/",
        "http://localhost:8001",
        "http://localhost:8001/callback",
        "http://localhost:8001/?extra=1",
        "http://localhost:8001/#x",
        "http://localhost:8001//evil.example",
        "http://localhost:8001@evil.example/",
        "http://LOCALHOST:8001/",
        "javascript:alert(1)",
        "//evil.example/",
        "/\\evil.example",
    ],
)
def test_bad_post_logout_redirect_uri_a22(party: RelyingParty, maria: Visitor, hint: str, uri: str) -> None:
    maria.get("/logout", id_token_hint=hint, post_logout_redirect_uri=uri, state="s")
    is_refused(maria, "post_logout_redirect_uri")
    assert signed_in(party, maria)
    maria.get("/logout", client_id="portal", post_logout_redirect_uri=uri)
    is_refused(maria, "post_logout_redirect_uri")


def test_query_added_to_post_logout_redirect_uri(maria: Visitor, hint: str) -> None:
    maria.get("/logout", id_token_hint=hint, post_logout_redirect_uri=f"{LANDING}?foo=bar")
    is_refused(maria, "post_logout_redirect_uri")


def _segment(content: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "HS256", ""])
def test_modified_id_token_hint(party: RelyingParty, maria: Visitor, hint: str, alg: str) -> None:
    body = hint.split(".")[1]
    head = _segment({"alg": alg, "typ": "JWT"})
    for forged in (f"{head}.{body}.", f"{head}.{body}", f"{head}.{body}.{hint.split('.')[2]}"):
        maria.get("/logout", id_token_hint=forged, post_logout_redirect_uri=LANDING)
        is_refused(maria, "id_token_hint")
    assert signed_in(party, maria)


def test_bad_id_token_hint(party: RelyingParty, maria: Visitor, hint: str) -> None:
    claims = party.read(hint)
    kid = json.loads(base64.urlsafe_b64decode(hint.partition(".")[0] + "=="))["kid"]
    for key, alg in ((ECKey.generate_key("P-256"), "ES256"), (OctKey.generate_key(256), "HS256")):
        for head in ({"alg": alg, "typ": "JWT", "kid": kid}, {"alg": alg, "typ": "JWT"}):
            forged = jwt.encode(head, claims, key, algorithms=["ES256", "HS256"])
            maria.get("/logout", id_token_hint=forged, post_logout_redirect_uri=LANDING)
            is_refused(maria, "id_token_hint")
    assert signed_in(party, maria)


def test_other_tokens_of_ours_are_no_hint(party: RelyingParty, maria: Visitor) -> None:
    tokens = party.tokens(maria)
    for wrong in (tokens["access_token"], tokens["refresh_token"]):
        maria.get("/logout", id_token_hint=wrong)
        is_refused(maria, "id_token_hint")


def test_no_id_token_hint(maria: Visitor) -> None:
    maria.get("/logout", post_logout_redirect_uri=LANDING, state="s")
    is_refused(maria, "post_logout_redirect_uri")


def test_no_hint_but_a_client_asks_first(service: InProcess) -> None:
    party, maria, _hint = leaving(service)
    maria.get("/logout", client_id="portal", post_logout_redirect_uri=LANDING, state="s")
    assert maria.page == "logout"
    assert 'id="confirm-logout"' in maria.last.text
    assert left_for(maria) is None
    maria.press(confirm="yes")
    assert maria.location == f"{LANDING}?state=s"
    assert not signed_in(party, maria)


@pytest.mark.parametrize("sent", [{}, {"state": "s"}, {"ui_locales": "en"}, {"logout_hint": "maria"}])
def test_no_params_and_only_state(service: InProcess, sent: dict[str, str]) -> None:
    party, maria, _hint = leaving(service)
    maria.get("/logout", **sent)
    assert maria.page == "logout"
    maria.press(confirm="yes")
    assert maria.page == "signed-out"
    assert not signed_in(party, maria)


def test_no_post_logout_redirect_uri(service: InProcess) -> None:
    party, maria, hint = leaving(service)
    maria.get("/logout", id_token_hint=hint, state="s")
    assert maria.page == "signed-out"
    assert not signed_in(party, maria)


def test_staying_signed_in_is_possible(party: RelyingParty, maria: Visitor) -> None:
    maria.get("/logout", client_id="portal", post_logout_redirect_uri=LANDING)
    maria.press(cancel="yes")
    assert left_for(maria) is None
    assert signed_in(party, maria)


def test_asking_alone_ends_nothing(party: RelyingParty, maria: Visitor) -> None:
    maria.get("/logout")
    assert maria.page == "logout"
    maria.get("/logout/done")
    assert signed_in(party, maria)


def test_a_hint_of_another_session_asks_first(service: InProcess) -> None:
    party, maria = portal(service), registered(service)
    old = party.tokens(maria)["id_token"]
    hans = registered(service, "hans.gruber@posta.example", given_name="Hans", family_name="Gruber")
    theirs = party.tokens(hans)["id_token"]
    maria.get("/logout", id_token_hint=theirs, post_logout_redirect_uri=LANDING)
    assert maria.page == "logout"
    assert signed_in(party, maria)
    # Her own, of a session that ended since.
    maria.get("/logout", id_token_hint=old)
    assert maria.page == "signed-out"
    party.ask(maria)
    maria.press(username="maria.rossi@posta.example", password="Tramonto7blu")
    maria.get("/logout", id_token_hint=old, post_logout_redirect_uri=LANDING)
    assert maria.page == "logout"
    assert signed_in(party, maria)


def test_an_expired_hint_of_this_session_does(service: InProcess) -> None:
    party, maria, hint = leaving(service)
    hint = party.tokens(maria)["id_token"]
    service.clock.move(1200)
    maria.get("/logout", id_token_hint=hint, post_logout_redirect_uri=LANDING)
    assert maria.location == LANDING


@pytest.mark.parametrize("client_id", ["second", "nobody", "Portal"])
def test_a_client_id_that_does_not_fit_the_hint_is_refused(
    standing_service: InProcess, maria: Visitor, hint: str, client_id: str
) -> None:
    if client_id == "second":
        standing_service.client(client_id="second")
    maria.get("/logout", id_token_hint=hint, client_id=client_id, post_logout_redirect_uri=LANDING)
    is_refused(maria, "client_id")


def test_another_clients_landing_is_refused(standing_service: InProcess, maria: Visitor, hint: str) -> None:
    elsewhere = "http://localhost:9999/"
    standing_service.client(client_id="other", post_logout_redirect_uris=[elsewhere])
    maria.get("/logout", id_token_hint=hint, post_logout_redirect_uri=elsewhere)
    is_refused(maria, "post_logout_redirect_uri")


def test_nobody_signed_in_ends_where_the_party_wants(standing_service: InProcess, hint: str) -> None:
    nobody = standing_service.visitor()
    nobody.get("/logout", id_token_hint=hint, post_logout_redirect_uri=LANDING, state="s")
    assert nobody.location == f"{LANDING}?state=s"
    nobody.get("/logout")
    assert nobody.page == "signed-out"


def test_a_repeated_parameter_is_refused(maria: Visitor, hint: str) -> None:
    query = f"id_token_hint={hint}&post_logout_redirect_uri={LANDING}&post_logout_redirect_uri=http://evil.example"
    maria.fetch("GET", f"/logout?{query}")
    assert (maria.last.status_code, left_for(maria)) == (400, None)


@pytest.mark.parametrize("name", ["path", "self", "query", "status", "visit", "x" * 100, "<script>"])
def test_a_posted_name_of_any_kind_is_no_fault(maria: Visitor, name: str) -> None:
    maria.send("/logout", {name: "x"})
    assert maria.last.status_code == 303
    assert left_for(maria) is None
    maria.get(maria.location)
    assert maria.page == "logout"


def test_a15_a_forged_confirmation_ends_nothing(
    standing_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    stolen = standing_service.visitor()
    stolen.get("/register")
    for csrf, headers in (
        ("", {}),
        ("x", {}),
        (stolen.csrf, {}),
        (_logout_csrf(maria), {"Origin": "https://evil.example"}),
        (_logout_csrf(maria), {"Sec-Fetch-Site": "cross-site"}),
        (_logout_csrf(maria), {"Sec-Fetch-Site": "same-site"}),
    ):
        maria.send("/logout", {"csrf": csrf, "confirm": "yes"}, **headers)
        if csrf:
            assert (maria.last.status_code, maria.page) == (403, "error")
        else:
            # Without a token it is a relying party's request, and asks.
            assert maria.last.status_code == 303
        assert signed_in(party, maria)


def _logout_csrf(visitor: Visitor) -> str:
    visitor.get("/logout")
    return visitor.csrf
