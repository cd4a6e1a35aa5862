"""The other ways to an account as in production: by a link in another browser, by tax code, and back to it by
recovery; two server processes and a worker over PostgreSQL and Valkey, behind TLS."""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.production.deployment import Deployment, code_in, sign_in_code
from tests.production.test_journeys import PASSWORD, answer, ask_for_a_code
from tests.service.on_screen import on_page, press

pytestmark = [pytest.mark.production, pytest.mark.slow]

NEW_PASSWORD = "Aurora8verde"


@pytest.fixture
def telephone(outside: Browser) -> Iterator[BrowserContext]:
    """Another browser of the same customer, never here before."""
    context = outside.new_context(
        locale="it-IT", timezone_id="Europe/Rome", viewport={"width": 390, "height": 844}
    )
    context.set_default_timeout(15_000)
    yield context
    context.close()


def sms_to(deployment: Deployment, number: str, count: int = 1) -> str:
    """The text of the ``count``-th SMS to a number."""
    deadline = time.monotonic() + 5
    while len(posts := [p for p in deployment.sms.posts if p.json["to"] == number]) < count:
        assert time.monotonic() < deadline, deployment.log("worker")
        time.sleep(0.05)
    return str(posts[count - 1].json["text"])


def our_cookies(context: BrowserContext, deployment: Deployment) -> set[str]:
    """The names of the provider's cookies, each of them bound to its host."""
    ours = [cookie for cookie in context.cookies(deployment.issuer) if "idp" in str(cookie.get("name"))]
    for cookie in ours:
        assert str(cookie.get("name")).startswith("__Host-idp_"), cookie.get("name")
        assert (cookie.get("secure"), cookie.get("httpOnly")) == (True, True)
    return {str(cookie.get("name")) for cookie in ours}


def choose(page: Page, mask: str) -> None:
    """Choose the contact with this mask, and send the code there."""
    page.locator(".choice", has_text=mask).locator("label").click()
    press(page, "#continue")


def test_c100010_registers_by_the_link_of_a_mail_in_another_browser(
    deployment: Deployment, customer: BrowserContext, telephone: BrowserContext
) -> None:
    page = customer.new_page()
    page.goto(deployment.portal.url)
    press(page, "#register")
    on_page(page, "register-profile")
    page.check('input[name="profile"][value="company"]')
    press(page, "#continue")
    on_page(page, "register-data")
    page.fill("#company_name", "Caffè dell'Angolo snc di D'Angelo e C.")
    page.fill("#vat_number", "12345040583")
    page.fill("#acting_name", "Angela D'Angelo")
    page.check("#may_act")
    page.fill("#username", "info@caffedellangolo.example")
    page.check("#accept_terms")
    press(page, "#continue")
    on_page(page, "register-password")
    page.fill("#new_password", PASSWORD)
    press(page, "#continue")
    on_page(page, "register-verify")

    mail = deployment.mail.wait_for_mail("info@caffedellangolo.example")
    link = re.search(rf"{re.escape(deployment.issuer)}/register/link/[A-Za-z0-9_-]{{43}}", mail.text)
    assert link is not None, mail.text
    # A scanner of the mail host is here first, and spoils nothing.
    with deployment.http() as scanner:
        for method in ("HEAD", "GET", "GET", "GET"):
            assert scanner.request(method, link[0]).status_code in (200, 303)

    elsewhere = telephone.new_page()
    elsewhere.goto(link[0])
    on_page(elsewhere, "link")
    assert elsewhere.url == f"{deployment.issuer}/register/link"
    elsewhere.fill("#vat_number", "12345040583")
    elsewhere.fill("#new_password", NEW_PASSWORD)
    press(elsewhere, "#continue")
    on_page(elsewhere, "register-done")
    assert any("session" in name for name in our_cookies(telephone, deployment))
    assert not any("session" in name for name in our_cookies(customer, deployment))
    press(elsewhere, "#continue")
    on_page(elsewhere, "portal-home")
    press(elsewhere, "#login")
    on_page(elsewhere, "portal-policies")
    expect(elsewhere.locator('[data-policy="NEG-100010"]')).to_be_visible()

    # The first browser learns of nothing, and the sign-in there wants the password that was chosen last.
    page.reload()
    on_page(page, "register-verify")
    press(page, "#finished-elsewhere")
    on_page(page, "login")
    page.fill("#username", "info@caffedellangolo.example")
    page.fill("#password", PASSWORD)
    press(page, "#continue")
    expect(page.locator("#password-error")).to_be_visible()
    page.fill("#password", NEW_PASSWORD)
    press(page, "#continue")
    on_page(page, "login-code")
    page.fill("#code", sign_in_code(deployment, "info@caffedellangolo.example"))
    press(page, "form:has(#code) #continue")
    on_page(page, "portal-policies")


def test_c100012_is_not_recognised_and_registers_by_tax_code(
    deployment: Deployment, customer: BrowserContext
) -> None:
    page = customer.new_page()
    ask_for_a_code(page, deployment.portal.url, "Niccolò", "Alessandri", "niccolo.dalessandro@posta.example")
    told = deployment.mail.wait_for_mail("niccolo.dalessandro@posta.example").text
    assert re.search(r"\b\d{6}\b", told) is None, "what is wrong, and no code"
    press(page, "#not-recognised")
    on_page(page, "register-identify")
    page.fill("#identifier", "dls ncl 90m15 g273h")
    press(page, "#continue")
    on_page(page, "register-contacts")
    choose(page, "+39 ••• ••• ••10")
    # The password that was chosen in this browser stays.
    on_page(page, "register-verify")
    answer(page, code_in(sms_to(deployment, "+393661234510")))
    expect(page.locator('[data-policy="RCA-100012"]')).to_be_visible()
    assert any("session" in name for name in our_cookies(customer, deployment))


def test_c100014_recovers_by_sms_and_is_signed_out_elsewhere(
    deployment: Deployment, customer: BrowserContext, telephone: BrowserContext
) -> None:
    page = customer.new_page()
    ask_for_a_code(page, deployment.portal.url, "Giuseppe", "Russo", "380 123 4513")
    answer(page, code_in(sms_to(deployment, "+393801234513")))

    lost = telephone.new_page()
    lost.goto(deployment.portal.url)
    press(lost, "#login")
    on_page(lost, "login")
    press(lost, "#recover")
    on_page(lost, "recover")
    lost.fill("#identifier", "RSSGPP60H01C351E")
    press(lost, "#continue")
    on_page(lost, "recover-contacts")
    choose(lost, "+39 ••• ••• ••13")
    on_page(lost, "recover-verify")
    lost.fill("#code", code_in(sms_to(deployment, "+393801234513", count=3)))
    press(lost, "form:has(#code) #continue")
    expect(lost.locator("main")).to_have_attribute("data-page", re.compile("recover-(factors|password)"))
    if lost.locator('main[data-page="recover-factors"]').count():
        press(lost, "#continue")
    on_page(lost, "recover-password")
    lost.fill("#new_password", NEW_PASSWORD)
    press(lost, "#continue")
    on_page(lost, "recover-done")
    assert all(name.startswith("__Host-idp_") for name in our_cookies(telephone, deployment))
    press(lost, "#continue")
    on_page(lost, "login")
    lost.fill("#username", "380 123 4513")
    lost.fill("#password", NEW_PASSWORD)
    press(lost, "#continue")
    on_page(lost, "login-code")
    lost.fill("#code", sign_in_code(deployment, "+393801234513"))
    press(lost, "form:has(#code) #continue")
    on_page(lost, "portal-policies")
    told = deployment.mail.wait_for_mail("giuseppe.russo60@posta.example", count=2).text
    assert "password" in told.lower()

    # The session of before is over, at the provider and, by the call between servers, at the portal.
    page.goto(f"{deployment.portal.url}/login")
    on_page(page, "login")
    page.fill("#username", "380 123 4513")
    page.fill("#password", PASSWORD)
    press(page, "#continue")
    expect(page.locator("#password-error")).to_be_visible()
