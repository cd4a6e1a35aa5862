"""Headers every answer of the relying parties carries."""

from flask import Flask, Response, request

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def guard(app: Flask, content_security_policy: str, *, public_url: str) -> None:
    """Every answer of `app` carries the content policy; none but static files is kept by a cache.

    On https it also asks for https ever after (ASVS 3.4.1).
    """

    def dress(answer: Response) -> Response:
        answer.headers.setdefault("Content-Security-Policy", content_security_policy)
        for name, value in EVERYWHERE.items():
            answer.headers.setdefault(name, value)
        if public_url.startswith("https://"):
            answer.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        if request.endpoint not in ("static", "brand"):
            answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    app.after_request(dress)
