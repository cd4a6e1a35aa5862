"""Logout calls as a relying party sees them (OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8)."""

import socket
import time
from urllib.parse import parse_qsl

import pytest

from idp.adapters.backchannel import BackchannelLogout
from idp.ports import Delivery
from idp.settings import Settings
from tests.delivery.web import answering, raw_server
from tests.parts.tls import Authority

TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJ4IjoxfQ.c2ln"


def sender(**logout: object) -> BackchannelLogout:
    return BackchannelLogout(
        Settings.model_validate({"logout": {"allow_loopback_callbacks": True, **logout}})
    )


def test_the_form_holds_the_token_and_nothing_else() -> None:
    with raw_server(answering("200 OK")) as party:
        assert sender().send(f"http://localhost:{party.port}/bcl?x=1", TOKEN) is Delivery.SENT
    assert party.head.startswith("POST /bcl?x=1 HTTP/1.1")
    assert "application/x-www-form-urlencoded" in party.head
    assert parse_qsl(party.form.decode()) == [("logout_token", TOKEN)]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("200 OK", Delivery.SENT),
        ("204 No Content", Delivery.SENT),
        ("302 Found", Delivery.RETRY),
        ("400 Bad Request", Delivery.RETRY),
        ("401 Unauthorized", Delivery.REFUSED),
        ("404 Not Found", Delivery.REFUSED),
        ("408 Request Timeout", Delivery.RETRY),
        ("410 Gone", Delivery.REFUSED),
        ("425 Too Early", Delivery.RETRY),
        ("429 Too Many Requests", Delivery.RETRY),
        ("500 Internal Server Error", Delivery.RETRY),
        ("503 Service Unavailable", Delivery.RETRY),
    ],
)
def test_what_an_answer_means(status: str, outcome: Delivery) -> None:
    with raw_server(answering(status)) as party:
        assert sender().send(f"http://localhost:{party.port}/bcl", TOKEN) is outcome


def test_this_machine_is_called_only_where_that_is_allowed() -> None:
    with raw_server(answering("200 OK")) as party:
        guarded = BackchannelLogout(Settings())
        assert guarded.send(f"http://localhost:{party.port}/bcl", TOKEN) is Delivery.REFUSED
        assert guarded.send(f"https://localhost:{party.port}/bcl", TOKEN) is Delivery.REFUSED
        assert party.connections == 0


def test_a_party_that_does_not_answer_costs_the_timeout_and_is_tried_again() -> None:
    def silent(peer: socket.socket, _request: bytes) -> None:
        time.sleep(2)

    with raw_server(silent) as party:
        began = time.monotonic()
        assert (
            sender(backchannel_timeout=1).send(f"http://localhost:{party.port}/bcl", TOKEN) is Delivery.RETRY
        )
        assert time.monotonic() - began < 1.8


def test_tls_is_checked_against_the_extra_authority(authority: Authority) -> None:
    with raw_server(answering("200 OK"), tls=authority.server_context("localhost")) as party:
        uri = f"https://localhost:{party.port}/bcl"
        assert sender().send(uri, TOKEN) is Delivery.RETRY
        assert party.requests == []
        settings = {
            "logout": {"allow_loopback_callbacks": True},
            "service": {"extra_ca_file": str(authority.ca_file)},
        }
        trusting = BackchannelLogout(Settings.model_validate(settings))
        assert trusting.send(uri, TOKEN) is Delivery.SENT
