"""Somebody names a client that cannot be: no fault of ours comes out, and nothing of it is remembered.

PostgreSQL takes no NUL in a text and no driver a lone surrogate, so such a name must not reach the database.
"""

import base64
import json

import pytest

from tests.service.in_process import InProcess

IDS = (
    "a\x00b",
    "\ud800",
    "\udfff\ud800",
    "ä",
    "a b",
    "a\nb",
    "x" * 2000,
    "'; DROP TABLE clients; --",
    "../../etc",
    "",
)
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("endpoint", ["/token", "/introspect", "/revoke"])
def test_it_is_an_unknown_client_and_nothing_else(service_on_both: InProcess, endpoint: str) -> None:
    visitor = service_on_both.visitor()
    for client_id in IDS:
        quoted = "".join(f"%{octet:02X}" for octet in client_id.encode("utf-8", "surrogatepass"))
        basic = base64.b64encode(f"{quoted}:secret".encode()).decode()
        visitor.fetch("POST", endpoint, data={"token": "x"}, headers={"Authorization": f"Basic {basic}"})
        assert (visitor.last.status_code, json.loads(visitor.last.text)["error"]) == (
            401,
            "invalid_client",
        ), client_id
        says = {"iss": client_id, "sub": client_id, "aud": service_on_both.idp.issuer, "jti": "1", "exp": 1}
        token = f"{_segment({'alg': 'ES256', 'typ': 'JWT'})}.{_segment(says)}.AAAA"
        visitor.fetch("POST", endpoint, data={"client_assertion": token, "client_assertion_type": ASSERTION})
        assert visitor.last.status_code in (400, 401), client_id
        assert json.loads(visitor.last.text)["error"] in ("invalid_client", "invalid_request")
    assert not service_on_both.idp.clients._kept


def test_the_authorization_endpoint_shows_its_error_page(service_on_both: InProcess) -> None:
    visitor = service_on_both.visitor()
    for client_id in ("ä", "a b", "x" * 2000, "'; DROP TABLE clients; --"):
        visitor.fetch("GET", "/authorize", query_string={"client_id": client_id, "response_type": "code"})
        assert (visitor.last.status_code, visitor.page) == (400, "error"), client_id
    assert not service_on_both.idp.clients._kept
