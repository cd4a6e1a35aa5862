"""Identification: by tax code, by a contact on file, by an activation code."""

from typing import Any

from tests.pages.states.base import BARE, CSRF, LONG, OPTIONS, State


def _identify(**more: Any) -> dict[str, Any]:
    return {
        "csrf": CSRF,
        "ask_birth_date": False,
        "activate_url": "/register/activate",
        "back_url": "/register/verify",
        "case_number": "7K2-4QF",
        **more,
    }


def _contacts(**more: Any) -> dict[str, Any]:
    return {
        "csrf": CSRF,
        "options": OPTIONS,
        "collective": True,
        "back_url": "/register/identify",
        "case_number": "7K2-4QF",
        **more,
    }


def _helped(**more: Any) -> dict[str, Any]:
    return {
        "activate_url": "/register/activate",
        "back_url": "/register/contacts",
        "case_number": "7K2-4QF",
        **more,
    }


def _typed(**more: Any) -> dict[str, Any]:
    return {"csrf": CSRF, "back_url": "/register/identify", "case_number": "7K2-4QF", **more}


STATES = (
    State("register-identify", "register-identify", _identify()),
    State("register-identify-born", "register-identify", _identify(ask_birth_date=True)),
    State(
        "register-identify-terms",
        "register-identify",
        _identify(accepts_terms=True, back_url=None, case_number=None),
    ),
    State(
        "register-identify-malformed",
        "register-identify",
        _identify(values={"identifier": "RNLCHR80A41H501"}, faults={"identifier": "invalid_identifier"}),
    ),
    State(
        "register-identify-faults",
        "register-identify",
        _identify(
            ask_birth_date=True,
            values={"birth_date": "31/2/1980"},
            faults={"identifier": "required", "birth_date": "birth_date_malformed"},
        ),
    ),
    State("register-identify-limit", "register-identify", _identify(faults={"page": "identify_limit:3000"})),
    State("register-contacts", "register-contacts", _contacts()),
    State(
        "register-contacts-one",
        "register-contacts",
        _contacts(options=OPTIONS[1:], collective=False, values={"contact": OPTIONS[1]["handle"]}),
        LONG,
    ),
    State("register-contacts-fault", "register-contacts", _contacts(faults={"contact": "required"})),
    State("register-contacts-limit", "register-contacts", _contacts(faults={"page": "resend_limit:720"})),
    State("register-none", "register-none", _helped()),
    State("register-none-bare", "register-none", _helped(back_url=None, case_number=None), BARE),
    State("register-collective", "register-collective", _helped(help_url="https://example.com/aiuto")),
    State(
        "register-collective-bare",
        "register-collective",
        _helped(help_url=None, back_url=None, case_number=None),
        BARE,
    ),
    State("register-activate", "register-activate", _typed()),
    State("register-activate-terms", "register-activate", _typed(accepts_terms=True)),
    State(
        "register-activate-wrong",
        "register-activate",
        _typed(values={"identifier": "RNLCHR80A41H501Y"}, faults={"activation_code": "activation_wrong"}),
    ),
    State(
        "register-activate-empty",
        "register-activate",
        _typed(faults={"identifier": "required", "activation_code": "required"}),
    ),
    State("register-username", "register-username", _typed()),
    State(
        "register-username-fault",
        "register-username",
        _typed(values={"username": "sportello@example.com"}, faults={"username": "username_not_usable"}),
    ),
)
