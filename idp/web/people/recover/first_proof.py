"""The list of contacts, and the code that went to the chosen one."""

from functools import partial

from flask import Blueprint, Response

from idp.accounts.recovery import Stage
from idp.flows.proving import Limited, NotYet, Sent
from idp.flows.recover import first_proof
from idp.flows.recover.progress import Proven, Unknown
from idp.web.people.forms import ContactsForm
from idp.web.people.recover.recovering import options, recovering, resent, typed_code
from idp.web.people.second_proof import code_facts
from idp.web.people.visit import Face, later
from idp.web.people.words import again_in


def install(door: Blueprint, face: Face) -> None:
    """``/recover/contacts`` and ``/recover/verify``."""
    idp = face.idp

    @door.route("/recover/contacts", methods=["GET", "POST"])
    def contacts() -> Response:
        here = recovering(face)
        visit, known = here.arrival.visit, here.under_way()
        if known is None or known.stage is Stage.OVER or known.recovery.activation is not None:
            return here.lead(known)
        recovery = known.recovery

        def page(faults: dict[str, str], *, status: int = 200) -> Response:
            return here.page(
                "recover-contacts",
                2,
                "/recover",
                status=status,
                options=options((option.handle, option.contact) for option in recovery.options),
                case_number=recovery.case_number,
                values={"contact": recovery.chosen},
                faults=faults,
            )

        if not visit.pressed:
            return page({})
        form = ContactsForm.read(visit.form)
        if faults := form.faults():
            return page({name: "unknown" if fault == "too_long" else fault for name, fault in faults.items()})
        outcome = first_proof.choose(
            idp, known, form.contact.data or "", source=visit.browser.source, now=visit.now
        )
        match outcome:
            case Unknown():
                return page({"contact": "unknown"})
            case Limited(retry_after):
                return later(page({"page": again_in("resend_limit", retry_after)}, status=429), retry_after)
            case NotYet(wait) if form.contact.data != known.recovery.chosen:
                return later(page({"page": again_in("resend_too_early", wait)}, status=429), wait)
            case Sent() | NotYet():
                return here.arrival.go("/recover/verify")
            case Proven():
                return here.lead(known)

    @door.route("/recover/verify", methods=["GET", "POST"])
    def verify() -> Response:
        here = recovering(face)
        visit, known = here.arrival.visit, here.under_way()
        if known is None or known.stage is not Stage.VERIFY or known.recovery.choice is None:
            return here.lead(known)
        sent_to = known.recovery.choice.contact

        def page(faults: dict[str, str], *, status: int = 200, tries_left: int | None = None) -> Response:
            return here.page(
                "recover-verify",
                3,
                "/recover/contacts",
                status=status,
                contacts_url=here.arrival.address("/recover/contacts"),
                case_number=known.recovery.case_number,
                faults=faults,
                **code_facts(visit, known.challenge, sent_to, faults, tries_left),
            )

        if not visit.pressed:
            return page({})
        if "resend" in visit.form:
            again = first_proof.resend(idp, known, source=visit.browser.source, now=visit.now)
            return resent(here, again, "/recover/verify", page)
        return typed_code(here, page, partial(first_proof.answer, idp, known))
