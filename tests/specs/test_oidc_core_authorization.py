"""Authentication requests (OpenID Connect Core 1.0 §3.1.2, §5.5, §6, §11), by the certification's modules."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.service.in_process import PASSWORD, InProcess
from tests.service.relying_party import RelyingParty, answer_of, portal, registered, stranger
from tests.service.visitor import Visitor

USERNAME = "maria.rossi@posta.example"


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


def sign_in(visitor: Visitor, username: str = USERNAME) -> None:
    assert visitor.page == "login", visitor.page
    visitor.press(username=username, password=PASSWORD)


# --- prompt and max_age -------------------------------------------------------------------------------


def test_oidcc_prompt_login(standing_service: InProcess, party: RelyingParty, maria: Visitor) -> None:
    first = party.who(maria)
    standing_service.clock.move(2)
    party.ask(maria, prompt="login")
    sign_in(maria)
    second = party.read(party.redeem(answer_of(maria)["code"]).get_json()["id_token"])
    assert second["sub"] == first["sub"]
    assert second["auth_time"] > first["auth_time"]


def test_prompt_login_cannot_be_passed_without_signing_in(party: RelyingParty, maria: Visitor) -> None:
    party.ask(maria, prompt="login")
    interaction = maria.at.partition("interaction=")[2]
    for _ in range(2):
        maria.fetch("GET", f"/authorize/resume?interaction={interaction}")
        assert maria.location == f"/login?interaction={interaction}"
    maria.get(maria.location)
    maria.press(username=USERNAME, password="not hers")
    assert maria.faults == ["password"]
    maria.fetch("GET", f"/authorize/resume?interaction={interaction}")
    assert maria.location == f"/login?interaction={interaction}"


def test_oidcc_prompt_none_not_logged_in(party: RelyingParty, nobody: Visitor) -> None:
    party.ask(nobody, prompt="none")
    assert answer_of(nobody)["error"] == "login_required"


def test_oidcc_prompt_none_logged_in(
    standing_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    first = party.who(maria)
    standing_service.clock.move(2)
    second = party.who(maria, prompt="none")
    assert (second["sub"], second["auth_time"]) == (first["sub"], first["auth_time"])


def test_oidcc_max_age_1(standing_service: InProcess, party: RelyingParty, maria: Visitor) -> None:
    first = party.who(maria)
    standing_service.clock.move(3)
    party.ask(maria, max_age="1")
    sign_in(maria)
    second = party.read(party.redeem(answer_of(maria)["code"]).get_json()["id_token"])
    assert second["auth_time"] >= first["auth_time"] + 3


@pytest.mark.parametrize("max_age", ["10000", "999999999"])
def test_oidcc_max_age_10000(
    standing_service: InProcess, party: RelyingParty, maria: Visitor, max_age: str
) -> None:
    first = party.who(maria)
    standing_service.clock.move(1)
    assert party.who(maria, max_age=max_age)["auth_time"] == first["auth_time"]


def test_a_session_too_old_is_not_used_silently(
    standing_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    standing_service.clock.move(5)
    party.ask(maria, max_age="2", prompt="none")
    assert answer_of(maria)["error"] == "login_required"


def test_max_age_0_always_asks(party: RelyingParty, maria: Visitor) -> None:
    party.ask(maria, max_age="0")
    sign_in(maria)
    assert "code" in answer_of(maria)


def test_a25_nothing_is_silent_while_consent_is_pending(service: InProcess) -> None:
    party, maria = stranger(service), registered(service)
    party.ask(maria, prompt="none")
    assert answer_of(maria)["error"] == "consent_required"
    party.ask(maria)
    assert maria.page == "consent"
    party.ask(maria, prompt="none")
    assert answer_of(maria)["error"] == "consent_required"


def test_a25_nothing_is_silent_after_sign_out(service: InProcess) -> None:
    party, maria = portal(service), registered(service)
    party.ask(maria, prompt="none")
    assert "code" in answer_of(maria)
    maria.get("/logout")
    maria.press(confirm="yes")
    party.ask(maria, prompt="none")
    assert answer_of(maria)["error"] == "login_required"


# --- consent ------------------------------------------------------------------------------------------


def test_consent_names_client_and_scopes_and_is_remembered(service: InProcess) -> None:
    party, maria = stranger(service), registered(service)
    party.ask(maria, scope="openid email policies")
    assert maria.page == "consent"
    assert "Stranger" in maria.last.text
    maria.press()
    first = party.redeem(answer_of(maria)["code"]).get_json()
    assert first["scope"] == "openid email policies"
    party.ask(maria, scope="openid email", prompt="none")
    assert "code" in answer_of(maria)
    # More than was allowed asks again.
    party.ask(maria, scope="openid email policies phone")
    assert maria.page == "consent"


def test_prompt_consent_asks_again_first_party_or_not(service: InProcess) -> None:
    maria = registered(service)
    for party in (stranger(service), portal(service)):
        for _ in range(2):
            party.ask(maria, prompt="consent")
            assert maria.page == "consent"
            maria.press()
            assert "code" in answer_of(maria)


def test_the_consent_of_one_person_is_not_anothers(service: InProcess) -> None:
    party, maria = stranger(service), registered(service)
    party.ask(maria)
    maria.press()
    hans = registered(service, "hans.gruber@posta.example", given_name="Hans", family_name="Gruber")
    party.ask(hans)
    assert hans.page == "consent"


# --- id_token_hint ------------------------------------------------------------------------------------


def test_oidcc_id_token_hint(party: RelyingParty, maria: Visitor) -> None:
    hint = party.tokens(maria)["id_token"]
    again = party.who(maria, prompt="none", id_token_hint=hint)
    assert again["sub"] == party.read(hint)["sub"]


def test_an_expired_id_token_is_a_good_hint(
    standing_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    hint = party.tokens(maria)["id_token"]
    standing_service.clock.move(400)
    party.ask(maria, prompt="none", id_token_hint=hint)
    assert "code" in answer_of(maria)


def test_a_hint_of_somebody_else_asks_and_then_refuses(service: InProcess) -> None:
    party, maria = portal(service), registered(service)
    hint = party.tokens(maria)["id_token"]
    hans = registered(service, "hans.gruber@posta.example", given_name="Hans", family_name="Gruber")
    party.ask(hans, prompt="none", id_token_hint=hint)
    assert answer_of(hans)["error"] == "login_required"
    party.ask(hans, id_token_hint=hint)
    sign_in(hans, "hans.gruber@posta.example")
    assert answer_of(hans)["error"] == "login_required"
    party.ask(hans, id_token_hint=hint)
    sign_in(hans)
    assert "code" in answer_of(hans)


def test_what_is_no_id_token_of_this_client_is_refused(service: InProcess) -> None:
    party, other, maria = (
        portal(service),
        RelyingParty(service, service.client("spa", "app")),
        registered(service),
    )
    tokens = party.tokens(maria)
    foreign = other.tokens(maria)["id_token"]
    head, body, _ = tokens["id_token"].split(".")
    unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
    for hint in (
        foreign,
        tokens["access_token"],
        tokens["id_token"][:-4],
        tokens["id_token"] + "A",
        f"{unsigned}.{body}.",
        f"{head}.{body}.",
        "x",
    ):
        party.ask(maria, prompt="none", id_token_hint=hint)
        answer = answer_of(maria)
        assert answer["error"] == "invalid_request"
        assert answer["error_description"].startswith("id_token_hint")


# --- POST ---------------------------------------------------------------------------------------------


def test_oidcc_ensure_post_request_succeeds(party: RelyingParty, maria: Visitor) -> None:
    cross_site = {"Origin": "http://localhost:8001", "Sec-Fetch-Site": "cross-site"}
    # SameSite=Lax keeps the cookies at home: a browser without any stands for that.
    sender = party.service.visitor()
    sender.fetch("POST", "/authorize", data=party.request(), headers=cross_site)
    assert sender.last.status_code == 303
    assert not sender.last.headers.getlist("Set-Cookie")
    assert urlsplit(sender.location).path == "/authorize/resume"
    maria.get(sender.location)
    assert "code" in answer_of(maria)


def test_a_posted_request_may_be_silent_and_may_be_wrong(party: RelyingParty, nobody: Visitor) -> None:
    nobody.fetch("POST", "/authorize", data=party.request(prompt="none"))
    nobody.get(nobody.location)
    assert answer_of(nobody)["error"] == "login_required"
    nobody.fetch("POST", "/authorize", data=party.request(response_type="token"))
    assert answer_of(nobody)["error"] == "unsupported_response_type"
    nobody.fetch("POST", "/authorize", data=party.request(redirect_uri="https://evil.example/"))
    assert (nobody.last.status_code, nobody.page) == (400, "error")


def test_a_posted_request_is_taken_up_by_one_browser(service: InProcess) -> None:
    party = portal(service)
    first, second = service.visitor(), registered(service)
    first.fetch("POST", "/authorize", data=party.request())
    continuation = first.location
    first.get(continuation)
    assert first.page == "login"
    second.get(continuation)
    assert (second.last.status_code, second.page) == (400, "no-interaction")


# --- what is never an error ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "extra",
    [
        {"display": "page"},
        {"display": "popup"},
        {"display": "nonsense"},
        {"ui_locales": "se"},
        {"ui_locales": "en it"},
        {"claims_locales": "se"},
        {"login_hint": "maria.rossi@posta.example"},
        {"extra": "foobar"},
        {"acr_values": "urn:idp:acr:1 urn:idp:acr:2"},
        {"claims": '{"userinfo":{"name":{"essential":true}}}'},
        {"nonce": None},
        {"id_token_hint": ""},
        {"audience": "https://api.example", "resource": "https://api.example"},
    ],
)
def test_oidcc_optional_parameters(party: RelyingParty, maria: Visitor, extra: dict[str, str | None]) -> None:
    claims = party.who(maria, **extra)
    assert claims["sub"]
    assert ("nonce" in claims) == ("nonce" not in extra)
    assert claims["acr"] == "urn:idp:acr:1"


@pytest.mark.parametrize(
    ("locales", "lang"), [("en", "en"), ("it", "it"), ("se en", "en"), ("en-GB it", "en")]
)
def test_oidcc_ui_locales(party: RelyingParty, nobody: Visitor, locales: str, lang: str) -> None:
    party.ask(nobody, ui_locales=locales)
    assert nobody.page == "login"
    assert f'<html lang="{lang}"' in nobody.last.text


def test_oidcc_login_hint_is_filled_in_and_nothing_else(party: RelyingParty, nobody: Visitor) -> None:
    party.ask(nobody, login_hint='maria"><script>x')
    assert 'value="maria&#34;&gt;&lt;script&gt;x"' in nobody.last.text
    assert "<script>x" not in nobody.last.text


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("request", "eyJhbGciOiJub25lIn0.eyJyZXNwb25zZV90eXBlIjoiY29kZSJ9.", "request_not_supported"),
        ("request_uri", "https://localhost:1/request.jwt", "request_uri_not_supported"),
        ("registration", "{}", "registration_not_supported"),
    ],
)
def test_oidcc_request_objects_are_refused_as_unsupported_6(
    party: RelyingParty, maria: Visitor, name: str, value: str, error: str
) -> None:
    party.ask(maria, **{name: value})
    answer = answer_of(maria)
    assert (answer["error"], answer["state"]) == (error, "af0ifjsldkj")


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("openid profile", {"name", "given_name", "family_name", "birthdate", "locale", "updated_at"}),
        ("openid email", {"email", "email_verified"}),
        ("openid phone", set()),
        (
            "email openid profile",
            {
                "name",
                "given_name",
                "family_name",
                "birthdate",
                "locale",
                "updated_at",
                "email",
                "email_verified",
            },
        ),
    ],
)
def test_oidcc_scopes_bring_their_claims_5_4(
    party: RelyingParty, maria: Visitor, scope: str, names: set[str]
) -> None:
    tokens = party.tokens(maria, scope=scope)
    assert party.userinfo(tokens["access_token"]).get_json().keys() == {"sub", *names}


# --- §11 offline access and single sign-on ---------------------------------------------------------------


def test_a_second_client_signs_in_silently(service: InProcess) -> None:
    one, two = portal(service), RelyingParty(service, service.client("spa", "app"))
    maria = registered(service)
    first, second = one.who(maria), two.who(maria)
    assert first["sub"] == second["sub"]
    assert first["sid"] == second["sid"]
    assert first["auth_time"] == second["auth_time"]


def test_the_waiting_page_is_the_next_steps_own(party: RelyingParty, nobody: Visitor) -> None:
    party.ask(nobody)
    assert dict(parse_qsl(urlsplit(nobody.at).query)).keys() == {"interaction"}
    nobody.get("/login")
    assert nobody.page == "login"
    assert "interaction=" in nobody.at


def test_an_interaction_expires(service: InProcess) -> None:
    party, visitor = portal(service), service.visitor()
    registered(service)
    party.ask(visitor)
    service.clock.move(3600)
    visitor.press(username=USERNAME, password=PASSWORD)
    assert (visitor.last.status_code, visitor.page) == (400, "no-interaction")
