"""Every page in every state worth looking at: empty, with faults, with long names, without what may lack."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.web.people.brand import Brand, Colours
from idp.web.people.words import ERRORS

BRAND = Brand(
    name="Area Clienti",
    insurer_name="Area Clienti",
    portal_links=(("Area Clienti", "http://localhost:8001/"), ("App", "http://localhost:8002/")),
    help_phone="800 123 456",
    help_hours="lun–ven 8–20",
)
BARE = Brand()
LONG = Brand(
    name="Compagnia Generale di Mutua Assicurazione dell’Alto Adriatico",
    insurer_name="Compagnia Generale di Mutua Assicurazione dell’Alto Adriatico",
    portal_links=(
        ("Area Clienti della Compagnia Generale di Mutua Assicurazione", "http://localhost:8001/"),
    ),
    help_phone="+39 040 123 4567",
    help_hours="dal lunedì al venerdì dalle 8 alle 20, il sabato dalle 9 alle 13",
    colours=Colours(brand="#ffcc00", brand_ink="#1a1a1a", accent="#c01818"),
)

LONG_EMAIL = (
    "massimiliano.bartolomeo.delle-piane.di.san-giovanni@amministrazione.cooperativa-agricola.example.com"
)
LONG_CLIENT = "Portale dei servizi assicurativi per le famiglie e per le imprese artigiane"
CSRF = "c" * 43


@dataclass(frozen=True, slots=True)
class State:
    """One page as a customer may meet it."""

    name: str
    page: str
    context: Mapping[str, Any] = field(default_factory=dict)
    brand: Brand = BRAND
    here: bool = True


def _login(**more: Any) -> dict[str, Any]:
    return {
        "csrf": CSRF,
        "client_name": "Area Clienti",
        "register_url": "/register",
        "recover_url": "/recover",
        "can_cancel": True,
        **more,
    }


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
    return {"csrf": CSRF, "step": 2, "steps": 4, "profile": profile, "back_url": "/register", **more}


RULES = {"min": 8, "max": 16, "upper": True, "lower": True, "digit": True}


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
    return {
        "csrf": CSRF,
        "step": 4,
        "steps": 4,
        "channel": "email",
        "sent_to": "c•••••@•••••",
        "expires_in": 600,
        "resend_in": 60,
        "resent": False,
        "tries_left": None,
        "identify_url": "/register/identify",
        "back_url": "/register/password",
        "case_number": "7K2-4QF",
        **more,
    }


def _consent(**more: Any) -> dict[str, Any]:
    return {
        "csrf": CSRF,
        "client_name": "Agenda Casa",
        "scopes": ["openid", "profile", "email", "policies", "offline_access"],
        "days": 90,
        "username": "chiara.rinaldi@example.com",
        **more,
    }


def _error(status: int, **more: Any) -> dict[str, Any]:
    return {
        "status": status,
        "code": None,
        "parameter": None,
        "request_id": "01JD9Z6Q4M8T2V",
        "back_url": None,
        "retry_after": None,
        **more,
    }


_MESSAGES = [
    {
        "id": "m2",
        "to": LONG_EMAIL,
        "channel": "email",
        "purpose": "registration",
        "subject": "Il tuo codice per registrarti",
        "text": "481 920 è il tuo codice.\nVale 10 minuti.\n\nNon dirlo a nessuno.",
        "code": "481920",
        "link": "http://localhost:8000/register/link/" + "k" * 43,
        "sent_at": 1795350000,
    },
    {
        "id": "m1",
        "to": "+393331234542",
        "channel": "sms",
        "purpose": "sign-in",
        "subject": None,
        "text": "<script>alert(1)</script> 000000",
        "code": None,
        "link": None,
        "sent_at": 1795340000,
    },
]

STATES: tuple[State, ...] = (
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
    State("login-empty", "login", _login(faults={"username": "required", "password": "required"})),
    State("login-throttled", "login", _login(values={"username": "chiara"}, faults={"page": "throttled"})),
    State("login-long", "login", _login(client_name=LONG_CLIENT, values={"username": LONG_EMAIL}), LONG),
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
    State("register-verify-early", "register-verify", _verify(faults={"page": "resend_too_early"})),
    State(
        "register-identify", "register-identify", {"back_url": "/register/verify", "case_number": "7K2-4QF"}
    ),
    State("register-identify-bare", "register-identify", {"back_url": None, "case_number": None}, BARE),
    State(
        "register-done",
        "register-done",
        {
            "csrf": CSRF,
            "username": "chiara.rinaldi@example.com",
            "given_name": "Chiara",
            "client_name": "Area Clienti",
        },
    ),
    State(
        "register-done-long",
        "register-done",
        {"csrf": CSRF, "username": LONG_EMAIL, "given_name": None, "client_name": LONG_CLIENT},
        LONG,
    ),
    State("consent", "consent", _consent()),
    State("consent-once", "consent", _consent(days=None, scopes=["openid", "payout", "claims:read"])),
    State("consent-long", "consent", _consent(client_name=LONG_CLIENT, username=LONG_EMAIL, days=1), LONG),
    State(
        "logout", "logout", {"csrf": CSRF, "client_name": "Area Clienti", "username": "chiara@example.com"}
    ),
    State("logout-alone", "logout", {"csrf": CSRF, "client_name": None, "username": None}),
    State("signed-out", "signed-out"),
    State("signed-out-bare", "signed-out", {}, BARE),
    State(
        "error-redirect-uri",
        "error",
        _error(400, code="invalid_request", parameter="redirect_uri"),
        here=False,
    ),
    State("error-retry", "error", _error(429, retry_after=240, back_url="/login"), here=False),
    State("error-unknown", "error", _error(418, code="<b>odd</b>", parameter="x" * 300), here=False),
    *(State(f"error-{status}", "error", _error(int(status))) for status in ERRORS if status.isdigit()),
    State("no-interaction", "no-interaction"),
    State("no-interaction-bare", "no-interaction", {}, BARE),
    State("legal-privacy", "legal-privacy"),
    State("legal-terms", "legal-terms"),
    State("legal-accessibility", "legal-accessibility"),
    State("dev-inbox", "dev-inbox", {"messages": _MESSAGES}),
    State("dev-inbox-empty", "dev-inbox", {"messages": []}),
)
FORM_POST = State(
    "form-post",
    "form-post",
    {
        "action": "/sink",
        "fields": [("code", "abc"), ("state", "a\"b'c<d>&e +%20~ }"), ("iss", "http://localhost:8000")],
        "client_name": "Area Clienti",
    },
    here=False,
)
