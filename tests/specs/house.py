"""The service as machines see it: ``House.caller`` speaks WSGI to it as a server does.

Accounts, sessions and codes are put in by the store's own functions, as the people's face does; what is under
test is what the machines' face makes of them.
"""

import base64
import hashlib
import hmac
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from idp.flows import clients as client_flows
from idp.flows.clients import Registered
from idp.flows.idp import Idp
from idp.oidc.authorization.request import AuthorizationRequest
from idp.oidc.client import Client
from idp.oidc.session import Session
from idp.settings import Settings
from idp.store import accounts, authorize, sessions
from idp.store.accounts import AccountProfile, AccountRow, ProvenContact
from idp.values import Contact, EmailAddress, MobileNumber, ProfileKind, Proof, ProofKind, digest_of
from idp.web.entry import entry
from tests.service.clock import MovableClock
from tests.service.in_process import CLAIMS, ISSUER, POLICIES, InProcess, assembled, settings_for
from tests.service.relying_party import VERIFIER, challenge_of

__all__ = [
    "CALLBACK",
    "CLAIMS",
    "FORM",
    "ISSUER",
    "POLICIES",
    "VERIFIER",
    "Caller",
    "Holder",
    "House",
    "Reply",
    "assertion",
    "basic",
    "challenge_of",
    "encoded",
    "hs256",
    "open_house",
    "without_secret",
]

CALLBACK = "https://portal.insurer.example/callback"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came over the wire."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """A header's value; several of one name are a fault of the test's subject."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) <= 1, f"{name} stands {len(values)} times"
        return values[0] if values else None

    @property
    def json(self) -> dict[str, Any]:
        """The body, which must be a JSON object."""
        content = json.loads(self.body)
        assert isinstance(content, dict)
        return content

    @property
    def error(self) -> str:
        """The OAuth error code of a refusal."""
        return str(self.json["error"])


class Caller:
    """Speaks WSGI to an application as a server does."""

    def __init__(self, application: Any, host: str = "localhost:8000") -> None:
        self._application = application
        self._host = host

    def call(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        body: Any = b"",
        content_type: str | None = None,
        headers: Mapping[str, str] | None = None,
        **environ: Any,
    ) -> Reply:
        """Send one request; ``body`` may be anything that is read like a file."""
        given: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "192.0.2.7",
            "HTTP_HOST": self._host,
            "wsgi.input": io.BytesIO(body) if isinstance(body, bytes) else body,
            "wsgi.url_scheme": "http",
            "wsgi.errors": io.StringIO(),
        }
        if isinstance(body, bytes) and (body or method == "POST"):
            given["CONTENT_LENGTH"] = str(len(body))
        if content_type is not None:
            given["CONTENT_TYPE"] = content_type
        for name, value in (headers or {}).items():
            given[f"HTTP_{name.upper().replace('-', '_')}"] = value
        given.update(environ)
        started: list[Any] = []

        def start_response(
            status: str, response_headers: list[tuple[str, str]], exc_info: Any = None
        ) -> None:
            started[:] = [status, response_headers]

        content = b"".join(self._application(given, start_response))
        return Reply(int(started[0][:3]), tuple(started[1]), content)

    def get(self, path: str, **rest: Any) -> Reply:
        """Send a GET."""
        return self.call("GET", path, **rest)

    def post(self, path: str, form: Mapping[str, str | None] | list[tuple[str, str]], **rest: Any) -> Reply:
        """Send a form; names whose value is None are left out."""
        pairs = form if isinstance(form, list) else [(n, v) for n, v in form.items() if v is not None]
        return self.call("POST", path, body=urlencode(pairs).encode(), content_type=FORM, **rest)


@dataclass(frozen=True, slots=True)
class Holder:
    """A customer with an account and a session."""

    sub: str
    session: Session
    customer_number: str


class House(InProcess):
    """The service without the people's face, and shortcuts to what a test needs to stand there already."""

    def __init__(self, idp: Idp, clock: MovableClock) -> None:
        super().__init__(idp, clock)
        self.application = entry(idp, people)
        self.caller = Caller(self.application)
        # The prepared registry has customers of lower numbers.
        self._customers = iter(range(900001, 999999))

    # --- clients ------------------------------------------------------------------------------------------

    def add(self, kind: str = "web", **metadata: Any) -> Registered:
        """Register a client; one for people gets a redirect URI and every scope unless told otherwise."""
        whole: dict[str, Any] = {"client_kind": kind, "client_name": "Portale", **metadata}
        if kind in ("web", "spa"):
            whole.setdefault("redirect_uris", [CALLBACK])
        if kind == "native":
            whole.setdefault("redirect_uris", ["it.insurer.example:/callback"])
        if kind in ("web", "spa", "native"):
            whole.setdefault("scope", "openid profile email phone offline_access policies payout")
        if kind == "service":
            whole.setdefault("scope", "policies")
        if kind == "api":
            whole.setdefault("audience", POLICIES)
        outcome = client_flows.add(self.idp, whole, now=self.clock.now())
        assert isinstance(outcome, Registered)
        return outcome

    # --- people -------------------------------------------------------------------------------------------

    def holder(
        self,
        *contacts: Contact,
        profile: ProfileKind = ProfileKind.PERSON,
        proofs: tuple[Proof, ...] | None = None,
    ) -> Holder:
        """A customer who signed in just now; the first contact is the username."""
        contacts = contacts or (EmailAddress("ada.rossi@example.it"), MobileNumber("+393331234501"))
        idp, now = self.idp, self.clock.now()
        sub = idp.entropy.identifier()
        number = f"C{next(self._customers)}"
        company = profile is ProfileKind.COMPANY
        data = AccountProfile(
            username=contacts[0],
            given_name="" if company else "Ada",
            family_name="" if company else "Rossi",
            company_name="Rossi S.r.l." if company else "",
        )
        row = AccountRow(
            sub=sub,
            customer_number=number,
            profile=profile,
            state=accounts.ACTIVE,
            username_kind=contacts[0].kind,
            sealed_profile=accounts.seal_profile(idp.sealer, sub, data),
            password_hash=None,
            password_changed_at=None,
            language="it",
            terms_version="1",
            privacy_version="1",
            terms_accepted_at=now,
            terms_language="it",
            created_at=now,
            updated_at=now,
            username_index=digest_of(sub),
        )
        session = Session(
            idp.entropy.identifier(), sub, proofs or (Proof(ProofKind.PASSWORD, self.clock.now_ms()),)
        )
        with idp.writing() as tx:
            assert accounts.insert_account(tx, row)
            for contact in contacts:
                proven = ProvenContact(
                    contact_index=idp.sealer.contact_index(contact),
                    kind=contact.kind,
                    sealed=accounts.seal_contact(idp.sealer, sub, contact),
                    proven_at=now,
                )
                accounts.prove_contact(tx, sub, proven)
        self.sign_in(session)
        return Holder(sub, session, number)

    def sign_in(self, session: Session) -> None:
        """Begin the session in the database."""
        now = self.clock.now()
        expires_at = now + self.idp.settings.lifetimes.session_absolute
        handle = self.idp.entropy.handle()
        with self.idp.writing() as tx:
            sessions.start(tx, session, handle.digest, now=now, expires_at=expires_at)

    def sign_out(self, holder: Holder) -> None:
        """End the holder's session, as the logout page does."""
        with self.idp.writing() as tx:
            sessions.end(tx, holder.session.id, now=self.clock.now())

    def set_state(self, holder: Holder, state: str) -> None:
        """Put the account in a state, as an admin does."""
        with self.idp.writing() as tx:
            tx.exec_driver_sql(f"UPDATE accounts SET state = '{state}' WHERE sub = '{holder.sub}'")

    # --- codes and tokens ---------------------------------------------------------------------------------

    def code(
        self,
        client: Client,
        holder: Holder,
        scope: str = "openid",
        *,
        nonce: str | None = "n-0S6_WzA2Mj",
        verifier: str | None = VERIFIER,
        redirect_uri: str | None = None,
    ) -> str:
        """An authorization code, as the authorization endpoint leaves it."""
        idp = self.idp
        request = AuthorizationRequest(
            client_id=client.client_id,
            redirect_uri=redirect_uri or client.redirect_uris[0],
            scope=tuple(scope.split()),
            nonce=nonce,
            code_challenge=None if verifier is None else challenge_of(verifier),
        )
        handle = idp.entropy.handle()
        with idp.writing() as tx:
            authorize.issue(
                tx,
                authorization_id=idp.entropy.identifier(),
                code_digest=handle.digest,
                request=request,
                session=holder.session,
                now=self.clock.now(),
                code_life=idp.settings.lifetimes.authorization_code,
                family_life=600,
            )
        return handle.secret

    def exchange(self, registered: Registered, code: str, **changed: Any) -> Reply:
        """Send a code to the token endpoint as its client should; ``changed`` replaces parameters."""
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": registered.client.redirect_uris[0],
            "code_verifier": VERIFIER,
        }
        return self.as_client(registered, "/token", {**form, **changed})

    def tokens(self, registered: Registered, holder: Holder, scope: str = "openid") -> dict[str, Any]:
        """Tokens of a fresh code flow."""
        reply = self.exchange(registered, self.code(registered.client, holder, scope))
        assert reply.status == 200, reply.body
        return reply.json

    def refresh(self, registered: Registered, refresh_token: str, **changed: Any) -> Reply:
        """Send a refresh token to the token endpoint."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, **changed}
        return self.as_client(registered, "/token", form)

    def as_client(self, registered: Registered, path: str, form: Mapping[str, str | None]) -> Reply:
        """Send a form as a client that authenticates by its secret, or names itself if it has none."""
        if registered.secret is None:
            return self.caller.post(path, {"client_id": registered.client.client_id, **form})
        return self.caller.post(
            path, form, headers={"Authorization": basic(registered.client.client_id, registered.secret)}
        )

    def userinfo(self, access_token: str) -> Reply:
        """Ask for the person's claims."""
        return self.caller.get("/userinfo", headers={"Authorization": f"Bearer {access_token}"})

    def introspect(self, api: Registered, token: str) -> Reply:
        """Ask about a token."""
        return self.as_client(api, "/introspect", {"token": token})

    def keys(self) -> KeySet:
        """The provider's keys, as a relying party reads them."""
        return KeySet.import_key_set(self.caller.get("/jwks").json)  # type: ignore[arg-type]  # plain JSON

    def read(self, token: str) -> jwt.Token:
        """A token, verified by an independent library with the published keys."""
        return jwt.decode(token, self.keys(), algorithms=["ES256", "RS256"])


def people(_environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Stands where the people's face is."""
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [b"a page for people"]


def open_house(url: str, keys: Path, *, settings: Settings | None = None) -> House:
    """The service on a prepared database and these key files."""
    if settings is None:
        settings = settings_for(
            keys.parent,
            url,
            database={"statement_timeout_ms": 30_000, "pool_size": 8},
            keys={"directory": keys},
        )
    return House(*assembled(settings))


def basic(client_id: str, secret: str) -> str:
    """An Authorization header of HTTP Basic."""
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def assertion(
    client_id: str, key: ECKey | RSAKey, *, now: int, header: Mapping[str, Any] | None = None, **changed: Any
) -> dict[str, str]:
    """The parameters of private_key_jwt, right in every way; ``changed`` replaces claims (None removes)."""
    alg = "ES256" if isinstance(key, ECKey) else "RS256"
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": ISSUER,
        "jti": "assertion-1",
        "iat": now,
        "exp": now + 60,
        **changed,
    }
    told = {name: value for name, value in claims.items() if value is not None}
    protected = {"alg": alg, "kid": key.kid, **(header or {})}
    protected = {name: value for name, value in protected.items() if value is not None}
    return {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt.encode(protected, told, key, algorithms=["ES256", "RS256", "PS256", "HS256"]),
    }


def hs256(header: Mapping[str, Any], payload: str, secret: bytes) -> str:
    """A JWS of an already encoded payload, keyed with a secret that no honest library would take."""
    message = f"{encoded(json.dumps(header).encode())}.{payload}"
    return f"{message}.{encoded(hmac.new(secret, message.encode(), hashlib.sha256).digest())}"


def encoded(octets: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def without_secret(registered: Registered) -> Registered:
    """The same client, presenting nothing."""
    return replace(registered, secret=None)
