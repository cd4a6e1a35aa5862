"""The authenticator app and the recovery codes: what there is, adding, removing."""

from typing import Any

from idp.accounts import totp
from idp.web.people import qr
from tests.pages.states.base import AT, CSRF, USERNAME, State

_SECRET = totp.secret_of(b"12345678901234567890")
_URI = totp.uri(_SECRET, issuer="Area Clienti", account=USERNAME)


def _app(**more: Any) -> dict[str, Any]:
    app = {"added_at": AT - 86400, "used_at": AT, "held_until": None, **more}
    return {"csrf": CSRF, "app": app, "done": None, "back_url": "/account"}


def _adding(**more: Any) -> dict[str, Any]:
    return {
        "csrf": CSRF,
        "qr": qr.drawn(_URI),
        "uri": _URI,
        "key": totp.grouped(_SECRET),
        "replaces": False,
        "back_url": "/account",
        "faults": {},
        **more,
    }


def _codes(kept: dict[str, Any] | None, done: str | None = None) -> dict[str, Any]:
    return {"csrf": CSRF, "kept": kept, "done": done, "back_url": "/account"}


_MADE = {
    "csrf": CSRF,
    "codes": tuple(f"7K2Q{number}-XV4M{number}" for number in range(10)),
    "made_at": AT,
    "held_until": None,
}

STATES = (
    State("authenticator-none", "authenticator", {**_app(), "app": None}),
    State("authenticator", "authenticator", _app()),
    State(
        "authenticator-held", "authenticator", {**_app(used_at=None, held_until=AT + 86400), "done": "added"}
    ),
    State("authenticator-add", "authenticator-add", _adding()),
    State(
        "authenticator-add-fault",
        "authenticator-add",
        _adding(replaces=True, faults={"code": "code_wrong_clock"}),
    ),
    State(
        "authenticator-remove",
        "authenticator-remove",
        {"csrf": CSRF, "added_at": AT, "back_url": "/account/authenticator"},
    ),
    State("recovery-codes-none", "recovery-codes", _codes(None)),
    State("recovery-codes", "recovery-codes", _codes({"left": 7, "made_at": AT, "held_until": None})),
    State(
        "recovery-codes-held",
        "recovery-codes",
        _codes({"left": 1, "made_at": AT, "held_until": AT + 86400}),
    ),
    State("recovery-codes-made", "recovery-codes-made", _MADE),
    State("recovery-codes-made-held", "recovery-codes-made", {**_MADE, "held_until": AT + 86400}),
    State(
        "stop-authenticator",
        "stop",
        {"csrf": CSRF, "waiting": True, "kind": "authenticator", "device": "", "added_at": AT},
    ),
    State(
        "stop-codes",
        "stop",
        {"csrf": CSRF, "waiting": True, "kind": "recovery_codes", "device": "", "added_at": AT},
    ),
    State("stopped-authenticator", "stopped", {"kind": "authenticator", "recover_url": "/recover"}),
    State("stopped-codes", "stopped", {"kind": "recovery_codes", "recover_url": "/recover"}),
)
