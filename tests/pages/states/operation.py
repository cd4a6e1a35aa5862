"""Confirming an operation: to be sent a code, with a code, by passkey, without any way."""

from typing import Any

from idp.oidc.operations.types import Row
from tests.pages.states.base import AT, BARE, CSRF, LONG, LONG_CLIENT, OPTIONS, State, code_facts

_ROWS = (
    Row("amount", "Importo", "1.500,00\N{NO-BREAK SPACE}€"),
    Row("iban", "Sul conto (IBAN)", "IT60 X054 2811 1010 0000 0123 456"),
    Row("beneficiary", "Intestatario del conto", "Chiara Rinaldi"),
    Row("policy_number", "Polizza", "RCA-100001"),
)
_LONG = (
    Row("amount", "Importo", "999.999.999.999,99\N{NO-BREAK SPACE}€"),
    Row("iban", "Sul conto (IBAN)", "MT84 MALT 0110 0001 2345 MTLC AST0 01S"),
    Row("beneficiary", "Intestatario del conto", "W" * 70),
    Row("policy_number", "Polizza", "9" * 40),
)
_MOBILES = (OPTIONS[1], {"handle": "h3" * 10, "kind": "mobile", "mask": "+39 ••• ••• ••77"})
_PASSKEY = "/step-up/passkey?interaction=i"
_HELD = [
    {"kind": "passkey", "mask": None, "until": AT},
    {"kind": "sms", "mask": "+39 ••• ••• ••77", "until": AT},
]


def _asked(stage: str, **more: Any) -> dict[str, Any]:
    return {
        "csrf": CSRF,
        "client_name": "Area Clienti",
        "title": "Liquidazione",
        "rows": _ROWS,
        "stage": stage,
        "passkey_url": None,
        "held": [],
        **more,
    }


def _code(**more: Any) -> dict[str, Any]:
    told = {"channel": "sms", "sent_to": "+39 ••• ••• ••42", "expires_in": 300}
    return _asked(
        "code", **{**code_facts(**told), "several": False, "choose_url": "/step-up?choose=again", **more}
    )


STATES = (
    State("operation", "operation", _asked("send", options=OPTIONS[1:])),
    State("operation-passkey", "operation", _asked("send", options=OPTIONS[1:], passkey_url=_PASSKEY)),
    State("operation-passkey-alone", "operation", _asked("passkey", passkey_url=_PASSKEY), BARE),
    State(
        "operation-choose",
        "operation",
        _asked("send", options=_MOBILES, held=_HELD, faults={"contact": "required"}),
    ),
    State("operation-code", "operation", _code()),
    State(
        "operation-code-wrong",
        "operation",
        _code(faults={"code": "code_wrong"}, tries_left=3, several=True, passkey_url=_PASSKEY),
    ),
    State(
        "operation-refused",
        "operation",
        _asked("send", options=OPTIONS[1:], passkey_url=_PASSKEY, faults={"page": "passkey_refused"}),
    ),
    State("operation-held", "operation", _asked("none", held=_HELD)),
    State("operation-none", "operation", _asked("none")),
    State(
        "operation-long",
        "operation",
        _asked("send", rows=_LONG, options=_MOBILES, client_name=LONG_CLIENT, held=_HELD),
        LONG,
    ),
)
