"""Somebody gets hold of the database's files: they find no personal data there, and no other user reads them.

A registration and a sign-in leave their marks in every table; then the files are searched as bytes.
"""

import hashlib
import hmac
import stat
from pathlib import Path

from sqlalchemy import text

from idp.accounts.activation import parse
from idp.app import build
from idp.flows import activation
from idp.flows.activation import Issued
from idp.store.tables import activation_codes
from tests.service.in_process import PASSWORD, InProcess, settings_for
from tests.service.relying_party import portal

SEEDED = ("maria.rossi@posta.example", "+393331234501", "3331234501", "Rossi", "RSSMRA80D52H501K", PASSWORD)


def test_the_files_hold_no_personal_data_in_clear(service: InProcess) -> None:
    party, visitor = portal(service), service.visitor()
    service.register(visitor)
    party.ask(service.visitor(), login_hint="maria.rossi@posta.example")
    party.ask(service.visitor(), prompt="create", login_hint="+393331234501")
    stranger = service.visitor()
    stranger.get("/register")
    stranger.press(profile="person")
    stranger.press(
        given_name="Eusebia", family_name="Rossi", username="eusebia@posta.example", accept_terms="y"
    )
    url = service.idp.database.url
    with service.idp.writing() as tx:
        assert tx.execute(text("SELECT count(*) FROM interactions")).scalar_one() >= 2
    found = b"".join(file.read_bytes() for file in Path(str(url.database)).parent.glob("idp.sqlite3*"))
    for secret in (*SEEDED, "Eusebia", "eusebia@"):
        assert secret.encode() not in found, secret


def test_an_activation_code_cannot_be_told_from_its_digest(service: InProcess) -> None:
    issued = activation.issue(service.idp, "C100001", issued_by="agency", now=service.clock.now())
    assert isinstance(issued, Issued)
    code = parse(issued.code)
    with service.idp.reading() as tx:
        stored = tx.execute(activation_codes.select()).mappings().one()["digest"]
    for spelling in (code, issued.code, code.lower(), f"activation-code:{code}", f"activation:{code}"):
        for algorithm in ("sha256", "sha3_256", "blake2s"):
            assert hashlib.new(algorithm, spelling.encode()).digest() != stored, (spelling, algorithm)
    # Only with the key, which is a file of the nodes, can a guess be tried.
    key = service.idp.keyring.symmetric("blind-index")[0].secret
    assert hmac.digest(key, f"activation-code:{code}".encode(), "sha256") == stored


def test_a_waiting_request_still_fills_in_who_is_hinted_at(service: InProcess) -> None:
    visitor = service.visitor()
    portal(service).ask(visitor, login_hint="maria.rossi@posta.example")
    assert 'value="maria.rossi@posta.example"' in visitor.last.text


def test_a_new_database_file_opens_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    store = build.database(settings_for(tmp_path, f"sqlite:///{folder / 'idp.sqlite3'}"))
    with store.writing() as tx:
        tx.execute(text("CREATE TABLE some (thing TEXT)"))
        tx.execute(text("INSERT INTO some VALUES ('x')"))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert len(modes) > 1
    assert set(modes.values()) == {0o600}, modes
    store.engine.dispose()
