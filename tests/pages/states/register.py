"""Registration: profile, data, password, code, done."""

from typing import Any

from tests.pages.states.base import (
    BARE,
    CSRF,
    LONG,
    LONG_CLIENT,
    LONG_EMAIL,
    RULES,
    State,
    code_facts,
)


def _profile(**more: Any) -> dict[str, Any]:
    return {
        "csrf": CSRF,
        "step": 1,
        "steps": 4,
        "profiles": ["person", "professional", "company"],
        "back_url": "/login",
        "can_cancel": True,
        **more,
    }


def _data(profile: str, **more: Any) -> dict[str, Any]:
    return {
        "csrf": CSRF,
        "step": 2,
        "steps": 4,
        "profile": profile,
        "ask_vat_number": True,
        "identify_url": "/register/identify",
        "back_url": "/register",
        **more,
    }


def _password(**more: Any) -> dict[str, Any]:
    return {
        "csrf": CSRF,
        "step": 3,
        "steps": 4,
        "back_url": "/register/data",
        "rules": RULES,
        "username": "chiara.rinaldi@example.com",
        **more,
    }


def _verify(**more: Any) -> dict[str, Any]:
    return code_facts(
        **{
            "step": 4,
            "steps": 4,
            "profile": "person",
            "linked": False,
            "certain": False,
            "identified": False,
            "identify_url": "/register/identify",
            "activate_url": "/register/activate",
            "finished_elsewhere_url": "/login",
            "back_url": "/register/password",
            "case_number": "7K2-4QF",
            **more,
        }
    )


OFFER = {"options_url": "/account/passkeys/options", "again_url": "/account/confirm"}

STATES = (
    State("register-profile", "register-profile", _profile()),
    State(
        "register-profile-one",
        "register-profile",
        _profile(profiles=["person"], values={"profile": "person"}),
    ),
    State("register-profile-fault", "register-profile", _profile(faults={"profile": "required"})),
    State("register-data", "register-data", _data("person")),
    State(
        "register-data-faults",
        "register-data",
        _data(
            "person",
            values={
                "given_name": "Chiara",
                "family_name": "",
                "username": "chiara rinaldi",
                "accept_terms": False,
            },
            faults={
                "family_name": "required",
                "username": "invalid_email_or_mobile",
                "accept_terms": "terms_required",
            },
        ),
    ),
    State(
        "register-data-long",
        "register-data",
        _data(
            "person",
            values={
                "given_name": "Massimiliano Bartolomeo " * 4,
                "username": LONG_EMAIL,
                "accept_terms": True,
            },
            faults={"given_name": "too_long"},
        ),
        LONG,
    ),
    State("register-data-professional", "register-data", _data("professional")),
    State(
        "register-data-professional-fault",
        "register-data",
        _data("professional", faults={"vat_number": "vat_number_malformed"}),
    ),
    State(
        "register-data-professional-plain",
        "register-data",
        _data("professional", ask_vat_number=False, faults={"page": "throttled:840"}),
    ),
    State("register-data-company", "register-data", _data("company")),
    State(
        "register-data-company-faults",
        "register-data",
        _data(
            "company",
            faults={
                "company_name": "required",
                "vat_number": "required",
                "acting_name": "required",
                "may_act": "required",
                "username": "required",
                "accept_terms": "terms_required",
            },
        ),
    ),
    State("register-password", "register-password", _password()),
    State(
        "register-password-short",
        "register-password",
        _password(faults={"new_password": "password_too_short"}),
    ),
    State(
        "register-password-common", "register-password", _password(faults={"new_password": "password_common"})
    ),
    State("register-password-masked", "register-password", _password(username=None)),
    State("register-verify", "register-verify", _verify()),
    State("register-verify-sms", "register-verify", _verify(channel="sms", sent_to="+39 ••• ••• ••42")),
    State(
        "register-verify-wrong",
        "register-verify",
        _verify(expires_in=312, resend_in=0, tries_left=3, faults={"code": "code_wrong"}),
    ),
    State(
        "register-verify-last",
        "register-verify",
        _verify(expires_in=14, resend_in=0, tries_left=1, faults={"code": "code_wrong"}),
    ),
    State(
        "register-verify-over",
        "register-verify",
        _verify(expires_in=0, resend_in=0, tries_left=0, faults={"code": "code_expired"}),
    ),
    State("register-verify-resent", "register-verify", _verify(resent=True)),
    State("register-verify-early", "register-verify", _verify(faults={"page": "resend_too_early:40"})),
    State(
        "register-verify-company",
        "register-verify",
        _verify(profile="company", linked=True, channel="sms", sent_to="+39 ••• ••• ••42"),
    ),
    State(
        "register-verify-identified",
        "register-verify",
        _verify(
            identified=True,
            identify_url="/register/contacts",
            back_url="/register/contacts",
            finished_elsewhere_url=None,
            activate_url=None,
        ),
    ),
    State(
        "register-data-not-recognised",
        "register-data",
        _data(
            "person",
            values={
                "given_name": "Chiara",
                "family_name": "Rinaldi",
                "username": "chiara@example.com",
                "accept_terms": True,
            },
            faults={"page": "data_not_recognised"},
            case_number="7K2-4QF",
        ),
    ),
    State(
        "register-done",
        "register-done",
        {
            "csrf": CSRF,
            "username": "chiara.rinaldi@example.com",
            "given_name": "Chiara",
            "client_name": "Area Clienti",
            "passkey": None,
        },
    ),
    State(
        "register-done-offer",
        "register-done",
        {
            "csrf": CSRF,
            "username": "chiara.rinaldi@example.com",
            "given_name": "Chiara",
            "client_name": "Area Clienti",
            "passkey": OFFER,
        },
    ),
    State(
        "register-done-offer-fault",
        "register-done",
        {
            "csrf": CSRF,
            "username": "chiara.rinaldi@example.com",
            "given_name": None,
            "client_name": None,
            "passkey": OFFER,
            "faults": {"page": "passkey_not_added"},
        },
    ),
    State(
        "register-done-long",
        "register-done",
        {
            "csrf": CSRF,
            "username": LONG_EMAIL,
            "given_name": None,
            "client_name": LONG_CLIENT,
            "passkey": None,
        },
        LONG,
    ),
    State(
        "register-done-elsewhere",
        "register-done",
        {
            "csrf": CSRF,
            "username": "+39 333 123 4542",
            "given_name": "Chiara",
            "client_name": None,
            "passkey": None,
        },
    ),
    State(
        "register-done-bare",
        "register-done",
        {
            "csrf": CSRF,
            "username": "+39 333 123 4542",
            "given_name": None,
            "client_name": None,
            "passkey": None,
        },
        BARE,
    ),
)
