"""A sign-in on a new device is told, and one press says "it was not me" (journey D)."""

import dataclasses
import json
from typing import Any, NoReturn

import pytest

from idp.accounts.registry import RegistryDown
from idp.flows import login, new_device
from idp.flows.browser import Browser
from idp.values import Handle
from tests.journeys import recovery_walks
from tests.journeys.account_walks import (
    DAY,
    EMAIL,
    MOBILE,
    OTHER,
    pending,
    prove,
    rows,
    run,
    sent,
    signed_in,
    state,
    value,
)
from tests.journeys.passkey_walks import add, refusals, sign_in, to_login, trail
from tests.journeys.recovery_walks import NEW
from tests.parts.soft_authenticator import SoftAuthenticator
from tests.service.in_process import PASSWORD, InProcess
from tests.service.relying_party import portal
from tests.service.visitor import Visitor

LUCA = "+393471234502"


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with Maria registered by email ten days ago."""
    clean_service.register(clean_service.visitor("192.0.2.1"))
    clean_service.clock.move(10 * DAY)
    return clean_service


@pytest.fixture
def both(service_on_both: InProcess) -> InProcess:
    """The same, once on each database."""
    service_on_both.register(service_on_both.visitor("192.0.2.1"))
    service_on_both.clock.move(10 * DAY)
    return service_on_both


class RegistryAway:
    """The insurer's registry on a bad day."""

    def __getattr__(self, _: str) -> Any:
        def ask(*_: object) -> NoReturn:
            raise RegistryDown

        return ask


def recovered(service: InProcess, *, keep: bool) -> None:
    """Choose a new password, keeping or dropping what there is."""
    visitor = recovery_walks.proven(service)
    if visitor.page == "recover-factors":
        visitor.press(**{name: "yes" for name, _ in recovery_walks.boxes(visitor) if keep})
    visitor.press(new_password=NEW)
    assert visitor.page == "recover-done", (visitor.page, visitor.faults)


def link_of(service: InProcess, to: str = EMAIL) -> str:
    """The newest link by which a sign-in is disavowed, as it was sent to a contact."""
    newest = next(m for m in service.post() if m["to"] == to and m["purpose"] == "new_device")
    return str(newest["link"])


def disavowed(service: InProcess, link: str | None = None) -> Visitor:
    """A browser in which the link was opened and the button pressed."""
    owner = service.visitor("192.0.2.44")
    owner.get(link or link_of(service))
    assert (owner.page, owner.at) == ("not-me", "/account/not-me")
    owner.press(confirm="yes")
    assert owner.page == "not-me-done", owner.page
    return owner


# --- the notice -------------------------------------------------------------------------------------------


def test_d_a_sign_in_in_a_new_browser_is_told_once_and_in_the_next_one_again(service: InProcess) -> None:
    first = signed_in(service)
    assert sent(service, "new_device") == [EMAIL]
    first.get("/logout")
    first.press(confirm="1")
    first.get("/account")
    first.press(username=EMAIL, password=PASSWORD)
    assert first.page == "account"
    assert sent(service, "new_device") == [EMAIL]
    signed_in(service)
    assert sent(service, "new_device") == [EMAIL, EMAIL]


def test_d_registering_is_no_sign_in_on_a_new_device(service: InProcess) -> None:
    assert sent(service, "new_device") == []


def test_d_the_notice_says_when_and_on_what_and_has_no_way_to_sign_in(service: InProcess) -> None:
    visitor = service.visitor()
    visitor.get("/account")
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Safari/604.1"
    fields = {"csrf": visitor.csrf, "username": EMAIL, "password": PASSWORD}
    visitor.send(visitor.at, fields, **{"User-Agent": agent})
    notice = next(m for m in service.post() if m["purpose"] == "new_device")
    assert "Safari su iPhone" in notice["text"]
    assert "198.51.100" not in notice["text"]
    assert "/login" not in notice["text"]
    assert notice["text"].count("http") == 1
    assert "/account/not-me/" in notice["link"]


def test_d_a_sign_in_with_a_passkey_is_told_too(service: InProcess) -> None:
    device = SoftAuthenticator()
    add(signed_in(service), device)
    visitor = to_login(service)
    sign_in(visitor, device)
    assert visitor.page == "account"
    assert sent(service, "new_device") == [EMAIL, EMAIL]


def test_d_wrong_passwords_are_told_to_nobody(service: InProcess) -> None:
    visitor = service.visitor()
    visitor.get("/account")
    visitor.press(username=EMAIL, password="Sbagliata9x")
    assert visitor.page == "login"
    assert sent(service, "new_device") == []


def test_d_nobody_waits_for_the_registry_to_sign_in_or_to_be_told(service: InProcess) -> None:
    idp = dataclasses.replace(service.idp, registry=RegistryAway())
    now, now_ms = service.clock.now(), service.clock.now_ms()
    browser = Browser(handle=idp.entropy.handle(), source="192.0.2.8")
    outcome = login.sign_in(idp, EMAIL, PASSWORD, browser, client_id=None, now=now, now_ms=now_ms)
    assert isinstance(outcome, login.SignedIn)
    assert sent(service, "new_device") == [EMAIL]


# --- it was not me ----------------------------------------------------------------------------------------


def test_d_opening_the_link_changes_nothing_however_often(service: InProcess) -> None:
    thief = signed_in(service)
    link = link_of(service)
    scanner = service.visitor("192.0.2.9")
    for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"):
        scanner.fetch(method, link)
    for _ in range(3):
        scanner.get(link)
    assert (scanner.page, scanner.at) == ("not-me", "/account/not-me")
    scanner.fetch("HEAD", "/account/not-me")
    scanner.send("/account/not-me", {"confirm": "yes"})
    assert scanner.last.status_code == 403
    scanner.send("/account/not-me", {"csrf": "x", "confirm": "yes"}, Origin="https://evil.example")
    assert scanner.last.status_code == 403
    thief.get("/account")
    assert thief.page == "account"


def test_d_one_press_ends_every_session_and_whatever_was_issued(service: InProcess) -> None:
    party, thief, other = portal(service), signed_in(service), signed_in(service)
    tokens = party.tokens(thief, scope="openid offline_access")
    assert party.userinfo(tokens["access_token"]).status_code == 200
    disavowed(service)
    for browser in (thief, other):
        browser.get("/account")
        assert browser.page == "login"
    assert party.userinfo(tokens["access_token"]).status_code == 401
    assert party.refresh(tokens["refresh_token"]).status_code == 400
    assert rows(service, "SELECT COUNT(*) FROM known_browsers") == 0
    (event,) = trail(service, "sign_in_disavowed")
    assert event["sessions"] >= 2
    assert sent(service, "sign_in_disavowed") == [EMAIL]


def test_d_the_password_that_was_known_opens_nothing_until_a_new_one_is_chosen(service: InProcess) -> None:
    signed_in(service)
    owner = disavowed(service)
    again = service.visitor()
    again.get("/account")
    again.press(username=EMAIL, password=PASSWORD)
    assert again.page == "login"
    owner.get("/recover")
    assert owner.page == "recover"
    recovered(service, keep=False)
    assert signed_in(service, password=NEW).page == "account"


def test_d_the_press_signs_nobody_in(service: InProcess) -> None:
    signed_in(service)
    owner = disavowed(service)
    owner.get("/account")
    assert owner.page == "login"


def test_d_a_device_added_lately_neither_signs_in_nor_confirms(service: InProcess) -> None:
    old, new = SoftAuthenticator(), SoftAuthenticator(credential_id=b"another-credential-id")
    add(signed_in(service), old)
    service.clock.move(8 * DAY)
    add(signed_in(service), new)
    link = link_of(service)
    service.clock.move(DAY)
    disavowed(service, link)
    visitor = to_login(service)
    sign_in(visitor, new)
    assert visitor.page == "login"
    assert refusals(service) == ["suspended"]
    visitor = to_login(service)
    sign_in(visitor, old)
    assert visitor.page == "account"


def test_d_what_a_recovery_keeps_is_as_it_was_and_the_rest_goes(service: InProcess) -> None:
    device = SoftAuthenticator()
    add(signed_in(service), device)
    disavowed(service)
    recovered(service, keep=True)
    assert value(service, "SELECT suspended_at FROM passkeys") is None
    visitor = to_login(service)
    sign_in(visitor, device)
    assert visitor.page == "account"


def test_d_what_is_suspended_is_no_last_way_in_and_hides_none(service: InProcess) -> None:
    old, new = SoftAuthenticator(), SoftAuthenticator(credential_id=b"another-credential-id")
    add(signed_in(service), old)
    service.clock.move(8 * DAY)
    add(signed_in(service), new)
    disavowed(service)
    visitor = to_login(service)
    sign_in(visitor, old)
    listed = "SELECT id FROM passkeys WHERE suspended_at IS {} NULL"
    usable, suspended = value(service, listed.format("")), value(service, listed.format("NOT"))
    service.clock.move(2 * DAY)
    visitor = to_login(service)
    sign_in(visitor, old)
    # Freshly signed in with what confirms by now.
    visitor.get("/account/passkeys/name", passkey=str(usable))
    visitor.send(f"/account/passkeys/remove?passkey={usable}", {"csrf": visitor.csrf})
    assert (visitor.page, rows(service, "SELECT COUNT(*) FROM passkeys")) == ("passkey-remove", 2)
    visitor.get("/account/passkeys/remove", passkey=str(suspended))
    visitor.press()
    assert rows(service, "SELECT COUNT(*) FROM passkeys") == 1


def test_d_a_number_that_waits_is_cancelled_and_one_made_good_lately_goes(service: InProcess) -> None:
    prove(service, "+393330001122")
    pending(service, signed_in(service))
    disavowed(service)
    assert state(service) == "cancelled"
    assert rows(service, "SELECT COUNT(*) FROM proven_contacts WHERE kind = 'mobile'") == 0
    assert OTHER not in sent(service, "mobile_confirmed")


def test_d_a_contact_proven_long_ago_stays(service: InProcess) -> None:
    prove(service, MOBILE)
    service.clock.move(8 * DAY)
    signed_in(service)
    disavowed(service)
    assert rows(service, "SELECT COUNT(*) FROM proven_contacts") == 2


def test_d_a_recovery_that_the_thief_began_ends_too(service: InProcess) -> None:
    signed_in(service)
    thief = recovery_walks.to_password(service)
    disavowed(service)
    thief.press(new_password=NEW)
    assert thief.page != "recover-done"
    assert value(service, "SELECT password_hash FROM accounts") is None


def test_d_a_link_is_good_for_seven_days_and_one_press(service: InProcess) -> None:
    signed_in(service)
    link = link_of(service)
    service.clock.move(7 * DAY)
    late = service.visitor()
    late.get(link)
    assert (late.page, late.last.status_code) == ("not-me", 410)
    signed_in(service)
    used = link_of(service)
    disavowed(service, used)
    again = service.visitor()
    again.get(used)
    assert (again.page, again.last.status_code) == ("not-me", 410)


def test_d_a_guessed_token_is_told_as_little_as_a_used_one(service: InProcess) -> None:
    signed_in(service)
    used = link_of(service)
    disavowed(service, used)
    pages = []
    for token in (used.rpartition("/")[2], "x" * 43, "%00", "ä", "x" * 500):
        visitor = service.visitor()
        visitor.get(f"/account/not-me/{token}")
        assert (visitor.page, visitor.last.status_code) == ("not-me", 410), token
        pages.append(visitor.last.text)
    assert len(set(pages)) == 1


def test_d_a_link_ends_nothing_of_another_account(service: InProcess) -> None:
    service.register(service.visitor(), LUCA, given_name="Luca", family_name="Verdi")
    luca = signed_in(service, LUCA)
    signed_in(service)
    luca.get(link_of(service))
    luca.press(confirm="yes")
    luca.get("/account")
    assert luca.page == "account"


def test_d_of_many_presses_at_once_one_does_it(both: InProcess) -> None:
    signed_in(both)
    token = Handle(link_of(both).rpartition("/")[2])
    now = both.clock.now()
    done = both.in_parallel(lambda _: new_device.disavow(both.idp, token, now=now), 6)
    assert sorted(done) == [False] * 5 + [True]
    assert sent(both, "sign_in_disavowed") == [EMAIL]


def test_d_the_token_of_the_link_is_kept_as_a_digest_only(service: InProcess) -> None:
    signed_in(service)
    token = link_of(service).rpartition("/")[2]
    disavowed(service)
    with service.idp.reading() as tx:
        kept = json.dumps([str(row) for row in tx.exec_driver_sql("SELECT * FROM disavowals")])
        trailed = json.dumps([str(row) for row in tx.exec_driver_sql("SELECT * FROM audit_events")])
    assert token not in kept + trailed
    run(service, "DELETE FROM disavowals")
