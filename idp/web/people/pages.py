"""The pages a customer sees: one render each, from templates compiled once per language.

`Pages` is built once at start. Views say what is the case (`values`, `faults`, plain facts); the words, the
order and the looks are decided here and in the templates, which compute no rule. What each page wants is
written on top of its template and checked: a fact that is missing is an error (StrictUndefined), never a gap.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from idp.accounts.device import names_of
from idp.flows.moments import Precision, in_a_while, spoken
from idp.web.people import static
from idp.web.people.brand import Brand, style_sheet
from idp.web.people.catalogues import catalogue
from idp.web.people.languages import OWN_NAMES, SUPPORTED
from idp.web.people.words import DEVICE, FAULTS, SCOPES, UNKNOWN_DEVICE, error_words

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
STATIC = ROOT / "static"

TEMPLATE_OF: Mapping[str, str] = {
    "login": "login/login.html",
    "login-code": "login/code.html",
    "step-up": "step_up/step_up.html",
    "register-profile": "register/profile.html",
    "register-data": "register/data.html",
    "register-password": "register/password.html",
    "register-verify": "register/verify.html",
    "register-identify": "register/identify.html",
    "register-contacts": "register/contacts.html",
    "register-none": "register/none.html",
    "register-collective": "register/collective.html",
    "register-activate": "register/activate.html",
    "register-username": "register/username.html",
    "register-done": "register/done.html",
    "link": "link/link.html",
    "link-expired": "link/expired.html",
    "recover": "recover/recover.html",
    "recover-contacts": "recover/contacts.html",
    "recover-activate": "recover/activate.html",
    "recover-verify": "recover/verify.html",
    "recover-second": "recover/second.html",
    "recover-own-code": "recover/own_code.html",
    "recover-factors": "recover/factors.html",
    "recover-password": "recover/password.html",
    "recover-done": "recover/done.html",
    "account": "account/account.html",
    "account-confirm": "account/confirm.html",
    "account-password": "account/password.html",
    "account-username": "account/username.html",
    "username-verify": "account/username_verify.html",
    "passkey-offer": "login/passkey_offer.html",
    "passkeys": "account/passkeys.html",
    "passkey-add": "account/passkey_add.html",
    "confirm-way": "account/confirm_way.html",
    "passkey-name": "account/passkey_name.html",
    "passkey-remove": "account/passkey_remove.html",
    "authenticator": "account/authenticator.html",
    "authenticator-add": "account/authenticator_add.html",
    "authenticator-remove": "account/authenticator_remove.html",
    "recovery-codes": "account/recovery_codes.html",
    "recovery-codes-made": "account/recovery_codes_made.html",
    "stop": "account/stop.html",
    "stopped": "account/stopped.html",
    "mobile": "account/mobile.html",
    "mobile-verify": "account/mobile_verify.html",
    "mobile-confirm": "account/mobile_confirm.html",
    "mobile-cancel": "account/mobile_cancel.html",
    "mobile-cancelled": "account/mobile_cancelled.html",
    "limited": "account/limited.html",
    "account-sessions": "account/sessions.html",
    "account-apps": "account/apps.html",
    "account-activity": "account/activity.html",
    "account-language": "account/language.html",
    "account-browsers": "account/browsers.html",
    "account-data": "account/data.html",
    "account-close": "account/close.html",
    "account-closed": "account/closed.html",
    "not-me": "account/not_me.html",
    "not-me-done": "account/not_me_done.html",
    "consent": "consent/consent.html",
    "operation": "step_up/operation.html",
    "logout": "logout/logout.html",
    "signed-out": "logout/signed_out.html",
    "form-post": "consent/form_post.html",
    "error": "error/error.html",
    "no-interaction": "error/no_interaction.html",
    "legal-privacy": "legal/privacy.html",
    "legal-terms": "legal/terms.html",
    "legal-accessibility": "legal/accessibility.html",
    "legal-heirs": "legal/heirs.html",
    "dev-inbox": "dev/inbox.html",
}


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """One entry of the language switch; `url` is None for the language being read."""

    language: str
    name: str
    url: str | None


class Pages:
    """Every page, in every language we speak.

    `logo` is the content of the file named by `brand.logo`. Raises ValueError when the brand names a logo
    without content, or one of an unknown kind.
    """

    def __init__(
        self,
        brand: Brand,
        *,
        languages: tuple[str, ...] = SUPPORTED,
        timezone: str = "Europe/Rome",
        logo: bytes | None = None,
    ) -> None:
        made = {"brand.css": style_sheet(brand.colours)}
        if brand.logo is not None:
            if logo is None:
                raise ValueError(f"the brand names the logo {brand.logo} and nobody brought its content")
            made[brand.logo] = logo
        self.static_files = static.load(STATIC, made)
        self._tongues = {
            language: _Tongue(language, languages, brand, self.static_files, ZoneInfo(timezone))
            for language in languages
        }

    def render(self, name: str, lang: str, *, here: str = "", **context: Any) -> str:
        """The page `name` in the language `lang`, as HTML.

        `here` is the path and query this page answers at by GET; the language switch leads back there, and is
        left out when it is empty (an answer that cannot be asked for again). Raises KeyError for an unknown
        page or language, jinja2.UndefinedError when a fact the template wants is missing.
        """
        return self._tongues[lang].render(name, here, context)


class _Tongue:
    """The pages of one language: an environment, its templates, and the words for codes."""

    def __init__(
        self,
        language: str,
        languages: tuple[str, ...],
        brand: Brand,
        static_files: static.StaticFiles,
        timezone: ZoneInfo,
    ) -> None:
        self.language = language
        self._languages = languages
        self._brand = brand
        self._static_files = static_files
        self._timezone = timezone
        self._templates: dict[str, Template] = {}

    def render(self, name: str, here: str, context: Mapping[str, Any]) -> str:
        faults: Mapping[str, str] = context.get("faults") or {}
        words = {field: self._fault(field, code, context) for field, code in faults.items()}
        return self.template(name).render(
            {
                "values": {},
                "case_number": None,
                **context,
                "here": here,
                "faults": words,
                "first_fault": next(iter(words), None),
                "language_links": self._language_links(here),
            }
        )

    def template(self, name: str) -> Template:
        # Two threads may compile the same template at once: the same result, kept once.
        found = self._templates.get(name)
        if found is None:
            found = self._templates[name] = self._environment.get_template(TEMPLATE_OF[name])
        return found

    @cached_property
    def _environment(self) -> Environment:
        messages = catalogue(self.language)
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        )
        environment.policies["ext.i18n.trimmed"] = True
        install: Callable[..., None] = environment.install_gettext_callables  # type: ignore[attr-defined]
        install(messages.gettext, messages.ngettext, newstyle=True)
        environment.globals.update(
            brand=self._brand,
            help_hours=self._brand.hours_in(self.language),
            language=self.language,
            static=self._static_files.url,
            error_words=error_words,
            scope_words=self._scope,
            device_words=self._device,
            activity_words=self._activity,
            in_every_language=self._in_every_language,
            moment=self._moment,
            until=self._until,
            day=self._day,
        )
        environment.filters["attribute"] = attribute
        environment.filters["spaced"] = spaced
        return environment

    def _fault(self, field: str, code: str, context: Mapping[str, Any]) -> str:
        """A fault's words; those that name a limit take it from `rules`, as the page does."""
        code, _, seconds = code.partition(":")
        sentence = FAULTS.get(f"{field}.{code}") or FAULTS[code]
        words = catalogue(self.language).gettext(sentence)
        if "%(" not in words:
            return words
        return words % {
            **(context.get("rules") or {}),
            "wait": in_a_while(int(seconds or _SOON), self.language),
        }

    def _scope(self, scope: str) -> str | None:
        sentence = SCOPES.get(scope)
        return None if sentence is None else catalogue(self.language).gettext(sentence)

    def _device(self, device: str | None) -> str:
        """A device in two codes (``accounts.device``) as people call it."""
        words, names = catalogue(self.language), names_of(device)
        if names is None:
            return words.gettext(UNKNOWN_DEVICE)
        return words.gettext(DEVICE) % {"browser": names[0], "system": names[1]}

    def _activity(self, sentence: str, app: str | None) -> str:
        """What happened (a key of ``accounts.activity``), with the name of the app where it is about one."""
        words = catalogue(self.language).gettext(sentence)
        return words % {"app": app or "?"} if "%(" in words else words

    def _in_every_language(self, sentence: str) -> list[tuple[str, str]]:
        """The sentence in the page's language, then in the others."""
        order = sorted(self._languages, key=lambda language: language != self.language)
        return [(language, catalogue(language).gettext(sentence)) for language in order]

    def _language_links(self, here: str) -> list[LanguageLink]:
        if not here:
            return []
        path, _, query = here.partition("?")
        kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "lang"]
        return [
            LanguageLink(
                language,
                OWN_NAMES[language],
                None if language == self.language else f"{path}?{urlencode([*kept, ('lang', language)])}",
            )
            for language in self._languages
        ]

    def _moment(self, seconds: int) -> Markup:
        """An instant (epoch seconds) in words, with the exact one for machines."""
        return self._instant(seconds, Precision.SECOND)

    def _until(self, seconds: int) -> Markup:
        """The same as people say it: to the minute."""
        return self._instant(seconds, Precision.MINUTE)

    def _day(self, seconds: int) -> Markup:
        """The same to the day."""
        return self._instant(seconds, Precision.DAY)

    def _instant(self, seconds: int, precision: Precision) -> Markup:
        at = datetime.fromtimestamp(seconds, UTC)
        words = spoken(seconds, self.language, self._timezone, precision)
        return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), words)


_SOON = 60
"""Seconds that are told where a fault does not say how long it lasts."""

_LINE_ENDS = re.compile(r"[\r\n\t]")


def attribute(value: str) -> Markup:
    """A value for a quoted attribute that a parser gives back byte for byte, line ends included.

    The HTML parser folds CR and CRLF in its input (HTML, preprocessing the input stream); a reference is not
    folded.
    """
    folded = str(escape(value))
    return Markup(_LINE_ENDS.sub(lambda found: f"&#{ord(found[0])};", folded))  # noqa: S704 - escaped above


def spaced(value: str) -> Markup:
    """A contact that a narrow screen breaks, if it must, before the `@`."""
    return Markup("<wbr>@").join(escape(part) for part in value.split("@"))
