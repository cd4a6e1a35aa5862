"""Journey D over HTTP: signing in by password, and slowing down the guesser without locking out the owner."""

import logging
from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
import structlog

from tests.service.in_process import PASSWORD, InProcess
from tests.service.relying_party import RelyingParty, answer_of, portal, registered
from tests.service.visitor import Visitor

EMAIL, MOBILE = "maria.rossi@posta.example", "+393331234501"


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with nobody registered."""
    return clean_service


@pytest.fixture
def party(service: InProcess) -> RelyingParty:
    """The portal."""
    return portal(service)


def attempt(party: RelyingParty, visitor: Visitor, username: str, password: str) -> bool:
    if visitor.response is None or visitor.page != "login":
        party.ask(visitor, prompt="login")
    visitor.press(username=username, password=password)
    return visitor.last.status_code == 303 and "code" in answer_of(visitor)


@pytest.mark.parametrize(
    "typed",
    [EMAIL, "MARIA.ROSSI@POSTA.EXAMPLE", "  Maria.Rossi@Posta.Example  ", "maria.rossi@POSTA.example"],
)
def test_d_any_spelling_of_the_email_signs_in(service: InProcess, party: RelyingParty, typed: str) -> None:
    registered(service)
    assert attempt(party, service.visitor(), typed, PASSWORD)


@pytest.mark.parametrize(
    "typed", [MOBILE, "3331234501", "333 1234501", "333-123.4501", "0039 333 1234501", "+39-333-1234501"]
)
def test_d_any_spelling_of_the_mobile_signs_in(service: InProcess, party: RelyingParty, typed: str) -> None:
    registered(service, MOBILE)
    assert attempt(party, service.visitor(), typed, PASSWORD)


@pytest.mark.parametrize(
    "typed",
    [
        "mariarossi@posta.example",
        "maria.rossi+x@posta.example",
        "maria.rossi@posta.example.",
        "maria.rossi@@posta.example",
        "maria.rossi@posta.example@evil.example",
        "maría.rossi@posta.example",
        MOBILE,
        "",
        "maria.rossi",
    ],
)
def test_d_what_is_another_name_does_not(service: InProcess, party: RelyingParty, typed: str) -> None:
    registered(service)
    visitor = service.visitor()
    assert not attempt(party, visitor, typed, PASSWORD)
    assert visitor.page == "login"


@pytest.mark.parametrize(
    "password",
    [
        "",
        " ",
        PASSWORD + " ",
        " " + PASSWORD,
        PASSWORD.lower(),
        PASSWORD[:-1],
        PASSWORD + "\u200b",
        PASSWORD * 2,
    ],
)
def test_d_the_password_is_taken_exactly(service: InProcess, party: RelyingParty, password: str) -> None:
    registered(service)
    visitor = service.visitor()
    assert not attempt(party, visitor, EMAIL, password)
    assert visitor.faults == ["password"]
    assert not password.strip() or password not in visitor.last.text


def test_d_the_username_stays_and_the_password_does_not(service: InProcess, party: RelyingParty) -> None:
    registered(service)
    visitor = service.visitor()
    attempt(party, visitor, EMAIL, "Sbagliata7")
    assert f'value="{EMAIL}"' in visitor.last.text
    assert "Sbagliata7" not in visitor.last.text


def test_d_a_password_in_another_normal_form_is_the_same(service: InProcess, party: RelyingParty) -> None:
    visitor = service.visitor()
    visitor.get("/register/data")
    visitor.press(given_name="Maria", family_name="Rossi", username=EMAIL, accept_terms="yes")
    visitor.press(new_password="Perch\u00e97blu")
    visitor.press(code=service.code_for(EMAIL))
    assert attempt(party, service.visitor(), EMAIL, "Perche\u03017blu")


# --- brakes -----------------------------------------------------------------------------------------------


def test_d_ten_wrong_passwords_slow_one_source_down(service: InProcess, party: RelyingParty) -> None:
    registered(service, EMAIL)
    guesser = service.visitor("203.0.113.9")
    for _ in range(10):
        assert not attempt(party, guesser, EMAIL, "Sbagliata7")
        assert guesser.last.status_code == 200
    assert not attempt(party, guesser, EMAIL, PASSWORD)
    assert (guesser.last.status_code, guesser.faults) == (429, ["page"])
    assert 0 < int(guesser.last.headers["Retry-After"]) <= 900
    # A change of spelling or browser is no way round.
    for spelling in (EMAIL.upper(), f" {EMAIL}"):
        again = service.visitor("203.0.113.9")
        assert not attempt(party, again, spelling, PASSWORD)
        assert again.last.status_code == 429
    service.clock.move(900)
    assert attempt(party, guesser, EMAIL, PASSWORD)


def test_d_an_ipv6_network_is_one_source(service: InProcess, party: RelyingParty) -> None:
    registered(service)
    for number in range(10):
        assert not attempt(party, service.visitor(f"2001:db8:1:2::{number:x}"), EMAIL, "Sbagliata7")
    last = service.visitor("2001:db8:1:2:ffff::1")
    assert not attempt(party, last, EMAIL, PASSWORD)
    assert last.last.status_code == 429


def test_d_nobody_can_lock_the_owner_out_of_a_browser_of_hers(
    service: InProcess, party: RelyingParty
) -> None:
    owner = registered(service)
    for number in range(10):
        guesser = service.visitor(f"203.0.{number}.9")
        for _ in range(10):
            assert not attempt(party, guesser, EMAIL, "Sbagliata7")
            assert guesser.last.status_code == 200
    # The account's own counter is full, for browsers that were never signed in.
    stranger = service.visitor("192.0.2.200")
    assert not attempt(party, stranger, EMAIL, PASSWORD)
    assert stranger.last.status_code == 429
    owner.get("/logout")
    owner.press(confirm="yes")
    assert attempt(party, owner, EMAIL, PASSWORD)


def test_d_nor_from_her_own_network(service: InProcess, party: RelyingParty) -> None:
    owner = registered(service)
    for _ in range(12):
        attempt(party, service.visitor(), EMAIL, "Sbagliata7")
    assert attempt(party, owner, EMAIL, PASSWORD)


def test_d_a_known_browser_has_a_brake_of_its_own(service: InProcess, party: RelyingParty) -> None:
    stolen = registered(service)
    for _ in range(10):
        assert not attempt(party, stolen, EMAIL, "Sbagliata7")
    assert not attempt(party, stolen, EMAIL, PASSWORD)
    assert stolen.last.status_code == 429
    # It knows Maria, not Hans.
    assert attempt(party, service.visitor("192.0.2.9"), EMAIL, PASSWORD)


def test_d_a_known_browser_is_known_for_that_account_only(service: InProcess, party: RelyingParty) -> None:
    registered(service)
    hans = registered(service, "+393421234519", given_name="Hans", family_name="Gruber")
    for _ in range(10):
        attempt(party, service.visitor(), EMAIL, "Sbagliata7")
    assert not attempt(party, hans, EMAIL, PASSWORD)
    assert hans.last.status_code == 429


def test_d_spraying_from_one_source_is_stopped(service: InProcess, party: RelyingParty) -> None:
    registered(service)
    statuses = []
    sprayer = service.visitor("203.0.113.9")
    for number in range(205):
        attempt(party, sprayer, f"customer{number}@posta.example", "Tramonto7blu")
        statuses.append(sprayer.last.status_code)
    assert statuses == [200] * 200 + [429] * 5


def test_d7_successes_are_never_counted(service: InProcess, party: RelyingParty) -> None:
    registered(service)
    for _ in range(60):
        assert attempt(party, service.visitor("203.0.113.9"), EMAIL, PASSWORD)


def test_d_a_throttled_attempt_costs_no_hash(service: InProcess, party: RelyingParty) -> None:
    registered(service)
    guesser = service.visitor("203.0.113.9")
    for _ in range(10):
        attempt(party, guesser, EMAIL, "Sbagliata7")
    before = service.idp.hasher.hashes
    attempt(party, guesser, EMAIL, PASSWORD)
    assert service.idp.hasher.hashes == before


def test_d_a_hash_of_older_parameters_is_made_anew(service: InProcess, party: RelyingParty) -> None:
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    registered(service)
    kdf = Argon2id(salt=b"s" * 16, length=32, iterations=2, lanes=1, memory_cost=32)
    old = kdf.derive_phc_encoded(PASSWORD.encode())
    with service.idp.writing() as tx:
        tx.exec_driver_sql(f"UPDATE accounts SET password_hash = '{old}'")
    assert attempt(party, service.visitor(), EMAIL, PASSWORD)
    with service.idp.reading() as tx:
        new = str(tx.exec_driver_sql("SELECT password_hash FROM accounts").scalar_one())
    assert new != old
    assert "m=64,t=1,p=1" in new
    assert attempt(party, service.visitor(), EMAIL, PASSWORD)


# --- what is left behind ------------------------------------------------------------------------------------


@pytest.fixture
def log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[list[MutableMapping[str, Any]]]:
    """Everything that structlog is given."""
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as entries:
        yield entries


def test_no_secret_and_no_personal_data_reach_the_log_or_the_trail(
    prepared_sqlite_url: str,
    service_folder: Any,
    log: list[MutableMapping[str, Any]],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from tests.service.in_process import open_in_process, settings_for

    service = open_in_process(settings_for(service_folder, prepared_sqlite_url))
    party = portal(service)
    visitor = registered(service)
    code = service.post()[-1]["code"]
    tokens = party.tokens(visitor, scope="openid profile email phone offline_access", state="canary-state")
    attempt(party, service.visitor(), EMAIL, "CanaryPassword7")
    attempt(party, service.visitor(), "RSSMRA80D52H501K", "CanaryPassword7")
    attempt(party, service.visitor(), "canary\n\x1b[31mfake log line", "CanaryPassword7")
    party.redeem("canary-code")
    party.refresh("canary-refresh")
    party.userinfo("canary-access")
    visitor.fetch("GET", "/authorize?client_id=canary-client&redirect_uri=https://canary.example/")
    visitor.fetch("GET", "/logout?id_token_hint=canary-hint")
    visitor.send("/login", {"csrf": "canary-csrf", "username": EMAIL, "password": "CanaryPassword7"})
    visitor.get("/logout")
    visitor.press(confirm="yes")
    with service.idp.reading() as tx:
        trail = str(tx.exec_driver_sql("SELECT * FROM audit_events").all())
        counters = str(tx.exec_driver_sql("SELECT * FROM ephemera").all())
    service.idp.database.engine.dispose()
    assert [entry for entry in log if entry["event"] == "token_refused"]
    everything = str(log) + caplog.text + "".join(capsys.readouterr()) + trail + counters
    canaries = [
        EMAIL,
        "maria.rossi",
        MOBILE,
        "3331234501",
        "Rossi",
        "RSSMRA80D52H501K",
        PASSWORD,
        "CanaryPassword7",
        "canary",
        "fake log line",
        "198.51.100.7",
        str(code),
        tokens["access_token"],
        tokens["refresh_token"],
        tokens["id_token"],
        *(value for value in map(visitor.cookie, ("idp_session_8000", "idp_browser_8000")) if value),
    ]
    assert [canary for canary in canaries if canary in everything] == []


def test_the_database_keeps_no_personal_data_in_clear(service: InProcess, party: RelyingParty) -> None:
    visitor = registered(service)
    tokens = party.tokens(visitor, scope="openid offline_access")
    started = service.visitor()
    started.get("/register/data")
    started.press(given_name="Luca", family_name="Verdi", username="+393471234502", accept_terms="yes")
    started.press(new_password=PASSWORD)
    code = service.post()[0]["code"]
    from idp.store.tables import metadata

    with service.idp.reading() as tx:
        dump = "".join(
            str(
                [
                    tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)
                    for row in tx.execute(t.select())
                ]
            )
            for t in metadata.sorted_tables
        )
    canaries = [
        EMAIL,
        "posta.example",
        MOBILE,
        "+393471234502",
        "Rossi",
        "Verdi",
        "RSSMRA80D52H501K",
        PASSWORD,
        f"'{code}'",
        tokens["refresh_token"],
        str(visitor.cookie("idp_session_8000")),
        "198.51.100.7",
    ]
    assert [canary for canary in canaries if canary in dump] == []


def test_the_trail_tells_what_happened(service: InProcess, party: RelyingParty) -> None:
    visitor = registered(service)
    attempt(party, service.visitor(), EMAIL, "Sbagliata7")
    attempt(party, visitor, EMAIL, PASSWORD)
    visitor.get("/logout")
    visitor.press(confirm="yes")
    with service.idp.reading() as tx:
        names = tx.exec_driver_sql("SELECT name FROM audit_events ORDER BY id").scalars().all()
    wanted = [
        "registration_matched",
        "challenge_sent",
        "challenge_answered",
        "registration_completed",
        "sign_in_failed",
        "sign_in_succeeded",
        "signed_out",
    ]
    assert [name for name in names if name in wanted] == wanted
