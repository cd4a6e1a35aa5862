"""Registrations up to the message with a link, for the customers of the demo registry who get one."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sqlalchemy import text

from tests.service.in_process import PASSWORD, InProcess
from tests.service.visitor import Visitor

ENROLMENT, BROWSER, SESSION = "idp_enrolment_8000", "idp_browser_8000", "idp_session_8000"
LINK = "idp_link_8000"
NEW_PASSWORD = "Aurora8verde"


@dataclass(frozen=True)
class Customer:
    """What a customer types, and what they are asked in another browser."""

    number: str
    profile: str
    contact: str
    data: dict[str, str]
    knows: dict[str, str]
    others: tuple[str, ...] = field(default=())


MARIA = Customer(
    "C100001",
    "person",
    "maria.rossi@posta.example",
    {"given_name": "Maria", "family_name": "Rossi"},
    {"family_name": "Rossi"},
    ("+393331234501",),
)
GIULIA = Customer(
    "C100007",
    "professional",
    "studio@giuliaromano.example",
    {"given_name": "Giulia", "family_name": "Romano", "vat_number": "12345010586"},
    {"vat_number": "12345010586"},
    ("+393351234506",),
)
BRUNO = Customer(
    "C100009",
    "company",
    "+393451234508",
    {
        "company_name": "Officine Meccaniche Bruno",
        "vat_number": "12345030584",
        "acting_name": "Bruno Bruni",
        "may_act": "yes",
    },
    {"vat_number": "12345030584"},
    ("amministrazione@officinebruno.example", "direzione@officinebruno.example"),
)
EVERYBODY = (MARIA, GIULIA, BRUNO)


def began(service: InProcess, who: Customer = MARIA, visitor: Visitor | None = None, **typed: str) -> Visitor:
    """A browser that stands where the code is asked, its message sent."""
    if visitor is None:
        visitor = service.visitor()
        visitor.get("/register")
    visitor.press(profile=who.profile)
    visitor.press(**{**who.data, "username": who.contact, "accept_terms": "yes", **typed})
    assert visitor.page == "register-password", visitor.faults
    visitor.press(new_password=PASSWORD)
    assert visitor.page == "register-verify", visitor.faults
    return visitor


def link_for(service: InProcess, contact: str = MARIA.contact) -> str:
    """The path of the newest link sent to a contact."""
    return urlsplit(next(str(m["link"]) for m in service.post() if m["to"] == contact and m["link"])).path


def elsewhere(service: InProcess, link: str, source: str = "203.0.113.5") -> Visitor:
    """Another browser in which the link was opened."""
    visitor = service.visitor(source)
    visitor.get(link)
    return visitor


def twins(service: InProcess, visitor: Visitor, count: int) -> list[Visitor]:
    """The same browser, many times over."""
    made = []
    for _ in range(count):
        twin = service.visitor()
        for name in (ENROLMENT, BROWSER, SESSION, LINK):
            value = visitor.cookie(name)
            if value is not None:
                twin.set_cookie(name, value)
        made.append(twin)
    return made


def rows(service: InProcess, query: str) -> int:
    """What a query counts."""
    with service.idp.reading() as tx:
        return int(tx.execute(text(query)).scalar_one())


def accounts(service: InProcess) -> int:
    """How many accounts there are."""
    return rows(service, "SELECT count(*) FROM accounts")
