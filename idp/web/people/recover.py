"""The pages of recovery (journey H): who it is, a contact, a code, a second proof, what to keep, a password.

Each page asks the store where the recovery stands and leads there when it is not here; nothing is taken from
the browser but what its own form asks. Up to the right answer no page depends on whether there is an account.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request

from idp.accounts.challenge import Challenge
from idp.accounts.recovery import Means, Stage
from idp.flows import authorize, recover, recover_by_code, recover_by_passkey, recovered
from idp.flows.activation import Wrong
from idp.flows.authenticator import Replayed
from idp.flows.authenticator import Throttled as OwnThrottled
from idp.flows.authenticator import Wrong as WrongOwn
from idp.flows.passkey_sign_in import NotAccepted
from idp.flows.passwords import PasswordRefused
from idp.flows.proving import Limited, NotYet, Sent
from idp.flows.recover import Begun, Kept, NotRegistered, Proven, UnderWay, Unknown
from idp.flows.recovered import Finished, Over, Recovered
from idp.values import Contact, ContactKind, Handle, Malformed, parse_identifier
from idp.web.people.account.passkeys import json_answer
from idp.web.people.enrolling import Arrival, arrive
from idp.web.people.forms import (
    ActivateForm,
    ContactsForm,
    IdentifyForm,
    IdentifyWithBirthDateForm,
    PageForm,
    RecoverFactorsForm,
    RecoverPasswordForm,
    RecoverVerifyForm,
    RecoveryCodeForm,
)
from idp.web.people.register import password_rules
from idp.web.people.visit import Face, Visit
from idp.web.people.words import again_in

STEPS = 4
SECOND_OPTIONS = "/recover/second/passkey"
RECOVERY = "recovery"
"""The cookie that holds the recovery of this browser."""

_PATHS = {
    Stage.CONTACTS: "/recover/contacts",
    Stage.VERIFY: "/recover/verify",
    Stage.SECOND: "/recover/second",
    Stage.FACTORS: "/recover/factors",
    Stage.PASSWORD: "/recover/password",
}

_BY_CODE = {
    Means.AUTHENTICATOR: "/recover/second/app",
    Means.RECOVERY_CODE: "/recover/second/recovery-code",
}
_OWN_CODE: Mapping[Means, tuple[str, type[PageForm]]] = {
    Means.AUTHENTICATOR: ("code", RecoverVerifyForm),
    Means.RECOVERY_CODE: ("recovery_code", RecoveryCodeForm),
}


@dataclass(frozen=True, slots=True)
class Recovering:
    """One request to a page of recovery."""

    face: Face
    arrival: Arrival
    handle: Handle | None

    def under_way(self) -> UnderWay | None:
        """The recovery that this browser holds."""
        visit = self.arrival.visit
        if self.handle is None:
            return None
        return recover.under_way(self.face.idp, self.handle, visit.browser, now=visit.now)

    def finished(self) -> Finished | None:
        """The one it brought to its end."""
        visit = self.arrival.visit
        if self.handle is None:
            return None
        return recovered.finished(self.face.idp, self.handle, visit.browser, now=visit.now)

    def lead(self, known: UnderWay | None = None) -> Response:
        """To what is asked next: of a form sent twice, the second finds the first one's work done."""
        path = None if known is None else _PATHS.get(known.stage)
        if path is not None:
            return self.arrival.go(path)
        return self.arrival.go("/recover/done" if self.finished() is not None else "/recover")

    def go_on(self) -> Response:
        """The same, after something was done."""
        return self.lead(self.under_way())

    def page(self, name: str, step: int, back: str | None, *, status: int = 200, **context: Any) -> Response:
        """A step's page; ``back`` is the path of the one before."""
        return self.arrival.visit.page(
            name,
            status=status,
            step=step,
            steps=STEPS,
            back_url=None if back is None else self.arrival.address(back),
            activate_url=self.arrival.address("/recover/activate"),
            **context,
        )


def blueprint(face: Face) -> Blueprint:
    """``/recover`` and every page under it."""
    door = Blueprint("recover", __name__)
    idp = face.idp

    def recovering() -> Recovering:
        return Recovering(face, arrive(face), face.cookies.handle(request, RECOVERY))

    @door.get("/.well-known/change-password")
    def change_password() -> Response:
        # Where password managers send people (W3C, A Well-Known URL for Changing Passwords).
        return Visit(face, request).go("/account/password")

    @door.route("/recover", methods=["GET", "POST"])
    def identify() -> Response:
        here = recovering()
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
        outcome = recover.begin(
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
                return _later(response, retry_after)
            case Begun(handle):
                onward = here.arrival.go("/recover/contacts")
                return onward if handle is None else visit.keep(onward, RECOVERY, handle)

    @door.route("/recover/contacts", methods=["GET", "POST"])
    def contacts() -> Response:
        here = recovering()
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
                options=_options((option.handle, option.contact) for option in recovery.options),
                case_number=recovery.case_number,
                values={"contact": recovery.chosen},
                faults=faults,
            )

        if not visit.pressed:
            return page({})
        form = ContactsForm.read(visit.form)
        if faults := form.faults():
            return page({name: "unknown" if fault == "too_long" else fault for name, fault in faults.items()})
        outcome = recover.choose(
            idp, known, form.contact.data or "", source=visit.browser.source, now=visit.now
        )
        match outcome:
            case Unknown():
                return page({"contact": "unknown"})
            case Limited(retry_after):
                return _later(page({"page": again_in("resend_limit", retry_after)}, status=429), retry_after)
            case Sent() | NotYet():
                return here.arrival.go("/recover/verify")
            case Proven():
                return here.lead(known)

    @door.route("/recover/activate", methods=["GET", "POST"])
    def activate() -> Response:
        here = recovering()
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
            outcome = recover.activate(
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
                return _later(
                    page(form.values(), {"page": again_in("throttled", retry_after)}, status=429), retry_after
                )
            case NotRegistered():
                return here.arrival.go("/register/activate")
            case Wrong():
                return page(form.values(), {"activation_code": "activation_wrong"})

    @door.route("/recover/verify", methods=["GET", "POST"])
    def verify() -> Response:
        here = recovering()
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
                **_code_facts(here, known, known.challenge, sent_to, faults, tries_left),
            )

        if not visit.pressed:
            return page({})
        if "resend" in visit.form:
            again = recover.resend(idp, known, source=visit.browser.source, now=visit.now)
            return _resent(here, again, "/recover/verify", page)
        form = RecoverVerifyForm.read(visit.form)
        if faults := form.faults():
            return page(faults)
        outcome = recover.answer(idp, known, form.code.data or "", source=visit.browser.source, now=visit.now)
        match outcome:
            case Proven():
                return here.go_on()
            case Limited(retry_after):
                return _later(page({"page": again_in("throttled", retry_after)}, status=429), retry_after)
        return page({"code": outcome.fault}, tries_left=outcome.tries_left)

    @door.route("/recover/second", methods=["GET", "POST"])
    def second() -> Response:
        here = recovering()
        visit, known = here.arrival.visit, here.under_way()
        if known is None or known.stage is not Stage.SECOND:
            return here.lead(known)
        ways = recover.second_ways(idp, known)
        by_passkey = recover_by_passkey.is_asked(known)
        sent = None if "choose" in visit.query else recover.second_under_way(idp, known)

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
                        "options": _options((way.handle, way.contact) for way in ways),
                        "values": {},
                    }
                    if sent is None
                    else {
                        "stage": "code",
                        "others_url": here.arrival.address("/recover/second", choose="again")
                        if len(ways) > 1 or by_passkey or recover_by_code.asked(known)
                        else None,
                        **_code_facts(here, known, known.challenge, sent.contact, faults, tries_left),
                    }
                ),
            )

        if not visit.pressed:
            return page({})
        if "credential" in visit.form:
            confirmed = recover_by_passkey.confirm(
                idp, known, visit.form["credential"], visit.browser, now=visit.now
            )
            return page({"page": "passkey_refused"}) if isinstance(confirmed, NotAccepted) else here.go_on()
        if sent is None and not ways:
            return page({})
        if sent is None:
            chosen = ContactsForm.read(visit.form)
            if faults := chosen.faults():
                return page({"contact": "required" if "required" in faults.values() else "unknown"})
            asked = recover.send_second(
                idp, known, chosen.contact.data or "", source=visit.browser.source, now=visit.now
            )
            match asked:
                case Unknown():
                    return page({"contact": "unknown"})
                case Limited(retry_after):
                    return _later(
                        page({"page": again_in("resend_limit", retry_after)}, status=429), retry_after
                    )
                case Sent() | NotYet():
                    return here.arrival.go("/recover/second")
        if "resend" in visit.form:
            again = recover.send_second(idp, known, sent.handle, source=visit.browser.source, now=visit.now)
            return _resent(here, again, "/recover/second", page)
        form = RecoverVerifyForm.read(visit.form)
        if faults := form.faults():
            return page(faults)
        outcome = recover.answer_second(
            idp, known, form.code.data or "", source=visit.browser.source, now=visit.now
        )
        match outcome:
            case Proven():
                return here.go_on()
            case Limited(retry_after):
                return _later(page({"page": again_in("throttled", retry_after)}, status=429), retry_after)
        return page({"code": outcome.fault}, tries_left=outcome.tries_left)

    @door.route(_BY_CODE[Means.AUTHENTICATOR], methods=["GET", "POST"])
    def second_by_app() -> Response:
        return by_own_code(Means.AUTHENTICATOR)

    @door.route(_BY_CODE[Means.RECOVERY_CODE], methods=["GET", "POST"])
    def second_by_recovery_code() -> Response:
        return by_own_code(Means.RECOVERY_CODE)

    def by_own_code(means: Means) -> Response:
        here = recovering()
        visit, known = here.arrival.visit, here.under_way()
        if known is None or means not in recover_by_code.asked(known):
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
        match recover_by_code.confirm(idp, known, means, typed, source=source, now=visit.now):
            case Proven():
                return here.go_on()
            case OwnThrottled(retry_after):
                return _later(page({"page": "throttled"}, status=429), retry_after)
            case WrongOwn(fault) | Replayed(fault):
                now_known = here.under_way()
                # Of a form sent twice, the second finds the first one's work done.
                if now_known is None or now_known.stage is not Stage.SECOND:
                    return here.lead(now_known)
                return page({field: fault})

    @door.post(SECOND_OPTIONS)
    def second_options() -> Response:
        here = recovering()
        visit, known = here.arrival.visit, here.under_way()
        if known is None:
            return json_answer(None)
        return json_answer(recover_by_passkey.options(idp, known, now=visit.now))

    @door.route("/recover/factors", methods=["GET", "POST"])
    def factors() -> Response:
        here = recovering()
        visit, known = here.arrival.visit, here.under_way()
        if known is None or known.stage not in (Stage.FACTORS, Stage.PASSWORD):
            return here.lead(known)
        shown = recover.factors(idp, known)
        if not shown:
            return here.lead(known)
        if visit.pressed:
            kept = RecoverFactorsForm.read(visit.form).kept
            match recover.keep(idp, known, kept, now=visit.now):
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
        here = recovering()
        visit, known = here.arrival.visit, here.under_way()
        if known is None or known.stage is not Stage.PASSWORD or known.owner is None:
            return here.lead(known)
        username = recovered.username_of(idp, known.owner)
        back = "/recover/factors" if recover.factors(idp, known) else None

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
        outcome = recovered.set_password(
            idp, known, form.new_password.data or "", visit.browser, now=visit.now
        )
        match outcome:
            case PasswordRefused(fault):
                return page({"new_password": fault})
            case Limited(retry_after):
                return _later(page({"page": again_in("throttled", retry_after)}, status=429), retry_after)
            case Recovered() | Over():
                return here.go_on()

    @door.route("/recover/done", methods=["GET", "POST"])
    def done() -> Response:
        here = recovering()
        visit, finished = here.arrival.visit, here.finished()
        if finished is None:
            return here.lead(here.under_way())
        # Whoever came by themselves goes on to the insurer's first portal.
        portal = next(iter(idp.settings.brand.portal_links.values()), None)
        interaction = here.arrival.interaction
        if interaction is None and finished.interaction_id is not None:
            waiting = authorize.waiting(idp, finished.interaction_id, visit.browser, now=visit.now)
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

    return door


def _options(choices: Any) -> list[dict[str, str]]:
    return [{"handle": handle, "kind": contact.kind, "mask": contact.masked} for handle, contact in choices]


def _code_facts(
    here: Recovering,
    known: UnderWay,
    challenge: Challenge | None,
    sent_to: Contact,
    faults: dict[str, str],
    tries_left: int | None,
) -> dict[str, Any]:
    """What a page that asks for a code says about it."""
    visit = here.arrival.visit
    # The last wrong try ended the code, whatever was read before it.
    over = challenge is None or not challenge.live(visit.now) or faults.get("code") == "code_expired"
    return {
        "channel": "email" if sent_to.kind is ContactKind.EMAIL else "sms",
        "sent_to": sent_to.masked,
        "expires_in": 0 if challenge is None or over else challenge.expires_at - visit.now,
        "resend_in": recover.resend_wait(here.face.idp, known, now=visit.now),
        "resent": "sent" in visit.query,
        "tries_left": tries_left,
    }


def _resent(here: Recovering, outcome: Sent | NotYet | Limited | Unknown, path: str, page: Any) -> Response:
    match outcome:
        case Sent():
            return here.arrival.go(path, sent="again")
        case NotYet(wait):
            return _later(page({"page": again_in("resend_too_early", wait)}, status=429), wait)
        case Limited(retry_after):
            return _later(page({"page": again_in("resend_limit", retry_after)}, status=429), retry_after)
        case Unknown():
            return here.go_on()


def _url_of(here: Recovering, known: UnderWay, means: Means) -> str | None:
    """Where a code of one's own is typed, where one would do."""
    return here.arrival.address(_BY_CODE[means]) if means in recover_by_code.asked(known) else None


def _later(response: Response, retry_after: int) -> Response:
    response.headers["Retry-After"] = str(retry_after)
    return response
