"""Sign-in."""

from typing import Any

from tests.pages.states.base import BARE, CSRF, LONG, LONG_CLIENT, LONG_EMAIL, State


def _login(**more: Any) -> dict[str, Any]:
    return {
        "csrf": CSRF,
        "client_name": "Area Clienti",
        "register_url": "/register",
        "recover_url": "/recover",
        "can_cancel": True,
        "passkey_url": "/login/passkey",
        "passkey_first": False,
        "unknown_passkey": None,
        **more,
    }


STATES = (
    State("login", "login", _login()),
    State(
        "login-alone",
        "login",
        _login(client_name=None, register_url=None, recover_url=None, can_cancel=False),
        BARE,
    ),
    State(
        "login-wrong",
        "login",
        _login(values={"username": "chiara@example.com"}, faults={"password": "credentials_wrong"}),
    ),
    State(
        "login-passkey-refused",
        "login",
        _login(
            unknown_passkey={"rp_id": "localhost", "credential_id": "b25l"},
            faults={"page": "passkey_refused"},
        ),
    ),
    State("login-passkey-first", "login", _login(passkey_first=True)),
    State("login-empty", "login", _login(faults={"username": "required", "password": "required"})),
    State(
        "login-throttled", "login", _login(values={"username": "chiara"}, faults={"page": "throttled:840"})
    ),
    State("login-long", "login", _login(client_name=LONG_CLIENT, values={"username": LONG_EMAIL}), LONG),
)
