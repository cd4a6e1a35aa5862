"""The link of a message, as it is opened.

The address with the token is left at once for one without it, so that the token stands in no history,
referrer or screenshot. Neither changes anything: mail scanners open links. Pressing a button does.
"""

import re
from dataclasses import dataclass

from flask import Response, request

from idp.values import Handle
from idp.web.people.visit import Face, Visit

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """Where a link leads: to ``page``, with its token in a cookie for ``life`` seconds."""

    page: str
    cookie: str
    life: int

    def open(self, face: Face, token: str) -> Response:
        """Leave the address that has the token; one that is none of ours is not kept."""
        visit = Visit(face, request)
        onward = visit.go(self.page)
        if _TOKEN.fullmatch(token) is None:
            return visit.forget(onward, self.cookie)
        return visit.keep(onward, self.cookie, Handle(token), life=self.life)

    def token(self, face: Face) -> Handle | None:
        """The token of the link that this browser opened."""
        return face.cookies.handle(request, self.cookie)

    def used(self, page: Response, visit: Visit) -> Response:
        """The page after the press; nothing is kept of the link."""
        return visit.forget(page, self.cookie)
