"""Journey E in a real browser with a virtual authenticator: what the customer sees, and what the trail holds.

The service runs in this process behind a real socket, so that its clock can be moved.
"""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.journeys.account_walks import EMAIL, HOLD, MOBILE, run, sent, value
from tests.journeys.passkey_walks import passkeys, refusals, trail
from tests.parts.ports import free_port
from tests.service.in_process import PASSWORD, InProcess, open_in_process, settings_for

pytestmark = pytest.mark.slow

PHONE = ViewportSize(width=390, height=844)
INTERNAL: dict[str, Any] = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": False,
}


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's own name
        """Say nothing."""


@pytest.fixture(scope="module")
def served(prepared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """The service at an address of its own."""
    folder = tmp_path_factory.mktemp("passkeys")
    shutil.copytree(prepared_folder / "keys", folder / "keys")
    shutil.copy(prepared_folder / "idp.sqlite3", folder / "idp.sqlite3")
    port = free_port()
    settings = settings_for(
        folder,
        f"sqlite:///{folder / 'idp.sqlite3'}",
        service={"issuer": f"http://localhost:{port}"},
    )
    opened = open_in_process(settings)
    with make_server("127.0.0.1", port, opened.app, _Server, _Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield opened
        server.shutdown()
    opened.idp.database.engine.dispose()


@pytest.fixture
def service(served: InProcess) -> InProcess:
    """The service, with Maria registered an hour ago."""
    served.wipe()
    served.register(served.visitor())
    served.clock.move(3600)
    return served


class Device:
    """A telephone: one page, and what verifies its owner. Nobody touches it before ``touched`` says so."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.base = base
        self._cdp = page.context.new_cdp_session(page)
        self._cdp.send("WebAuthn.enable", {"enableUI": False})
        self.id = self._cdp.send("WebAuthn.addVirtualAuthenticator", {"options": INTERNAL})["authenticatorId"]

    def tell(self, method: str, **parameters: Any) -> Any:
        return self._cdp.send(f"WebAuthn.{method}", {"authenticatorId": self.id, **parameters})

    def touched(self, yes: bool = True) -> None:
        """Its owner puts the finger on it as soon as it asks."""
        self.tell("setAutomaticPresenceSimulation", enabled=yes)

    @property
    def credentials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.tell("getCredentials")["credentials"]
        return found

    # --- walks -------------------------------------------------------------------------------------------

    def open(self, path: str, name: str) -> None:
        self.page.goto(f"{self.base}{path}")
        self.on(name)

    def on(self, name: str) -> None:
        """Wait until the page of this name is shown, and fits its window."""
        expect(self.page.locator(f'main[data-page="{name}"]')).to_be_visible(timeout=20_000)
        assert self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    def press(self, button: str) -> None:
        self.page.click(f"#{button}")

    def by_password(self, username: str = EMAIL) -> None:
        """Sign in by password and put the offer off."""
        self.touched(False)
        self.open("/account", "login")
        self.page.fill("#username", username)
        self.page.fill("#password", PASSWORD)
        self.press("continue")
        expect(self.page.locator("main:not([data-page=login])")).to_be_visible()
        if self.page.locator('main[data-page="passkey-offer"]').count():
            self.press("continue")
        self.on("account")

    def to_add(self) -> None:
        self.page.goto(f"{self.base}/account/passkeys/add")
        if self.page.locator("#current_password").count():
            self.page.fill("#current_password", PASSWORD)
            self.press("continue")
        self.on("passkey-add")

    def enrol(self) -> None:
        """Add this device to the account."""
        self.to_add()
        self.touched()
        self.press("enrol-passkey")
        self.on("passkeys")
        self.touched(False)

    def signs_out(self) -> None:
        self.touched(False)
        self.open("/logout", "logout")
        self.press("confirm-logout")
        self.on("signed-out")

    def by_button(self) -> None:
        """In front of the sign-in page, press the button with a finger on the device."""
        self.touched(False)
        self.open("/account", "login")
        self.touched()
        self.press("use-passkey")

    def refused(self) -> None:
        """The page says it, the password is there, and nobody is signed in."""
        expect(self.page.locator("#page-error")).to_be_visible()
        self.on("login")
        expect(self.page.locator("#password")).to_be_visible()


@pytest.fixture
def devices(service: InProcess, chromium: Browser) -> Iterator[Callable[[], Device]]:
    """Makes telephones, each with a browser of its own."""
    made: list[BrowserContext] = []

    def make(**more: Any) -> Device:
        context = chromium.new_context(viewport=PHONE, locale="it-IT", timezone_id="Europe/Rome", **more)
        context.set_default_timeout(10_000)
        made.append(context)
        return Device(context.new_page(), service.idp.issuer)

    yield make
    for context in made:
        context.close()


@pytest.fixture
def phone(devices: Callable[[], Device]) -> Device:
    """Maria's telephone."""
    return devices()


@pytest.fixture
def enrolled(phone: Device) -> Device:
    """The same, added to her account and signed out."""
    phone.by_password()
    phone.enrol()
    phone.signs_out()
    return phone


# --- adding -----------------------------------------------------------------------------------------------


def test_e_enrol(service: InProcess, phone: Device) -> None:
    phone.by_password()
    phone.enrol()
    expect(phone.page.locator(".notice.good")).to_be_visible()
    expect(phone.page.locator("[data-passkey-id]")).to_have_count(1)
    assert [one["isResidentCredential"] for one in phone.credentials] == [True]
    (added,) = trail(service, "passkey_added")
    assert added["until"] == service.clock.now() + HOLD
    assert sent(service, "passkey_pending") == sorted([EMAIL, MOBILE])


def test_e_second_device(service: InProcess, enrolled: Device, devices: Callable[[], Device]) -> None:
    tablet = devices()
    tablet.by_password()
    tablet.enrol()
    expect(tablet.page.locator("[data-passkey-id]")).to_have_count(2)
    tablet.signs_out()
    for device in (enrolled, tablet):
        device.by_button()
        device.on("account")
    used = [one["passkey"] for one in trail(service, "sign_in_succeeded") if "passkey" in one]
    assert len(set(used)) == 2


def test_e_excluded_device(service: InProcess, phone: Device) -> None:
    phone.by_password()
    phone.enrol()
    phone.to_add()
    phone.touched()
    phone.press("enrol-passkey")
    expect(phone.page.locator("#passkey-trouble")).to_contain_text("già")
    assert (passkeys(service), len(trail(service, "passkey_added"))) == (1, 1)


def test_a8_offered_after_the_registration(service: InProcess, phone: Device) -> None:
    service.wipe()
    page = phone.page
    phone.open("/register", "register-profile")
    page.check('input[name="profile"][value="person"]')
    phone.press("continue")
    for name, typed in (("given_name", "Maria"), ("family_name", "Rossi"), ("username", EMAIL)):
        page.fill(f"#{name}", typed)
    page.check("#accept_terms")
    phone.press("continue")
    page.fill("#new_password", PASSWORD)
    phone.press("continue")
    phone.on("register-verify")
    page.fill("#code", service.code_for(EMAIL))
    page.click("form:has(#code) #continue")
    phone.on("register-done")
    expect(page.locator("#never")).to_be_visible()
    phone.touched()
    phone.press("enrol-passkey")
    expect(page.locator("main:not([data-page=register-done])")).to_be_visible()
    assert passkeys(service) == 1


def test_a8_offered_after_signing_in_until_never(service: InProcess, phone: Device) -> None:
    for press, last in (("continue", False), ("never", True)):
        phone.open("/account", "login")
        phone.page.fill("#username", EMAIL)
        phone.page.fill("#password", PASSWORD)
        phone.press("continue")
        phone.on("passkey-offer")
        phone.press(press)
        phone.on("account")
        assert len(trail(service, "passkey_offer_declined")) == int(last)
        phone.signs_out()
    phone.open("/account", "login")
    phone.page.fill("#username", EMAIL)
    phone.page.fill("#password", PASSWORD)
    phone.press("continue")
    phone.on("account")


# --- signing in -------------------------------------------------------------------------------------------


def test_e_autofill_sign_in(service: InProcess, enrolled: Device) -> None:
    enrolled.touched()
    enrolled.page.goto(f"{enrolled.base}/account")
    enrolled.on("account")
    success = trail(service, "sign_in_succeeded")[-1]
    assert (success["proof"], success["acr"]) == ("passkey", "urn:idp:acr:1")


def test_e_button_sign_in(service: InProcess, enrolled: Device) -> None:
    service.clock.move(HOLD)
    enrolled.by_button()
    enrolled.on("account")
    success = trail(service, "sign_in_succeeded")[-1]
    assert (success["proof"], success["acr"]) == ("passkey", "urn:idp:acr:3")


def test_e_confirmed_once_more_with_the_finger(service: InProcess, enrolled: Device) -> None:
    service.clock.move(HOLD)
    enrolled.by_button()
    enrolled.on("account")
    service.clock.move(301)
    enrolled.touched(False)
    enrolled.open("/account/passkeys", "account-confirm")
    enrolled.touched()
    enrolled.press("use-passkey")
    enrolled.on("passkeys")
    assert trail(service, "confirmed_again")[-1]["proof"] == "passkey"


def test_e_user_verification_refused(service: InProcess, enrolled: Device) -> None:
    enrolled.tell("setUserVerified", isUserVerified=False)
    enrolled.by_button()
    expect(enrolled.page.locator("#passkey-trouble")).to_be_visible()
    enrolled.on("login")
    assert refusals(service) == []
    assert [one["proof"] for one in trail(service, "sign_in_succeeded")] == ["password"]


def test_e_cancelled_prompt_falls_back_to_the_password(service: InProcess, enrolled: Device) -> None:
    enrolled.tell("setUserVerified", isUserVerified=False)
    enrolled.by_button()
    expect(enrolled.page.locator("#passkey-trouble")).to_be_visible()
    expect(enrolled.page.locator("#username")).to_be_focused()
    enrolled.page.fill("#username", EMAIL)
    enrolled.page.fill("#password", PASSWORD)
    enrolled.press("continue")
    enrolled.on("account")
    assert trail(service, "sign_in_succeeded")[-1]["proof"] == "password"


@pytest.mark.parametrize(
    ("bits", "reason"),
    [
        ({"isBogusSignature": True}, "signature"),
        ({"isBadUV": True}, "not_verified"),
        ({"isBadUP": True}, "not_present"),
    ],
)
def test_e_bogus_signature_and_bits(
    service: InProcess, enrolled: Device, bits: dict[str, bool], reason: str
) -> None:
    enrolled.tell("setResponseOverrideBits", **bits)
    enrolled.by_button()
    enrolled.refused()
    assert refusals(service) == [reason]


def test_e_replayed_assertion(service: InProcess, enrolled: Device) -> None:
    posted: list[str] = []
    enrolled.page.on("request", lambda request: posted.append(request.post_data or ""))
    enrolled.by_button()
    enrolled.on("account")
    enrolled.signs_out()
    enrolled.open("/account", "login")
    _submit(enrolled.page, next(_credential(body) for body in posted if "credential=" in body))
    enrolled.refused()
    assert refusals(service) == ["challenge"]


def _credential(posted: str) -> str:
    return parse_qs(posted)["credential"][0]


def _submit(page: Page, credential: str) -> None:
    page.evaluate(
        """(credential) => {
            const form = document.getElementById("passkey-form");
            form.elements.credential.value = credential;
            form.requestSubmit();
        }""",
        credential,
    )


def test_e_old_challenge(service: InProcess, enrolled: Device) -> None:
    enrolled.touched(False)
    enrolled.open("/account", "login")
    with enrolled.page.expect_response("**/login/passkey") as first:
        enrolled.page.reload()
    options = first.value.text()
    service.clock.move(300)
    enrolled.page.route(
        "**/login/passkey", lambda route: route.fulfill(body=options, content_type="application/json")
    )
    enrolled.touched()
    enrolled.press("use-passkey")
    enrolled.refused()
    assert refusals(service) == ["challenge"]


def test_e_another_users_credential(
    service: InProcess, enrolled: Device, devices: Callable[[], Device]
) -> None:
    (marias,) = enrolled.credentials
    luca = service.visitor()
    service.register(luca, "+393471234502", given_name="Luca", family_name="Verdi")
    his = devices()
    his.by_password("+393471234502")
    his.enrol()
    his.signs_out()
    (lucas,) = his.credentials
    his.tell("removeCredential", credentialId=lucas["credentialId"])
    his.tell("addCredential", credential={**lucas, "userHandle": marias["userHandle"]})
    his.by_button()
    his.refused()
    assert refusals(service) == ["owner"]


def test_e_wrong_origin(service: InProcess, enrolled: Device) -> None:
    enrolled.touched(False)
    page = enrolled.page
    enrolled.open("/account", "login")
    with page.expect_response("**/login/passkey") as response:
        page.reload()
    options = response.value.text()
    # The same host, hence the same passkeys, but a page of somebody else's.
    page.route(
        "http://localhost:1234/",
        lambda route: route.fulfill(body="<!doctype html><title>x</title>", content_type="text/html"),
    )
    page.goto("http://localhost:1234/")
    enrolled.touched()
    credential = page.evaluate(
        """async (options) => JSON.stringify((await navigator.credentials.get({
            publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(options)),
        })).toJSON())""",
        options,
    )
    assert json.loads(credential)["type"] == "public-key"
    enrolled.touched(False)
    enrolled.open("/account", "login")
    _submit(page, credential)
    enrolled.refused()
    assert refusals(service) == ["origin"]


def test_e_cloned_counter(service: InProcess, enrolled: Device) -> None:
    (copy,) = enrolled.credentials
    enrolled.by_button()
    enrolled.on("account")
    enrolled.signs_out()
    enrolled.tell("removeCredential", credentialId=copy["credentialId"])
    enrolled.tell("addCredential", credential={**copy, "signCount": 0})
    enrolled.by_button()
    enrolled.refused()
    assert refusals(service) == ["counter"]
    assert len(trail(service, "passkey_copied")) == 1
    assert sent(service, "passkey_copied") == sorted([EMAIL, MOBILE])
    enrolled.by_password()
    enrolled.page.goto(f"{enrolled.base}/account/passkeys")
    enrolled.on("passkeys")
    expect(enrolled.page.locator("[data-passkey-id] .notice.bad")).to_be_visible()


def test_e_backup_flag_change(service: InProcess, enrolled: Device) -> None:
    (credential,) = enrolled.credentials
    enrolled.tell("setCredentialProperties", credentialId=credential["credentialId"], backupEligibility=True)
    enrolled.by_button()
    enrolled.refused()
    assert refusals(service) == ["backup"]


# --- looking after them -----------------------------------------------------------------------------------


def test_e_removed_credential_and_its_signal(service: InProcess, phone: Device) -> None:
    phone.by_password()
    phone.enrol()
    phone.page.click('[data-passkey-id] a[href*="/remove"]')
    phone.on("passkey-remove")
    phone.press("continue")
    phone.on("passkeys")
    expect(phone.page.locator("[data-passkey-id]")).to_have_count(0)
    _eventually(lambda: phone.credentials == [], phone.page)
    assert [one["by"] for one in trail(service, "passkey_removed")] == ["account"]
    assert sent(service, "passkey_removed") == sorted([EMAIL, MOBILE])


def test_e_a_credential_that_nobody_knows_is_signalled_as_such(service: InProcess, enrolled: Device) -> None:
    run(service, "DELETE FROM passkeys")
    enrolled.by_button()
    enrolled.refused()
    assert refusals(service) == ["unknown"]
    _eventually(lambda: enrolled.credentials == [], enrolled.page)


def _eventually(is_so: Callable[[], bool], page: Page) -> None:
    for _ in range(50):
        if is_so():
            return
        page.wait_for_timeout(100)
    raise AssertionError("not within five seconds")


def test_e_rename(service: InProcess, phone: Device) -> None:
    phone.by_password()
    phone.enrol()
    phone.page.click('[data-passkey-id] a[href*="/name"]')
    phone.on("passkey-name")
    phone.page.fill("#name", "Telefono")
    phone.press("continue")
    phone.on("passkeys")
    expect(phone.page.locator("[data-passkey-id] h2")).to_have_text("Telefono")
    assert len(trail(service, "passkey_renamed")) == 1
    assert sent(service, "passkey_renamed") == [EMAIL]


def test_e_another_username_reaches_the_device(service: InProcess, phone: Device) -> None:
    phone.by_password()
    phone.enrol()
    (credential,) = phone.credentials
    assert credential["userName"] == EMAIL
    phone.tell("removeCredential", credentialId=credential["credentialId"])
    phone.tell("addCredential", credential={**credential, "userName": "old@posta.example"})
    phone.page.reload()
    _eventually(lambda: [one["userName"] for one in phone.credentials] == [EMAIL], phone.page)


def test_e_last_used_and_the_kind_of_device_are_shown(service: InProcess, enrolled: Device) -> None:
    service.clock.move(HOLD)
    enrolled.by_button()
    enrolled.on("account")
    assert value(service, "SELECT last_used_at FROM passkeys") == service.clock.now()
    enrolled.open("/account/passkeys", "passkeys")
    shown = enrolled.page.locator("[data-passkey-id]").inner_text()
    assert "un solo dispositivo" in shown
    assert "mai" not in shown.casefold()


# --- without JavaScript -----------------------------------------------------------------------------------


def test_e_without_javascript_the_password_is_there_and_nothing_promises_more(
    service: InProcess, chromium: Browser
) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(f"{service.idp.issuer}/account")
    expect(page.locator("#use-passkey")).to_be_hidden()
    page.fill("#username", EMAIL)
    page.fill("#password", PASSWORD)
    page.click("#continue")
    expect(page.locator('main[data-page="account"]')).to_be_visible()
    page.goto(f"{service.idp.issuer}/account/passkeys/add")
    expect(page.locator("noscript p, .notice.plain:visible")).not_to_have_count(0)
    context.close()
