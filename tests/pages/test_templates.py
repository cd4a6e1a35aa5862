"""What robots, assistive technology and other engineers rely on in the pages, read from the HTML itself."""

from typing import Any

import pytest
from jinja2 import UndefinedError

from idp.web.people.languages import SUPPORTED
from idp.web.people.pages import TEMPLATE_OF, Pages
from idp.web.people.words import ERRORS, FAULTS
from tests.pages.markup import Markup
from tests.pages.states import BARE, BRAND, FORM_POST, STATES, State

EVERY = (*STATES, FORM_POST)
PAGES = {brand: Pages(brand) for brand in {state.brand for state in EVERY}}
BY_NAME = {state.name: state for state in EVERY}

DATA_PAGE = {name: "legal" if name.startswith("legal-") else name for name in TEMPLATE_OF}
# One of the two shapes of a page.
DATA_PAGE |= {"operation": "step-up"}

# The surface outside robots rely on: page → the names of its fields, the ids of its buttons and links.
CONTRACT: dict[str, tuple[list[str], list[str]]] = {
    "login": (
        ["csrf", "passkey_ready", "username", "password", "cancel", "csrf", "credential"],
        ["username", "password", "continue", "cancel", "use-passkey"],
    ),
    "register-profile": (
        ["csrf", "profile", "profile", "profile", "cancel"],
        ["profile", "continue", "cancel"],
    ),
    "register-data": (
        ["csrf", "given_name", "family_name", "username", "accept_terms"],
        ["given_name", "family_name", "username", "accept_terms", "continue"],
    ),
    "register-data-professional": (
        ["csrf", "given_name", "family_name", "vat_number", "username", "accept_terms"],
        ["vat_number", "continue"],
    ),
    "register-data-company": (
        ["csrf", "company_name", "vat_number", "acting_name", "may_act", "username", "accept_terms"],
        ["company_name", "vat_number", "acting_name", "may_act", "continue"],
    ),
    "register-password": (["csrf", "new_password"], ["new_password", "continue"]),
    "register-verify": (
        ["csrf", "code", "csrf", "resend"],
        ["code", "continue", "resend", "not-recognised", "activate", "finished-elsewhere", "case-number"],
    ),
    "register-data-not-recognised": (
        ["csrf", "given_name", "family_name", "username", "accept_terms"],
        ["page-error", "not-recognised", "case-number", "continue"],
    ),
    "register-identify": (["csrf", "identifier"], ["identifier", "continue", "activate", "case-number"]),
    "register-identify-born": (["csrf", "identifier", "birth_date"], ["birth_date", "continue"]),
    "register-contacts": (
        ["csrf", "contact", "contact", "none-of-these", "collective"],
        ["contact", "continue", "none-of-these", "collective"],
    ),
    "register-contacts-one": (["csrf", "contact", "none-of-these"], ["contact", "none-of-these"]),
    "register-none": ([], ["activate", "case-number"]),
    "register-collective": ([], ["activate", "case-number"]),
    "register-activate": (
        ["csrf", "identifier", "activation_code"],
        ["identifier", "activation_code", "continue"],
    ),
    "register-username": (["csrf", "username"], ["username", "continue"]),
    "register-done": (["csrf"], ["continue", "username"]),
    "register-done-offer": (
        ["csrf", "csrf", "credential", "csrf", "never"],
        ["continue", "enrol-passkey", "never", "username"],
    ),
    "link": (["csrf"], ["continue"]),
    "link-ask": (["csrf", "family_name", "new_password"], ["family_name", "new_password", "continue"]),
    "link-ask-company": (["csrf", "vat_number", "new_password"], ["vat_number", "new_password", "continue"]),
    "link-signed-in": (["csrf", "sign_out"], ["continue"]),
    "link-expired": (["csrf", "resend"], ["resend", "register", "finished-elsewhere"]),
    "recover": (["csrf", "identifier"], ["identifier", "continue", "activate", "register"]),
    "recover-contacts": (["csrf", "contact", "contact"], ["contact", "continue", "activate"]),
    "recover-activate": (["csrf", "identifier", "activation_code"], ["activation_code", "continue"]),
    "recover-verify": (["csrf", "code", "csrf", "resend"], ["code", "continue", "resend", "activate"]),
    "recover-second": (["csrf", "contact", "contact"], ["contact", "continue", "activate"]),
    "recover-second-code": (["csrf", "code", "csrf", "resend"], ["code", "continue", "resend", "activate"]),
    "recover-second-app-only": ([], ["use-app", "activate"]),
    "recover-own-code-app": (["csrf", "code"], ["code", "continue", "activate"]),
    "recover-own-code-fault": (["csrf", "recovery_code"], ["recovery_code", "continue"]),
    "recover-factors": (["csrf", "keep_f1", "keep_f2", "keep_f3"], ["keep_f1", "continue"]),
    "recover-password": (["csrf", "new_password"], ["new_password", "username", "continue"]),
    "recover-done": (["csrf"], ["username", "continue"]),
    "account": (
        [],
        [
            "username",
            "mobile",
            "change-username",
            "change-password",
            "change-mobile",
            "change-passkeys",
            "change-authenticator",
            "change-recovery-codes",
        ],
    ),
    "account-change": (["csrf", "cancel"], ["cancel", "change-under-way", "confirm-mobile"]),
    "account-confirm-passkey": (
        ["csrf", "current_password", "csrf", "credential"],
        ["current_password", "continue", "use-passkey", "use-code"],
    ),
    "passkey-offer": (["csrf", "credential", "csrf", "never"], ["enrol-passkey", "continue", "never"]),
    "passkeys": ([], ["add-passkey", "back"]),
    "passkey-add": (["csrf", "credential"], ["enrol-passkey", "back"]),
    "confirm-way": (["csrf", "activation_code"], ["activation_code", "continue"]),
    "passkey-name": (["csrf", "name"], ["name", "continue"]),
    "passkey-remove": (["csrf"], ["continue"]),
    "passkey-remove-last": ([], ["back"]),
    "authenticator-none": ([], ["add-authenticator", "back"]),
    "authenticator": ([], ["replace-authenticator", "remove-authenticator", "back"]),
    "authenticator-held": ([], ["confirm-authenticator"]),
    "authenticator-add": (["csrf", "code"], ["code", "key", "copy-key", "open-app", "continue", "back"]),
    "authenticator-remove": (["csrf"], ["continue", "back"]),
    "recovery-codes-none": (["csrf", "make"], ["continue", "back"]),
    "recovery-codes": (["csrf", "make"], ["codes-left", "continue", "back"]),
    "recovery-codes-held": (["csrf", "make"], ["confirm-codes"]),
    "recovery-codes-made": (["csrf", "saved"], ["codes", "copy-codes", "continue"]),
    "stop": (["csrf", "confirm"], ["continue"]),
    "stop-over": ([], []),
    "stopped": ([], ["recover"]),
    "account-confirm": (["csrf", "current_password"], ["current_password", "continue", "use-code"]),
    "account-confirm-send": (["csrf"], ["continue", "use-code", "use-password"]),
    "account-confirm-code": (["csrf", "code", "csrf", "resend"], ["code", "continue", "resend"]),
    "account-confirm-app": (["csrf", "code"], ["code", "continue", "use-code"]),
    "account-confirm-passkey-or-app": (["csrf", "credential"], ["use-passkey", "use-code"]),
    "account-password": (
        ["csrf", "current_password", "new_password"],
        ["current_password", "new_password", "continue"],
    ),
    "account-username": (["csrf", "contact", "contact"], ["contact", "continue"]),
    "username-verify": (["csrf", "code", "csrf", "resend"], ["code", "continue", "resend"]),
    "mobile": (["csrf", "mobile"], ["mobile", "continue"]),
    "mobile-change": (["csrf", "mobile", "old_lost"], ["mobile", "old_lost", "continue"]),
    "mobile-verify": (["csrf", "code", "csrf", "resend"], ["code", "continue", "resend"]),
    "mobile-confirm": (["csrf", "activation_code"], ["activation_code", "continue"]),
    "mobile-cancel": (["csrf", "confirm"], ["continue"]),
    "mobile-cancel-over": ([], []),
    "mobile-cancelled": ([], ["recover"]),
    "limited": ([], ["back"]),
    "consent": (["csrf", "cancel"], ["continue", "cancel"]),
    "operation": (["csrf", "contact", "csrf", "cancel"], ["continue", "cancel"]),
    "operation-passkey": (
        ["csrf", "credential", "csrf", "contact", "use-code", "csrf", "cancel"],
        ["use-passkey", "use-code", "cancel"],
    ),
    "operation-code": (
        ["csrf", "code", "csrf", "resend", "csrf", "cancel"],
        ["continue", "resend", "cancel"],
    ),
    "logout": (["csrf", "confirm", "cancel"], ["confirm-logout", "cancel"]),
    "signed-out": ([], []),
    "no-interaction": ([], []),
    "form-post": (["code", "state", "iss"], ["continue"]),
    "error-redirect-uri": ([], ["error-code", "error-parameter", "request-id"]),
}

AUTOCOMPLETE = {
    ("operation-code", "code"): "one-time-code",
    ("login", "username"): "username webauthn",
    ("login", "password"): "current-password",
    ("register-data", "given_name"): "given-name",
    ("register-data", "family_name"): "family-name",
    ("register-data", "username"): "username",
    ("register-data-company", "company_name"): "organization",
    ("register-data-company", "acting_name"): "name",
    ("register-password", "new_password"): "new-password",
    ("register-verify", "code"): "one-time-code",
    ("register-identify-born", "identifier"): "off",
    ("register-identify-born", "birth_date"): "bday",
    ("register-activate", "activation_code"): "off",
    ("register-username", "username"): "username",
    ("link-ask", "family_name"): "family-name",
    ("link-ask", "new_password"): "new-password",
    ("recover-verify", "code"): "one-time-code",
    ("recover-second-code", "code"): "one-time-code",
    ("recover-password", "new_password"): "new-password",
    ("account-confirm", "current_password"): "current-password",
    ("account-confirm-code", "code"): "one-time-code",
    ("account-confirm-app", "code"): "one-time-code",
    ("account-password", "current_password"): "current-password",
    ("account-password", "new_password"): "new-password",
    ("mobile", "mobile"): "tel",
    ("mobile-verify", "code"): "one-time-code",
}


def shown(state: State, lang: str = "it", **more: Any) -> str:
    here = f"/{state.name}?a=1" if state.here else ""
    return PAGES[state.brand].render(state.page, lang, here=here, **{**state.context, **more})


def read(name: str, lang: str = "it", **more: Any) -> Markup:
    return Markup(shown(BY_NAME[name], lang, **more))


def test_every_page_has_a_state_in_the_gallery() -> None:
    assert {state.page for state in EVERY} == set(TEMPLATE_OF)


@pytest.mark.parametrize("lang", SUPPORTED)
@pytest.mark.parametrize("state", EVERY, ids=lambda state: state.name)
def test_a_page_is_sound_html_under_a_strict_policy(state: State, lang: str) -> None:
    html = shown(state, lang)
    page = Markup(html)
    assert html.startswith("<!doctype html>")
    assert page.only("html")["lang"] == lang
    assert page.only("main")["data-page"] == DATA_PAGE[state.page]
    assert page.only("title").text.strip()
    assert len(page.all("h1")) == 1
    assert len(page.ids) == len(set(page.ids))
    for element in page.elements:
        assert element.tag not in {"style", "iframe", "object", "embed", "base"}
        assert not [name for name in element.attributes if name == "style" or name.startswith("on")]
        if element.tag == "script":
            assert element["src"].startswith("/static/")
            assert not element.text
        for reference in ("aria-describedby", "aria-labelledby", "for"):
            for pointed in (element.get(reference) or "").split():
                assert page.by_id(pointed) is not None, f"{reference} points at {pointed}"


LISTS = {"account-sessions", "account-apps", "account-browsers"}
"""Pages of what there is, on which nothing is asked."""


@pytest.mark.parametrize("state", EVERY, ids=lambda state: state.name)
def test_a_form_posts_with_a_token_and_one_primary_button(state: State) -> None:
    page = read(state.name)
    submits = [e for e in page.all("button") if e["type"] == "submit"]
    assert all(e["method"] == "post" for e in page.all("form"))
    if state.page != "form-post":
        assert page.names.count("csrf") == len(page.all("form"))
        # A form answers at the address of its page, whatever its query says.
        assert all(e.get("action") is None for e in page.all("form"))
    if state.page == "account":
        # Nothing is asked there; what may be pressed is the way out of a change under way.
        assert [e["id"] for e in submits] == (["cancel"] if state.context["change"] else [])
    elif state.page in LISTS:
        # Each thing of the list ends by a button of its own; none is what the page is for.
        assert not [e for e in page.all("button") if "primary" in e["class"].split()]
    elif submits:
        primary = [e["id"] for e in page.all("button") if "primary" in e["class"].split()]
        if state.page == "operation" and state.context["passkey_url"] and state.context["stage"] != "code":
            # The finger does it, and no form; a code is asked for beside it.
            assert primary == ["use-passkey"]
            return
        others = {"logout": "confirm-logout", "link-expired": "resend", "passkey-offer": "enrol-passkey"}
        if state.page == "login-code" and state.context["stage"] == "none":
            # Nothing can be given: what may be pressed is the way back.
            assert (primary, [e["id"] for e in submits]) == ([], ["cancel"])
            return
        by_passkey = state.context.get("stage") == "passkey"
        assert primary == ["use-passkey" if by_passkey else others.get(state.page, "continue")]
        # Enter presses the first submit button of a form: it must be the primary one, where that sends it.
        first = (
            {"passkey-offer": "continue", "step-up": "cancel", "login-code": "cancel"}[state.page]
            if by_passkey or (state.page == "passkey-offer")
            else primary[0]
        )
        assert submits[0]["id"] == first


@pytest.mark.parametrize("name", CONTRACT)
def test_the_fields_and_ids_of_the_contract_are_there(name: str) -> None:
    names, ids = CONTRACT[name]
    for lang in SUPPORTED:
        page = read(name, lang)
        assert page.names == names
        assert set(ids) <= set(page.ids)


@pytest.mark.parametrize(("name", "field"), AUTOCOMPLETE)
def test_a_field_says_what_a_browser_may_fill_in(name: str, field: str) -> None:
    element = read(name).by_id(field)
    assert element is not None
    assert element["autocomplete"] == AUTOCOMPLETE[name, field]


@pytest.mark.parametrize("state", [s for s in EVERY if s.context.get("faults")], ids=lambda state: state.name)
@pytest.mark.parametrize("lang", SUPPORTED)
def test_a_fault_is_said_in_the_title_under_the_field_and_takes_the_focus(state: State, lang: str) -> None:
    page = Markup(shown(state, lang))
    faults = state.context["faults"]
    assert page.only("title").text.startswith({"it": "Errore: ", "en": "Error: ", "de": "Fehler: "}[lang])
    for field in faults:
        told = page.by_id(f"{field}-error")
        assert told is not None
        assert told.text.strip()
        if field == "page":
            continue
        tied = [e for e in page.elements if f"{field}-error" in (e.get("aria-describedby") or "").split()]
        assert len(tied) == 1
    fields = [field for field in faults if field != "page"]
    focused = [e["id"] for e in page.elements if "autofocus" in e.attributes]
    assert focused == fields[:1]
    summary = page.by_id("error-summary")
    assert (summary is not None) == (len(fields) > 1)
    if summary is not None:
        links = [e["href"] for e in page.all("a") if "section" in e.inside and e["href"].startswith("#")]
        assert links == [f"#{field}" for field in fields]
        assert all(page.by_id(link[1:]) is not None for link in links)


def test_a_page_without_faults_does_not_cry_error() -> None:
    page = read("login")
    assert page.only("title").text == "Accedi – Area Clienti"
    assert not [e for e in page.elements if "autofocus" in e.attributes]


@pytest.mark.parametrize("lang", SUPPORTED)
@pytest.mark.parametrize("key", FAULTS)
def test_every_fault_code_has_words(key: str, lang: str) -> None:
    field, _, code = key.rpartition(".")
    html = shown(BY_NAME["register-password"], lang, faults={field or "new_password": code})
    assert "%(" not in html


def test_an_unknown_fault_code_is_a_mistake_of_ours_and_says_so() -> None:
    with pytest.raises(KeyError):
        shown(BY_NAME["login"], faults={"username": "no-such-code"})


def test_a_missing_fact_is_an_error_and_never_a_gap() -> None:
    with pytest.raises(UndefinedError):
        PAGES[BRAND].render("register-verify", "it", csrf="x", step=1, steps=2)


@pytest.mark.parametrize("lang", SUPPORTED)
@pytest.mark.parametrize("key", [key for key in ERRORS if not key.isdigit()])
def test_an_error_shows_its_code_and_its_sentence_in_every_language(key: str, lang: str) -> None:
    code, _, parameter = key.partition(":")
    page = read("error-redirect-uri", lang, code=code, parameter=parameter or None)
    shown_code = page.by_id("error-code")
    assert shown_code is not None
    assert shown_code.text == code
    sentences = {e["lang"]: e.text for e in page.all("p") if "lang" in e.attributes}
    assert list(sentences) == sorted(SUPPORTED, key=lambda each: each != lang)
    assert len(set(sentences.values())) == len(SUPPORTED)
    assert sentences["en"] == ERRORS[key].sentence
    if parameter:
        told = page.by_id("error-parameter")
        assert told is not None
        assert told.text == parameter


def test_what_strangers_wrote_is_shown_and_never_run() -> None:
    page = read("error-unknown")
    code = page.by_id("error-code")
    assert code is not None
    assert code.text == "<b>odd</b>"
    assert not page.all("b")
    login = read("login", values={"username": '"><script>x</script>'}, client_name="<img src=x>")
    field = login.by_id("username")
    assert field is not None
    assert field["value"] == '"><script>x</script>'
    assert not login.all("img")


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("register-password", "chiara.rinaldi@example.com"),
        ("register-password-masked", ""),
        ("link-ask", ""),
        ("recover-password", "chiara.rinaldi@example.com"),
        ("account-password", "chiara.rinaldi@example.com"),
    ],
)
def test_password_managers_are_told_whose_password_it_is_where_the_page_may_know(
    name: str, owner: str
) -> None:
    (hidden,) = [e for e in read(name).all("input") if e.get("autocomplete") == "username"]
    assert hidden["value"] == owner
    assert hidden["aria-hidden"] == "true"
    assert hidden.get("name") is None


def test_only_data_that_were_not_recognised_lead_to_identification() -> None:
    assert read("register-data-not-recognised").by_id("not-recognised") is not None
    assert read("register-data-professional-plain").by_id("not-recognised") is None


def test_a_password_and_a_code_are_never_shown_again() -> None:
    secrets = {"password": "Segreta-9", "new_password": "Segreta-9", "code": "481920"}
    for name in ("login-wrong", "register-password-short", "register-verify-wrong"):
        html = shown(BY_NAME[name], values=secrets)
        assert "Segreta-9" not in html
        assert "481920" not in html


def test_the_language_switch_keeps_the_address_and_its_query() -> None:
    html = PAGES[BRAND].render(
        "login", "it", here="/login?interaction=a%2Bb&lang=it", **BY_NAME["login"].context
    )
    link = Markup(html).by_id("lang-en")
    assert link is not None
    assert link["href"] == "/login?interaction=a%2Bb&lang=en"
    assert link["lang"] == link["hreflang"] == "en"
    assert link.text == "English"


def test_a_page_that_cannot_be_asked_for_again_offers_no_switch() -> None:
    assert read("error-redirect-uri").by_id("lang-en") is None


@pytest.mark.parametrize("state", EVERY, ids=lambda state: state.name)
def test_help_and_legal_links_are_on_every_page(state: State) -> None:
    html = shown(state)
    page = Markup(html)
    links = [e["href"] for e in page.all("a") if "footer" in e.inside]
    for path in ("/legal/privacy", "/legal/terms", "/legal/accessibility", "/legal/accessibility#feedback"):
        assert path in links
    if state.brand is not BARE:
        assert state.brand.help_phone is not None
        assert state.brand.help_phone in html
        assert any(e["href"] == state.brand.help_phone_uri for e in page.all("a"))


@pytest.mark.parametrize("lang", sorted(SUPPORTED))
def test_each_language_tells_the_hours_of_the_telephone_in_its_words(lang: str) -> None:
    html = shown(BY_NAME["login"], lang)
    assert [language for language, hours in BRAND.help_hours if hours in html] == [lang]


def test_the_verify_page_does_not_tell_who_is_a_customer() -> None:
    # Journey C1: the page has no fact to tell by; its words are conditional in every language.
    assert "Se i dati corrispondono" in shown(BY_NAME["register-verify"])
    assert "If the details match" in shown(BY_NAME["register-verify"], "en")
    german = shown(BY_NAME["register-verify"], "de")
    assert "Wenn die Angaben mit denen Ihrer Agentur übereinstimmen" in german
    assert "Pratica" in shown(BY_NAME["register-verify"])


SPOKEN = {
    "it": ["Per email", "inizia con c", "Per SMS", "finisce con 42"],
    "en": ["By email", "begins with c", "By text message", "ends with 42"],
    "de": ["Per E-Mail", "beginnt mit c", "Per SMS", "endet mit 42"],
}


@pytest.mark.parametrize("lang", SUPPORTED)
@pytest.mark.parametrize("name", ["register-contacts", "recover-contacts", "recover-second"])
def test_a_masked_contact_is_spoken_in_words_instead_of_dots(name: str, lang: str) -> None:
    page = read(name, lang)
    unseen = [e for e in page.all("span") if e.get("class") == "mask"]
    assert [e.get("aria-hidden") for e in unseen] == ["true", "true"]
    labels = " ".join(e.text for e in page.all("label"))
    for words in SPOKEN[lang]:
        assert words in labels


@pytest.mark.parametrize("name", ["register-contacts", "recover-contacts"])
def test_the_contacts_page_has_no_fact_to_tell_a_customer_by(name: str) -> None:
    # Journey C3: what differs between a known and an unknown identifier is the masks alone.
    decoys = [
        {"handle": "x1" * 10, "kind": "email", "mask": "p•••••@•••••"},
        {"handle": "x2" * 10, "kind": "mobile", "mask": "+39 ••• ••• ••07"},
    ]
    real, false = shown(BY_NAME[name]), shown(BY_NAME[name], options=decoys)
    swaps = [("h1" * 10, "x1" * 10), ("h2" * 10, "x2" * 10), ("c•••••@", "p•••••@"), ("••42", "••07")]
    swaps += [("inizia con c", "inizia con p"), ("finisce con 42", "finisce con 07")]
    for known, unknown in swaps:
        assert known in real
        real = real.replace(known, unknown)
    assert real == false


def test_what_is_kept_after_a_recovery_is_ticked_only_where_it_was_just_used() -> None:
    boxes = [e for e in read("recover-factors").all("input") if e.get("type") == "checkbox"]
    assert [(e["name"], "checked" in e.attributes) for e in boxes] == [
        ("keep_f1", False),
        ("keep_f2", True),
        ("keep_f3", False),
    ]


def test_the_page_of_a_link_shows_the_contact_masked_only() -> None:
    for name in ("link", "link-ask", "link-ask-company"):
        assert "chiara" not in shown(BY_NAME[name]).lower()


def test_no_customer_reads_jargon() -> None:
    for state in EVERY:
        if state.page in {"dev-inbox", "form-post"}:
            continue
        for lang in SUPPORTED:
            words = Markup(shown(state, lang)).only("body").text.lower()
            for jargon in ("token", "otp", "autenticazione forte", "login", "two-factor"):
                assert jargon not in words, f"{state.name} in {lang} says {jargon}"


def test_the_limits_in_a_fault_are_those_of_the_rules() -> None:
    rules = {"min": 12, "max": 64, "upper": False, "lower": False, "digit": True}
    html = shown(BY_NAME["register-password"], rules=rules, faults={"new_password": "password_too_short"})
    assert "Usa almeno 12 caratteri." in html
    assert "Da 12 a 64 caratteri" in html
    page = Markup(html)
    assert [e["data-rule"] for e in page.all("li") if "data-rule" in e.attributes] == ["length", "digit"]


def test_plurals_are_right_in_both_languages() -> None:
    name = "register-verify-wrong"
    assert "Puoi riprovare ancora una volta." in shown(BY_NAME[name], tries_left=1)
    assert "Puoi riprovare ancora 3 volte." in shown(BY_NAME[name], tries_left=3)
    assert "You can try one more time." in shown(BY_NAME[name], "en", tries_left=1)
    assert "Il codice vale 10 minuti." in shown(BY_NAME["register-verify"], expires_in=599)
    assert "Il codice vale un minuto." in shown(BY_NAME["register-verify"], expires_in=20)


@pytest.mark.parametrize("value", ["a\rb", "a\nb", "a\r\nb", " lead & trail ", "\"'<>&amp;&#13;", "𝄞é\u2028"])
def test_the_form_post_page_carries_a_value_byte_for_byte(value: str) -> None:
    html = shown(FORM_POST, fields=[("state", value)], action="https://rp.example/cb?a=1&b=2")
    # A browser folds CR and CRLF in what it reads; what remains must already be the value.
    folded = html.replace("\r\n", "\n").replace("\r", "\n")
    page = Markup(folded)
    assert [e["value"] for e in page.all("input")] == [value]
    assert page.only("form")["action"] == "https://rp.example/cb?a=1&b=2"
