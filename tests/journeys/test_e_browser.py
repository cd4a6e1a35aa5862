"""Journey E in a real browser with a virtual authenticator: what the customer sees, and what the trail holds.

The service runs in this process behind a real socket, so that its clock can be moved.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key
from playwright.sync_api import Browser, BrowserContext, Error, Page, Route, ViewportSize, expect

from tests.journeys.account_walks import EMAIL, HOLD, MOBILE, run, sent, value
from tests.journeys.devices import Device
from tests.journeys.passkey_walks import passkeys, refusals, trail
from tests.journeys.served import served
from tests.parts.soft_authenticator import SoftAuthenticator
from tests.service.in_process import CALLBACK, PASSWORD, InProcess
from tests.service.on_screen import on_page, press
from tests.service.relying_party import portal

pytestmark = pytest.mark.slow

PHONE = ViewportSize(width=390, height=844)


@pytest.fixture(scope="module")
def opened(prepared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """The service at an address of its own."""
    with served(prepared_folder, tmp_path_factory.mktemp("passkeys")) as one:
        yield one


@pytest.fixture
def service(opened: InProcess) -> InProcess:
    """The service, with Maria registered an hour ago."""
    opened.wipe()
    opened.register(opened.visitor())
    opened.clock.move(3600)
    return opened


@pytest.fixture
def devices(service: InProcess, chromium: Browser) -> Iterator[Callable[..., Device]]:
    """Makes telephones, each with a browser of its own."""
    made: list[BrowserContext] = []

    def make(*, autofill: bool = False) -> Device:
        context = chromium.new_context(viewport=PHONE, locale="it-IT", timezone_id="Europe/Rome")
        context.set_default_timeout(10_000)
        made.append(context)
        return Device(context.new_page(), service.idp.issuer, autofill=autofill)

    yield make
    for context in made:
        context.close()


@pytest.fixture
def phone(devices: Callable[..., Device]) -> Device:
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
    posted: list[str] = []
    phone.page.on("request", lambda request: posted.append(request.post_data or ""))
    phone.by_password()
    phone.enrol()
    expect(phone.page.locator(".notice.good")).to_be_visible()
    sent_by_browser = json.loads(next(_credential(body) for body in posted if "credential=" in body))
    assert sent_by_browser["clientExtensionResults"] == {"credProps": {"rk": True}}
    expect(phone.page.locator("[data-passkey-id]")).to_have_count(1)
    assert [one["isResidentCredential"] for one in phone.credentials] == [True]
    (added,) = trail(service, "passkey_added")
    assert added["until"] == service.clock.now() + HOLD
    assert sent(service, "passkey_pending") == sorted([EMAIL, MOBILE])


def test_e_second_device(service: InProcess, enrolled: Device, devices: Callable[..., Device]) -> None:
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
    phone.page.click("#enrol-passkey")
    expect(phone.page.locator("#passkey-trouble")).to_contain_text("già")
    assert (passkeys(service), len(trail(service, "passkey_added"))) == (1, 1)


def test_e_not_recognised_by_the_device_nothing_is_added(service: InProcess, phone: Device) -> None:
    phone.by_password()
    phone.to_add()
    phone.tell("setUserVerified", isUserVerified=False)
    phone.touched()
    phone.page.click("#enrol-passkey")
    expect(phone.page.locator("#passkey-trouble")).to_have_text(re.compile(r"\S"))
    expect(phone.page.locator("#enrol-passkey")).to_be_visible()
    phone.on("passkey-add")
    assert (passkeys(service), trail(service, "passkey_added"), refusals(service)) == (0, [], [])
    assert phone.credentials == []


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
    press(page, "form:has(#code) #continue")
    phone.on("register-done")
    expect(page.locator("#never")).to_be_visible()
    phone.touched()
    phone.press("enrol-passkey")
    phone.on("no-interaction")
    assert passkeys(service) == 1


def test_a8_offered_after_signing_in_until_never(service: InProcess, phone: Device) -> None:
    for button, last in (("continue", False), ("never", True)):
        phone.open("/account", "login")
        phone.page.fill("#username", EMAIL)
        phone.page.fill("#password", PASSWORD)
        phone.press("continue")
        phone.on("passkey-offer")
        phone.press(button)
        phone.on("account")
        assert len(trail(service, "passkey_offer_declined")) == int(last)
        phone.signs_out()
    phone.open("/account", "login")
    phone.page.fill("#username", EMAIL)
    phone.page.fill("#password", PASSWORD)
    phone.press("continue")
    phone.on("account")


def test_e_a_second_device_added_with_the_first_is_full_at_once(service: InProcess, enrolled: Device) -> None:
    service.clock.move(HOLD)
    enrolled.by_button()
    enrolled.on("account")
    # In front of another device, which does not have the first one's key.
    (first,) = enrolled.credentials
    enrolled.tell("removeCredential", credentialId=first["credentialId"])
    enrolled.enrol()
    expect(enrolled.page.locator("[data-passkey-id]")).to_have_count(2)
    expect(enrolled.page.locator("[data-passkey-id] .notice")).to_have_count(0)
    assert ["until" in one for one in trail(service, "passkey_added")] == [True, False]
    assert sent(service, "passkey_added") == sorted([EMAIL, MOBILE])


# --- signing in -------------------------------------------------------------------------------------------


def test_e_autofill_sign_in(service: InProcess, devices: Callable[..., Device]) -> None:
    phone = devices(autofill=True)
    phone.by_password()
    phone.enrol()
    phone.signs_out()
    phone.touched()
    phone.page.goto(f"{phone.base}/account")
    phone.on("account")
    success = trail(service, "sign_in_succeeded")[-1]
    assert (success["proof"], success["acr"]) == ("passkey", "urn:idp:acr:1")


def test_e_the_button_takes_over_from_the_autofill(devices: Callable[..., Device]) -> None:
    phone = devices(autofill=True)
    phone.page.add_init_script(_TELL_WHAT_IS_ASKED)
    phone.open("/account", "login")
    told = phone.page.locator("html")
    expect(told).to_have_attribute("data-asked", "conditional")
    phone.page.click("#use-passkey")
    # With the first one withdrawn before the second is asked, the browser does not refuse it.
    expect(told).to_have_attribute("data-asked", "conditional aborted button")
    expect(phone.page.locator("#passkey-trouble")).to_be_hidden()


_TELL_WHAT_IS_ASKED = """
    const get = navigator.credentials.get.bind(navigator.credentials);
    const tell = (what) => {
        const page = document.documentElement.dataset;
        page.asked = page.asked ? `${page.asked} ${what}` : what;
    };
    navigator.credentials.get = (options) => {
        tell(options.mediation ?? "button");
        options.signal?.addEventListener("abort", () => tell("aborted"));
        return get(options);
    };
"""


def test_e_button_sign_in(service: InProcess, enrolled: Device) -> None:
    service.clock.move(HOLD)
    enrolled.by_button()
    enrolled.on("account")
    success = trail(service, "sign_in_succeeded")[-1]
    assert (success["proof"], success["acr"]) == ("passkey", "urn:idp:acr:3")


def test_e_step_up(service: InProcess, enrolled: Device) -> None:
    service.clock.move(HOLD)
    enrolled.by_password()
    request = portal(service).request(acr_values="urn:idp:acr:3")
    enrolled.open(f"/authorize?{urlencode(request)}", "step-up")
    enrolled.touched()
    with enrolled.page.expect_request(f"{CALLBACK}?*") as back:
        enrolled.page.click("#use-passkey")
    assert "code" in parse_qs(urlsplit(back.value.url).query)
    stepped = trail(service, "stepped_up")[-1]
    assert (stepped["proof"], stepped["acr"]) == ("passkey", "urn:idp:acr:3")


def test_e_first_and_focused_where_a_relying_party_asks_for_it(service: InProcess, enrolled: Device) -> None:
    service.clock.move(HOLD)
    request = portal(service).request(acr_values="urn:idp:acr:3")
    enrolled.open(f"/authorize?{urlencode(request)}", "login")
    expect(enrolled.page.locator("#use-passkey")).to_be_focused()
    expect(enrolled.page.locator("#by-password")).to_be_visible()
    enrolled.touched()
    # The portal is not there; that its customer is sent back to it is enough.
    with enrolled.page.expect_request(f"{CALLBACK}?*") as back:
        enrolled.page.keyboard.press("Enter")
    assert "code" in parse_qs(urlsplit(back.value.url).query)
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


def test_e_cancelled_while_confirming_leaves_the_password(service: InProcess, enrolled: Device) -> None:
    service.clock.move(HOLD)
    enrolled.by_button()
    enrolled.on("account")
    service.clock.move(301)
    page = enrolled.page
    enrolled.touched(False)
    enrolled.open("/account/passkeys", "account-confirm")
    enrolled.tell("setUserVerified", isUserVerified=False)
    enrolled.touched()
    page.click("#use-passkey")
    expect(page.locator("#passkey-trouble")).to_be_visible()
    assert refusals(service) == [], "nothing was sent"
    expect(page.locator("#use-code")).to_have_count(0)
    page.fill("#current_password", PASSWORD)
    press(page, "form:has(#current_password) #continue")
    enrolled.on("passkeys")
    assert trail(service, "confirmed_again")[-1]["proof"] == "password"


def test_e_user_verification_refused(service: InProcess, enrolled: Device) -> None:
    enrolled.tell("setUserVerified", isUserVerified=False)
    enrolled.cancels()
    enrolled.on("login")
    assert refusals(service) == []
    assert [one["proof"] for one in trail(service, "sign_in_succeeded")] == ["password"]


def test_e_cancelled_prompt_falls_back_to_the_password(service: InProcess, enrolled: Device) -> None:
    enrolled.tell("setUserVerified", isUserVerified=False)
    enrolled.cancels()
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
    enrolled.submits(next(_credential(body) for body in posted if "credential=" in body))
    enrolled.refused()
    assert refusals(service) == ["challenge"]


def _credential(posted: str) -> str:
    return parse_qs(posted)["credential"][0]


def test_e_old_challenge(service: InProcess, enrolled: Device) -> None:
    enrolled.open("/account", "login")
    options = enrolled.asked()
    service.clock.move(300)
    enrolled.page.route(
        "**/login/passkey", lambda route: route.fulfill(body=options, content_type="application/json")
    )
    enrolled.touched()
    enrolled.press("use-passkey")
    enrolled.refused()
    assert refusals(service) == ["challenge"]


def test_e_another_users_credential(
    service: InProcess, enrolled: Device, devices: Callable[..., Device]
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
    enrolled.open("/account", "login")
    options = enrolled.asked()
    # The same host, hence the same passkeys, but a page of somebody else's.
    _at_strangers(enrolled, "http://localhost:1234/")
    credential = enrolled.signed(options)
    enrolled.touched(False)
    enrolled.open("/account", "login")
    enrolled.submits(credential)
    enrolled.refused()
    assert refusals(service) == ["origin"]


def test_e_wrong_rp_id(service: InProcess, enrolled: Device) -> None:
    enrolled.open("/account", "login")
    options = enrolled.asked()
    # A page that looks like ours, at another name: the browser does not let it ask for ours.
    _at_strangers(enrolled, "http://login.localhost:1234/")
    with pytest.raises(Error, match="SecurityError"):
        enrolled.signed(options.replace('"localhost"', '"example.com"'))
    # Even the very same key answers there in the name of that page, which is not ours.
    (credential,) = enrolled.credentials
    enrolled.tell("removeCredential", credentialId=credential["credentialId"])
    enrolled.tell("addCredential", credential={**credential, "rpId": "login.localhost"})
    signed = enrolled.signed(options.replace('"localhost"', '"login.localhost"'))
    enrolled.touched(False)
    enrolled.open("/account", "login")
    enrolled.submits(signed)
    enrolled.refused()
    assert refusals(service) == ["origin"]
    # A browser that lies about the page, with a device that does not about whom it answers.
    key = load_der_private_key(base64.b64decode(credential["privateKey"]), None)
    device = SoftAuthenticator(
        rp_id="login.localhost",
        origin=enrolled.base,
        credential_id=base64.b64decode(credential["credentialId"]),
        user_handle=base64.b64decode(credential["userHandle"]),
        private_key=key,
        count=credential["signCount"] + 100,
    )
    enrolled.open("/account", "login")
    enrolled.submits(json.dumps(device.get(json.loads(enrolled.asked()))))
    enrolled.refused()
    assert refusals(service) == ["origin", "rp_id"]
    assert [one["proof"] for one in trail(service, "sign_in_succeeded")] == ["password"]


def test_e_a_page_in_a_frame(service: InProcess, enrolled: Device) -> None:
    page, login = enrolled.page, f"{enrolled.base}/login"
    framed = (
        f'<!doctype html><title>x</title><iframe src="{login}" allow="publickey-credentials-get"></iframe>'
    )
    enrolled.open("/account", "login")
    at = page.url
    _at_strangers(enrolled, "http://localhost:1234/", framed.replace(login, at))
    inside = page.frame_locator("iframe")
    expect(inside.locator("main")).to_have_count(0)

    def unguarded(route: Route) -> None:
        answer = route.fetch()
        kept = {name: text for name, text in answer.headers.items() if name not in _GUARDS}
        route.fulfill(response=answer, headers=kept)

    # Were our pages ever shown in a stranger's, what is signed there would still not do.
    page.route(at, unguarded)
    page.reload()

    inside.locator("#use-passkey").click()
    expect(inside.locator("#page-error")).to_be_visible()
    expect(inside.locator("#password")).to_be_visible()
    assert refusals(service) == ["framed"]


_GUARDS = {
    "content-security-policy",
    "x-frame-options",
    "permissions-policy",
    "cross-origin-resource-policy",
    "cross-origin-opener-policy",
    "cross-origin-embedder-policy",
}


def _at_strangers(device: Device, address: str, page: str = "<!doctype html><title>x</title>") -> None:
    """Go to a page of somebody else's, with a finger on the device."""
    device.page.route(address, lambda route: route.fulfill(body=page, content_type="text/html"))
    device.page.goto(address)
    device.touched()


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
    press(phone.page, '[data-passkey-id] a[href*="/remove"]')
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
    expect(phone.page.locator("[data-passkey-id] h2")).to_have_text("Linux (Chrome)")
    press(phone.page, '[data-passkey-id] a[href*="/name"]')
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
    press(page, "#continue")
    on_page(page, "account")
    page.goto(f"{service.idp.issuer}/account/passkeys/add")
    expect(page.locator("noscript p, .notice.plain:visible")).not_to_have_count(0)
    context.close()
