"""What is asked to be sure who somebody is, beyond a password."""

from typing import Literal

from pydantic import Field

from idp.settings.section import Section


class Assurance(Section):
    """How sure we are who somebody is: the second factor, and what confirms (see docs/assurance.md)."""

    sms_beside_passkey: Literal["allow", "refuse"] = Field(
        default="allow",
        description="Whether a customer with fingerprint or face may confirm by SMS too, which is weaker "
        "(`allow`), or not (`refuse`). Credentials are never changed by SMS then.",
    )
