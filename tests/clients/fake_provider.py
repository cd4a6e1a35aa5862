"""A small OpenID provider over real HTTP, which can be told to misbehave in one way at a time."""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Response as AnyResponse

CUSTOMER = {
    "sub": "person-1",
    "given_name": "Maria",
    "name": "Maria Rossi",
    "customer_number": "C100001",
}


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    time: int

    def __call__(self) -> int:
        return self.time

    def advance(self, seconds: int) -> None:
        self.time += seconds


@dataclass
class Misbehaviour:
    """What is wrong with the next answers; as it stands, nothing is."""

    id_token_claims: dict[str, Any] = field(default_factory=dict)
    id_token_header: dict[str, Any] = field(default_factory=dict)
    id_token_dropped: tuple[str, ...] = ()
    make_id_token: Callable[[dict[str, Any], dict[str, Any]], str] | None = None
    response: dict[str, str | None] = field(default_factory=dict)
    """Parameters of the authorization response to change, or with None to leave out."""
    token_error: str | None = None
    omit_id_token: bool = False
    userinfo_sub: str | None = None
    token_type: str | None = None
    discovery: dict[str, Any] = field(default_factory=dict)
    push_error: str | None = None
    confirmation: str | None = None
    """The error with which an operation is answered in place of a code."""
    approval: dict[str, Any] = field(default_factory=dict)
    """Claims of a one-time token to change, or with None to leave out."""
    approved_by: str | None = None


@dataclass
class FakeProvider:
    """The provider's state and its log of requests."""

    port: int
    clock: Clock
    other_key: RSAKey
    customer: Mapping[str, str] = field(default_factory=lambda: dict(CUSTOMER))
    signed_in: bool = True
    active: bool = True
    access_life: int = 300
    wrong: Misbehaviour = field(default_factory=Misbehaviour)
    clients: Mapping[str, str | None] = field(
        default_factory=lambda: {"portal": "portal-secret", "app": None, "policies": "policies-secret"}
    )
    audience: str = "http://localhost:8003"
    binds_tokens: bool = True

    def __post_init__(self) -> None:
        self.issuer = f"http://localhost:{self.port}"
        self.key = ECKey.generate_key("P-256")
        self.kid = "key-1"
        self.codes: dict[str, dict[str, str]] = {}
        self.pushed: dict[str, dict[str, str]] = {}
        self.one_time: list[str] = []
        self.refresh_tokens: set[str] = set()
        self.log: list[tuple[str, dict[str, str]]] = []
        self.proofs: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
        self._server: BaseWSGIServer | None = None

    def asked(self, path: str) -> list[dict[str, str]]:
        """The parameters of each request to `path`, oldest first."""
        return [parameters for at, parameters in self.log if at == path]

    def start(self) -> None:
        """Answer on the loopback address until `stop`."""
        self._server = make_server("127.0.0.1", self.port, self._app(), threaded=True)
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def sign(self, kind: str, claims: Mapping[str, Any], **header: Any) -> str:
        """A token of this kind, signed with the published key."""
        return sign(self.key, {"kid": self.kid, "typ": kind, **header}, claims)

    def access_token(self, **changes: Any) -> str:
        """An access token for the policies API (RFC 9068); None among the changes leaves a claim out."""
        claims = {
            "iss": self.issuer,
            "sub": self.customer["sub"],
            "aud": self.audience,
            "client_id": "portal",
            "scope": "openid profile policies",
            "customer_number": self.customer["customer_number"],
            "iat": self.clock(),
            "exp": self.clock() + self.access_life,
            "jti": secrets.token_urlsafe(8),
            **changes,
        }
        return self.sign("at+jwt", {name: value for name, value in claims.items() if value is not None})

    def logout_token(self, **changes: Any) -> dict[str, Any]:
        """The claims of a logout token for the portal; None among the changes leaves a claim out."""
        claims = {
            "iss": self.issuer,
            "aud": "portal",
            "iat": self.clock(),
            "exp": self.clock() + 120,
            "jti": secrets.token_urlsafe(8),
            "sub": self.customer["sub"],
            "sid": "session-1",
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def _app(self) -> Flask:
        app = Flask("fake-provider")

        @app.before_request
        def note() -> None:
            if request.method == "OPTIONS":
                return
            self.log.append((request.path, {**request.args.to_dict(), **request.form.to_dict()}))
            if "DPoP" in request.headers:
                self.proofs.append((request.path, *_proof(request.headers["DPoP"])))

        @app.after_request
        def share(answer: Response) -> Response:
            answer.headers["Access-Control-Allow-Origin"] = "*"
            answer.headers["Access-Control-Allow-Headers"] = "Authorization, DPoP"
            return answer

        app.get("/.well-known/openid-configuration")(self._discovery)
        app.get("/jwks")(self._jwks)
        app.post("/par")(self._push)
        app.get("/authorize")(self._authorize)
        app.post("/token")(self._token)
        app.get("/userinfo")(self._userinfo)
        app.post("/introspect")(self._introspect)
        app.post("/revoke")(lambda: ("", 200))
        app.get("/logout")(self._logout)
        return app

    def _discovery(self) -> Response:
        found = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "introspection_endpoint": f"{self.issuer}/introspect",
            "revocation_endpoint": f"{self.issuer}/revoke",
            "jwks_uri": f"{self.issuer}/jwks",
            "end_session_endpoint": f"{self.issuer}/logout",
            "pushed_authorization_request_endpoint": f"{self.issuer}/par",
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "authorization_response_iss_parameter_supported": True,
            **({"dpop_signing_alg_values_supported": ["ES256"]} if self.binds_tokens else {}),
            **self.wrong.discovery,
        }
        return jsonify(found)

    def _jwks(self) -> Response:
        ec = {**self.key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": "ES256"}
        rsa = {**self.other_key.as_dict(private=False), "kid": "rsa-1", "use": "sig", "alg": "RS256"}
        return jsonify({"keys": [rsa, ec]})

    def _push(self) -> tuple[Response, int]:
        client = self._client()
        if client is None:
            return jsonify({"error": "invalid_client"}), 401
        if self.wrong.push_error is not None:
            return jsonify({"error": self.wrong.push_error}), 400
        address = f"urn:ietf:params:oauth:request_uri:{secrets.token_urlsafe(16)}"
        self.pushed[address] = {**request.form.to_dict(), "client_id": client}
        return jsonify({"request_uri": address, "expires_in": 60}), 201

    def _authorize(self) -> AnyResponse:
        asked = request.args.to_dict()
        if "request_uri" in asked:
            # RFC 9126 §4: what was pushed counts, and nothing beside it.
            pushed = self.pushed.pop(asked["request_uri"])
            assert pushed["client_id"] == asked["client_id"]
            asked = pushed
        else:
            assert "authorization_details" not in asked
        answer: dict[str, str | None] = {"state": asked["state"], "iss": self.issuer}
        if "authorization_details" in asked and self.wrong.confirmation is not None:
            answer["error"] = self.wrong.confirmation
        elif asked.get("prompt") == "none" and not self.signed_in:
            answer["error"] = "login_required"
        else:
            self.signed_in = True
            code = secrets.token_urlsafe(16)
            self.codes[code] = asked
            answer["code"] = code
        answer.update(self.wrong.response)
        pairs = {name: value for name, value in answer.items() if value is not None}
        return redirect(f"{asked['redirect_uri']}?{urlencode(pairs)}", 303)

    def _client(self) -> str | None:
        """The client the request authenticates as, or None."""
        given = request.authorization
        if given is not None and given.type == "basic":
            known = self.clients.get(given.username or "")
            return given.username if known is not None and known == given.password else None
        named = request.form.get("client_id", "")
        return named if named in self.clients and self.clients[named] is None else None

    def _token(self) -> tuple[Response, int]:
        client = self._client()
        if client is None:
            return jsonify({"error": "invalid_client"}), 401
        if self.wrong.token_error is not None:
            return jsonify({"error": self.wrong.token_error}), 400
        form = request.form
        nonce: str | None = None
        if form["grant_type"] == "authorization_code":
            asked = self.codes.pop(form["code"], None)
            if asked is None or not _redeems(asked, client, form) or not self._is_bound_to(asked):
                return jsonify({"error": "invalid_grant"}), 400
            if "authorization_details" in asked:
                return self._one_time_token(client, asked), 200
            nonce = asked["nonce"]
        elif form["refresh_token"] in self.refresh_tokens:
            self.refresh_tokens.remove(form["refresh_token"])
        else:
            return jsonify({"error": "invalid_grant"}), 400
        refresh = secrets.token_urlsafe(16)
        self.refresh_tokens.add(refresh)
        bound = self.binds_tokens and "DPoP" in request.headers
        access = self.access_token(client_id=client, cnf={"jkt": self._thumbprint()} if bound else None)
        answer = {
            "access_token": access,
            "token_type": self.wrong.token_type or ("DPoP" if bound else "Bearer"),
            "expires_in": self.access_life,
            "refresh_token": refresh,
        }
        if not self.wrong.omit_id_token:
            answer["id_token"] = self._id_token(client, nonce, access)
        return jsonify(answer), 200

    def _one_time_token(self, client: str, asked: Mapping[str, str]) -> Response:
        """One token for one approval: no refresh token with it (RFC 9396 §7)."""
        details = json.loads(asked["authorization_details"])
        bound = self.binds_tokens and "DPoP" in request.headers
        claims: dict[str, Any] = {
            "client_id": client,
            "scope": "payout",
            "acr": "urn:idp:acr:2",
            "auth_time": self.clock(),
            "authorization_details": details,
            "cnf": {"jkt": self._thumbprint()} if bound else None,
            **self.wrong.approval,
        }
        access = self.access_token(**claims)
        self.one_time.append(access)
        answer = {
            "access_token": access,
            "token_type": self.wrong.token_type or ("DPoP" if bound else "Bearer"),
            "expires_in": self.access_life,
            "scope": "openid payout",
            "authorization_details": details,
        }
        if not self.wrong.omit_id_token:
            self.wrong.id_token_claims |= {"sub": self.wrong.approved_by or self.customer["sub"]}
            answer["id_token"] = self._id_token(client, asked.get("nonce"), access)
        return jsonify(answer)

    def _is_bound_to(self, asked: Mapping[str, str]) -> bool:
        """Whether the key that the request named is there, if it named one (RFC 9449 §10)."""
        return "dpop_jkt" not in asked or asked["dpop_jkt"] == self._thumbprint()

    def _thumbprint(self) -> str:
        """The name of the key whose proof this request brought."""
        header, _ = _proof(request.headers["DPoP"])
        return ECKey.import_key(header["jwk"]).thumbprint()

    def _id_token(self, client: str, nonce: str | None, access: str) -> str:
        now = self.clock()
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": self.customer["sub"],
            "aud": client,
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "sid": "session-1",
            "at_hash": _left_half(access),
        }
        if nonce is not None:
            claims["nonce"] = nonce
        claims |= self.wrong.id_token_claims
        header = {"kid": self.kid, "typ": "JWT", "alg": "ES256", **self.wrong.id_token_header}
        for name in self.wrong.id_token_dropped:
            claims.pop(name, None)
            header.pop(name, None)
        if self.wrong.make_id_token is not None:
            return self.wrong.make_id_token(header, claims)
        return sign(self.key, header, claims)

    def _userinfo(self) -> tuple[Response, int]:
        if not request.headers.get("Authorization", "").startswith(("Bearer ", "DPoP ")):
            return jsonify({"error": "invalid_token"}), 401
        known = {name: self.customer[name] for name in ("sub", "given_name", "name") if name in self.customer}
        return jsonify({**known, "sub": self.wrong.userinfo_sub or known["sub"]}), 200

    def _introspect(self) -> tuple[Response, int]:
        if self._client() is None:
            return jsonify({"error": "invalid_client"}), 401
        return jsonify({"active": self.active}), 200

    def _logout(self) -> AnyResponse:
        self.signed_in = False
        back = request.args.get("post_logout_redirect_uri")
        if back is None:
            return Response('<main data-page="signed-out">signed out</main>')
        return redirect(f"{back}?{urlencode({'state': request.args.get('state', '')})}", 303)


def sign(key: ECKey, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """A compact JWS by ES256 with exactly this header."""
    return jwt.encode({"alg": "ES256", **header}, dict(claims), key, algorithms=["ES256"], default_type=None)


def _proof(proof: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a DPoP proof, verified by the key it carries."""
    read = jwt.decode(proof, lambda guest: ECKey.import_key(guest.headers()["jwk"]), algorithms=["ES256"])
    return dict(read.header), dict(read.claims)


def _redeems(asked: Mapping[str, str], client: str, form: Mapping[str, str]) -> bool:
    challenge = _base64url(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
    return (
        asked["client_id"] == client
        and asked["redirect_uri"] == form.get("redirect_uri")
        and asked["code_challenge_method"] == "S256"
        and asked["code_challenge"] == challenge
    )


def _left_half(text: str) -> str:
    return _base64url(hashlib.sha256(text.encode()).digest()[:16])


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
