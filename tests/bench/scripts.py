"""What one keep-alive connection says, request after request, and what it learns from each answer.

A script belongs to one connection, so chained requests (a code and its exchange, a refresh token and its
successor) need no lock and never meet another connection's state.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Protocol
from urllib.parse import parse_qs, quote, urlencode, urljoin, urlsplit

# RFC 7636 appendix B: the pair every implementation is checked against. Measured is the server's check,
# so drawing a fresh verifier per request would only cost the generator.
CODE_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CODE_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


class UnexpectedAnswerError(Exception):
    """The server answered something this script cannot go on from; the text says what."""


@dataclass(frozen=True)
class Answer:
    """One HTTP response: status, head (status line and header fields as received) and body."""

    status: int
    head: bytes
    body: bytes

    def location(self) -> str:
        """The Location field; raises UnexpectedAnswerError when there is none."""
        found = re.search(rb"\r\n[Ll]ocation: *([^\r]+)", self.head)
        if not found:
            raise UnexpectedAnswerError(f"{self.status} without Location: {self.body[:200]!r}")
        return found.group(1).decode("latin-1")

    def json(self) -> dict[str, object]:
        """The JSON object in the body of a 200; raises UnexpectedAnswerError otherwise."""
        if self.status != 200:
            raise UnexpectedAnswerError(f"{self.status}: {self.body[:200]!r}")
        value = json.loads(self.body)
        if not isinstance(value, dict):
            raise UnexpectedAnswerError(f"not a JSON object: {self.body[:80]!r}")
        return value


class Script(Protocol):
    """The next request to send, and the units of work (0 or 1) an answer completed."""

    def request(self) -> bytes: ...

    def answered(self, answer: Answer) -> int: ...

    def state(self) -> dict[str, str]: ...


def basic(client_id: str, client_secret: str) -> str:
    """The Authorization field of a client (RFC 6749 §2.3.1: both parts form-encoded first)."""
    pair = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def get(host: str, target: str, fields: Mapping[str, str] | None = None) -> bytes:
    """A GET request in bytes."""
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", *(f"{k}: {v}" for k, v in (fields or {}).items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def post(host: str, target: str, form: Mapping[str, str], fields: Mapping[str, str] | None = None) -> bytes:
    """A form POST request in bytes."""
    body = urlencode(form).encode()
    lines = [
        f"POST {target} HTTP/1.1",
        f"Host: {host}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        *(f"{k}: {v}" for k, v in (fields or {}).items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def path_of(url: str) -> str:
    """The request target of a URL: its path and query."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


@dataclass
class Same:
    """The same request for ever; each 200 that holds `must_contain` is one unit."""

    message: bytes
    must_contain: bytes = b""

    def request(self) -> bytes:
        return self.message

    def answered(self, answer: Answer) -> int:
        if answer.status != 200 or self.must_contain not in answer.body:
            raise UnexpectedAnswerError(f"{answer.status}: {answer.body[:200]!r}")
        return 1

    def state(self) -> dict[str, str]:
        return {}


@dataclass
class Refresh:
    """Refresh with rotation: each answer's refresh token is the next request's."""

    host: str
    token_path: str
    authorization: str
    refresh_token: str

    def request(self) -> bytes:
        form = {"grant_type": "refresh_token", "refresh_token": self.refresh_token}
        return post(self.host, self.token_path, form, {"Authorization": self.authorization})

    def answered(self, answer: Answer) -> int:
        tokens = answer.json()
        rotated = str(tokens.get("refresh_token", ""))
        if not rotated or rotated == self.refresh_token:
            raise UnexpectedAnswerError("the refresh token was not rotated")
        if "id_token" not in tokens:
            raise UnexpectedAnswerError("the refreshed set lacks an ID token")
        self.refresh_token = rotated
        return 1

    def state(self) -> dict[str, str]:
        return {"refresh_token": self.refresh_token}


@dataclass
class SignedInCode:
    """Authorize with a live session, then exchange the code: two requests, one unit."""

    host: str
    authorize_path: str
    token_path: str
    authorization: str
    client_id: str
    redirect_uri: str
    scope: str
    cookie: str
    code: str = ""
    count: int = 0
    refresh_token: str = ""

    def request(self) -> bytes:
        if self.code:
            form = {
                "grant_type": "authorization_code",
                "code": self.code,
                "redirect_uri": self.redirect_uri,
                "code_verifier": CODE_VERIFIER,
            }
            return post(self.host, self.token_path, form, {"Authorization": self.authorization})
        self.count += 1
        query = authorization_query(self.client_id, self.redirect_uri, self.scope, f"s{self.count}")
        return get(self.host, f"{self.authorize_path}?{query}", {"Cookie": self.cookie})

    def answered(self, answer: Answer) -> int:
        if self.code:
            self.code = ""
            tokens = answer.json()
            if "id_token" not in tokens or "refresh_token" not in tokens:
                raise UnexpectedAnswerError(f"an incomplete set of tokens: {sorted(tokens)}")
            self.refresh_token = str(tokens["refresh_token"])
            return 1
        self.cookie = cookies_after(self.cookie, answer)
        self.code = code_in(answer.location(), self.redirect_uri)
        return 0

    def state(self) -> dict[str, str]:
        return {"cookie": self.cookie}


def authorization_query(client_id: str, redirect_uri: str, scope: str, state: str) -> str:
    """The query of an authorization request with PKCE, state and nonce."""
    return urlencode(
        {
            "client_id": client_id,
            "response_type": "code",
            "redirect_uri": redirect_uri,
            "scope": scope,
            "state": state,
            "nonce": f"n-{state}",
            "code_challenge": CODE_CHALLENGE,
            "code_challenge_method": "S256",
        }
    )


def code_in(location: str, redirect_uri: str) -> str:
    """The authorization code of a redirect back to the client; raises UnexpectedAnswerError otherwise."""
    code = parse_qs(urlsplit(location).query).get("code")
    if not location.startswith(redirect_uri) or not code:
        raise UnexpectedAnswerError(f"not a redirect with a code: {location[:200]}")
    return code[0]


def cookies_after(cookie: str, answer: Answer) -> str:
    """The Cookie field after an answer: what it set replaces, what it expired goes."""
    if b"et-" not in answer.head or b"ookie" not in answer.head:
        return cookie
    jar = dict(pair.split("=", 1) for pair in cookie.split("; ") if "=" in pair)
    for field_value in re.findall(rb"\r\n[Ss]et-[Cc]ookie: *([^\r]+)", answer.head):
        pair, _, attributes = field_value.decode("latin-1").partition(";")
        name, _, value = pair.partition("=")
        if not value or "max-age=0" in attributes.lower() or "01 jan 1970" in attributes.lower():
            jar.pop(name, None)
        else:
            jar[name] = value
    return "; ".join(f"{name}={value}" for name, value in jar.items())


class Form(HTMLParser):
    """The form whose primary submit is `id="continue"`: its page, action and values."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.page = ""
        self.action = ""
        self.values: dict[str, str] = {}
        self.asked: set[str] = set()
        self.choices: dict[str, list[str]] = {}
        self.found = False
        self._forms: list[tuple[str, dict[str, str], set[str], dict[str, list[str]]]] = []
        self._select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "data-page" in given:
            self.page = given["data-page"]
        if tag == "form":
            self._forms.append((given.get("action", ""), {}, set(), {}))
        elif self._forms and tag in ("input", "select", "textarea", "option", "button"):
            self._control(tag, given)
        if given.get("id") == "continue":
            self._primary(tag, given)

    def _control(self, tag: str, given: dict[str, str]) -> None:
        _, values, asked, choices = self._forms[-1]
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag == "option":
            choices.setdefault(self._select, []).append(given.get("value", ""))
            if "selected" in given:
                values[self._select] = given.get("value", "")
        elif tag == "select":
            self._select = name
            asked.add(name)
        elif not name or tag == "button" or kind in ("submit", "button", "image"):
            return
        elif kind == "hidden":
            values[name] = given.get("value", "")
        else:
            asked.add(name)
            if kind in ("radio", "checkbox"):
                choices.setdefault(name, []).append(given.get("value", "on"))
                if "checked" in given:
                    values[name] = given.get("value", "on")
            elif given.get("value"):
                values[name] = given["value"]

    def _primary(self, tag: str, given: dict[str, str]) -> None:
        self.found = True
        if tag == "a":
            self.action = given.get("href", "")
            return
        if not self._forms:
            return
        self.action, self.values, self.asked, self.choices = self._forms[-1]
        if given.get("name"):
            self.values[given["name"]] = given.get("value", "")


@dataclass
class PasswordLogin:
    """A whole password sign-in from a trusted browser, again and again; a code at the client is one unit.

    Each unit begins without a session, follows every redirect, fills the sign-in page and ends at the
    redirect URI, so that the rate includes pages and proofs, not the hash alone.
    """

    origin: str
    authorize_path: str
    client_id: str
    redirect_uri: str
    scope: str
    trusted_cookie: str
    username: str
    password: str
    cookie: str = ""
    at: str = ""
    form: dict[str, str] = field(default_factory=dict)
    count: int = 0

    @property
    def host(self) -> str:
        return urlsplit(self.origin).netloc

    def request(self) -> bytes:
        if not self.at:
            self.count += 1
            self.cookie = self.trusted_cookie
            query = authorization_query(self.client_id, self.redirect_uri, self.scope, f"p{self.count}")
            self.at = f"{self.origin}{self.authorize_path}?{query}"
        fields = {"Cookie": self.cookie} if self.cookie else {}
        if self.form:
            form, self.form = self.form, {}
            return post(self.host, path_of(self.at), form, {**fields, "Origin": self.origin})
        return get(self.host, path_of(self.at), fields)

    def answered(self, answer: Answer) -> int:
        self.cookie = cookies_after(self.cookie, answer)
        if answer.status in (302, 303, 307):
            location = urljoin(self.at, answer.location())
            if location.startswith(self.redirect_uri):
                code_in(location, self.redirect_uri)
                self.at = ""
                return 1
            self.at = location
            return 0
        page = Form(answer.body.decode())
        if answer.status != 200 or page.page != "login":
            where, self.at = self.at, ""
            raise UnexpectedAnswerError(f"{answer.status}, page {page.page!r} at {path_of(where)[:80]}")
        self.at = urljoin(self.at, page.action)
        self.form = {**page.values, "username": self.username, "password": self.password}
        return 0

    def state(self) -> dict[str, str]:
        return {}


@dataclass
class PasswordPost:
    """The sign-in endpoint by itself: the filled page posted again and again; a new session is one unit.

    The page is fetched once, by a whole sign-in's first steps. Each post comes from the trusted browser
    without a session, so that each begins one of its own.
    """

    journey: PasswordLogin
    filled: bytes = b""

    def request(self) -> bytes:
        if self.filled:
            return self.filled
        message = self.journey.request()
        if message.startswith(b"POST "):
            self.filled = message
        return message

    def answered(self, answer: Answer) -> int:
        if not self.filled:
            return self.journey.answered(answer)
        if answer.status != 303 or not answer.location().startswith("/authorize/resume"):
            raise UnexpectedAnswerError(f"{answer.status}, to {answer.location()[:80]!r}")
        if b"session" not in answer.head:
            raise UnexpectedAnswerError("signed in without a session's cookie")
        return 1

    def state(self) -> dict[str, str]:
        return {}
