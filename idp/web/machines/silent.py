"""Authorization requests of somebody who is signed in already, and need not be asked: one redirect, no page.

This is most of what ``/authorize`` does, so it is done without the framework that the pages need. Whatever
is not plainly such a request (a fault, a question, a first visit) is left to the people's face, nothing done.
"""

from collections.abc import Mapping
from typing import Any

from idp.flows.authorize import arriving
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.oidc.parameters import BadParameters, Parameters, parse
from idp.values import Handle
from idp.web.machines.answer import Answer, Header
from idp.web.people.cookies import Cookies
from idp.web.people.face import PERMISSIONS
from idp.web.source import source_of

PATH = "/authorize"
_LONGEST = 64

_HEADERS: tuple[Header, ...] = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Permissions-Policy", PERMISSIONS),
    ("Cache-Control", "no-store"),
)


class Silent:
    """Answers such requests; None for every other."""

    def __init__(self, idp: Idp) -> None:
        self._idp = idp
        cookies = Cookies(idp.issuer)
        self._session, self._browser = cookies.name("session"), cookies.name("browser")
        self._longest = idp.settings.limits.parameter_bytes

    def __call__(self, environ: Mapping[str, Any]) -> Answer | None:
        """The redirect to the relying party, with its code. Raises ``DatabaseDown``."""
        if environ["REQUEST_METHOD"] != "GET":
            return None
        browser = self._whose(environ)
        if browser is None:
            return None
        parameters = self._asked(environ)
        if parameters is None:
            return None
        clock = self._idp.clock
        answered = arriving.begin_silently(
            self._idp, parameters, browser, now=clock.now(), now_ms=clock.now_ms()
        )
        if answered is None:
            return None
        return Answer(303, (("Location", answered.response.location), *_HEADERS))

    def _whose(self, environ: Mapping[str, Any]) -> Browser | None:
        """The browser, where it brings both of our cookies, each once."""
        header: str = environ.get("HTTP_COOKIE", "")
        # A quoted value is nothing of ours.
        if '"' in header:
            return None
        brought = [pair.strip().partition("=") for pair in header.split(";")]
        session = [value for name, _, value in brought if name == self._session]
        browser = [value for name, _, value in brought if name == self._browser]
        if len(session) != 1 or len(browser) != 1:
            return None
        if not (0 < len(session[0]) <= _LONGEST and 0 < len(browser[0]) <= _LONGEST):
            return None
        source = source_of(environ, trusted_proxies=self._idp.settings.service.trusted_proxies)
        return Browser(handle=Handle(browser[0]), session=Handle(session[0]), source=source)

    def _asked(self, environ: Mapping[str, Any]) -> Parameters | None:
        """The parameters, where a redirect can answer them."""
        try:
            parameters = parse(environ.get("QUERY_STRING", ""), limit=self._longest)
        except BadParameters:
            return None
        if parameters.get("response_mode") not in (None, "query") or "lang" in parameters:
            return None
        return parameters
