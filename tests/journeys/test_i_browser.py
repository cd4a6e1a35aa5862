"""Journey I in a real browser, wide and narrow: every page of the account, and one way through it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.account_walks import EMAIL, rows
from tests.journeys.account_walks import signed_in as elsewhere
from tests.journeys.served import served
from tests.journeys.windows import signed_in, wide_and_narrow
from tests.service.in_process import InProcess
from tests.service.on_screen import on_page, press

pytestmark = pytest.mark.slow

page = wide_and_narrow


@pytest.fixture(scope="module")
def standing(prepared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """The service at an address of its own."""
    with served(prepared_folder, tmp_path_factory.mktemp("own")) as opened:
        yield opened


@pytest.fixture
def service(standing: InProcess) -> InProcess:
    """The service, with Maria registered by email two hours ago."""
    standing.wipe()
    standing.register(standing.visitor("192.0.2.1"))
    standing.clock.move(7200)
    return standing


def test_i_every_page_of_the_account_is_reached_and_left(service: InProcess, page: Page) -> None:
    elsewhere(service)
    signed_in(service, page)
    for link, name in (
        ("#sessions", "account-sessions"),
        ("#browsers", "account-browsers"),
        ("#activity", "account-activity"),
        ("#apps", "account-apps"),
        ("#language", "account-language"),
        ("#data-download", "account-data"),
    ):
        press(page, link)
        on_page(page, name)
        expect(page.locator("h1")).to_be_visible()
        press(page, ".back")
        on_page(page, "account")


def test_i_a_device_is_signed_out_and_then_all_of_them(service: InProcess, page: Page) -> None:
    elsewhere(service)
    signed_in(service, page)
    press(page, "#sessions")
    on_page(page, "account-sessions")
    expect(page.locator("[data-session]")).to_have_count(2)
    press(page, "button[name=end]")
    on_page(page, "account-sessions")
    expect(page.locator(".notice.good")).to_be_visible()
    expect(page.locator("[data-session]")).to_have_count(1)
    press(page, "#everywhere")
    on_page(page, "signed-out")


def test_i_the_file_is_downloaded_and_the_account_closed(service: InProcess, page: Page) -> None:
    signed_in(service, page)
    press(page, "#data-download")
    on_page(page, "account-data")
    with page.expect_download() as coming:
        page.click("#continue")
    told = json.loads(coming.value.path().read_text("utf-8"))
    assert (coming.value.suggested_filename, told["account"]["username"]) == ("account-data.json", EMAIL)
    press(page, ".back")
    on_page(page, "account")
    press(page, "#close")
    on_page(page, "account-confirm")
    press(page, "#continue")
    expect(page.locator("#code")).to_be_visible()
    page.fill("#code", service.code_for(EMAIL))
    press(page, "form:has(#code) #continue")
    on_page(page, "account-close")
    press(page, "#continue")
    on_page(page, "account-closed")
    assert rows(service, "SELECT COUNT(*) FROM accounts") == 0
