"""The walks of an operation to be approved, step by step, for the tests of the room."""

import json
from typing import Any

from werkzeug.test import TestResponse

from tests.service.in_process import PASSWORD, InProcess
from tests.service.relying_party import RelyingParty
from tests.service.visitor import Visitor

MOBILE = "+393331234501"
IBAN = "IT60X0542811101000000123456"
SCOPE = "openid payout"
WITH_PAYOUT: dict[str, Any] = {
    "scope": "openid profile offline_access policies payout",
    "authorization_details_types": ["payout"],
}


def payout(**changed: Any) -> dict[str, Any]:
    """The details of a payout; a value of None leaves its field out."""
    whole = {
        "type": "payout",
        "policy_number": "RCA-100001",
        "amount": {"value": "1500.00", "currency": "EUR"},
        "iban": IBAN,
        "beneficiary": "Maria Rossi",
        **changed,
    }
    return {name: value for name, value in whole.items() if value is not None}


def portal(service: InProcess, client_id: str = "portal", **metadata: Any) -> RelyingParty:
    """A first-party web application that may have payouts approved."""
    return RelyingParty(service, service.client(client_id=client_id, **{**WITH_PAYOUT, **metadata}))


def customer(service: InProcess) -> Visitor:
    """A browser in which Maria, whose username is her mobile, signed in by password."""
    service.register(service.visitor("203.0.113.9"), MOBILE)
    service.clock.move(3600)
    return signed_in(service)


def signed_in(service: InProcess, contact: str = MOBILE) -> Visitor:
    """Another browser of hers, signed in by password."""
    visitor = service.visitor()
    visitor.get("/account")
    visitor.press(username=contact, password=PASSWORD)
    assert visitor.page == "account", (visitor.page, visitor.faults)
    return visitor


def push(party: RelyingParty, *details: Any, **changed: str | None) -> TestResponse:
    """Push a request with these details, which may be anything."""
    written = json.dumps(list(details or (payout(),)))
    return party.send("/par", party.request(**{"scope": SCOPE, "authorization_details": written, **changed}))


def pushed(party: RelyingParty, *details: Any, **changed: str | None) -> str:
    """The address of a request that was taken."""
    reply = push(party, *details, **changed)
    assert reply.status_code == 201, reply.text
    return str(reply.get_json()["request_uri"])


def bring(visitor: Visitor, party: RelyingParty, *details: Any, **changed: str | None) -> None:
    """Send a browser with an operation to be approved."""
    visitor.get("/authorize", client_id=party.client_id, request_uri=pushed(party, *details, **changed))


def sent(service: InProcess, visitor: Visitor, contact: str = MOBILE) -> str:
    """The code that the page's button sends."""
    assert visitor.page == "step-up", (visitor.page, visitor.last.status_code)
    visitor.press(**_chosen(visitor))
    assert visitor.page == "step-up", (visitor.page, visitor.last.status_code)
    return service.code_for(contact)


def approve(service: InProcess, visitor: Visitor) -> None:
    """Ask for the code, and type it."""
    visitor.press(code=sent(service, visitor))


def message(service: InProcess) -> dict[str, Any]:
    """The newest message with a code for an operation."""
    return next(one for one in service.post() if one["purpose"] == "operation_code")


def _chosen(visitor: Visitor) -> dict[str, str]:
    found = visitor.last.text.partition('name="contact" value="')[2].partition('"')[0]
    return {"contact": found} if found else {}
