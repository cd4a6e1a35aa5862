"""The walks of journey H, step by step, for the tests of the room."""

import html
import re
from collections.abc import Sequence

from sqlalchemy import text

from idp.flows import activation, login
from idp.flows.activation import Issued
from idp.flows.browser import Browser
from idp.store import accounts
from idp.store.accounts import ProvenContact
from idp.values import parse_contact
from tests.service.in_process import PASSWORD, InProcess
from tests.service.visitor import Visitor

EMAIL, MOBILE = "maria.rossi@posta.example", "+393331234501"
TAX_CODE = "RSSMRA80D52H501K"
NOBODY = "BNCGNN51P30F839W"
"""A tax code that is right in form and nobody's."""
NEW = "Aurora9verde"
RECOVERY, BROWSER, SESSION = "idp_recovery_8000", "idp_browser_8000", "idp_session_8000"

_OPTION = re.compile(r'name="contact" value="([^"]+)"')
_MASK = re.compile(r'<span class="mask" aria-hidden="true">([^<]*)</span>')
_BOX = re.compile(r'name="(keep_[^"]+)" value="yes"( checked)?')


def rows(service: InProcess, query: str) -> int:
    """The number a query counts."""
    with service.idp.reading() as tx:
        return int(tx.execute(text(query)).scalar_one())


def value(service: InProcess, query: str) -> object:
    """The one value of a query."""
    with service.idp.reading() as tx:
        return tx.execute(text(query)).scalar_one()


def run(service: InProcess, statement: str) -> None:
    """Change the database behind the service's back."""
    with service.idp.writing() as tx:
        tx.execute(text(statement))


def options(visitor: Visitor) -> list[tuple[str, str]]:
    """Handle and mask of each contact on the page."""
    masks = [html.unescape(mask) for mask in _MASK.findall(visitor.last.text)]
    return list(zip(_OPTION.findall(visitor.last.text), masks, strict=True))


def masks(visitor: Visitor) -> list[str]:
    """What is seen of the contacts on the page."""
    return [mask for _, mask in options(visitor)]


def boxes(visitor: Visitor) -> list[tuple[str, bool]]:
    """The boxes of what may be kept, each with whether it is ticked."""
    return [(name, bool(checked)) for name, checked in _BOX.findall(visitor.last.text)]


def wrong(code: str) -> str:
    """Another code."""
    return f"{(int(code) + 1) % 1_000_000:06}"


def to_contacts(service: InProcess, identifier: str = TAX_CODE, source: str = "198.51.100.7") -> Visitor:
    """A new browser in front of the contacts of an identifier."""
    visitor = service.visitor(source)
    visitor.get("/recover")
    visitor.press(identifier=identifier)
    assert visitor.page == "recover-contacts", (visitor.page, visitor.faults)
    return visitor


def choose(visitor: Visitor, contact: str) -> None:
    """Press the contact that is masked like this one."""
    mask = parse_contact(contact).masked
    visitor.press(contact=next(handle for handle, shown in options(visitor) if shown == mask))


def to_verify(
    service: InProcess, contact: str = EMAIL, identifier: str = TAX_CODE, source: str = "198.51.100.7"
) -> Visitor:
    """In front of the code that was sent to this contact."""
    visitor = to_contacts(service, identifier, source)
    choose(visitor, contact)
    assert visitor.page == "recover-verify", (visitor.page, visitor.faults)
    return visitor


def proven(service: InProcess, contact: str = EMAIL, identifier: str = TAX_CODE) -> Visitor:
    """With the code of this contact answered."""
    visitor = to_verify(service, contact, identifier)
    visitor.press(code=service.code_for(contact))
    return visitor


def to_password(service: InProcess, contact: str = EMAIL) -> Visitor:
    """In front of the new password, with nothing else to ask."""
    visitor = proven(service, contact)
    assert visitor.page == "recover-password", (visitor.page, visitor.faults)
    return visitor


def recover(service: InProcess, contact: str = EMAIL, password: str = NEW) -> Visitor:
    """All the way, with nothing but the contact."""
    visitor = to_password(service, contact)
    visitor.press(new_password=password)
    assert visitor.page == "recover-done", (visitor.page, visitor.faults)
    return visitor


def confirm(service: InProcess, contact: str, *, of: str = EMAIL, at: int | None = None) -> None:
    """Have a contact proven for the account with this username, as journey G or a registration leaves it."""
    idp, given = service.idp, parse_contact(contact)
    with idp.writing() as tx:
        account = accounts.find_by_username(tx, idp.sealer.contact_index(parse_contact(of)))
        assert account is not None
        made = ProvenContact(
            idp.sealer.contact_index(given),
            given.kind,
            accounts.seal_contact(idp.sealer, account.sub, given),
            service.clock.now() if at is None else at,
        )
        accounts.prove_contact(tx, account.sub, made)


def issued(service: InProcess, customer_number: str = "C100001") -> str:
    """An activation code, as an agency hands it over."""
    made = activation.issue(service.idp, customer_number, issued_by="test", now=service.clock.now())
    assert isinstance(made, Issued)
    return made.code


def activated(service: InProcess, code: str, identifier: str = TAX_CODE) -> Visitor:
    """A new browser that typed an activation code."""
    visitor = service.visitor()
    visitor.get("/recover/activate")
    visitor.press(identifier=identifier, activation_code=code)
    return visitor


def twins(service: InProcess, visitor: Visitor, count: int) -> list[Visitor]:
    """The same browser, many times over."""
    made = []
    for _ in range(count):
        twin = service.visitor()
        copy_cookies(visitor, twin, (RECOVERY, BROWSER, SESSION))
        made.append(twin)
    return made


def copy_cookies(one: Visitor, other: Visitor, names: Sequence[str]) -> None:
    """Let a browser hold what another one holds."""
    for name in names:
        held = one.cookie(name)
        if held is not None:
            other.set_cookie(name, held)


def signs_in(service: InProcess, password: str, username: str = EMAIL) -> bool:
    """Whether username and password do, in a browser of its own."""

    outcome = login.sign_in(
        service.idp,
        username,
        password,
        Browser(handle=service.idp.entropy.handle(), source="203.0.113.77"),
        client_id=None,
        now=service.clock.now(),
        now_ms=service.clock.now() * 1000,
    )
    return isinstance(outcome, login.SignedIn)


def same_password(service: InProcess) -> bool:
    """Whether the account still has the password it was registered with."""
    return signs_in(service, PASSWORD)


def sent(service: InProcess) -> list[tuple[str, str]]:
    """To whom what went, newest first."""
    return [(message["to"], message["purpose"]) for message in service.post()]
