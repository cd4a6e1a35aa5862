"""The provider's answer in the browser's address: what it must be before anything in it is believed."""

from werkzeug.datastructures import MultiDict

from clients.portal.parts import Parts

ONCE_ONLY = ("code", "state", "iss", "error", "error_description")


class SignInFailed(Exception):
    """A sign-in that came to nothing; `code` is an OAuth error or one of ours."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def check_response(parts: Parts, response: MultiDict[str, str]) -> None:
    """The response names each parameter once, is our provider's, is no error and brings a code.

    Raises SignInFailed, with the provider's own error only once the response is known to be the provider's.
    """
    if any(len(response.getlist(name)) > 1 for name in ONCE_ONLY):
        raise SignInFailed("repeated_parameter")
    named = response.get("iss")
    promised = parts.provider.metadata().get("authorization_response_iss_parameter_supported") is True
    if named != parts.settings.issuer and (promised or named is not None):
        raise SignInFailed("wrong_issuer")
    if "error" in response:
        raise SignInFailed(response["error"] or "server_error")
    if not response.get("code"):
        raise SignInFailed("code_missing")
