"""The pages of whoever was not recognised (journey C): identifier, contacts, help, activation code.

What is shown never depends on whether the identifier is a customer's.
"""

from typing import Any

from flask import Blueprint, Response

from idp.accounts.offers import Offer
from idp.flows import identify, register_by_code
from idp.flows.activation import Wrong
from idp.flows.birth import Registered
from idp.flows.identify import Chosen, Next, NotOffered, Offered, Wanted
from idp.flows.proving import Limited, NotYet
from idp.flows.register import AlreadyDone, UnderWay
from idp.flows.register_by_code import Accepted, Choice, HasAccount, NotUsable, Void
from idp.values import Identifier, Malformed, parse_contact, parse_identifier
from idp.web.people.enrolling import ENROLMENT, Arrival, arrive
from idp.web.people.forms import (
    ActivateForm,
    ContactsForm,
    IdentifyForm,
    IdentifyWithBirthDateForm,
    RegisterUsernameForm,
)
from idp.web.people.visit import Face, later
from idp.web.people.words import again_in

IDENTIFY, CONTACTS, ACTIVATE = "/register/identify", "/register/contacts", "/register/activate"
_AFTER = {Next.PASSWORD: "/register/password", Next.VERIFY: "/register/verify"}
_USERNAME = "/register/username"


def blueprint(face: Face) -> Blueprint:
    """``/register/identify`` and the pages it leads to, ``/register/activate`` and its."""
    door = Blueprint("identify", __name__)

    @door.route(IDENTIFY, methods=["GET", "POST"])
    def identifier() -> Response:
        arrival = arrive(face)
        visit, known = arrival.visit, arrival.under_way()
        if not visit.pressed:
            return _identify_page(arrival, known, {}, {})
        form = (IdentifyWithBirthDateForm if _asks_birth_date() else IdentifyForm).read(visit.form)
        typed, faults = _identifier(form.identifier.data, form.faults())
        if typed is None:
            return _identify_page(arrival, known, form.values(), faults)
        outcome = identify.identify(
            face.idp,
            typed,
            born=form.born if isinstance(form, IdentifyWithBirthDateForm) else None,
            known=known,
            interaction_id=arrival.interaction,
            language=visit.language,
            browser=visit.browser,
            now=visit.now,
        )
        match outcome:
            case Limited(retry_after):
                response = _identify_page(
                    arrival,
                    known,
                    form.values(),
                    {"page": again_in("identify_limit", retry_after)},
                    status=429,
                )
                return later(response, retry_after)
            case Offered(handle):
                onward = arrival.go(CONTACTS)
                return onward if handle is None else visit.keep(onward, ENROLMENT, handle)

    @door.route(CONTACTS, methods=["GET", "POST"])
    def contacts() -> Response:
        arrival = arrive(face)
        visit, known = arrival.visit, arrival.under_way()
        if known is None:
            return arrival.start()
        offer = identify.offer_of(face.idp, known)
        if offer is None:
            return arrival.go(IDENTIFY)
        if not offer.options:
            return arrival.go(_USERNAME)
        if not visit.pressed:
            return _contacts_page(arrival, known, offer, {})
        for button, wanted, path in _HELP:
            if button in visit.form:
                identify.ask_help(face.idp, known, wanted, source=visit.browser.source, now=visit.now)
                return arrival.go(path)
        form = ContactsForm.read(visit.form)
        if faults := form.faults():
            return _contacts_page(arrival, known, offer, faults)
        handle = form.contact.data or ""
        outcome = (
            identify.choose(face.idp, known, handle, source=visit.browser.source, now=visit.now)
            if known.enrolment.activation is None
            else register_by_code.choose(
                face.idp, known, handle, visit.browser, now=visit.now, now_ms=visit.now_ms
            )
        )
        match outcome:
            case NotOffered():
                return _contacts_page(arrival, known, offer, {"contact": "unknown"})
            case Limited(retry_after):
                response = _contacts_page(
                    arrival,
                    known,
                    offer,
                    {"page": again_in("resend_limit", retry_after)},
                    status=429,
                    chosen=handle,
                )
                return later(response, retry_after)
            case NotYet(wait):
                too_early = {"page": again_in("resend_too_early", wait)}
                response = _contacts_page(arrival, known, offer, too_early, status=429, chosen=handle)
                return later(response, wait)
            case Chosen(following):
                return arrival.go(_AFTER[following])
            case Registered() | AlreadyDone():
                return arrival.finish(outcome)
            case Void():
                return arrival.go(ACTIVATE, over="yes")

    @door.get("/register/none")
    def none() -> Response:
        arrival = arrive(face)
        return _help_page(arrival, "register-none")

    @door.get("/register/collective")
    def collective() -> Response:
        arrival = arrive(face)
        help_url = face.idp.settings.registration.help_url or None
        return _help_page(arrival, "register-collective", help_url=help_url)

    @door.route(ACTIVATE, methods=["GET", "POST"])
    def activate() -> Response:
        arrival = arrive(face)
        visit, known = arrival.visit, arrival.under_way()
        if not visit.pressed:
            # The code was used, or replaced, while somebody was choosing.
            over = {"activation_code": "activation_wrong"} if "over" in visit.query else {}
            return _activate_page(arrival, known, {}, over)
        form = ActivateForm.read(visit.form)
        typed, faults = _identifier(form.identifier.data, form.faults())
        if typed is None or faults:
            return _activate_page(arrival, known, form.values(), faults)
        try:
            outcome = register_by_code.accept(
                face.idp,
                typed,
                form.activation_code.data or "",
                known=known,
                interaction_id=arrival.interaction,
                language=visit.language,
                browser=visit.browser,
                now=visit.now,
            )
        except Malformed:
            return _activate_page(arrival, known, form.values(), {"activation_code": "activation_malformed"})
        match outcome:
            case Limited(retry_after):
                response = _activate_page(
                    arrival, known, form.values(), {"page": again_in("throttled", retry_after)}, status=429
                )
                return later(response, retry_after)
            case Wrong():
                return _activate_page(arrival, known, form.values(), {"activation_code": "activation_wrong"})
            case HasAccount():
                return _activate_page(
                    arrival,
                    known,
                    form.values(),
                    {"activation_code": "activation_registered"},
                    login_url=arrival.sign_in,
                    recover_url=arrival.address("/recover/activate"),
                )
            case Accepted(choice, handle):
                onward = arrival.go(CONTACTS if choice is Choice.CONTACTS else _USERNAME)
                return onward if handle is None else visit.keep(onward, ENROLMENT, handle)

    @door.route(_USERNAME, methods=["GET", "POST"])
    def username() -> Response:
        arrival = arrive(face)
        visit, known = arrival.visit, arrival.under_way()
        if known is None:
            return arrival.start()
        if known.enrolment.activation is None:
            return arrival.go(ACTIVATE)
        if not visit.pressed:
            return _username_page(arrival, known, {}, {})
        form = RegisterUsernameForm.read(visit.form)
        values, faults = form.values(), form.faults()
        if faults:
            return _username_page(arrival, known, values, faults)
        try:
            contact = parse_contact(values["username"])
        except Malformed as fault:
            return _username_page(arrival, known, values, {"username": fault.reason})
        outcome = register_by_code.choose_username(
            face.idp, known, contact, source=visit.browser.source, now=visit.now
        )
        match outcome:
            case NotUsable():
                return _username_page(arrival, known, values, {"username": "username_not_usable"})
            case Limited(retry_after):
                response = _username_page(
                    arrival, known, values, {"page": again_in("resend_limit", retry_after)}, status=429
                )
                return later(response, retry_after)
            case NotYet(wait):
                too_early = {"page": again_in("resend_too_early", wait)}
                response = _username_page(arrival, known, values, too_early, status=429)
                return later(response, wait)
            case NotOffered():
                return arrival.go(CONTACTS)
            case Void():
                return arrival.go(ACTIVATE, over="yes")
            case Chosen(following):
                return arrival.go(_AFTER[following])

    def _asks_birth_date() -> bool:
        return face.idp.settings.registration.ask_birth_date

    def _identify_page(
        arrival: Arrival,
        known: UnderWay | None,
        values: dict[str, Any],
        faults: dict[str, str],
        *,
        status: int = 200,
    ) -> Response:
        return arrival.visit.page(
            "register-identify",
            status=status,
            ask_birth_date=_asks_birth_date(),
            accepts_terms=known is None,
            activate_url=arrival.address(ACTIVATE),
            back_url=_back(arrival, known),
            case_number=_case(known),
            values=values,
            faults=faults,
        )

    def _contacts_page(
        arrival: Arrival,
        known: UnderWay,
        offer: Offer,
        faults: dict[str, str],
        *,
        status: int = 200,
        chosen: str = "",
    ) -> Response:
        by_code = known.enrolment.activation is not None
        return arrival.visit.page(
            "register-contacts",
            status=status,
            options=[
                {"handle": option.handle, "kind": option.kind, "mask": option.contact.masked}
                for option in offer.options
            ],
            collective=not by_code,
            back_url=arrival.address(ACTIVATE if by_code else IDENTIFY),
            case_number=_case(known),
            values={"contact": chosen},
            faults=faults,
        )

    def _help_page(arrival: Arrival, name: str, **facts: Any) -> Response:
        known = arrival.under_way()
        return arrival.visit.page(
            name,
            activate_url=arrival.address(ACTIVATE),
            back_url=arrival.address(IDENTIFY if known is None else CONTACTS),
            case_number=_case(known),
            **facts,
        )

    def _activate_page(
        arrival: Arrival,
        known: UnderWay | None,
        values: dict[str, Any],
        faults: dict[str, str],
        *,
        status: int = 200,
        **more: str,
    ) -> Response:
        return arrival.visit.page(
            "register-activate",
            status=status,
            **more,
            accepts_terms=known is None,
            back_url=arrival.address(CONTACTS) if _chose_none(known) else _back(arrival, known),
            case_number=_case(known),
            values=values,
            faults=faults,
        )

    def _chose_none(known: UnderWay | None) -> bool:
        """Whether contacts were shown that were none of theirs."""
        if known is None or known.enrolment.activation is not None:
            return False
        return identify.offer_of(face.idp, known) is not None

    def _username_page(
        arrival: Arrival,
        known: UnderWay,
        values: dict[str, Any],
        faults: dict[str, str],
        *,
        status: int = 200,
    ) -> Response:
        return arrival.visit.page(
            "register-username",
            status=status,
            back_url=arrival.address(ACTIVATE),
            case_number=_case(known),
            values=values,
            faults=faults,
        )

    return door


_HELP = (
    ("none-of-these", Wanted.NONE_OF_THESE, "/register/none"),
    ("collective", Wanted.COLLECTIVE, "/register/collective"),
)


def _case(known: UnderWay | None) -> str | None:
    return None if known is None else known.enrolment.case_number


def _back(arrival: Arrival, known: UnderWay | None) -> str:
    """To the code that does not arrive, to the data that were not recognised, or to the beginning."""
    if known is None or identify.nothing_chosen(known):
        return arrival.address("/register")
    return arrival.address("/register/data" if known.challenge is None else "/register/verify")


def _identifier(typed: str | None, faults: dict[str, str]) -> tuple[Identifier | None, dict[str, str]]:
    """What was typed, and the faults in the order of the page."""
    if "identifier" in faults:
        return None, faults
    try:
        found = parse_identifier(typed or "")
    except Malformed as fault:
        return None, {"identifier": fault.reason, **faults}
    return (found if not faults else None), faults
