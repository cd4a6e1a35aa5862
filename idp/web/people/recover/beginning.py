"""Who it is: the page that asks, and the one that takes an activation code as well."""

from typing import Any

from flask import Blueprint, Response, request

from idp.flows.activation import Wrong
from idp.flows.proving import Limited
from idp.flows.recover import beginning
from idp.flows.recover.beginning import Begun, NoContact, NotRegistered
from idp.values import Malformed, parse_identifier
from idp.web.people.forms import ActivateForm, IdentifyForm, IdentifyWithBirthDateForm
from idp.web.people.recover.recovering import RECOVERY, recovering
from idp.web.people.visit import Face, Visit, later
from idp.web.people.words import again_in


def install(door: Blueprint, face: Face) -> None:
    """``/recover`` and ``/recover/activate``."""
    idp = face.idp

    @door.get("/.well-known/change-password")
    def change_password() -> Response:
        # Where password managers send people (W3C, A Well-Known URL for Changing Passwords).
        return Visit(face, request).go("/account/password")

    @door.route("/recover", methods=["GET", "POST"])
    def identify() -> Response:
        here = recovering(face)
        visit, known = here.arrival.visit, here.under_way()
        asks_birth_date = idp.settings.registration.ask_birth_date

        def page(values: dict[str, Any], faults: dict[str, str], *, status: int = 200) -> Response:
            interaction = here.arrival.interaction
            return here.page(
                "recover",
                1,
                None if interaction is None else "/login",
                status=status,
                ask_birth_date=asks_birth_date,
                register_url=here.arrival.address("/register"),
                case_number=None,
                values=values,
                faults=faults,
            )

        if not visit.pressed:
            return page({} if known is None else {"identifier": known.recovery.identifier.text}, {})
        form = (IdentifyWithBirthDateForm if asks_birth_date else IdentifyForm).read(visit.form)
        if faults := form.faults():
            return page(form.values(), faults)
        try:
            identifier = parse_identifier(form.identifier.data or "")
        except Malformed as fault:
            return page(form.values(), {"identifier": fault.reason})
        outcome = beginning.begin(
            idp,
            identifier,
            visit.browser,
            known=known,
            interaction_id=here.arrival.interaction,
            language=visit.language,
            now=visit.now,
            born=form.born if isinstance(form, IdentifyWithBirthDateForm) else None,
        )
        match outcome:
            case Limited(retry_after):
                response = page(form.values(), {"page": again_in("identify_limit", retry_after)}, status=429)
                return later(response, retry_after)
            case Begun(handle):
                onward = here.arrival.go("/recover/contacts")
                return onward if handle is None else visit.keep(onward, RECOVERY, handle)

    @door.route("/recover/activate", methods=["GET", "POST"])
    def activate() -> Response:
        here = recovering(face)
        visit, known = here.arrival.visit, here.under_way()

        def page(values: dict[str, Any], faults: dict[str, str], *, status: int = 200) -> Response:
            return visit.page(
                "recover-activate",
                status=status,
                back_url=here.arrival.address("/recover"),
                case_number=None if known is None else known.recovery.case_number,
                values=values,
                faults=faults,
            )

        if not visit.pressed:
            return page({} if known is None else {"identifier": known.recovery.identifier.text}, {})
        form = ActivateForm.read(visit.form)
        if faults := form.faults():
            return page(form.values(), faults)
        try:
            identifier = parse_identifier(form.identifier.data or "")
        except Malformed as fault:
            return page(form.values(), {"identifier": fault.reason})
        try:
            outcome = beginning.activate(
                idp,
                identifier,
                form.activation_code.data or "",
                visit.browser,
                interaction_id=here.arrival.interaction,
                language=visit.language,
                now=visit.now,
            )
        except Malformed:
            return page(form.values(), {"activation_code": "activation_malformed"})
        match outcome:
            case Begun(handle):
                onward = here.arrival.go("/recover/factors")
                return onward if handle is None else visit.keep(onward, RECOVERY, handle)
            case Limited(retry_after):
                return later(
                    page(form.values(), {"page": again_in("throttled", retry_after)}, status=429), retry_after
                )
            case NotRegistered():
                return here.arrival.go("/register/activate")
            case NoContact():
                return page(form.values(), {"activation_code": "activation_no_contact"})
            case Wrong():
                return page(form.values(), {"activation_code": "activation_wrong"})
