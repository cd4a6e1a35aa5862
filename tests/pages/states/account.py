"""One's own account: front, fresh authentication, password, username, mobile."""

from typing import Any

from tests.pages.states.base import (
    AT,
    BARE,
    CSRF,
    LONG,
    LONG_EMAIL,
    MOBILE,
    RULES,
    USERNAME,
    State,
    code_facts,
    proof_facts,
)


def _account(**more: Any) -> dict[str, Any]:
    return {
        "csrf": CSRF,
        "given_name": "Chiara",
        "username": USERNAME,
        "username_ends_at": None,
        "contacts": [{"kind": "email", "text": USERNAME}, {"kind": "mobile", "text": MOBILE}],
        "mobile": MOBILE,
        "mobile_lost": False,
        "passkeys": 0,
        "authenticator": False,
        "recovery_codes": 0,
        "change": None,
        "limited_until": None,
        "new_until": None,
        "done": None,
        **more,
    }


def _confirm(stage: str, **more: Any) -> dict[str, Any]:
    return {
        "csrf": CSRF,
        "stage": stage,
        "username": USERNAME,
        "passkey_url": None,
        "password_url": None,
        "code_url": None,
        "back_url": "/account",
        **more,
    }


def _proof(stage: str, **more: Any) -> dict[str, Any]:
    return proof_facts(stage, **{"password_url": None, "back_url": "/account", **more})


_ASK = "/account/confirm?to=mobile&by=code&way="
_APP = {"url": f"{_ASK}w1", "kind": "app", "mask": ""}
_SMS = {"url": f"{_ASK}w2", "kind": "sms", "mask": "+39 ••• ••• ••42"}
_EMAIL = {"url": f"{_ASK}w3", "kind": "email", "mask": "c•••••@•••••"}
_PASSKEY = "/account/confirm/passkey"


def _page(**more: Any) -> dict[str, Any]:
    return {"csrf": CSRF, "username": USERNAME, "rules": RULES, "back_url": "/account", **more}


_OWN = (
    {"handle": "h1" * 10, "kind": "email", "text": LONG_EMAIL},
    {"handle": "h2" * 10, "kind": "mobile", "text": MOBILE},
)


def _mobile(**more: Any) -> dict[str, Any]:
    return {"csrf": CSRF, "mobile": None, "hold_hours": 48, "back_url": "/account", **more}


_CHANGE = {"mobile": "+39 347 765 4321", "usable_at": AT}

STATES = (
    State("account", "account", _account()),
    State(
        "account-change",
        "account",
        _account(change=_CHANGE, mobile_lost=True, done="mobile-pending"),
    ),
    State(
        "account-bare",
        "account",
        _account(mobile=None, contacts=[], given_name=None, username_ends_at=AT, limited_until=AT),
        BARE,
    ),
    State("account-long", "account", _account(username=LONG_EMAIL, done="password"), LONG),
    State("account-new", "account", _account(new_until=AT)),
    State("account-username-changed", "account", _account(done="username")),
    State("account-mobile-confirmed", "account", _account(done="mobile-confirmed")),
    State("account-mobile-cancelled", "account", _account(done="mobile-cancelled")),
    State("account-confirm", "account-confirm", _confirm("password", code_url="/account/confirm?way=code")),
    State("account-passkeys", "account", _account(passkeys=2)),
    State(
        "account-confirm-passkey",
        "account-confirm",
        _confirm("password", passkey_url="/account/confirm/passkey", code_url="/account/confirm?way=code"),
    ),
    State(
        "account-confirm-wrong",
        "account-confirm",
        _confirm("password", faults={"current_password": "password_wrong"}),
    ),
    State(
        "account-confirm-send",
        "account-confirm",
        _proof("send", others=[_EMAIL], password_url="/account/confirm"),
    ),
    State(
        "account-confirm-code",
        "account-confirm",
        _proof("code", others=[_EMAIL], password_url="/account/confirm"),
    ),
    State(
        "account-confirm-code-wrong",
        "account-confirm",
        _proof("code", faults={"code": "code_wrong"}, tries_left=3, resend_in=0),
    ),
    State("account-confirm-app", "account-confirm", _proof("app", others=[_SMS, _EMAIL])),
    State(
        "account-confirm-app-used",
        "account-confirm",
        _proof("app", passkey_url=_PASSKEY, faults={"code": "code_used"}),
    ),
    State(
        "account-confirm-held",
        "account-confirm",
        _proof("send", held=[{"kind": "app", "mask": "", "until": AT}]),
    ),
    State("account-confirm-nowhere", "account-confirm", _proof("none")),
    State("account-confirm-passkey-only", "account-confirm", _proof("passkey", passkey_url=_PASSKEY)),
    State(
        "account-confirm-passkey-or-app",
        "account-confirm",
        _proof("passkey", passkey_url=_PASSKEY, code_url=_APP["url"], others=[_APP]),
    ),
    State("account-registry-down", "account", _account(contacts=None)),
    State("account-password", "account-password", _page()),
    State(
        "account-password-faults",
        "account-password",
        _page(faults={"current_password": "password_wrong", "new_password": "password_needs_digit"}),
    ),
    State("account-username", "account-username", _page(options=_OWN, later_url=None)),
    State(
        "account-username-asked",
        "account-username",
        _page(options=_OWN, later_url="/authorize/resume", back_url=None),
    ),
    State(
        "account-username-fault",
        "account-username",
        _page(options=_OWN, later_url=None, faults={"contact": "required"}),
    ),
    State("account-username-none", "account-username", _page(options=(), later_url=None), LONG),
    State(
        "username-verify",
        "username-verify",
        code_facts(sent_to=LONG_EMAIL, back_url="/account/username"),
    ),
    State(
        "username-verify-fault",
        "username-verify",
        code_facts(
            sent_to=MOBILE, channel="sms", back_url="/account/username", faults={"code": "code_malformed"}
        ),
    ),
    State("mobile", "mobile", _mobile()),
    State("mobile-change", "mobile", _mobile(mobile=MOBILE)),
    State(
        "mobile-fault",
        "mobile",
        _mobile(
            mobile=MOBILE,
            hold_hours=1,
            values={"mobile": "040 123456", "old_lost": True},
            faults={"mobile": "not_mobile"},
        ),
    ),
    State(
        "mobile-verify",
        "mobile-verify",
        code_facts(channel="sms", sent_to=MOBILE, back_url="/account/mobile"),
    ),
    State(
        "mobile-verify-resent",
        "mobile-verify",
        code_facts(channel="sms", sent_to=MOBILE, back_url="/account/mobile", resent=True),
    ),
    State(
        "mobile-confirm",
        "mobile-confirm",
        {"csrf": CSRF, "mobile": MOBILE, "usable_at": AT, "back_url": "/account"},
    ),
    State(
        "mobile-confirm-wrong",
        "mobile-confirm",
        {
            "csrf": CSRF,
            "mobile": MOBILE,
            "usable_at": AT,
            "back_url": "/account",
            "case_number": "7K2-4QF",
            "faults": {"activation_code": "activation_wrong"},
        },
    ),
    State(
        "mobile-cancel",
        "mobile-cancel",
        {
            "csrf": CSRF,
            "waiting": True,
            "mobile": "+39 ••• ••• ••42",
            "asked_at": AT - 7200,
            "usable_at": AT + 46 * 3600,
        },
    ),
    State("mobile-cancel-over", "mobile-cancel", {"csrf": CSRF, "waiting": False}),
    State("mobile-cancelled", "mobile-cancelled", {"recover_url": "/recover"}),
    State("mobile-cancelled-bare", "mobile-cancelled", {"recover_url": None}, BARE),
    State("limited", "limited", {"until_at": AT, "back_url": "/account"}),
    State("not-me", "not-me", {"csrf": CSRF, "waiting": True, "device": "chrome android", "at": AT}),
    State("not-me-unknown", "not-me", {"csrf": CSRF, "waiting": True, "device": None, "at": AT}),
    State("not-me-over", "not-me", {"csrf": CSRF, "waiting": False}),
    State("not-me-done", "not-me-done", {"recover_url": "/recover"}),
)
