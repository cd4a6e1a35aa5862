"""A customer's device in a real browser: one page, and a virtual authenticator that verifies its owner."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.journeys.account_walks import EMAIL
from tests.service.in_process import PASSWORD
from tests.service.on_screen import on_page, press

INTERNAL: dict[str, Any] = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": False,
}

_WITHOUT_AUTOFILL = """
    if (window.PublicKeyCredential) {
        PublicKeyCredential.isConditionalMediationAvailable = async () => false;
    }
"""

_ASK = """async () => {
    const form = document.getElementById("passkey-form");
    const body = new URLSearchParams({ csrf: form.elements.csrf.value });
    return (await fetch(form.dataset.options, { method: "POST", body })).text();
}"""

SIGN = """async (options) => JSON.stringify((await navigator.credentials.get({
    publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(options)),
})).toJSON())"""

_SUBMIT = """(credential) => {
    const form = document.getElementById("passkey-form");
    form.elements.credential.value = credential;
    form.requestSubmit();
}"""


class Device:
    """A telephone; nobody touches it before ``touched`` says so.

    Without ``autofill`` its browser cannot offer passkeys beside saved names, as not every one can: a request
    that waits on the sign-in page would be answered by a finger that is meant for the button, at once, where
    the finger is there before the browser was asked.
    """

    def __init__(self, page: Page, base: str, *, autofill: bool = False) -> None:
        self.page = page
        self.base = base
        if not autofill:
            page.add_init_script(_WITHOUT_AUTOFILL)
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

    def asked(self) -> str:
        """What the page would ask its browser, as JSON."""
        options: str = self.page.evaluate(_ASK)
        return options

    def signed(self, options: str) -> str:
        """What its authenticator answers on whichever page it is, as JSON."""
        credential: str = self.page.evaluate(SIGN, options)
        return credential

    def submits(self, credential: str) -> None:
        """Send an answer from the sign-in page, whoever gave it."""
        with self.page.expect_navigation():
            self.page.evaluate(_SUBMIT, credential)

    # --- walks -------------------------------------------------------------------------------------------

    def open(self, path: str, name: str) -> None:
        self.page.goto(f"{self.base}{path}")
        self.on(name)

    def on(self, name: str) -> None:
        on_page(self.page, name)

    def press(self, button: str) -> None:
        """Press what leads to another page."""
        press(self.page, f"#{button}")

    def by_password(self, username: str = EMAIL) -> None:
        """Sign in by password and put the offer off."""
        self.touched(False)
        self.open("/account", "login")
        self.page.fill("#username", username)
        self.page.fill("#password", PASSWORD)
        self.press("continue")
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

    def cancels(self) -> None:
        """The same, but nothing comes of it: the page stays, says so, and leads to the username."""
        self.touched(False)
        self.open("/account", "login")
        self.touched()
        self.page.click("#use-passkey")
        expect(self.page.locator("#passkey-trouble")).to_be_visible()
        expect(self.page.locator("#username")).to_be_focused()
        self.on("login")

    def refused(self) -> None:
        """The page says it, the password is there, and nobody is signed in."""
        self.on("login")
        expect(self.page.locator("#page-error")).to_be_visible()
        expect(self.page.locator("#password")).to_be_visible()
