"""Authenticator app and recovery codes in a browser, wide and narrow: what is scanned, copied and printed."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
import segno
from playwright.sync_api import Browser, Page, expect

from tests.journeys.account_walks import EMAIL, rows
from tests.journeys.factor_walks import code_of, wrong_of
from tests.journeys.served import served
from tests.journeys.windows import PHONE, signed_in, wide_and_narrow
from tests.service.in_process import PASSWORD, InProcess
from tests.service.on_screen import faulty, on_page, press

pytestmark = pytest.mark.slow

page = wide_and_narrow

# The middle of every module of the picture, quiet zone included: True where it is dark.
_MODULES = """async ([picture, side]) => {
  const image = new Image();
  image.src = "data:image/png;base64," + picture;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.width;
  canvas.height = image.height;
  const brush = canvas.getContext("2d");
  brush.drawImage(image, 0, 0);
  const at = (n, length) => Math.floor((n + 0.5) * length / side);
  return [...Array(side).keys()].map((row) => [...Array(side).keys()].map((column) =>
    brush.getImageData(at(column, image.width), at(row, image.height), 1, 1).data[0] < 128));
}"""


@pytest.fixture(scope="module")
def standing(prepared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """The service at an address of its own."""
    with served(prepared_folder, tmp_path_factory.mktemp("factors")) as opened:
        yield opened


@pytest.fixture
def service(standing: InProcess) -> InProcess:
    """The service, with Maria registered by email an hour ago."""
    standing.wipe()
    standing.register(standing.visitor("192.0.2.1"))
    standing.clock.move(3600)
    return standing


def to_adding(service: InProcess, page: Page) -> str:
    """In front of the QR code; the secret beside it."""
    signed_in(service, page)
    press(page, "#change-authenticator")
    on_page(page, "authenticator")
    press(page, "#add-authenticator")
    on_page(page, "authenticator-add")
    return page.inner_text("#key").replace(" ", "")


def scanned(page: Page, browser: Browser, side: int) -> list[list[bool]]:
    """What a camera sees of the QR code: the modules of its picture on the screen."""
    picture = base64.b64encode(page.locator("svg.qr").screenshot()).decode()
    reader = browser.new_context()
    blank = reader.new_page()
    modules: list[list[bool]] = blank.evaluate(_MODULES, [picture, side])
    reader.close()
    return modules


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_i_the_code_on_the_screen_is_what_the_app_is_to_scan(
    service: InProcess, page: Page, chromium: Browser, scheme: str
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    to_adding(service, page)
    address = page.get_attribute("#open-app", "href") or ""
    wanted = [[bool(dark) for dark in row] for row in segno.make_qr(address, error="m").matrix_iter(border=4)]
    assert scanned(page, chromium, len(wanted)) == wanted


def test_i_an_app_is_set_up_replaced_and_removed(service: InProcess, page: Page) -> None:
    secret = to_adding(service, page)
    page.fill("#code", wrong_of(service, secret))
    press(page, "#continue")
    on_page(page, "authenticator-add")
    faulty(page, "code")
    assert page.inner_text("#key").replace(" ", "") == secret
    code = code_of(service, secret)
    page.fill("#code", f"{code[:3]} {code[3:]}")
    press(page, "#continue")
    on_page(page, "authenticator")
    expect(page.locator(".notice.good")).to_be_visible()
    # Added on a password: it waits, and the page says so.
    expect(page.locator("#confirm-authenticator")).to_be_visible()
    press(page, "#replace-authenticator")
    on_page(page, "authenticator-add")
    press(page, "#back")
    on_page(page, "authenticator")
    press(page, "#remove-authenticator")
    on_page(page, "authenticator-remove")
    press(page, "#continue")
    on_page(page, "authenticator")
    expect(page.locator("#add-authenticator")).to_be_visible()
    assert rows(service, "SELECT COUNT(*) FROM authenticators") == 0


def test_i_the_key_is_copied(service: InProcess, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    secret = to_adding(service, page)
    page.click("#copy-key")
    expect(page.locator("#copy-key")).to_have_text("Copiato")
    assert str(page.evaluate("navigator.clipboard.readText()")).replace(" ", "") == secret


def test_i_recovery_codes_are_shown_once_and_printed_without_the_rest(service: InProcess, page: Page) -> None:
    signed_in(service, page)
    press(page, "#change-recovery-codes")
    on_page(page, "recovery-codes")
    press(page, "#continue")
    on_page(page, "recovery-codes-made")
    expect(page.locator("#codes code")).to_have_count(10)
    page.emulate_media(media="print")
    expect(page.locator("#codes")).to_be_visible()
    for hidden in ("#continue", "#copy-codes"):
        expect(page.locator(hidden)).to_be_hidden()
    page.emulate_media(media="screen")
    # Reloading asks for the page, and makes no other set.
    with page.expect_navigation():
        page.reload()
    on_page(page, "recovery-codes")
    expect(page.locator("#codes-left")).to_have_text("10 codici rimasti")


def test_i_without_javascript_both_are_there(service: InProcess, chromium: Browser) -> None:
    plain = chromium.new_context(java_script_enabled=False, locale="it-IT", viewport=PHONE)
    page = plain.new_page()
    page.goto(f"{service.idp.issuer}/account")
    page.fill("#username", EMAIL)
    page.fill("#password", PASSWORD)
    press(page, "#continue")
    press(page, "#change-authenticator")
    press(page, "#add-authenticator")
    secret = page.inner_text("#key").replace(" ", "")
    expect(page.locator("#copy-key")).to_be_hidden()
    page.fill("#code", code_of(service, secret))
    press(page, "#continue")
    expect(page.locator('main[data-page="authenticator"]')).to_be_visible()
    page.goto(f"{service.idp.issuer}/account/recovery-codes")
    press(page, "#continue")
    expect(page.locator("#codes code")).to_have_count(10)
    press(page, "#continue")
    expect(page.locator('main[data-page="account"]')).to_be_visible()
    plain.close()
