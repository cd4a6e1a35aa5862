"""Frozen types with meaning; a bare ``str`` never crosses a floor where one of these is meant.

Each type parses what a person or a program typed into its one canonical form, or raises ``Malformed``.
"""

from idp.values.assurance import Acr, Amr, Proof, ProofKind
from idp.values.contacts import Contact, ContactKind, EmailAddress, MobileNumber, parse_contact
from idp.values.handles import Handle, digest_of
from idp.values.malformed import Malformed
from idp.values.people import ProfileKind, RecordState
from idp.values.tax import Identifier, TaxCode, VatNumber, parse_identifier

__all__ = [
    "Acr",
    "Amr",
    "Contact",
    "ContactKind",
    "EmailAddress",
    "Handle",
    "Identifier",
    "Malformed",
    "MobileNumber",
    "ProfileKind",
    "Proof",
    "ProofKind",
    "RecordState",
    "TaxCode",
    "VatNumber",
    "digest_of",
    "parse_contact",
    "parse_identifier",
]
