"""Whoever stole a session finds every page that changes a way in behind a fresh proof (ASVS 7.5.1).

The list is held against the addresses there are, so that a new page cannot be left out.
"""

from typing import Any

import pytest

from idp.app import web
from idp.web.people import face
from tests.journeys.account_walks import MOBILE, OTHER, signed_in, twins
from tests.journeys.factor_walks import add_app, make_codes
from tests.journeys.passkey_walks import add
from tests.parts.soft_authenticator import SoftAuthenticator
from tests.service.in_process import InProcess
from tests.service.visitor import Visitor

BEHIND_A_PROOF = {
    "/account/username": {"contact": "x"},
    "/account/username/verify": {"code": "000000"},
    "/account/mobile": {"mobile": OTHER},
    "/account/mobile/verify": {"code": "000000"},
    "/account/mobile/confirm": {"activation_code": "AAAA-BBBB-CCCC-DDDD"},
    "/account/passkeys": {},
    "/account/passkeys/add": {"credential": "{}"},
    "/account/passkeys/name": {"name": "Telefono"},
    "/account/passkeys/remove": {},
    "/account/confirm-way": {"activation_code": "AAAA-BBBB-CCCC-DDDD"},
    "/account/authenticator": {},
    "/account/authenticator/add": {"code": "000000"},
    "/account/authenticator/remove": {},
    "/account/recovery-codes": {"make": "yes"},
    "/account/data": {},
    "/account/close": {"confirm": "yes"},
}
"""Each page with what its form sends."""

OPEN = {
    # What there is; it takes back a number that waits, which helps its owner alone.
    "/account",
    # Asks for the password of today itself.
    "/account/password",
    # Where one proves it.
    "/account/confirm",
    "/account/confirm/passkey",
    # Gives nothing without a proof; asked by a script, it answers one.
    "/account/passkeys/options",
    # A device, a browser or an app less.
    "/account/sessions",
    "/account/browsers",
    "/account/apps",
    "/account/activity",
    "/account/language",
}
"""What a session is enough for."""

BY_LINK = ("/account/cancel", "/account/stop", "/account/not-me")
"""What a notice's own link opens, signed in or not."""

WAYS_IN = {
    "accounts": "state, password_hash, username_index",
    "passkeys": "id, sealed_name, pending_until",
    "authenticators": "created_at, pending_until",
    "recovery_codes": "digest, used_at",
    "mobile_changes": "id, state",
}


@pytest.fixture
def stolen(clean_service: InProcess) -> Visitor:
    """A copy of Maria's browser, five minutes after she proved that it was her."""
    clean_service.register(clean_service.visitor("192.0.2.1"), MOBILE)
    clean_service.clock.move(3600)
    owner = signed_in(clean_service, MOBILE)
    add(owner, SoftAuthenticator())
    add_app(clean_service, owner)
    make_codes(owner)
    clean_service.clock.move(301)
    return twins(clean_service, owner, 1)[0]


def ways_in(service: InProcess) -> dict[str, list[Any]]:
    """Everything that signs in or confirms, as the database has it."""
    with service.idp.reading() as tx:
        return {
            table: sorted(map(repr, tx.exec_driver_sql(f"SELECT {columns} FROM {table}")))
            for table, columns in WAYS_IN.items()
        }


def addresses(service: InProcess) -> set[str]:
    """Every address of the account, without those that a link's token opens."""
    people = face.create(service.idp, web.pages(service.idp), messages=None)
    found = {rule.rule for rule in people.url_map.iter_rules() if rule.rule.startswith("/account")}
    return {rule for rule in found if not rule.startswith(BY_LINK)}


def test_every_page_of_the_account_is_either_behind_a_proof_or_said_not_to_be(
    clean_service: InProcess,
) -> None:
    assert addresses(clean_service) == set(BEHIND_A_PROOF) | OPEN
    assert not set(BEHIND_A_PROOF) & OPEN


@pytest.mark.parametrize("page", BEHIND_A_PROOF)
def test_an_old_proof_opens_none_of_them_and_changes_nothing(
    clean_service: InProcess, stolen: Visitor, page: str
) -> None:
    before = ways_in(clean_service)
    stolen.get(page)
    assert stolen.page == "account-confirm"
    csrf = stolen.csrf
    answer = stolen.send(page, {"csrf": csrf, **BEHIND_A_PROOF[page]})
    assert answer.status_code in (303, 405)
    if answer.status_code == 303:
        assert stolen.location.startswith("/account/confirm?to=")
    assert ways_in(clean_service) == before


def test_whoever_has_just_proven_it_is_seen_to_change_something(
    clean_service: InProcess, stolen: Visitor
) -> None:
    before = ways_in(clean_service)
    make_codes(signed_in(clean_service, MOBILE))
    assert ways_in(clean_service)["recovery_codes"] != before["recovery_codes"]
