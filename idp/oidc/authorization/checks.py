"""The chain of checks that turns raw parameters into an AuthorizationRequest, each asking one question.

Checks run in the order of their tuple. Those of ``DISPLAYED`` run before the redirect URI is trusted: their
fault is shown to the person and redirected nowhere (RFC 6749 §4.1.2.1, RFC 9700 §4.11). Those of
``REDIRECTED`` answer the relying party.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from idp.oidc.assurance import claims_asked, known
from idp.oidc.authorization import pkce
from idp.oidc.authorization.redirect_uri import is_registered
from idp.oidc.authorization.request import AuthorizationRequest
from idp.oidc.client import Client
from idp.oidc.dpop import is_thumbprint
from idp.oidc.errors import OAuthError
from idp.oidc.operations import operation as operations
from idp.oidc.operations.operation import Operation
from idp.oidc.operations.types import OperationType
from idp.oidc.parameters import Parameters

RESPONSE_MODES = ("query", "form_post")
PROMPTS = ("none", "login", "consent", "create")
IDENTITY_SCOPES = ("openid", "profile", "email", "phone", "offline_access")

_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+\Z")
_MAX_AGE = re.compile(r"[0-9]{1,9}\Z")


@dataclass(frozen=True, slots=True)
class Policy:
    """What the service offers, apart from the client: API scopes by audience, types of operations, and limits
    in characters."""

    audiences: Mapping[str, str]
    state_length: int = 2048
    nonce_length: int = 2048
    hint_length: int = 254
    operation_types: Mapping[str, OperationType] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """An authorization request as it arrived, with the client that its ``client_id`` names, if any.

    ``pushed`` is what a pushed request is kept under; None when the browser brought the parameters.
    """

    parameters: Parameters
    client: Client | None
    policy: Policy
    pushed: str | None = None

    def get(self, name: str) -> str | None:
        """A parameter's value; one sent without value counts as not sent (RFC 6749 §3.1)."""
        return self.parameters.get(name)

    @property
    def known_client(self) -> Client:
        """The client, once the displayed checks have passed."""
        if self.client is None:
            raise LookupError("the client is asked for before it was checked")
        return self.client

    def words(self, name: str) -> tuple[str, ...]:
        """A space-separated parameter's words, each once, in order."""
        return tuple(dict.fromkeys((self.get(name) or "").split(" "))) if self.get(name) else ()


Check = Callable[[Asked], OAuthError | None]


def _refuse(error: str, description: str) -> OAuthError:
    return OAuthError(error, description)


def client_is_known(asked: Asked) -> OAuthError | None:
    """Is there an enabled client of this name?"""
    if asked.get("client_id") is None:
        return _refuse("invalid_request", "client_id is missing")
    if asked.client is None or asked.client.disabled:
        return _refuse("invalid_client", "client_id is not known")
    return None


def redirect_uri_is_registered(asked: Asked) -> OAuthError | None:
    """Is the redirect URI there, and one of the client's (OpenID Connect Core §3.1.2.1)?"""
    uri = asked.get("redirect_uri")
    if uri is None:
        return _refuse("invalid_request", "redirect_uri is missing")
    if not is_registered(asked.known_client, uri):
        return _refuse("invalid_request", "redirect_uri is not registered for this client")
    return None


def state_can_be_echoed(asked: Asked) -> OAuthError | None:
    """Is the state short enough to be sent back exactly? An error without it could not be told from a
    forgery."""
    if len(asked.get("state") or "") > asked.policy.state_length:
        return _refuse("invalid_request", "state is too long")
    return None


def pushed_where_it_must_be(asked: Asked) -> OAuthError | None:
    """Was it pushed, if the client registered to ask in no other way (RFC 9126 §6)?"""
    if asked.known_client.pushed_only and asked.pushed is None:
        return _refuse("invalid_request", "this client pushes its requests")
    return None


def response_mode_is_offered(asked: Asked) -> OAuthError | None:
    """Can the answer be sent the way it is wanted (OAuth 2.0 Form Post Response Mode)?"""
    if (asked.get("response_mode") or "query") not in RESPONSE_MODES:
        return _refuse("invalid_request", "response_mode is not supported")
    return None


def no_request_object(asked: Asked) -> OAuthError | None:
    """Is it free of what is not offered, rather than obeyed in part (OpenID Connect Core §6, §7.2.1)?"""
    for name, error in (
        ("request", "request_not_supported"),
        ("request_uri", "request_uri_not_supported"),
        ("registration", "registration_not_supported"),
    ):
        if asked.get(name) is not None:
            return _refuse(error, f"{name} is not supported")
    return None


def response_type_is_code(asked: Asked) -> OAuthError | None:
    """Is a code asked for, the one response type that keeps tokens out of the browser (RFC 9700 §2.1.2)?"""
    if asked.get("response_type") is None:
        return _refuse("invalid_request", "response_type is missing")
    if asked.get("response_type") != "code":
        return _refuse("unsupported_response_type", "response_type must be code")
    if "authorization_code" not in asked.known_client.grant_types:
        return _refuse("unauthorized_client", "the client may not use the code flow")
    return None


def scope_is_granted(asked: Asked) -> OAuthError | None:
    """Is something legal asked for, of at most one resource (RFC 6749 §3.3; contract: scopes)?"""
    if any(not _SCOPE_TOKEN.match(word) for word in asked.words("scope")):
        return _refuse("invalid_scope", "scope has characters that are not allowed")
    scope = scope_of(asked)
    if not scope:
        return _refuse("invalid_scope", "scope has nothing that this client may ask for")
    if len({asked.policy.audiences[word] for word in scope if word in asked.policy.audiences}) > 1:
        return _refuse("invalid_scope", "scope mixes several resources")
    return None


def pkce_is_right(asked: Asked) -> OAuthError | None:
    """Is there an S256 challenge where there must be one (RFC 7636 §4.3, §4.4.1)?"""
    challenge, method = asked.get("code_challenge"), asked.get("code_challenge_method")
    if challenge is None:
        if asked.known_client.pkce_required:
            return _refuse("invalid_request", "code_challenge is missing")
        return _refuse("invalid_request", "code_challenge is missing") if method is not None else None
    if method != "S256":
        return _refuse("invalid_request", "code_challenge_method must be S256")
    if not pkce.is_challenge(challenge):
        return _refuse("invalid_request", "code_challenge is not an S256 challenge")
    return None


def key_is_named_rightly(asked: Asked) -> OAuthError | None:
    """Can ``dpop_jkt`` name a key (RFC 9449 §10)?"""
    named = asked.get("dpop_jkt")
    if named is not None and not is_thumbprint(named):
        return _refuse("invalid_request", "dpop_jkt is not the thumbprint of a key")
    return None


def operation_is_right(asked: Asked) -> OAuthError | None:
    """Was what a person is to approve pushed, well formed, and asked for with its own scope alone (RFC 9396
    §5)?

    In an address it would be read, kept and changed on the way.
    """
    if asked.get("authorization_details") is None:
        return None
    if asked.pushed is None:
        return _refuse("invalid_request", "authorization_details is pushed (RFC 9126), never brought")
    try:
        operation = operation_of(asked)
    except OAuthError as fault:
        return fault
    wanted = {word for word in scope_of(asked) if word in asked.policy.audiences}
    if operation is not None and wanted != {operation.scope}:
        return _refuse("invalid_scope", f"of the APIs' scopes this operation needs {operation.scope} alone")
    return None


def prompt_is_legal(asked: Asked) -> OAuthError | None:
    """Are the prompts known, and ``none`` alone (OpenID Connect Core §3.1.2.1; Prompt Create 1.0)?"""
    prompt = asked.words("prompt")
    if any(word not in PROMPTS for word in prompt):
        return _refuse("invalid_request", "prompt is not supported")
    if "none" in prompt and len(prompt) > 1:
        return _refuse("invalid_request", "prompt none stands alone")
    return None


def max_age_is_a_number(asked: Asked) -> OAuthError | None:
    """Is max_age a number of seconds?"""
    if asked.get("max_age") is not None and not _MAX_AGE.match(asked.get("max_age") or ""):
        return _refuse("invalid_request", "max_age is not a number of seconds")
    return None


def claims_can_be_read(asked: Asked) -> OAuthError | None:
    """Is ``claims`` what it should be, and can what is essential be earned here (OpenID Connect Core §5.5,
    Unmet Authentication Requirements 1.0)?"""
    try:
        claims = claims_asked(asked.get("claims"))
    except ValueError:
        return _refuse("invalid_request", "claims is not a JSON object of claims")
    if claims.essential and not known(claims.essential):
        return _refuse("unmet_authentication_requirements", "no such acr is known here")
    return None


def rest_is_short(asked: Asked) -> OAuthError | None:
    """Are nonce and login_hint of a length that can be kept?"""
    if len(asked.get("nonce") or "") > asked.policy.nonce_length:
        return _refuse("invalid_request", "nonce is too long")
    if len(asked.get("login_hint") or "") > asked.policy.hint_length:
        return _refuse("invalid_request", "login_hint is too long")
    return None


DISPLAYED: tuple[Check, ...] = (client_is_known, redirect_uri_is_registered, state_can_be_echoed)
REDIRECTED: tuple[Check, ...] = (
    pushed_where_it_must_be,
    response_mode_is_offered,
    no_request_object,
    response_type_is_code,
    scope_is_granted,
    pkce_is_right,
    key_is_named_rightly,
    operation_is_right,
    prompt_is_legal,
    max_age_is_a_number,
    claims_can_be_read,
    rest_is_short,
)


def first_fault(checks: tuple[Check, ...], asked: Asked) -> OAuthError | None:
    """What the first check that fails has to say; None when all pass."""
    return next((fault for check in checks if (fault := check(asked)) is not None), None)


def scope_of(asked: Asked) -> tuple[str, ...]:
    """The scopes asked for that this client may have; unknown ones are ignored (OpenID Connect Core
    §3.1.2.1)."""
    client = asked.known_client
    offered = client.scopes & (set(IDENTITY_SCOPES) | set(asked.policy.audiences))
    if "refresh_token" not in client.grant_types:
        offered = offered - {"offline_access"}
    return tuple(word for word in asked.words("scope") if word in offered)


def operation_of(asked: Asked) -> Operation | None:
    """What the person is to approve; raises ``OAuthError``."""
    sent = asked.get("authorization_details")
    if sent is None:
        return None
    return operations.read(sent, asked.policy.operation_types, asked.known_client.operation_types)


def request_from(asked: Asked, *, hinted_sub: str | None) -> AuthorizationRequest:
    """The request, once every check has passed."""
    age = asked.get("max_age")
    operation, scope = operation_of(asked), scope_of(asked)
    if operation is not None:
        # Its token is for nothing else, and is not renewed.
        scope = tuple(word for word in scope if word in ("openid", operation.scope))
    claims = claims_asked(asked.get("claims"))
    return AuthorizationRequest(
        client_id=asked.known_client.client_id,
        redirect_uri=asked.get("redirect_uri") or "",
        scope=scope,
        state=asked.get("state"),
        nonce=asked.get("nonce"),
        response_mode=asked.get("response_mode") or "query",
        code_challenge=asked.get("code_challenge"),
        prompt=asked.words("prompt"),
        max_age=None if age is None else int(age),
        login_hint=asked.get("login_hint"),
        ui_locales=asked.words("ui_locales")[:10],
        acr_values=(*asked.words("acr_values")[:10], *claims.voluntary),
        essential_acr=claims.essential,
        # A `sub` that is asked for must be met (OpenID Connect Core §5.5.1); a hint is a hint.
        hinted_sub=hinted_sub if claims.sub is None else claims.sub,
        dpop_jkt=asked.get("dpop_jkt"),
        pushed=asked.pushed,
        operation=operation,
    )
