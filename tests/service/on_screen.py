"""What a person does and sees in a real browser; no page is read while another one is on its way."""

import re

from playwright.sync_api import Page, expect


def press(page: Page, what: str) -> None:
    """Press a button or follow a link, and wait for the page it leads to.

    The same page shown again is told from the one before: what is read afterwards is never the old page's.
    """
    with page.expect_navigation():
        page.click(what)


def on_page(page: Page, name: str) -> None:
    """Wait until the page of this name is shown, whole, and see that it is no wider than its window."""
    expect(page.locator(f'main[data-page="{name}"]')).to_be_visible()
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def faulty(page: Page, *fields: str) -> None:
    """The page says which fields are at fault: in its title, beside each, and by where the focus is."""
    expect(page).to_have_title(re.compile("^Errore:"))
    for field in fields:
        expect(page.locator(f"#{field}-error")).to_have_text(re.compile(r"\S"))
        expect(page.locator(f"#{field}")).to_have_attribute(
            "aria-describedby", re.compile(rf"(^|\s){field}-error(\s|$)")
        )
        expect(page.locator(f"#{field}")).to_have_attribute("aria-invalid", "true")
    expect(page.locator('[aria-invalid="true"]')).to_have_count(len(fields))
    expect(page.locator(f"#{fields[0]}")).to_be_focused()
