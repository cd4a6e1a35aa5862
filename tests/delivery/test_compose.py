"""What messages say, how long they are, and that no sentence is missing in any language."""

import re
from html.parser import HTMLParser
from typing import get_args

import pytest

from idp.accounts.matching import Reason
from idp.accounts.recovery import Obstacle
from idp.flows import wording
from idp.flows.compose import Composer, Draft, Purpose, translations
from idp.flows.gsm7 import folded, septets
from idp.settings import Brand, Languages, Spoken
from idp.settings.appearance import Language
from idp.store.outbox import Channel
from tests.delivery import catalogue
from tests.delivery.conftest import NOW

LONGEST_HOST = "accedi.areaclienti.esempio-as.it"
"""32 characters: the longest host that a code of six digits is still bound to."""
BEYOND_ANY_HOST = ".".join(["a" * 61] * 4) + ".com.it"
LONGEST_BRAND = "Area Clienti della Grande Compagnia Nazionale di Assicuraz."
LINK = f"https://{LONGEST_HOST}/register/link/{'x' * 43}"
CODE_PURPOSES = (
    Purpose.REGISTRATION_CODE,
    Purpose.SIGN_IN_CODE,
    Purpose.STEP_UP_CODE,
    Purpose.CONFIRM_CODE,
    Purpose.RECOVERY_CODE,
    Purpose.USERNAME_CODE,
    Purpose.MOBILE_CODE,
)
STOPPING = (
    Purpose.MOBILE_PENDING,
    Purpose.PASSKEY_ADDED,
    Purpose.PASSKEY_PENDING,
    Purpose.AUTHENTICATOR_ADDED,
    Purpose.AUTHENTICATOR_PENDING,
    Purpose.RECOVERY_CODES_MADE,
    Purpose.RECOVERY_CODES_PENDING,
    Purpose.NEW_DEVICE,
)
"""Never without the link that stops what is new: a number, a device, an app, a set of codes, a sign-in."""
LINK_ALONE = (Purpose.REGISTRATION_LINK, *STOPPING)
"""Never without a link: the one that completes, too, where a dead link's page sent it."""
LINK_PURPOSES = (Purpose.REGISTRATION_CODE, *LINK_ALONE)
"""The only ones that may carry a link: where it completes a registration, where it stops something new."""
SCAM = {
    "it": "Non dirlo a nessuno: se te lo chiedono, anche a nome nostro, è una truffa",
    "en": "Tell nobody: if someone asks for it, even in our name, it is a scam",
    "de": "Bitte niemandem sagen: Wer danach fragt, auch in unserem Namen, betrügt Sie",
}
LANGUAGES = tuple(SCAM)

FACTS: dict[str, str | int | None] = {
    "code": "123456",
    "minutes": 10,
    "at": NOW,
    "until": NOW + 30 * 24 * 3600,
    "left": 10,
    "customer_number": "C100001-LONG-CUSTOMER-NUMBER",
    "device": "samsung chromeos",
    "operation": (
        "Liquidazione di 999.999.999.999,99 € a MT84MALT011000012345MTLCAST001S, intestatario " + "W" * 70
    ),
}


def composer(host: str = LONGEST_HOST, brand: Brand | None = None) -> Composer:
    return Composer(brand or Brand(), Languages(), host)


def facts(purpose: Purpose, link: str | None) -> dict[str, str | int | None]:
    """What is known to a message; what says a link alone is never without it."""
    return {**FACTS, "link": link or (LINK if purpose in LINK_ALONE else None)}


def sms(purpose: Purpose, language: str, *, link: str | None = None, by: Composer | None = None) -> str:
    return (by or composer()).compose(purpose, language, Channel.SMS, facts(purpose, link)).text


def letter(purpose: Purpose, language: str, *, link: str | None = None, brand: Brand | None = None) -> Draft:
    return composer(brand=brand).compose(purpose, language, Channel.EMAIL, facts(purpose, link))


every_purpose = pytest.mark.parametrize("purpose", list(Purpose))
every_language = pytest.mark.parametrize("language", LANGUAGES)
every_code = pytest.mark.parametrize("purpose", CODE_PURPOSES)


# --- the catalogues ---------------------------------------------------------------------------------------


@every_language
def test_no_sentence_is_missing_or_fuzzy(language: str) -> None:
    shipped = catalogue.shipped(language)
    assert [str(m.id) for m in shipped if m.id and (m.fuzzy or not m.string)] == []
    assert set(translations(language)) == set(wording.sentences())


@every_language
def test_a_translation_has_the_placeholders_of_its_key(language: str) -> None:
    for sentence, translation in translations(language).items():
        names = re.compile(r"%\((\w+)\)s")
        assert sorted(names.findall(translation)) == sorted(names.findall(sentence)), sentence
        assert translation % dict.fromkeys(names.findall(sentence), "x")


@every_language
def test_the_catalogue_stands_as_its_program_writes_it(language: str) -> None:
    known = {str(m.id): str(m.string) for m in catalogue.shipped(language) if m.id}
    wanted = catalogue.written(catalogue.brought_together(language, known))
    assert catalogue.path_of(language).read_bytes() == wanted, "run python -m tests.delivery.catalogue"


@pytest.mark.parametrize("language", ["it", "de"])
def test_no_language_is_left_in_another(language: str) -> None:
    assert {s for s, t in translations(language).items() if s == t} == set()
    assert set(translations("it").values()).isdisjoint(translations("de").values())


def test_every_language_that_may_be_offered_is_shipped() -> None:
    assert set(LANGUAGES) == set(get_args(Language)) == set(Languages().offered) == set(catalogue.LANGUAGES)


def test_a_language_that_is_not_offered_becomes_the_default() -> None:
    assert sms(Purpose.REGISTRATION_CODE, "fr") == sms(Purpose.REGISTRATION_CODE, "it")
    only_english = Composer(Brand(), Languages(default="en", offered=("en",)), LONGEST_HOST)
    assert sms(Purpose.REGISTRATION_CODE, "it", by=only_english) == sms(Purpose.REGISTRATION_CODE, "en")


# --- SMS ---------------------------------------------------------------------------------------------------


@every_language
@every_purpose
@pytest.mark.parametrize("brand", ["Area Clienti", LONGEST_BRAND])
@pytest.mark.parametrize("link", [None, LINK])
@pytest.mark.parametrize("host", [LONGEST_HOST, BEYOND_ANY_HOST])
def test_an_sms_fits_in_one_part_with_a_code_and_in_two_without(
    purpose: Purpose, language: str, brand: str, link: str | None, host: str
) -> None:
    text = sms(purpose, language, link=link, by=composer(host, Brand(name=brand)))
    with_link = link is not None and purpose in LINK_PURPOSES
    most = 160 if purpose in CODE_PURPOSES and not with_link else 306
    places = septets(text)
    assert places is not None, f"not in GSM-7: {text}"
    assert places <= most, text


@every_language
@every_code
def test_a_code_comes_first_and_the_host_it_is_bound_to_last(purpose: Purpose, language: str) -> None:
    text = sms(purpose, language)
    assert text.startswith("123456")
    # Origin-bound one-time codes: the last line, by itself.
    assert text.splitlines()[-1] == f"@{LONGEST_HOST} #123456"
    assert SCAM[language] in text
    assert "10 min" in text.casefold()


@every_language
@every_code
@pytest.mark.parametrize(("code", "longest"), [("123456", 32), ("12345678", 28)])
def test_the_longest_host_is_what_the_manual_says(
    purpose: Purpose, language: str, code: str, longest: int
) -> None:
    bound = composer("h" * longest).compose(purpose, language, Channel.SMS, {**FACTS, "code": code}).text
    assert bound.endswith(f"\n@{'h' * longest} #{code}")
    assert (septets(bound) or 999) <= 160


@every_language
@every_code
def test_a_host_too_long_for_one_part_is_left_out_and_the_warning_stays(
    purpose: Purpose, language: str
) -> None:
    text = sms(purpose, language, by=composer(BEYOND_ANY_HOST))
    assert "@" not in text
    assert SCAM[language] in text


PAYOUT = "Liquidazione di 1.500,00 € a IT60X0542811101000000123456, intestatario Maria Rossi"


def of_operation(language: str, operation: str, host: str = LONGEST_HOST) -> str:
    told = {**FACTS, "minutes": 5, "operation": operation}
    return composer(host).compose(Purpose.OPERATION_CODE, language, Channel.SMS, told).text


@every_language
@pytest.mark.parametrize("host", ["localhost", LONGEST_HOST, BEYOND_ANY_HOST])
def test_f_a_code_for_an_operation_says_it_whole_and_keeps_the_warning(language: str, host: str) -> None:
    for operation in (PAYOUT, str(FACTS["operation"])):
        text = of_operation(language, operation, host)
        assert text.startswith("123456 ")
        assert operation in text
        assert (septets(text) or 999) <= 306
        if operation == PAYOUT or host == BEYOND_ANY_HOST:
            assert SCAM[language] in text
        if host == BEYOND_ANY_HOST:
            assert "@" not in text
        else:
            assert text.splitlines()[-1] == f"@{host} #123456"


@every_language
def test_f_a_longest_name_of_a_holder_leaves_the_short_warning(language: str) -> None:
    short = {
        "it": "È una truffa: non dirlo a nessuno",
        "en": "It is a scam: tell nobody",
        "de": "Es ist Betrug",
    }
    text = of_operation(language, str(FACTS["operation"]))
    assert SCAM[language] in text or folded(short[language]) in text


@every_language
def test_f_a_name_that_no_text_message_has_room_for_makes_it_longer_and_stays_whole(language: str) -> None:
    operation = str(FACTS["operation"])[:-70] + "€" * 70
    text = of_operation(language, operation)
    assert operation in text
    assert text.startswith("123456 ")


def test_f_a_foreign_name_is_written_with_the_letters_a_text_message_has() -> None:
    said = of_operation("it", PAYOUT.replace("Maria Rossi", "Şükrü Çelik-Łoś"))
    assert septets(said) is not None
    assert "1.500,00 € a IT60X0542811101000000123456, intestatario Sükrü" in said


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("Chiama www.truffa.example", "Chiama www. truffa. example"),
        ("https://truffa", "https: //truffa"),
        ("truffa．example", "truffa. example"),
        ("Rossi S.r.l. e F.lli Verdi", "Rossi S.r.l. e F. lli Verdi"),
        ("M. Rossi", "M. Rossi"),
    ],
)
def test_f_nothing_that_was_typed_into_an_operation_becomes_a_link(typed: str, sent: str) -> None:
    said = of_operation("it", PAYOUT.replace("Maria Rossi", typed))
    assert f"1.500,00 € a IT60X0542811101000000123456, intestatario {sent}. Vale" in said


@every_language
def test_b6_an_sms_with_a_link_has_both_and_no_bound_host(language: str) -> None:
    text = sms(Purpose.REGISTRATION_CODE, language, link=LINK)
    assert text.startswith("123456")
    assert LINK in text
    assert "#123456" not in text
    assert SCAM[language] in text


@every_language
def test_b6_the_message_of_a_dead_link_has_a_link_and_no_code(language: str) -> None:
    text = sms(Purpose.REGISTRATION_LINK, language, link=LINK)
    draft = letter(Purpose.REGISTRATION_LINK, language, link=LINK)
    assert LINK in text
    assert LINK in draft.text
    assert SCAM[language] in text
    assert "123456" not in text + draft.text + draft.html


@every_language
@pytest.mark.parametrize("purpose", sorted(set(Purpose) - set(LINK_PURPOSES)))
def test_no_other_message_carries_a_link(purpose: Purpose, language: str) -> None:
    assert "http" not in sms(purpose, language, link=LINK)
    draft = letter(purpose, language, link=LINK)
    assert "http" not in draft.text
    assert "href" not in draft.html


@every_language
def test_g_a_pending_number_says_when_it_counts_and_where_to_stop_it(language: str) -> None:
    for text in (sms(Purpose.MOBILE_PENDING, language), letter(Purpose.MOBILE_PENDING, language).text):
        assert LINK in text
        assert "2026, 18:53" in text
    with pytest.raises(KeyError, match="link"):
        composer().compose(Purpose.MOBILE_PENDING, language, Channel.SMS, FACTS)
    with pytest.raises(KeyError, match="until"):
        composer().compose(Purpose.MOBILE_PENDING, language, Channel.SMS, {"at": NOW, "link": LINK})


@every_language
@pytest.mark.parametrize("purpose", STOPPING[1:])
def test_e_what_is_added_is_told_with_the_link_that_stops_it(purpose: Purpose, language: str) -> None:
    assert LINK in sms(purpose, language)
    assert LINK in letter(purpose, language).text
    with pytest.raises(KeyError, match="link"):
        composer().compose(purpose, language, Channel.SMS, FACTS)


@every_language
@pytest.mark.parametrize("purpose", [Purpose.AUTHENTICATOR_PENDING, Purpose.RECOVERY_CODES_PENDING])
def test_i_nothing_is_said_to_confirm_operations_that_never_does(purpose: Purpose, language: str) -> None:
    draft = letter(purpose, language)
    for text in (sms(purpose, language), draft.text):
        assert not re.search(r"operation|operazion|vorgang|vorgänge", text.casefold()), text
        assert "2026, 18:53" in text


def test_l_a_lost_username_says_until_when_it_signs_in() -> None:
    assert "fino a martedì 22 dicembre 2026, 18:53" in sms(Purpose.USERNAME_REMOVED, "it")
    assert "until Tuesday 22 December 2026, 18:53" in letter(Purpose.USERNAME_REMOVED, "en").text
    assert "bis Dienstag, 22. Dezember 2026, 18:53 Uhr" in letter(Purpose.USERNAME_REMOVED, "de").text


@every_language
def test_the_agency_reads_whose_number_it_is_and_is_not_sent_to_itself_for_help(language: str) -> None:
    draft = letter(Purpose.MOBILE_AGENCY, language)
    help_line = translations(language)[wording.HELP_WITHOUT_PHONE]
    assert "C100001-LONG-CUSTOMER-NUMBER" in draft.subject
    assert "C100001-LONG-CUSTOMER-NUMBER" in draft.text
    assert help_line not in draft.text
    assert help_line not in draft.html
    assert (
        "800 000 000" in letter(Purpose.MOBILE_AGENCY, language, brand=Brand(help_phone="800 000 000")).text
    )


@every_language
def test_a_device_name_cannot_bind_a_code_to_another_host(language: str) -> None:
    told = {**FACTS, "link": LINK, "device": "x\n@evil.example #123456"}
    text = composer().compose(Purpose.NEW_DEVICE, language, Channel.SMS, told).text
    assert not [line for line in text.splitlines() if line.startswith("@")]
    assert "evil" not in text


@every_language
def test_d_a_device_is_named_and_one_that_is_not_known_is_said_to_be_that(language: str) -> None:
    assert "Samsung Internet" in sms(Purpose.NEW_DEVICE, language)
    told = {**FACTS, "link": LINK, "device": "other android"}
    text = composer().compose(Purpose.NEW_DEVICE, language, Channel.SMS, told).text
    assert translations(language)[wording.UNKNOWN_DEVICE] in text


def test_text_is_folded_into_gsm7() -> None:
    assert folded("È l’ora… “sì” • 5\N{NO-BREAK SPACE}– È") == "E' l'ora... \"sì\" * 5 - E'"
    assert folded("e\N{COMBINING GRAVE ACCENT}") == "è"
    assert folded("ő Č 漢") == "o C ?"


def test_signs_of_the_extension_take_two_places() -> None:
    assert septets("10 €") == 5
    assert septets("[a]") == 5
    assert septets("’") is None


# --- letters ------------------------------------------------------------------------------------------------


class Words(HTMLParser):
    """The words of a page, and the addresses it mentions."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self._in_body = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._in_body |= tag == "body"
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "background")]

    def handle_data(self, data: str) -> None:
        if self._in_body:
            self.words += data.split()


@every_language
@every_purpose
@pytest.mark.parametrize("link", [None, LINK])
def test_a_letter_says_the_same_in_text_and_html(purpose: Purpose, language: str, link: str | None) -> None:
    draft = letter(purpose, language, link=link)
    plain = [word for word in draft.text.replace(":\nhttps", "\nhttps").split() if word != "--"]
    assert Words(draft.html).words == plain


@every_language
@every_purpose
def test_a_letter_loads_nothing_and_tracks_nobody(purpose: Purpose, language: str) -> None:
    page = Words(letter(purpose, language, link=LINK).html)
    assert page.tags.isdisjoint({"img", "link", "script", "iframe", "object", "form", "style", "video"})
    assert set(page.links) <= {LINK}
    assert "url(" not in letter(purpose, language).html


@every_language
@every_code
def test_the_code_stands_large_and_alone_in_a_letter(purpose: Purpose, language: str) -> None:
    draft = letter(purpose, language)
    assert "\n    123456\n" in draft.text
    assert re.search(r"<p[^>]*font-size:36px[^>]*>123456</p>", draft.html)
    assert "123456" not in draft.subject


@every_language
@every_purpose
def test_a_letter_without_code_in_its_words_shows_none(purpose: Purpose, language: str) -> None:
    if purpose not in (*CODE_PURPOSES, Purpose.OPERATION_CODE):
        draft = letter(purpose, language)
        assert "123456" not in draft.subject + draft.text + draft.html


def test_a_link_stands_as_button_and_in_full() -> None:
    draft = letter(Purpose.REGISTRATION_CODE, "it", link=LINK)
    assert draft.html.count(f'href="{LINK}"') == 2
    assert f">{LINK}</a>" in draft.html
    assert LINK in draft.text.splitlines()


def test_what_the_brand_is_called_is_text_not_markup() -> None:
    brand = Brand(name='Uno & <b>Due</b> 50%"', insurer_name="Tre & Quattro", help_phone="800 <1>")
    draft = letter(Purpose.REGISTRATION_CODE, "it", brand=brand)
    assert "<b>" not in draft.html
    assert "Uno &amp; &lt;b&gt;Due" in draft.html
    assert 'Uno & <b>Due</b> 50%"' in draft.text


def test_a_subject_is_one_line() -> None:
    draft = letter(Purpose.REGISTRATION_CODE, "it", brand=Brand(name="Area\r\nBcc: x@example.com"))
    assert len(draft.subject.splitlines()) == 1


BY_LANGUAGE = (("it", "lun-ven 9-18"), ("en", "Mon-Fri 9 am-6 pm"), ("de", "Mo-Fr 9-18 Uhr"))


@pytest.mark.parametrize(
    ("brand", "line"),
    [
        (Brand(), "Serve aiuto? Rivolgiti alla tua agenzia."),
        (Brand(help_phone="800 000 000"), "Serve aiuto? Chiama il numero 800 000 000."),
        (
            Brand(help_phone="800 000 000", help_hours=Spoken("lun-ven 9-18")),
            "Serve aiuto? Chiama il numero 800 000 000 (lun-ven 9-18).",
        ),
        (
            Brand(help_phone="800 000 000", help_hours=Spoken(by_language=BY_LANGUAGE)),
            "Serve aiuto? Chiama il numero 800 000 000 (lun-ven 9-18).",
        ),
    ],
)
def test_help_is_named_as_far_as_it_is_known(brand: Brand, line: str) -> None:
    assert line in letter(Purpose.NAME_DIFFERS, "it", brand=brand).text.splitlines()


def test_each_language_tells_its_own_hours() -> None:
    brand = Brand(help_phone="800 000 000", help_hours=Spoken(by_language=BY_LANGUAGE))
    for language, hours in BY_LANGUAGE:
        assert f"800 000 000 ({hours})" in letter(Purpose.NAME_DIFFERS, language, brand=brand).text


def test_an_italian_moment_needs_no_article() -> None:
    eighth = {**FACTS, "at": NOW - 14 * 24 * 3600}
    text = composer().compose(Purpose.ACCOUNT_CREATED, "it", Channel.SMS, eighth).text
    assert "creato domenica 8 novembre 2026, 18:53." in text
    before = re.compile(r"\b(il|l[oa'’]|al|dal|del|nel|sul|entro)\s*%\((when|until)\)s", re.IGNORECASE)
    assert not [t for t in translations("it").values() if before.search(t)]


@pytest.mark.parametrize(("language", "bare"), [("it", r"^%\(when\)s"), ("de", r"(^|: )%\(when\)s \w")])
def test_no_sentence_begins_with_a_day_that_stands_there_bare(language: str, bare: str) -> None:
    # Italian days begin with a small letter, German ones want their "Am".
    assert not [t for t in translations(language).values() if re.search(bare, t)]


@pytest.mark.parametrize(
    ("language", "moment"),
    [
        ("it", "creato domenica 22 novembre 2026, 18:53."),
        ("en", "on Sunday 22 November 2026, 18:53."),
        ("de", "am Sonntag, 22. November 2026, 18:53 Uhr "),
    ],
)
def test_a_moment_is_told_in_the_customers_time(language: str, moment: str) -> None:
    assert moment in sms(Purpose.ACCOUNT_CREATED, language)


def test_a_missing_fact_is_named() -> None:
    with pytest.raises(KeyError, match="code"):
        composer().compose(Purpose.REGISTRATION_CODE, "it", Channel.SMS, {"minutes": 10})
    with pytest.raises(KeyError, match="when"):
        composer().compose(Purpose.ACCOUNT_CREATED, "it", Channel.EMAIL, {})


# --- the truth goes to the contact (journey C1) -------------------------------------------------------------

UNTOLD = {
    Reason.NO_CONTACT,
    Reason.DECEASED,
    Reason.UNDER_AGE,
    Reason.UNKNOWN_IDENTIFIER,
    Reason.NOTHING_OFFERED,
    Reason.NONE_CHOSEN,
}


@pytest.mark.parametrize("reason", list(Reason))
def test_c1_every_reason_is_told_to_the_contact_but_those_that_must_not(reason: Reason) -> None:
    assert (Purpose.truth(reason) is None) == (reason in UNTOLD) != reason.told_to_contact


def test_h_a_contact_changed_too_recently_and_a_missing_account_are_told_as_such() -> None:
    told = {obstacle: Purpose.truth(obstacle) for obstacle in Obstacle}
    assert told.pop(Obstacle.FRESH_CONTACT) is Purpose.RECOVERY_FRESH_CONTACT
    assert told.pop(Obstacle.NO_ACCOUNT) is Purpose.RECOVERY_NO_ACCOUNT
    assert set(told.values()) == {None}


def test_c1_a_code_is_no_truth() -> None:
    assert Purpose.truth("code") is None


@every_language
@pytest.mark.parametrize("reason", sorted(set(Reason) - UNTOLD))
def test_c1_a_truth_says_what_to_do_and_repeats_nothing(language: str, reason: Reason) -> None:
    purpose = Purpose.truth(reason)
    assert purpose is not None
    typed = {**FACTS, "given_name": "Zaccaria", "username": "zaccaria@example.com"}
    for channel in Channel:
        draft = composer().compose(purpose, language, channel, typed)
        whole = draft.subject + draft.text + draft.html
        assert "zaccaria" not in whole.casefold()
        assert "123456" not in whole
        assert len(draft.text) > 80
