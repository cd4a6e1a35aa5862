"""The main walk as in production, in a real browser: by mail, by SMS, silently, and out everywhere."""

import hashlib
import hmac
import time

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.production.deployment import SENDER, SMS_SECRET, Deployment, code_in, sign_in_code
from tests.service.on_screen import on_page, press

pytestmark = [pytest.mark.production, pytest.mark.slow]

PASSWORD = "Tramonto7blu"


def ask_for_a_code(page: Page, portal: str, given_name: str, family_name: str, username: str) -> None:
    """Walk from the portal to the page that waits for a code."""
    page.goto(portal)
    on_page(page, "portal-home")
    press(page, "#register")
    on_page(page, "register-profile")
    page.check('input[name="profile"][value="person"]')
    press(page, "#continue")
    on_page(page, "register-data")
    page.fill("#given_name", given_name)
    page.fill("#family_name", family_name)
    page.fill("#username", username)
    page.check("#accept_terms")
    press(page, "#continue")
    on_page(page, "register-password")
    page.fill("#new_password", PASSWORD)
    press(page, "#continue")
    on_page(page, "register-verify")


def answer(page: Page, code: str) -> None:
    """Type the code and go on to the portal."""
    page.fill("#code", code)
    press(page, "form:has(#code) #continue")
    on_page(page, "register-done")
    press(page, "#continue")
    on_page(page, "portal-policies")


def test_c100001_registers_by_mail_reads_her_policies_in_both_apps_and_signs_out_everywhere(
    deployment: Deployment, customer: BrowserContext
) -> None:
    page = customer.new_page()
    ask_for_a_code(page, deployment.portal.url, "Maria", "Rossi", "maria.rossi@posta.example")
    mail = deployment.mail.wait_for_mail("maria.rossi@posta.example")
    assert mail.over_tls
    assert mail.authenticated
    assert mail.sender == SENDER
    answer(page, code_in(mail.text))
    expect(page.locator('[data-policy="RCA-100001"]')).to_be_visible()
    expect(page.locator('[data-policy="VITA-100001"]')).to_be_visible()

    app = customer.new_page()
    app.goto(deployment.app.url)
    on_page(app, "app-policies")
    expect(app.locator('[data-policy="RCA-100001"]')).to_be_visible()

    press(page, "#logout")
    on_page(page, "portal-home")
    app.goto(deployment.app.url)
    on_page(app, "app-home")

    told = deployment.mail.wait_for_mail("maria.rossi@posta.example", count=2)
    assert "account" in told.text.lower() or "accesso" in told.text.lower()
    for received in deployment.mail.received:
        whole = received.message.as_string() + received.text
        assert "http://" not in whole
        assert "localhost" not in whole.replace("@localhost", "")


def test_c100003_registers_by_sms_signed_and_comes_back_with_his_password(
    deployment: Deployment, customer: BrowserContext
) -> None:
    page = customer.new_page()
    ask_for_a_code(page, deployment.portal.url, "Luca", "Verdi", "347 123 4502")
    deadline = time.monotonic() + 5
    while not (posts := [p for p in deployment.sms.posts if p.json["to"] == "+393471234502"]):
        assert time.monotonic() < deadline, deployment.log("worker")
        time.sleep(0.05)
    post = posts[0]
    signed = f"{post.headers['Idp-Timestamp']}.".encode() + post.body
    expected = hmac.new(SMS_SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert post.headers["Idp-Signature"] == f"sha256={expected}"
    assert post.headers["Idempotency-Key"] == post.json["id"]
    assert post.json["from"] == "Esempio"
    answer(page, code_in(post.json["text"]))
    expect(page.locator("[data-policy]").first).to_be_visible()
    press(page, "#logout")
    on_page(page, "portal-home")

    press(page, "#login")
    on_page(page, "login")
    page.fill("#username", "+39 347 123 4502")
    page.fill("#password", PASSWORD)
    press(page, "#continue")
    # The second factor, by SMS.
    on_page(page, "login-code")
    page.fill("#code", sign_in_code(deployment, "+393471234502"))
    page.check("#trust_browser")
    press(page, "form:has(#code) #continue")
    on_page(page, "portal-policies")

    # The browser is trusted now: its owner is asked for no code.
    press(page, "#logout")
    on_page(page, "portal-home")
    press(page, "#login")
    on_page(page, "login")
    page.fill("#username", "+39 347 123 4502")
    page.fill("#password", PASSWORD)
    press(page, "#continue")
    on_page(page, "portal-policies")


def test_a_sign_out_at_the_provider_ends_the_portals_session_by_a_back_channel_call(
    deployment: Deployment, customer: BrowserContext
) -> None:
    page = customer.new_page()
    ask_for_a_code(page, deployment.portal.url, "Giovanni", "Bianchi", "giovanni.bianchi@posta.example")
    answer(page, code_in(deployment.mail.wait_for_mail("giovanni.bianchi@posta.example").text))
    assert any(str(cookie.get("name")).startswith("__Host-portal_") for cookie in customer.cookies())
    provider = customer.new_page()
    provider.goto(f"{deployment.issuer}/logout")
    on_page(provider, "logout")
    press(provider, "#confirm-logout")
    on_page(provider, "signed-out")
    # Nothing of the portal was visited meanwhile: only the call between servers can have ended its session.
    deadline = time.monotonic() + 5
    while True:
        page.goto(deployment.portal.url)
        if page.locator('main[data-page="portal-home"]').count():
            break
        assert time.monotonic() < deadline, deployment.log("worker")
        time.sleep(0.1)
