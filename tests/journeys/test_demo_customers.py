"""Every customer of the demo registry, and what becomes of each of their contacts (contract, *Traps*).

``CUSTOMERS`` lists all 29 with everything that stands on file for them: what makes an account, and what does
not, with the reason kept for the help desk and the letter that tells it to the contact. Whatever does not
shows the page that a stranger sees, and ends in an account by the way out that it names.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import resources

import pytest
from stdnum.it import codicefiscale

from idp.flows import activation
from idp.flows.activation import NotIssued
from idp.values import parse_contact
from tests.journeys.identify_walks import ACTIVATE, IDENTIFY, choose, issued, masks, options, registered
from tests.journeys.test_enumeration import stripped
from tests.service.in_process import PASSWORD, InProcess, folder_of, open_in_process, settings_for
from tests.service.visitor import Visitor

SHARED = ("shared_contact", "registration_shared_contact")
AGENCY = ("agency_contact", "registration_agency_contact")
NOBODYS = ("no_contact", None)
FAMILY, GALLO = "famiglia.esposito@posta.example", "gallo.lecce@posta.example"
NAVIGLI = "milano.navigli@agenzie.example"
MARIA, MARIAS_MOBILE = "maria.rossi@posta.example", "+393331234501"


@dataclass(frozen=True)
class Customer:
    """What a customer types, by what they are identified, and what each contact comes to."""

    number: str
    names: tuple[str, ...]
    code: str
    profile: str = "person"
    vat_number: str = ""
    # Contacts that make an account of this customer.
    works: tuple[str, ...] = ()
    # Those that do not: the reason, and the letter, if the contact may be told.
    traps: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    # Of those that work, what is not offered by its mask, which another one of theirs has too.
    looks_like_another: tuple[str, ...] = ()

    def data(self, contact: str) -> dict[str, str]:
        """The form of the data page."""
        typed = {"username": contact, "accept_terms": "yes"}
        if self.profile == "company":
            typed |= {"company_name": self.names[0], "acting_name": "Bruno Bruni", "may_act": "yes"}
        else:
            typed |= {"given_name": self.names[0], "family_name": self.names[1]}
        return typed | ({"vat_number": self.vat_number} if self.vat_number else {})


CUSTOMERS = (
    Customer("C100001", ("Maria", "Rossi"), "RSSMRA80D52H501K", works=(MARIA, MARIAS_MOBILE)),
    Customer(
        "C100002", ("Giovanni", "Bianchi"), "BNCGNN51P30F205X", works=("giovanni.bianchi@posta.example",)
    ),
    Customer("C100003", ("Luca", "Verdi"), "VRDLCU92A05L219P", works=("+393471234502",)),
    Customer(
        "C100004",
        ("Anna", "Esposito"),
        "SPSNNA75L61F839W",
        works=("+393281234503",),
        traps={FAMILY: SHARED},
    ),
    Customer(
        "C100005",
        ("Carlo", "Esposito"),
        "SPSCRL72B11F839Y",
        works=("+393281234504",),
        traps={FAMILY: SHARED},
    ),
    # A policy that has ended is one, unless the setting wants a live one.
    Customer(
        "C100006",
        ("Paolo", "Ferrari"),
        "FRRPLA68T03A944F",
        works=("paolo.ferrari@posta.example", "+393391234505"),
    ),
    Customer(
        "C100007",
        ("Giulia", "Romano"),
        "RMNGLI85E57D612H",
        "professional",
        "12345010586",
        works=("studio@giuliaromano.example", "+393351234506"),
    ),
    Customer(
        "C100008",
        ("Davide", "Conti"),
        "CNTDVD79S02D969M",
        "professional",
        "12345020585",
        works=("+393401234507",),
    ),
    Customer(
        "C100009",
        ("Officine Meccaniche Bruno S.r.l.",),
        "12345030584",
        "company",
        "12345030584",
        works=(
            "amministrazione@officinebruno.example",
            "direzione@officinebruno.example",
            "+393451234508",
        ),
    ),
    Customer(
        "C100010",
        ("Caffè dell'Angolo S.n.c. di D'Angelo & C.",),
        "12345040583",
        "company",
        "12345040583",
        works=("info@caffedellangolo.example",),
    ),
    Customer(
        "C100011",
        ("Weingut Müller GmbH - S.r.l.",),
        "12345050582",
        "company",
        "12345050582",
        works=("buero@weingutmueller.example", "+393491234509"),
    ),
    Customer(
        "C100012",
        ("Niccolò", "D'Alessandro"),
        "DLSNCL90M15G273H",
        works=("niccolo.dalessandro@posta.example", "+393661234510"),
    ),
    Customer(
        "C100013",
        ("Maria Grazia", "De Luca Conti"),
        "DLCMGR63C48A662J",
        works=("mgdeluca@posta.example", "mariagrazia@lavoro.example", "+393201234511", "+393201234512"),
        looks_like_another=("mgdeluca@posta.example",),
    ),
    Customer(
        "C100014",
        ("Giuseppe", "Russo"),
        "RSSGPP60H01C351E",
        works=("giuseppe.russo60@posta.example", "+393801234513"),
    ),
    Customer(
        "C100015",
        ("Giuseppe", "Russo"),
        "RSSGPP88H01C351Q",
        works=("peppe.russo@posta.example", "+393801234514"),
    ),
    Customer("C100016", ("Francesca", "Gallo"), "GLLFNC70R50E506Q", traps={GALLO: SHARED}),
    Customer(
        "C100017",
        ("Francesca", "Gallo"),
        "GLLFNC98A60E506W",
        works=("+393891234515",),
        traps={GALLO: SHARED},
    ),
    Customer(
        "C100018",
        ("Olena", "Kovalenko"),
        "01234560587",
        works=("olena.k@posta.example", "+393271234516"),
    ),
    Customer(
        "C100019",
        ("Marco", "Marino"),
        "MRNMRC82B02H50ML",
        works=("marco.marino@posta.example", "+393341234517"),
    ),
    Customer(
        "C100020",
        ("Sara", "Colombo"),
        "CLMSRA94D44F704G",
        traps={"sara.colombo@azienda.example": ("collective_policy", "registration_collective_policy")},
    ),
    Customer(
        "C100021",
        ("Matteo", "Rinaldi"),
        "RNLMTT86P09L781Z",
        works=("+393311234518",),
        traps={NAVIGLI: AGENCY},
    ),
    Customer("C100022", ("Elena", "Moretti"), "MRTLNE77L47F205A", traps={NAVIGLI: AGENCY}),
    Customer(
        "C100023",
        ("Hans", "Gruber"),
        "GRBHNS65E05A952U",
        works=("+393421234519", "hans.gruber@posta.example", "HANS.Gruber@posta.Example"),
    ),
    Customer(
        "C100024",
        ("Giorgia", "Leone"),
        "LNEGRG01S51L424S",
        works=("giorgia.leone+assicurazione@posta.example", "+393701234520"),
        traps={"giorgia.leone@posta.example": NOBODYS},
    ),
    Customer("C100025", ("Alberto", "Fontana"), "FNTLRT40A01G224G", traps={"fontana@posta.example": NOBODYS}),
    # The same person as C100001, and her contacts: not shared, since one person holds them.
    Customer(
        "C100026",
        ("Maria", "Rossi"),
        "12345260587",
        "professional",
        "12345260587",
        works=(MARIA, MARIAS_MOBILE),
    ),
    Customer(
        "C100027",
        ("Ernesto", "Sartori"),
        "SRTRST31B08L483X",
        traps={
            "ernesto.sartori@posta.example": ("deceased", None),
            "+393711234521": ("deceased", None),
        },
    ),
    Customer(
        "C100028",
        ("Nina", "Serra"),
        "SRRNNI14H50B354X",
        traps={"nina.serra@posta.example": ("under_age", None)},
    ),
    Customer("C100029", ("Jonas", "Weber"), "WBRJNS78M28A952R", works=("+4915112345678",)),
)
BY_NUMBER = {customer.number: customer for customer in CUSTOMERS}
WORKS = [
    pytest.param(customer, contact, id=f"{customer.number}-{contact}")
    for customer in CUSTOMERS
    for contact in customer.works
]
TRAPS = [
    pytest.param(customer, contact, id=f"{customer.number}-{contact}")
    for customer in CUSTOMERS
    for contact in customer.traps
]


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with nobody registered."""
    return clean_service


def walk(service: InProcess, who: Customer, contact: str, visitor: Visitor | None = None) -> Visitor:
    """From the first page to the one that asks for the code."""
    visitor = visitor or service.visitor()
    visitor.get("/register")
    visitor.press(profile=who.profile)
    visitor.press(**who.data(contact))
    visitor.press(new_password=PASSWORD)
    assert visitor.page == "register-verify", (visitor.page, visitor.faults)
    return visitor


def sent(service: InProcess) -> list[tuple[str, str]]:
    return [(message["to"], message["purpose"]) for message in service.post()]


def reason(service: InProcess) -> str | None:
    with service.idp.reading() as tx:
        found = tx.exec_driver_sql("SELECT reason FROM enrolments ORDER BY created_at DESC, id")
        reasons = found.scalars().all()
    return None if reasons[0] is None else str(reasons[0])


def canonical(contact: str) -> str:
    return parse_contact(contact).text


# --- the table holds everybody ------------------------------------------------------------------------------


def test_the_table_holds_every_customer_and_every_contact_on_file() -> None:
    with resources.files("idp").joinpath("demo/customers.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [line["customer_number"] for line in lines] == list(BY_NUMBER)
    for line in lines:
        who = BY_NUMBER[line["customer_number"]]
        on_file = [
            value.partition(";")[0]
            for value in (line["emails"] + "|" + line["mobiles"]).split("|")
            if value and not value.startswith("+39 0471")
        ]
        listed = {canonical(contact) for contact in (*who.works, *who.traps)}
        assert {canonical(contact) for contact in on_file} <= listed, who.number
        assert who.profile == line["profile"]
        assert who.code in (line["tax_code"], line["vat_number"])
        assert who.vat_number == line["vat_number"]


# --- what works ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "contact"), WORKS)
def test_a_contact_that_works_makes_an_account_of_that_customer(
    service: InProcess, who: Customer, contact: str
) -> None:
    visitor = walk(service, who, contact)
    to = canonical(contact)
    assert sent(service) == [(to, "registration_code")]
    visitor.press(code=service.code_for(to))
    assert visitor.page == "register-done", visitor.faults
    with service.idp.reading() as tx:
        made = tx.exec_driver_sql("SELECT customer_number, profile, state FROM accounts").all()
    assert [tuple(row) for row in made] == [(who.number, who.profile, "active")]


def offered(who: Customer) -> list[str]:
    """Of what works, what is offered to somebody identified; another spelling is the same contact."""
    return sorted({canonical(contact) for contact in who.works} - set(who.looks_like_another))


IDENTIFIED = [
    pytest.param(who, contact, id=f"{who.number}-{contact}") for who in CUSTOMERS for contact in offered(who)
]


@pytest.mark.parametrize(("who", "contact"), IDENTIFIED)
def test_who_is_identified_reaches_an_account_by_each_own_contact(
    service: InProcess, who: Customer, contact: str
) -> None:
    visitor = identify(service.visitor(), who.code)
    assert sorted(masks(visitor)) == sorted(parse_contact(each).masked for each in offered(who))
    choose(visitor, parse_contact(contact).masked)
    visitor.press(new_password=PASSWORD)
    assert sent(service) == [(contact, "registration_code")]
    visitor.press(code=service.code_for(contact))
    assert visitor.page == "register-done", visitor.faults
    # Of one person's two records the code says which is meant.
    assert registered(service) == [(who.number, "contact")]


def identify(visitor: Visitor, code: str) -> Visitor:
    visitor.get(IDENTIFY)
    visitor.press(identifier=code)
    assert visitor.page == "register-contacts", visitor.faults
    return visitor


# --- what does not ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "contact"), TRAPS)
def test_a_trap_shows_the_strangers_page_and_tells_the_contact_alone(
    service: InProcess, who: Customer, contact: str
) -> None:
    stranger = looks(service, who, "nobody@nowhere.example" if "@" in contact else "+393990000000")
    assert sent(service) == []
    service.clock.move(1)
    why, letter = who.traps[contact]
    assert looks(service, who, contact) == stranger
    assert reason(service) == why
    assert sent(service) == ([] if letter is None else [(contact, letter)])
    for message in service.post():
        # Nothing that was typed is repeated, and there is no code to be typed.
        told = message["subject"] + message["text"]
        assert not any(word in told for word in (*who.names, contact))
        assert not re.search(r"\b\d{6}\b", told)
        assert (message["code"], message["link"]) == (None, None)
    assert registered(service) == []


def looks(service: InProcess, who: Customer, contact: str) -> list[str]:
    """What the page of the code says, and says to codes that are not right; a second may pass meanwhile."""
    visitor = walk(service, who, contact)
    pages = [visitor.last.text]
    for code in ("123456", "000000", "999999"):
        visitor.press(code=code)
        assert (visitor.page, visitor.faults) == ("register-verify", ["code"])
        pages.append(visitor.last.text)
    return [stripped(re.sub(r'data-seconds="\d+"', "", page), *who.names, contact) for page in pages]


def test_no_code_of_all_is_right_for_a_mismatch(service: InProcess) -> None:
    walk(service, BY_NUMBER["C100001"], "nobody@posta.example")
    with service.idp.reading() as tx:
        assert tx.exec_driver_sql("SELECT code_mac FROM challenges").scalars().all() == [None]


def test_everybody_who_is_told_nothing_still_leaves_a_row_that_is_never_sent(service: InProcess) -> None:
    walk(service, BY_NUMBER["C100001"], "nobody@posta.example")
    service.post()
    with service.idp.reading() as tx:
        rows = tx.exec_driver_sql("SELECT addressed, state, sealed_parcel FROM outbox").all()
    assert [(bool(row.addressed), row.state, row.sealed_parcel) for row in rows] == [(False, "void", None)]


WRONG_ABOUT = [
    # Another name than on file.
    ("C100001", {"given_name": "Mario"}, MARIA, "registration_name_differs"),
    # A business customer's contact, registering as a person, and the other way round.
    ("C100007", {"profile": "person"}, "studio@giuliaromano.example", "registration_profile_differs"),
    ("C100009", {"company_name": "Officine Bianchi"}, "+393451234508", "registration_company_differs"),
    ("C100008", {"vat_number": "12345010586"}, "+393401234507", "registration_vat_differs"),
]


@pytest.mark.parametrize(("number", "changed", "contact", "letter"), WRONG_ABOUT)
def test_wrong_data_are_told_to_the_contact_and_the_right_ones_go_on_in_the_same_browser(
    service: InProcess, number: str, changed: dict[str, str], contact: str, letter: str
) -> None:
    who = BY_NUMBER[number]
    visitor = service.visitor()
    visitor.get("/register")
    visitor.press(profile=changed.get("profile", who.profile))
    visitor.press(**{**who.data(contact), **changed})
    visitor.press(new_password=PASSWORD)
    assert visitor.page == "register-verify"
    assert sent(service) == [(contact, letter)]
    visitor.press(code="123456")
    assert visitor.faults == ["code"]
    service.clock.move(60)
    walk(service, who, contact, visitor)
    visitor.press(code=service.code_for(contact))
    assert visitor.page == "register-done"
    assert registered(service) == [(number, "contact")]


# --- the ways out -------------------------------------------------------------------------------------------


def another_contact(contact: str) -> Callable[[InProcess, Customer, Visitor], None]:
    """Back to the data with a contact of one's own."""

    def go(service: InProcess, who: Customer, visitor: Visitor) -> None:
        # Two spellings of one mailbox, for whoever counts, get one code a minute.
        service.clock.move(60)
        walk(service, who, contact, visitor)
        visitor.press(code=service.code_for(contact))

    return go


def by_tax_code(contact: str) -> Callable[[InProcess, Customer, Visitor], None]:
    """By tax code: nothing but own, unshared contacts is offered."""

    def go(service: InProcess, who: Customer, visitor: Visitor) -> None:
        identify(visitor, who.code)
        assert set(masks(visitor)) == {parse_contact(each).masked for each in offered(who)}
        choose(visitor, parse_contact(contact).masked)
        # The password that was chosen in this browser stays.
        assert visitor.page == "register-verify"
        visitor.press(code=service.code_for(contact))

    return go


def by_activation_code(service: InProcess, who: Customer, visitor: Visitor) -> None:
    """What is offered for the tax code are decoys; the agency's code opens the way with a new contact."""
    before = len(service.post())
    identify(visitor, who.code)
    visitor.press(contact=options(visitor)[0][0])
    assert visitor.page == "register-verify"
    visitor.press(code="123456")
    assert visitor.faults == ["code"]
    assert len(service.post()) == before
    visitor.get(ACTIVATE)
    visitor.press(identifier=who.code, activation_code=issued(service, who.number))
    assert visitor.page == "register-username"
    visitor.press(username="una.nuova@posta.example")
    assert visitor.page == "register-verify"
    visitor.press(code=service.code_for("una.nuova@posta.example"))


def by_code_of_the_company(service: InProcess, who: Customer, visitor: Visitor) -> None:
    """Insured through her company: the page names the activation code, by which her email can be chosen."""
    identify(visitor, who.code)
    visitor.press(collective="yes")
    assert visitor.page == "register-collective"
    assert f'href="{ACTIVATE}"' in visitor.last.text
    visitor.get(ACTIVATE)
    visitor.press(identifier=who.code, activation_code=issued(service, who.number))
    assert visitor.page == "register-contacts"
    choose(visitor, masks(visitor)[0])


WAYS_OUT = [
    ("C100004", FAMILY, another_contact("+393281234503")),
    ("C100004", FAMILY, by_tax_code("+393281234503")),
    ("C100005", FAMILY, another_contact("+393281234504")),
    ("C100005", FAMILY, by_tax_code("+393281234504")),
    ("C100016", GALLO, by_activation_code),
    ("C100017", GALLO, another_contact("+393891234515")),
    ("C100017", GALLO, by_tax_code("+393891234515")),
    ("C100020", "sara.colombo@azienda.example", by_code_of_the_company),
    ("C100021", NAVIGLI, another_contact("+393311234518")),
    ("C100021", NAVIGLI, by_tax_code("+393311234518")),
    ("C100022", NAVIGLI, by_activation_code),
    ("C100024", "giorgia.leone@posta.example", another_contact("giorgia.leone+assicurazione@posta.example")),
    ("C100024", "giorgia.leone@posta.example", by_tax_code("+393701234520")),
    ("C100025", "fontana@posta.example", by_activation_code),
]


@pytest.mark.parametrize(
    ("number", "contact", "way"),
    WAYS_OUT,
    ids=[f"{number}-{way.__qualname__.partition('.')[0]}" for number, _, way in WAYS_OUT],
)
def test_a_trap_ends_in_an_account_by_the_way_out_it_names(
    service: InProcess, number: str, contact: str, way: Callable[[InProcess, Customer, Visitor], None]
) -> None:
    who = BY_NUMBER[number]
    visitor = walk(service, who, contact)
    # Every way out stands on the page, for everybody.
    assert f'id="not-recognised" href="{IDENTIFY}"' in visitor.last.text
    assert f'id="activate" href="{ACTIVATE}"' in visitor.last.text
    way(service, who, visitor)
    assert visitor.page == "register-done", (visitor.page, visitor.faults)
    assert [customer for customer, _ in registered(service)] == [number]


def test_every_trap_has_a_way_out_but_those_of_the_dead_and_of_children() -> None:
    trapped = {customer.number for customer in CUSTOMERS if customer.traps}
    assert trapped - {number for number, _, _ in WAYS_OUT} == {"C100027", "C100028"}


@pytest.mark.parametrize(("number", "why"), [("C100027", "deceased"), ("C100028", "under_age")])
def test_the_dead_and_children_are_nobody_by_every_way(service: InProcess, number: str, why: str) -> None:
    who = BY_NUMBER[number]
    stranger = identify(service.visitor(), "BNCGNN51P30F839W")
    service.clock.move(1)
    visitor = identify(service.visitor(), who.code)
    assert stripped(re.sub(r"(?s)<fieldset.*?</fieldset>", "", visitor.last.text)) == stripped(
        re.sub(r"(?s)<fieldset.*?</fieldset>", "", stranger.last.text)
    )
    visitor.press(contact=options(visitor)[0][0])
    visitor.press(new_password=PASSWORD)
    visitor.press(code="123456")
    assert (visitor.page, visitor.faults) == ("register-verify", ["code"])
    assert sent(service) == []
    assert reason(service) == why
    refused = activation.issue(service.idp, number, issued_by="agency", now=service.clock.now())
    assert refused == NotIssued(why)


# --- what is particular to one ------------------------------------------------------------------------------


def test_c100016_and_c100017_are_told_apart_by_their_tax_codes(service: InProcess) -> None:
    # The same name, the same email: by data neither is meant, by tax code each.
    older = identify(service.visitor(), BY_NUMBER["C100016"].code)
    younger = identify(service.visitor(), BY_NUMBER["C100017"].code)
    assert masks(younger) == ["+39 ••• ••• ••15"]
    choose(younger, "+39 ••• ••• ••15")
    younger.press(new_password=PASSWORD)
    younger.press(code=service.code_for("+393891234515"))
    assert registered(service) == [("C100017", "contact")]
    older.press(contact=options(older)[0][0])
    older.press(new_password=PASSWORD)
    assert [purpose for _, purpose in sent(service)] == ["account_created", "registration_code"]


def test_c100018_is_found_by_a_provisional_tax_code_and_not_as_a_business(service: InProcess) -> None:
    visitor = identify(service.visitor(), "01234560587")
    assert masks(visitor) == ["o•••••@•••••", "+39 ••• ••• ••16"]
    choose(visitor, "o•••••@•••••")
    visitor.press(new_password=PASSWORD)
    visitor.press(code=service.code_for("olena.k@posta.example"))
    with service.idp.reading() as tx:
        assert tx.exec_driver_sql("SELECT profile FROM accounts").scalars().all() == ["person"]


def test_c100019_is_found_by_the_plain_tax_code_too(service: InProcess) -> None:
    plain = "MRNMRC82B02H501"
    visitor = identify(service.visitor(), plain + codicefiscale.calc_check_digit(plain))
    choose(visitor, "m•••••@•••••")
    visitor.press(new_password=PASSWORD)
    visitor.press(code=service.code_for("marco.marino@posta.example"))
    assert registered(service) == [("C100019", "contact")]


def test_c100023_a_landline_is_no_username(service: InProcess) -> None:
    visitor = service.visitor()
    visitor.get("/register")
    visitor.press(profile="person")
    visitor.press(**BY_NUMBER["C100023"].data("+39 0471 555 777"))
    assert (visitor.page, visitor.faults) == ("register-data", ["username"])


def test_c100023_is_not_offered_the_landline(service: InProcess) -> None:
    visitor = identify(service.visitor(), BY_NUMBER["C100023"].code)
    assert masks(visitor) == ["h•••••@•••••", "+39 ••• ••• ••19"]


def test_c100001_twice_says_so_to_the_contact(service: InProcess) -> None:
    service.register(service.visitor())
    service.clock.move(60)
    before = len(service.post())
    visitor = walk(service, BY_NUMBER["C100001"], MARIA)
    assert reason(service) == "already_registered"
    assert sent(service)[: len(service.post()) - before] == [(MARIA, "registration_already_registered")]
    visitor.press(code="123456")
    assert visitor.faults == ["code"]


def test_c100001_twice_by_the_other_contact_says_so_there(service: InProcess) -> None:
    service.register(service.visitor())
    service.clock.move(60)
    walk(service, BY_NUMBER["C100001"], MARIAS_MOBILE)
    assert sent(service)[0] == (MARIAS_MOBILE, "registration_already_registered")


def test_c100026_shares_its_contacts_with_the_same_person_only(service: InProcess) -> None:
    visitor = walk(service, BY_NUMBER["C100001"], MARIA)
    assert sent(service) == [(MARIA, "registration_code")]
    visitor.press(code=service.code_for(MARIA))
    assert registered(service) == [("C100001", "contact")]


def test_c100026_is_told_of_the_email_that_c100001_took_and_takes_the_mobile(service: InProcess) -> None:
    service.register(service.visitor())
    service.clock.move(60)
    who, before = BY_NUMBER["C100026"], len(service.post())
    visitor = walk(service, who, MARIA)
    assert reason(service) == "contact_taken"
    assert sent(service)[: len(service.post()) - before] == [(MARIA, "registration_contact_taken")]
    visitor.press(code="123456")
    assert visitor.faults == ["code"]
    identify(visitor, who.code)
    assert masks(visitor) == ["+39 ••• ••• ••01"]
    choose(visitor, "+39 ••• ••• ••01")
    visitor.press(code=service.code_for(MARIAS_MOBILE))
    assert visitor.page == "register-done"
    assert registered(service) == [("C100001", "contact"), ("C100026", "contact")]


# --- settings -----------------------------------------------------------------------------------------------


@pytest.fixture
def with_settings(service: InProcess) -> Iterator[InProcess]:
    """The same service where only live policies count and members of collective ones may register."""
    known = service.idp.settings
    opened = open_in_process(
        settings_for(
            folder_of(known),
            known.database.url,
            registration={"policies": "active", "collective": "allow", "minimum_age": 12},
        )
    )
    yield opened
    opened.idp.database.engine.dispose()


@pytest.mark.parametrize("contact", BY_NUMBER["C100006"].works)
def test_c100006_with_an_ended_policy_is_a_mismatch_where_it_must_be_live(
    with_settings: InProcess, contact: str
) -> None:
    who = BY_NUMBER["C100006"]
    visitor = walk(with_settings, who, contact)
    assert reason(with_settings) == "no_policy"
    assert sent(with_settings) == [(contact, "registration_no_policy")]
    visitor.press(code="123456")
    assert visitor.faults == ["code"]
    # By tax code it is the same.
    identify(visitor, who.code)
    choose(visitor, parse_contact("paolo.ferrari@posta.example").masked)
    visitor.press(code="123456")
    assert visitor.faults == ["code"]
    assert registered(with_settings) == []


def test_c100020_may_register_where_collective_policies_are_allowed(with_settings: InProcess) -> None:
    visitor = walk(with_settings, BY_NUMBER["C100020"], "sara.colombo@azienda.example")
    visitor.press(code=with_settings.code_for("sara.colombo@azienda.example"))
    assert visitor.page == "register-done"
    assert registered(with_settings) == [("C100020", "contact")]


def test_c100028_may_register_once_old_enough(with_settings: InProcess) -> None:
    visitor = walk(with_settings, BY_NUMBER["C100028"], "nina.serra@posta.example")
    visitor.press(code=with_settings.code_for("nina.serra@posta.example"))
    assert visitor.page == "register-done"


# --- who is told --------------------------------------------------------------------------------------------


def test_a_notice_of_the_new_account_goes_to_own_contacts_only(service: InProcess) -> None:
    visitor = walk(service, BY_NUMBER["C100004"], "+393281234503")
    visitor.press(code=service.code_for("+393281234503"))
    told = [to for to, purpose in sent(service) if purpose == "account_created"]
    # The family's email is not hers alone.
    assert told == ["+393281234503"]
