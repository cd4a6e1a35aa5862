"""Consent, sign-out, legal notes, and the pages nobody asks for."""

from typing import Any

from tests.pages.states.base import BARE, CSRF, LONG, LONG_CLIENT, LONG_EMAIL, State


def _consent(**more: Any) -> dict[str, Any]:
    return {
        "csrf": CSRF,
        "client_name": "Agenda Casa",
        "scopes": ["openid", "profile", "email", "policies", "offline_access"],
        "days": 90,
        "username": "chiara.rinaldi@example.com",
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

STATES = (
    State("consent", "consent", _consent()),
    State("consent-once", "consent", _consent(days=None, scopes=["openid", "payout", "claims:read"])),
    State("consent-long", "consent", _consent(client_name=LONG_CLIENT, username=LONG_EMAIL, days=1), LONG),
    State(
        "logout", "logout", {"csrf": CSRF, "client_name": "Area Clienti", "username": "chiara@example.com"}
    ),
    State("logout-alone", "logout", {"csrf": CSRF, "client_name": None, "username": None}),
    State("signed-out", "signed-out"),
    State("signed-out-bare", "signed-out", {}, BARE),
    State("no-interaction", "no-interaction"),
    State("no-interaction-bare", "no-interaction", {}, BARE),
    State("legal-privacy", "legal-privacy"),
    State("legal-terms", "legal-terms"),
    State("legal-accessibility", "legal-accessibility"),
    State("legal-heirs", "legal-heirs"),
    State("legal-heirs-bare", "legal-heirs", brand=BARE),
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
