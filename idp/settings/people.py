"""The rules people meet: registration, passwords, one-time codes."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from idp.settings.section import Seconds, Section, WebAddress


def _countries(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if re.fullmatch(r"[A-Z]{2}", value) is None:
            raise ValueError('two-letter country codes are wanted, as in "IT" (ISO 3166-1)')
    return values


class Registration(Section):
    """Who may register, and what the page tells."""

    policies: Literal["any", "active"] = Field(
        default="any",
        description="`any`: a policy on the record, even ended, is enough; `active`: a live one.",
    )
    mismatch: Literal["uniform", "explicit"] = Field(
        default="uniform",
        description="`uniform`: the page does not tell whether the data matched; `explicit`: it does, "
        "and so tells strangers who is a customer.",
    )
    minimum_age: int = Field(default=18, ge=0, le=120, description="Years of age; younger: as not matching.")
    collective: Literal["company", "allow"] = Field(
        default="company",
        description="Members of a collective policy: `company` sends them to their company, "
        "`allow` registers them.",
    )
    vat_number: Literal["asked", "not_asked"] = Field(
        default="asked",
        description="Professionals and companies: `asked`, they type their VAT number and it must agree; "
        "`not_asked`, the name is enough.",
    )
    help_url: WebAddress = Field(
        default="", description="Where a customer who cannot be recognised finds help. Empty: no link."
    )
    mobile_countries: Annotated[tuple[str, ...], AfterValidator(_countries), Field(min_length=1)] = Field(
        default=("IT",),
        description="Countries of the mobile numbers that a customer may type (ISO 3166-1). "
        "Numbers on file are not limited.",
    )
    ask_birth_date: bool = Field(
        default=False,
        description="Whoever is identified by tax code or VAT number types the birth date too.",
    )


class Password(Section):
    """What a password must be, and what checking one costs."""

    min_length: int = Field(default=8, ge=8, le=256, description="Characters at least.")
    max_length: int = Field(default=16, ge=8, le=256, description="Characters at most.")
    need_upper: bool = Field(default=True, description="At least one upper-case letter.")
    need_lower: bool = Field(default=True, description="At least one lower-case letter.")
    need_digit: bool = Field(default=True, description="At least one digit.")
    argon2_memory_kib: int = Field(
        default=19456, ge=8, le=4 * 1024 * 1024, description="Argon2id memory, KiB (RFC 9106 parameter m)."
    )
    argon2_iterations: int = Field(default=2, ge=1, le=100, description="Argon2id passes (parameter t).")
    argon2_lanes: int = Field(default=1, ge=1, le=64, description="Argon2id lanes (parameter p).")
    hash_threads: int = Field(
        default=0, ge=0, le=256, description="Hashing threads of a process; 0: cores minus one, at least one."
    )
    hash_queue: int = Field(
        default=32, ge=1, le=10_000, description="Hashes that may wait; beyond that sign-in answers 503."
    )


class Codes(Section):
    """One-time codes sent to contacts."""

    digits: int = Field(default=6, ge=6, le=8, description="Digits of a code.")
    tries: int = Field(default=5, ge=1, le=10, description="Wrong answers that end a challenge.")
    resend_gap: Seconds = Field(
        default=60,
        description="From one code to a contact to the next, in whatever session, seconds; what strangers "
        "may ask for and what its owner asks for wait apart. A right answer ends the wait.",
    )
    registration_life: Seconds = Field(
        default=600, description="A code or link of registration and recovery, seconds."
    )
    sign_in_life: Seconds = Field(
        default=300, description="A code of sign-in, of changes to the account and of operations, seconds."
    )


class Recovery(Section):
    """Forgotten credentials."""

    contact_age: Seconds = Field(
        default=7 * 24 * 3600,
        description="How long a contact must have stood unchanged on file before it recovers, seconds. "
        "A newer one needs an activation code.",
    )
    life: Seconds = Field(
        default=1800, description="A recovery under way, from the identifier to the new password, seconds."
    )
