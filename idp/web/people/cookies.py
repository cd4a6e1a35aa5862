"""Our cookies: opaque handles, `__Host-` on https, with the port in the name on http://localhost.

Cookies ignore ports, so two services of one machine would overwrite each other's without the suffix.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Request, Response

from idp.values import Handle

BROWSER_LIFE = 365 * 86400
"""Seconds a browser is remembered as one that signed in before; it opens nothing by itself."""

_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Cookies:
    """Names and attributes of the cookies of one issuer."""

    issuer: str

    @property
    def secure(self) -> bool:
        """Whether they are sent over TLS only."""
        return self.issuer.startswith("https://")

    def name(self, what: str) -> str:
        """The full name of our cookie ``what`` (``session``, ``browser``, ``enrolment``, ``lang``)."""
        if self.secure:
            return f"__Host-idp_{what}"
        return f"idp_{what}_{urlsplit(self.issuer).port or 80}"

    def text(self, request: Request, what: str) -> str | None:
        """A cookie's value; None when it is absent, too long, or there twice (cookie tossing)."""
        values = request.cookies.getlist(self.name(what))
        if len(set(values)) != 1 or not 0 < len(values[0]) <= _LONGEST:
            return None
        return values[0]

    def handle(self, request: Request, what: str) -> Handle | None:
        """The handle a cookie carries."""
        value = self.text(request, what)
        return None if value is None else Handle(value)

    def set(self, response: Response, what: str, value: str, *, life: int | None = None) -> None:
        """Set a cookie; without ``life`` (seconds) it ends with the browser."""
        response.set_cookie(
            self.name(what), value, max_age=life, path="/", secure=self.secure, httponly=True, samesite="Lax"
        )

    def drop(self, response: Response, what: str) -> None:
        """Make the browser forget a cookie."""
        response.delete_cookie(self.name(what), path="/", secure=self.secure, httponly=True, samesite="Lax")
