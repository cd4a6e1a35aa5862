"""Codes and the sentences customers read for them: faults of fields, errors, scopes.

The one place where a code becomes words. Sentences are keys of the `pages` catalogue; `N_` marks them for
extraction and leaves them as they are.
"""

from collections.abc import Iterable
from dataclasses import dataclass


def N_(sentence: str) -> str:  # noqa: N802 - the marker's customary name, known to the extractor
    """The sentence itself; translated where it is shown."""
    return sentence


def again_in(code: str, seconds: int) -> str:
    """A fault that is over by itself in so many seconds, which its sentence tells as ``wait``."""
    return f"{code}:{seconds}"


FAULTS: dict[str, str] = {
    # A code alone, or `field.code` where the field deserves words of its own.
    "required": N_("Fill in this field."),
    "too_long": N_("This is too long: check what you typed."),
    "username.required": N_("Type your email or your mobile number."),
    "username.too_long": N_("This is too long for an email or a mobile number."),
    "invalid_email_or_mobile": N_(
        "Type an email, such as name@example.com, or a mobile number, such as 333 123 4567."
    ),
    "password.required": N_("Type your password."),
    "credentials_wrong": N_("Username or password not correct."),
    "throttled": N_("Too many attempts. You can try again %(wait)s."),
    "language.required": N_("Choose one of the languages."),
    "profile.required": N_("Choose who is registering."),
    "profile.unknown": N_("Choose one of the options."),
    "given_name.required": N_("Type your first name."),
    "given_name.too_long": N_("The first name is too long: type it as on your policy."),
    "family_name.required": N_("Type your last name."),
    "family_name.too_long": N_("The last name is too long: type it as on your policy."),
    "company_name.required": N_("Type the company name."),
    "company_name.too_long": N_("The company name is too long: type it as on your policy."),
    "acting_name.required": N_("Type the first and last name of the person registering."),
    "vat_number.required": N_("Type the VAT number."),
    "vat_number_malformed": N_("Check the VAT number: it has 11 digits, and one may be mistyped."),
    "invalid_vat_number": N_("Check the VAT number: it has 11 digits, and one of these is not right."),
    "may_act.required": N_("To go on, confirm that you may act for the company."),
    "terms_required": N_("To go on, accept the terms."),
    "new_password.required": N_("Choose a password."),
    "password_too_short": N_("Use at least %(min)s characters."),
    "password_too_long": N_("Use at most %(max)s characters."),
    "password_needs_upper": N_("Add an upper-case letter."),
    "password_needs_lower": N_("Add a lower-case letter."),
    "password_needs_digit": N_("Add a number."),
    "password_common": N_(
        "This password is built on a very common one: it is easy to guess, also with other numbers or "
        "symbols. Choose a different one."
    ),
    "password_personal": N_(
        "Do not use your name, your username, a year of birth or your tax code in the password."
    ),
    "code.required": N_("Type the 6-digit code."),
    "code_malformed": N_("The code has 6 digits: check what you typed."),
    "code_wrong": N_("The code is not correct. Check it and type it again."),
    "code_expired": N_("This code is no longer valid. Ask for a new one."),
    "resend_too_early": N_("You asked for a code a moment ago. You can ask for another one %(wait)s."),
    "resend_limit": N_("You have asked for several codes. You can ask for another one %(wait)s."),
    # Where the setting lets the page say it (journey C1).
    "data_not_recognised": N_("The details you typed are not those your agency has."),
    "identifier.required": N_("Type your tax code or VAT number."),
    "invalid_identifier": N_(
        "Check what you typed: a tax code has 16 letters and digits, a VAT number 11 digits, "
        "and at least one character is not right."
    ),
    "identifier_length": N_(
        "A tax code has 16 letters and digits, a VAT number 11 digits: you typed more or fewer."
    ),
    "identifier_check": N_("One character is not right: compare it with your health card or your policy."),
    "birth_date.required": N_("Type your date of birth."),
    "birth_date_malformed": N_("Type the date of birth as day, month and year, such as 27/03/1958."),
    "identify_limit": N_(
        "You have tried several tax codes or VAT numbers. You can try another one %(wait)s, "
        "or call your agency."
    ),
    "contact.required": N_("Choose one of the contacts."),
    "contact.unknown": N_("Choose one of the contacts shown."),
    "activation_code.required": N_("Type the activation code."),
    "activation_malformed": N_("The activation code has 16 letters and digits: check what you typed."),
    # One for a wrong, used, expired or another customer's code.
    "activation_wrong": N_(
        "The activation code is not valid. Check what you typed: a code can be used once, "
        "and lasts a few days."
    ),
    "activation_no_contact": N_(
        "Your agency has no email or mobile of yours any more, so you have no username. Ask it to add one: "
        "this code can be used then."
    ),
    "activation_registered": N_(
        "You are registered already: sign in, or recover your credentials with this code."
    ),
    "username_not_usable": N_("This one cannot be used. Type another email or mobile number."),
    "details_differ": N_("This is not what we have for this registration. Check it and type it again."),
    "current_password.required": N_("Type your current password."),
    "password_wrong": N_("The password is not correct."),
    "password_same": N_("This is the password you have now. Choose another one."),
    "mobile.required": N_("Type your mobile number."),
    "invalid_mobile": N_("Check the mobile number: type it as you would call it, such as 333 123 4567."),
    "not_mobile": N_("This is not a mobile number: codes cannot arrive there."),
    "mobile_country": N_("We cannot send codes to mobile numbers of this country. Type another one."),
    "mobile_not_usable": N_("This number cannot be used. Type another one."),
    "mobile_same": N_("This is the number you have now. Type another one."),
    # One for whatever was wrong with it.
    "passkey_refused": N_("Fingerprint or face was not accepted. Try again, or go on in another way."),
    "passkey_not_added": N_("It could not be turned on. Try again in a moment."),
    "passkeys_too_many": N_("You have as many devices as there can be. To add one, remove another first."),
    "code_used": N_("This code has been used already. Wait for the app to show the next one."),
    "code_wrong_clock": N_(
        "The code is not correct. Type the one the app shows now; if it still fails, check that your phone "
        "sets its clock by itself."
    ),
    "recovery_code.required": N_("Type a recovery code."),
    "recovery_code_malformed": N_("A recovery code has 10 letters and digits: check what you typed."),
    "recovery_code_wrong": N_(
        "The recovery code is not valid. Check what you typed, or use another one: each works once."
    ),
    "name.required": N_("Type a name."),
    "name.too_long": N_("This name is too long."),
    "form_expired": N_("The page had been open for too long. Check what you typed and send it again."),
    "unavailable": N_("Something did not work on our side. Nothing is lost: try again in a moment."),
}


@dataclass(frozen=True, slots=True)
class ErrorWords:
    """What an error page says: what happened, and what the customer can do."""

    title: str
    sentence: str


_FROM_ELSEWHERE = ErrorWords(
    N_("We cannot go on from here"),
    N_(
        "The site or app you come from sent a request that we cannot accept. It does not depend on you: "
        "go back there and start again."
    ),
)
_OUR_SIDE = ErrorWords(
    N_("Something did not work"),
    N_("The fault is on our side and nothing you did is lost. Try again in a few minutes."),
)
_PAUSED = ErrorWords(
    N_("The service is paused for a moment"),
    N_("We are not able to answer right now. Try again in a few minutes: nothing you did is lost."),
)

ERRORS: dict[str, ErrorWords] = {
    # `code:parameter` first, then the code, then the HTTP status.
    "invalid_request:redirect_uri": ErrorWords(
        N_("We cannot go on from here"),
        N_(
            "The site or app you come from gave a return address that is not registered with us. "
            "To protect you we stop here: go back there and start again."
        ),
    ),
    "invalid_request:post_logout_redirect_uri": ErrorWords(
        N_("We cannot send you back"),
        N_(
            "The site or app you come from gave a return address that is not registered with us. "
            "You can close this page."
        ),
    ),
    "invalid_request:id_token_hint": ErrorWords(
        N_("We cannot sign you out this way"),
        N_("The site or app you come from asked to sign you out with data that we do not recognise."),
    ),
    "invalid_request": _FROM_ELSEWHERE,
    "invalid_client": _FROM_ELSEWHERE,
    "unauthorized_client": _FROM_ELSEWHERE,
    "unsupported_response_type": _FROM_ELSEWHERE,
    "invalid_scope": _FROM_ELSEWHERE,
    "request_not_supported": _FROM_ELSEWHERE,
    "request_uri_not_supported": _FROM_ELSEWHERE,
    "invalid_request_uri": _FROM_ELSEWHERE,
    "access_denied": ErrorWords(
        N_("You stopped here"),
        N_("Nothing was shared and nothing was changed. You can start again whenever you want."),
    ),
    "server_error": _OUR_SIDE,
    "temporarily_unavailable": _PAUSED,
    "form_expired": ErrorWords(
        N_("This page is no longer valid"),
        N_(
            "It may have been open for too long, or you may have gone on in another window. "
            "Go back, reload it and try again."
        ),
    ),
    "cookies_needed": ErrorWords(
        N_("Your browser does not keep cookies"),
        N_(
            "To sign in we need one: it only serves to recognise this browser. "
            "Allow cookies for this site, then start again."
        ),
    ),
    "400": ErrorWords(
        N_("We did not understand the request"),
        N_("Something in the address or in the data sent is not right. Go back and try again."),
    ),
    "403": ErrorWords(
        N_("You cannot do this from here"),
        N_("The request did not come from our page, so to protect you we stopped it. Go back and try again."),
    ),
    "404": ErrorWords(
        N_("This page does not exist"),
        N_("The address may be misspelt, or the page may have moved."),
    ),
    "405": ErrorWords(
        N_("This page does not work this way"),
        N_("Go back and use the buttons on the page."),
    ),
    "413": ErrorWords(
        N_("There is too much data"),
        N_("What was sent is larger than we accept. Go back and try again with less."),
    ),
    "429": ErrorWords(
        N_("Too many attempts"),
        N_("To protect your account we ask you to wait a little. Then you can try again."),
    ),
    "500": _OUR_SIDE,
    "503": _PAUSED,
}


def error_words(status: int, code: str | None, parameter: str | None) -> ErrorWords:
    """The most precise words there are for an error; never none."""
    for key in (f"{code}:{parameter}", str(code), str(status)):
        if key in ERRORS:
            return ERRORS[key]
    return ERRORS["400"] if 400 <= status < 500 else ERRORS["500"]


DEVICE = N_("%(browser)s on %(system)s")
UNKNOWN_DEVICE = N_("A device we do not recognise")

SCOPES: dict[str, str] = {
    "openid": N_("recognise you, with a code that is only about you"),
    "profile": N_("see your name and your date of birth"),
    "email": N_("see your email address"),
    "phone": N_("see your mobile number"),
    "address": N_("see your address"),
    "policies": N_("see your policies"),
    "payout": N_("ask for a payout, each time with your confirmation"),
    "offline_access": N_("stay connected also when you are not using it"),
}


def in_order(scopes: Iterable[str]) -> list[str]:
    """Scopes as every page lists them: who somebody is, then what is theirs; those without words last."""
    order = list(SCOPES)
    return sorted(scopes, key=lambda scope: (order.index(scope) if scope in SCOPES else len(order), scope))
