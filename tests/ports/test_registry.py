"""The contract of the agency registry: the same answers from our tables and from the insurer's service."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from idp.accounts.records import CustomerRecord
from idp.accounts.registry import MOST_RECORDS, AgencyRegistry, Standing
from idp.adapters.registry_file import RegistryFile
from idp.flows.registry import importing
from idp.values import Contact, Identifier, TaxCode, VatNumber, parse_contact, parse_identifier
from tests.parts.registry_service import registry_service
from tests.parts.tls import Authority
from tests.ports import registry_world as world
from tests.service import in_process

TOKEN = "a-token-of-the-contract"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """The registry files."""
    return world.files(tmp_path)


@pytest.fixture
def records(files: tuple[Path, Path]) -> list[CustomerRecord]:
    """What they hold, which is what the adapters are to find."""
    return world.records_of(*files)


@pytest.fixture(params=["sqlite", "postgresql", "http", "https"])
def registry(
    request: pytest.FixtureRequest, files: tuple[Path, Path], prepared_folder: Path
) -> Iterator[AgencyRegistry]:
    """One adapter after the other: our tables on each database, and the service with and without TLS."""
    if request.param == "http":
        with (
            registry_service(files, token=TOKEN) as service,
            world.asking(world.settings_for(service.url, token=TOKEN)) as adapter,
        ):
            yield adapter
    elif request.param == "https":
        authority: Authority = request.getfixturevalue("authority")
        context = authority.server_context("localhost")
        certificate, key = authority.server_files("idp.example")
        authority.demand_certificates(context)
        shown = {"client_certificate_file": certificate, "client_key_file": key, "ca_file": authority.ca_file}
        with (
            registry_service(files, tls=context) as service,
            world.asking(world.settings_for(service.url, **shown)) as adapter,
        ):
            yield adapter
    else:
        url = request.getfixturevalue(
            {"sqlite": "prepared_sqlite_url", "postgresql": "prepared_postgres_url"}[request.param]
        )
        service_here = in_process.open_in_process(in_process.settings_for(prepared_folder, url))
        importing.import_file(service_here.idp, RegistryFile(files[1]), now=service_here.clock.now())
        yield service_here.idp.registry
        service_here.idp.database.engine.dispose()


def holding(records: list[CustomerRecord], contact: Contact) -> tuple[CustomerRecord, ...]:
    """The records on which a contact stands, by looking at them all."""
    on = [record for record in records if any(one.contact == contact for one in record.contacts)]
    return tuple(on[:MOST_RECORDS])


def contacts_of(records: list[CustomerRecord]) -> list[Contact]:
    """Every contact on file, each once."""
    return list(dict.fromkeys(one.contact for record in records for one in record.contacts))


def test_a_contact_finds_the_records_on_which_it_stands_whole(
    registry: AgencyRegistry, records: list[CustomerRecord]
) -> None:
    contacts = contacts_of(records)
    assert len(contacts) > 25
    for contact in contacts:
        assert registry.by_contact(contact) == holding(records, contact)


def test_a_contact_on_no_record_finds_nothing(registry: AgencyRegistry) -> None:
    # A stranger's, the part before the plus of somebody's, an agency's own that is on no record.
    for typed in ("nessuno@posta.example", "+393999999999", "giorgia.leone@posta.example"):
        assert registry.by_contact(parse_contact(typed)) == ()
    assert registry.by_contact(parse_contact("roma.prati@agenzie.example")) == ()


def test_a_tax_code_or_vat_number_finds_its_records(
    registry: AgencyRegistry, records: list[CustomerRecord]
) -> None:
    asked = 0
    for record in records:
        if record.tax_code is not None and len(record.tax_code.text) == 16:
            plain = record.tax_code.plain
            same = [r for r in records if r.tax_code is not None and r.tax_code.plain == plain]
            assert registry.by_identifier(Identifier(tax_code=record.tax_code)) == tuple(same)
            asked += 1
        if record.vat_number is not None:
            same = [r for r in records if record.vat_number in (r.vat_number, _as_vat(r.tax_code))]
            assert registry.by_identifier(parse_identifier(record.vat_number.text)) == tuple(same)
            assert record in registry.by_identifier(Identifier(vat_number=record.vat_number))
            asked += 1
    assert asked > 40


def _as_vat(code: TaxCode | None) -> VatNumber | None:
    return VatNumber(code.text) if code is not None and len(code.text) == 11 else None


def test_eleven_digits_find_a_tax_code_as_well_as_a_vat_number(
    registry: AgencyRegistry, records: list[CustomerRecord]
) -> None:
    provisional = next(r for r in records if r.customer_number == "C100018")
    assert provisional.tax_code is not None
    assert provisional.vat_number is None
    assert registry.by_identifier(parse_identifier(provisional.tax_code.text)) == (provisional,)
    # Digits that can only be a VAT number do not find it.
    assert registry.by_identifier(Identifier(vat_number=VatNumber(provisional.tax_code.text))) == ()


def test_omocodia_is_undone_on_both_sides(registry: AgencyRegistry, records: list[CustomerRecord]) -> None:
    spelt = next(r for r in records if r.customer_number == "C100019")
    assert spelt.tax_code is not None
    plain = plain_spelling(spelt.tax_code)
    assert plain != spelt.tax_code
    assert registry.by_identifier(Identifier(tax_code=plain)) == (spelt,)
    assert registry.by_identifier(Identifier(tax_code=spelt.tax_code)) == (spelt,)


def plain_spelling(code: TaxCode) -> TaxCode:
    """The tax code without omocodia, with the check character that it has then."""
    from stdnum.it import codicefiscale

    return TaxCode.parse(code.plain + codicefiscale.calc_check_digit(code.plain))


def test_an_identifier_of_nobody_finds_nothing(registry: AgencyRegistry) -> None:
    assert registry.by_identifier(parse_identifier("RSSMRA80A01H501U")) == ()
    assert registry.by_identifier(parse_identifier(world.vat_number(8888888))) == ()


def test_a_customer_number_finds_its_record(registry: AgencyRegistry, records: list[CustomerRecord]) -> None:
    for record in records:
        assert registry.by_customer_number(record.customer_number) == record
    for number in ("C999999", "", "c100001", "C100001 ", "%", "C10000_"):
        assert registry.by_customer_number(number) is None


def test_standings_come_in_the_order_asked(registry: AgencyRegistry, records: list[CustomerRecord]) -> None:
    known = contacts_of(records)
    agencies = list(dict.fromkeys(own for record in records for own in record.agency.contacts))
    nobody = parse_contact("nessuno@posta.example")
    asked = [nobody, *reversed(known), *agencies, nobody, known[0]]
    wanted = tuple(
        Standing(len(people_behind(records, contact)), of_agency=contact in agencies) for contact in asked
    )
    assert registry.standings(asked) == wanted
    assert registry.standings([]) == ()
    assert {standing.holders for standing in wanted} >= {0, 1, 2}
    assert {standing.of_agency for standing in wanted} == {False, True}
    for contact, standing in zip(asked, wanted, strict=True):
        assert registry.standings([contact]) == (standing,)


def people_behind(records: list[CustomerRecord], contact: Contact) -> set[Any]:
    """The different people on whose records a contact stands."""
    on = [record for record in records if any(one.contact == contact for one in record.contacts)]
    return {
        (record.tax_code.plain if record.tax_code else None)
        or (record.vat_number.text if record.vat_number else record.customer_number)
        for record in on
    }


def test_both_records_of_one_person_do_not_share_their_contact(registry: AgencyRegistry) -> None:
    contact = parse_contact("maria.rossi@posta.example")
    assert [record.customer_number for record in registry.by_contact(contact)] == ["C100001", "C100026"]
    assert registry.standings([contact]) == (Standing(holders=1),)
    assert not registry.standings([contact])[0].shared


def test_a_crowd_is_cut_off_and_still_counted(registry: AgencyRegistry) -> None:
    contact = parse_contact(world.CROWDED)
    found = registry.by_contact(contact)
    assert [record.customer_number for record in found] == [f"Z{number:03}" for number in range(MOST_RECORDS)]
    (standing,) = registry.standings([contact])
    assert standing == Standing(holders=20)
    assert standing.shared
