"""Is a token still alive? Asked of the provider before something sensitive is shown (RFC 7662)."""

from dataclasses import dataclass
from urllib.parse import quote_plus

import httpx

from clients.outbound import AnswerUnusable, read_object
from clients.policies.settings import Introspection
from clients.provider import Provider, ProviderUnavailable


@dataclass(frozen=True)
class Liveness:
    """Asks the provider's introspection endpoint, authenticated as the API's own client."""

    provider: Provider
    http: httpx.Client
    client: Introspection

    def is_alive(self, token: str) -> bool:
        """Whether the provider calls the token active.

        Raises ProviderUnavailable when it gives no clear answer: what is sensitive stays closed then.
        """
        address = self.provider.endpoint("introspection_endpoint")
        # RFC 6749 §2.3.1: both halves are form-encoded before Basic joins them.
        name, secret = quote_plus(self.client.client_id), quote_plus(self.client.client_secret)
        credentials = httpx.BasicAuth(name, secret)
        form = {"token": token, "token_type_hint": "access_token"}
        try:
            with self.http.stream("POST", address, data=form, auth=credentials) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise ProviderUnavailable(f"introspection answered {answer.status_code}")
                return read_object(answer).get("active") is True
        except (httpx.HTTPError, AnswerUnusable) as fault:
            raise ProviderUnavailable(f"introspection gave no answer: {type(fault).__name__}") from fault
