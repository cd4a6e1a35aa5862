"""One's own account: devices, apps, activity, language, and what ends it."""

from typing import Any

from tests.pages.states.base import AT, CSRF, LONG, State


def _session(**more: Any) -> dict[str, Any]:
    return {
        "id": "s1",
        "device": "chrome android",
        "began_at": AT - 7200,
        "used_at": AT,
        "here": False,
        **more,
    }


def _app(name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name.casefold(),
        "name": name,
        "scopes": ["email", "policies", "profile"],
        "offline": False,
        "since": AT - 30 * 86400,
        "used_at": AT,
        **more,
    }


def _page(**more: Any) -> dict[str, Any]:
    return {"csrf": CSRF, "back_url": "/account", "faults": {}, **more}


_LINES = [
    {"at": AT, "sentence": "Sign-in with the password", "app": None, "device": "safari iphone"},
    {"at": AT - 60, "sentence": "You opened %(app)s", "app": "Area Clienti", "device": None},
    {"at": AT - 90000, "sentence": "Password changed", "app": None, "device": None},
]
_OFFERED = [("it", "Italiano"), ("en", "English"), ("de", "Deutsch")]

STATES = (
    State(
        "account-sessions",
        "account-sessions",
        _page(
            devices=[
                _session(id="s0", here=True),
                _session(device="samsung chromeos"),
                _session(device=None),
            ],
            done="ended",
        ),
    ),
    State("account-sessions-one", "account-sessions", _page(devices=[_session(here=True)], done=None)),
    State(
        "account-apps",
        "account-apps",
        _page(apps=[_app("Area Clienti"), _app("App", scopes=[], offline=True), _app("Bot", scopes=[])]),
    ),
    State("account-apps-long", "account-apps", _page(apps=[_app("Nome" * 20, scopes=["x" * 60])]), LONG),
    State("account-apps-none", "account-apps", _page(apps=[])),
    State(
        "account-activity",
        "account-activity",
        _page(lines=_LINES, older_url="/account/activity?from=x", first=False),
    ),
    State("account-activity-none", "account-activity", _page(lines=[], older_url=None, first=True)),
    State("account-language", "account-language", _page(offered=_OFFERED, values={"language": "it"})),
    State(
        "account-language-fault",
        "account-language",
        _page(offered=_OFFERED, values={"language": "it"}, faults={"language": "required"}),
    ),
    State(
        "account-browsers",
        "account-browsers",
        _page(
            browsers=[
                {"id": "b1", "device": "chrome android", "since": AT, "expires_at": AT, "used_at": AT},
                {"id": "b2", "device": None, "since": AT, "expires_at": AT, "used_at": None},
            ]
        ),
    ),
    State("account-browsers-none", "account-browsers", _page(browsers=[])),
    State("account-data", "account-data", _page()),
    State("account-close", "account-close", _page()),
    State("account-closed", "account-closed", {"csrf": CSRF, "register_url": "/register"}),
)
