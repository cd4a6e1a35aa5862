"""Sessions (OWASP ASVS 5.0 V7, V3.5; security bar A15, A17, A18)."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest

from idp.app import web
from idp.values import digest_of
from idp.web.people import face
from tests.service.in_process import PASSWORD, InProcess, folder_of, open_in_process, settings_for
from tests.service.relying_party import RelyingParty, answer_of, left_for, portal, registered
from tests.service.visitor import Visitor
from tests.specs.house import Caller

SESSION, BROWSER, ENROLMENT = "idp_session_8000", "idp_browser_8000", "idp_enrolment_8000"
USERNAME = "maria.rossi@posta.example"


def signed_in(party: RelyingParty, visitor: Visitor) -> bool:
    party.ask(visitor, prompt="none")
    return "code" in answer_of(visitor)


def cookie(visitor: Visitor, name: str) -> str:
    value = visitor.cookie(name)
    assert value is not None
    return value


# --- 7.2 what a session is ------------------------------------------------------------------------------


def test_7_2_1_the_cookie_is_a_reference_and_the_database_holds_its_digest_only(service: InProcess) -> None:
    visitor = registered(service)
    secret = cookie(visitor, SESSION)
    # 7.2.3: 256 bits.
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", secret)
    with service.idp.reading() as tx:
        row = tx.exec_driver_sql("SELECT * FROM sessions").one()
    assert row.handle_digest == digest_of(secret)
    assert secret not in str(row)


def test_7_2_4_signing_in_makes_a_new_handle_and_the_old_one_is_dead(service: InProcess) -> None:
    party, visitor = portal(service), registered(service)
    before = cookie(visitor, SESSION)
    first = party.who(visitor)
    party.ask(visitor, prompt="login")
    visitor.press(username=USERNAME, password=PASSWORD)
    assert "code" in answer_of(visitor)
    after = cookie(visitor, SESSION)
    assert before != after
    # It is one session, for whoever was issued something in it.
    assert party.who(visitor)["sid"] == first["sid"]
    thief = service.visitor("203.0.113.9")
    thief.set_cookie(SESSION, before)
    assert not signed_in(party, thief)


def test_a17_a_preset_session_is_not_taken_over(service: InProcess) -> None:
    party = portal(service)
    registered(service)
    victim, attacker = service.visitor(), service.visitor("203.0.113.9")
    victim.set_cookie(SESSION, "attacker-knows-this-session-value-0123456789A")
    party.ask(victim)
    victim.press(username=USERNAME, password=PASSWORD)
    assert cookie(victim, SESSION) != "attacker-knows-this-session-value-0123456789A"
    attacker.set_cookie(SESSION, "attacker-knows-this-session-value-0123456789A")
    assert not signed_in(party, attacker)


def test_a17_registering_in_another_persons_session_leaves_no_way_back(service: InProcess) -> None:
    party = portal(service)
    shared = registered(service)
    marias = cookie(shared, SESSION)
    service.register(shared, "hans.gruber@posta.example", given_name="Hans", family_name="Gruber")
    assert party.userinfo(party.tokens(shared, scope="openid email")["access_token"]).get_json()["email"] == (
        "hans.gruber@posta.example"
    )
    thief = service.visitor()
    thief.set_cookie(SESSION, marias)
    assert not signed_in(party, thief)


# --- 7.3 how long it lasts ------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "alive"), [(1799, True), (1801, False)])
def test_7_3_1_it_ends_after_half_an_hour_unused(service: InProcess, seconds: int, alive: bool) -> None:
    party, visitor = portal(service), registered(service)
    service.clock.move(seconds)
    assert signed_in(party, visitor) is alive


def test_7_3_1_use_keeps_it_alive(service: InProcess) -> None:
    party, visitor = portal(service), registered(service)
    for _ in range(6):
        service.clock.move(1500)
        assert signed_in(party, visitor)


def test_7_3_2_it_ends_after_twelve_hours_however_used(service: InProcess) -> None:
    party, visitor = portal(service), registered(service)
    began = service.clock.now()
    while service.clock.now() - began < 12 * 3600 - 1500:
        service.clock.move(1490)
        assert signed_in(party, visitor), service.clock.now() - began
    service.clock.move(12 * 3600 - (service.clock.now() - began))
    assert not signed_in(party, visitor)


def test_7_3_2_signing_in_again_does_not_stretch_it(service: InProcess) -> None:
    party, visitor = portal(service), registered(service)
    began = service.clock.now()
    while service.clock.now() - began < 12 * 3600 - 1500:
        service.clock.move(1490)
        party.ask(visitor, prompt="login")
        visitor.press(username=USERNAME, password=PASSWORD)
        assert "code" in answer_of(visitor)
    service.clock.move(12 * 3600 - (service.clock.now() - began))
    assert not signed_in(party, visitor)


def test_the_lifetimes_are_settings(service: InProcess) -> None:
    folder = folder_of(service.idp.settings)
    short = open_in_process(
        settings_for(folder, service.idp.settings.database.url, lifetimes={"session_idle": 60})
    )
    party, visitor = portal(short), registered(short)
    short.clock.move(61)
    assert not signed_in(party, visitor)
    short.idp.database.engine.dispose()


# --- 7.4 how it ends ------------------------------------------------------------------------------------


def test_7_4_1_sign_out_kills_it_on_the_server(service: InProcess) -> None:
    party, visitor = portal(service), registered(service)
    secret = cookie(visitor, SESSION)
    tokens = party.tokens(visitor, scope="openid")
    visitor.get("/logout")
    visitor.press(confirm="yes")
    assert visitor.cookie(SESSION) is None
    replay = service.visitor()
    replay.set_cookie(SESSION, secret)
    replay.set_cookie(BROWSER, cookie(visitor, BROWSER))
    assert not signed_in(party, replay)
    assert party.refresh(tokens["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert party.userinfo(tokens["access_token"]).status_code == 401


def test_offline_access_outlives_the_session_and_nothing_else_does(service: InProcess) -> None:
    party, visitor = portal(service), registered(service)
    online = party.tokens(visitor, scope="openid")
    offline = party.tokens(visitor, scope="openid offline_access")
    visitor.get("/logout")
    visitor.press(confirm="yes")
    assert party.refresh(online["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert party.refresh(offline["refresh_token"]).status_code == 200


@pytest.mark.parametrize("state", ["locked", "closed"])
def test_7_4_2_an_account_that_is_not_active_has_no_session(service: InProcess, state: str) -> None:
    party, visitor = portal(service), registered(service)
    tokens = party.tokens(visitor)
    with service.idp.writing() as tx:
        tx.exec_driver_sql(f"UPDATE accounts SET state = '{state}'")
    assert not signed_in(party, visitor)
    assert party.refresh(tokens["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert party.userinfo(tokens["access_token"]).status_code == 401
    party.ask(visitor)
    visitor.press(username=USERNAME, password=PASSWORD)
    assert visitor.faults == ["password"]


def test_two_browsers_have_sessions_of_their_own(service: InProcess) -> None:
    party, first = portal(service), registered(service)
    second = service.visitor()
    party.ask(second)
    second.press(username=USERNAME, password=PASSWORD)
    assert party.who(first)["sid"] != party.who(second)["sid"]
    first.get("/logout")
    first.press(confirm="yes")
    assert signed_in(party, second)


# --- A18 tossed cookies -----------------------------------------------------------------------------------


def test_a18_two_values_of_one_cookie_are_no_cookie(service: InProcess) -> None:
    party, visitor = portal(service), registered(service)
    good, browser = cookie(visitor, SESSION), cookie(visitor, BROWSER)
    query = urlencode(party.request(prompt="none"))
    once = f"{BROWSER}={browser}; {SESSION}={good}"
    for cookies, outcome in (
        (once, "code="),
        (f"{once}; {SESSION}=tossed", "error=login_required"),
        (f"{SESSION}=tossed; {once}", "error=login_required"),
    ):
        reply = Caller(service.app).get("/authorize", query=query, headers={"Cookie": cookies})
        assert outcome in (reply.header("Location") or "")


@pytest.mark.parametrize(
    "value",
    ["", "x" * 65, "x" * 5000, "\xc3\xa4", "\xff", "a\x00b", '"', "../../etc", "' OR 1=1 --", "%00", ";;=;"],
)
@pytest.mark.parametrize("name", [SESSION, BROWSER, ENROLMENT, "idp_lang_8000"])
def test_a18_nonsense_in_a_cookie_is_no_fault(standing_service: InProcess, name: str, value: str) -> None:
    caller = Caller(standing_service.app)
    for path in ("/register", "/register/verify", "/register/done", "/logout", "/consent"):
        reply = caller.get(path, headers={"Cookie": f"{name}={value}"})
        assert reply.status in (200, 303, 400), path
        assert reply.status != 400 or path == "/consent"


def test_a18_a_browser_cookie_that_is_none_is_replaced(standing_service: InProcess) -> None:
    reply = Caller(standing_service.app).get("/register", headers={"Cookie": f"{BROWSER}={'x' * 65}"})
    assert (reply.header("Set-Cookie") or "").startswith(f"{BROWSER}=")


def test_a18_a_post_without_our_cookies_sets_none_over_those_that_the_browser_has(
    standing_service: InProcess,
) -> None:
    """A form of another site brings none of them; the browser that sends it may be known and trusted here."""
    people = face.create(standing_service.idp, web.pages(standing_service.idp), messages=None)
    rules = [rule.rule for rule in people.url_map.iter_rules() if "POST" in (rule.methods or ())]
    assert len(rules) > 40
    caller = Caller(standing_service.app)
    for rule in rules:
        for fields in ({}, {"csrf": "x"}, {"client_id": "unknown", "state": "1"}):
            reply = caller.post(re.sub("<[^>]+>", "x", rule), fields)
            assert reply.header("Set-Cookie") is None, (rule, fields)


def test_a18_a_cookie_bomb_is_a_clean_answer(standing_service: InProcess) -> None:
    bomb = "; ".join(f"c{n}={'x' * 200}" for n in range(300))
    assert Caller(standing_service.app).get("/register", headers={"Cookie": bomb}).status == 200


@pytest.fixture
def on_https(service: InProcess) -> Iterator[InProcess]:
    """The same service as browsers reach it in production."""
    known = service.idp.settings
    opened = open_in_process(
        settings_for(folder_of(known), known.database.url, service={"issuer": "https://id.insurer.example"})
    )
    yield opened
    opened.idp.database.engine.dispose()


def test_3_3_1_on_https_every_cookie_is_bound_to_the_host(on_https: InProcess) -> None:
    visitor = on_https.visitor()
    visitor.get("/register")
    seen = visitor.last.headers.getlist("Set-Cookie")
    visitor.press(profile="person")
    data = {"given_name": "Maria", "family_name": "Rossi", "username": USERNAME, "accept_terms": "yes"}
    seen += visitor.send("/register/data", {"csrf": visitor.csrf, **data}).headers.getlist("Set-Cookie")
    visitor.get("/register/password")
    visitor.press(new_password=PASSWORD)
    code = on_https.code_for(USERNAME)
    seen += visitor.send("/register/verify", {"csrf": visitor.csrf, "code": code}).headers.getlist(
        "Set-Cookie"
    )
    visitor.get("/register/done", lang="en")
    seen += visitor.last.headers.getlist("Set-Cookie")
    names = {header.partition("=")[0] for header in seen}
    assert names == {f"__Host-idp_{what}" for what in ("browser", "enrolment", "session", "lang")}
    for header in seen:
        attributes = {part.strip() for part in header.split(";")[1:]}
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= attributes
        assert not [part for part in attributes if part.startswith("Domain")]
        assert len(header) < 4096


def test_a18_on_https_a_cookie_without_the_prefix_is_nobodys(on_https: InProcess) -> None:
    party, visitor = portal(on_https), registered(on_https)
    assert signed_in(party, visitor)
    tossed = on_https.visitor()
    for name in ("idp_session", "idp_session_443", "idp_session_8000", "__Secure-idp_session"):
        tossed.set_cookie(name, cookie(visitor, "__Host-idp_session"))
    party.ask(tossed, prompt="none")
    assert answer_of(tossed)["error"] == "login_required"


# --- A15 cross-site request forgery -----------------------------------------------------------------------

Form = tuple[Visitor, dict[str, str]]
"""A browser at a page, and what its form would send."""


@pytest.fixture(scope="module")
def party(standing_service: InProcess) -> RelyingParty:
    """The portal, with Maria among its customers."""
    registered(standing_service)
    return portal(standing_service)


def at_login(party: RelyingParty) -> Form:
    visitor = party.service.visitor()
    party.ask(visitor)
    return visitor, {"username": USERNAME, "password": PASSWORD}


def signed_in_now(party: RelyingParty) -> Visitor:
    visitor, form = at_login(party)
    visitor.press(**form)
    return visitor


def at_consent(party: RelyingParty) -> Form:
    visitor = signed_in_now(party)
    party.ask(visitor, prompt="consent")
    return visitor, {}


def at_consent_declining(party: RelyingParty) -> Form:
    return at_consent(party)[0], {"cancel": "yes"}


def at_profile(party: RelyingParty) -> Form:
    visitor = party.service.visitor()
    visitor.get("/register")
    return visitor, {"profile": "person"}


def at_data(party: RelyingParty) -> Form:
    visitor, form = at_profile(party)
    visitor.press(**form)
    return visitor, {
        "given_name": "Luca",
        "family_name": "Verdi",
        "username": "+393471234502",
        "accept_terms": "yes",
    }


def at_password(party: RelyingParty) -> Form:
    # Few codes go to one contact: another day.
    party.service.clock.move(86_400)
    visitor, form = at_data(party)
    visitor.press(**form)
    return visitor, {"new_password": PASSWORD}


def at_verify(party: RelyingParty) -> Form:
    visitor, form = at_password(party)
    visitor.press(**form)
    return visitor, {"code": party.service.code_for("+393471234502")}


def at_resend(party: RelyingParty) -> Form:
    visitor, _ = at_verify(party)
    party.service.clock.move(61)
    return visitor, {"resend": "yes"}


def at_done(party: RelyingParty) -> Form:
    visitor = signed_in_now(party)
    visitor.get("/register/done")
    return visitor, {}


def at_logout(party: RelyingParty) -> Form:
    visitor = signed_in_now(party)
    visitor.get("/logout")
    return visitor, {"confirm": "yes"}


PLACES = [
    (at_login, "login"),
    (at_consent, "consent"),
    (at_consent_declining, "consent"),
    (at_profile, "register-profile"),
    (at_data, "register-data"),
    (at_password, "register-password"),
    (at_verify, "register-verify"),
    (at_resend, "register-verify"),
    (at_done, "register-done"),
    (at_logout, "logout"),
]


@pytest.mark.parametrize(("place", "name"), PLACES)
def test_a15_no_form_is_taken_from_elsewhere(
    party: RelyingParty, place: Callable[[RelyingParty], Form], name: str
) -> None:
    visitor, form = place(party)
    assert visitor.page == name
    at, csrf = visitor.at, visitor.csrf
    cookies = {what: visitor.cookie(what) for what in (SESSION, BROWSER, ENROLMENT)}
    other = party.service.visitor()
    other.get("/register")
    own_but_older = at_profile(party)[0].csrf
    forgeries: list[tuple[dict[str, str], dict[str, str]]] = [
        ({"csrf": "x"}, {}),
        ({"csrf": other.csrf}, {}),
        ({"csrf": own_but_older}, {}),
        ({"csrf": csrf[:-1]}, {}),
        ({"csrf": csrf + "A"}, {}),
        ({"csrf": csrf}, {"Origin": "https://evil.example"}),
        ({"csrf": csrf}, {"Origin": "http://localhost:8001"}),
        ({"csrf": csrf}, {"Origin": "http://localhost:8000.evil.example"}),
        ({"csrf": csrf}, {"Origin": "https://localhost:8000"}),
        ({"csrf": csrf}, {"Origin": "http://localhost"}),
        ({"csrf": csrf}, {"Origin": ""}),
        ({"csrf": csrf}, {"Sec-Fetch-Site": "cross-site"}),
        ({"csrf": csrf}, {"Sec-Fetch-Site": "same-site"}),
        ({"csrf": csrf}, {"Sec-Fetch-Site": "none"}),
        ({"csrf": csrf}, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}),
    ]
    if name != "logout":
        # There it is a relying party's request, which asks (see test_rp_initiated_logout).
        forgeries += [({}, {}), ({"csrf": ""}, {})]
    for token, headers in forgeries:
        visitor.send(at, {**form, **token}, **headers)
        assert (visitor.last.status_code, visitor.page) == (403, "error"), (token, headers)
        assert left_for(visitor) is None
        assert {what: visitor.cookie(what) for what in cookies} == cookies
    # The very form goes through when our own page sends it.
    honest = {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin"}
    visitor.send(at, {**form, "csrf": csrf}, **honest)
    assert visitor.last.status_code in (200, 303), visitor.page
    assert visitor.page != "error"


@pytest.mark.parametrize(("place", "name"), PLACES)
def test_a15_a_browser_without_our_cookie_is_told_so(
    party: RelyingParty, place: Callable[[RelyingParty], Form], name: str
) -> None:
    visitor, form = place(party)
    at, csrf = visitor.at, visitor.csrf
    bare = party.service.visitor()
    bare.send(at, {**form, "csrf": csrf})
    assert (bare.last.status_code, bare.page) == (403, "error")
    assert 'id="error-code">cookies_needed<' in bare.last.text


def test_a15_a_token_from_before_the_sign_in_is_worth_nothing_after_it(party: RelyingParty) -> None:
    visitor, form = at_login(party)
    before = visitor.csrf
    visitor.press(**form)
    visitor.send("/logout", {"csrf": before, "confirm": "yes"})
    assert (visitor.last.status_code, visitor.page) == (403, "error")
    assert signed_in(party, visitor)


def test_a15_login_csrf_needs_the_victims_own_page(party: RelyingParty) -> None:
    # The attacker logs the victim into the attacker's account: their own token, interaction and password.
    attacker, form = at_login(party)
    victim = party.service.visitor()
    party.ask(victim)
    victim.send(attacker.at, {**form, "csrf": attacker.csrf})
    assert victim.last.status_code == 403
    assert victim.cookie(SESSION) is None
    # With a token of the victim's, there is still no such interaction in this browser.
    victim.get("/register")
    victim.send(attacker.at, {**form, "csrf": victim.csrf})
    assert (victim.last.status_code, victim.page) == (400, "no-interaction")
    assert victim.cookie(SESSION) is None


@pytest.mark.parametrize(
    "path",
    [
        "/login",
        "/consent",
        "/register",
        "/register/data",
        "/register/password",
        "/register/verify",
        "/logout",
    ],
)
def test_3_5_1_get_and_head_change_nothing(party: RelyingParty, path: str) -> None:
    visitor = signed_in_now(party)
    party.ask(visitor, prompt="consent")
    query = visitor.at.partition("?")[2]
    with party.service.counting() as counts:
        for method in ("GET", "HEAD"):
            for extra in (
                "confirm=yes",
                "csrf=x",
                "cancel=yes",
                "resend=yes",
                "code=123456",
                "profile=person",
            ):
                visitor.fetch(method, f"{path}?{query}&{extra}")
    written = [
        text for text in counts.statements if not text.lstrip().upper().startswith(("SELECT", "BEGIN"))
    ]
    assert [text for text in written if not text.startswith("PRAGMA")] == []
    assert signed_in(party, visitor)
