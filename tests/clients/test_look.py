"""Portal and app to the eye and to assistive technology, in a real browser."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from clients import brand
from tests.clients.fake_provider import FakeProvider
from tests.service.on_screen import on_page, press

Scheme = Literal["light", "dark"]
TOKENS = (brand.FOLDER / "tokens.css").read_text("utf-8")
WIDTHS = [320, 390, 768, 1280]


def tokens(scheme: Scheme) -> dict[str, str]:
    light, dark = re.findall(r":root \{(.*?)\}", TOKENS, re.DOTALL)[:2]
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", light))
    return found | dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", dark)) if scheme == "dark" else found


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_at_seven_to_one_and_lines_at_three(scheme: Scheme) -> None:
    colours = tokens(scheme)
    for ground in ("page", "surface", "sunk"):
        for text in ("ink", "muted", "link"):
            assert contrast(colours[text], colours[ground]) >= 7, (text, ground)
        for line in ("line", "accent", "focus"):
            assert contrast(colours[line], colours[ground]) >= 3, (line, ground)
    for text, ground in (
        ("brand-ink", "brand"),
        ("ok", "ok-soft"),
        ("danger", "danger-soft"),
        ("link", "tint"),
    ):
        assert contrast(colours[text], colours[ground]) >= 7, (text, ground)


@pytest.fixture
def look(chromium: Browser) -> Callable[[int, Scheme], Page]:
    def opened(width: int, scheme: Scheme) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 844}, locale="it-IT", color_scheme=scheme
        )
        context.set_default_timeout(10_000)
        return context.new_page()

    return opened


def faults(page: Page) -> list[str]:
    found = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
    )
    return [
        f"{rule['id']}: {node['target']}" for rule in found.response["violations"] for node in rule["nodes"]
    ]


def overflows(page: Page) -> bool:
    return bool(page.evaluate("() => document.documentElement.scrollWidth > innerWidth"))


def small_targets(page: Page) -> list[str]:
    """Buttons and links, but those within a sentence, that are lower than 44 pixels."""
    return list(
        page.evaluate(
            """() => [...document.querySelectorAll('.primary, .secondary, button, nav a, .documents a')]
            .filter((one) => one.getClientRects().length && one.getBoundingClientRect().height < 43.9)
            .map((one) => one.outerHTML.slice(0, 80))"""
        )
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_portal_reads_well(
    portal: str, look: Callable[[int, Scheme], Page], width: int, scheme: Scheme
) -> None:
    page = look(width, scheme)
    for path in ("/", "/nowhere", "/login", "/policies/RCA-100001/payout", "/logout"):
        page.goto(portal + path)
        assert not overflows(page), path
        assert small_targets(page) == [], path
        assert faults(page) == [], path
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_payout_form_with_its_faults_and_the_result_read_well(
    portal: str, look: Callable[[int, Scheme], Page], width: int, scheme: Scheme
) -> None:
    page = look(width, scheme)
    page.goto(portal + "/login")
    page.goto(portal + "/policies/RCA-100001/payout")
    page.fill("#amount", "mille")
    press(page, "#continue")
    expect(page.locator("#iban-error")).to_be_visible()
    expect(page.locator("#amount")).to_be_focused()
    for name in ("portal-payout", "portal-payout-done", "portal-policies"):
        on_page(page, name)
        assert small_targets(page) == [], name
        assert faults(page) == [], name
        if name == "portal-payout":
            page.fill("#amount", "1.500,00")
            page.fill("#iban", "IT60 X054 2811 1010 0000 0123 456")
        press(page, "#continue") if name != "portal-policies" else None
    page.context.close()


@pytest.mark.parametrize("language", ["it-IT", "en-GB"])
def test_the_portal_bears_letters_of_twice_the_size_on_a_phone(
    portal: str, chromium: Browser, language: str
) -> None:
    # WCAG 2.2, 1.4.4, as with a phone's own setting.
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale=language, bypass_csp=True)
    page = context.new_page()
    for path in ("/", "/nowhere", "/login", "/policies/RCA-100001/payout", "/logout"):
        page.goto(portal + path)
        page.add_style_tag(content="html { font-size: 225% !important }")
        assert not overflows(page), path
    context.close()


@pytest.mark.parametrize("language", ["it-IT", "en-GB"])
@pytest.mark.parametrize("width", [320, 390])
def test_the_portal_keeps_its_name_and_the_way_out_on_one_line(
    portal: str, chromium: Browser, language: str, width: int
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 844}, locale=language)
    page = context.new_page()
    page.goto(portal + "/login")
    name, leave = page.locator(".brand").bounding_box(), page.locator("#logout").bounding_box()
    ways = [each.bounding_box() for each in page.locator(".ways a").all()]
    context.close()
    assert name is not None
    assert leave is not None
    assert leave["y"] < name["y"] + name["height"]
    assert len({way["y"] for way in ways if way}) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_app_reads_well(
    app: str, provider: FakeProvider, look: Callable[[int, Scheme], Page], width: int, scheme: Scheme
) -> None:
    page = look(width, scheme)
    provider.signed_in = False
    page.goto(app)
    expect(page.locator("main")).to_have_attribute("data-page", "app-home")
    for tab in (None, "policies", "documents", "help", "me"):
        if tab == "policies":
            page.locator("#login").click()
            expect(page.locator("[data-policy]").first).to_be_visible()
        elif tab is not None:
            page.locator(f'[data-tab="{tab}"]').click()
            expect(page.locator("main")).to_have_attribute("data-page", f"app-{tab}")
        assert not overflows(page), tab
        assert small_targets(page) == [], tab
        assert faults(page) == [], tab
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_a_payout_in_the_app_reads_well(
    app: str, look: Callable[[int, Scheme], Page], width: int, scheme: Scheme
) -> None:
    page = look(width, scheme)
    page.goto(app)
    on_page(page, "app-policies")
    page.locator('[data-policy="RCA-100001"] button').click()
    on_page(page, "app-payout")
    page.fill("#amount", "mille")
    page.click("#continue")
    expect(page.locator("#iban-error")).to_be_visible()
    assert not overflows(page)
    assert small_targets(page) == []
    assert faults(page) == []
    page.fill("#amount", "1.500,00")
    page.fill("#iban", "IT60 X054 2811 1010 0000 0123 456")
    page.click("#continue")
    on_page(page, "app-payout-done")
    # What is under the bar at the bottom is there to be scrolled to.
    page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
    assert small_targets(page) == []
    assert faults(page) == []
    page.context.close()


def test_portal_and_app_load_nothing_from_elsewhere() -> None:
    root = Path(brand.FOLDER).parents[1]
    files = [path for kind in ("*.css", "*.html", "*.js") for path in root.rglob(kind)]
    assert len(files) > 15
    for path in files:
        for address in re.findall(r"https?://[^\s\"'`)<]+", path.read_text("utf-8")):
            assert address == "http://www.w3.org/2000/svg", (path, address)
