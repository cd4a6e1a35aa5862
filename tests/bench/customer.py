"""A customer with a browser: fills the service's pages by their names and fields, without JavaScript.

Knows the pages of the public contract (`data-page`, field names, `id="continue"`) and the development
inbox, nothing of the inside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any
from urllib.parse import urljoin

import httpx

from tests.bench.measured import CannotRunError
from tests.bench.scripts import Form

MAX_STEPS = 40
# A second code to the same contact may have to wait for the resend gap (60 s).
PATIENCE_SECONDS = 90.0


@dataclass(frozen=True)
class Person:
    """A private customer as the agency registry has them."""

    customer_number: str
    given_name: str
    family_name: str
    email: str
    password: str


@dataclass
class Browser:
    """One browser of one customer; `cookies` is what it keeps between visits."""

    issuer: str
    person: Person
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))
    codes_used: set[str] = field(default_factory=set)

    def visit(self, url: str, until: str) -> str:
        """Go to `url`, fill every page on the way, and give the address beginning with `until` it ends at.

        Raises CannotRunError on a page that is not known here or when it does not end.
        """
        answer = self.http.get(url)
        at, last = url, ""
        for _ in range(MAX_STEPS):
            if answer.status_code in (302, 303, 307):
                at = urljoin(at, answer.headers["location"])
                if at.startswith(until):
                    return at
                answer = self.http.get(at)
                continue
            page = Form(answer.text)
            if answer.status_code != 200 or not page.found:
                raise CannotRunError(f"{answer.status_code} at {at}, page {page.page!r} after {last!r}")
            if page.page == last and page.page not in ("login-code", "register-verify"):
                raise CannotRunError(f"page {page.page!r} asks the same again:\n{answer.text[-3000:]}")
            last = page.page
            given = self._fill(page)
            target = urljoin(at, page.action) if page.action else at
            answer = self.http.post(target, data=given, headers={"Origin": self.issuer, "Referer": at})
            at = target
        raise CannotRunError(f"{url} leads nowhere: {MAX_STEPS} steps, last at {at}")

    def _fill(self, page: Form) -> dict[str, str]:
        """The values to post for a page: hidden ones as they came, asked ones from the person."""
        person = self.person
        known = {
            "profile": "person",
            "given_name": person.given_name,
            "family_name": person.family_name,
            "username": person.email,
            "accept_terms": (page.choices.get("accept_terms") or ["on"])[0],
            "new_password": person.password,
            "password": person.password,
            "trust_browser": (page.choices.get("trust_browser") or ["on"])[0],
        }
        given = {**page.values, **{name: value for name, value in known.items() if name in page.asked}}
        if "code" in page.asked:
            given["code"] = self._code()
        if page.page == "register-profile":
            given["profile"] = "person"
        return given

    def _code(self) -> str:
        """The newest code sent to this customer that was not used yet; waits for it to arrive."""
        patience = monotonic() + PATIENCE_SECONDS
        while monotonic() < patience:
            messages: list[dict[str, Any]] = self.http.get(f"{self.issuer}/dev/inbox?format=json").json()
            for message in messages:
                same_contact = str(message.get("to", "")).lower() == self.person.email.lower()
                if same_contact and message.get("code") and message["id"] not in self.codes_used:
                    self.codes_used.add(message["id"])
                    return str(message["code"])
            sleep(0.1)
        raise CannotRunError(f"no code arrived for customer {self.person.customer_number}")
