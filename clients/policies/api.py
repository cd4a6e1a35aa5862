"""The API's addresses."""

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from clients.clock import Clock, unix_now
from clients.headers import guard
from clients.outbound import outbound_client
from clients.policies.access import Denied, Gate, Presented, denial
from clients.policies.introspection import Liveness
from clients.policies.orders import Malformed, Order, read_order
from clients.policies.payouts import AlreadyUsed, Payout, Payouts
from clients.policies.portfolio import LANGUAGES, demo_portfolio
from clients.policies.proof import Proofs
from clients.policies.settings import PoliciesSettings
from clients.policies.step_up import PAYOUT, challenge
from clients.provider import Provider, ProviderUnavailable

NOTHING_TO_RENDER = "default-src 'none'; frame-ancestors 'none'"


def create_api(settings: PoliciesSettings, now: Clock = unix_now) -> Flask:
    """The policies API as a WSGI application; it calls its provider only when the first token arrives."""
    app = Flask("clients.policies", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 16 * 1024
    http = outbound_client(settings.ca_file)
    provider = Provider(settings.issuer, http, now)
    gate = Gate(provider, settings.audience, now, Proofs(settings.audience, now))
    portfolio = demo_portfolio()
    payouts = Payouts(settings.payouts_file)
    payouts.prepare()
    liveness = Liveness(provider, http, settings.introspection) if settings.introspection else None

    @app.get("/health")
    def health() -> Response:
        return jsonify({"status": "ok"})

    @app.get("/policies")
    def policies() -> Response:
        reader, _ = gate.admit(request)
        held = portfolio.held_by(reader.customer_number, language(), now())
        for policy in held:
            policy["payouts"] = [_listed(payout) for payout in payouts.on(policy["number"])]
        return in_language({"customer_number": reader.customer_number, "demo": True, "policies": held})

    @app.get("/policies/<number>/documents")
    def documents(number: str) -> Response:
        reader, token = gate.admit(request)
        see_alive(token, reader.scheme)
        found = portfolio.documents(reader.customer_number, number, language(), now())
        if found is None:
            # The same answer for another customer's policy and for none: numbers must not be probed.
            return fault(404, "not_found")
        return in_language({"number": number, "demo": True, "documents": found})

    @app.post("/policies/<number>/payouts")
    def pay(number: str) -> Response | tuple[Response, int]:
        """Accept an order that its customer approved, once."""
        shown = gate.verify(request)
        customer = shown.customer_number
        try:
            order = read_order(number, request.get_json(silent=True))
        except Malformed as malformed:
            return jsonify({"error": "invalid_request", "fields": malformed.fields}), 400
        active = portfolio.is_active(customer, number)
        if active is None:
            return fault(404, "not_found")
        if not active:
            return fault(409, "policy_ended")
        approved(shown, order)
        see_alive(shown.token, shown.scheme)
        try:
            payout = payouts.accept(order, shown.claims["jti"], now())
        except AlreadyUsed as used:
            raise Denied(401, "invalid_token", "the approval was used before", shown.scheme) from used
        return jsonify({"demo": True, "number": number, "status": "accepted", **_listed(payout)}), 201

    def approved(shown: Presented, order: Order) -> None:
        """Return when the token carries the customer's approval of this order; raises Denied."""
        needed = challenge(shown.claims, order.details, PAYOUT, now())
        if needed is not None:
            raise Denied(needed.status, needed.error, needed.description, shown.scheme, needed.attributes)

    def see_alive(token: str, scheme: str) -> None:
        """Return when the provider, where it is to be asked, has not taken the token back; raises Denied."""
        if liveness is not None and not liveness.is_alive(token):
            raise Denied(401, "invalid_token", "the token was revoked", scheme)

    def language() -> str:
        return request.accept_languages.best_match(LANGUAGES, LANGUAGES[0])

    def in_language(body: dict[str, object]) -> Response:
        answer = jsonify({**body, "notice": portfolio.notice[language()]})
        answer.headers["Content-Language"] = language()
        answer.vary.add("Accept-Language")
        return answer

    @app.errorhandler(Denied)
    def refuse(denied: Denied) -> Response:
        return denial(denied)

    @app.errorhandler(ProviderUnavailable)
    def cannot_judge(_: ProviderUnavailable) -> Response:
        answer = fault(503, "temporarily_unavailable")
        answer.headers["Retry-After"] = "5"
        return answer

    @app.errorhandler(HTTPException)
    def anything_else(problem: HTTPException) -> Response:
        return fault(problem.code or 500, problem.name.lower().replace(" ", "_"))

    @app.after_request
    def share(answer: Response) -> Response:
        """Lets the listed origins read the answer in a browser; tokens travel in a header, not in cookies."""
        answer.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin in settings.allowed_origins:
            answer.headers["Access-Control-Allow-Origin"] = origin
            answer.headers["Access-Control-Expose-Headers"] = "WWW-Authenticate"
            if request.method == "OPTIONS":
                answer.headers["Access-Control-Allow-Methods"] = "GET, POST"
                answer.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, DPoP"
                answer.headers["Access-Control-Max-Age"] = "600"
        return answer

    guard(app, NOTHING_TO_RENDER, public_url=settings.audience)
    return app


def _listed(payout: Payout) -> dict[str, object]:
    """A payout as whoever may read the policy sees it: the end of the IBAN tells one's own account."""
    return {
        "reference": payout.reference,
        "amount": {"value": payout.order.amount, "currency": payout.order.currency},
        "iban_ends_in": payout.order.iban[-4:],
        "beneficiary": payout.order.beneficiary,
        "accepted_at": payout.accepted_at,
    }


def fault(status: int, error: str) -> Response:
    """A refusal that is not about the token, as JSON."""
    answer = jsonify({"error": error})
    answer.status_code = status
    return answer
