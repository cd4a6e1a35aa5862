"""Rendering: every page in the browser's language, with the session's own form token."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response, make_response, render_template, request

from clients.portal.languages import Language, asked_language, languages_elsewhere
from clients.portal.parts import current_session
from clients.portal.settings import PortalSettings

LANGUAGE_LIFE = 365 * 24 * 3600


@dataclass(frozen=True)
class Page:
    """Renders the portal's templates."""

    settings: PortalSettings
    languages: Mapping[str, Language]

    def language(self) -> Language:
        """The language of the request being answered."""
        return self.languages[asked_language(request, self.settings.cookie("lang"))]

    def languages_elsewhere(self) -> str:
        """What the provider is told of the languages that are wanted (`ui_locales`)."""
        return languages_elsewhere(request, self.settings.cookie("lang"))

    def render(
        self, template: str, *, status: int = 200, address: str | None = None, **values: Any
    ) -> Response:
        """The page in the request's language; a language chosen by `?lang=` is remembered.

        `address`: where the same page is had by GET, where it was not.
        """
        language, session = self.language(), current_session()
        answer = make_response(
            render_template(
                template,
                t=language.say,
                language=language,
                switch=self._switch(language.code, address),
                who=session.signed_in,
                form_token=session.form_token,
                account_url=self.settings.account_url,
                **values,
            ),
            status,
        )
        answer.headers["Content-Language"] = language.code
        answer.vary.update(("Accept-Language", "Cookie"))
        if request.args.get("lang") == language.code:
            answer.set_cookie(
                self.settings.cookie("lang"),
                language.code,
                max_age=LANGUAGE_LIFE,
                path="/",
                secure=self.settings.is_https,
                httponly=True,
                samesite="Lax",
            )
        return answer

    def _switch(self, now: str, address: str | None) -> list[tuple[str, str, bool]]:
        """Each language's code, the address of this page in it, and whether it is the present one."""
        here = request.path if request.method == "GET" and request.path != "/callback" else "/"
        path = address or here
        return [(code, f"{path}?{urlencode({'lang': code})}", code == now) for code in self.languages]
