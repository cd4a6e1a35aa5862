"""The doors of signing out: here, at the provider, and when the provider says so."""

import hmac
import secrets
from urllib.parse import urlencode

from flask import Blueprint, current_app, jsonify, redirect, request
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from clients.portal.logout_token import read_logout_token
from clients.portal.pages import Page
from clients.portal.parts import Parts, current_session
from clients.provider import ProviderUnavailable
from clients.tokens import TokenRefused


def sign_out_doors(parts: Parts, page: Page) -> Blueprint:
    """`/logout` and `/backchannel-logout`."""
    doors = Blueprint("sign_out", __name__)

    @doors.get("/logout")
    def ask() -> Response:
        """A link cannot sign anybody out: who follows one is asked."""
        if current_session().signed_in is None:
            return redirect("/", 303)
        return page.render("sign_out.html")

    @doors.post("/logout")
    def logout() -> Response:
        session = current_session()
        who = session.signed_in
        if who is None:
            return redirect("/", 303)
        if not hmac.compare_digest(request.form.get("form_token", "").encode(), session.form_token.encode()):
            raise BadRequest("form_token")
        session.sign_out()
        if who.tokens.refresh is not None:
            try:
                parts.client.revoke(who.tokens.refresh)
            except (OSError, ValueError, ProviderUnavailable) as fault:
                current_app.logger.warning("the refresh token was not revoked: %s", type(fault).__name__)
        try:
            end_session = parts.provider.endpoint("end_session_endpoint")
        except ProviderUnavailable:
            return page.render("signed_out_here.html", status=503)
        session.logout_state = secrets.token_urlsafe(24)
        question = urlencode(
            {
                "id_token_hint": who.tokens.id_token,
                "client_id": parts.settings.client_id,
                "post_logout_redirect_uri": parts.settings.post_logout_redirect_uri,
                "state": session.logout_state,
                "ui_locales": page.languages_elsewhere(),
            }
        )
        return redirect(f"{end_session}{'&' if '?' in end_session else '?'}{question}", 303)

    @doors.post("/backchannel-logout")
    def backchannel_logout() -> tuple[Response, int]:
        """Ends the sessions a logout token speaks of; answers 200 when none is left (§2.8)."""
        tokens = request.form.getlist("logout_token")
        try:
            if len(tokens) != 1:
                raise TokenRefused("one logout token is expected")
            order = read_logout_token(
                tokens[0],
                provider=parts.provider,
                client_id=parts.settings.client_id,
                seen=parts.seen,
                now=parts.now(),
            )
        except TokenRefused as fault:
            current_app.logger.warning("a logout token was refused: %s", fault)
            return jsonify({"error": "invalid_request", "error_description": str(fault)}), 400
        except ProviderUnavailable:
            return jsonify({"error": "temporarily_unavailable"}), 503
        parts.sessions.end_by_provider(subject=order.subject, provider_session=order.provider_session)
        return jsonify({}), 200

    return doors
