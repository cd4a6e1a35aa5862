"""How a customer can confirm, for each use: one table, asked by every page (journeys D, F, I; bar 5.3)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.flows import confirming, fresh
from idp.flows.browser import Browser
from idp.flows.confirming import Use, Ways
from idp.flows.fresh import Owner
from idp.values import Acr, Handle, ProofKind
from tests.journeys.account_walks import (
    BROWSER,
    DAY,
    EMAIL,
    HOLD,
    MOBILE,
    OTHER,
    SESSION,
    confirmed_by_code,
    issued,
    pending,
    pick,
    prove,
    run,
    signed_in,
    value,
)
from tests.journeys.passkey_walks import enrolled
from tests.service import in_process
from tests.service.in_process import InProcess
from tests.service.visitor import Visitor

PASSKEY, SMS, BY_EMAIL = ProofKind.PASSKEY, ProofKind.SMS_CODE, ProofKind.EMAIL_CODE


def owner(service: InProcess, visitor: Visitor) -> Owner:
    browser = Browser(
        handle=Handle(visitor.cookie(BROWSER) or ""),
        session=Handle(visitor.cookie(SESSION) or ""),
        source="198.51.100.7",
    )
    known = fresh.owner(service.idp, browser, now=service.clock.now())
    assert known is not None
    return known


def ways(service: InProcess, visitor: Visitor, use: Use) -> Ways:
    return confirming.ways(service.idp, owner(service, visitor), use, now=service.clock.now())


def kinds(service: InProcess, visitor: Visitor, use: Use) -> tuple[list[ProofKind], list[ProofKind]]:
    found = ways(service, visitor, use)
    return [way.kind for way in found.open], [way.kind for way in found.held]


def born(service: InProcess, contact: str) -> Visitor:
    visitor = service.visitor()
    service.register(visitor, contact)
    return visitor


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (Use.SIGN_IN, [SMS]),
        (Use.STEP_UP, [SMS]),
        (Use.OPERATION, [SMS]),
        (Use.CREDENTIALS, [SMS, BY_EMAIL]),
    ],
)
def test_who_has_a_confirmed_mobile_gets_its_code(
    service: InProcess, use: Use, expected: list[ProofKind]
) -> None:
    visitor = born(service, MOBILE)
    assert kinds(service, visitor, use) == (expected, [])


@pytest.mark.parametrize(
    ("use", "expected"),
    [(Use.SIGN_IN, [BY_EMAIL]), (Use.STEP_UP, []), (Use.OPERATION, []), (Use.CREDENTIALS, [BY_EMAIL])],
)
def test_email_alone_signs_in_and_confirms_nothing(
    service: InProcess, use: Use, expected: list[ProofKind]
) -> None:
    visitor = born(service, EMAIL)
    service.clock.move(HOLD)
    assert kinds(service, signed_in(service), use)[0] == expected
    assert visitor.page == "register-done"


@pytest.mark.parametrize("use", [Use.STEP_UP, Use.OPERATION])
def test_an_account_born_on_an_email_confirms_nothing_for_two_days(service: InProcess, use: Use) -> None:
    visitor = born(service, EMAIL)
    prove(service, MOBILE)
    found = ways(service, visitor, use)
    assert found.open == ()
    assert [way.kind for way in found.held] == [SMS]
    assert found.held[0].held_until == value(service, "SELECT held_until FROM accounts")
    service.clock.move(HOLD)
    assert kinds(service, signed_in(service), use) == ([SMS], [])


def test_an_account_that_was_recovered_lately_confirms_nothing(service: InProcess) -> None:
    visitor = born(service, MOBILE)
    until = service.clock.now() + DAY
    run(service, f"UPDATE accounts SET limited_until = {until}")
    assert [way.held_until for way in ways(service, visitor, Use.STEP_UP).held] == [until]
    assert kinds(service, visitor, Use.SIGN_IN) == ([SMS], [])


def test_an_account_born_on_a_mobile_on_file_is_full_at_once(service: InProcess) -> None:
    born(service, MOBILE)
    assert value(service, "SELECT held_until FROM accounts") is None


def test_an_account_born_on_a_mobile_that_is_new_on_file_is_held(service: InProcess) -> None:
    # Far enough back that the demo's contacts are a day old.
    service.clock.move(1_709_251_200 + DAY - service.clock.now())
    born(service, MOBILE)
    assert value(service, "SELECT held_until FROM accounts") == service.clock.now() + HOLD


def test_a_number_on_file_that_is_confirmed_lifts_the_hold(service: InProcess) -> None:
    visitor = born(service, EMAIL)
    assert value(service, "SELECT held_until FROM accounts") is not None
    pending(service, visitor, MOBILE)
    assert value(service, "SELECT held_until FROM accounts") is None
    assert kinds(service, visitor, Use.OPERATION) == ([SMS], [])


def with_username(service: InProcess, visitor: Visitor, contact: str) -> None:
    """With another own contact as the username, proven by its code."""
    visitor.get("/account/username")
    pick(visitor, contact[-4:])
    visitor.press(code=service.code_for(contact))
    assert visitor.page == "account", (visitor.page, visitor.faults)


def test_a_number_on_file_that_becomes_the_username_lifts_the_hold(service_on_both: InProcess) -> None:
    visitor = born(service_on_both, EMAIL)
    with_username(service_on_both, visitor, MOBILE)
    assert value(service_on_both, "SELECT held_until FROM accounts") is None
    assert kinds(service_on_both, visitor, Use.OPERATION) == ([SMS], [])


def test_an_email_or_a_number_that_is_new_on_file_lifts_none_by_becoming_the_username(
    service: InProcess,
) -> None:
    service.clock.move(1_709_251_200 + DAY - service.clock.now())
    visitor = born(service, EMAIL)
    until = value(service, "SELECT held_until FROM accounts")
    with_username(service, visitor, MOBILE)
    assert value(service, "SELECT held_until FROM accounts") == until is not None
    service.clock.move(61)
    service.wipe()
    service.clock.move(30 * DAY)
    visitor = born(service, MOBILE)
    run(service, f"UPDATE accounts SET held_until = {service.clock.now() + HOLD}")
    with_username(service, visitor, EMAIL)
    assert value(service, "SELECT held_until FROM accounts") is not None


def new_on_file(service: InProcess) -> Visitor:
    """Whoever registered by email on a day when the demo's contacts are a day old, free of other holds."""
    service.clock.move(1_709_251_200 + DAY - service.clock.now())
    visitor = born(service, EMAIL)
    run(service, "UPDATE accounts SET held_until = NULL")
    return visitor


def test_a_mobile_that_is_new_on_file_confirms_nothing_for_two_days(service: InProcess) -> None:
    visitor = new_on_file(service)
    prove(service, MOBILE)
    until = service.clock.now() + HOLD
    for use in (Use.STEP_UP, Use.OPERATION):
        found = ways(service, visitor, use)
        assert (found.open, [way.held_until for way in found.held]) == ((), [until])
    assert [way.proves for way in ways(service, visitor, Use.SIGN_IN).open] == [ProofKind.NEW_CONTACT]
    service.clock.move(HOLD)
    again = signed_in(service)
    assert kinds(service, again, Use.OPERATION) == ([SMS], [])
    assert [way.proves for way in ways(service, again, Use.SIGN_IN).open] == [SMS]


def test_a_mobile_that_is_new_on_file_changes_a_way_in_and_earns_no_higher_class(service: InProcess) -> None:
    new_on_file(service)
    prove(service, MOBILE)
    visitor = signed_in(service)
    visitor.get("/account/mobile")
    confirmed_by_code(service, visitor, MOBILE)
    assert visitor.page == "mobile"
    session = owner(service, visitor).row.session
    assert [proof.held for proof in session.proofs if proof.kind is SMS] == [True]
    assert session.acr is Acr.SINGLE


def test_a_number_that_waited_and_then_came_on_file_is_free_at_once(service: InProcess) -> None:
    visitor = new_on_file(service)
    prove(service, MOBILE)
    run(
        service,
        "INSERT INTO mobile_changes (id, sub, sealed_mobile, mobile_index, old_lost, state, asked_at,"
        " proven_at, matures_at, confirmed_by) SELECT 'one', sub, sealed_contact, contact_index, 0,"
        " 'confirmed', 1, 1, 2, 'registry' FROM proven_contacts WHERE kind = 'mobile'",
    )
    assert kinds(service, visitor, Use.OPERATION) == ([SMS], [])


def test_an_email_that_is_new_on_file_signs_in_where_nothing_else_does_and_proves_no_more(
    service: InProcess,
) -> None:
    visitor = new_on_file(service)
    run(service, "DELETE FROM proven_contacts")
    assert [way.proves for way in ways(service, visitor, Use.SIGN_IN).open] == [ProofKind.NEW_CONTACT]
    assert kinds(service, visitor, Use.CREDENTIALS) == ([], [])
    # Proven by whoever reads it now: that makes it no older.
    prove(service, EMAIL)
    assert [way.proves for way in ways(service, visitor, Use.SIGN_IN).open] == [ProofKind.NEW_CONTACT]
    assert kinds(service, visitor, Use.CREDENTIALS) == ([], [])
    service.clock.move(HOLD)
    again = signed_in(service)
    assert [way.proves for way in ways(service, again, Use.SIGN_IN).open] == [BY_EMAIL]
    assert kinds(service, again, Use.CREDENTIALS) == ([BY_EMAIL], [])


def test_an_email_that_was_proven_for_days_stays_good_when_the_agency_enters_it_anew(
    service: InProcess,
) -> None:
    service.clock.move(1_709_251_200 - HOLD - service.clock.now())
    born(service, EMAIL)
    service.clock.move(HOLD + DAY)
    assert kinds(service, signed_in(service), Use.CREDENTIALS) == ([BY_EMAIL], [])


def test_a_number_that_waits_is_named_with_its_time_and_gets_nothing(service: InProcess) -> None:
    visitor = born(service, MOBILE)
    pending(service, visitor, OTHER)
    found = ways(service, visitor, Use.OPERATION)
    assert [(way.contact and way.contact.text) for way in found.open] == [MOBILE]
    assert [(way.contact and way.contact.text) for way in found.held] == [OTHER]
    assert found.held[0].held_until == value(service, "SELECT matures_at FROM mobile_changes")


def test_a_number_that_was_reported_lost_is_not_offered(service: InProcess) -> None:
    visitor = born(service, MOBILE)
    run(service, f"UPDATE proven_contacts SET lost_at = {service.clock.now()}")
    assert ways(service, visitor, Use.STEP_UP) == Ways((), ())


def test_the_strongest_way_comes_first(service: InProcess) -> None:
    visitor, _ = enrolled(service, strong=True)
    for use in (Use.SIGN_IN, Use.STEP_UP, Use.OPERATION):
        assert kinds(service, visitor, use) == ([PASSKEY, SMS], [])


def test_who_has_a_passkey_changes_credentials_with_it_alone(service: InProcess) -> None:
    visitor, _ = enrolled(service, strong=True)
    assert kinds(service, visitor, Use.CREDENTIALS) == ([PASSKEY], [])


def test_a_passkey_that_waits_is_told_and_one_that_was_copied_is_not(service: InProcess) -> None:
    visitor, _ = enrolled(service)
    now = service.clock.now()
    run(service, "UPDATE accounts SET held_until = NULL")
    run(service, f"UPDATE passkeys SET pending_until = {now + HOLD}")
    assert kinds(service, visitor, Use.STEP_UP) == ([], [PASSKEY])
    run(service, f"UPDATE passkeys SET flagged_at = {now}")
    assert kinds(service, visitor, Use.STEP_UP) == ([], [])


def test_an_activation_code_lifts_the_hold_of_account_and_passkey(service: InProcess) -> None:
    visitor, _ = enrolled(service)
    assert kinds(service, visitor, Use.STEP_UP) == ([], [PASSKEY])
    visitor.get("/account/confirm-way")
    visitor.press(activation_code=issued(service))
    assert kinds(service, visitor, Use.STEP_UP) == ([PASSKEY], [])


def test_a_handle_names_nothing_in_another_session(service: InProcess) -> None:
    one = born(service, MOBILE)
    other = signed_in(service, MOBILE)
    (mine,) = ways(service, one, Use.STEP_UP).open
    assert ways(service, one, Use.STEP_UP).named(mine.handle) == mine
    assert ways(service, other, Use.STEP_UP).named(mine.handle) is None


@pytest.fixture
def strict(prepared_sqlite_url: str, service_folder: Path) -> Iterator[InProcess]:
    """The service where no passkey owner confirms by SMS."""
    settings = in_process.settings_for(
        service_folder, prepared_sqlite_url, assurance={"sms_beside_passkey": "refuse"}
    )
    opened = in_process.open_in_process(settings)
    yield opened
    opened.idp.database.engine.dispose()


def test_by_policy_a_passkey_leaves_no_sms_beside_it(strict: InProcess) -> None:
    visitor, _ = enrolled(strict, strong=True)
    for use in (Use.STEP_UP, Use.OPERATION, Use.CREDENTIALS):
        assert kinds(strict, visitor, use) == ([PASSKEY], [])
    assert kinds(strict, visitor, Use.SIGN_IN) == ([PASSKEY, SMS], [])
