"""The contacts offered for a tax code or VAT number, and what stands in for them (journeys C3, H)."""

import string
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.it import codicefiscale

from idp.accounts import decoys as tables
from idp.accounts.offers import MOST_OPTIONS, Candidate, contacts_of, decoys, offered
from idp.accounts.records import Agency, CustomerRecord, RecordContact
from idp.accounts.registry import Standing
from idp.accounts.registry_line import read_line
from idp.adapters.registry_file import RegistryFile
from idp.settings.people import Registration
from idp.values import (
    Contact,
    ContactKind,
    Identifier,
    ProfileKind,
    RecordState,
    TaxCode,
    VatNumber,
    parse_contact,
    parse_identifier,
)

DEMO = Path(__file__).parents[2] / "idp" / "demo" / "customers.csv"
NOW = int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp())
RULES = Registration()
SECRET = bytes(range(32))

MARIA, MARIA_VAT = "RSSMRA80D52H501K", "12345260587"
EMAIL, MOBILE = "maria.rossi@posta.example", "+393331234501"


@pytest.fixture(scope="module")
def customers() -> dict[str, CustomerRecord]:
    """The demo registry by customer number."""
    read = (read_line(line.line, line.cells) for line in RegistryFile(DEMO).lines() if line.cells is not None)
    return {one.record.customer_number: one.record for one in read if one.record is not None}


def standing_of(contact: Contact, customers: Mapping[str, CustomerRecord]) -> Standing:
    """Whose a contact is in the demo registry."""
    holders = {
        record.tax_code.plain if record.tax_code else record.customer_number
        for record in customers.values()
        if any(one.contact == contact for one in record.contacts)
    }
    of_agency = any(contact in record.agency.contacts for record in customers.values())
    return Standing(len(holders), of_agency)


def offer(
    customers: Mapping[str, CustomerRecord],
    code: str,
    *,
    usernames: Mapping[str, str] | None = None,
    profile: ProfileKind | None = None,
    rules: Registration = RULES,
    registered: frozenset[str] = frozenset(),
) -> tuple[Candidate, ...]:
    """What is offered for a code."""
    identifier = parse_identifier(code)
    records = [
        record
        for record in customers.values()
        if (identifier.tax_code and record.tax_code and identifier.tax_code.plain == record.tax_code.plain)
        or (identifier.vat_number and identifier.vat_number == record.vat_number)
    ]
    taken = {parse_contact(contact): number for contact, number in (usernames or {}).items()}
    standings = {contact: standing_of(contact, customers) for contact in contacts_of(records)}
    having = registered | frozenset(taken.values())
    return offered(identifier, records, standings, taken, having, rules, NOW, profile=profile)


def texts(options: tuple[Candidate, ...]) -> list[str]:
    """The contacts offered."""
    return [option.contact.text for option in options]


@pytest.mark.parametrize(
    ("code", "contacts"),
    [
        (MARIA, [EMAIL, MOBILE]),
        (MARIA_VAT, [EMAIL, MOBILE]),
        ("BNCGNN51P30F205X", ["giovanni.bianchi@posta.example"]),
        ("VRDLCU92A05L219P", ["+393471234502"]),
        # The shared email is left out, the own mobile stays.
        ("SPSNNA75L61F839W", ["+393281234503"]),
        ("SPSCRL72B11F839Y", ["+393281234504"]),
        # An ended policy: the truth, if any, goes to the contact.
        ("FRRPLA68T03A944F", ["paolo.ferrari@posta.example", "+393391234505"]),
        ("12345010586", ["studio@giuliaromano.example", "+393351234506"]),
        ("RMNGLI85E57D612H", ["studio@giuliaromano.example", "+393351234506"]),
        ("GLLFNC70R50E506Q", []),
        ("GLLFNC98A60E506W", ["+393891234515"]),
        ("01234560587", ["olena.k@posta.example", "+393271234516"]),
        # Omocodia, as on file and plain.
        ("MRNMRC82B02H50ML", ["marco.marino@posta.example", "+393341234517"]),
        ("MRNMRC82B02H501T", ["marco.marino@posta.example", "+393341234517"]),
        ("CLMSRA94D44F704G", ["sara.colombo@azienda.example"]),
        # The agency's email is nobody's.
        ("RNLMTT86P09L781Z", ["+393311234518"]),
        ("MRTLNE77L47F205A", []),
        ("GRBHNS65E05A952U", ["hans.gruber@posta.example", "+393421234519"]),
        ("LNEGRG01S51L424S", ["giorgia.leone+assicurazione@posta.example", "+393701234520"]),
        ("FNTLRT40A01G224G", []),
        # The dead and children are as if unknown.
        ("SRTRST31B08L483X", []),
        ("SRRNNI14H50B354X", []),
        ("WBRJNS78M28A952R", ["+4915112345678"]),
        # On no record.
        ("RSSMRA80A01H501U", []),
    ],
)
def test_c3_these_contacts_are_offered(
    customers: dict[str, CustomerRecord], code: str, contacts: list[str]
) -> None:
    assert texts(offer(customers, code)) == contacts


def test_c3_contacts_are_shown_masked(customers: dict[str, CustomerRecord]) -> None:
    assert [(o.kind, o.masked) for o in offer(customers, MARIA)] == [
        (ContactKind.EMAIL, "m•••••@•••••"),
        (ContactKind.MOBILE, "+39 ••• ••• ••01"),
    ]


def test_c3_of_contacts_with_one_mask_one_is_offered(customers: dict[str, CustomerRecord]) -> None:
    both_begin_with_m = "DLCMGR63C48A662J"
    options = offer(customers, both_begin_with_m)
    assert texts(options) == ["mariagrazia@lavoro.example", "+393201234511", "+393201234512"]


def test_c3_of_contacts_with_one_mask_the_longest_unchanged_is_offered(
    customers: dict[str, CustomerRecord],
) -> None:
    both_begin_with_m = customers["C100013"]
    moved = tuple(
        replace(one, changed_on=date(2025, 1, 1)) if one.contact.text.startswith("mariag") else one
        for one in both_begin_with_m.contacts
    )
    known = {**customers, "C100013": replace(both_begin_with_m, contacts=moved)}
    assert texts(offer(known, "DLCMGR63C48A662J"))[0] == "mgdeluca@posta.example"


def test_c3_of_contacts_with_one_mask_the_own_username_is_offered(
    customers: dict[str, CustomerRecord],
) -> None:
    options = offer(customers, "DLCMGR63C48A662J", usernames={"mgdeluca@posta.example": "C100013"})
    assert texts(options)[0] == "mgdeluca@posta.example"


def test_c3_another_accounts_username_is_not_offered_and_ones_own_stays(
    customers: dict[str, CustomerRecord],
) -> None:
    taken = {EMAIL: "C100001"}
    assert texts(offer(customers, MARIA, usernames=taken)) == [EMAIL, MOBILE]
    # The VAT number is of the business record alone, whose account that is not.
    assert texts(offer(customers, MARIA_VAT, usernames=taken)) == [MOBILE]
    assert texts(offer(customers, MARIA_VAT, usernames={EMAIL: "C100026"})) == [EMAIL, MOBILE]


@pytest.mark.parametrize("usernames", [{}, {EMAIL: "C100001"}, {MOBILE: "C100026"}])
@pytest.mark.parametrize("code", [MARIA, MARIA_VAT])
def test_h_recovery_and_registration_show_one_list_for_one_code(
    customers: dict[str, CustomerRecord], code: str, usernames: dict[str, str]
) -> None:
    lists = {
        tuple(texts(offer(customers, code, usernames=usernames, profile=profile)))
        for profile in (None, *ProfileKind)
    }
    assert len(lists) == 1


@pytest.mark.parametrize(
    ("usernames", "registered", "profile", "numbers"),
    [
        ({}, frozenset(), None, ["C100001", "C100001"]),
        ({}, frozenset(), ProfileKind.PERSON, ["C100001", "C100001"]),
        ({}, frozenset(), ProfileKind.PROFESSIONAL, ["C100026", "C100026"]),
        # To recover is to recover an account that is there.
        ({MOBILE: "C100026"}, frozenset(), None, ["C100026", "C100026"]),
        ({EMAIL: "C100001", MOBILE: "C100026"}, frozenset(), None, ["C100001", "C100026"]),
        # Whose username it is goes before the profile: there it is taken.
        ({EMAIL: "C100001"}, frozenset(), ProfileKind.PROFESSIONAL, ["C100001", "C100026"]),
        ({EMAIL: "C100026"}, frozenset({"C100001"}), ProfileKind.PERSON, ["C100026", "C100001"]),
    ],
)
def test_c3_a_contact_on_two_records_of_one_person_names_the_one_that_is_meant(
    customers: dict[str, CustomerRecord],
    usernames: dict[str, str],
    registered: frozenset[str],
    profile: ProfileKind | None,
    numbers: list[str],
) -> None:
    options = offer(customers, MARIA, usernames=usernames, registered=registered, profile=profile)
    assert [option.customer_number for option in options] == numbers


def test_c3_who_counts_as_a_child_is_a_setting(customers: dict[str, CustomerRecord]) -> None:
    child = "SRRNNI14H50B354X"
    assert texts(offer(customers, child, rules=Registration(minimum_age=12))) == ["nina.serra@posta.example"]


def test_c3_a_record_that_does_not_bear_the_code_is_not_offered(
    customers: dict[str, CustomerRecord],
) -> None:
    strangers = [customers["C100002"]]
    standings = dict.fromkeys(contacts_of(strangers), Standing(1))
    assert offered(parse_identifier(MARIA), strangers, standings, {}, frozenset(), RULES, NOW) == ()


def with_contacts(*contacts: tuple[str, date], number: str = "C1") -> CustomerRecord:
    """Maria Rossi with these contacts."""
    return CustomerRecord(
        customer_number=number,
        profile=ProfileKind.PERSON,
        state=RecordState.ACTIVE,
        updated_on=date(2024, 1, 1),
        tax_code=TaxCode(MARIA),
        contacts=tuple(RecordContact(parse_contact(text), changed_on) for text, changed_on in contacts),
        agency=Agency(),
    )


def test_c3_a_long_list_is_cut_to_what_decoys_have_and_keeps_one_of_each_kind() -> None:
    years = [date(year, 1, 1) for year in range(2010, 2016)]
    emails = zip(["a@x.example", "b@x.example", "c@x.example", "d@x.example"], years, strict=False)
    record = with_contacts(*emails, ("333 1234501", date(2020, 1, 1)), ("333 1234502", date(2021, 1, 1)))
    standings = dict.fromkeys(contacts_of([record]), Standing(1))
    for username, expected in (
        (None, ["a@x.example", "b@x.example", "+393331234501"]),
        ("d@x.example", ["a@x.example", "d@x.example", "+393331234501"]),
        ("+393331234502", ["a@x.example", "b@x.example", "+393331234502"]),
    ):
        usernames = {parse_contact(username): "C1"} if username else {}
        shown = offered(
            parse_identifier(MARIA), [record], standings, usernames, frozenset({"C1"}), RULES, NOW
        )
        assert sorted(texts(shown)) == sorted(expected), username


EMAILS = st.sampled_from([f"{letter}{n}@x.example" for letter in "abm" for n in range(3)])
MOBILES = st.sampled_from([f"+3933312345{n:02d}" for n in (1, 2, 3)] + ["+393339999901", "+4915112345601"])
CONTACTS = st.lists(
    st.tuples(EMAILS | MOBILES, st.dates(date(2015, 1, 1), date(2016, 1, 1))),
    max_size=8,
    unique_by=lambda c: c[0],
)


@given(CONTACTS, CONTACTS, st.data())
def test_c3_a_real_list_has_the_form_of_decoys(
    one: list[tuple[str, date]], other: list[tuple[str, date]], data: st.DataObject
) -> None:
    records = [with_contacts(*one, number="C1"), with_contacts(*other, number="C2")]
    contacts = contacts_of(records)
    shared = data.draw(st.sets(st.sampled_from(contacts))) if contacts else set()
    holders = data.draw(st.sampled_from([Standing(2), Standing(1, of_agency=True)]))
    standings = {contact: holders if contact in shared else Standing(1) for contact in contacts}
    shown = offered(parse_identifier(MARIA), records, standings, {}, frozenset(), RULES, NOW)
    again = offered(parse_identifier(MARIA), records[::-1], standings, {}, frozenset(), RULES, NOW)
    assert shown == again
    assert len(shown) <= MOST_OPTIONS
    assert bool(shown) == bool(set(contacts) - shared)
    assert not {option.contact for option in shown} & shared
    has_the_form_of_a_list(shown)
    offered_kinds = {option.kind for option in shown}
    assert offered_kinds == {contact.kind for contact in set(contacts) - shared}


def has_the_form_of_a_list(options: tuple[Candidate, ...]) -> None:
    """What real lists and decoys share."""
    masks = [(option.kind, option.masked) for option in options]
    assert masks == sorted(masks)
    assert len(set(masks)) == len(masks)


# --- decoys ------------------------------------------------------------------------------------------------


def tax_code(surname: str, given_name: str, number: int) -> Identifier:
    """A tax code that is right in form; ``number`` makes them many."""
    body = f"{surname}{given_name}{number % 100:02d}A{number // 100 % 28 + 1:02d}H{number // 2800 % 1000:03d}"
    return parse_identifier(body + codicefiscale.calc_check_digit(body))


PEOPLE = [tax_code("RSS", "MRA", number) for number in range(4000)]


def vat_number(number: int) -> Identifier:
    """Some VAT number that is right in form."""
    stem = f"{1000000 + number}058"
    return next(parse_identifier(f"{stem}{digit}") for digit in range(10) if _is_vat_number(f"{stem}{digit}"))


def _is_vat_number(text: str) -> bool:
    from stdnum.it import iva

    return bool(iva.is_valid(text))


BUSINESSES = [vat_number(number) for number in range(4000)]


@pytest.mark.parametrize(
    ("code", "masks"),
    [
        ("MRTLNE77L47F205A", ["m•••••@•••••"]),
        ("FNTLRT40A01G224G", ["+39 ••• ••• ••92"]),
        ("12345070580", ["i•••••@•••••", "p•••••@•••••", "+39 ••• ••• ••52"]),
    ],
)
def test_c3_decoys_are_these_for_as_long_as_the_secret_lives(code: str, masks: list[str]) -> None:
    # Whoever changes how they are drawn tells every known decoy from a customer by asking twice.
    options = decoys(parse_identifier(code), SECRET)
    assert [option.masked for option in options] == masks
    assert all(option.customer_number is None for option in options)


def test_c3_omocodia_variants_get_one_list_of_decoys() -> None:
    variant, plain = parse_identifier("MRNMRC82B02H50ML"), parse_identifier("MRNMRC82B02H501T")
    assert decoys(variant, SECRET) == decoys(plain, SECRET)


def test_c3_a_vat_number_that_is_also_a_tax_code_gets_one_list() -> None:
    both = parse_identifier("12345010586")
    assert decoys(both, SECRET) == decoys(Identifier(vat_number=VatNumber("12345010586")), SECRET)


def test_c3_decoys_hang_on_code_and_secret() -> None:
    lists = {tuple(option.masked for option in decoys(code, SECRET)) for code in PEOPLE[:200]}
    assert len(lists) > 80
    differing = sum(decoys(code, SECRET) != decoys(code, SECRET[::-1]) for code in PEOPLE[:200])
    assert differing == 200


@pytest.mark.parametrize("codes", [PEOPLE, BUSINESSES], ids=["people", "businesses"])
def test_c3_decoys_have_the_form_of_a_real_list(codes: list[Identifier]) -> None:
    for code in codes:
        options = decoys(code, SECRET)
        assert 1 <= len(options) <= MOST_OPTIONS
        has_the_form_of_a_list(options)


@given(st.binary(min_size=1, max_size=64), st.sampled_from(PEOPLE + BUSINESSES))
def test_c3_no_two_decoys_of_a_list_look_alike(secret: bytes, code: Identifier) -> None:
    masks = [option.masked for option in decoys(code, secret)]
    assert len(set(masks)) == len(masks)


@pytest.mark.parametrize(
    ("codes", "table"),
    [(PEOPLE, tables._PERSONS), (BUSINESSES, tables._BUSINESSES)],
    ids=["people", "businesses"],
)
def test_c3_decoys_are_as_many_and_of_such_kinds_as_the_table_says(
    codes: list[Identifier], table: dict[tuple[int, int], int]
) -> None:
    assert sum(table.values()) == 100
    seen: Counter[tuple[int, int]] = Counter()
    for code in codes:
        kinds = Counter(option.kind for option in decoys(code, SECRET))
        seen[kinds[ContactKind.EMAIL], kinds[ContactKind.MOBILE]] += 1
    assert set(seen) <= set(table)
    for counts, share in table.items():
        # Four standard deviations of a count out of 4000.
        spread = 4 * (4000 * share / 100 * (1 - share / 100)) ** 0.5
        assert abs(seen[counts] - 40 * share) <= spread, counts


def first_letters(codes: list[Identifier]) -> Counter[str]:
    """How often each letter begins the mask of an email."""
    options = [option for code in codes for option in decoys(code, SECRET)]
    return Counter(option.masked[0] for option in options if option.kind is ContactKind.EMAIL)


@pytest.mark.parametrize(
    ("surname", "given_name", "of_given_name", "of_surname"),
    [
        ("RSS", "MRC", "m", "r"),
        # Anna Esposito, Alessandro Orlando, Elena Urso: no vowel tells it, a list of names does.
        ("SPS", "NNA", "a", "e"),
        ("RLN", "LSN", "a", "o"),
        ("RSU", "LNE", "e", "u"),
        # Marta and Leonardo are commoner than Umberto and Alfredo.
        ("BNC", "MRT", "m", "b"),
        ("BNC", "LRD", "l", "b"),
        # Names of too few consonants: Ida Fo.
        ("FOX", "DIA", "i", "f"),
    ],
)
def test_c3_emails_begin_as_the_names_in_the_code_do(
    surname: str, given_name: str, of_given_name: str, of_surname: str
) -> None:
    letters = first_letters([tax_code(surname, given_name, number) for number in range(1500)])
    share = {letter: count / letters.total() for letter, count in letters.items()}
    assert 0.45 < share[of_given_name] < 0.72
    assert 0.2 < share[of_surname] < 0.45
    # The rest of the alphabet comes as well.
    assert len(letters) > 10


def test_c3_emails_of_businesses_begin_as_info_and_amministrazione_do() -> None:
    letters = first_letters(BUSINESSES)
    assert [letter for letter, _ in letters.most_common(3)] == ["i", "a", "s"]
    assert set(letters) == set(tables._BUSINESS_LETTERS)


def test_c3_every_ending_of_a_mobile_comes_and_few_are_foreign() -> None:
    masks = [
        option.masked
        for code in PEOPLE
        for option in decoys(code, SECRET)
        if option.kind is ContactKind.MOBILE
    ]
    assert len({mask[-2:] for mask in masks}) == 100
    foreign = sum(mask.startswith("+••") for mask in masks)
    assert 0.01 < foreign / len(masks) < 0.03


def test_c3_decoys_are_nobodys_and_hardly_ever_shared() -> None:
    contacts = [option.contact for code in PEOPLE + BUSINESSES for option in decoys(code, SECRET)]
    assert len(set(contacts)) == len(contacts)
    for contact in contacts:
        if contact.kind is ContactKind.EMAIL:
            # RFC 2606 §2: this top-level domain resolves to nothing.
            assert contact.text.endswith(".invalid")
        else:
            assert len(contact.text) <= 16
            with pytest.raises(ValueError, match="invalid"):
                parse_contact(contact.text)


def test_c3_shares_are_per_cent_and_of_letters_per_thousand() -> None:
    assert sum(tables._FIRST_PART.values()) == 100
    for table in (tables._LETTERS, tables._BUSINESS_LETTERS):
        assert sum(table.values()) == 1000
        assert set(table) == set(string.ascii_lowercase + string.digits), "what cannot come is a customer's"
