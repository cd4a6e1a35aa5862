"""Sign-in."""

from typing import Any

from tests.pages.states.base import (
    AT,
    BARE,
    CSRF,
    LONG,
    LONG_CLIENT,
    LONG_EMAIL,
    State,
    proof_facts,
)


def _login(**more: Any) -> dict[str, Any]:
    return {
        "csrf": CSRF,
        "client_name": "Area Clienti",
        "again": False,
        "register_url": "/register",
        "recover_url": "/recover",
        "can_cancel": True,
        "passkey_url": "/login/passkey",
        "passkey_first": False,
        "unknown_passkey": None,
        **more,
    }


_SMS = {"url": "/login/code?to=account&way=w1", "kind": "sms", "mask": "+39 ••• ••• ••42"}
_APP = {"url": "/login/code?to=account&way=w2", "kind": "app", "mask": ""}
_EMAIL = {"url": "/login/code?to=account&way=w3", "kind": "email", "mask": "c•••••@•••••"}


def _code(stage: str, **more: Any) -> dict[str, Any]:
    own = {
        "trust_days": 30,
        "can_cancel": True,
        "other_user_url": "/login?to=account",
        "activate_url": "/recover/activate",
    }
    return proof_facts(stage, **{**own, **more})


def _step_up(stage: str, **more: Any) -> dict[str, Any]:
    return proof_facts(stage, **{"client_name": "Area Clienti", **more})


_PASSKEY = {"passkey_url": "/step-up/passkey?interaction=i", "code_url": "/step-up?interaction=i&way=w1"}
_HELD = [{"kind": "passkey", "mask": "", "until": AT}, {"kind": "sms", "mask": _SMS["mask"], "until": AT}]

STATES = (
    State("login-code", "login-code", _code("code")),
    State(
        "login-code-wrong",
        "login-code",
        _code("code", tries_left=3, faults={"code": "code_wrong"}, others=[_EMAIL]),
    ),
    State("login-code-send", "login-code", _code("send", others=[_APP])),
    State("login-code-email", "login-code", _code("code", channel="email", sent_to="c•••••@•••••")),
    State("login-code-passkey", "login-code", _code("passkey", **_PASSKEY)),
    State(
        "login-code-limit",
        "login-code",
        _code("code", passkey_url="/login/code/passkey", faults={"page": "resend_limit"}, can_cancel=False),
        BARE,
    ),
    State("login-code-app", "login-code", _code("app", others=[_SMS])),
    State("login-code-printed", "login-code", _code("printed", faults={"code": "recovery_code_wrong"})),
    State("step-up-app", "step-up", _step_up("app", others=[_SMS])),
    State("login-code-none", "login-code", _code("none")),
    State("step-up", "step-up", _step_up("send", others=[_APP])),
    State("step-up-code", "step-up", _step_up("code", others=[_APP])),
    State("step-up-passkey", "step-up", _step_up("passkey", **_PASSKEY)),
    State("step-up-held", "step-up", _step_up("none", held=_HELD)),
    State("step-up-none", "step-up", _step_up("none", client_name=LONG_CLIENT), LONG),
    State(
        "step-up-wrong",
        "step-up",
        _step_up("code", tries_left=1, faults={"code": "code_wrong"}, held=_HELD[:1], **_PASSKEY),
    ),
    State("login", "login", _login()),
    State(
        "login-alone",
        "login",
        _login(client_name=None, register_url=None, recover_url=None, can_cancel=False),
        BARE,
    ),
    State("login-again", "login", _login(again=True, values={"username": "chiara@example.com"})),
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
