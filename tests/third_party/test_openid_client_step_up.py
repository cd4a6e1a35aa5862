"""openid-client 6 has a payout confirmed: acr_values and authorization_details by a pushed request."""

import json
import os
import re
import subprocess
import time
from typing import Any

import pytest

from idp.flows import clients
from idp.flows.clients import Registered
from tests.parts.node import Node
from tests.service.running import PASSWORD, HttpBrowser, RunningService
from tests.third_party.javascript import FOLDER, REDIRECT_URI, Steps

pytestmark = pytest.mark.third_party

SCRIPT = "openid_client_step_up.mjs"
# Luca's record has no other contact, and it is an old one: his account confirms from its first day.
MOBILE = "+393471234502"
DETAILS = {
    "type": "payout",
    "policy_number": "RCA-100003",
    "amount": {"value": "1500.00", "currency": "EUR"},
    "iban": "IT60X0542811101000000123456",
    "beneficiary": "Luca Verdi",
}


@pytest.fixture(scope="session")
def luca(running_service: RunningService) -> HttpBrowser:
    """A browser in which C100003 has just registered by his mobile."""
    browser = running_service.browser()
    browser.get("/register")
    browser.press(profile="person")
    browser.press(given_name="Luca", family_name="Verdi", username=MOBILE, accept_terms="yes")
    browser.press(new_password=PASSWORD)
    browser.press(code=running_service.code_for(MOBILE))
    assert browser.page == "register-done", browser.page
    return browser


def confirmed(running_service: RunningService, browser: HttpBrowser, url: str) -> str:
    """The address with which the browser leaves for the relying party, once Luca confirmed."""
    browser.get(url)
    if browser.page == "login":
        # A code alone began his session: that is one factor, and a second code would be the same one again.
        browser.press(username=MOBILE, password=PASSWORD)
    assert browser.page == "step-up", browser.page
    assert "1.500,00\xa0€" in browser.text or "€1,500.00" in browser.text
    contact = re.search(r'name="contact" value="([^"]+)"', browser.text)
    assert contact is not None
    before = running_service.code_for(MOBILE)
    browser.press(contact=contact[1])
    answer = browser.press(code=_code_after(running_service, before))
    location = answer.headers.get("location", "")
    assert location.startswith(REDIRECT_URI), browser.page
    return str(location)


def _code_after(running_service: RunningService, before: str) -> str:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        code = running_service.code_for(MOBILE)
        if code != before:
            return code
        time.sleep(0.05)
    raise AssertionError("no new code arrived")


@pytest.mark.parametrize("method", ["client_secret_basic", "none"])
def test_openid_client_has_an_operation_confirmed(
    running_service: RunningService, luca: HttpBrowser, node: Node, method: str
) -> None:
    node.install(FOLDER)
    client = registered(running_service, method)
    process = subprocess.Popen(
        [node.node, SCRIPT],
        cwd=FOLDER,
        env={
            **os.environ,
            "ISSUER": running_service.issuer,
            "CLIENT_ID": client["client_id"],
            "CLIENT_SECRET": client.get("client_secret", ""),
            "AUTH_METHOD": method,
            "REDIRECT_URI": REDIRECT_URI,
            "SCOPE": "openid payout",
            "ID_TOKEN_ALG": "ES256",
            "AUTHORIZATION_DETAILS": json.dumps(DETAILS),
            **({"DPOP": "1"} if method == "none" else {}),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        told = until_pushed(process)
        answer = confirmed(running_service, luca, told[-1]["url"])
        rest, faults = process.communicate(answer + "\n", timeout=60)
    assert process.returncode == 0, f"{told}\n{rest}{faults}"
    steps = Steps((*told, *(json.loads(line) for line in rest.splitlines())))
    assert "payout" in steps.of("discovery")["types"]
    assert steps.of("what_is_no_operation_is_not_taken")["error"] == "invalid_authorization_details"
    assert steps.of("pushed")["parameters"] == ["client_id", "request_uri"]
    got = steps.of("code")
    assert got["authorization_details"] == [DETAILS]
    assert (got["acr"], got["scope"], got["refresh_token"]) == ("urn:idp:acr:2", "payout", False)
    assert got["expires_in"] <= 300
    assert got["token_type"] == ("dpop" if method == "none" else "bearer")
    assert steps.of("the_code_is_good_once")["error"] == "invalid_grant"


def until_pushed(process: "subprocess.Popen[str]") -> tuple[dict[str, Any], ...]:
    """What the script tells until it needs the customer; raises AssertionError when it ends before."""
    told: list[dict[str, Any]] = []
    assert process.stdout is not None
    for line in process.stdout:
        told.append(json.loads(line))
        if told[-1]["step"] == "pushed" and told[-1]["ok"]:
            return tuple(told)
    raise AssertionError(f"it ended before it pushed: {told}")


def registered(running_service: RunningService, method: str) -> dict[str, Any]:
    """A first-party client that may have payouts confirmed."""
    made = clients.add(
        running_service.idp,
        {
            "client_kind": "spa" if method == "none" else "web",
            "client_name": "A client",
            "redirect_uris": [REDIRECT_URI],
            "token_endpoint_auth_method": method,
            "id_token_signed_response_alg": "ES256",
            "scope": "openid payout",
            "authorization_details_types": ["payout"],
            "first_party": True,
        },
        now=running_service.idp.clock.now(),
    )
    assert isinstance(made, Registered)
    return made.to_json()
