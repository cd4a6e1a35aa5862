"""A relying party as a test needs it: it asks, reads the answer, redeems the code; it checks nothing."""

import base64
import hashlib
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet
from werkzeug.test import TestResponse

from idp.flows.clients import Registered
from tests.service.in_process import CALLBACK, InProcess
from tests.service.visitor import Visitor

VERIFIER = "a-verifier-of-forty-three-characters-or-more"


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 §4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class RelyingParty:
    """One registered client, and the addresses it speaks to."""

    def __init__(self, service: InProcess, registered: Registered) -> None:
        self.service = service
        self.registered = registered
        self._wire = service.visitor("192.0.2.80")

    @property
    def client_id(self) -> str:
        """Its name."""
        return self.registered.client.client_id

    def request(self, **changed: str | None) -> dict[str, str]:
        """The parameters of an authorization request; ``None`` leaves one out."""
        whole: dict[str, str | None] = {
            "client_id": self.client_id,
            "redirect_uri": self.registered.client.redirect_uris[0],
            "response_type": "code",
            "scope": "openid",
            "state": "af0ifjsldkj",
            "nonce": "n-0S6_WzA2Mj",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
            **changed,
        }
        return {name: value for name, value in whole.items() if value is not None}

    def ask(self, visitor: Visitor, **changed: str | None) -> TestResponse:
        """Send a browser to the authorization endpoint; it follows our own redirects."""
        return visitor.get("/authorize", **self.request(**changed))

    def redeem(self, code: str, **changed: str | None) -> TestResponse:
        """Send a code to the token endpoint."""
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.registered.client.redirect_uris[0],
            "code_verifier": VERIFIER,
            **changed,
        }
        return self.send("/token", {name: value for name, value in form.items() if value is not None})

    def refresh(self, refresh_token: str) -> TestResponse:
        """Send a refresh token to the token endpoint."""
        return self.send("/token", {"grant_type": "refresh_token", "refresh_token": refresh_token})

    def userinfo(self, access_token: str) -> TestResponse:
        """Ask for the person's claims."""
        return self._wire.fetch("GET", "/userinfo", headers={"Authorization": f"Bearer {access_token}"})

    def send(self, address: str, form: dict[str, str]) -> TestResponse:
        """Post a form as this client."""
        if self.registered.secret is None:
            return self._wire.fetch("POST", address, data={"client_id": self.client_id, **form})
        pair = f"{self.client_id}:{self.registered.secret}".encode()
        header = "Basic " + base64.b64encode(pair).decode()
        return self._wire.fetch("POST", address, data=form, headers={"Authorization": header})

    def tokens(self, visitor: Visitor, **changed: str | None) -> dict[str, Any]:
        """The tokens of a whole code flow with somebody who has nothing left to answer."""
        self.ask(visitor, **changed)
        reply = self.redeem(answer_of(visitor)["code"])
        assert reply.status_code == 200, reply.text
        return dict(reply.get_json())

    def read(self, token: str) -> dict[str, Any]:
        """The claims of a token, verified by another library with the published keys."""
        keys = self._wire.fetch("GET", "/jwks").get_json()
        verified = jwt.decode(token, KeySet.import_key_set(keys), algorithms=["ES256", "RS256"])
        return dict(verified.claims)

    def who(self, visitor: Visitor, **changed: str | None) -> dict[str, Any]:
        """The ID token's claims of a whole code flow."""
        return self.read(self.tokens(visitor, **changed)["id_token"])


def portal(service: InProcess, **metadata: Any) -> RelyingParty:
    """The first-party web application."""
    return RelyingParty(service, service.client(**metadata))


def stranger(service: InProcess, **metadata: Any) -> RelyingParty:
    """A web application of somebody else, which people are asked about."""
    return RelyingParty(service, service.client(client_id="stranger", first_party=False, **metadata))


def registered(service: InProcess, contact: str = "maria.rossi@posta.example", **typed: str) -> Visitor:
    """A browser in which a customer has just registered, and is signed in."""
    visitor = service.visitor()
    service.register(visitor, contact, **typed)
    return visitor


def answer_of(visitor: Visitor, redirect_uri: str = CALLBACK) -> dict[str, str]:
    """The authorization response that leaves for the relying party, by redirect or by form."""
    if visitor.page == "form-post":
        form = read_form(visitor.last.text, "form-post")
        assert form.action == redirect_uri
        return form.fields
    assert visitor.last.status_code == 303, (visitor.last.status_code, visitor.page, visitor.faults)
    address, _, query = visitor.location.partition("?")
    assert address == redirect_uri, visitor.location
    pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs), "a name stands twice in the answer"
    return dict(pairs)


def left_for(visitor: Visitor) -> str | None:
    """The origin a redirect leaves us for; None when it stays here or is none."""
    parts = urlsplit(visitor.last.headers.get("Location", ""))
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else (parts.scheme or None)


class ReadForm(HTMLParser):
    """The form with an id, as a browser's parser sees it."""

    def __init__(self, name: str) -> None:
        super().__init__(convert_charrefs=True)
        self.name = name
        self.action = ""
        self.method = ""
        self.fields: dict[str, str] = {}
        self.attributes: list[str] = []
        self.scripts: list[dict[str, str | None]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the form holds, and every attribute name of the page."""
        found = dict(attrs)
        self.attributes += [f"{tag}.{attribute}" for attribute in found]
        if tag == "script":
            self.scripts.append(found)
        if tag == "form" and found.get("id") == self.name:
            self._inside = True
            self.action, self.method = found.get("action") or "", found.get("method") or ""
        if self._inside and tag == "input":
            name = found.get("name") or ""
            assert name not in self.fields
            self.fields[name] = found.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        """Leave the form."""
        if tag == "form":
            self._inside = False


def read_form(page: str, name: str) -> ReadForm:
    """Parse a page and find its form."""
    form = ReadForm(name)
    form.feed(page)
    return form
