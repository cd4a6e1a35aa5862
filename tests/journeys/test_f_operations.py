"""Journey F: an operation is shown whole, confirmed as it was shown, and paid for by one token."""

import json
from typing import Any

import pytest

from idp.flows import export, operations
from idp.store import accounts
from tests.journeys.account_walks import EMAIL, prove, rows, run, twins, value
from tests.journeys.factor_walks import KNOWN_CODES, KNOWN_SECRET, code_of, with_app, with_codes
from tests.journeys.operation_walks import (
    IBAN,
    MOBILE,
    approve,
    bring,
    customer,
    message,
    payout,
    portal,
    push,
    pushed,
    sent,
    signed_in,
)
from tests.journeys.passkey_walks import add, asked, enrolled, sign_in, to_login, trail
from tests.parts.soft_authenticator import SoftAuthenticator
from tests.service.in_process import PASSWORD, POLICIES, InProcess
from tests.service.relying_party import RelyingParty, answer_of
from tests.service.visitor import Visitor


@pytest.fixture
def party(clean_service: InProcess) -> RelyingParty:
    return portal(clean_service)


@pytest.fixture
def maria(clean_service: InProcess) -> Visitor:
    return customer(clean_service)


def test_the_page_and_the_message_show_the_operation_whole(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    bring(maria, party, ui_locales="it")
    assert maria.page == "step-up"
    for shown in ("1.500,00\N{NO-BREAK SPACE}€", "IT60 X054 2811 1010 0000 0123 456", "Maria Rossi"):
        assert shown in maria.last.text
    assert "RCA-100001" in maria.last.text
    assert "Portal" in maria.last.text
    sent(clean_service, maria)
    text = message(clean_service)["text"]
    assert f"Liquidazione di 1.500,00 € a {IBAN}, intestatario Maria Rossi" in text
    assert "http" not in text
    assert text.splitlines()[-1].startswith("@localhost #")


def test_opening_the_page_sends_nothing(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    before = len(clean_service.post())
    bring(maria, party)
    maria.get(maria.at)
    assert len(clean_service.post()) == before


def test_one_approval_gives_one_token_that_says_what_was_approved(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    bring(maria, party)
    approve(clean_service, maria)
    tokens = party.redeem(answer_of(maria)["code"]).get_json()
    assert tokens["authorization_details"] == [payout()]
    assert (tokens["scope"], tokens["expires_in"]) == ("payout", 300)
    assert "refresh_token" not in tokens
    claims = party.read(tokens["access_token"])
    assert claims["authorization_details"] == [payout()]
    assert (claims["aud"], claims["scope"]) == (POLICIES, "payout")
    assert claims["exp"] - claims["iat"] == 300
    assert claims["acr"] == "urn:idp:acr:2"
    assert set(claims["amr"]) == {"pwd", "otp", "sms", "mfa"}
    assert claims["auth_time"] == clean_service.clock.now()
    identity = party.read(tokens["id_token"])
    assert (identity["acr"], identity["auth_time"]) == (claims["acr"], claims["auth_time"])
    assert "authorization_details" not in identity
    # It opens nothing else.
    assert party.userinfo(tokens["access_token"]).status_code == 403


def test_introspection_shows_the_details_to_the_api_alone(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    api = RelyingParty(clean_service, clean_service.client("api", "policies", audience=POLICIES))
    bring(maria, party)
    approve(clean_service, maria)
    token = party.redeem(answer_of(maria)["code"]).get_json()["access_token"]
    told = api.send("/introspect", {"token": token}).get_json()
    assert (told["active"], told["authorization_details"]) == (True, [payout()])
    assert party.send("/introspect", {"token": token}).get_json() == {"active": False}


def test_an_approval_adds_nothing_to_the_session(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    clean_service.clock.move(1200)
    bring(maria, party)
    approve(clean_service, maria)
    answer_of(maria)
    claims = party.who(maria)
    assert (claims["acr"], claims["amr"]) == ("urn:idp:acr:1", ["pwd"])
    assert claims["auth_time"] == clean_service.clock.now() - 1200


def test_a_passkey_confirms_what_it_was_asked_for(clean_service: InProcess) -> None:
    party = portal(clean_service)
    maria, device = enrolled(clean_service, strong=True)
    bring(maria, party)
    options = asked(maria, maria.at.replace("/step-up", "/step-up/passkey"))
    maria.press(credential=json.dumps(device.get(options)))
    claims = party.read(party.redeem(answer_of(maria)["code"]).get_json()["access_token"])
    assert claims["acr"] == "urn:idp:acr:3"
    assert {"hwk", "user", "mfa"} <= set(claims["amr"]) or {"swk", "user", "mfa"} <= set(claims["amr"])
    (approved,) = trail(clean_service, "operation_approved")
    assert approved["proof"] == "passkey"
    # An operation is not an opening of the portal, and is not told as one.
    assert len(trail(clean_service, "operation_exchanged")) == 1
    assert trail(clean_service, "code_exchanged") == []


def test_beside_a_passkey_alone_a_code_is_one_factor_and_not_offered(clean_service: InProcess) -> None:
    party = portal(clean_service)
    _, device = enrolled(clean_service, strong=True)
    clean_service.clock.move(3600)
    maria = to_login(clean_service)
    sign_in(maria, device)
    clean_service.clock.move(1200)
    bring(maria, party)
    assert 'id="use-passkey"' in maria.last.text
    assert 'id="use-code"' not in maria.last.text
    options = asked(maria, maria.at.replace("/step-up", "/step-up/passkey"))
    maria.press(credential=json.dumps(device.get(options)))
    claims = party.read(party.redeem(answer_of(maria)["code"]).get_json()["access_token"])
    assert claims["acr"] == "urn:idp:acr:3"


def test_a_text_message_in_a_passkeys_place_is_told_to_its_owner(clean_service: InProcess) -> None:
    party = portal(clean_service)
    _, device = enrolled(clean_service, strong=True)
    prove(clean_service, EMAIL, of=MOBILE)
    for by, told in (("passkey", 0), ("sms", 1)):
        clean_service.clock.move(3600)
        maria = signed_in(clean_service)
        bring(maria, party)
        if by == "passkey":
            options = asked(maria, maria.at.replace("/step-up", "/step-up/passkey"))
            maria.press(credential=json.dumps(device.get(options)))
        else:
            approve(clean_service, maria)
        answer_of(maria)
        letters = [one["to"] for one in clean_service.post() if one["purpose"] == "confirmed_by_sms"]
        # Where whoever has the number does not read.
        assert letters == [EMAIL] * told
    assert [one["proof"] for one in trail(clean_service, "operation_approved")] == ["passkey", "sms_code"]


def test_a_passkeys_answer_is_good_for_the_operation_it_was_asked_for(clean_service: InProcess) -> None:
    party = portal(clean_service)
    maria, device = enrolled(clean_service, strong=True)
    bring(maria, party)
    options = asked(maria, maria.at.replace("/step-up", "/step-up/passkey"))
    # The same finger, on another amount.
    bring(maria, party, payout(amount={"value": "9500.00", "currency": "EUR"}))
    maria.press(credential=json.dumps(device.get(options)))
    assert (maria.page, maria.faults) == ("step-up", ["page"])
    assert rows(clean_service, "SELECT COUNT(*) FROM approvals") == 0
    assert trail(clean_service, "passkey_refused")[-1]["reason"] == "challenge"


def test_where_a_passkey_is_demanded_a_code_is_not_offered(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    bring(maria, party, acr_values="urn:idp:acr:3")
    assert maria.page == "step-up"
    assert 'name="contact"' not in maria.last.text
    maria.press(contact="x")
    assert answer_of(maria)["error"] == "unmet_authentication_requirements"


def test_where_a_passkey_is_demanded_it_is_asked_for_once(clean_service: InProcess) -> None:
    party = portal(clean_service)
    maria, device = enrolled(clean_service, strong=True)
    bring(maria, party, acr_values="urn:idp:acr:3")
    options = asked(maria, maria.at.replace("/step-up", "/step-up/passkey"))
    maria.press(credential=json.dumps(device.get(options)))
    claims = party.read(party.redeem(answer_of(maria)["code"]).get_json()["access_token"])
    assert claims["acr"] == "urn:idp:acr:3"


def test_a_password_of_this_morning_and_a_code_of_now_are_two_factors(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    clean_service.clock.move(1500)
    bring(maria, party)
    approve(clean_service, maria)
    claims = party.read(party.redeem(answer_of(maria)["code"]).get_json()["access_token"])
    assert (claims["acr"], claims["auth_time"]) == ("urn:idp:acr:2", clean_service.clock.now())


def test_a_passkey_that_waits_is_told_with_its_time_and_confirms_nothing(clean_service: InProcess) -> None:
    party = portal(clean_service)
    maria = customer(clean_service)
    device = SoftAuthenticator()
    add(maria, device)
    bring(maria, party)
    assert 'id="held"' in maria.last.text
    assert "use-passkey" not in maria.last.text
    answer = maria.send(maria.at.replace("/step-up", "/step-up/passkey"), {"csrf": maria.csrf})
    assert answer.status_code == 403


def test_cancel_tells_the_relying_party(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    bring(maria, party)
    code = sent(clean_service, maria)
    maria.press(cancel="yes", code=code)
    assert answer_of(maria)["error"] == "access_denied"
    (refused,) = trail(clean_service, "operation_refused")
    assert (refused["type"], refused["reason"]) == ("payout", "declined")
    assert trail(clean_service, "operation_approved") == []


def test_without_a_way_the_page_says_so_and_the_relying_party_is_told(clean_service: InProcess) -> None:
    party = portal(clean_service)
    email = "maria.rossi@posta.example"
    clean_service.register(clean_service.visitor(), email)
    maria = signed_in(clean_service, email)
    bring(maria, party)
    assert maria.page == "step-up"
    assert 'id="use-code"' not in maria.last.text
    maria.press()
    assert answer_of(maria)["error"] == "unmet_authentication_requirements"
    (refused,) = trail(clean_service, "operation_refused")
    assert refused["reason"] == "unmet"


@pytest.mark.parametrize("stage", ["before a message", "beside a message", "as a recovery code"])
def test_the_authenticator_app_confirms_no_amount(
    clean_service: InProcess, party: RelyingParty, maria: Visitor, stage: str
) -> None:
    with_app(clean_service)
    code = with_codes_of(clean_service) if stage == "as a recovery code" else None
    bring(maria, party)
    if stage == "before a message":
        assert 'name="code"' not in maria.last.text
    else:
        sent(clean_service, maria)
    for field in ("code", "recovery_code"):
        maria.press(**{field: code or code_of(clean_service, KNOWN_SECRET)})
        assert maria.page == "step-up"
    assert trail(clean_service, "operation_approved") == []
    # Signing in and stepping up is what it is for.
    asked_for_two = portal(clean_service, "two")
    asked_for_two.ask(maria, acr_values="urn:idp:acr:2")
    assert maria.page == "step-up"
    maria.press(code=code_of(clean_service, KNOWN_SECRET))
    assert "code" in answer_of(maria)


def with_codes_of(service: InProcess) -> str:
    """One of Maria's recovery codes."""
    with_codes(service)
    return KNOWN_CODES[0]


def test_who_has_nothing_but_the_app_is_told_that_it_does_not_do(clean_service: InProcess) -> None:
    party = portal(clean_service)
    email = "maria.rossi@posta.example"
    clean_service.register(clean_service.visitor(), email)
    with_app(clean_service)
    # What was born on an email confirms nothing at first; after that the app still confirms no amount.
    clean_service.clock.move(3 * 86400)
    maria = signed_in(clean_service, email)
    bring(maria, party)
    assert maria.page == "step-up"
    assert 'name="code"' not in maria.last.text
    maria.press(code=code_of(clean_service, KNOWN_SECRET))
    assert answer_of(maria)["error"] == "unmet_authentication_requirements"
    assert trail(clean_service, "operation_approved") == []


def test_for_a_while_after_a_recovery_nothing_is_confirmed(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    until = clean_service.clock.now() + 86400
    run(clean_service, f"UPDATE accounts SET limited_until = {until}")
    bring(maria, party)
    assert 'id="held"' in maria.last.text
    assert "<time" in maria.last.text
    maria.press(contact="x")
    assert answer_of(maria)["error"] == "unmet_authentication_requirements"


# --- how it is asked for ---------------------------------------------------------------------------------


def test_what_is_not_pushed_is_refused(party: RelyingParty, maria: Visitor) -> None:
    party.ask(maria, scope="openid payout", authorization_details=json.dumps([payout()]))
    answer = answer_of(maria)
    assert answer["error"] == "invalid_request"
    assert "pushed" in answer["error_description"]


@pytest.mark.parametrize(
    "details",
    [
        (),
        (payout(), payout()),
        (payout(type="loan"),),
        (payout(type=None),),
        (payout(type=["payout"]),),
        (payout(more="yes"),),
        (payout(iban=None),),
        (payout(iban="IT60X0542811101000000123457"),),
        (payout(amount="1500.00"),),
        (payout(amount={"value": "1500.00", "currency": "USD"}),),
        (payout(amount={"value": 1500.00, "currency": "EUR"}),),
        (payout(amount={"value": "1500.0", "currency": "EUR"}),),
        (payout(amount={"value": "0.00", "currency": "EUR"}),),
        (payout(amount={"value": "-1.00", "currency": "EUR"}),),
        (payout(amount={"value": "1e3", "currency": "EUR"}),),
        (payout(amount={"value": "1500.00", "currency": "EUR", "more": "1"}),),
        (payout(beneficiary="Maria\N{RIGHT-TO-LEFT OVERRIDE}issoR"),),
        (payout(beneficiary="M" * 71),),
        (payout(beneficiary=""),),
        ("payout",),
    ],
)
def test_what_is_not_to_the_letter_is_refused_5(party: RelyingParty, details: tuple[Any, ...]) -> None:
    written = json.dumps(list(details))
    reply = push(party, authorization_details=written)
    assert (reply.status_code, reply.get_json()["error"]) == (400, "invalid_authorization_details")


@pytest.mark.parametrize(
    "written",
    [
        "{",
        "{}",
        "null",
        "[NaN]",
        json.dumps(payout()),
        json.dumps([payout()])[:-2] + ', "iban": "DE02120300000000202051"}]',
        "[" * 2000,
    ],
)
def test_what_is_not_one_json_array_is_refused(party: RelyingParty, written: str) -> None:
    reply = push(party, authorization_details=written)
    assert (reply.status_code, reply.get_json()["error"]) == (400, "invalid_authorization_details")


@pytest.mark.parametrize("scope", ["openid", "openid payout policies", "openid policies"])
def test_an_operation_comes_with_its_own_scope_alone(party: RelyingParty, scope: str) -> None:
    reply = push(party, scope=scope)
    assert (reply.status_code, reply.get_json()["error"]) == (400, "invalid_scope")


def test_a_client_asks_for_the_types_it_registered_10(clean_service: InProcess) -> None:
    other = portal(clean_service, "other", authorization_details_types=None)
    assert push(other).get_json()["error"] == "invalid_authorization_details"


def test_the_types_stand_in_discovery_10(clean_service: InProcess) -> None:
    told = clean_service.visitor().fetch("GET", "/.well-known/openid-configuration").get_json()
    assert told["authorization_details_types_supported"] == ["payout"]


def test_without_asking_anybody_nothing_is_approved(party: RelyingParty, maria: Visitor) -> None:
    bring(maria, party, prompt="none")
    assert answer_of(maria)["error"] == "interaction_required"
    nobody = party.service.visitor()
    bring(nobody, party, prompt="none")
    assert answer_of(nobody)["error"] == "login_required"


def test_whoever_registered_by_code_alone_gives_the_password_first(
    clean_service: InProcess, party: RelyingParty
) -> None:
    visitor = clean_service.visitor()
    clean_service.register(visitor, MOBILE)
    bring(visitor, party)
    assert visitor.page == "login"
    visitor.press(username=MOBILE, password=PASSWORD)
    assert visitor.page == "step-up"


# --- who tries to use it for something else ----------------------------------------------------------------


def test_a_code_is_good_for_the_operation_it_named(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    bring(maria, party)
    code = sent(clean_service, maria)
    bring(maria, party, payout(amount={"value": "9500.00", "currency": "EUR"}))
    maria.press(code=code)
    assert (maria.page, maria.faults) == ("step-up", ["page"])
    assert rows(clean_service, "SELECT COUNT(*) FROM approvals") == 0


def test_a_code_of_another_tab_is_worth_nothing_here(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    bring(maria, party)
    first = maria.at
    bring(maria, party)
    code = sent(clean_service, maria)
    maria.get(first)
    maria.press(code=code)
    assert (maria.page, maria.faults) == ("step-up", ["page"])
    assert rows(clean_service, "SELECT COUNT(*) FROM approvals") == 0


def test_another_browser_cannot_answer_or_use_it(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    bring(maria, party)
    code, at = sent(clean_service, maria), maria.at
    other = signed_in(clean_service)
    other.get(at)
    assert other.last.status_code == 400
    maria.press(code=code)
    assert "code" in answer_of(maria)
    other.get("/authorize/resume", interaction=at.partition("interaction=")[2])
    assert other.last.status_code == 400


def test_another_session_in_the_same_browser_confirms_anew(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    bring(maria, party)
    at = maria.at
    code = sent(clean_service, maria)
    run(clean_service, "UPDATE sessions SET ended_at = 1")
    maria.get(at)
    maria.press(username=MOBILE, password=PASSWORD)
    assert maria.page == "step-up"
    maria.press(code=code)
    assert (maria.page, maria.faults) == ("step-up", ["page"])
    assert rows(clean_service, "SELECT COUNT(*) FROM approvals") == 0


def test_an_approval_is_of_the_session_in_which_it_was_given(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    bring(maria, party)
    interaction = maria.at.partition("interaction=")[2]
    code = sent(clean_service, maria)
    # Approved, and the browser never came back for its code.
    maria.send(maria.at, {"csrf": maria.csrf, "code": code})
    assert rows(clean_service, "SELECT COUNT(*) FROM approvals WHERE used_at IS NULL") == 1
    run(clean_service, "UPDATE sessions SET ended_at = 1")
    maria.get("/authorize/resume", interaction=interaction)
    maria.press(username=MOBILE, password=PASSWORD)
    assert maria.page == "step-up"
    assert rows(clean_service, "SELECT COUNT(*) FROM approvals WHERE used_at IS NULL") == 1


def test_an_approval_is_of_the_request_for_which_it_was_given(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    bring(maria, party)
    code = sent(clean_service, maria)
    maria.send(maria.at, {"csrf": maria.csrf, "code": code})
    # The same payout once more, and by another client: each is approved for itself.
    bring(maria, party)
    assert maria.page == "step-up"
    bring(maria, portal(clean_service, "agency"))
    assert maria.page == "step-up"
    assert rows(clean_service, "SELECT COUNT(*) FROM approvals WHERE used_at IS NULL") == 1


def test_an_approval_lives_for_five_minutes(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    bring(maria, party)
    code = sent(clean_service, maria)
    # Approved, and the browser never came back for its code.
    maria.send(maria.at, {"csrf": maria.csrf, "code": code})
    assert rows(clean_service, "SELECT COUNT(*) FROM approvals WHERE used_at IS NULL") == 1
    clean_service.clock.move(301)
    maria.get("/authorize/resume", interaction=maria.at.partition("interaction=")[2].partition("&")[0])
    assert maria.page == "step-up"
    approve(clean_service, maria)
    assert "code" in answer_of(maria)
    assert rows(clean_service, "SELECT COUNT(*) FROM approvals") == 1


def test_a_code_leaves_once(clean_service: InProcess, party: RelyingParty, maria: Visitor) -> None:
    bring(maria, party)
    interaction = maria.at.partition("interaction=")[2]
    approve(clean_service, maria)
    code = answer_of(maria)["code"]
    maria.get("/authorize/resume", interaction=interaction)
    assert maria.last.status_code == 400
    assert party.redeem(code).status_code == 200
    assert party.redeem(code).get_json()["error"] == "invalid_grant"


def test_an_address_is_approved_once_in_however_many_tabs(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    address = {"client_id": party.client_id, "request_uri": pushed(party)}
    maria.get("/authorize", **address)
    first = maria.at
    maria.get("/authorize", **address)
    approve(clean_service, maria)
    assert "code" in answer_of(maria)
    maria.get(first)
    clean_service.clock.move(60)
    maria.press(code=sent(clean_service, maria))
    assert maria.last.status_code != 303
    assert len(trail(clean_service, "operation_approved")) == 1


def test_the_token_endpoint_takes_no_details(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    bring(maria, party)
    approve(clean_service, maria)
    other = json.dumps([payout(amount={"value": "2.00", "currency": "EUR"})])
    reply = party.redeem(answer_of(maria)["code"], authorization_details=other)
    assert reply.get_json()["error"] == "invalid_authorization_details"


def test_many_answers_at_once_approve_once_and_one_code_leaves(service_on_both: InProcess) -> None:
    service = service_on_both
    party, maria = portal(service), customer(service)
    bring(maria, party)
    code, at = sent(service, maria), maria.at
    crowd = twins(service, maria, 12)
    for twin in crowd:
        twin.get(at)
    fields = [{"csrf": twin.csrf, "code": code} for twin in crowd]
    answers = service.in_parallel(lambda number: crowd[number].send(at, fields[number]).status_code, 12)
    assert set(answers) <= {200, 303, 400}
    assert len(trail(service, "operation_approved")) == 1
    interaction = at.partition("interaction=")[2].partition("&")[0]
    service.in_parallel(lambda n: crowd[n].get("/authorize/resume", interaction=interaction), 12)
    left = [twin.location for twin in crowd if "code=" in twin.last.headers.get("Location", "")]
    assert len(left) == 1
    assert rows(service, "SELECT COUNT(*) FROM approvals") == 1
    codes = [answer_of(twin)["code"] for twin in crowd if "code=" in twin.last.headers.get("Location", "")]
    statuses = service.in_parallel(lambda _: party.redeem(codes[0]).status_code, 6)
    assert sorted(statuses) == [200, 400, 400, 400, 400, 400]


def test_two_tabs_of_one_address_approve_once_together(service_on_both: InProcess) -> None:
    service = service_on_both
    party, maria = portal(service), customer(service)
    address = {"client_id": party.client_id, "request_uri": pushed(party)}
    tabs = twins(service, maria, 2)
    typed = []
    for tab in tabs:
        tab.get("/authorize", **address)
        typed.append({"csrf": tab.csrf, "code": sent(service, tab)})
        service.clock.move(60)
        typed[-1]["csrf"] = tab.csrf
    service.in_parallel(lambda number: tabs[number].send(tabs[number].at, typed[number]), 2)
    assert len(trail(service, "operation_approved")) == 1
    assert rows(service, "SELECT COUNT(*) FROM approvals") == 1


# --- what is kept ------------------------------------------------------------------------------------------


def test_the_trail_keeps_what_was_approved_for_whoever_has_the_keys(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    bring(maria, party)
    approve(clean_service, maria)
    answer_of(maria)
    (approved,) = trail(clean_service, "operation_approved")
    assert (approved["type"], approved["proof"]) == ("payout", "sms_code")
    # As long as a name is: nothing in it is in clear.
    assert not {"iban", "amount", "beneficiary"} & approved.keys()
    (told,) = operations.trail(clean_service.idp, since=0, at_most=10)
    assert (told.event, told.client_id, told.operation) == ("operation_approved", "portal", payout())
    assert operations.trail(clean_service.idp, since=clean_service.clock.now() + 1, at_most=10) == ()
    # In the place of another event it opens nothing.
    run(
        clean_service,
        'UPDATE audit_events SET details = replace(details, \'"approval": "\', \'"approval": "x\')',
    )
    (moved,) = operations.trail(clean_service.idp, since=0, at_most=10)
    assert moved.operation is None


def test_who_downloads_their_data_reads_what_they_approved(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    bring(maria, party)
    approve(clean_service, maria)
    answer_of(maria)
    with clean_service.idp.reading() as tx:
        account = accounts.by_sub(tx, str(value(clean_service, "SELECT sub FROM accounts")))
    assert account is not None
    document = json.loads(export.of(clean_service.idp, account, by="account", now=clean_service.clock.now()))
    (event,) = [one for one in document["activity"] if one["event"] == "operation_approved"]
    assert event["details"]["operation"] == payout()
    assert not {"sealed", "digest"} & event["details"].keys()


def test_nothing_of_it_lies_in_the_database_in_clear(
    clean_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    bring(maria, party)
    approve(clean_service, maria)
    answer_of(maria)
    with clean_service.idp.reading() as tx:
        names = tx.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
        for name in names:
            if name in ("customer_records", "customer_contacts"):
                continue
            whole = repr(tx.exec_driver_sql(f'SELECT * FROM "{name}"').all())
            assert IBAN not in whole, name
            assert "Maria Rossi" not in whole, name
