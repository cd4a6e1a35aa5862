"""The second factor of a sign-in (journey D): until it is given, nobody is signed in."""

from dataclasses import replace

from flask import Blueprint, Response, request

from idp.accounts.registry import RegistryDown
from idp.flows import passkeys, second_proof
from idp.flows.authorize import interactions, refusing
from idp.flows.authorize.answering import Lost
from idp.flows.second_proof import AT_SIGN_IN
from idp.flows.sessions import Begun
from idp.web.people import second_proof as pages
from idp.web.people.account import doors
from idp.web.people.account.passkeys import json_answer
from idp.web.people.second_proof import Place
from idp.web.people.visit import Face, Visit

CODE = "/login/code"
PASSKEY = "/login/code/passkey"
"""Gives a browser what a passkey is asked."""
_OWN = "own"


def blueprint(face: Face) -> Blueprint:
    """``/login/code``."""
    door = Blueprint("login_code", __name__)
    idp = face.idp

    @door.route(CODE, methods=["GET", "POST"])
    def login_code() -> Response:
        visit = Visit(face, request)
        visit.must_be_ours()
        named = visit.query.get("interaction")
        interaction = interactions.waiting(idp, named, visit.browser, now=visit.now) if named else None
        to = doors.named(visit.query.get("to")) or doors.ACCOUNT
        if named is not None and interaction is None:
            return visit.page("no-interaction", status=400)
        visit.belongs_to(interaction)
        query = {"to": to.name} if interaction is None else {"interaction": interaction.id}

        def leave() -> Response:
            if interaction is None:
                return visit.go(to.path)
            return visit.go("/authorize/resume", interaction=interaction.id)

        known = second_proof.owner(idp, visit.browser, AT_SIGN_IN, now=visit.now)
        if known is None:
            # Signed in already, or nobody's: the next page knows.
            return leave()
        visit.speaks(known.account.language)
        if visit.pressed and interaction is not None and "cancel" in visit.form:
            declined = refusing.decline(idp, interaction.id, visit.browser, now=visit.now)
            if isinstance(declined, Lost):
                return visit.page("no-interaction", status=400)
            return visit.answer(declined)

        def onward(begun: Begun | None) -> Response:
            if begun is not None and known.account.username_ends_at is not None:
                return visit.go("/account/username", interaction=query.get("interaction"))
            offered = (
                begun is not None
                and visit.form.get("passkey_ready") == "yes"
                and passkeys.to_offer(idp, known.account.sub, now=visit.now)
            )
            return visit.go("/login/offer", **query) if offered else leave()

        place = Place(
            name="login-code",
            path=CODE,
            query=query,
            want=AT_SIGN_IN,
            waiting=_OWN if interaction is None else interaction.id,
            passkey_url=pages.with_query(PASSKEY, query),
            onward=onward,
        )
        return pages.answer(
            visit,
            known,
            place,
            trust_days=idp.settings.lifetimes.trusted_browser // 86400,
            can_cancel=interaction is not None,
            other_user_url=pages.with_query("/login", query),
            activate_url="/recover/activate"
            if interaction is None
            else pages.with_query("/recover/activate", query),
        )

    @door.post(PASSKEY)
    def options() -> Response:
        visit = Visit(face, request)
        visit.must_be_ours()
        known = second_proof.owner(idp, visit.browser, AT_SIGN_IN, now=visit.now)
        if known is None:
            return json_answer(None)
        waiting = visit.query.get("interaction") or _OWN
        return json_answer(second_proof.passkey_options(idp, known, AT_SIGN_IN, waiting, now=visit.now))

    return door


def send_first(visit: Visit, begun: Begun) -> None:
    """Send the code that the next page asks for, by the press that sent the password.

    While the registry is down nothing is sent; that page has a button for it.
    """
    browser = replace(visit.browser, handle=begun.browser, session=begun.handle)
    known = second_proof.owner(visit.idp, browser, AT_SIGN_IN, now=visit.now)
    if known is None:
        return
    try:
        second_proof.send_first(visit.idp, known, AT_SIGN_IN, browser, now=visit.now)
    except RegistryDown:
        return
