"""The customer's window, wide and narrow, and the way into one's own account in it."""

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize

from tests.service.in_process import PASSWORD, InProcess
from tests.service.on_screen import on_page, press

DESKTOP, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
MARIA = "maria.rossi@posta.example"


@pytest.fixture(params=["desktop", "phone"])
def wide_and_narrow(context: BrowserContext, request: pytest.FixtureRequest) -> Page:
    """The customer's browser; ``page = wide_and_narrow`` makes it the one of a module."""
    page = context.new_page()
    page.set_viewport_size(DESKTOP if request.param == "desktop" else PHONE)
    return page


def signed_in(service: InProcess, page: Page, *, username: str = MARIA, password: str = PASSWORD) -> None:
    """Maria, by password, in front of her account."""
    page.goto(f"{service.idp.issuer}/account")
    on_page(page, "login")
    page.fill("#username", username)
    page.fill("#password", password)
    press(page, "#continue")
    on_page(page, "account")
