"""The people's face, put together: every door, the static files, the headers and the error pages."""

from flask import Flask, Response, request

from idp.flows.idp import Idp
from idp.web.people import (
    account,
    authorize,
    errors,
    identify,
    inbox,
    legal,
    link,
    login,
    login_code,
    logout,
    operation,
    passkey_offer,
    recover,
    register,
)
from idp.web.people.cookies import Cookies
from idp.web.people.pages import Pages
from idp.web.people.visit import Face, Visit

PERMISSIONS = (
    "publickey-credentials-create=(self), publickey-credentials-get=(self), otp-credentials=(self), "
    "camera=(), geolocation=(), microphone=(), payment=()"
)


def create(idp: Idp, pages: Pages, *, messages: inbox.Messages | None) -> Flask:
    """The Flask application of the pages; ``messages`` opens the development inbox."""
    app = Flask("idp.web.people", static_folder=None, template_folder=None)
    face = Face(idp, pages, Cookies(idp.issuer))
    for door in (authorize, login, login_code, passkey_offer, operation, register, identify, link):
        app.register_blueprint(door.blueprint(face))
    for door in (recover, account, logout, legal):
        app.register_blueprint(door.blueprint(face))
    if messages is not None:
        app.register_blueprint(inbox.blueprint(face, messages))

    @app.get("/")
    def front() -> Response:
        return Visit(face, request).page("no-interaction")

    @app.get("/static/<path:name>")
    def static(name: str) -> Response:
        del name
        found = pages.static_files.find(request.path)
        if found is None:
            return errors.error_page(Visit(face, request), 404)
        packed = "gzip" in request.headers.get("Accept-Encoding", "") and found.gzipped is not None
        return Response(found.gzipped if packed else found.content, headers=found.headers(packed=packed))

    errors.install(app, face)

    @app.after_request
    def headers(response: Response) -> Response:
        # What holds for every answer of the service is added by the entry.
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return app
