"""The link of a registration's message."""

from typing import Any

from tests.pages.states.base import AT, BARE, CSRF, LONG, LONG_EMAIL, RULES, USERNAME, State


def _link(stage: str, **more: Any) -> dict[str, Any]:
    return {
        "csrf": CSRF,
        "stage": stage,
        "sent_to": "c•••••@•••••",
        "begun_at": AT,
        "case_number": None,
        **more,
    }


def _ask(asks: str, **more: Any) -> dict[str, Any]:
    return _link("ask", asks=asks, rules=RULES, tries_left=None, **more)


def _expired(**more: Any) -> dict[str, Any]:
    return {
        "csrf": CSRF,
        "resent": False,
        "resend_in": 0,
        "register_url": "/register",
        "login_url": "/login",
        "case_number": "7K2-4QF",
        **more,
    }


STATES = (
    State("link", "link", _link("press")),
    State("link-mobile", "link", _link("press", sent_to="+39 ••• ••• ••42"), LONG),
    State("link-ask", "link", _ask("family_name")),
    State("link-ask-company", "link", _ask("vat_number", sent_to="+39 ••• ••• ••42")),
    State(
        "link-ask-differs",
        "link",
        {
            **_ask(
                "family_name", values={"family_name": "Rinaldo"}, faults={"family_name": "details_differ"}
            ),
            "tries_left": 2,
        },
    ),
    State(
        "link-ask-faults",
        "link",
        _ask("vat_number", faults={"vat_number": "required", "new_password": "password_too_short"}),
    ),
    State("link-signed-in", "link", _link("signed-in", signed_in_as=USERNAME)),
    State("link-signed-in-long", "link", _link("signed-in", signed_in_as=LONG_EMAIL), LONG),
    State("link-expired", "link-expired", _expired()),
    State("link-expired-resent", "link-expired", _expired(resent=True, resend_in=60)),
    State(
        "link-expired-early", "link-expired", _expired(resend_in=40, faults={"page": "resend_too_early:40"})
    ),
    State("link-expired-elsewhere", "link-expired", _expired(case_number=None)),
    State(
        "link-expired-elsewhere-resent", "link-expired", _expired(case_number=None, resent=True, resend_in=60)
    ),
    State(
        "link-expired-bare",
        "link-expired",
        _expired(register_url=None, login_url=None, case_number=None),
        BARE,
    ),
)
