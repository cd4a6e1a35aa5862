"""Choosing another username among one's own contacts on file, which proves itself by a code.

Whoever has a username that left the registry comes here right after signing in, and may put it off.
"""

from flask import Blueprint, Response

from idp.accounts.registry import RegistryDown
from idp.flows import credentials
from idp.flows.credentials import Renamed, Sent, Taken
from idp.flows.fresh import NotFresh, Unknown
from idp.flows.proving import Limited, NotYet
from idp.values import ContactKind
from idp.web.people.account.doors import USERNAME
from idp.web.people.account.entering import Entered, enter
from idp.web.people.forms import AccountUsernameForm, UsernameVerifyForm
from idp.web.people.second_proof import code_facts
from idp.web.people.visit import Face, later
from idp.web.people.words import again_in

VERIFY = "/account/username/verify"


def install(door: Blueprint, face: Face) -> None:
    """``/account/username`` and ``/account/username/verify``."""
    idp = face.idp

    @door.route(USERNAME.path, methods=["GET", "POST"])
    def username() -> Response:
        here = enter(face, USERNAME)
        if isinstance(here, Response):
            return here
        visit = here.visit
        try:
            choices = credentials.choices(idp, here.owner)
        except RegistryDown:
            if here.arrival.interaction is None:
                raise
            # Nobody who only wants to sign in has to wait for the registry.
            return here.done()

        def page(faults: dict[str, str], *, status: int = 200) -> Response:
            return here.page(
                "account-username",
                status=status,
                username=here.owner.profile.username.readable,
                options=[
                    {
                        "handle": choice.handle,
                        "kind": choice.contact.kind,
                        "text": choice.contact.text
                        if choice.contact.kind is ContactKind.EMAIL
                        else choice.contact.readable,
                    }
                    for choice in choices
                ],
                back_url=None if _asked_for(here) else "/account",
                later_url=here.back if _asked_for(here) else None,
                values={},
                faults=faults,
            )

        if not visit.pressed:
            return page({})
        form = AccountUsernameForm.read(visit.form)
        if faults := form.faults():
            return page({"contact": "required" if "required" in faults.values() else "unknown"})
        outcome = credentials.send(
            idp, here.owner, form.contact.data or "", source=visit.browser.source, now=visit.now
        )
        match outcome:
            case Unknown():
                return page({"contact": "unknown"})
            case Limited(retry_after):
                return later(page({"page": again_in("resend_limit", retry_after)}, status=429), retry_after)
            case NotYet(wait):
                asked = credentials.asked(idp, here.owner)
                if asked is not None and asked.choice.handle == form.contact.data:
                    return here.arrival.go(VERIFY)
                return later(page({"page": again_in("resend_too_early", wait)}, status=429), wait)
            case Sent():
                return here.arrival.go(VERIFY)

    @door.route(VERIFY, methods=["GET", "POST"])
    def username_verify() -> Response:
        here = enter(face, USERNAME)
        if isinstance(here, Response):
            return here
        visit = here.visit
        asked = credentials.asked(idp, here.owner)

        def page(faults: dict[str, str], *, status: int = 200, tries_left: int | None = None) -> Response:
            if asked is None:
                return here.arrival.go(USERNAME.path)
            contact = asked.choice.contact
            return here.page(
                "username-verify",
                status=status,
                back_url=here.arrival.address(USERNAME.path),
                faults=faults,
                **{
                    **code_facts(visit, asked.challenge, contact, faults, tries_left),
                    "sent_to": contact.readable,
                },
            )

        if not visit.pressed:
            return page({})
        if "resend" in visit.form:
            if asked is None:
                return here.arrival.go(USERNAME.path)
            again = credentials.send(
                idp, here.owner, asked.choice.handle, source=visit.browser.source, now=visit.now
            )
            match again:
                case Sent():
                    return here.arrival.go(VERIFY, sent="again")
                case NotYet(wait):
                    return later(page({"page": again_in("resend_too_early", wait)}, status=429), wait)
                case Limited(retry_after):
                    return later(
                        page({"page": again_in("resend_limit", retry_after)}, status=429), retry_after
                    )
                case Unknown():
                    return here.arrival.go(USERNAME.path)
        form = UsernameVerifyForm.read(visit.form)
        if faults := form.faults():
            return page(faults)
        outcome = credentials.change_username(
            idp, here.owner, form.code.data or "", source=visit.browser.source, now=visit.now
        )
        match outcome:
            case Renamed():
                return here.done("username")
            case Taken():
                return here.arrival.go(USERNAME.path)
            case NotFresh():
                return here.arrival.go("/account/confirm", to=USERNAME.name)
            case Limited(retry_after):
                return later(page({"page": again_in("throttled", retry_after)}, status=429), retry_after)
        return page({"code": outcome.fault}, tries_left=outcome.tries_left)


def _asked_for(here: Entered) -> bool:
    """Whether the customer did not come by themselves: their username ends (journey L)."""
    return here.owner.account.username_ends_at is not None or here.arrival.interaction is not None
