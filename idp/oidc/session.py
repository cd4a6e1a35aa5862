"""A person's session with us, and what the proofs given in it are worth."""

from dataclasses import dataclass
from enum import StrEnum

from idp.values import Acr, Amr, Proof, ProofKind

_METHODS: dict[ProofKind, tuple[Amr, ...]] = {
    ProofKind.PASSWORD: (Amr.PASSWORD,),
    ProofKind.EMAIL_CODE: (Amr.OTP,),
    ProofKind.SMS_CODE: (Amr.OTP, Amr.SMS),
    ProofKind.ACTIVATION_CODE: (Amr.OTP,),
    # The key's own method goes before it (``Proof.key``).
    ProofKind.PASSKEY: (Amr.USER_PRESENCE,),
    ProofKind.TOTP: (Amr.OTP,),
    ProofKind.RECOVERY_CODE: (Amr.OTP,),
    ProofKind.NEW_CONTACT: (Amr.OTP,),
}

_SECOND = frozenset({ProofKind.SMS_CODE, ProofKind.TOTP, ProofKind.RECOVERY_CODE})
"""What is had, beside a password that is known."""


class SecondFactor(StrEnum):
    """What became of the second factor when the session began; nothing where none was wanted."""

    # Until it is given, nobody is signed in.
    DUE = "due"
    DONE = "done"
    # Its owner trusts this browser.
    TRUSTED = "trusted"


TOGETHER = 10 * 60 * 1000
"""Milliseconds between the first and the last proof of what still is one authentication."""


@dataclass(frozen=True, slots=True)
class Session:
    """A live session: ``id`` is its public ``sid``; proofs are in the order they were given."""

    id: str
    sub: str
    proofs: tuple[Proof, ...]
    second_factor: SecondFactor | None = None

    @property
    def is_due(self) -> bool:
        """Whether a second factor is still to be given before anybody is signed in."""
        return self.second_factor is SecondFactor.DUE

    @property
    def knows_password(self) -> bool:
        """Whether a code given now makes two factors of it."""
        return any(proof.kind is ProofKind.PASSWORD for proof in self.proofs)

    def factor_at(self, acr: Acr) -> int:
        """When the newest proof was given that makes this class more than a password (milliseconds); 0 for
        none."""
        strong = {ProofKind.PASSKEY} if acr is Acr.PASSKEY else {*_SECOND, ProofKind.PASSKEY}
        return max((one.at for one in self.proofs if one.kind in strong and not one.held), default=0)

    @property
    def proven_at(self) -> int:
        """When the newest proof was given, in milliseconds."""
        return max(proof.at for proof in self.proofs)

    @property
    def auth_time(self) -> int:
        """When the person last proved who they are, in seconds (OpenID Connect Core §2)."""
        return self.proven_at // 1000

    @property
    def has_first_factor(self) -> bool:
        """Whether an operation can be confirmed in it: by a code beside the password, or by a passkey.

        Somebody who has just registered by code gave neither yet, and what is held confirms nothing.
        """
        kinds = {proof.kind for proof in self.proofs if not proof.held}
        return not kinds.isdisjoint((ProofKind.PASSWORD, ProofKind.PASSKEY))

    @property
    def _together(self) -> tuple[Proof, ...]:
        """The proofs of one authentication.

        An hour-old code makes no second factor of today's password. A password is known for as long as the
        session lives: a code given now makes two factors with the one of this morning.
        """
        recent = [proof for proof in self.proofs if self.proven_at - proof.at <= TOGETHER]
        second = any(proof.kind in _SECOND for proof in recent)
        return tuple(
            proof for proof in self.proofs if proof in recent or (second and proof.kind is ProofKind.PASSWORD)
        )

    @property
    def acr(self) -> Acr:
        """The class that was earned, never more (contract: assurance).

        What is still held signs in and earns the lowest: nothing new confirms anything.
        """
        kinds = {proof.kind for proof in self._together if not proof.held}
        if ProofKind.PASSKEY in kinds:
            return Acr.PASSKEY
        if ProofKind.PASSWORD in kinds and kinds & _SECOND:
            return Acr.TWO_FACTOR
        return Acr.SINGLE

    @property
    def amr(self) -> tuple[Amr, ...]:
        """The methods that were used (RFC 8176), each once."""
        methods: dict[Amr, None] = {}
        for proof in self._together:
            methods |= dict.fromkeys((*((proof.key,) if proof.key else ()), *_METHODS[proof.kind]))
        # A passkey is had, and opened by what its owner is or knows: two factors, held or not.
        if self.acr is Acr.TWO_FACTOR or Amr.USER_PRESENCE in methods:
            methods[Amr.MULTI_FACTOR] = None
        return tuple(methods)
