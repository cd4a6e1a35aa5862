"""Fingerprint or face: the offer, the devices, adding, naming, removing, and the link of a notice."""

from typing import Any

from tests.pages.states.base import AT, BARE, CSRF, LONG, State


def _device(name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name.casefold() or "nameless",
        "name": name,
        "kind": "device",
        "added_at": AT - 86400,
        "used_at": AT,
        "held_until": None,
        "flagged": False,
        "suspended": False,
        **more,
    }


def _devices(*devices: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "csrf": CSRF,
        "passkeys": list(devices),
        "signals": {
            "rp_id": "localhost",
            "user_id": "aGFuZGxl",
            "accepted": ["b25l", "dHdv"],
            "name": "chiara.rinaldi@example.com",
            "display_name": "Chiara Rinaldi",
        },
        "full": False,
        "done": None,
        "back_url": "/account",
        "faults": {},
        **more,
    }


_ASKED = {"csrf": CSRF, "options_url": "/account/passkeys/options", "again_url": "/account/confirm"}

STATES = (
    State("passkey-offer", "passkey-offer", _ASKED),
    State("passkey-offer-fault", "passkey-offer", {**_ASKED, "faults": {"page": "passkey_not_added"}}, LONG),
    State("passkeys-none", "passkeys", _devices(signals=None), BARE),
    State(
        "passkeys",
        "passkeys",
        _devices(
            _device("iCloud Keychain", kind="synced", held_until=AT + 86400),
            _device("", kind="security_key", used_at=None),
            done="added",
        ),
    ),
    State(
        "passkeys-flagged",
        "passkeys",
        _devices(_device("M" * 40, flagged=True), full=True, done="renamed"),
        LONG,
    ),
    State("passkeys-suspended", "passkeys", _devices(_device("Telefono", suspended=True))),
    State("passkeys-removed", "passkeys", _devices(_device("Telefono"), done="removed")),
    State("passkey-add", "passkey-add", {**_ASKED, "back_url": "/account/passkeys"}),
    State(
        "passkey-add-fault",
        "passkey-add",
        {**_ASKED, "back_url": "/account/passkeys", "faults": {"page": "passkeys_too_many"}},
    ),
    State("confirm-way", "confirm-way", {"csrf": CSRF, "back_url": "/account/passkeys"}),
    State(
        "confirm-way-wrong",
        "confirm-way",
        {
            "csrf": CSRF,
            "back_url": "/account/passkeys",
            "faults": {"activation_code": "activation_wrong"},
        },
    ),
    State("passkeys-confirmed", "passkeys", _devices(_device("Telefono"), done="confirmed")),
    State(
        "passkey-name",
        "passkey-name",
        {"csrf": CSRF, "back_url": "/account/passkeys", "values": {"name": "Windows Hello"}},
    ),
    State(
        "passkey-name-fault",
        "passkey-name",
        {
            "csrf": CSRF,
            "back_url": "/account/passkeys",
            "values": {"name": ""},
            "faults": {"name": "required"},
        },
    ),
    State(
        "passkey-remove",
        "passkey-remove",
        {
            "csrf": CSRF,
            "device": "Google Password Manager",
            "added_at": AT,
            "last": False,
            "back_url": "/account/passkeys",
        },
    ),
    State(
        "passkey-remove-last",
        "passkey-remove",
        {"csrf": CSRF, "device": "", "added_at": AT, "last": True, "back_url": "/account/passkeys"},
    ),
    State(
        "stop",
        "stop",
        {"csrf": CSRF, "waiting": True, "kind": "passkey", "device": "Bitwarden", "added_at": AT},
    ),
    State("stop-over", "stop", {"csrf": CSRF, "waiting": False}),
    State("stopped", "stopped", {"kind": "passkey", "recover_url": "/recover"}),
    State("stopped-bare", "stopped", {"kind": "passkey", "recover_url": None}, BARE),
)
