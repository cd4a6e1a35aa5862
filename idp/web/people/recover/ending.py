"""What stays, the new password, and the end."""

from flask import Blueprint, Response

from idp.accounts.recovery import Stage
from idp.flows.authorize import interactions
from idp.flows.passwords import PasswordRefused
from idp.flows.proving import Limited
from idp.flows.recover import ending, keeping
from idp.flows.recover.ending import Over, Recovered
from idp.flows.recover.keeping import Kept
from idp.flows.recover.progress import Unknown
from idp.web.people.forms import RecoverFactorsForm, RecoverPasswordForm
from idp.web.people.recover.recovering import RECOVERY, recovering
from idp.web.people.register import password_rules
from idp.web.people.visit import Face, later
from idp.web.people.words import again_in


def install(door: Blueprint, face: Face) -> None:
    """``/recover/factors``, ``/recover/password`` and ``/recover/done``."""
    idp = face.idp

    @door.route("/recover/factors", methods=["GET", "POST"])
    def factors() -> Response:
        here = recovering(face)
        visit, known = here.arrival.visit, here.under_way()
        if known is None or known.stage not in (Stage.FACTORS, Stage.PASSWORD):
            return here.lead(known)
        shown = keeping.factors(idp, known)
        if not shown:
            return here.lead(known)
        if visit.pressed:
            kept = RecoverFactorsForm.read(visit.form).kept
            match keeping.keep(idp, known, kept, now=visit.now):
                case Kept() | Unknown():
                    return here.go_on()
        return here.page(
            "recover-factors",
            4,
            None,
            factors=[
                {
                    "handle": factor.handle,
                    "kind": factor.kind,
                    "name": factor.name,
                    "added_at": factor.added_at,
                    "just_used": factor.just_used,
                }
                for factor in shown
            ],
            faults={},
        )

    @door.route("/recover/password", methods=["GET", "POST"])
    def password() -> Response:
        here = recovering(face)
        visit, known = here.arrival.visit, here.under_way()
        if known is None or known.stage is not Stage.PASSWORD or known.owner is None:
            return here.lead(known)
        username = ending.username_of(idp, known.recovery, known.owner)
        back = "/recover/factors" if keeping.factors(idp, known) else None

        def page(faults: dict[str, str], *, status: int = 200) -> Response:
            return here.page(
                "recover-password",
                4,
                back,
                status=status,
                rules=password_rules(face),
                username=username.readable,
                faults=faults,
            )

        if not visit.pressed:
            return page({})
        form = RecoverPasswordForm.read(visit.form)
        if faults := form.faults():
            return page(faults)
        outcome = ending.set_password(idp, known, form.new_password.data or "", visit.browser, now=visit.now)
        match outcome:
            case PasswordRefused(fault):
                return page({"new_password": fault})
            case Limited(retry_after):
                return later(page({"page": again_in("throttled", retry_after)}, status=429), retry_after)
            case Recovered() | Over():
                return here.go_on()

    @door.route("/recover/done", methods=["GET", "POST"])
    def done() -> Response:
        here = recovering(face)
        visit, finished = here.arrival.visit, here.finished()
        if finished is None:
            return here.lead(here.under_way())
        # Whoever came by themselves goes on to the insurer's first portal.
        portal = next(iter(idp.settings.brand.portal_links.values()), None)
        interaction = here.arrival.interaction
        if interaction is None and finished.interaction_id is not None:
            waiting = interactions.waiting(idp, finished.interaction_id, visit.browser, now=visit.now)
            interaction = None if waiting is None else waiting.id
        if visit.pressed and interaction is not None:
            # The sign-in page fills the username in, and forgets the recovery then.
            return visit.go("/login", interaction=interaction)
        if visit.pressed:
            onward = visit.page("no-interaction") if portal is None else visit.leave(portal)
            return visit.forget(onward, RECOVERY)
        if interaction is None and portal is not None:
            visit.leads_to(portal)
        return visit.page(
            "recover-done", username=finished.username.readable, limited_until=finished.limited_until
        )
