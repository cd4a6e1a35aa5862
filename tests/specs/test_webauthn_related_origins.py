"""Related origins (WebAuthn Level 3 §5.11): other sites whose pages may use passkeys made here."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.journeys.passkey_walks import USE, asked, enrolled, refusals, sign_in, to_login
from tests.parts.soft_authenticator import SoftAuthenticator
from tests.service.in_process import InProcess, open_in_process, settings_for

PATH = "/.well-known/webauthn"
PORTAL = "https://www.insurer.example"


@pytest.fixture
def related(service_folder: Path, prepared_sqlite_url: str) -> Iterator[InProcess]:
    """The service, with the insurer's own site related to it."""
    passkeys = {"related_origins": (PORTAL,)}
    opened = open_in_process(settings_for(service_folder, prepared_sqlite_url, passkeys=passkeys))
    yield opened
    opened.idp.database.engine.dispose()


def test_5_11_the_document_lists_the_origins(related: InProcess) -> None:
    visitor = related.visitor()
    visitor.fetch("GET", PATH)
    assert visitor.last.status_code == 200
    assert visitor.last.headers["Content-Type"] == "application/json"
    assert json.loads(visitor.last.text) == {"origins": [PORTAL]}


def test_5_11_without_a_setting_there_is_none(clean_service: InProcess) -> None:
    visitor = clean_service.visitor()
    visitor.fetch("GET", PATH)
    assert visitor.last.status_code == 404


def test_7_2_what_is_signed_on_a_related_site_is_accepted(related: InProcess) -> None:
    _, device = enrolled(related)
    visitor = to_login(related)
    sign_in(visitor, replace(device, origin=PORTAL))
    assert visitor.page == "account"


@pytest.mark.parametrize(
    "origin",
    [
        "https://insurer.example",
        "https://www.insurer.example:8443",
        "http://www.insurer.example",
        "https://www.insurer.example/",
        "https://www.insurer.example.evil.example",
        "https://WWW.insurer.example",
        "null",
        "",
    ],
)
def test_7_2_no_other_origin_is(related: InProcess, origin: str) -> None:
    _, device = enrolled(related)
    visitor = to_login(related)
    sign_in(visitor, replace(device, origin=origin))
    assert (visitor.page, refusals(related)) == ("login", ["origin"])


def test_7_2_a_related_site_is_none_where_the_setting_does_not_name_it(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service)
    visitor = to_login(clean_service)
    sign_in(visitor, replace(device, origin=PORTAL))
    assert refusals(clean_service) == ["origin"]


def test_7_2_nor_in_a_frame_of_another_page(related: InProcess) -> None:
    _, device = enrolled(related)
    assert isinstance(device, SoftAuthenticator)
    visitor = to_login(related)
    answer = replace(device, origin=PORTAL).get(asked(visitor, USE), crossOrigin=True)
    visitor.press(credential=json.dumps(answer))
    assert refusals(related) == ["framed"]


@pytest.mark.parametrize(
    "origin",
    [
        "http://www.insurer.example",
        "https://www.insurer.example/",
        "https://www.insurer.example/portal",
        "https://WWW.insurer.example",
        "https://www.insurer.example:443",
        "https://user@www.insurer.example",
        "www.insurer.example",
        "*",
        "",
    ],
)
def test_what_is_no_origin_is_refused_at_start(service_folder: Path, origin: str) -> None:
    with pytest.raises(ValueError, match="related_origins"):
        settings_for(service_folder, "sqlite://", passkeys={"related_origins": (origin,)})
