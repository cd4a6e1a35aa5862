"""Registering or changing a mobile number (journey G): the form, its code, and an activation code."""

from typing import Any

from flask import Blueprint, Response

from idp.flows.fresh import NotFresh
from idp.flows.mobile import answering, asking, making_good, numbers
from idp.flows.mobile.answering import Usable, Waits
from idp.flows.mobile.asking import NotUsable, Sent
from idp.flows.mobile.making_good import Confirmed
from idp.flows.proving import Limited, NotYet
from idp.values import Malformed, MobileNumber
from idp.web.people.account.doors import MOBILE, MOBILE_CONFIRM
from idp.web.people.account.entering import Entered, enter
from idp.web.people.account.own_activation import typed_code
from idp.web.people.forms import MobileForm, MobileVerifyForm
from idp.web.people.second_proof import code_facts
from idp.web.people.visit import Face, later
from idp.web.people.words import again_in

VERIFY = "/account/mobile/verify"
_HOUR = 3600


def install(door: Blueprint, face: Face) -> None:
    """``/account/mobile`` and the pages under it."""
    idp = face.idp

    def form_page(
        here: Entered, values: dict[str, Any], faults: dict[str, str], *, status: int = 200
    ) -> Response:
        present = numbers.mobile_of(idp, here.owner.account)
        return here.page(
            "mobile",
            status=status,
            mobile=None if present is None or present.lost else present.number.readable,
            hold_hours=max(1, idp.settings.lifetimes.pending_hold // _HOUR),
            back_url="/account",
            values=values,
            faults=faults,
        )

    @door.route(MOBILE.path, methods=["GET", "POST"])
    def mobile_number() -> Response:
        here = enter(face, MOBILE)
        if isinstance(here, Response):
            return here
        visit = here.visit
        if not visit.pressed:
            refused = visit.query.get("refused") == "yes"
            return form_page(here, {}, {"mobile": "mobile_not_usable"} if refused else {})
        form = MobileForm.read(visit.form)
        if faults := form.faults():
            return form_page(here, form.values(), faults)
        try:
            typed = MobileNumber.parse(form.mobile.data or "")
        except Malformed as malformed:
            return form_page(here, form.values(), {"mobile": malformed.reason})
        outcome = asking.begin(
            idp,
            here.owner,
            typed,
            old_lost=bool(form.old_lost.data),
            source=visit.browser.source,
            now=visit.now,
        )
        match outcome:
            case NotFresh():
                return visit.go("/account/confirm", to=MOBILE.name)
            case NotUsable(fault):
                return form_page(here, form.values(), {"mobile": fault})
            case Limited(retry_after):
                return later(
                    form_page(
                        here, form.values(), {"page": again_in("resend_limit", retry_after)}, status=429
                    ),
                    retry_after,
                )
            case NotYet(wait):
                known = asking.under_way(idp, here.owner)
                if known is not None and known.number == typed:
                    return visit.go(VERIFY)
                too_early = {"page": again_in("resend_too_early", wait)}
                return later(form_page(here, form.values(), too_early, status=429), wait)
            case Sent():
                return visit.go(VERIFY)

    @door.route(VERIFY, methods=["GET", "POST"])
    def mobile_verify() -> Response:
        here = enter(face, MOBILE)
        if isinstance(here, Response):
            return here
        visit = here.visit
        known = asking.under_way(idp, here.owner)

        def page(faults: dict[str, str], *, status: int = 200, tries_left: int | None = None) -> Response:
            if known is None:
                return visit.go(MOBILE.path)
            return here.page(
                "mobile-verify",
                status=status,
                back_url=MOBILE.path,
                faults=faults,
                **{
                    **code_facts(visit, known.challenge, known.number, faults, tries_left),
                    "sent_to": known.number.readable,
                },
            )

        if not visit.pressed:
            return page({})
        if "resend" in visit.form:
            if known is None:
                return visit.go(MOBILE.path)
            again = asking.resend(idp, here.owner, known, source=visit.browser.source, now=visit.now)
            match again:
                case Sent():
                    return visit.go(VERIFY, sent="again")
                case NotYet(wait):
                    return later(page({"page": again_in("resend_too_early", wait)}, status=429), wait)
                case Limited(retry_after):
                    return later(
                        page({"page": again_in("resend_limit", retry_after)}, status=429), retry_after
                    )
        form = MobileVerifyForm.read(visit.form)
        if faults := form.faults():
            return page(faults)
        outcome = answering.answer(
            idp, here.owner, form.code.data or "", source=visit.browser.source, now=visit.now
        )
        match outcome:
            case Waits():
                return visit.go("/account", done="mobile-pending")
            case Usable():
                return visit.go("/account", done="mobile-confirmed")
            case NotUsable():
                return visit.go(MOBILE.path, refused="yes")
            case NotFresh():
                return visit.go("/account/confirm", to=MOBILE.name)
            case Limited(retry_after):
                return later(page({"page": again_in("throttled", retry_after)}, status=429), retry_after)
        return page({"code": outcome.fault}, tries_left=outcome.tries_left)

    @door.route(MOBILE_CONFIRM.path, methods=["GET", "POST"])
    def mobile_confirm() -> Response:
        here = enter(face, MOBILE_CONFIRM)
        if isinstance(here, Response):
            return here
        visit = here.visit
        waits = numbers.pending_of(idp, here.owner.account)
        if waits is None:
            return visit.go("/account")

        def page(faults: dict[str, str], *, status: int = 200) -> Response:
            return here.page(
                "mobile-confirm",
                status=status,
                mobile=waits.number.readable,
                usable_at=waits.usable_at,
                back_url="/account",
                values={},
                faults=faults,
            )

        if not visit.pressed:
            return page({})
        outcome = typed_code(
            visit,
            page,
            lambda code: making_good.confirm_with_code(idp, here.owner, code, visit.browser, now=visit.now),
        )
        if isinstance(outcome, Response):
            return outcome
        if isinstance(outcome, NotFresh):
            return visit.go("/account/confirm", to=MOBILE_CONFIRM.name)
        return visit.go("/account", done="mobile-confirmed" if isinstance(outcome, Confirmed) else None)
