"""One request of one browser: what it brings, whether it comes from our own page, and how it is answered."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Request, Response
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from idp.accounts.device import device_of
from idp.flows.authorize.answering import Answered
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.flows.sessions import Begun
from idp.oidc import parameters
from idp.oidc.authorization.redirect_uri import uses_private_scheme
from idp.oidc.parameters import Parameters
from idp.store.authorize import Interaction
from idp.values import Handle
from idp.web.people import languages
from idp.web.people.cookies import BROWSER_LIFE, Cookies
from idp.web.people.pages import Pages
from idp.web.source import source_of

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action {}; frame-ancestors 'none'; base-uri 'none'"
)


class Forged(Exception):
    """A form that was not sent by our own page in this browser: nothing is done (answered with 403)."""


class NoCookies(Exception):
    """The browser sends back none of our cookies, so no form of ours can work in it."""


@dataclass(frozen=True, slots=True)
class Face:
    """What every view of the people's face needs."""

    idp: Idp
    pages: Pages
    cookies: Cookies


class Visit:
    """One request. ``now`` is read once; the form is read at the first need and is proven to be ours by
    then."""

    def __init__(self, face: Face, request: Request) -> None:
        self.face = face
        self.idp = face.idp
        self.request = request
        self.now = face.idp.clock.now()
        self.now_ms = face.idp.clock.now_ms()
        brought = face.cookies.handle(request, "browser")
        # A first visit gets its handle now, so that the form it is shown can be tied to it.
        self._fresh_browser = brought is None
        self.browser_handle = brought or face.idp.entropy.handle()
        self.browser = Browser(
            handle=self.browser_handle,
            session=face.cookies.handle(request, "session"),
            source=source_of(request.environ, trusted_proxies=face.idp.settings.service.trusted_proxies),
            device=device_of(request.headers.get("User-Agent")),
        )
        self._ui_locales: str | None = None
        self._account_language: str | None = None
        self._form_targets: tuple[str, ...] = ()
        self._switches = True

    # --- what came ---------------------------------------------------------------------------------------

    @cached_property
    def query(self) -> Parameters:
        """The query string's parameters; raises ``BadParameters``."""
        limit = self.idp.settings.limits.parameter_bytes
        return parameters.parse(self.request.environ.get("QUERY_STRING", ""), limit=limit)

    @cached_property
    def body(self) -> bytes:
        """The request body; raises ``RequestEntityTooLarge``."""
        most = self.idp.settings.limits.body_bytes
        if (self.request.content_length or 0) > most:
            raise RequestEntityTooLarge
        return self.request.get_data(cache=False)[: most + 1]

    @cached_property
    def form(self) -> MultiDict[str, str]:
        """The fields posted by our own page; raises ``Forged``, ``NoCookies`` or ``BadParameters``."""
        self._check_origin()
        posted = parameters.parse(self.body, limit=self.idp.settings.limits.parameter_bytes)
        if self._fresh_browser:
            raise NoCookies
        if not hmac.compare_digest(posted.get("csrf") or "", self.csrf):
            raise Forged
        return MultiDict(posted.items)

    def must_be_ours(self) -> None:
        """Refuse a form that our own page did not send, before anything is looked up (ASVS 3.5.1)."""
        if self.pressed:
            _ = self.form

    @property
    def pressed(self) -> bool:
        """Whether this is a form being sent."""
        return self.request.method == "POST"

    def _check_origin(self) -> None:
        # Our pages send no referrer, so an honest Origin may be "null"; Sec-Fetch-Site then tells (ASVS
        # 3.5.1).
        origin = self.request.headers.get("Origin")
        if origin not in (None, "null", self.idp.issuer):
            raise Forged
        if self.request.headers.get("Sec-Fetch-Site") not in (None, "same-origin"):
            raise Forged

    @property
    def csrf(self) -> str:
        """The token of this browser's forms; a sign-in changes it, since it is tied to the session too."""
        session = self.browser.session.secret if self.browser.session is not None else ""
        mac = hmac.new(self.browser_handle.secret.encode(), b"form:" + session.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(mac.digest()).rstrip(b"=").decode()

    # --- language ----------------------------------------------------------------------------------------

    def belongs_to(self, interaction: Interaction | None, *, also: str | None = None) -> None:
        """Speak the waiting request's language, and let its forms lead where its answer will go."""
        if interaction is not None:
            self._ui_locales = " ".join(interaction.request.ui_locales)
            self.leads_to(interaction.request.redirect_uri)
        if also is not None:
            self.leads_to(also)

    def hears(self, ui_locales: str | None) -> None:
        """Speak the language a relying party asks for."""
        self._ui_locales = ui_locales

    def speaks(self, language: str | None) -> None:
        """Prefer the account's own choice of language."""
        self._account_language = language

    def leads_to(self, uri: str) -> None:
        """Let this page's form end, by redirects, at a URI's origin (Chromium applies form-action to the
        chain)."""
        parts = urlsplit(uri)
        target = f"{parts.scheme}:" if uses_private_scheme(uri) else f"{parts.scheme}://{parts.netloc}"
        self._form_targets = (*self._form_targets, target)

    @property
    def language(self) -> str:
        """The language to answer in."""
        offered = self.idp.settings.languages
        return languages.choose(
            pressed=self._pressed_language,
            ui_locales=self._ui_locales,
            account=self._account_language,
            cookie=self.face.cookies.text(self.request, languages.COOKIE),
            accept_language=self.request.headers.get("Accept-Language"),
            supported=offered.offered,
            default=offered.default,
        )

    @property
    def _pressed_language(self) -> str | None:
        # Most requests press nothing, and are spared the reading of their query a second time.
        if self.pressed or "lang=" not in self.request.environ.get("QUERY_STRING", ""):
            return None
        return self.request.args.get("lang")

    def without_switch(self) -> None:
        """Offer no language switch: this answer cannot be asked for again."""
        self._switches = False

    # --- answers -----------------------------------------------------------------------------------------

    def page(self, name: str, *, status: int = 200, **context: Any) -> Response:
        """A page, with the headers that keep it from being framed, cached, or made to run what is not
        ours."""
        here = self._own_address() if self._switches else ""
        html = self.face.pages.render(
            name, self.language, here=here, csrf=self.csrf, status=status, **context
        )
        response = Response(html, status=status, mimetype="text/html")
        targets = " ".join(dict.fromkeys(("'self'", *self._form_targets)))
        response.headers["Content-Security-Policy"] = _POLICY.format(targets)
        return self._with_cookies(response)

    def go(self, path: str, **query: str | None) -> Response:
        """Redirect to a page of ours by GET (303: a posted password is never posted on, RFC 9700 §4.12)."""
        given = {name: value for name, value in query.items() if value is not None}
        return self._redirect(f"{path}?{urlencode(given)}" if given else path)

    def leave(self, url: str) -> Response:
        """Redirect to a relying party; the URL is one of its registered ones."""
        return self._redirect(url)

    def answer(self, answered: Answered, *, client_name: str | None = None) -> Response:
        """Bring the authorization response to the relying party."""
        response = answered.response
        if response.response_mode == "form_post":
            self.leads_to(response.redirect_uri)
            return self.page(
                "form-post",
                action=response.redirect_uri,
                fields=list(response.fields),
                client_name=client_name,
            )
        return self._redirect(response.location)

    def signed_in(self, response: Response, begun: Begun) -> Response:
        """Give the browser its new session."""
        self.face.cookies.set(response, "session", begun.handle.secret)
        self.face.cookies.set(response, "browser", begun.browser.secret, life=BROWSER_LIFE)
        return response

    def prefers(self, response: Response, language: str) -> Response:
        """Remember a language that was chosen for good."""
        kept = languages.remember(language, supported=self.idp.settings.languages.offered)
        self.face.cookies.set(response, languages.COOKIE, kept, life=BROWSER_LIFE)
        return response

    def keep(self, response: Response, what: str, handle: Handle, *, life: int | None = None) -> Response:
        """Give the browser another handle of ours."""
        self.face.cookies.set(response, what, handle.secret, life=life)
        return response

    def forget(self, response: Response, what: str) -> Response:
        """Take a handle back."""
        self.face.cookies.drop(response, what)
        return response

    def _redirect(self, location: str) -> Response:
        response = Response(status=303, headers={"Location": location})
        return self._with_cookies(response)

    def _with_cookies(self, response: Response) -> Response:
        # A POST of another site brings none of our cookies (SameSite=Lax), yet a browser keeps what the
        # answer sets: over the handle by which we know it, and trust it.
        if self._fresh_browser and not self.pressed:
            self.face.cookies.set(response, "browser", self.browser_handle.secret, life=BROWSER_LIFE)
        pressed = self._pressed_language
        if pressed in self.idp.settings.languages.offered and pressed is not None:
            kept = languages.remember(
                pressed,
                self._ui_locales,
                account=self._account_language,
                supported=self.idp.settings.languages.offered,
            )
            self.face.cookies.set(response, languages.COOKIE, kept, life=BROWSER_LIFE)
        return response

    def _own_address(self) -> str:
        """Where this page stands by GET: its path with its query, also when it was posted to."""
        query = self.request.query_string.decode("latin-1")
        return f"{self.request.path}?{query}" if query else self.request.path


def later(response: Response, retry_after: int) -> Response:
    """The same answer, saying in how many seconds to try again."""
    response.headers["Retry-After"] = str(retry_after)
    return response
