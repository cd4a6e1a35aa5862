"""Maria's first hour on her telephone, and Luca's at his desk: they register, and ask for a payout each.

Each number gets three messages in a quarter of an hour, which is why there are two of them.
"""

from dataclasses import dataclass, field

from playwright.sync_api import Browser, Page, expect

from tests.journeys.devices import INTERNAL
from tests.service.demo import Demo
from tests.service.on_screen import on_page, press

PASSWORD = "Tramonto7blu"
IBAN = "IT60 X054 2811 1010 0000 0123 456"
_PHONE = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Mobile Safari/537.36"
)


@dataclass(frozen=True)
class Customer:
    """One of the demo's customers."""

    given_name: str
    family_name: str
    mobile: str
    policy: str

    @property
    def order(self) -> dict[str, str]:
        """What they ask for."""
        name = f"{self.given_name} {self.family_name}"
        return {"amount": "1.500,00", "iban": IBAN, "beneficiary": name}


MARIA = Customer("Maria", "Rossi", "+393331234501", '[data-policy="RCA-100001"]')
LUCA = Customer("Luca", "Verdi", "+393471234502", '[data-policy="RCA-100003"]')


@dataclass
class Seen:
    """What the pages looked like, and what the messages said."""

    shots: dict[str, bytes] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def take(self, page: Page, name: str, *, whole: bool = False) -> None:
        """Keep how a page looks, down to its end where ``whole``."""
        page.evaluate("document.activeElement?.blur()")
        size = page.viewport_size
        if whole and size is not None:
            # As on a telephone of this length: what stays at the bottom of the window is at its bottom.
            height = page.evaluate("document.documentElement.scrollHeight")
            page.set_viewport_size({"width": size["width"], "height": height})
        self.shots[name] = page.screenshot(animations="disabled", caret="hide")
        if size is not None:
            page.set_viewport_size(size)


def walk(browser: Browser, demo: Demo) -> Seen:
    """Everything, in Italian."""
    seen = Seen()
    phone = browser.new_context(
        viewport={"width": 390, "height": 760},
        locale="it-IT",
        timezone_id="Europe/Rome",
        user_agent=_PHONE,
        has_touch=True,
    )
    desktop = browser.new_context(
        viewport={"width": 1000, "height": 760}, locale="it-IT", timezone_id="Europe/Rome"
    )
    page = phone.new_page()
    page.goto(demo.app)
    on_page(page, "app-home")
    page.click("#login")
    on_page(page, "login")
    seen.take(page, "login")
    _registers(page, demo, MARIA, seen)
    on_page(page, "app-policies")
    seen.take(page, "app")
    _asks_in_the_app(page, demo, seen)
    _signs_in_elsewhere(desktop.new_page(), demo, seen)
    _looks_after_the_account(page, demo, seen)
    desktop.clear_cookies()
    _asks_in_the_portal(desktop.new_page(), demo, seen)
    phone.close()
    desktop.close()
    return seen


def _registers(page: Page, demo: Demo, customer: Customer, seen: Seen) -> None:
    press(page, "#register")
    on_page(page, "register-profile")
    page.check('input[name="profile"][value="person"]')
    press(page, "#continue")
    on_page(page, "register-data")
    page.fill("#given_name", customer.given_name)
    page.fill("#family_name", customer.family_name)
    page.fill("#username", customer.mobile.removeprefix("+39"))
    page.check("#accept_terms")
    seen.take(page, "data")
    press(page, "#continue")
    on_page(page, "register-password")
    page.emulate_media(color_scheme="dark")
    page.fill("#new_password", "Tramonto")
    seen.take(page, "password")
    page.emulate_media(color_scheme="light")
    page.fill("#new_password", PASSWORD)
    press(page, "#continue")
    on_page(page, "register-verify")
    seen.take(page, "code")
    page.fill("#code", demo.code_for(customer.mobile))
    press(page, "form:has(#code) #continue")
    on_page(page, "register-done")
    press(page, "#continue")


def _asks_in_the_app(page: Page, demo: Demo, seen: Seen) -> None:
    page.click(f"{MARIA.policy} button")
    on_page(page, "app-payout")
    _types(page, MARIA)
    seen.take(page, "app-payout", whole=True)
    page.click("#continue")
    _confirms(page, demo, MARIA, seen, "operation")
    on_page(page, "app-payout-done")
    seen.take(page, "app-payout-done", whole=True)


def _signs_in_elsewhere(page: Page, demo: Demo, seen: Seen) -> None:
    page.goto(f"{demo.portal}/login")
    on_page(page, "login")
    page.fill("#username", MARIA.mobile)
    page.fill("#password", PASSWORD)
    press(page, "#continue")
    on_page(page, "login-code")
    page.set_viewport_size({"width": 390, "height": 760})
    seen.take(page, "login-code", whole=True)
    page.fill("#code", demo.code_for(MARIA.mobile, purpose="sign_in_code"))
    page.check("#trust_browser")
    press(page, "form:has(#code) #continue")
    on_page(page, "portal-policies")
    page.close()


def _asks_in_the_portal(page: Page, demo: Demo, seen: Seen) -> None:
    page.goto(f"{demo.portal}/login")
    _registers(page, demo, LUCA, Seen())
    on_page(page, "portal-policies")
    press(page, f"{LUCA.policy} a.secondary")
    on_page(page, "portal-payout")
    _types(page, LUCA)
    press(page, "#continue")
    _confirms(page, demo, LUCA, seen, "operation-desktop")
    on_page(page, "portal-payout-done")
    seen.take(page, "receipt-desktop")


def _types(page: Page, customer: Customer) -> None:
    for name, value in customer.order.items():
        page.fill(f"#{name}", value)


def _confirms(page: Page, demo: Demo, customer: Customer, seen: Seen, name: str) -> None:
    # Who registered by a code never typed the password yet.
    on_page(page, "login")
    seen.take(page, f"{name}-login", whole=True)
    page.fill("#password", PASSWORD)
    press(page, "#continue")
    on_page(page, "step-up")
    seen.take(page, name, whole=True)
    press(page, "form:has([name=contact]) #continue")
    expect(page.locator("#code")).to_be_visible()
    seen.take(page, f"{name}-code", whole=True)
    code = demo.code_for(customer.mobile, purpose="operation_code")
    seen.texts[name] = next(one["text"] for one in demo.inbox() if one["code"] == code)
    page.fill("#code", code)
    page.click("form:has(#code) #continue")


def _looks_after_the_account(page: Page, demo: Demo, seen: Seen) -> None:
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable", {"enableUI": False})
    options = {**INTERNAL, "automaticPresenceSimulation": True}
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    _opens(page, demo, "/account/passkeys/add", "passkey-add")
    page.click("#enrol-passkey")
    on_page(page, "passkeys")
    seen.take(page, "passkeys", whole=True)
    _opens(page, demo, "/account/authenticator/add", "authenticator-add")
    seen.take(page, "authenticator-add", whole=True)
    _opens(page, demo, "/account/recovery-codes", "recovery-codes")
    press(page, "#continue")
    on_page(page, "recovery-codes-made")
    seen.take(page, "recovery-codes", whole=True)
    for name, path, page_name in (
        ("account", "/account", "account"),
        ("sessions", "/account/sessions", "account-sessions"),
        ("apps", "/account/apps", "account-apps"),
        ("activity", "/account/activity", "account-activity"),
        ("browsers", "/account/browsers", "account-browsers"),
        ("username", "/account/username", "account-username"),
        ("change-password", "/account/password", "account-password"),
        ("mobile", "/account/mobile", "mobile"),
        ("language", "/account/language", "account-language"),
        ("download", "/account/data", "account-data"),
        ("close", "/account/close", "account-close"),
    ):
        _opens(page, demo, path, page_name)
        seen.take(page, name, whole=True)


def _opens(page: Page, demo: Demo, path: str, name: str) -> None:
    page.goto(f"{demo.issuer}{path}")
    if page.locator('main[data-page="account-confirm"]').count():
        if page.locator("#current_password").count():
            page.fill("#current_password", PASSWORD)
            press(page, "form:has(#current_password) #continue")
        else:
            # Where a password is not enough her finger is.
            page.click("#use-passkey")
    on_page(page, name)
