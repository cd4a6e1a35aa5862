"""What an endpoint answers, before it becomes WSGI."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from idp.oidc import dpop
from idp.oidc.errors import OAuthError

Header = tuple[str, str]

NO_STORE: tuple[Header, ...] = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
"""For whatever is about one request or one person (RFC 6749 §5.1)."""
JSON: Header = ("Content-Type", "application/json")

STATUS_LINES: Mapping[int, str] = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (without Content-Length), body; ``client_id`` of the client it is for, where known."""

    status: int
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    client_id: str | None = None


_DPOP_ALGS = f'algs="{" ".join(dpop.ALGS)}"'
_JSON_NO_STORE = (JSON, *NO_STORE)


def json_answer(
    content: Mapping[str, Any],
    status: int = 200,
    *,
    headers: tuple[Header, ...] = (),
    client_id: str | None = None,
) -> Answer:
    """A JSON object that nobody may keep."""
    return Answer(status, _JSON_NO_STORE + headers, _encode(content).encode(), client_id)


def error_answer(fault: OAuthError, issuer: str, *, client_id: str | None = None) -> Answer:
    """An OAuth error (RFC 6749 §5.2), with its challenge where one is due (RFC 6750 §3, RFC 9110 §11.6.1)."""
    if fault.challenge in ("Bearer", "DPoP"):
        parameters = [f'realm="{issuer}"']
        if fault.error:
            parameters += [f'error="{fault.error}"', f'error_description="{fault.description}"']
        if fault.error == "insufficient_scope":
            parameters.append('scope="openid"')
        # Whoever came with the one scheme learns of the other (RFC 9449 §7.1, RFC 9110 §11.6.1).
        told = f"{fault.challenge} {', '.join(parameters)}"
        told += f", {_DPOP_ALGS}" if fault.challenge == "DPoP" else f", DPoP {_DPOP_ALGS}"
        challenge: tuple[Header, ...] = (("WWW-Authenticate", told),)
    elif fault.challenge is not None:
        challenge = (("WWW-Authenticate", f'{fault.challenge} realm="{issuer}", charset="UTF-8"'),)
    else:
        challenge = ()
    if not fault.error:
        # A request without a token learns the scheme and no more (RFC 6750 §3.1).
        return Answer(fault.status, (*NO_STORE, *challenge), b"", client_id)
    return json_answer(fault.to_json(), fault.status, headers=challenge, client_id=client_id)


def too_many(retry_after: int, client_id: str) -> Answer:
    """One too many of these: come back later (RFC 6585 §4)."""
    content = {"error": "temporarily_unavailable", "error_description": "too many requests"}
    return json_answer(content, 429, headers=(("Retry-After", str(retry_after)),), client_id=client_id)


def unavailable(retry_after: int) -> Answer:
    """Something we stand on does not answer: come back later. Nothing was done."""
    content = {"error": "temporarily_unavailable", "error_description": "try again later"}
    return json_answer(content, 503, headers=(("Retry-After", str(retry_after)),))
