"""Customers and strangers register, are identified and recover: does the time of an answer tell them apart
(security bar 5.1, 5.4)?

Every sample is about somebody else, customers and strangers in turn, so that no cache knows one kind better.
All are shown one email and one mobile, and the email is chosen: how many there are, and where a message goes,
is no secret of the page.
Timed is the one request that asks, from the first octet sent to the last received; pages in between are not.
"""

import html
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from idp.adapters.registry_file import RegistryFile
from idp.flows.registry import importing
from idp.store import accounts
from idp.values import parse_contact
from tests.data import many_customers
from tests.drills.samples import Comparison, Timed, compare
from tests.service.running import PASSWORD, HttpBrowser, RunningService
from tests.store.racing import account

CUSTOMERS, STRANGERS, WARMING = 1_000_000, 5_000_000, 9_000_000
"""The first number of customers, of strangers, and of whoever warms the caches: names and addresses of all
have the same length."""

Asks = Callable[["Asking", int], float]


class Asking:
    """One browser that begins anew for everybody it asks about."""

    def __init__(self, service: RunningService) -> None:
        self._browser = service.browser()
        self._origin = service.issuer
        self._browser.get("/register/identify")
        self._csrf = html.unescape(re.findall(r'name="csrf" value="([^"]*)"', self._browser.text)[0])

    @property
    def browser(self) -> HttpBrowser:
        """The browser itself."""
        return self._browser

    def forget(self) -> None:
        """Let go of the registration or recovery of before."""
        port = self._origin.rpartition(":")[2]
        for name in ("idp_enrolment", "idp_recovery"):
            self._browser.http.cookies.delete(f"{name}_{port}")

    def post(self, path: str, onward: str, **fields: str) -> float:
        """Send a form that has to lead to ``onward``, and say how long the answer took, seconds."""
        form, origin = {"csrf": self._csrf, **fields}, {"Origin": self._origin}
        began = time.perf_counter()
        answer: httpx.Response = self._browser.http.post(self._origin + path, data=form, headers=origin)
        took = time.perf_counter() - began
        assert answer.headers.get("location", "").partition("?")[0] == onward, (path, answer.status_code)
        return took

    def first_contact(self, path: str) -> str:
        """The handle of the first contact that is offered there."""
        self._browser.get(path)
        return str(re.findall(r'name="contact" value="([^"]+)"', self._browser.text)[0])


def registers(asking: Asking, number: int) -> float:
    """The data page."""
    asking.forget()
    return asking.post(
        "/register/data",
        "/register/password",
        given_name="Anna",
        family_name=f"Prova{number}",
        username=f"cliente{number}@posta.example",
        accept_terms="yes",
    )


def chooses_a_password(asking: Asking, number: int) -> float:
    """The password page, by which the message is made."""
    registers(asking, number)
    return asking.post("/register/password", "/register/verify", new_password=PASSWORD)


def is_identified(asking: Asking, number: int) -> float:
    """The page of the tax code."""
    asking.forget()
    code = many_customers.tax_code(number)
    return asking.post("/register/identify", "/register/contacts", identifier=code)


def chooses_a_contact(asking: Asking, number: int) -> float:
    """The page of the contacts."""
    is_identified(asking, number)
    handle = asking.first_contact("/register/contacts")
    return asking.post("/register/contacts", "/register/password", contact=handle)


def recovers(asking: Asking, number: int) -> float:
    """The page of the tax code, at recovery."""
    asking.forget()
    return asking.post("/recover", "/recover/contacts", identifier=many_customers.tax_code(number))


def recovers_by_a_contact(asking: Asking, number: int) -> float:
    """The page of the contacts, at recovery, by which the message is made."""
    recovers(asking, number)
    handle = asking.first_contact("/recover/contacts")
    return asking.post("/recover/contacts", "/recover/verify", contact=handle)


WAYS: dict[str, Asks] = {
    "registration, data page": registers,
    "registration, message": chooses_a_password,
    "identification, code": is_identified,
    "identification, contact": chooses_a_contact,
    "recovery, code": recovers,
    "recovery, message": recovers_by_a_contact,
}
"""What is timed, by name."""


@contextmanager
def customers_in(service: RunningService, samples: int) -> Iterator[None]:
    """As many customers more as the drills need; whoever recovers has an account."""
    idp = service.idp
    now = idp.clock.now()
    with TemporaryDirectory() as folder:
        many_customers.write(Path(folder) / "many.csv", samples * len(WAYS), first=CUSTOMERS)
        importing.import_file(idp, RegistryFile(Path(folder) / "many.csv"), now=now)
    for place, name in enumerate(WAYS):
        if not name.startswith("recovery"):
            continue
        first = CUSTOMERS + place * samples
        for number in range(first, first + samples):
            index = idp.sealer.contact_index(parse_contact(f"cliente{number}@posta.example"))
            made = account(f"drill-{number}", customer_number=f"M{number:07d}", username_index=index)
            with idp.writing() as tx:
                assert accounts.insert_account(tx, made)
    yield


def told_apart(service: RunningService, name: str, samples: int) -> Comparison:
    """Customers first, strangers second."""
    asking, asks, place = Asking(service), WAYS[name], list(WAYS).index(name)
    secret = service.idp.keyring.symmetric("decoys")[-1].secret
    for warm in range(10):
        asks(asking, WARMING + 10 * place + warm)
    return compare(
        _each(asking, asks, count(CUSTOMERS + place * samples)),
        _each(asking, asks, many_customers.strangers(STRANGERS + 10 * place * samples, secret)),
        samples,
    )


def _each(asking: Asking, asks: Asks, numbers: Iterator[int]) -> Timed:
    return lambda: asks(asking, next(numbers))
