"""The walks of one's own account, step by step, for the tests of the room."""

import html
import re
from typing import Any

from sqlalchemy import text

from idp.flows import activation
from idp.flows.activation import Issued
from idp.store import accounts
from idp.store.accounts import ProvenContact
from idp.values import parse_contact
from tests.service.in_process import PASSWORD, InProcess
from tests.service.visitor import Visitor

EMAIL, MOBILE = "maria.rossi@posta.example", "+393331234501"
OTHER = "+393339876543"
"""A number that is on nobody's record."""
BROWSER, SESSION, CANCEL = "idp_browser_8000", "idp_session_8000", "idp_cancel_8000"
DAY, HOLD = 86400, 2 * 86400

_OPTION = re.compile(r'name="contact" value="([^"]+)"')
_LABEL = re.compile(r'<label for="contact[^"]*">(.*?)</label>', re.DOTALL)
_OTHER = re.compile(r'<a (?:id="use-code" )?href="([^"]*[?&](?:amp;)?way=[^"]*)">(.*?)</a>', re.DOTALL)
_LEAD = re.compile(r'<p class="lead">(.*?)</p>', re.DOTALL)
_TAG = re.compile(r"<[^>]+>")


def rows(service: InProcess, query: str) -> int:
    """The number a query counts."""
    with service.idp.reading() as tx:
        return int(tx.execute(text(query)).scalar_one())


def value(service: InProcess, query: str) -> Any:
    """The one value of a query."""
    with service.idp.reading() as tx:
        return tx.execute(text(query)).scalar_one_or_none()


def run(service: InProcess, statement: str) -> None:
    """Change the database behind the service's back."""
    with service.idp.writing() as tx:
        tx.execute(text(statement))


def signed_in(service: InProcess, username: str = EMAIL, password: str = PASSWORD) -> Visitor:
    """A new browser, signed in at the account's own page."""
    visitor = service.visitor()
    visitor.get("/account")
    assert visitor.page == "login", visitor.page
    visitor.press(username=username, password=password)
    assert visitor.page == "account", (visitor.page, visitor.faults)
    return visitor


def options(visitor: Visitor) -> dict[str, str]:
    """What stands beside each choice of the page, and its handle."""
    labels = [
        " ".join(html.unescape(_TAG.sub("", label)).split()) for label in _LABEL.findall(visitor.last.text)
    ]
    return dict(zip(labels, _OPTION.findall(visitor.last.text), strict=True))


def pick(visitor: Visitor, part: str) -> None:
    """Press the choice that has this in its words."""
    visitor.press(contact=next(handle for label, handle in options(visitor).items() if part in label))


def confirmed_by_code(service: InProcess, visitor: Visitor, contact: str = EMAIL) -> None:
    """Answer the fresh authentication with the code of one of the contacts offered."""
    assert visitor.page == "account-confirm", (visitor.page, visitor.faults)
    ask_code(visitor, contact)
    visitor.press(code=service.code_for(contact))


def others(visitor: Visitor) -> dict[str, str]:
    """The other ways that the page offers to confirm, and their addresses."""
    links = _OTHER.findall(visitor.last.text)
    return {" ".join(html.unescape(_TAG.sub("", words)).split()): html.unescape(url) for url, words in links}


def sendable(visitor: Visitor) -> list[str]:
    """What the page says of every way by which a code could go: the one under way, then the others."""
    leads = [" ".join(html.unescape(_TAG.sub("", lead)).split()) for lead in _LEAD.findall(visitor.last.text)]
    return [words for words in (*leads, *others(visitor)) if "•" in words]


def ask_code(visitor: Visitor, contact: str = EMAIL) -> None:
    """Choose the way by its mask, where another is under way, and have a code sent there."""
    part = "@" if "@" in contact else f"••{contact[-2:]}"
    other = next((url for words, url in others(visitor).items() if part in words), None)
    if other is not None:
        visitor.get(other)
    visitor.press()


def to_mobile(service: InProcess, visitor: Visitor) -> None:
    """In front of the form for a number, freshly confirmed."""
    visitor.get("/account/mobile")
    if visitor.page == "account-confirm":
        confirmed_by_code(service, visitor)
    assert visitor.page == "mobile", (visitor.page, visitor.faults)


def typed(service: InProcess, visitor: Visitor, number: str = OTHER, **more: str) -> None:
    """In front of the code that was sent to a number."""
    to_mobile(service, visitor)
    visitor.press(mobile=number, **more)
    assert visitor.page == "mobile-verify", (visitor.page, visitor.faults)


def pending(service: InProcess, visitor: Visitor, number: str = OTHER, **more: str) -> None:
    """With a number that is proven and waits."""
    typed(service, visitor, number, **more)
    visitor.press(code=service.code_for(number))
    assert visitor.page == "account", (visitor.page, visitor.faults)


def link_of(service: InProcess, to: str = EMAIL) -> str:
    """The newest link by which a new number is cancelled, as it was sent to a contact."""
    newest = next(m for m in service.post() if m["to"] == to and m["purpose"] == "mobile_pending")
    return str(newest["link"])


def sent(service: InProcess, purpose: str) -> list[str]:
    """To whom a letter of this purpose went."""
    return sorted(str(m["to"]) for m in service.post() if m["purpose"] == purpose)


def state(service: InProcess) -> str:
    """The state of the newest change of mobile."""
    query = "SELECT state FROM mobile_changes ORDER BY asked_at DESC, state = 'cancelled' LIMIT 1"
    return str(value(service, query))


def twins(service: InProcess, visitor: Visitor, count: int) -> list[Visitor]:
    """The same browser, many times over."""
    made = []
    for _ in range(count):
        twin = service.visitor()
        for name in (BROWSER, SESSION, CANCEL):
            held = visitor.cookie(name)
            if held is not None:
                twin.set_cookie(name, held)
        made.append(twin)
    return made


def issued(service: InProcess, customer_number: str = "C100001") -> str:
    """An activation code, as an agency hands it over."""
    made = activation.issue(service.idp, customer_number, issued_by="test", now=service.clock.now())
    assert isinstance(made, Issued)
    return made.code


def prove(service: InProcess, contact: str, *, of: str = EMAIL) -> None:
    """Have a contact proven for the account with this username."""
    idp, given = service.idp, parse_contact(contact)
    with idp.writing() as tx:
        account = accounts.find_by_username(tx, idp.sealer.contact_index(parse_contact(of)))
        assert account is not None
        sealed = accounts.seal_contact(idp.sealer, account.sub, given)
        index = idp.sealer.contact_index(given)
        made = ProvenContact(index, given.kind, sealed, service.clock.now())
        accounts.prove_contact(tx, account.sub, made)
