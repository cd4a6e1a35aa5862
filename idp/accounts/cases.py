"""What to tell a customer who gives a case number (journey C): advice for the help desk, by reason code.

Whoever calls may be a stranger: no advice tells names, contacts or policies, and what helps only the customer
(an activation code, a new contact) is for the agency, which sees an identity document. Sentences are keys of
the catalogues; the admin's view shows them in its language.
"""

from collections.abc import Mapping

from idp.accounts.matching import Reason
from idp.accounts.recovery import Obstacle


def N_(sentence: str) -> str:  # noqa: N802 - the marker's customary name, known to the extractor
    """The sentence itself; translated where it is shown."""
    return sentence


_OF_REGISTRATION: Mapping[Reason, str] = {
    Reason.NO_CONTACT: N_(
        "The contact that was typed is on no record. Ask the customer to try the email or mobile number the "
        "agency has, or to identify with tax code or VAT number. If none works any more, send them to the "
        "agency for a new contact or an activation code."
    ),
    Reason.AGENCY_CONTACT: N_(
        "The contact belongs to an agency and can be nobody's username. Ask the customer to use a contact of "
        "their own; if none is on file, the agency can add one or issue an activation code."
    ),
    Reason.SHARED_CONTACT: N_(
        "The contact is on the records of more than one person and can be nobody's username. Ask the "
        "customer to use another one, or to have the agency correct the records."
    ),
    Reason.PROFILE_DIFFERS: N_(
        "The record has another profile than the one that was chosen. Ask the customer to start again and "
        "choose another: Person, Professional or Company, as on the policy."
    ),
    Reason.NAME_DIFFERS: N_(
        "The name does not agree with the record. Ask the customer to type first and last name as on the "
        "policy; of two last names one is enough. A wrong name on file is corrected by the agency."
    ),
    Reason.COMPANY_DIFFERS: N_(
        "The company name does not agree with the record. Ask the customer to type it as on the policy; the "
        "legal form does not matter. A wrong name on file is corrected by the agency."
    ),
    Reason.VAT_DIFFERS: N_(
        "The VAT number does not agree with the record. Ask the customer to check its 11 digits. A wrong "
        "number on file is corrected by the agency."
    ),
    Reason.DECEASED: N_(
        "The record says that the customer has died. Confirm nothing about it. Heirs find what to do on the "
        "help page; if it is a mistake, the agency corrects the record."
    ),
    Reason.UNDER_AGE: N_(
        "The customer is too young to register. Confirm nothing about the record. A parent or guardian can "
        "ask the agency."
    ),
    Reason.NO_POLICY: N_(
        "No policy on the record allows the registration. Send the customer to the agency, which can check "
        "whether a policy is missing or stands on another record."
    ),
    Reason.COLLECTIVE_POLICY: N_(
        "The customer is insured by a policy of their company or association. Ask them to register as the "
        "company says, or to get an activation code from the agency."
    ),
    Reason.ALREADY_REGISTERED: N_(
        "The customer has an account already. Ask them to sign in or, if they do not remember how, to choose "
        "“Have you forgotten your username or password?” on the sign-in page."
    ),
    Reason.CONTACT_TAKEN: N_(
        "The contact is the username of another account. Ask the customer to use another contact of their "
        "own, or to have the agency add one."
    ),
    Reason.AMBIGUOUS: N_(
        "Two or more records agree in everything. The agency has to bring them together; then the customer "
        "can register."
    ),
    Reason.UNKNOWN_IDENTIFIER: N_(
        "The tax code or VAT number is on no record. Ask the customer to check it character by character; "
        "if it is right, the agency has to correct the record."
    ),
    Reason.NOTHING_OFFERED: N_(
        "The record has no contact that can be used: none at all, or only shared ones, an agency's, or "
        "another account's username. Send the customer to the agency for a new contact or an activation code."
    ),
    Reason.NONE_CHOSEN: N_(
        "The customer was identified but has chosen no contact. If they recognise none, send them to the "
        "agency for a new contact or an activation code."
    ),
    Reason.FRESH_CONTACT: N_(
        "The contact changed on file only a few days ago, too recently to recover an account with. Ask the "
        "customer to use another contact, to wait, or to get an activation code from the agency."
    ),
}

_OF_RECOVERY: Mapping[Obstacle, str] = {
    Obstacle.UNKNOWN_IDENTIFIER: _OF_REGISTRATION[Reason.UNKNOWN_IDENTIFIER],
    Obstacle.NOTHING_OFFERED: _OF_REGISTRATION[Reason.NOTHING_OFFERED],
    Obstacle.DECEASED: _OF_REGISTRATION[Reason.DECEASED],
    Obstacle.UNDER_AGE: _OF_REGISTRATION[Reason.UNDER_AGE],
    Obstacle.NO_ACCOUNT: N_(
        "The customer has never registered, so there is nothing to recover. Ask them to choose “Register” on "
        "the sign-in page."
    ),
    Obstacle.NOT_ACTIVE: N_(
        "The account is locked or was closed. See why in its history before anything else; only an admin can "
        "unlock it."
    ),
    Obstacle.FRESH_CONTACT: _OF_REGISTRATION[Reason.FRESH_CONTACT],
}

# One code, one advice: a case number may be of a registration or of a recovery.
_ADVICE: Mapping[str, str] = {
    **{str(reason): sentence for reason, sentence in _OF_REGISTRATION.items()},
    **{str(obstacle): sentence for obstacle, sentence in _OF_RECOVERY.items()},
}

_NO_REASON = N_(
    "Nothing has failed so far: the code is on its way or waits to be typed. Ask the customer to look in the "
    "spam folder and, after a minute, to ask for another code on the page."
)

NOT_FINISHED = N_(
    "Nothing had failed, but it was not finished in time. Ask the customer to start again from the sign-in "
    "page."
)
"""What to tell the customer of a case that ended by itself."""


def advice(reason: str | None) -> str:
    """What to tell the customer of a case; None is a case in which everything agreed.

    Raises ``KeyError`` for a code that is no ``Reason`` and no ``Obstacle``.
    """
    return _NO_REASON if reason is None else _ADVICE[reason]
