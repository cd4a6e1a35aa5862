"""The walks of journey C, step by step, for the tests of the room."""

import html
import re

from idp.flows import activation
from idp.flows.activation import Issued
from tests.service.in_process import PASSWORD, InProcess
from tests.service.visitor import Visitor

IDENTIFY, ACTIVATE = "/register/identify", "/register/activate"
CODES = {
    "C100001": "RSSMRA80D52H501K",
    "C100002": "BNCGNN51P30F205X",
    "C100003": "VRDLCU92A05L219P",
    "C100007": "RMNGLI85E57D612H",
    "C100009": "12345030584",
    "C100013": "DLCMGR63C48A662J",
    "C100016": "GLLFNC70R50E506Q",
    "C100017": "GLLFNC98A60E506W",
    "C100018": "01234560587",
    "C100019": "MRNMRC82B02H50ML",
    "C100020": "CLMSRA94D44F704G",
    "C100021": "RNLMTT86P09L781Z",
    "C100022": "MRTLNE77L47F205A",
    "C100025": "FNTLRT40A01G224G",
    "C100026": "12345260587",
    "C100027": "SRTRST31B08L483X",
    "C100028": "SRRNNI14H50B354X",
    "C100029": "WBRJNS78M28A952R",
}
NOBODY = "BNCGNN51P30F839W"
"""A tax code that is right in form and nobody's."""

_OPTION = re.compile(r'name="contact" value="([^"]+)"')
_MASK = re.compile(r'<span class="mask" aria-hidden="true">([^<]*)</span>')


def options(visitor: Visitor) -> list[tuple[str, str]]:
    """Handle and mask of each contact on the page."""
    text = visitor.last.text
    masks = [html.unescape(mask) for mask in _MASK.findall(text)]
    return list(zip(_OPTION.findall(text), masks, strict=True))


def masks(visitor: Visitor) -> list[str]:
    """What is seen of the contacts on the page."""
    return [mask for _, mask in options(visitor)]


def identified(service: InProcess, identifier: str, source: str = "198.51.100.7") -> Visitor:
    """A new browser in front of the contacts of an identifier."""
    visitor = service.visitor(source)
    visitor.get(IDENTIFY)
    visitor.press(identifier=identifier)
    assert visitor.page == "register-contacts", (visitor.page, visitor.faults)
    return visitor


def choose(visitor: Visitor, mask: str) -> None:
    """Press the contact with this mask."""
    handle = next(handle for handle, shown in options(visitor) if shown == mask)
    visitor.press(contact=handle)


def to_verify(service: InProcess, identifier: str, mask: str | None = None) -> Visitor:
    """Identified, a contact chosen (the first unless named), a password chosen: in front of the code."""
    visitor = identified(service, identifier)
    choose(visitor, mask or masks(visitor)[0])
    assert visitor.page == "register-password", (visitor.page, visitor.faults)
    visitor.press(new_password=PASSWORD)
    assert visitor.page == "register-verify", (visitor.page, visitor.faults)
    return visitor


def issued(service: InProcess, customer_number: str) -> str:
    """An activation code, as an agency hands it over."""
    made = activation.issue(service.idp, customer_number, issued_by="test", now=service.clock.now())
    assert isinstance(made, Issued)
    return made.code


def activated(service: InProcess, customer_number: str) -> Visitor:
    """A new browser that typed a good activation code."""
    code = issued(service, customer_number)
    visitor = service.visitor()
    visitor.get(ACTIVATE)
    visitor.press(identifier=CODES[customer_number], activation_code=code)
    return visitor


def registered(service: InProcess) -> list[tuple[str, str]]:
    """Customer number and birth of every account."""
    with service.idp.reading() as tx:
        rows = tx.exec_driver_sql("SELECT customer_number, born_by FROM accounts ORDER BY 1")
        return [(str(number), str(born_by)) for number, born_by in rows]


def reasons(service: InProcess) -> list[str | None]:
    """The reasons of the enrolments, oldest first."""
    with service.idp.reading() as tx:
        return list(tx.exec_driver_sql("SELECT reason FROM enrolments ORDER BY created_at, id").scalars())


def sent(service: InProcess) -> list[tuple[str, str]]:
    """To whom what went, newest first."""
    return [(message["to"], message["purpose"]) for message in service.post()]
