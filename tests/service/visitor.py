"""A browser without JavaScript, as far as our pages need one: cookies, forms, redirects of our own."""

import html
import re
from typing import Any
from urllib.parse import urlencode, urlsplit

from werkzeug.test import Client, TestResponse

_CSRF = re.compile(r'name="csrf" value="([^"]*)"')
_PAGE = re.compile(r'<main[^>]* data-page="([^"]+)"')
_FAULT = re.compile(r'id="([a-z_]+)-error"')


class Visitor:
    """One person's browser. ``at`` is the address it stands at, path and query."""

    def __init__(self, app: Any, issuer: str, source: str = "198.51.100.7") -> None:
        self._client = Client(app, response_wrapper=None)
        self._base = issuer
        self._host = urlsplit(issuer).hostname or ""
        self._source = source
        self.at = ""
        # What it says it is (User-Agent); nothing, like no browser of people.
        self.agent: str | None = None
        self.response: TestResponse | None = None

    # --- what it sees ------------------------------------------------------------------------------------

    @property
    def last(self) -> TestResponse:
        """The last answer."""
        if self.response is None:
            raise AssertionError("nothing was asked for yet")
        return self.response

    @property
    def page(self) -> str | None:
        """The ``data-page`` of what it sees; None for an answer that is no page."""
        found = _PAGE.search(self.last.text)
        return found[1] if found else None

    @property
    def faults(self) -> list[str]:
        """The fields with a fault, in the page's order."""
        return _FAULT.findall(self.last.text)

    @property
    def location(self) -> str:
        """Where the last answer leads."""
        return str(self.last.headers["Location"])

    @property
    def csrf(self) -> str:
        """The token of the page's form."""
        found = _CSRF.search(self.last.text)
        if found is None:
            raise AssertionError(f"no form on the page {self.page}")
        return html.unescape(found[1])

    def cookie(self, name: str) -> str | None:
        """The value of a cookie it holds."""
        found = self._client.get_cookie(name, self._host)
        return None if found is None else found.value

    # --- what it does ------------------------------------------------------------------------------------

    def get(self, address: str, **query: str) -> TestResponse:
        """Ask for an address; our own redirects are followed, others are not."""
        return self._follow(self._open("GET", f"{address}?{urlencode(query)}" if query else address))

    def fetch(self, method: str, address: str, **options: Any) -> TestResponse:
        """Ask for an address and follow nothing."""
        self.response = self._open(method, address, **options)
        return self.response

    def press(self, **fields: str) -> TestResponse:
        """Send the form of the page it sees, with these fields, and follow our own redirects."""
        return self._follow(self._open("POST", self.at, data={"csrf": self.csrf, **fields}))

    def send(self, address: str, fields: dict[str, str], **headers: str) -> TestResponse:
        """Post these fields as they are; follow nothing."""
        self.response = self._open("POST", address, data=fields, headers=headers)
        return self.response

    def set_cookie(self, name: str, value: str) -> None:
        """Hold a cookie that somebody else set."""
        self._client.set_cookie(name, value, domain=self._host)

    def forget_cookies(self) -> None:
        """Begin as a browser never seen before."""
        for cookie in list(self._client._cookies or {}):
            del self._client._cookies[cookie]  # type: ignore[union-attr]

    def _open(self, method: str, address: str, **options: Any) -> TestResponse:
        self.at = address.removeprefix(self._base)
        if self.agent is not None:
            options["headers"] = {"User-Agent": self.agent, **options.get("headers", {})}
        return self._client.open(
            self.at,
            method=method,
            base_url=self._base,
            environ_overrides={"REMOTE_ADDR": self._source},
            **options,
        )

    def _follow(self, response: TestResponse) -> TestResponse:
        for _ in range(10):
            target = response.headers.get("Location", "")
            if response.status_code != 303 or not (target.startswith(("/", self._base + "/"))):
                break
            query = target.partition("?")
            response = self._open("GET", query[0], query_string=query[2] or None)
            self.at = target.removeprefix(self._base)
        self.response = response
        return response
