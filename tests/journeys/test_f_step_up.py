"""Journey F: a stronger confirmation, where a client, a scope or a request demands it, over HTTP."""

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.account_walks import (
    DAY,
    EMAIL,
    MOBILE,
    SESSION,
    ask_code,
    prove,
    run,
    sent,
    signed_in,
)
from tests.journeys.passkey_walks import asked, enrolled, trail
from tests.parts.soft_authenticator import SoftAuthenticator
from tests.service import in_process
from tests.service.in_process import InProcess
from tests.service.relying_party import RelyingParty, answer_of, portal
from tests.service.visitor import Visitor

ONE, TWO, THREE = "urn:idp:acr:1", "urn:idp:acr:2", "urn:idp:acr:3"
HOUR = 3600


@pytest.fixture
def service(prepared_sqlite_url: str, service_folder: Path) -> Iterator[InProcess]:
    """The service with the product's policy of scopes; at sign-in a password is enough."""
    settings = in_process.settings_for(
        service_folder,
        prepared_sqlite_url,
        assurance={"second_factor": "never", "scopes": {"payout": TWO}},
    )
    opened = in_process.open_in_process(settings)
    yield opened
    opened.idp.database.engine.dispose()


def customer(service: InProcess, contact: str = MOBILE) -> Visitor:
    """Somebody who registered a while ago and has just signed in by password."""
    service.register(service.visitor(), contact)
    service.clock.move(HOUR)
    return signed_in(service, contact)


def claims_of(party: RelyingParty, visitor: Visitor) -> dict[str, Any]:
    """The claims of the ID token that the answer stands for."""
    reply = party.redeem(answer_of(visitor)["code"])
    assert reply.status_code == 200, reply.text
    return party.read(reply.get_json()["id_token"])


def confirm(service: InProcess, visitor: Visitor, contact: str = MOBILE) -> None:
    """Have the code sent, and give it."""
    assert visitor.page == "step-up", (visitor.page, visitor.faults)
    visitor.press()
    visitor.press(code=service.code_for(contact))


def essential(*values: str) -> str:
    return json.dumps({"id_token": {"acr": {"essential": True, "values": list(values)}}})


@pytest.mark.parametrize(
    "demand",
    [
        {"acr_values": TWO},
        {"acr_values": f"{THREE} {TWO}"},
        {"acr_values": f"unknown {TWO}"},
        {"claims": essential(TWO)},
        {"claims": json.dumps({"id_token": {"acr": {"value": TWO}}})},
        {"scope": "openid payout"},
    ],
)
def test_f_whoever_demands_more_gets_it_by_sms(service: InProcess, demand: dict[str, str]) -> None:
    party = portal(service, scope="openid payout")
    visitor = customer(service)
    party.ask(visitor, **demand)
    confirm(service, visitor)
    claims = claims_of(party, visitor)
    assert claims["acr"] == TWO
    assert set(claims["amr"]) == {"pwd", "otp", "sms", "mfa"}
    assert claims["auth_time"] == service.clock.now()
    assert trail(service, "stepped_up")[-1]["acr"] == TWO


@pytest.mark.parametrize(
    "demand",
    [
        {},
        {"acr_values": ONE},
        {"acr_values": f"{TWO} {ONE}"},
        {"acr_values": "urn:elsewhere:gold"},
        {"claims": json.dumps({"id_token": {"acr": None, "name": None}, "userinfo": {"email": None}})},
        {"claims": json.dumps({"id_token": {"acr": {"essential": True}}})},
    ],
)
def test_f_who_demands_nothing_more_asks_nothing_more(service: InProcess, demand: dict[str, str]) -> None:
    party = portal(service)
    visitor = customer(service)
    party.ask(visitor, **demand)
    assert claims_of(party, visitor)["acr"] == ONE


@pytest.mark.parametrize("weaker", [{}, {"acr_values": ONE}, {"claims": essential(ONE)}])
def test_f_a_request_cannot_lower_what_its_client_was_registered_with(
    service: InProcess, weaker: dict[str, str]
) -> None:
    party = portal(service, minimum_acr=TWO)
    visitor = customer(service)
    party.ask(visitor, **weaker)
    assert visitor.page == "step-up"
    confirm(service, visitor)
    assert claims_of(party, visitor)["acr"] == TWO


def test_f_opening_the_page_sends_nothing(service: InProcess) -> None:
    party = portal(service)
    visitor = customer(service)
    before = len(service.post())
    party.ask(visitor, acr_values=TWO)
    for _ in range(3):
        visitor.get(visitor.at)
    assert len(service.post()) == before
    visitor.press()
    assert service.post()[0]["purpose"] == "step_up_code"
    assert service.post()[0]["link"] is None


def test_f_a_code_makes_an_old_sign_in_young(service: InProcess) -> None:
    party = portal(service)
    visitor = customer(service)
    service.clock.move(1000)
    party.ask(visitor, acr_values=TWO, max_age="300")
    confirm(service, visitor)
    assert claims_of(party, visitor)["auth_time"] == service.clock.now()
    service.clock.move(200)
    party.ask(visitor, acr_values=TWO, max_age="300")
    assert claims_of(party, visitor)["acr"] == TWO
    service.clock.move(200)
    party.ask(visitor, acr_values=TWO, max_age="300")
    assert visitor.page == "step-up"


def test_f_a_silent_request_is_told_that_somebody_would_have_to_be_asked(service: InProcess) -> None:
    party = portal(service)
    visitor = customer(service)
    party.ask(visitor, acr_values=TWO, prompt="none")
    assert answer_of(visitor)["error"] == "interaction_required"


def test_f_no_such_class_is_told_at_once_where_it_is_essential(service: InProcess) -> None:
    party = portal(service)
    visitor = customer(service)
    party.ask(visitor, claims=essential("urn:elsewhere:gold"))
    assert answer_of(visitor)["error"] == "unmet_authentication_requirements"


@pytest.mark.parametrize("claims", ["[]", "{", '{"id_token": 1}', '{"id_token": {"acr": {"value": 3}}}'])
def test_f_claims_that_cannot_be_read_are_refused(service: InProcess, claims: str) -> None:
    party = portal(service)
    visitor = customer(service)
    party.ask(visitor, claims=claims)
    assert answer_of(visitor)["error"] == "invalid_request"


def test_f_the_one_person_that_is_asked_for_is_the_one_that_answers(service: InProcess) -> None:
    party = portal(service)
    visitor = customer(service)
    party.ask(visitor, prompt="none", claims=json.dumps({"id_token": {"sub": {"value": "somebody-else"}}}))
    assert answer_of(visitor)["error"] == "login_required"


def test_f_what_cannot_be_earned_is_said_and_answered(service: InProcess) -> None:
    party = portal(service)
    visitor = customer(service, EMAIL)
    service.clock.move(2 * DAY)
    visitor = signed_in(service)
    party.ask(visitor, acr_values=TWO)
    assert visitor.page == "step-up"
    visitor.press(give_up="yes")
    assert answer_of(visitor)["error"] == "unmet_authentication_requirements"
    assert trail(service, "step_up_refused") == [
        {**trail(service, "step_up_refused")[0], "wanted": TWO, "held": False}
    ]


def test_f_an_account_that_waits_is_told_until_when(service: InProcess) -> None:
    party = portal(service)
    visitor = customer(service)
    run(service, f"UPDATE accounts SET held_until = {service.clock.now() + DAY}")
    party.ask(visitor, acr_values=TWO)
    assert visitor.page == "step-up"
    assert "<time" in visitor.last.text
    visitor.press(code="000000")
    assert visitor.page == "step-up"
    visitor.press(give_up="yes")
    assert answer_of(visitor)["error"] == "unmet_authentication_requirements"


def test_f_whoever_cancels_is_told_to_the_relying_party(service: InProcess) -> None:
    party = portal(service)
    visitor = customer(service)
    party.ask(visitor, acr_values=TWO)
    visitor.press(cancel="yes")
    assert answer_of(visitor)["error"] == "access_denied"


@pytest.mark.parametrize(
    "fields", [{"give_up": "yes"}, {"code": ""}, {"code": "123"}, {"credential": "{}"}, {"resend": "yes"}]
)
def test_f_no_other_press_confirms_anything(service: InProcess, fields: dict[str, str]) -> None:
    party = portal(service)
    visitor = customer(service)
    party.ask(visitor, acr_values=TWO)
    visitor.press(**fields)
    assert visitor.page == "step-up"
    assert trail(service, "stepped_up") == []


def test_f_a_code_to_sign_in_or_to_change_data_steps_nobody_up(service: InProcess) -> None:
    party = portal(service)
    visitor = customer(service)
    visitor.get("/account/confirm", to="mobile", by="code")
    ask_code(visitor, MOBILE)
    code = service.code_for(MOBILE)
    party.ask(visitor, acr_values=TWO)
    visitor.press(code=code)
    assert visitor.page == "step-up"
    assert trail(service, "stepped_up") == []


def test_f_the_handle_changes_with_the_step_up(service: InProcess) -> None:
    party = portal(service)
    visitor = customer(service)
    before = visitor.cookie(SESSION)
    party.ask(visitor, acr_values=TWO)
    confirm(service, visitor)
    assert visitor.cookie(SESSION) != before


def test_f_a_passkey_earns_the_strongest(service: InProcess) -> None:
    party = portal(service)
    visitor, device = enrolled(service, strong=True)
    service.clock.move(HOUR)
    visitor = signed_in(service, MOBILE)
    party.ask(visitor, acr_values=THREE)
    assert visitor.page == "step-up"
    assert "use-code" not in visitor.last.text
    question = asked(visitor, "/step-up/passkey?" + visitor.at.partition("?")[2])
    visitor.press(credential=json.dumps(device.get(question)))
    claims = claims_of(party, visitor)
    assert claims["acr"] == THREE
    assert "mfa" in claims["amr"]


def test_f_somebody_elses_passkey_steps_nobody_up(service: InProcess) -> None:
    party = portal(service)
    visitor, _ = enrolled(service, strong=True)
    party.ask(visitor, acr_values=THREE)
    if visitor.page != "step-up":
        service.clock.move(HOUR)
        visitor = signed_in(service, MOBILE)
        party.ask(visitor, acr_values=THREE)
    question = asked(visitor, "/step-up/passkey?" + visitor.at.partition("?")[2])
    visitor.press(credential=json.dumps(SoftAuthenticator().get(question)))
    assert (visitor.page, visitor.faults) == ("step-up", ["page"])
    assert trail(service, "stepped_up") == []


# --- by SMS beside a passkey ------------------------------------------------------------------------------


def test_f_a_text_message_in_a_passkeys_place_is_told_to_its_owner(service: InProcess) -> None:
    party = portal(service)
    enrolled(service, strong=True)
    prove(service, EMAIL, of=MOBILE)
    service.clock.move(HOUR)
    visitor = signed_in(service, MOBILE)
    party.ask(visitor, acr_values=TWO)
    (by_code,) = re.findall(r'id="use-code" href="([^"]+)"', visitor.last.text)
    visitor.get(html.unescape(by_code))
    visitor.press()
    code = service.code_for(MOBILE)
    visitor.press(code="000000" if code != "000000" else "111111")
    assert sent(service, "confirmed_by_sms") == []
    visitor.press(code=code)
    assert claims_of(party, visitor)["acr"] == TWO
    # Where whoever has the number does not read.
    assert sent(service, "confirmed_by_sms") == [EMAIL]


def test_f_a_text_message_where_no_passkey_would_do_is_told_to_nobody(service: InProcess) -> None:
    party = portal(service)
    visitor = customer(service)
    party.ask(visitor, acr_values=TWO)
    confirm(service, visitor)
    assert claims_of(party, visitor)["acr"] == TWO
    assert sent(service, "confirmed_by_sms") == []


def test_f_a_passkey_is_no_confirmation_by_text_message(service: InProcess) -> None:
    party = portal(service)
    _, device = enrolled(service, strong=True)
    service.clock.move(HOUR)
    visitor = signed_in(service, MOBILE)
    party.ask(visitor, acr_values=TWO)
    question = asked(visitor, "/step-up/passkey?" + visitor.at.partition("?")[2])
    visitor.press(credential=json.dumps(device.get(question)))
    assert claims_of(party, visitor)["acr"] == THREE
    assert sent(service, "confirmed_by_sms") == []
