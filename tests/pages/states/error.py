"""The error page, once for every error there are words for."""

from typing import Any

from idp.web.people.words import ERRORS
from tests.pages.states.base import State


def _error(status: int, **more: Any) -> dict[str, Any]:
    return {
        "status": status,
        "code": None,
        "parameter": None,
        "request_id": "01JD9Z6Q4M8T2V",
        "back_url": None,
        "retry_after": None,
        **more,
    }


STATES = (
    State(
        "error-redirect-uri",
        "error",
        _error(400, code="invalid_request", parameter="redirect_uri"),
        here=False,
    ),
    State("error-retry", "error", _error(429, retry_after=240, back_url="/login"), here=False),
    State("error-unknown", "error", _error(418, code="<b>odd</b>", parameter="x" * 300), here=False),
    *(State(f"error-{status}", "error", _error(int(status))) for status in ERRORS if status.isdigit()),
)
