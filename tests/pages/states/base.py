"""What every state is made of, and the brands it is shown with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.web.people.brand import Brand, Colours

BRAND = Brand(
    name="Area Clienti",
    insurer_name="Area Clienti",
    portal_links=(("Area Clienti", "http://localhost:8001/"), ("App", "http://localhost:8002/")),
    help_phone="800 123 456",
    help_hours=(("it", "lun–ven 8–20"), ("en", "Mon–Fri 8 am–8 pm"), ("de", "Mo–Fr 8–20 Uhr")),
)
BARE = Brand()
LONG = Brand(
    name="Compagnia Generale di Mutua Assicurazione dell’Alto Adriatico",
    insurer_name="Compagnia Generale di Mutua Assicurazione dell’Alto Adriatico",
    portal_links=(
        ("Area Clienti della Compagnia Generale di Mutua Assicurazione", "http://localhost:8001/"),
    ),
    help_phone="+39 040 123 4567",
    help_hours=(
        ("it", "dal lunedì al venerdì dalle 8 alle 20, il sabato dalle 9 alle 13"),
        ("en", "Monday to Friday from 8 in the morning to 8 in the evening, Saturday from 9 to 1 pm"),
        ("de", "montags bis freitags von 8 bis 20 Uhr, samstags von 9 bis 13 Uhr"),
    ),
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


def code_facts(**more: Any) -> dict[str, Any]:
    """A code that was just sent by email, as `codes.html` wants it."""
    return {
        "csrf": CSRF,
        "channel": "email",
        "sent_to": "c•••••@•••••",
        "expires_in": 600,
        "resend_in": 60,
        "resent": False,
        "tries_left": None,
        **more,
    }


def proof_facts(stage: str, **more: Any) -> dict[str, Any]:
    """A proof that is asked for, by SMS unless told otherwise, as `second_proof.html` wants it."""
    return {
        **code_facts(channel="sms", sent_to="+39 ••• ••• ••42", expires_in=300),
        "stage": stage,
        "username": USERNAME,
        "passkey_url": None,
        "code_url": None,
        "others": [],
        "held": [],
        **more,
    }


RULES = {"min": 8, "max": 16, "upper": True, "lower": True, "digit": True}
OPTIONS = (
    {"handle": "h1" * 10, "kind": "email", "mask": "c•••••@•••••"},
    {"handle": "h2" * 10, "kind": "mobile", "mask": "+39 ••• ••• ••42"},
)
USERNAME = "chiara.rinaldi@example.com"
MOBILE = "+39 333 123 4542"
# 24 November 2026, 10:30 in Rome.
AT = 1795512600
