"""The portal put together."""

import re
import secrets
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Flask, jsonify, redirect, request, send_from_directory
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from clients import brand
from clients.clock import Clock, unix_now
from clients.headers import guard
from clients.outbound import outbound_client
from clients.portal.authorization_response import SignInFailed
from clients.portal.customer_area import customer_area
from clients.portal.languages import load_languages
from clients.portal.logout_token import SeenTokens
from clients.portal.oidc_client import register_client
from clients.portal.pages import Page
from clients.portal.parts import Parts
from clients.portal.payouts import payout_doors
from clients.portal.policies_reader import PoliciesReader
from clients.portal.sessions import CookieSessions, SessionStore
from clients.portal.settings import PortalSettings
from clients.portal.sign_in import sign_in_doors
from clients.portal.sign_out import sign_out_doors
from clients.provider import Provider, ProviderUnavailable

HOST_FREE = ("/health", "/backchannel-logout")
ERROR_CODE = re.compile(r"[a-z0-9_]{1,64}")
FAILURES = {
    "access_denied": ("cancelled", 400),
    "unknown_state": ("interrupted", 400),
    "invalid_grant": ("interrupted", 400),
    "temporarily_unavailable": ("unavailable", 503),
    "server_error": ("unavailable", 503),
    "wrong_issuer": ("unsafe", 400),
    "invalid_token": ("unsafe", 400),
    "repeated_parameter": ("unsafe", 400),
}
"""What the customer is told for an error of a sign-in, and the status of the page that tells it."""


def create_portal(settings: PortalSettings, now: Clock = unix_now) -> Flask:
    """The portal as a WSGI application; it calls its provider only when somebody signs in."""
    app = Flask("clients.portal", static_folder="static", template_folder="templates")
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    http = outbound_client(settings.ca_file)
    provider = Provider(settings.issuer, http, now)
    sessions = SessionStore(now)
    app.session_interface = CookieSessions(sessions, settings.cookie("session"), settings.is_https)
    parts = Parts(
        settings=settings,
        now=now,
        http=http,
        provider=provider,
        client=register_client(app, settings, provider, now),
        sessions=sessions,
        seen=SeenTokens(now),
        policies=PoliciesReader(http, settings.policies_url),
    )
    page = Page(settings, load_languages())
    app.register_blueprint(customer_area(parts, page))
    app.register_blueprint(payout_doors(parts, page))
    app.register_blueprint(sign_in_doors(parts, page))
    app.register_blueprint(sign_out_doors(parts, page))
    _serve_the_rest(app, settings, page)
    guard(app, content_security_policy(settings), public_url=settings.url)
    return app


def content_security_policy(settings: PortalSettings) -> str:
    """Nothing but our own styles and pictures; the sign-out form leads on to the provider.

    Chromium holds `form-action` against every redirect after a form, hence the provider's origin.
    """
    issuer = urlsplit(settings.issuer)
    return (
        "default-src 'none'; style-src 'self'; img-src 'self'; "
        f"form-action 'self' {issuer.scheme}://{issuer.netloc}; frame-ancestors 'none'; base-uri 'none'"
    )


def _serve_the_rest(app: Flask, settings: PortalSettings, page: Page) -> None:
    public_host = urlsplit(settings.url).netloc

    @app.before_request
    def one_address() -> Response | None:
        """Cookies and the provider's redirects belong to one host name: pages live there only."""
        if request.host == public_host or request.path in HOST_FREE:
            return None
        return redirect(settings.url + request.path, 302)

    @app.get("/health")
    def health() -> Response:
        return jsonify({"status": "ok"})

    @app.get("/brand/<path:name>", endpoint="brand")
    def brand_file(name: str) -> Response:
        return send_from_directory(brand.FOLDER, name)

    def fail(code: str) -> Response:
        words, status = FAILURES.get(code, ("failed", 400))
        case = secrets.token_hex(4)
        # The provider's words come through the browser: only what looks like an error code is shown, logged.
        shown = code if ERROR_CODE.fullmatch(code) else "unknown_error"
        app.logger.warning("sign-in failed: %s (case %s)", shown, case)
        return page.render("error.html", status=status, words=words, code=shown, case=case)

    @app.errorhandler(SignInFailed)
    def sign_in_failed(failure: SignInFailed) -> Response:
        return fail(failure.code)

    @app.errorhandler(ProviderUnavailable)
    def provider_unavailable(fault: ProviderUnavailable) -> Response:
        app.logger.warning("the provider is unavailable: %s", fault)
        return fail("temporarily_unavailable")

    @app.errorhandler(HTTPException)
    def http_problem(problem: HTTPException) -> Response:
        status = problem.code or HTTPStatus.INTERNAL_SERVER_ERROR
        words = "missing" if status == HTTPStatus.NOT_FOUND else "broken" if status >= 500 else "failed"
        name = problem.name.lower().replace(" ", "_")
        return page.render("error.html", status=status, words=words, code=name, case=secrets.token_hex(4))
