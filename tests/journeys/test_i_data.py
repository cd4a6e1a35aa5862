"""Trusted browsers, downloading one's data and closing one's account (journey I), with abuses."""

import json
import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from idp.flows import birth, closing
from idp.store import accounts, closures, trusted_browsers
from idp.store.tables import metadata
from tests.journeys.account_walks import (
    DAY,
    EMAIL,
    MOBILE,
    confirmed_by_code,
    pending,
    prove,
    rows,
    run,
    sent,
    signed_in,
    twins,
    value,
)
from tests.journeys.passkey_walks import add, refusals, sign_in, to_login, trail
from tests.parts.soft_authenticator import SoftAuthenticator
from tests.service.in_process import PASSWORD, InProcess
from tests.service.relying_party import portal
from tests.service.visitor import Visitor

BROWSERS, DATA, CLOSE = "/account/browsers", "/account/data", "/account/close"
LUCA = "+393471234502"


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with Maria registered by email two hours ago."""
    clean_service.register(clean_service.visitor("192.0.2.1"))
    clean_service.clock.move(7200)
    return clean_service


def luca(service: InProcess) -> Visitor:
    """Somebody else, signed in."""
    service.register(service.visitor(), LUCA, given_name="Luca", family_name="Verdi")
    return signed_in(service, LUCA)


def to_close(service: InProcess) -> Visitor:
    """In front of the button that closes the account, freshly confirmed by a code."""
    visitor = signed_in(service)
    visitor.get(CLOSE)
    confirmed_by_code(service, visitor)
    assert visitor.page == "account-close", (visitor.page, visitor.faults)
    return visitor


def closed(service: InProcess) -> Visitor:
    """With the account closed."""
    visitor = to_close(service)
    visitor.press(confirm="yes")
    assert visitor.page == "account-closed", (visitor.page, visitor.faults)
    return visitor


def document(visitor: Visitor) -> dict[str, object]:
    """What the file holds."""
    found: dict[str, object] = json.loads(visitor.last.text)
    return found


def to_data(visitor: Visitor) -> None:
    """In front of the button that downloads, freshly signed in."""
    visitor.get(DATA)
    assert visitor.page == "account-data", (visitor.page, visitor.faults)


# --- trusted browsers -------------------------------------------------------------------------------------


def trusted(service: InProcess, username_sub: str, number: int) -> str:
    """A browser that is trusted from now on; its id."""
    made, now = f"t{number}", service.clock.now()
    with service.idp.writing() as tx:
        trusted_browsers.trust(
            tx,
            username_sub,
            bytes([number]) * 32,
            trusted_id=made,
            device="chrome android",
            expires_at=now + 30 * DAY,
            now=now,
        )
    return made


def test_i_a_trusted_browser_is_listed_and_removed_alone_or_with_all(service: InProcess) -> None:
    maria = str(value(service, "SELECT sub FROM accounts"))
    one, _, _ = (trusted(service, maria, number) for number in (1, 2, 3))
    visitor = signed_in(service)
    visitor.get(BROWSERS)
    assert visitor.last.text.count("data-browser") == 3
    visitor.press(remove=one)
    assert (visitor.page, visitor.last.text.count("data-browser")) == ("account-browsers", 2)
    visitor.press(all="yes")
    assert visitor.last.text.count("data-browser") == 0
    assert [event["browsers"] for event in trail(service, "browser_distrusted")] == [1, 2]


def test_i_nobody_removes_a_browser_that_somebody_else_trusts(service: InProcess) -> None:
    maria = str(value(service, "SELECT sub FROM accounts"))
    hers, his = trusted(service, maria, 1), luca(service)
    his.get("/account/language")
    for fields in ({"remove": hers}, {"all": "yes"}):
        his.send(BROWSERS, {"csrf": his.csrf if his.page else "", **fields})
        his.get("/account/language")
    assert rows(service, "SELECT COUNT(*) FROM trusted_browsers") == 1
    assert trail(service, "browser_distrusted") == []


# --- downloading ------------------------------------------------------------------------------------------


def test_i_the_file_holds_what_is_known_of_its_owner_and_no_secret(service: InProcess) -> None:
    prove(service, MOBILE)
    party, visitor = portal(service), signed_in(service)
    party.tokens(visitor, scope="openid offline_access")
    add(visitor, SoftAuthenticator())
    pending(service, visitor)
    to_data(visitor)
    visitor.press()
    assert visitor.last.headers["Content-Type"].startswith("application/json")
    assert visitor.last.headers["Content-Disposition"] == 'attachment; filename="account-data.json"'
    assert visitor.last.headers["Cache-Control"] == "no-store"
    told = document(visitor)
    assert list(told) == [
        "format",
        "made_at",
        "account",
        "contacts",
        "mobile_changes",
        "passkeys",
        "authenticator",
        "recovery_codes",
        "sessions",
        "known_browsers",
        "trusted_browsers",
        "apps",
        "activity",
        "agency_record",
    ]
    text = visitor.last.text
    for known in (EMAIL, MOBILE, "+393339876543", "Maria", "RSSMRA80D52H501K", "C100001", "portal"):
        assert known in text, known
    hashed = str(value(service, "SELECT password_hash FROM accounts"))
    assert hashed not in text
    assert "argon2" not in text
    assert not re.search(r"secret|digest|sealed|public_key|handle", text)


def test_i_the_file_s_times_and_every_row_are_those_of_its_owner_alone(service: InProcess) -> None:
    luca(service)
    visitor = signed_in(service)
    to_data(visitor)
    visitor.press()
    text = visitor.last.text
    assert LUCA not in text
    assert "Luca" not in text
    assert re.findall(r'"created_at": "([^"]+)"', text)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]+Z", at) for at in re.findall(r'_at": "([^"]+)"', text))


def test_i_a_download_is_asked_for_anew_told_and_noted(service: InProcess) -> None:
    visitor = signed_in(service)
    service.clock.move(301)
    visitor.get(DATA)
    assert visitor.page == "account-confirm"
    visitor.press(current_password=PASSWORD)
    assert visitor.page == "account-data"
    csrf = visitor.csrf
    service.clock.move(301)
    visitor.send(DATA, {"csrf": csrf})
    assert visitor.location.startswith("/account/confirm?to=data")
    assert trail(service, "data_downloaded") == []
    visitor.get(DATA)
    visitor.press(current_password=PASSWORD)
    visitor.press()
    assert document(visitor)["format"] == "account-export/1"
    assert trail(service, "data_downloaded") == [{"by": "account"}]
    assert sent(service, "data_downloaded") == sorted([EMAIL, MOBILE])


def test_i_no_link_and_no_foreign_page_downloads_anything(service: InProcess) -> None:
    visitor = signed_in(service)
    to_data(visitor)
    csrf = visitor.csrf
    for fields, headers in (
        ({}, {}),
        ({"csrf": "x"}, {}),
        ({"csrf": csrf}, {"Origin": "https://evil.example"}),
        ({"csrf": csrf}, {"Sec-Fetch-Site": "cross-site"}),
    ):
        visitor.send(DATA, fields, **headers)
        assert visitor.last.status_code == 403
        assert EMAIL not in visitor.last.text
    visitor.fetch("HEAD", DATA)
    assert "Content-Disposition" not in visitor.last.headers


@pytest.mark.parametrize("page", [DATA, CLOSE])
def test_i_after_a_recovery_without_second_proof_both_wait(service: InProcess, page: str) -> None:
    visitor = signed_in(service)
    run(service, f"UPDATE accounts SET limited_until = {service.clock.now() + DAY}")
    visitor.get(page)
    assert (visitor.page, visitor.last.status_code) == ("limited", 403)


# --- closing ----------------------------------------------------------------------------------------------


def test_i_a_password_alone_closes_nothing(service: InProcess) -> None:
    visitor = signed_in(service)
    visitor.get(CLOSE)
    assert visitor.page == "account-confirm"
    assert 'name="current_password"' not in visitor.last.text
    visitor.get("/account/language")
    visitor.send(CLOSE, {"csrf": visitor.csrf, "confirm": "yes"})
    assert visitor.location.startswith("/account/confirm?to=close")
    assert rows(service, "SELECT COUNT(*) FROM accounts") == 1


def test_i_the_page_says_that_policies_stay_and_opening_it_closes_nothing(service: InProcess) -> None:
    visitor = to_close(service)
    assert "Le tue polizze restano valide" in visitor.last.text
    visitor.press()
    assert visitor.page == "account-close"
    assert rows(service, "SELECT COUNT(*) FROM accounts") == 1
    csrf = visitor.csrf
    service.clock.move(301)
    visitor.send(CLOSE, {"csrf": csrf, "confirm": "yes"})
    assert rows(service, "SELECT COUNT(*) FROM accounts") == 1


def test_i_nothing_of_a_closed_account_is_left_but_identifiers_until_they_die(service: InProcess) -> None:
    prove(service, MOBILE)
    party, visitor = portal(service), signed_in(service)
    tokens = party.tokens(visitor, scope="openid offline_access")
    add(visitor, SoftAuthenticator())
    pending(service, visitor)
    sub = value(service, "SELECT sub FROM accounts")
    visitor = closed(service)
    kept = set()
    with service.idp.reading() as tx:
        for table in metadata.sorted_tables:
            if "sub" in table.c and tx.execute(select(table).where(table.c.sub == sub)).first() is not None:
                kept.add(table.name)
    assert kept == {"closed_accounts", "authorizations"}
    assert rows(service, "SELECT COUNT(*) FROM authorizations WHERE revoked_at IS NULL") == 0
    for name in ("refresh_tokens", "enrolments", "challenges", "recoveries"):
        assert rows(service, f"SELECT COUNT(*) FROM {name}") == 0, name
    assert party.userinfo(tokens["access_token"]).status_code == 401
    assert party.refresh(tokens["refresh_token"]).status_code == 400
    visitor.get("/account")
    assert visitor.page == "login"


def test_i_a_closed_account_signs_in_by_nothing(service: InProcess) -> None:
    device = SoftAuthenticator()
    add(signed_in(service), device)
    closed(service)
    visitor = service.visitor()
    visitor.get("/account")
    visitor.press(username=EMAIL, password=PASSWORD)
    assert visitor.faults == ["password"]
    visitor = to_login(service)
    sign_in(visitor, device)
    assert (visitor.page, refusals(service)) == ("login", ["unknown"])


def test_i_every_own_contact_is_told_and_the_trail_says_it_under_a_pseudonym(service: InProcess) -> None:
    closed(service)
    assert sent(service, "account_closed") == sorted([EMAIL, MOBILE])
    (event,) = trail(service, "account_closed")
    assert event["by"] == "account"
    assert rows(service, "SELECT COUNT(*) FROM audit_events WHERE name = 'sign_in_succeeded'") >= 1


def test_i_the_customer_registers_again_and_is_somebody_new(service: InProcess) -> None:
    before = str(value(service, "SELECT sub FROM accounts"))
    closed(service)
    service.register(service.visitor())
    after = str(value(service, "SELECT sub FROM accounts"))
    assert after != before
    with service.idp.reading() as tx:
        assert closures.was_used(tx, before)
        assert not closures.was_used(tx, after)
    visitor = signed_in(service)
    visitor.get("/account/activity")
    # Nothing of what happened in the account before is this one's.
    assert visitor.last.text.count("Accesso con la password") == 1


def test_i_a_sub_that_was_used_is_given_to_nobody(
    service: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = str(value(service, "SELECT sub FROM accounts"))
    closed(service)
    made = birth._account
    # As if chance had drawn it a second time.
    monkeypatch.setattr(birth, "_account", lambda *given, **more: replace(made(*given, **more), sub=before))
    with pytest.raises(AssertionError):
        service.register(service.visitor())
    assert rows(service, "SELECT COUNT(*) FROM accounts") == 0


def test_i_of_many_presses_at_once_one_closes_it_and_tells(service_on_both: InProcess) -> None:
    service = service_on_both
    service.register(service.visitor("192.0.2.1"))
    service.clock.move(3600)
    visitor = to_close(service)
    csrf, browsers = visitor.csrf, twins(service, visitor, 4)
    service.in_parallel(lambda n: browsers[n].send(CLOSE, {"csrf": csrf, "confirm": "yes"}), 4)
    assert rows(service, "SELECT COUNT(*) FROM accounts") == 0
    assert len(trail(service, "account_closed")) == 1
    assert sent(service, "account_closed") == sorted([EMAIL, MOBILE])


def test_i_closing_one_account_leaves_the_others(service: InProcess) -> None:
    his = luca(service)
    closed(service)
    his.get("/account")
    assert his.page == "account"


def test_i_an_account_is_erased_once(service_on_both: InProcess) -> None:
    service = service_on_both
    service.register(service.visitor("192.0.2.1"))
    now = service.clock.now()
    with service.idp.reading() as tx:
        row = accounts.find_by_customer(tx, "C100001")
    assert row is not None
    done = service.in_parallel(lambda _: closing.erase(service.idp, row, by="admin", now=now), 4)
    assert sorted(done) == [False, False, False, True]
