"""Whoever is in somebody's account asks for one more change, and the owner throws them out while it waits.

A change asks the insurer's registry whom to tell, which takes its time. Whatever the owner, a recovery or an
admin did in that time is not undone by the answer: nothing of the change is there afterwards.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from idp.accounts.registry import AgencyRegistry
from idp.flows import new_device, people
from idp.values import Handle
from tests.journeys import recovery_walks
from tests.journeys.account_walks import (
    DAY,
    EMAIL,
    MOBILE,
    OTHER,
    issued,
    pending,
    pick,
    rows,
    to_mobile,
    typed,
    value,
)
from tests.journeys.factor_walks import ADD, APP, CODES, add_app, code_of, secret_on, to
from tests.journeys.passkey_walks import MAKE, add, asked, to_add, trail
from tests.parts.soft_authenticator import SoftAuthenticator
from tests.service.in_process import PASSWORD, InProcess
from tests.service.visitor import Visitor

NEW = "Aurora9verde"


class Waited:
    """The registry, in whose time something happens, once."""

    def __init__(self, registry: AgencyRegistry) -> None:
        self._registry = registry
        self.meanwhile: Callable[[], None] | None = None

    def __getattr__(self, name: str) -> Any:
        answer = getattr(self._registry, name)

        def slow(*args: object) -> Any:
            happens, self.meanwhile = self.meanwhile, None
            if happens is not None:
                happens()
            return answer(*args)

        return slow


@pytest.fixture
def service(service_on_both: InProcess) -> InProcess:
    """The service, with Maria registered by email a month ago."""
    service_on_both.register(service_on_both.visitor("192.0.2.1"))
    service_on_both.clock.move(30 * DAY)
    service_on_both.post()
    return service_on_both


# --- what the stranger asks for ---------------------------------------------------------------------------

Press = Callable[[], object]
Change = Callable[[InProcess, Visitor], Press]


def a_passkey(_service: InProcess, thief: Visitor) -> Press:
    to_add(thief)
    made = json.dumps(SoftAuthenticator().create(asked(thief, MAKE)))
    return lambda: thief.press(credential=made)


def with_a_passkey(service: InProcess, thief: Visitor) -> str:
    add(thief, SoftAuthenticator())
    return str(value(service, "SELECT id FROM passkeys"))


def another_name(service: InProcess, thief: Visitor) -> Press:
    thief.get("/account/passkeys/name", passkey=with_a_passkey(service, thief))
    return lambda: thief.press(name="Altro")


def one_passkey_less(service: InProcess, thief: Visitor) -> Press:
    thief.get("/account/passkeys/remove", passkey=with_a_passkey(service, thief))
    return thief.press


def the_end_of_a_wait(service: InProcess, thief: Visitor) -> Press:
    with_a_passkey(service, thief)
    thief.get("/account/confirm-way", **{"for": "passkeys"})
    code = issued(service)
    return lambda: thief.press(activation_code=code)


def an_app(service: InProcess, thief: Visitor) -> Press:
    to(thief, ADD)
    secret = secret_on(thief)
    return lambda: thief.press(code=code_of(service, secret))


def no_app(service: InProcess, thief: Visitor) -> Press:
    add_app(service, thief)
    thief.get(f"{APP}/remove")
    return thief.press


def recovery_codes(_service: InProcess, thief: Visitor) -> Press:
    to(thief, CODES)
    return lambda: thief.press(make="yes")


def a_code_to_a_number(service: InProcess, thief: Visitor) -> Press:
    to_mobile(service, thief)
    return lambda: thief.press(mobile=OTHER)


def a_number_that_waits(service: InProcess, thief: Visitor) -> Press:
    typed(service, thief, OTHER)
    code = service.code_for(OTHER)
    return lambda: thief.press(code=code)


def a_number_on_file(service: InProcess, thief: Visitor) -> Press:
    typed(service, thief, MOBILE)
    code = service.code_for(MOBILE)
    return lambda: thief.press(code=code)


def a_number_made_good(service: InProcess, thief: Visitor) -> Press:
    pending(service, thief, OTHER)
    thief.get("/account/mobile/confirm")
    code = issued(service)
    return lambda: thief.press(activation_code=code)


def the_number_that_waits_dropped(service: InProcess, thief: Visitor) -> Press:
    pending(service, thief, OTHER)
    thief.get("/account")
    return lambda: thief.press(cancel="yes")


def a_username(service: InProcess, thief: Visitor) -> Press:
    thief.get("/account/username")
    pick(thief, MOBILE[-4:])
    assert thief.page == "username-verify", (thief.page, thief.faults)
    code = service.code_for(MOBILE)
    return lambda: thief.press(code=code)


def a_password(_service: InProcess, thief: Visitor) -> Press:
    thief.get("/account/password")
    return lambda: thief.press(current_password=PASSWORD, new_password="Girasole7blu")


def the_end_of_the_account(service: InProcess, thief: Visitor) -> Press:
    to_mobile(service, thief)
    thief.get("/account/close")
    assert thief.page == "account-close", thief.page
    return lambda: thief.press(confirm="yes")


CHANGES: dict[Change, tuple[str, ...]] = {
    a_passkey: ("passkey_added",),
    another_name: ("passkey_renamed",),
    one_passkey_less: ("passkey_removed",),
    the_end_of_a_wait: ("passkey_confirmed",),
    an_app: ("authenticator_added",),
    no_app: ("authenticator_removed",),
    recovery_codes: ("recovery_codes_made",),
    a_code_to_a_number: ("mobile_asked",),
    a_number_that_waits: ("mobile_pending",),
    a_number_on_file: ("mobile_confirmed",),
    a_number_made_good: ("mobile_confirmed",),
    the_number_that_waits_dropped: ("mobile_cancelled",),
    a_username: ("username_changed",),
    a_password: ("password_changed",),
    the_end_of_the_account: ("account_closed",),
}
"""Each change, and what the trail would say of it."""

OF_OTHERS = {"recovery"}
"""Who may have done the same in their own right."""


# --- what happens meanwhile -------------------------------------------------------------------------------


def not_me(service: InProcess) -> Press:
    link = str(next(m for m in service.post() if m["purpose"] == "new_device")["link"])
    token = Handle(link.rpartition("/")[2])
    return lambda: new_device.disavow(service.idp, token, now=service.clock.now())


def recovered(service: InProcess) -> Press:
    owner = recovery_walks.proven(service)
    if owner.page == "recover-factors":
        owner.press(**{name: "yes" for name, _ in recovery_walks.boxes(owner)})

    def finish() -> bool:
        owner.press(new_password=NEW)
        return owner.page == "recover-done"

    return finish


def sessions_ended(service: InProcess) -> Press:
    def end() -> bool:
        return isinstance(people.end_sessions(service.idp, EMAIL, now=service.clock.now()), people.Done)

    return end


def locked(service: InProcess) -> Press:
    return lambda: isinstance(people.lock(service.idp, EMAIL, now=service.clock.now()), people.Done)


# --- what comes of it -------------------------------------------------------------------------------------

_KEPT = {
    "passkeys": "SELECT count(*) FROM passkeys WHERE suspended_at IS NULL",
    "full passkeys": "SELECT count(*) FROM passkeys WHERE pending_until IS NULL",
    "apps": "SELECT count(*) FROM authenticators WHERE suspended_at IS NULL",
    "codes": "SELECT count(*) FROM recovery_codes",
    "numbers": "SELECT count(*) FROM mobile_changes WHERE state IN ('proving', 'pending', 'confirmed')",
    "contacts": "SELECT count(*) FROM proven_contacts",
}


def kept(service: InProcess) -> dict[str, int]:
    return {name: rows(service, query) for name, query in _KEPT.items()}


def stranger(service: InProcess, registry: Waited) -> Visitor:
    """Somebody who knows the password, on a node whose registry takes its time."""
    slow = InProcess(replace(service.idp, registry=cast(AgencyRegistry, registry)), service.clock)
    thief = slow.visitor("203.0.113.66")
    thief.get("/account")
    thief.press(username=EMAIL, password=PASSWORD)
    assert thief.page == "account", (thief.page, thief.faults)
    return thief


def written(service: InProcess, events: tuple[str, ...]) -> int:
    return sum(details.get("by") not in OF_OTHERS for event in events for details in trail(service, event))


@pytest.mark.parametrize("prepared", [not_me, recovered, sessions_ended, locked])
@pytest.mark.parametrize("change", CHANGES)
def test_nothing_is_there_of_a_change_whose_session_ended_while_it_waited(
    service: InProcess, change: Change, prepared: Callable[[InProcess], Press]
) -> None:
    registry = Waited(service.idp.registry)
    thief = stranger(service, registry)
    press = change(service, thief)
    # Between two codes to one contact.
    service.clock.move(61)
    owners = prepared(service)
    before, told = written(service, CHANGES[change]), len(service.post())
    after: list[dict[str, int]] = []

    def happens() -> None:
        assert owners() is not False
        after.append(kept(service))

    registry.meanwhile = happens
    press()
    assert after, "the registry was asked"
    assert thief.last.status_code < 500
    # Signed out; or told that the answer came too late, or of the password that it is another one.
    assert thief.page in ("login", "username-verify", "mobile-verify", "account-password"), thief.page
    assert written(service, CHANGES[change]) == before
    assert kept(service) == after[0]
    new = {m["purpose"] for m in service.post()[: len(service.post()) - told]}
    assert new <= {"sign_in_disavowed", "credentials_recovered"}
    thief.get("/account")
    assert thief.page == "login"


@pytest.mark.parametrize("change", CHANGES)
def test_the_same_change_is_there_where_nothing_happens_meanwhile(service: InProcess, change: Change) -> None:
    thief = stranger(service, Waited(service.idp.registry))
    press = change(service, thief)
    service.clock.move(61)
    before = written(service, CHANGES[change])
    press()
    assert written(service, CHANGES[change]) == before + 1
