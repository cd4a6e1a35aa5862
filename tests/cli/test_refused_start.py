"""What is wrong at the start is said in a line each, all at once, and nothing starts."""

import socket
import sqlite3
from pathlib import Path

import pytest

from idp.app import start
from idp.settings import SettingsFaults, load
from tests.cli.command import ROOT, Said, idp
from tests.cli.conftest import write_config
from tests.parts.ports import free_port


def serve(folder: Path, *more: str, **variables: str) -> Said:
    """Try to serve, in vain."""
    said = idp(folder, "serve", *more, "--config", str(folder / "idp.toml"), **variables)
    assert said.code == 1, said
    assert "Traceback" not in said.err
    return said


def faults_at_start(folder: Path, **variables: str) -> list[str]:
    """What `idp serve` would say, asked in this process, which is sooner done."""
    settings = load(folder / "idp.toml", variables)
    with pytest.raises(start.CannotStart) as refused:
        start.ready(settings, listens=True)
    return list(refused.value.faults)


def test_unknown_keys_and_bad_values_are_told_together_with_their_places(ready_folder: Path) -> None:
    file = ready_folder / "idp.toml"
    file.write_text(
        file.read_text("utf-8").replace("threads = 16", 'threads = 0\nprot = 8000\nhost = "everywhere"')
        + '\n[databse]\nurl = "sqlite://"\n',
        "utf-8",
    )
    faults = serve(ready_folder, IDP__SMTP__HSOT="mail", IDP__CODES__DIGITS="six").faults
    told = "\n".join(faults)
    assert len(faults) == 6, told
    keys = ("service.threads", "service.prot", "service.host", "databse", "IDP__SMTP__HSOT", "codes.digits")
    for key in keys:
        assert any(key in fault for fault in faults), (key, told)
    assert "did you mean port?" in told


def test_a_configuration_that_is_not_there_or_not_toml_is_one_fault(ready_folder: Path) -> None:
    file = ready_folder / "idp.toml"
    file.unlink()
    assert len(serve(ready_folder).faults) == 1
    for content in (b"[service\n", b"[service]\nissuer = '\xff'\n"):
        file.write_bytes(content)
        with pytest.raises(SettingsFaults) as refused:
            load(file, {})
        assert len(refused.value.faults) == 1


def test_keys_database_and_port_are_told_together(ready_folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        write_config(ready_folder, f"sqlite:///{ready_folder}/empty.sqlite3", port=other.getsockname()[1])
        signing = next((ready_folder / "keys").glob("sign-*.json"))
        signing.chmod(0o644)
        (ready_folder / "keys" / "codes-1.json").write_text("{", "utf-8")
        faults = serve(ready_folder).faults
    told = "\n".join(faults)
    assert len(faults) == 4, told
    assert any("database: the database is empty" in fault and "idp db upgrade" in fault for fault in faults)
    assert any(fault.startswith("service: port") and "is taken" in fault for fault in faults)
    assert any(signing.name in fault for fault in faults)
    assert any("codes-1.json" in fault for fault in faults)


def test_a_key_folder_that_others_may_enter_is_refused(ready_folder: Path) -> None:
    (ready_folder / "keys").chmod(0o755)
    (fault,) = faults_at_start(ready_folder)
    assert str(ready_folder / "keys") in fault


def test_missing_keys_name_the_command_that_makes_them(ready_folder: Path) -> None:
    for file in (ready_folder / "keys").iterdir():
        file.unlink()
    faults = faults_at_start(ready_folder)
    assert faults
    assert all("idp keys init" in fault for fault in faults), faults


def test_an_inactive_signing_key_is_a_fault_for_each_algorithm(ready_folder: Path) -> None:
    with sqlite3.connect(ready_folder / "idp.sqlite3") as database:
        database.execute("DELETE FROM signing_keys")
    database.close()
    faults = faults_at_start(ready_folder)
    assert sorted(fault.split(";")[0] for fault in faults) == [
        "keys: there is no active key for ES256",
        "keys: there is no active key for RS256",
    ]


def test_a_database_of_another_revision_is_refused(ready_folder: Path) -> None:
    with sqlite3.connect(ready_folder / "idp.sqlite3") as database:
        database.execute("UPDATE alembic_version SET version_num = 'ffff'")
    database.close()
    (fault,) = faults_at_start(ready_folder)
    assert fault.startswith("database: the database has schema ffff")
    assert "install the newer one" in fault


def test_a_file_that_is_no_database_is_refused(ready_folder: Path) -> None:
    (ready_folder / "idp.sqlite3").write_bytes(b"this is a letter, not a database" * 100)
    (fault,) = faults_at_start(ready_folder)
    assert fault.startswith("database: ")


def test_database_and_counters_out_of_reach_are_told_together_without_a_password(ready_folder: Path) -> None:
    nowhere = free_port()
    write_config(
        ready_folder,
        f"postgresql+psycopg://idp:parola-segreta@127.0.0.1:{nowhere}/idp",
        f'\n[ephemera]\nurl = "redis://:altra-segreta@127.0.0.1:{nowhere}/0"\n',
    )
    said = serve(ready_folder)
    assert [fault.split(":")[0] for fault in said.faults] == ["database", "ephemera"]
    assert "segreta" not in said.err + said.out


def test_a_taken_port_is_told_for_each_address(ready_folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        (fault,) = faults_at_start(ready_folder, IDP__SERVICE__PORT=str(port))
    assert fault == f"service: port {port} on 127.0.0.1 is taken by another program"


def test_an_address_that_this_machine_has_not_is_told(ready_folder: Path) -> None:
    (fault,) = faults_at_start(ready_folder, IDP__SERVICE__HOST="192.0.2.77")
    assert fault == "service: this machine has no address 192.0.2.77"


def test_a_database_whose_folder_is_closed_or_whose_driver_is_missing_is_told(ready_folder: Path) -> None:
    write_config(ready_folder, "sqlite:////proc/nowhere/idp.sqlite3")
    (fault,) = faults_at_start(ready_folder)
    assert fault.startswith("database: ")
    write_config(
        ready_folder, "postgresql://127.0.0.1:9/idp", '\n[ephemera]\nurl = "redis://127.0.0.1:9/0"\n'
    )
    without = ready_folder / "without"
    for name in ("psycopg", "redis"):
        (without / name).mkdir(parents=True)
        (without / name / "__init__.py").write_text("raise ModuleNotFoundError(__name__)", "utf-8")
    faults = serve(ready_folder, PYTHONPATH=f"{without}:{ROOT}").faults
    assert [fault.split(":")[0] for fault in faults] == ["database", "ephemera"]
    assert all("install the extra `scale`" in fault for fault in faults)


def test_the_worker_refuses_to_start_likewise(ready_folder: Path) -> None:
    write_config(ready_folder, f"sqlite:///{ready_folder}/empty.sqlite3")
    (ready_folder / "keys").chmod(0o777)
    said = idp(ready_folder, "worker", "--config", "idp.toml")
    assert said.code == 1
    assert [fault.split(":")[0] for fault in said.faults] == ["database", "keys"]
