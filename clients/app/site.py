"""The app's server: static files, and the settings the files read."""

from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, send_from_directory

from clients import brand
from clients.app.settings import AppSettings
from clients.headers import guard

SCOPE = "openid profile policies"


def create_site(settings: AppSettings) -> Flask:
    """The app's files as a WSGI application; it never calls anybody."""
    app = Flask("clients.app", static_folder="static")
    app.config["MAX_CONTENT_LENGTH"] = 1024

    @app.get("/")
    @app.get("/callback")
    def page() -> Response:
        """One page for both: the code in the callback's address is read in the browser."""
        return app.send_static_file("index.html")

    @app.get("/config.json")
    def config() -> Response:
        return jsonify(
            {
                "issuer": settings.issuer,
                "client_id": settings.client_id,
                "redirect_uri": f"{settings.url}/callback",
                "post_logout_redirect_uri": settings.post_logout_redirect_uri,
                "policies_url": settings.policies_url,
                "account_url": settings.account_url,
                "scope": SCOPE,
            }
        )

    @app.get("/brand/<path:name>", endpoint="brand")
    def brand_file(name: str) -> Response:
        return send_from_directory(brand.FOLDER, name)

    @app.get("/health")
    def health() -> Response:
        return jsonify({"status": "ok"})

    guard(app, content_security_policy(settings), public_url=settings.url)
    return app


def content_security_policy(settings: AppSettings) -> str:
    """Our own files; connections to ourselves, the provider and the policies API; no HTML from strings."""
    reached = " ".join(dict.fromkeys(_origin(url) for url in (settings.issuer, settings.policies_url)))
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src 'self' {reached}; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
