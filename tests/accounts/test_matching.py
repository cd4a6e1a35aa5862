"""Every trap of the demo registry, and what becomes of it at registration (journeys A0, A3, A4)."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from idp.accounts.matching import (
    Ambiguous,
    CompanyRegistrant,
    ContactFacts,
    Match,
    NoMatch,
    Outcome,
    PersonRegistrant,
    ProfessionalRegistrant,
    Reason,
    Registrant,
    identified,
    match,
)
from idp.accounts.records import CustomerRecord, age_on
from idp.accounts.registry_line import read_line
from idp.adapters.registry_file import RegistryFile
from idp.settings.people import Registration
from idp.values import ProfileKind, TaxCode, VatNumber, parse_contact, parse_identifier

DEMO = Path(__file__).parents[2] / "idp" / "demo" / "customers.csv"
NOW = int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp())
ANY = Registration()


@pytest.fixture(scope="module")
def customers() -> dict[str, CustomerRecord]:
    """The demo registry by customer number."""
    read = (read_line(line.line, line.cells) for line in RegistryFile(DEMO).lines() if line.cells is not None)
    return {one.record.customer_number: one.record for one in read if one.record is not None}


def register(
    customers: dict[str, CustomerRecord],
    given_name: str,
    family_name: str,
    contact: str,
    *,
    rules: Registration = ANY,
    registered: frozenset[str] = frozenset(),
    username_of: str | None = None,
) -> Outcome:
    """What a private person with these data gets."""
    registrant = PersonRegistrant(given_name, family_name, parse_contact(contact))
    return judge(customers, registrant, rules=rules, registered=registered, username_of=username_of)


def judge(
    customers: dict[str, CustomerRecord],
    registrant: Registrant,
    *,
    rules: Registration = ANY,
    registered: frozenset[str] = frozenset(),
    username_of: str | None = None,
) -> Outcome:
    """What becomes of whoever typed this."""
    username = registrant.username
    assert username is not None
    candidates = [r for r in customers.values() if any(c.contact == username for c in r.contacts)]
    facts = ContactFacts(
        holders=len({r.tax_code.plain if r.tax_code else r.customer_number for r in candidates}),
        of_agency=any(username in r.agency.contacts for r in customers.values()),
        registered=registered,
        username_of=username_of,
    )
    return match(registrant, candidates, facts, rules, NOW)


def number_of(outcome: Outcome) -> str:
    """The customer number of a match."""
    assert isinstance(outcome, Match), outcome
    return outcome.record.customer_number


def reason_of(outcome: Outcome) -> Reason:
    """The reason of a mismatch."""
    assert not isinstance(outcome, Match), outcome
    return outcome.reason


def test_the_demo_registry_is_read_whole(customers: dict[str, CustomerRecord]) -> None:
    assert sorted(customers) == [f"C1{number:05d}" for number in range(1, 30)]


@pytest.mark.parametrize(
    ("given_name", "family_name", "contact", "number"),
    [
        ("Maria", "Rossi", "maria.rossi@posta.example", "C100001"),
        ("Maria", "Rossi", "333 123 4501", "C100001"),
        ("Giovanni", "Bianchi", "Giovanni.Bianchi@Posta.Example", "C100002"),
        ("Luca", "Verdi", "+393471234502", "C100003"),
        ("Anna", "Esposito", "328 1234503", "C100004"),
        ("Carlo", "Esposito", "328 1234504", "C100005"),
        ("Paolo", "Ferrari", "paolo.ferrari@posta.example", "C100006"),
        ("NICCOLO'", "DALESSANDRO", "niccolo.dalessandro@posta.example", "C100012"),
        ("Maria", "De Luca", "mariagrazia@lavoro.example", "C100013"),
        ("Mariagrazia", "Conti", "320 1234512", "C100013"),
        ("Giuseppe", "Russo", "giuseppe.russo60@posta.example", "C100014"),
        ("Giuseppe", "Russo", "peppe.russo@posta.example", "C100015"),
        ("Francesca", "Gallo", "+393891234515", "C100017"),
        ("Olena", "Kovalenko", "olena.k@posta.example", "C100018"),
        ("Marco", "Marino", "marco.marino@posta.example", "C100019"),
        ("Matteo", "Rinaldi", "331 1234518", "C100021"),
        ("Hans", "Gruber", "hans.gruber@posta.example", "C100023"),
        ("Hans", "Gruber", "HANS.GRUBER@POSTA.EXAMPLE", "C100023"),
        ("Hans", "Gruber", "342 1234519", "C100023"),
        ("Giorgia", "Leone", "giorgia.leone+assicurazione@posta.example", "C100024"),
        ("Jonas", "Weber", "+49 151 12345678", "C100029"),
    ],
)
def test_a4_these_customers_register(
    customers: dict[str, CustomerRecord], given_name: str, family_name: str, contact: str, number: str
) -> None:
    assert number_of(register(customers, given_name, family_name, contact)) == number


@pytest.mark.parametrize(
    ("given_name", "family_name", "contact", "reason"),
    [
        # A contact of two people, also where only one of them bears the name.
        ("Anna", "Esposito", "famiglia.esposito@posta.example", Reason.SHARED_CONTACT),
        ("Francesca", "Gallo", "gallo.lecce@posta.example", Reason.SHARED_CONTACT),
        # An agency's own.
        ("Matteo", "Rinaldi", "milano.navigli@agenzie.example", Reason.AGENCY_CONTACT),
        ("Elena", "Moretti", "milano.navigli@agenzie.example", Reason.AGENCY_CONTACT),
        # On no record at all.
        ("Giorgia", "Leone", "giorgia.leone@posta.example", Reason.NO_CONTACT),
        ("Alberto", "Fontana", "alberto.fontana@posta.example", Reason.NO_CONTACT),
        ("Maria", "Rossi", "+393339999999", Reason.NO_CONTACT),
        # An agency's, but no customer's: the agency must not be written to by whoever types its address.
        ("Maria", "Rossi", "roma.prati@agenzie.example", Reason.NO_CONTACT),
        # On record, but not under that name.
        ("Mario", "Rossi", "maria.rossi@posta.example", Reason.NAME_DIFFERS),
        ("Giuseppe", "Rossi", "peppe.russo@posta.example", Reason.NAME_DIFFERS),
        # A business record, asked for as a private person.
        ("Giulia", "Romano", "studio@giuliaromano.example", Reason.PROFILE_DIFFERS),
        ("Ernesto", "Sartori", "ernesto.sartori@posta.example", Reason.DECEASED),
        ("Nina", "Serra", "nina.serra@posta.example", Reason.UNDER_AGE),
        ("Sara", "Colombo", "sara.colombo@azienda.example", Reason.COLLECTIVE_POLICY),
    ],
)
def test_c1_these_do_not_and_this_is_why(
    customers: dict[str, CustomerRecord], given_name: str, family_name: str, contact: str, reason: Reason
) -> None:
    assert reason_of(register(customers, given_name, family_name, contact)) is reason


def test_a0_an_ended_policy_is_enough_under_any_and_not_under_active(
    customers: dict[str, CustomerRecord],
) -> None:
    paolo = ("Paolo", "Ferrari", "paolo.ferrari@posta.example")
    assert number_of(register(customers, *paolo)) == "C100006"
    assert reason_of(register(customers, *paolo, rules=Registration(policies="active"))) is Reason.NO_POLICY


def test_c5_members_of_a_collective_policy_register_where_the_setting_lets_them(
    customers: dict[str, CustomerRecord],
) -> None:
    sara = ("Sara", "Colombo", "sara.colombo@azienda.example")
    assert number_of(register(customers, *sara, rules=Registration(collective="allow"))) == "C100020"


def test_a4_the_business_record_of_the_same_person_does_not_make_a_contact_shared(
    customers: dict[str, CustomerRecord],
) -> None:
    maria = ("Maria", "Rossi", "maria.rossi@posta.example")
    assert number_of(register(customers, *maria)) == "C100001"


def test_a4_a_customer_registers_once(customers: dict[str, CustomerRecord]) -> None:
    maria = ("Maria", "Rossi", "maria.rossi@posta.example")
    own = register(customers, *maria, registered=frozenset({"C100001"}), username_of="C100001")
    assert reason_of(own) is Reason.ALREADY_REGISTERED


def test_a4_a_username_is_nobody_elses(customers: dict[str, CustomerRecord]) -> None:
    # As if the professional had registered with the contact that stands on both records.
    taken = register(
        customers,
        "Maria",
        "Rossi",
        "maria.rossi@posta.example",
        registered=frozenset({"C100026"}),
        username_of="C100026",
    )
    assert reason_of(taken) is Reason.CONTACT_TAKEN


def test_two_records_that_agree_in_everything_are_nobody(customers: dict[str, CustomerRecord]) -> None:
    from dataclasses import replace

    maria = customers["C100001"]
    doubled = {**customers, "C999999": replace(maria, customer_number="C999999")}
    outcome = register(doubled, "Maria", "Rossi", "maria.rossi@posta.example")
    assert isinstance(outcome, Ambiguous)
    assert {record.customer_number for record in outcome.records} == {"C100001", "C999999"}


def test_of_two_such_records_one_that_is_registered_already_is_not_chosen(
    customers: dict[str, CustomerRecord],
) -> None:
    from dataclasses import replace

    maria = customers["C100001"]
    doubled = {**customers, "C999999": replace(maria, customer_number="C999999")}
    outcome = register(
        doubled, "Maria", "Rossi", "333 1234501", registered=frozenset({"C100001"}), username_of=None
    )
    assert number_of(outcome) == "C999999"


def test_the_dead_and_children_are_told_nothing_and_others_the_truth() -> None:
    untold = {reason for reason in Reason if not reason.told_to_contact}
    assert untold == {
        Reason.NO_CONTACT,
        Reason.DECEASED,
        Reason.UNDER_AGE,
        Reason.UNKNOWN_IDENTIFIER,
        Reason.NOTHING_OFFERED,
        Reason.NONE_CHOSEN,
    }


@pytest.mark.parametrize(
    ("today", "age"),
    [(date(2026, 6, 9), 11), (date(2026, 6, 10), 12), (date(2032, 6, 9), 17), (date(2032, 6, 10), 18)],
)
def test_age_is_counted_in_full_years(customers: dict[str, CustomerRecord], today: date, age: int) -> None:
    assert age_on(customers["C100028"], today) == age


def test_age_is_read_from_the_tax_code_where_no_birth_date_stands(
    customers: dict[str, CustomerRecord],
) -> None:
    from dataclasses import replace

    today = date(2026, 11, 22)
    for customer in customers.values():
        if (
            customer.birth_date is not None
            and customer.tax_code is not None
            and len(customer.tax_code.text) == 16
        ):
            told = age_on(replace(customer, birth_date=None), today)
            # Two digits of a year: who is over a hundred is taken for a child, which is the safer mistake.
            assert told is not None
            assert told % 100 == (age_on(customer, today) or 0) % 100
    provisional = replace(customers["C100018"], birth_date=None)
    assert provisional.tax_code == TaxCode("01234560587")
    assert age_on(provisional, today) is None


def test_minimum_age_is_a_setting(customers: dict[str, CustomerRecord]) -> None:
    nina = ("Nina", "Serra", "nina.serra@posta.example")
    assert number_of(register(customers, *nina, rules=Registration(minimum_age=12))) == "C100028"


def test_a_mismatch_names_the_record_that_came_closest_where_there_was_one(
    customers: dict[str, CustomerRecord],
) -> None:
    outcome = register(customers, "Sara", "Colombo", "sara.colombo@azienda.example")
    assert isinstance(outcome, NoMatch)
    assert outcome.record is customers["C100020"]


# --- professionals and companies (journey B) ---------------------------------------------------------------

NOT_ASKED = Registration(vat_number="not_asked")


def professional(
    given_name: str, family_name: str, vat_number: str | None, contact: str
) -> ProfessionalRegistrant:
    """A professional with these data."""
    number = VatNumber.parse(vat_number) if vat_number else None
    return ProfessionalRegistrant(given_name, family_name, number, parse_contact(contact))


def company(name: str, vat_number: str | None, contact: str) -> CompanyRegistrant:
    """A company with these data; somebody acts for it."""
    number = VatNumber.parse(vat_number) if vat_number else None
    return CompanyRegistrant(name, number, "Chi Agisce", parse_contact(contact))


GIULIA = ("studio@giuliaromano.example", "+393351234506")
BRUNO = ("amministrazione@officinebruno.example", "direzione@officinebruno.example", "345 1234508")


@pytest.mark.parametrize(
    ("registrant", "number"),
    [
        (professional("Giulia", "Romano", "12345010586", GIULIA[0]), "C100007"),
        (professional("GIULIA", "romano", "IT 12345010586", GIULIA[1]), "C100007"),
        (professional("Davide", "Conti", "12345020585", "340 1234507"), "C100008"),
        # The same person, contacts and tax code as C100001: the profile decides.
        (professional("Maria", "Rossi", "12345260587", "maria.rossi@posta.example"), "C100026"),
        (company("Officine Meccaniche Bruno S.r.l.", "12345030584", BRUNO[0]), "C100009"),
        (company("OFFICINE MECCANICHE BRUNO SRL", "12345030584", BRUNO[1]), "C100009"),
        (company("officine meccaniche bruno", "IT12345030584", BRUNO[2]), "C100009"),
        (company("Caffe dell Angolo snc", "12345040583", "info@caffedellangolo.example"), "C100010"),
        (
            company("Caffè dell'Angolo di D'Angelo e C.", "12345040583", "info@caffedellangolo.example"),
            "C100010",
        ),
        (company("Weingut Mueller GmbH", "12345050582", "buero@weingutmueller.example"), "C100011"),
        (company("Weingut Müller", "12345050582", "+39 349 1234509"), "C100011"),
    ],
)
def test_b3_these_business_customers_register(
    customers: dict[str, CustomerRecord], registrant: Registrant, number: str
) -> None:
    assert number_of(judge(customers, registrant)) == number


@pytest.mark.parametrize(
    ("registrant", "reason"),
    [
        (professional("Giulia", "Romano", "12345020585", GIULIA[0]), Reason.VAT_DIFFERS),
        (professional("Giulia", "Romano", None, GIULIA[0]), Reason.VAT_DIFFERS),
        (professional("Giulio", "Romano", "12345010586", GIULIA[0]), Reason.NAME_DIFFERS),
        (professional("Giulia", "Romani", "12345020585", GIULIA[0]), Reason.NAME_DIFFERS),
        (
            professional("Maria", "Rossi", "12345010586", "maria.rossi@posta.example"),
            Reason.VAT_DIFFERS,
        ),
        (company("Officine Meccaniche Bruno", "12345040583", BRUNO[0]), Reason.VAT_DIFFERS),
        (company("Officine Meccaniche Bruno", None, BRUNO[0]), Reason.VAT_DIFFERS),
        (company("Officine Bruno", "12345030584", BRUNO[0]), Reason.COMPANY_DIFFERS),
        (company("S.r.l.", "12345030584", BRUNO[0]), Reason.COMPANY_DIFFERS),
        (company("", "12345030584", BRUNO[0]), Reason.COMPANY_DIFFERS),
        # In another profile than the one on file.
        (company("Giulia Romano", "12345010586", GIULIA[0]), Reason.PROFILE_DIFFERS),
        (professional("Anna", "Bruno", "12345030584", BRUNO[0]), Reason.PROFILE_DIFFERS),
        (
            professional("Giovanni", "Bianchi", "12345010586", "giovanni.bianchi@posta.example"),
            Reason.PROFILE_DIFFERS,
        ),
        (company("Weingut Müller", "12345050582", "info@weingutmueller.example"), Reason.NO_CONTACT),
        (company("Agenzia Bolzano", "12345050582", "bolzano@agenzie.example"), Reason.NO_CONTACT),
    ],
)
def test_b3_these_business_customers_do_not_and_this_is_why(
    customers: dict[str, CustomerRecord], registrant: Registrant, reason: Reason
) -> None:
    assert reason_of(judge(customers, registrant)) is reason


@pytest.mark.parametrize(
    ("registrant", "number"),
    [
        (professional("Giulia", "Romano", None, GIULIA[0]), "C100007"),
        (professional("Giulia", "Romano", "12345020585", GIULIA[0]), "C100007"),
        (company("Officine Meccaniche Bruno", None, BRUNO[0]), "C100009"),
    ],
)
def test_b3_a_setting_drops_the_vat_number(
    customers: dict[str, CustomerRecord], registrant: Registrant, number: str
) -> None:
    assert number_of(judge(customers, registrant, rules=NOT_ASKED)) == number


def test_b3_without_the_vat_number_the_name_must_agree_all_the_same(
    customers: dict[str, CustomerRecord],
) -> None:
    outcome = judge(customers, company("Officine Bruno", None, BRUNO[0]), rules=NOT_ASKED)
    assert reason_of(outcome) is Reason.COMPANY_DIFFERS


def test_b3_a_record_without_a_vat_number_agrees_with_none(customers: dict[str, CustomerRecord]) -> None:
    from dataclasses import replace

    known = {"C100007": replace(customers["C100007"], vat_number=None)}
    assert reason_of(judge(known, professional("Giulia", "Romano", None, GIULIA[0]))) is Reason.VAT_DIFFERS


def test_b3_the_contact_of_the_business_record_is_taken_once_the_person_has_registered_with_it(
    customers: dict[str, CustomerRecord],
) -> None:
    maria = professional("Maria", "Rossi", "12345260587", "maria.rossi@posta.example")
    taken = judge(customers, maria, registered=frozenset({"C100001"}), username_of="C100001")
    assert reason_of(taken) is Reason.CONTACT_TAKEN
    by_mobile = professional("Maria", "Rossi", "12345260587", "333 1234501")
    free = judge(customers, by_mobile, registered=frozenset({"C100001"}), username_of=None)
    assert number_of(free) == "C100026"


def test_what_was_typed_is_not_shown_by_accident() -> None:
    shown = repr(company("Officine Bruno", "12345030584", BRUNO[0])) + repr(
        professional("Giulia", "Romano", "12345010586", GIULIA[0])
    )
    for typed in ("Officine", "12345", "Giulia", "Romano", "Agisce", "example"):
        assert typed not in shown


# --- identified by tax code or VAT number (journey C2) -----------------------------------------------------

PERSON, PROFESSIONAL, COMPANY = ProfileKind.PERSON, ProfileKind.PROFESSIONAL, ProfileKind.COMPANY
MARIA = "RSSMRA80D52H501K"


def identify(
    customers: dict[str, CustomerRecord],
    code: str,
    profile: ProfileKind | None = None,
    *,
    registered: frozenset[str] = frozenset(),
    rules: Registration = ANY,
) -> Outcome:
    """What becomes of whoever types this code; all records are offered, whether they bear it or not."""
    found = tuple(customers.values())
    return identified(parse_identifier(code), found, registered, profile, rules, NOW)


@pytest.mark.parametrize(
    ("code", "profile", "number"),
    [
        (MARIA, PERSON, "C100001"),
        (MARIA, PROFESSIONAL, "C100026"),
        (MARIA, None, "C100001"),
        ("12345260587", PROFESSIONAL, "C100026"),
        ("12345260587", None, "C100026"),
        ("RMNGLI85E57D612H", PROFESSIONAL, "C100007"),
        ("RMNGLI85E57D612H", None, "C100007"),
        ("12345030584", COMPANY, "C100009"),
        ("it 12345030584", None, "C100009"),
        # Provisional, and omocodia in both spellings.
        ("01234560587", PERSON, "C100018"),
        ("01234560587", None, "C100018"),
        ("MRNMRC82B02H50ML", PERSON, "C100019"),
        ("MRNMRC82B02H501T", None, "C100019"),
        # Contacts do not matter here: shared, an agency's, none at all.
        ("GLLFNC70R50E506Q", PERSON, "C100016"),
        ("GLLFNC98A60E506W", PERSON, "C100017"),
        ("MRTLNE77L47F205A", PERSON, "C100022"),
        ("FNTLRT40A01G224G", None, "C100025"),
        ("FRRPLA68T03A944F", PERSON, "C100006"),
    ],
)
def test_c2_a_code_finds_the_record_it_means(
    customers: dict[str, CustomerRecord], code: str, profile: ProfileKind | None, number: str
) -> None:
    assert number_of(identify(customers, code, profile)) == number


@pytest.mark.parametrize(
    ("code", "profile", "reason"),
    [
        ("RSSMRA80A01H501U", PERSON, Reason.UNKNOWN_IDENTIFIER),
        ("12345070580", COMPANY, Reason.UNKNOWN_IDENTIFIER),
        ("SRTRST31B08L483X", PERSON, Reason.DECEASED),
        ("SRTRST31B08L483X", COMPANY, Reason.DECEASED),
        ("SRTRST31B08L483X", None, Reason.DECEASED),
        ("SRRNNI14H50B354X", None, Reason.UNDER_AGE),
        ("12345030584", PERSON, Reason.PROFILE_DIFFERS),
        ("12345260587", PERSON, Reason.PROFILE_DIFFERS),
        (MARIA, COMPANY, Reason.PROFILE_DIFFERS),
        ("CLMSRA94D44F704G", PERSON, Reason.COLLECTIVE_POLICY),
    ],
)
def test_c2_these_codes_find_nobody_and_this_is_why(
    customers: dict[str, CustomerRecord], code: str, profile: ProfileKind | None, reason: Reason
) -> None:
    assert reason_of(identify(customers, code, profile)) is reason


def test_c2_the_rules_on_policies_are_those_of_typed_data(customers: dict[str, CustomerRecord]) -> None:
    active, members = Registration(policies="active"), Registration(collective="allow")
    assert reason_of(identify(customers, "FRRPLA68T03A944F", PERSON, rules=active)) is Reason.NO_POLICY
    assert number_of(identify(customers, "CLMSRA94D44F704G", PERSON, rules=members)) == "C100020"


def test_c2_one_who_has_an_account_is_told_so_and_the_other_record_is_not_taken_instead(
    customers: dict[str, CustomerRecord],
) -> None:
    registered = frozenset({"C100001"})
    for profile in (PERSON, None):
        outcome = identify(customers, MARIA, profile, registered=registered)
        assert isinstance(outcome, NoMatch)
        assert outcome.reason is Reason.ALREADY_REGISTERED
        assert outcome.record is customers["C100001"]
    assert number_of(identify(customers, MARIA, PROFESSIONAL, registered=registered)) == "C100026"


def test_c2_two_records_of_one_profile_are_nobody_unless_one_is_registered(
    customers: dict[str, CustomerRecord],
) -> None:
    from dataclasses import replace

    doubled = {**customers, "C999999": replace(customers["C100002"], customer_number="C999999")}
    outcome = identify(doubled, "BNCGNN51P30F205X", PERSON)
    assert isinstance(outcome, Ambiguous)
    assert outcome.reason is Reason.AMBIGUOUS
    one = identify(doubled, "BNCGNN51P30F205X", PERSON, registered=frozenset({"C100002"}))
    assert number_of(one) == "C999999"


def test_c2_a_vat_number_means_the_business_before_the_person_whose_tax_code_it_is(
    customers: dict[str, CustomerRecord],
) -> None:
    from dataclasses import replace

    code = TaxCode("12345030584")
    known = {
        "C1": replace(customers["C100018"], customer_number="C1", tax_code=code),
        "C2": customers["C100009"],
    }
    assert number_of(identify(known, "12345030584")) == "C100009"
    assert number_of(identify(known, "12345030584", PERSON)) == "C1"


def test_c2_the_record_of_somebody_dead_does_not_stand_before_another_of_the_code(
    customers: dict[str, CustomerRecord],
) -> None:
    from dataclasses import replace

    dead = replace(customers["C100001"], state=customers["C100027"].state)
    known = {"C100001": dead, "C100026": customers["C100026"]}
    assert number_of(identify(known, MARIA)) == "C100026"
    assert reason_of(identify(known, MARIA, PERSON)) is Reason.PROFILE_DIFFERS
