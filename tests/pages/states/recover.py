"""Recovery of forgotten credentials."""

from typing import Any

from tests.pages.states.base import (
    AT,
    CSRF,
    LONG,
    LONG_EMAIL,
    OPTIONS,
    RULES,
    USERNAME,
    State,
    code_facts,
)


def _step(step: int, **more: Any) -> dict[str, Any]:
    return {
        "csrf": CSRF,
        "step": step,
        "steps": 4,
        "activate_url": "/recover/activate",
        "back_url": "/login" if step == 1 else "/recover",
        "case_number": "7K2-4QF" if step > 1 else None,
        **more,
    }


def _recover(**more: Any) -> dict[str, Any]:
    return _step(1, ask_birth_date=False, register_url="/register", **more)


def _verify(**more: Any) -> dict[str, Any]:
    return code_facts(**_step(3, contacts_url="/recover/contacts", **more))


def _second(stage: str, **more: Any) -> dict[str, Any]:
    return _step(4, stage=stage, recovery_code_url=None, app_url=None, passkey_url=None, **more)


FACTORS = (
    {
        "handle": "f1",
        "kind": "passkey",
        "name": "Telefono di Chiara",
        "added_at": AT - 90 * 86400,
        "just_used": False,
    },
    {
        "handle": "f2",
        "kind": "mobile",
        "name": "+39 ••• ••• ••42",
        "added_at": AT - 400 * 86400,
        "just_used": True,
    },
    {"handle": "f3", "kind": "app", "name": "Tablet", "added_at": AT - 86400, "just_used": False},
)

STATES = (
    State("recover", "recover", _recover()),
    State(
        "recover-faults",
        "recover",
        {**_recover(faults={"identifier": "required", "birth_date": "required"}), "ask_birth_date": True},
    ),
    State(
        "recover-malformed",
        "recover",
        _recover(values={"identifier": "1234"}, faults={"identifier": "invalid_identifier"}),
    ),
    State("recover-limit", "recover", _recover(faults={"page": "identify_limit:3000"})),
    State("recover-contacts", "recover-contacts", _step(2, options=OPTIONS)),
    State(
        "recover-contacts-fault",
        "recover-contacts",
        _step(2, options=OPTIONS[:1], faults={"contact": "unknown"}),
        LONG,
    ),
    State("recover-activate", "recover-activate", _step(2)),
    State(
        "recover-activate-wrong",
        "recover-activate",
        _step(
            2,
            values={"identifier": "RNLCHR80A41H501Y"},
            faults={"activation_code": "activation_malformed"},
        ),
    ),
    State(
        "recover-activate-no-contact",
        "recover-activate",
        _step(
            2,
            values={"identifier": "RNLCHR80A41H501Y"},
            faults={"activation_code": "activation_no_contact"},
        ),
    ),
    State("recover-verify", "recover-verify", _verify()),
    State(
        "recover-verify-wrong",
        "recover-verify",
        {
            **_verify(faults={"code": "code_wrong"}),
            "channel": "sms",
            "sent_to": "+39 ••• ••• ••42",
            "tries_left": 1,
            "resend_in": 0,
        },
    ),
    State("recover-second", "recover-second", _second("choose", options=OPTIONS)),
    State(
        "recover-second-passkey",
        "recover-second",
        {**_second("choose", options=OPTIONS), "passkey_url": "/recover/second/passkey"},
    ),
    State(
        "recover-second-passkey-only",
        "recover-second",
        {**_second("choose", options=[]), "passkey_url": "/recover/second/passkey"},
    ),
    State(
        "recover-second-fault",
        "recover-second",
        {
            **_second("choose", options=OPTIONS, faults={"contact": "required"}),
            "recovery_code_url": "/recover/code",
            "app_url": "/recover/app",
        },
    ),
    State(
        "recover-second-code",
        "recover-second",
        code_facts(
            **_second("code", others_url="/recover/second"), channel="sms", sent_to="+39 ••• ••• ••42"
        ),
    ),
    State(
        "recover-second-wrong",
        "recover-second",
        {
            **code_facts(**_second("code", others_url=None)),
            "faults": {"code": "code_expired"},
            "expires_in": 0,
        },
    ),
    State(
        "recover-second-app-only",
        "recover-second",
        {**_second("choose", options=[]), "app_url": "/recover/app"},
    ),
    State("recover-own-code-app", "recover-own-code", _step(4, means="authenticator")),
    State(
        "recover-own-code-fault",
        "recover-own-code",
        _step(4, means="recovery_code", faults={"recovery_code": "recovery_code_wrong"}),
    ),
    State("recover-factors", "recover-factors", _step(4, factors=FACTORS)),
    State(
        "recover-factors-one",
        "recover-factors",
        _step(4, factors=FACTORS[:1], faults={"page": "form_expired"}),
        LONG,
    ),
    State("recover-password", "recover-password", _step(4, rules=RULES, username=USERNAME)),
    State(
        "recover-password-fault",
        "recover-password",
        _step(4, rules=RULES, username=LONG_EMAIL, faults={"new_password": "password_personal"}),
    ),
    State("recover-done", "recover-done", {"csrf": CSRF, "username": USERNAME, "limited_until": None}),
    State(
        "recover-done-limited", "recover-done", {"csrf": CSRF, "username": LONG_EMAIL, "limited_until": AT}
    ),
)
