"""Best current practice for OAuth security (RFC 9700 §2, §4; security bar A6, A15, A16, A17, A22)."""

import pytest

from tests.oidc.test_redirect_uri import TRICKS as SHAPES
from tests.service.in_process import CALLBACK, PASSWORD, InProcess
from tests.service.relying_party import RelyingParty, answer_of, left_for, portal, registered, stranger
from tests.service.visitor import Visitor

USERNAME = "maria.rossi@posta.example"
ORIGIN = "http://localhost:8001"


@pytest.fixture(scope="module")
def party(standing_service: InProcess) -> RelyingParty:
    """The portal."""
    return portal(standing_service)


@pytest.fixture(scope="module")
def maria(standing_service: InProcess) -> Visitor:
    """A browser in which Maria is signed in."""
    return registered(standing_service)


# The tricks of the pure table, on the registered address of this file.
TRICKS = tuple(
    trick.replace("https://portal.example", ORIGIN).replace("portal.example", "localhost:8001")
    for trick in SHAPES
    if trick != "http://portal.example/callback"
)

BRANCHES: tuple[dict[str, str | None], ...] = (
    {},
    {"prompt": "none"},
    {"response_type": "token"},
    {"response_type": None},
    {"response_mode": "fragment"},
    {"response_mode": "form_post"},
    {"scope": "nothing"},
    {"prompt": "none login"},
    {"request": "eyJhbGciOiJub25lIn0.e30."},
    {"request_uri": "https://evil.example/"},
    {"code_challenge": None},
    {"max_age": "x"},
    {"id_token_hint": "x"},
    {"nonce": "n" * 3000},
)


@pytest.mark.parametrize("trick", TRICKS)
def test_a6_no_trick_gets_a_redirect_on_any_branch_2_1(
    party: RelyingParty, maria: Visitor, trick: str
) -> None:
    for branch in BRANCHES:
        party.ask(maria, **{**branch, "redirect_uri": trick})
        assert maria.last.status_code == 400, branch
        assert "Location" not in maria.last.headers, branch
        assert maria.page == "error", branch
        assert "evil.example" not in maria.last.headers["Content-Security-Policy"]


def test_a6_a_repeated_redirect_uri_gets_no_redirect(party: RelyingParty, maria: Visitor) -> None:
    for first, second in ((CALLBACK, "https://evil.example/"), ("https://evil.example/", CALLBACK)):
        query = [("redirect_uri", first), *party.request().items()]
        query[-1:] = [("redirect_uri", second)]
        maria.fetch("GET", "/authorize", query_string="&".join(f"{k}={v}" for k, v in query))
        assert (maria.last.status_code, left_for(maria)) == (400, None)


def test_a6_another_clients_redirect_uri_is_refused(
    standing_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    stranger(standing_service, redirect_uris=["http://localhost:9999/callback"])
    party.ask(maria, redirect_uri="http://localhost:9999/callback")
    assert (maria.last.status_code, maria.page) == (400, "error")


def test_a22_no_page_follows_a_next_parameter_4_11(service: InProcess) -> None:
    party, visitor = portal(service), service.visitor()
    registered(service)
    names = ("next", "continue", "return_to", "url", "redirect", "target", "back", "goto")
    evil = "&".join(f"{name}=https://evil.example/" for name in names)
    for page in (
        "/login",
        "/register",
        "/register/data",
        "/consent",
        "/logout",
        "/logout/done",
        "/authorize",
    ):
        visitor.fetch("GET", f"{page}?{evil}")
        assert left_for(visitor) is None
        assert 'href="https://evil.example' not in visitor.last.text
        assert 'action="https://evil.example' not in visitor.last.text
    party.ask(visitor)
    visitor.at += f"&{evil}"
    visitor.press(username=USERNAME, password=PASSWORD)
    assert left_for(visitor) == ORIGIN


def test_credentials_are_answered_by_303_4_12(service: InProcess) -> None:
    party, visitor = portal(service), service.visitor()
    registered(service)
    party.ask(visitor)
    sent = {"csrf": visitor.csrf, "username": USERNAME, "password": PASSWORD}
    assert visitor.send(visitor.at, sent).status_code == 303
    visitor.fetch("GET", visitor.location)
    assert visitor.last.status_code == 303
    assert answer_of(visitor)["code"]


def test_no_token_travels_in_the_front_channel_2_1_2(party: RelyingParty, maria: Visitor) -> None:
    for response_type in ("token", "id_token", "id_token token", "code token", "code id_token"):
        for mode in ("query", "fragment", "form_post"):
            party.ask(maria, response_type=response_type, response_mode=mode)
            answer = answer_of(maria)
            assert answer.keys() <= {"error", "error_description", "state", "iss"}


def test_a17_an_interaction_belongs_to_the_browser_that_began_it(service: InProcess) -> None:
    party = portal(service)
    attacker, victim = service.visitor("203.0.113.9"), registered(service)
    party.ask(attacker, prompt="login", state="attacker")
    theirs = attacker.at.partition("interaction=")[2]
    victim.get("/authorize/resume", interaction=theirs)
    assert (victim.last.status_code, victim.page) == (400, "no-interaction")
    for page in ("/login", "/consent"):
        victim.get(page, interaction=theirs)
        assert victim.page == "no-interaction"


def test_a17_a_posted_request_waits_for_a_proof_given_after_it_was_taken_up(service: InProcess) -> None:
    # An attacker posts a request with prompt=login, waits until the victim has signed in, and hands it over.
    party = portal(service)
    attacker = service.visitor("203.0.113.9")
    attacker.fetch("POST", "/authorize", data=party.request(prompt="login"))
    continuation = attacker.location
    service.clock.move(60)
    victim = registered(service)
    victim.fetch("GET", continuation)
    assert victim.location.startswith("/login")


def test_what_was_allowed_in_a_narrower_tab_does_not_open_the_wider_one(service: InProcess) -> None:
    party, maria = stranger(service), registered(service)
    party.ask(maria, scope="openid policies", prompt="consent")
    wide = maria.at
    party.ask(maria, scope="openid", prompt="consent")
    maria.press()
    assert party.redeem(answer_of(maria)["code"]).get_json()["scope"] == "openid"
    maria.get(wide.replace("/consent", "/authorize/resume"))
    assert maria.page == "consent"


def test_an_answer_is_given_for_the_request_that_was_shown(service: InProcess) -> None:
    # A page opened without naming its request must not answer another one that came meanwhile.
    party, maria = stranger(service), registered(service)
    party.ask(maria, scope="openid", prompt="consent", state="shown")
    maria.get("/consent")
    assert maria.page == "consent"
    shown = maria.at, maria.csrf
    party.ask(maria, scope="openid policies", prompt="consent", state="slipped in")
    maria.at = shown[0]
    maria.send(shown[0], {"csrf": shown[1]})
    maria.get(maria.location)
    assert answer_of(maria)["state"] == "shown"
    maria.get("/consent")
    assert maria.page == "consent"


@pytest.mark.parametrize(
    ("prompt", "path", "form"),
    [
        ("consent", "/consent", {}),
        ("consent", "/consent", {"cancel": "yes"}),
        ("login", "/login", {"username": USERNAME, "password": PASSWORD}),
        ("login", "/login", {"cancel": "yes"}),
    ],
)
def test_a_form_that_names_no_request_answers_none(
    party: RelyingParty, maria: Visitor, prompt: str, path: str, form: dict[str, str]
) -> None:
    party.ask(maria, prompt=prompt)
    at = maria.at
    maria.send(path, {"csrf": maria.csrf, **form})
    assert maria.location == at
    maria.get(at.replace(path, "/authorize/resume"))
    assert maria.at == at


def test_the_metadata_offer_what_the_practice_wants(service: InProcess) -> None:
    metadata = service.visitor().fetch("GET", "/.well-known/openid-configuration").get_json()
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert not {"implicit", "password"} & set(metadata["grant_types_supported"])
    assert metadata["request_uri_parameter_supported"] is False
