"""A second proof: a code to another contact, one of the customer's own codes, or a passkey."""

from collections.abc import Mapping
from functools import partial

from flask import Blueprint, Response

from idp.accounts.recovery import Means, Stage
from idp.flows.authenticator import Replayed
from idp.flows.authenticator import Throttled as OwnThrottled
from idp.flows.authenticator import Wrong as WrongOwn
from idp.flows.own_passkey import NotAccepted
from idp.flows.proving import Limited, NotYet, Sent
from idp.flows.recover import own_code, passkey, second_code
from idp.flows.recover.progress import Proven, UnderWay, Unknown
from idp.web.people.account.passkeys import json_answer
from idp.web.people.forms import ContactsForm, PageForm, RecoverVerifyForm, RecoveryCodeForm
from idp.web.people.recover.recovering import Recovering, options, recovering, resent, typed_code
from idp.web.people.second_proof import code_facts
from idp.web.people.visit import Face, later
from idp.web.people.words import again_in

SECOND_OPTIONS = "/recover/second/passkey"

_BY_CODE = {
    Means.AUTHENTICATOR: "/recover/second/app",
    Means.RECOVERY_CODE: "/recover/second/recovery-code",
}
_OWN_CODE: Mapping[Means, tuple[str, type[PageForm]]] = {
    Means.AUTHENTICATOR: ("code", RecoverVerifyForm),
    Means.RECOVERY_CODE: ("recovery_code", RecoveryCodeForm),
}


def install(door: Blueprint, face: Face) -> None:
    """``/recover/second`` and what is under it."""
    idp = face.idp

    @door.route("/recover/second", methods=["GET", "POST"])
    def second() -> Response:
        here = recovering(face)
        visit, known = here.arrival.visit, here.under_way()
        if known is None or known.stage is not Stage.SECOND:
            return here.lead(known)
        ways = second_code.ways(idp, known)
        by_passkey = passkey.is_asked(known)
        sent = None if "choose" in visit.query else second_code.under_way(idp, known)

        def page(faults: dict[str, str], *, status: int = 200, tries_left: int | None = None) -> Response:
            return here.page(
                "recover-second",
                4,
                None,
                status=status,
                recovery_code_url=_url_of(here, known, Means.RECOVERY_CODE),
                app_url=_url_of(here, known, Means.AUTHENTICATOR),
                passkey_url=here.arrival.address(SECOND_OPTIONS) if by_passkey else None,
                case_number=known.recovery.case_number,
                faults=faults,
                **(
                    {
                        "stage": "choose",
                        "options": options((way.handle, way.contact) for way in ways),
                        "values": {},
                    }
                    if sent is None
                    else {
                        "stage": "code",
                        "others_url": here.arrival.address("/recover/second", choose="again")
                        if len(ways) > 1 or by_passkey or own_code.asked(known)
                        else None,
                        **code_facts(visit, known.challenge, sent.contact, faults, tries_left),
                    }
                ),
            )

        if not visit.pressed:
            return page({})
        if "credential" in visit.form:
            confirmed = passkey.confirm(idp, known, visit.form["credential"], visit.browser, now=visit.now)
            return page({"page": "passkey_refused"}) if isinstance(confirmed, NotAccepted) else here.go_on()
        if sent is None and not ways:
            return page({})
        if sent is None:
            chosen = ContactsForm.read(visit.form)
            if faults := chosen.faults():
                return page({"contact": "required" if "required" in faults.values() else "unknown"})
            asked = second_code.send(
                idp, known, chosen.contact.data or "", source=visit.browser.source, now=visit.now
            )
            match asked:
                case Unknown():
                    return page({"contact": "unknown"})
                case Limited(retry_after):
                    return later(
                        page({"page": again_in("resend_limit", retry_after)}, status=429), retry_after
                    )
                case NotYet(wait):
                    return later(page({"page": again_in("resend_too_early", wait)}, status=429), wait)
                case Sent():
                    return here.arrival.go("/recover/second")
        if "resend" in visit.form:
            again = second_code.send(idp, known, sent.handle, source=visit.browser.source, now=visit.now)
            return resent(here, again, "/recover/second", page)
        return typed_code(here, page, partial(second_code.answer, idp, known))

    @door.route(_BY_CODE[Means.AUTHENTICATOR], methods=["GET", "POST"])
    def second_by_app() -> Response:
        return by_own_code(Means.AUTHENTICATOR)

    @door.route(_BY_CODE[Means.RECOVERY_CODE], methods=["GET", "POST"])
    def second_by_recovery_code() -> Response:
        return by_own_code(Means.RECOVERY_CODE)

    def by_own_code(means: Means) -> Response:
        here = recovering(face)
        visit, known = here.arrival.visit, here.under_way()
        if known is None or means not in own_code.asked(known):
            return here.lead(known)

        def page(faults: dict[str, str], *, status: int = 200) -> Response:
            return here.page(
                "recover-own-code",
                4,
                "/recover/second",
                status=status,
                means=means,
                case_number=known.recovery.case_number,
                values={},
                faults=faults,
            )

        if not visit.pressed:
            return page({})
        field, form_type = _OWN_CODE[means]
        form = form_type.read(visit.form)
        if faults := form.faults():
            return page(faults)
        typed = str(form[field].data or "")
        source = visit.browser.source
        match own_code.confirm(idp, known, means, typed, source=source, now=visit.now):
            case Proven():
                return here.go_on()
            case OwnThrottled(retry_after):
                return later(page({"page": "throttled"}, status=429), retry_after)
            case WrongOwn(fault) | Replayed(fault):
                now_known = here.under_way()
                # Of a form sent twice, the second finds the first one's work done.
                if now_known is None or now_known.stage is not Stage.SECOND:
                    return here.lead(now_known)
                return page({field: fault})

    @door.post(SECOND_OPTIONS)
    def second_options() -> Response:
        here = recovering(face)
        visit, known = here.arrival.visit, here.under_way()
        if known is None:
            return json_answer(None)
        return json_answer(passkey.options(idp, known, now=visit.now))


def _url_of(here: Recovering, known: UnderWay, means: Means) -> str | None:
    """Where a code of one's own is typed, where one would do."""
    return here.arrival.address(_BY_CODE[means]) if means in own_code.asked(known) else None
