"""The main walk in a real browser, with no shortcut: portal, registration, code, policies, app, sign-out."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.service.demo import Demo, running_demo
from tests.service.on_screen import on_page, press
from tests.service.running import HttpBrowser

pytestmark = pytest.mark.slow

PASSWORD = "Tramonto7blu"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, started once for this file."""
    with running_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


def test_c100001_registers_from_the_portal_sees_her_policies_in_both_apps_and_signs_out(
    context: BrowserContext, demo: Demo
) -> None:
    page = context.new_page()
    page.goto(demo.portal)
    on_page(page, "portal-home")
    press(page, "#register")
    on_page(page, "register-profile")
    page.check('input[name="profile"][value="person"]')
    press(page, "#continue")
    on_page(page, "register-data")
    page.fill("#given_name", "Maria")
    page.fill("#family_name", "Rossi")
    page.fill("#username", "maria.rossi@posta.example")
    page.check("#accept_terms")
    press(page, "#continue")
    on_page(page, "register-password")
    page.fill("#new_password", PASSWORD)
    press(page, "#continue")
    on_page(page, "register-verify")
    page.fill("#code", demo.code_for("maria.rossi@posta.example"))
    press(page, "form:has(#code) #continue")
    on_page(page, "register-done")
    press(page, "#continue")
    on_page(page, "portal-policies")
    expect(page.locator('[data-policy="RCA-100001"]')).to_be_visible()
    expect(page.locator('[data-policy="VITA-100001"]')).to_be_visible()

    app = context.new_page()
    app.goto(demo.app)
    on_page(app, "app-policies")
    expect(app.locator('[data-policy="RCA-100001"]')).to_be_visible()

    press(page, "#logout")
    on_page(page, "portal-home")
    app.goto(demo.app)
    on_page(app, "app-home")


def registered(demo: Demo) -> None:
    """C100014 registers with his email, without a browser: what follows is about coming back."""
    email = "giuseppe.russo60@posta.example"
    browser = HttpBrowser(demo.issuer)
    try:
        browser.get("/register")
        browser.press(profile="person")
        browser.press(given_name="Giuseppe", family_name="Russo", username=email, accept_terms="yes")
        browser.press(new_password=PASSWORD)
        browser.press(code=demo.code_for(email))
        assert browser.page == "register-done", browser.page
    finally:
        browser.http.close()


def test_he_comes_back_his_mobile_is_no_username_and_his_email_is_one_in_any_spelling(
    context: BrowserContext, demo: Demo
) -> None:
    registered(demo)
    page = context.new_page()
    page.goto(demo.portal)
    press(page, "#login")
    on_page(page, "login")
    page.fill("#username", "380 123 4513")
    page.fill("#password", PASSWORD)
    press(page, "#continue")
    expect(page.locator("#password-error")).to_be_visible()
    page.fill("#username", "Giuseppe.Russo60@POSTA.example")
    page.fill("#password", PASSWORD)
    press(page, "#continue")
    # Nobody trusted this browser yet: a code goes to the one contact he has confirmed.
    on_page(page, "login-code")
    page.fill("#code", demo.code_for("giuseppe.russo60@posta.example", purpose="sign_in_code"))
    press(page, "form:has(#code) #continue")
    on_page(page, "portal-policies")


def test_going_back_to_a_page_that_refused_an_answer_does_not_offer_to_send_it_again(
    context: BrowserContext, demo: Demo
) -> None:
    page = context.new_page()
    page.goto(demo.portal)
    press(page, "#login")
    page.fill("#username", "maria.rossi@posta.example")
    page.fill("#password", PASSWORD + "x")
    press(page, "#continue")
    expect(page.locator("#password-error")).to_be_visible()
    press(page, "#continue")
    expect(page.locator("#password-error")).to_be_visible()
    page.goto(f"{demo.issuer}/legal/privacy")
    page.go_back()
    on_page(page, "login")
    expect(page.locator("#password-error")).to_have_count(0)
