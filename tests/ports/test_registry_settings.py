"""How the registry is told where it stands: every fault at once, before the service starts."""

from pathlib import Path

import pytest

from idp.adapters.registry_http import HttpRegistry
from idp.adapters.registry_local import LocalRegistry
from idp.app import build, start
from idp.settings import Settings, SettingsFaults, load
from tests.parts.tls import Authority
from tests.service import in_process

HTTPS = {"adapter": '"http"', "url": '"https://registry.example/v1"', "token": '"sixteen-letters-"'}


def loaded(folder: Path, registry: dict[str, str], *, development: bool = True) -> Settings:
    """Settings with these keys of the section, as written in the file."""
    issuer = "http://localhost:8000" if development else "https://login.example.com"
    lines = [f'service = {{ issuer = "{issuer}", development = {str(development).lower()} }}', "[registry]"]
    if not development:
        lines[1:1] = [
            'delivery = { email = "smtp", sms = "webhook", sender_email = "noreply@example.com" }',
            'smtp = { host = "mail.example.com" }',
            'sms = { url = "https://sms.example.com/send", secret = "sixteen letters." }',
        ]
    path = folder / "config.toml"
    path.write_text("\n".join([*lines, *(f"{key} = {value}" for key, value in registry.items())]), "utf-8")
    return load(path, {})


def test_a_service_by_https_is_taken_and_its_token_hidden(tmp_path: Path) -> None:
    settings = loaded(tmp_path, HTTPS, development=False)
    assert settings.registry.url == "https://registry.example/v1"
    assert "sixteen-letters-" not in repr(settings)
    assert loaded(tmp_path, {**HTTPS, "url": '"https://registry.example/v1/"'}).registry.url.endswith("/v1")


def test_the_token_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-a-file-of-its-own\n", encoding="ascii")
    told = {**HTTPS, "token_file": f'"{tmp_path / "token"}"'}
    del told["token"]
    token = loaded(tmp_path, told).registry.token
    assert token is not None
    assert token.get_secret_value() == "from-a-file-of-its-own"


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"adapter": '"ftp"'}, "registry.adapter"),
        ({"url": '""'}, "registry.url"),
        ({"url": '"registry.example"'}, "registry.url"),
        ({"url": '"http://registry.example"'}, "registry.url"),
        ({"url": '"http://localhost.example"'}, "registry.url"),
        ({"url": '"https://idp:secret@registry.example"'}, "registry.url"),
        ({"url": '"https://registry.example/?key=secret"'}, "registry.url"),
        ({"url": '"https://registry.example/#v1"'}, "registry.url"),
        ({"url": '"https://registry.example:99999"'}, "registry.url"),
        ({"url": '"https://registry.example/a b"'}, "registry.url"),
        ({"url": '"https://régistre.example"'}, "registry.url"),
        ({"url": '"https://registry.example/\\r\\nX: y"'}, "registry.url"),
        ({"token": '""'}, "registry.token"),
        ({"token": '"short"'}, "registry.token"),
        ({"token": '"sixteen letters and spaces"'}, "registry.token"),
        ({"token": '"sixteen-letters-\\r\\nX: y"'}, "registry.token"),
        ({"client_key_file": '"none.pem"'}, "registry.client_key_file"),
        ({"ca_file": '"none.pem"'}, "registry.ca_file"),
        ({"timeout": "0"}, "registry.timeout"),
        ({"connections": "0"}, "registry.connections"),
        ({"breaker_failures": "0"}, "registry.breaker_failures"),
        ({"breaker_seconds": "0"}, "registry.breaker_seconds"),
    ],
)
def test_what_is_wrong_is_told_by_its_key(tmp_path: Path, changed: dict[str, str], path: str) -> None:
    with pytest.raises(SettingsFaults) as refused:
        loaded(tmp_path, {**HTTPS, **changed})
    assert path in {fault.path for fault in refused.value.faults}
    assert "secret" not in str(refused.value)


def test_a_service_that_cannot_know_who_asks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsFaults, match="token or a client certificate"):
        loaded(tmp_path, {"adapter": '"http"', "url": '"https://registry.example"'})


def test_http_is_for_this_machine_in_development_only(tmp_path: Path) -> None:
    told = {**HTTPS, "url": '"http://127.0.0.1:9000"'}
    assert loaded(tmp_path, told).registry.url == "http://127.0.0.1:9000"
    with pytest.raises(SettingsFaults, match=r"registry\.url.*except in development"):
        loaded(tmp_path, told, development=False)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    told = {
        "adapter": '"http"',
        "url": '"http://registry.example"',
        "ca_file": '"a.pem"',
        "client_key_file": '"b.pem"',
    }
    with pytest.raises(SettingsFaults) as refused:
        loaded(tmp_path, told)
    assert {fault.path for fault in refused.value.faults} == {
        "registry.url",
        "registry.token",
        "registry.ca_file",
        "registry.client_key_file",
    }


def test_files_that_do_not_belong_together_stop_the_start_with_the_other_faults(
    service_folder: Path, prepared_sqlite_url: str, authority: Authority
) -> None:
    certificate, _ = authority.server_files("idp.example")
    _, key = authority.server_files("another.example")
    settings = in_process.settings_for(
        service_folder,
        prepared_sqlite_url,
        registry={
            "adapter": "http",
            "url": "https://registry.example",
            "client_certificate_file": certificate,
            "client_key_file": key,
        },
        ephemera={"url": "redis://127.0.0.1:1/0"},
    )
    with pytest.raises(start.CannotStart) as refused:
        start.ready(settings, listens=False)
    assert [fault.partition(":")[0] for fault in refused.value.faults] == ["ephemera", "registry"]
    assert "do not belong together" in refused.value.faults[1]


def test_the_service_starts_without_the_registry(service_folder: Path, prepared_sqlite_url: str) -> None:
    settings = in_process.settings_for(
        service_folder,
        prepared_sqlite_url,
        registry={"adapter": "http", "url": "http://127.0.0.1:1", "token": "sixteen-letters-"},
    )
    assert isinstance(start.ready(settings, listens=False).registry, HttpRegistry)


def test_our_own_tables_are_asked_by_default(service_folder: Path, prepared_sqlite_url: str) -> None:
    idp = build.build(in_process.settings_for(service_folder, prepared_sqlite_url))
    assert isinstance(idp.registry, LocalRegistry)
    idp.database.engine.dispose()
