"""Proofs of possession as requests bring them (RFC 9449): judged, and each good once."""

import hashlib

from idp.flows.idp import Idp
from idp.oidc import dpop
from idp.oidc.dpop import invalid_proof


def key_of(
    idp: Idp, proof: str | None, *, method: str, path: str, now: int, access_token: str | None = None
) -> str | None:
    """The thumbprint of the key that signed this request's proof; None when it brought none.

    ``jti`` is spent here, after everything else about the proof was found right. It is remembered until the
    proof would be too old in any case, which bounds what there is to remember (§11.1). Raises ``OAuthError``
    and ``EphemeraDown``; not to be called while a writing transaction is open.
    """
    if proof is None:
        return None
    read = dpop.read(
        proof,
        method=method,
        address=f"{idp.issuer}{path}",
        now=now,
        leeway=idp.settings.dpop.proof_age,
        access_token=access_token,
    )
    spent = hashlib.sha256(f"{read.thumbprint}\x00{read.jti}".encode("utf-8", "surrogatepass"))
    if not idp.ephemera.add(f"dpop:{spent.hexdigest()}", b"1", read.expires_at - now, now):
        raise invalid_proof("it was used before")
    return read.thumbprint
