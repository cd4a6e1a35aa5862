"""Every state of every page, walked by a real browser: accessible, light, still, and true to the policy."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.pages.gallery import Gallery
from tests.pages.states import FORM_POST, STATES, State

Opened = tuple[str, Gallery]

PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 320, "height": 640}

# WCAG 2.2 A and AA, good practice, and contrast at 7 to 1 (AAA, 1.4.6), which is our own bar.
AXE = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "rules": {"color-contrast-enhanced": {"enabled": True}},
    "resultTypes": ["violations"],
}
HEAVIEST = 60_000
SEEN = [state for state in STATES if state.page != "form-post"]


@pytest.fixture(scope="module")
def window(chromium: Browser) -> Iterator[BrowserContext]:
    """One context for many pages: the gallery sets no cookies and keeps nothing."""
    context = chromium.new_context(viewport=PHONE, locale="it-IT")
    context.set_default_timeout(10_000)
    yield context
    context.close()


def watched(page: Page) -> list[str]:
    """What the browser complains about on a page, as it comes."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type != "log" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


@pytest.fixture
def sheet(window: BrowserContext) -> Iterator[Page]:
    """A page of its own; the test fails when the browser complains about anything."""
    page = window.new_page()
    complaints = watched(page)
    yield page
    page.close()
    assert complaints == []


@pytest.fixture(scope="module")
def reused(window: BrowserContext) -> Iterator[tuple[Page, list[str]]]:
    """One page for the walks through all states: a new one for each would cost more than the walk."""
    page = window.new_page()
    yield page, watched(page)
    page.close()


@pytest.fixture
def walk(reused: tuple[Page, list[str]]) -> Iterator[Page]:
    """The reused page; the test fails when the browser complains about anything."""
    page, complaints = reused
    complaints.clear()
    yield page
    assert complaints == []


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options=AXE).response["violations"]
    return [f"{v['id']}: {node['target']} {node.get('failureSummary')}" for v in found for node in v["nodes"]]


@pytest.mark.parametrize("lang", ["it", "en"])
@pytest.mark.parametrize("state", SEEN, ids=lambda state: state.name)
def test_axe_finds_nothing_on_any_screen(state: State, lang: str, gallery: Opened, walk: Page) -> None:
    found: dict[str, list[str]] = {}
    walk.goto(f"{gallery[0]}/{state.name}?lang={lang}")
    for name, viewport in (("phone", PHONE), ("desktop", DESKTOP)):
        walk.set_viewport_size(viewport)
        for scheme in ("light", "dark"):
            walk.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            if bad := violations(walk):
                found[f"{name} {scheme}"] = bad
    assert found == {}


def test_axe_would_have_found_weak_contrast(gallery: Opened, walk: Page) -> None:
    """The silence of the other tests means something: 5 to 1 is too little for us."""
    walk.goto(f"{gallery[0]}/login")
    walk.evaluate("document.querySelector('.lead').classList.add('weak')")
    walk.evaluate(
        "const s = new CSSStyleSheet(); s.replaceSync('.weak { color: #707070 !important }');"
        "document.adoptedStyleSheets = [s];"
    )
    walk.emulate_media(color_scheme="light")
    assert [each.split(":")[0] for each in violations(walk)] == ["color-contrast-enhanced"]


@pytest.mark.parametrize("state", SEEN, ids=lambda state: state.name)
def test_a_page_fits_a_narrow_screen_and_a_finger(state: State, gallery: Opened, walk: Page) -> None:
    # WCAG 2.2, 1.4.10 (320 CSS pixels without scrolling sideways); targets of 44 pixels as look asks.
    walk.set_viewport_size(NARROW)
    walk.goto(f"{gallery[0]}/{state.name}")
    assert walk.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    small = walk.evaluate(
        """() => [...document.querySelectorAll(
             'button, input:not([type=hidden]):not([aria-hidden]), .legal a, .languages a, .back, .primary')]
           .filter(e => e.offsetParent)
           .map(e => e.type === 'checkbox' || e.type === 'radio' ? e.closest('.choice') : e)
           .filter(e => e.matches('.choice') ? e.offsetHeight < 24 : e.offsetHeight < 44)
           .map(e => e.outerHTML)"""
    )
    assert small == []


@pytest.mark.parametrize("state", SEEN, ids=lambda state: state.name)
def test_the_keyboard_reaches_everything_in_the_order_of_the_page(
    state: State, gallery: Opened, walk: Page
) -> None:
    walk.set_viewport_size(PHONE)
    walk.goto(f"{gallery[0]}/{state.name}")
    # The browser moves the focus once the page is drawn; whoever is faster makes it complain.
    walk.wait_for_function(
        "() => (document.querySelector('[autofocus]') ?? document.activeElement) === document.activeElement"
    )
    # Radio buttons are one stop. The walk starts at the first stop, wherever a fault has put the focus.
    order: list[str] = walk.evaluate(
        """() => {
          const seen = new Set();
          const stops = [...document.querySelectorAll('a[href], button, input, pre[tabindex]')]
            .filter(e => e.type !== 'hidden' && e.tabIndex >= 0 && e.getClientRects().length)
            .filter(e => e.type !== 'radio' || !seen.has(e.name) && seen.add(e.name));
          stops.forEach((e, i) => e.dataset.stop = i);
          stops[0].focus();
          return stops.map((_, i) => String(i));
        }"""
    )
    walked = ["0"]
    for _ in order[1:]:
        walk.keyboard.press("Tab")
        stop, outlined = walk.evaluate(
            """() => {
              const e = document.activeElement;
              const shown = e.closest('.tile') ? e.nextElementSibling : e;
              return [e.dataset.stop, getComputedStyle(shown).outlineStyle !== 'none'];
            }"""
        )
        walked.append(stop)
        assert outlined, f"no visible focus on stop {stop}"
    assert walked == order


@pytest.mark.parametrize(
    "state", [s for s in SEEN if s.context.get("faults", {}).keys() - {"page"}], ids=lambda state: state.name
)
def test_the_focus_goes_to_the_first_fault(state: State, gallery: Opened, walk: Page) -> None:
    walk.goto(f"{gallery[0]}/{state.name}")
    first = next(field for field in state.context["faults"] if field != "page")
    # Browsers move the focus after the page has loaded.
    walk.wait_for_function("field => document.activeElement.id === field", arg=first)


@pytest.mark.parametrize("lang", ["it", "de"])
@pytest.mark.parametrize(
    "name",
    [
        "login-wrong",
        "register-data-faults",
        "register-verify",
        "register-contacts",
        "register-none",
        "link-signed-in",
        "recover-factors",
        "recover-done-limited",
        "account-change",
        "account-long",
        "mobile-fault",
        "mobile-cancel",
        "passkeys",
        "passkeys-flagged",
        "stop",
    ],
)
def test_a_page_fits_letters_of_twice_the_size(
    name: str, lang: str, gallery: Opened, chromium: Browser
) -> None:
    """WCAG 2.2, 1.4.4: as with a phone's own setting; nothing overlaps, nothing is cut off."""
    context = chromium.new_context(viewport=PHONE, locale="it-IT", bypass_csp=True)
    page = context.new_page()
    page.goto(f"{gallery[0]}/{name}?lang={lang}")
    page.add_style_tag(content="html { font-size: 225% !important }")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    mark, languages = (page.locator(part).bounding_box() for part in (".mark span", ".languages"))
    assert mark is not None
    assert languages is not None
    beside = mark["x"] + mark["width"] <= languages["x"]
    above = mark["y"] + mark["height"] <= languages["y"]
    assert beside or above
    if name == "register-verify":
        code = page.locator("#code")
        code.fill("888888")
        assert code.evaluate("box => box.scrollWidth <= box.clientWidth")
    context.close()


_ALONE = """() => {
  const card = document.querySelector('main'), found = new Set();
  for (let width = 320; width <= 430; width += 2) {
    card.style.width = width + 'px';
    for (const mask of document.querySelectorAll('.masked')) {
      const after = mask.nextSibling;
      if (!after || after.nodeType !== Node.TEXT_NODE || !/^[.,:;?!]/.test(after.data)) continue;
      const sign = document.createRange(), lines = [...mask.getClientRects()];
      sign.setStart(after, 0);
      sign.setEnd(after, 1);
      if (sign.getBoundingClientRect().bottom > lines.at(-1).bottom + 6)
        found.add(width + ' ' + mask.parentElement.textContent.trim());
    }
  }
  return [...found];
}"""


@pytest.mark.parametrize("lang", ["it", "en", "de"])
def test_no_full_stop_stands_alone_after_a_masked_contact(lang: str, gallery: Opened, walk: Page) -> None:
    """On telephones of every width."""
    walk.set_viewport_size({"width": 440, "height": 844})
    looked_at = 0
    for state in SEEN:
        if re.search(r"masked\">[^<]*</strong>[.,:;?!]", gallery[1].html(state, lang)):
            walk.goto(f"{gallery[0]}/{state.name}?lang={lang}")
            assert walk.evaluate(_ALONE) == [], state.name
            looked_at += 1
    assert looked_at > 10


_JUMPED = """() => new Promise(done => {
  const told = e => e.value + ' ' + e.sources.map(one => one.node?.outerHTML?.slice(0, 80)).join();
  new PerformanceObserver(list => done(list.getEntries().map(told)))
    .observe({type: 'layout-shift', buffered: true});
  setTimeout(() => done([]), 50);
})"""


@pytest.mark.parametrize("state", SEEN, ids=lambda state: state.name)
def test_nothing_jumps_while_a_page_loads(state: State, gallery: Opened, walk: Page) -> None:
    """It arrives in pieces, and is painted once it is whole."""
    walk.set_viewport_size(PHONE)
    # A window that is still being resized would move the page itself.
    walk.wait_for_function(f"innerWidth === {PHONE['width']}")
    walk.goto(f"{gallery[0]}/{state.name}?slowly")
    walk.wait_for_timeout(150)
    assert walk.evaluate(_JUMPED) == []


@pytest.mark.parametrize(
    "state",
    [s for s in SEEN if s.page == "login" or s.page.startswith("register")],
    ids=lambda state: state.name,
)
def test_sign_in_and_registration_are_light(state: State, gallery: Opened, chromium: Browser) -> None:
    context = chromium.new_context()
    page = context.new_page()
    weights: dict[str, int] = {}
    page.on("response", lambda answer: weights.__setitem__(answer.url, len(answer.body())))
    page.goto(f"{gallery[0]}/{state.name}")
    page.wait_for_load_state("networkidle")
    icon = page.get_attribute("link[rel=icon]", "href")
    assert icon is not None
    found = gallery[1].file(icon)
    context.close()
    assert len(weights) >= 4
    assert sum(weights.values()) + len(found.content) <= HEAVIEST, weights


def test_the_policy_would_have_been_broken_by_inline_code(gallery: Opened, window: BrowserContext) -> None:
    """The silence of the other tests means something: this browser does complain."""
    page = window.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{gallery[0]}/login")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>')")
    page.wait_for_timeout(100)
    page.close()
    assert any("Content Security Policy" in words for words in complaints)


def test_a_password_can_be_shown_and_is_hidden_before_it_leaves(gallery: Opened, sheet: Page) -> None:
    sheet.goto(f"{gallery[0]}/login")
    field, button = sheet.locator("#password"), sheet.get_by_role("button", name="Mostra la password")
    field.fill("Segreta 9")
    button.click()
    expect(field).to_have_attribute("type", "text")
    hide = sheet.get_by_role("button", name="Nascondi la password")
    expect(hide).to_have_text("Nascondi")
    sheet.evaluate(
        "document.forms[0].addEventListener('submit', e => {"
        " e.preventDefault(); document.title = document.getElementById('password').type; })"
    )
    sheet.locator("#continue").click()
    expect(sheet).to_have_title("password")


@pytest.mark.parametrize("name", ["link-ask", "recover-password", "account-password"])
def test_the_rules_tick_themselves_wherever_a_password_is_chosen(
    name: str, gallery: Opened, sheet: Page
) -> None:
    sheet.goto(f"{gallery[0]}/{name}")
    sheet.locator("#new_password").fill("abcD efgh9")
    expect(sheet.locator("#password-rules .met")).to_have_count(4)
    expect(sheet.locator("#rules-status")).to_have_text("Requisiti soddisfatti: 4 di 4")


def test_the_rules_of_a_password_tick_themselves(gallery: Opened, sheet: Page) -> None:
    sheet.goto(f"{gallery[0]}/register-password")
    met = sheet.locator("#password-rules .met")
    expect(met).to_have_count(0)
    steps = [
        ("abc", ["lower"]),
        ("abcD", ["upper", "lower"]),
        ("abcD efgh9", ["length", "upper", "lower", "digit"]),
    ]
    for typed, rules in steps:
        sheet.locator("#new_password").fill(typed)
        assert met.evaluate_all("all => all.map(e => e.dataset.rule)") == rules
    expect(sheet.locator("#rules-status")).to_have_text("Requisiti soddisfatti: 4 di 4")
    sheet.locator("#new_password").fill("abcD efgh9 too long now")
    expect(met).to_have_count(3)
    # An emoji is one character, as it is for the server.
    sheet.locator("#new_password").fill("Aa1🔑🔑🔑🔑")
    expect(sheet.locator('[data-rule="length"].met')).to_have_count(0)
    sheet.locator("#new_password").fill("Aa1🔑🔑🔑🔑🔑")
    expect(met).to_have_count(4)


def test_the_life_of_a_code_is_counted_down_and_spoken_twice(gallery: Opened, sheet: Page) -> None:
    sheet.clock.install()
    sheet.goto(f"{gallery[0]}/register-verify")
    life, spoken = sheet.locator("#code-life"), sheet.locator("#code-life-spoken")
    expect(life).to_have_text("Il codice scade tra 10:00")
    sheet.clock.run_for(61_000)
    expect(life).to_have_text("Il codice scade tra 8:59")
    expect(spoken).to_have_text("")
    sheet.clock.run_for(480_000)
    expect(spoken).to_have_text("Il codice scade tra un minuto.")
    sheet.clock.run_for(45_000)
    expect(spoken).to_have_text("Il codice scade tra 15 secondi.")
    sheet.clock.run_for(20_000)
    expect(life).to_have_text("Il codice è scaduto: chiedine un altro.")
    expect(spoken).to_have_text("Il codice è scaduto: chiedine un altro.")


def test_another_code_can_be_asked_for_after_the_wait(gallery: Opened, sheet: Page) -> None:
    sheet.clock.install()
    sheet.goto(f"{gallery[0]}/register-verify")
    before = len(gallery[1].sunk)
    button, wait = sheet.locator("#resend"), sheet.locator("#resend-wait")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(wait).to_have_text("Puoi chiederne un altro tra 1:00")
    # Reachable and silent: a disabled look must not throw the keyboard off the page.
    button.focus()
    sheet.keyboard.press("Enter")
    assert len(gallery[1].sunk) == before
    sheet.clock.run_for(61_000)
    assert button.get_attribute("aria-disabled") is None
    expect(wait).to_have_text("")
    sheet.clock.resume()
    button.click()
    expect(sheet.locator("[data-page=sunk]")).to_be_visible()
    assert ("resend", "yes") in gallery[1].sunk[-1]


def test_a_form_is_sent_once_however_often_it_is_pressed(gallery: Opened, sheet: Page) -> None:
    sheet.goto(f"{gallery[0]}/login")
    sheet.locator("#username").fill("chiara@example.com")
    before = len(gallery[1].sunk)
    sheet.evaluate(
        "() => { const b = document.getElementById('continue'); b.click(); b.click(); b.click(); }"
    )
    expect(sheet.locator("[data-page=sunk]")).to_be_visible()
    assert len(gallery[1].sunk) == before + 1


def test_enter_in_a_field_presses_the_primary_button(gallery: Opened, sheet: Page) -> None:
    sheet.goto(f"{gallery[0]}/login")
    sheet.locator("#username").fill("chiara@example.com")
    sheet.locator("#password").fill("x")
    sheet.keyboard.press("Enter")
    expect(sheet.locator("[data-page=sunk]")).to_be_visible()
    posted = [name for name, _ in gallery[1].sunk[-1]]
    assert posted == ["csrf", "passkey_ready", "username", "password"]


def test_cancel_says_so(gallery: Opened, sheet: Page) -> None:
    sheet.goto(f"{gallery[0]}/consent")
    sheet.locator("#cancel").click()
    expect(sheet.locator("[data-page=sunk]")).to_be_visible()
    assert ("cancel", "yes") in gallery[1].sunk[-1]


def test_the_language_switch_leads_to_the_same_page(gallery: Opened, sheet: Page) -> None:
    sheet.goto(f"{gallery[0]}/login")
    sheet.get_by_role("link", name="English").click()
    expect(sheet).to_have_title("Sign in – Area Clienti")
    assert "a=1&b=%C3%A8&lang=en" in sheet.url


def test_assistance_can_be_given_the_codes(gallery: Opened, chromium: Browser) -> None:
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{gallery[0]}/error-redirect-uri")
    page.get_by_role("button", name="Copia per l’assistenza").click()
    expect(page.get_by_role("button", name="Copiato")).to_be_visible()
    assert (
        page.evaluate("navigator.clipboard.readText()") == "invalid_request · redirect_uri · 01JD9Z6Q4M8T2V"
    )
    context.close()


def test_motion_stops_for_those_who_ask(gallery: Opened, sheet: Page) -> None:
    sheet.emulate_media(reduced_motion="reduce")
    sheet.goto(f"{gallery[0]}/login")
    assert sheet.evaluate("getComputedStyle(document.getElementById('continue')).transitionDuration") == "0s"
    sheet.emulate_media(reduced_motion="no-preference")
    longest: list[float] = sheet.evaluate(
        "[...document.querySelectorAll('*')].flatMap("
        "e => getComputedStyle(e).transitionDuration.split(',').map(parseFloat))"
    )
    assert max(longest) <= 0.15


def test_a_primary_button_keeps_its_edge_in_forced_colours(gallery: Opened, sheet: Page) -> None:
    sheet.emulate_media(forced_colors="active")
    sheet.goto(f"{gallery[0]}/login")
    edge = sheet.evaluate("getComputedStyle(document.getElementById('continue')).borderTopWidth")
    sheet.emulate_media(forced_colors="none")
    assert edge == "2px"


FILLED: dict[str, dict[str, Any]] = {
    "login": {"username": "chiara@example.com", "password": "x"},
    "register-data": {"given_name": "Chiara", "family_name": "Rinaldi", "username": "chiara@example.com"},
    "register-password": {"new_password": "Abcdefg1"},
    "register-verify": {"code": "481920"},
    "register-done": {},
    "register-identify-born": {"identifier": "RNLCHR80A41H501Y", "birth_date": "1/1/1980"},
    "register-activate": {"identifier": "RNLCHR80A41H501Y", "activation_code": "ABCD"},
    "link": {},
    "link-ask": {"family_name": "Rinaldi", "new_password": "Abcdefg1"},
    "recover-verify": {"code": "481920"},
    "account-password": {"current_password": "Abcdefg1", "new_password": "Abcdefg2"},
    "mobile": {"mobile": "333 123 4567"},
    "mobile-cancel": {"confirm": "yes"},
    "passkey-name": {"name": "Telefono"},
    "stop": {"confirm": "yes"},
    "consent": {},
}


@pytest.mark.parametrize("name", FILLED)
def test_a_page_works_without_javascript(name: str, gallery: Opened, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{gallery[0]}/{name}")
    assert page.locator(".reveal:visible").count() == 0
    for field, value in FILLED[name].items():
        if field != "confirm":
            page.locator(f"#{field}").fill(value)
    if name == "register-verify":
        expect(page.locator("#code-life")).to_have_text("Il codice vale 10 minuti.")
        expect(page.locator("#resend")).to_be_enabled()
    page.locator("#continue").click()
    expect(page.locator("[data-page=sunk]")).to_be_visible()
    context.close()
    posted = dict(gallery[1].sunk[-1])
    assert posted.items() >= FILLED[name].items()
    assert posted["csrf"]


@pytest.mark.parametrize(
    ("name", "button", "posted"),
    [
        ("register-contacts", "continue", ("contact", "h2" * 10)),
        ("register-contacts", "none-of-these", ("none-of-these", "yes")),
        ("register-contacts", "collective", ("collective", "yes")),
        ("recover-contacts", "continue", ("contact", "h2" * 10)),
        ("recover-second", "continue", ("contact", "h2" * 10)),
        ("recover-factors", "continue", ("keep_f2", "yes")),
        ("link-expired", "resend", ("resend", "yes")),
        ("link-signed-in", "continue", ("sign_out", "yes")),
        ("account-change", "cancel", ("cancel", "yes")),
    ],
)
def test_a_button_says_what_was_chosen(
    name: str, button: str, posted: tuple[str, str], gallery: Opened, sheet: Page
) -> None:
    sheet.goto(f"{gallery[0]}/{name}")
    if posted[0] == "contact":
        sheet.get_by_text("Per SMS").click()
    sheet.locator(f"#{button}").click()
    expect(sheet.locator("[data-page=sunk]")).to_be_visible()
    assert posted in gallery[1].sunk[-1]
    assert {name for name, _ in gallery[1].sunk[-1]} <= {"csrf", posted[0]}


def test_the_form_post_page_sends_itself(gallery: Opened, sheet: Page) -> None:
    sheet.goto(f"{gallery[0]}/form-post")
    expect(sheet.locator("[data-page=sunk]")).to_be_visible()
    assert gallery[1].sunk[-1] == FORM_POST.context["fields"]


def test_the_form_post_page_sends_itself_once(gallery: Opened, sheet: Page) -> None:
    sheet.goto(f"{gallery[0]}/legal-terms")
    sheet.goto(f"{gallery[0]}/form-post")
    expect(sheet.locator("[data-page=sunk]")).to_be_visible()
    before = len(gallery[1].sunk)
    sheet.go_back()
    sheet.wait_for_timeout(300)
    assert len(gallery[1].sunk) == before


def test_the_form_post_page_has_a_button_without_javascript(gallery: Opened, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{gallery[0]}/form-post")
    page.locator("#continue").click()
    expect(page.locator("[data-page=sunk]")).to_be_visible()
    context.close()
    assert gallery[1].sunk[-1] == FORM_POST.context["fields"]


def test_the_form_post_page_is_accessible_too(gallery: Opened, sheet: Page) -> None:
    sheet.route(re.compile(r"form-post\.[0-9a-f]+\.js"), lambda route: route.fulfill(body=""))
    sheet.goto(f"{gallery[0]}/form-post")
    assert violations(sheet) == []
