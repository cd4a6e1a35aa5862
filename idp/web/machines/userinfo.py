"""The userinfo endpoint (OpenID Connect Core §5.3)."""

from idp.flows import resources
from idp.flows.idp import Idp
from idp.web.machines.answer import Answer, json_answer
from idp.web.machines.call import Call


def userinfo_endpoint(idp: Idp, call: Call) -> Answer:
    """Tell the holder of an access token about the person it speaks for."""
    claims, client = resources.userinfo(idp, call.presented(), now=call.now)
    return json_answer(claims, client_id=client.client_id)
