"""The demo customers' traps: one page for all, and the truth for the contact alone (journey C1, contract)."""

import re
from collections.abc import Iterator

import pytest

from idp.settings import Settings
from tests.service.in_process import PASSWORD, InProcess, open_in_process, settings_for
from tests.service.visitor import Visitor

MARIA = "maria.rossi@posta.example"


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with nobody registered."""
    return clean_service


def walk(service: InProcess, given: str, family: str, contact: str) -> Visitor:
    """From the first page to the one that asks for the code."""
    visitor = service.visitor()
    visitor.get("/register")
    visitor.press(profile="person")
    visitor.press(given_name=given, family_name=family, username=contact, accept_terms="yes")
    visitor.press(new_password=PASSWORD)
    assert visitor.page == "register-verify", (visitor.page, visitor.faults)
    return visitor


def sent(service: InProcess) -> list[tuple[str, str]]:
    return [(message["to"], message["purpose"]) for message in service.post()]


def reason(service: InProcess) -> str | None:
    with service.idp.reading() as tx:
        found = tx.exec_driver_sql("SELECT reason FROM enrolments ORDER BY created_at DESC").scalars().first()
    return None if found is None else str(found)


WHO_REGISTERS = [
    ("C100001", "Maria", "Rossi", "+393331234501"),
    ("C100002", "Giovanni", "Bianchi", "giovanni.bianchi@posta.example"),
    ("C100003", "Luca", "Verdi", "+393471234502"),
    ("C100004", "Anna", "Esposito", "+393281234503"),
    ("C100005", "Carlo", "Esposito", "+393281234504"),
    ("C100006", "Paolo", "Ferrari", "paolo.ferrari@posta.example"),
    ("C100012", "Niccolò", "D'Alessandro", "niccolo.dalessandro@posta.example"),
    ("C100013", "Maria Grazia", "De Luca Conti", "mariagrazia@lavoro.example"),
    ("C100013", "Maria", "Conti", "+393201234512"),
    ("C100014", "Giuseppe", "Russo", "giuseppe.russo60@posta.example"),
    ("C100015", "Giuseppe", "Russo", "peppe.russo@posta.example"),
    ("C100017", "Francesca", "Gallo", "+393891234515"),
    ("C100018", "Olena", "Kovalenko", "olena.k@posta.example"),
    ("C100019", "Marco", "Marino", "marco.marino@posta.example"),
    ("C100021", "Matteo", "Rinaldi", "+393311234518"),
    ("C100023", "Hans", "Gruber", "+393421234519"),
    ("C100023", "Hans", "Gruber", "hans.GRUBER@posta.example"),
    ("C100024", "Giorgia", "Leone", "giorgia.leone+assicurazione@posta.example"),
    ("C100029", "Jonas", "Weber", "+4915112345678"),
]


@pytest.mark.parametrize(("number", "given", "family", "contact"), WHO_REGISTERS)
def test_who_registers_gets_an_account_of_their_own_record(
    service: InProcess, number: str, given: str, family: str, contact: str
) -> None:
    visitor = walk(service, given, family, contact)
    to = contact.casefold()
    assert sent(service) == [(to, "registration_code")]
    visitor.press(code=service.code_for(to))
    assert visitor.page == "register-done", visitor.faults
    with service.idp.reading() as tx:
        assert tx.exec_driver_sql("SELECT customer_number FROM accounts").scalars().all() == [number]


WHO_DOES_NOT = [
    # Another name than on file.
    ("Mario", "Rossi", MARIA, "name_differs", "registration_name_differs"),
    # Two people's email.
    ("Anna", "Esposito", "famiglia.esposito@posta.example", "shared_contact", "registration_shared_contact"),
    ("Carlo", "Esposito", "famiglia.esposito@posta.example", "shared_contact", "registration_shared_contact"),
    ("Francesca", "Gallo", "gallo.lecce@posta.example", "shared_contact", "registration_shared_contact"),
    # A member of a collective policy.
    (
        "Sara",
        "Colombo",
        "sara.colombo@azienda.example",
        "collective_policy",
        "registration_collective_policy",
    ),
    # The agency's own email.
    ("Matteo", "Rinaldi", "milano.navigli@agenzie.example", "agency_contact", "registration_agency_contact"),
    ("Elena", "Moretti", "milano.navigli@agenzie.example", "agency_contact", "registration_agency_contact"),
    # A professional's contact, registering as a person.
    ("Giulia", "Romano", "studio@giuliaromano.example", "profile_differs", "registration_profile_differs"),
    # On no record: plus and dots are significant, a landline is nobody's mobile.
    ("Giorgia", "Leone", "giorgia.leone@posta.example", "no_contact", None),
    ("Maria", "Rossi", "mariarossi@posta.example", "no_contact", None),
    ("Alberto", "Fontana", "alberto.fontana@posta.example", "no_contact", None),
    ("Maria", "Rossi", "+393400000000", "no_contact", None),
    # The dead and children count as not matching, and nothing is told.
    ("Ernesto", "Sartori", "ernesto.sartori@posta.example", "deceased", None),
    ("Ernesto", "Sartori", "+393711234521", "deceased", None),
    ("Nina", "Serra", "nina.serra@posta.example", "under_age", None),
]


@pytest.mark.parametrize(("given", "family", "contact", "why", "letter"), WHO_DOES_NOT)
def test_who_does_not_match_learns_it_from_the_contact_alone(
    service: InProcess, given: str, family: str, contact: str, why: str, letter: str | None
) -> None:
    visitor = walk(service, given, family, contact)
    assert reason(service) == why
    assert sent(service) == ([] if letter is None else [(contact, letter)])
    for text in (message["text"] + message["subject"] for message in service.post()):
        # Nothing that was typed is repeated, and no code is there to be typed.
        assert given not in text
        assert family not in text
        assert contact not in text
        assert not re.search(r"\b\d{6}\b", text)
    assert all(message["code"] is None for message in service.post())
    for code in ("123456", "000000", "999999"):
        visitor.press(code=code)
        assert (visitor.page, visitor.faults) == ("register-verify", ["code"])
    with service.idp.reading() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM accounts").scalar_one() == 0


def test_no_code_of_all_is_right_for_a_mismatch(service: InProcess) -> None:
    walk(service, "Maria", "Rossi", "nobody@posta.example")
    with service.idp.reading() as tx:
        assert tx.exec_driver_sql("SELECT code_mac FROM challenges").scalars().all() == [None]


def test_c100023_a_landline_is_no_username(service: InProcess) -> None:
    visitor = service.visitor()
    visitor.get("/register")
    visitor.press(profile="person")
    visitor.press(given_name="Hans", family_name="Gruber", username="+39 0471 555 777", accept_terms="yes")
    assert (visitor.page, visitor.faults) == ("register-data", ["username"])


def test_c100001_twice_says_so_to_the_contact(service: InProcess) -> None:
    service.register(service.visitor())
    service.clock.move(60)
    before = len(service.post())
    visitor = walk(service, "Maria", "Rossi", MARIA)
    assert reason(service) == "already_registered"
    assert sent(service)[: len(service.post()) - before] == [(MARIA, "registration_already_registered")]
    visitor.press(code="123456")
    assert visitor.faults == ["code"]


def test_c100001_twice_by_the_other_contact_says_so_there(service: InProcess) -> None:
    service.register(service.visitor())
    service.clock.move(60)
    walk(service, "Maria", "Rossi", "+393331234501")
    assert sent(service)[0] == ("+393331234501", "registration_already_registered")


def test_c100026_shares_its_contacts_with_the_same_person_only(service: InProcess) -> None:
    # Same tax code: the email stands on two records of one person, and is not shared.
    visitor = walk(service, "Maria", "Rossi", MARIA)
    assert sent(service) == [(MARIA, "registration_code")]
    visitor.press(code=service.code_for(MARIA))
    with service.idp.reading() as tx:
        assert tx.exec_driver_sql("SELECT customer_number FROM accounts").scalars().all() == ["C100001"]


@pytest.fixture
def with_settings(service: InProcess) -> Iterator[InProcess]:
    """The same service where only live policies count and members of collective ones may register."""
    known: Settings = service.idp.settings
    opened = open_in_process(
        settings_for(
            known.service.data_directory,
            known.database.url,
            registration={"policies": "active", "collective": "allow", "minimum_age": 12},
        )
    )
    yield opened
    opened.idp.database.engine.dispose()


def test_c100006_with_an_ended_policy_is_a_mismatch_where_it_must_be_live(with_settings: InProcess) -> None:
    visitor = walk(with_settings, "Paolo", "Ferrari", "paolo.ferrari@posta.example")
    assert reason(with_settings) == "no_policy"
    assert sent(with_settings) == [("paolo.ferrari@posta.example", "registration_no_policy")]
    visitor.press(code="123456")
    assert visitor.faults == ["code"]


def test_c100020_may_register_where_collective_policies_are_allowed(with_settings: InProcess) -> None:
    visitor = walk(with_settings, "Sara", "Colombo", "sara.colombo@azienda.example")
    visitor.press(code=with_settings.code_for("sara.colombo@azienda.example"))
    assert visitor.page == "register-done"


def test_c100028_may_register_once_old_enough(with_settings: InProcess) -> None:
    visitor = walk(with_settings, "Nina", "Serra", "nina.serra@posta.example")
    visitor.press(code=with_settings.code_for("nina.serra@posta.example"))
    assert visitor.page == "register-done"


def test_everybody_who_is_told_nothing_still_leaves_a_row_that_is_never_sent(service: InProcess) -> None:
    walk(service, "Maria", "Rossi", "nobody@posta.example")
    service.post()
    with service.idp.reading() as tx:
        rows = tx.exec_driver_sql("SELECT addressed, state, sealed_parcel FROM outbox").all()
    assert [(bool(row.addressed), row.state, row.sealed_parcel) for row in rows] == [(False, "void", None)]


def test_a_notice_of_the_new_account_goes_to_own_contacts_only(service: InProcess) -> None:
    visitor = walk(service, "Anna", "Esposito", "+393281234503")
    visitor.press(code=service.code_for("+393281234503"))
    told = [to for to, purpose in sent(service) if purpose == "account_created"]
    # The family's email is not hers alone.
    assert told == ["+393281234503"]
