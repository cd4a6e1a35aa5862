"""The walks of fingerprint and face without a browser: the soft authenticator answers what the pages ask."""

import json
from typing import Any

from tests.journeys.account_walks import EMAIL, confirmed_by_code, rows, signed_in
from tests.parts.soft_authenticator import SoftAuthenticator
from tests.service.in_process import PASSWORD, InProcess
from tests.service.visitor import Visitor

ADD = "/account/passkeys/add"
MAKE, USE, CONFIRM = "/account/passkeys/options", "/login/passkey", "/account/confirm/passkey"


def asked(visitor: Visitor, address: str) -> dict[str, Any]:
    """What the page's script would be told to ask the browser; the visitor stays on the page it sees."""
    page, at = visitor.last, visitor.at
    answer = visitor.send(address, {"csrf": visitor.csrf})
    visitor.response, visitor.at = page, at
    assert answer.status_code == 200, answer.status
    options: dict[str, Any] = json.loads(answer.text)
    return options


def to_add(visitor: Visitor, password: str = PASSWORD) -> None:
    """In front of the button that turns it on, freshly confirmed by password."""
    visitor.get(ADD)
    if visitor.page == "account-confirm":
        visitor.press(current_password=password)
    assert visitor.page == "passkey-add", (visitor.page, visitor.faults)


def add(visitor: Visitor, device: SoftAuthenticator) -> None:
    """Add a device to the account of whoever is signed in."""
    to_add(visitor)
    visitor.press(credential=json.dumps(device.create(asked(visitor, MAKE))))
    assert visitor.page == "passkeys", (visitor.page, visitor.faults)


def to_login(service: InProcess, source: str = "198.51.100.7") -> Visitor:
    """A browser that was never here, in front of the sign-in page."""
    visitor = service.visitor(source)
    visitor.get("/account")
    assert visitor.page == "login", visitor.page
    return visitor


def sign_in(visitor: Visitor, device: SoftAuthenticator, **more: Any) -> None:
    """Answer the sign-in page with a device."""
    visitor.press(credential=json.dumps(device.get(asked(visitor, USE), **more)))


def enrolled(service: InProcess, device: SoftAuthenticator | None = None, *, strong: bool = False) -> Any:
    """Maria, registered, with a device that she added: on a code to her mobile where ``strong``."""
    device = device or SoftAuthenticator()
    contact = "+393331234501" if strong else EMAIL
    service.register(service.visitor(), contact)
    service.clock.move(3600)
    visitor = signed_in(service, contact)
    if strong:
        visitor.get("/account/confirm", to="passkey-add", by="code")
        service.clock.move(600)
        visitor.get("/account/confirm", to="passkey-add", by="code")
        confirmed_by_code(service, visitor, contact)
    add(visitor, device)
    return visitor, device


def passkeys(service: InProcess) -> int:
    """How many there are."""
    return rows(service, "SELECT COUNT(*) FROM passkeys")


def trail(service: InProcess, name: str) -> list[dict[str, Any]]:
    """The details of every event of this name, the oldest first."""
    with service.idp.reading() as tx:
        found = tx.exec_driver_sql(f"SELECT details FROM audit_events WHERE name = '{name}' ORDER BY id")
        return [json.loads(details) for details in found.scalars()]


def refusals(service: InProcess) -> list[str]:
    """Why answers did not do, the oldest first."""
    return [str(details["reason"]) for details in trail(service, "passkey_refused")]
