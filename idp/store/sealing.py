"""Personal data at rest: sealed with AES-256-GCM, found again by a keyed blind index.

A sealed value opens only in the place it was sealed for (table, column, row), so that a value copied from one
row to another does not open there. Keys live in files outside the database; old versions still open.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from idp.ports import Entropy, KeyRing
from idp.values import Contact, TaxCode, VatNumber

_NONCE = 12


class Unsealable(Exception):
    """The value was changed, moved, or sealed with a key this node does not have."""


class Sealer:
    """Seals, opens and indexes personal data with the keys of one purpose."""

    def __init__(self, keyring: KeyRing, entropy: Entropy, *, purpose: str = "data") -> None:
        keys = keyring.symmetric(purpose)
        self._entropy = entropy
        self._current = keys[0].kid
        self._ciphers = {key.kid: AESGCM(key.secret) for key in keys}
        self._index = keyring.symmetric("blind-index")[0].secret

    def seal(self, value: Any, place: str) -> bytes:
        """A JSON value, sealed for ``place`` (``table/column/row``)."""
        nonce = self._entropy.octets(_NONCE)
        plain = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        box = self._ciphers[self._current].encrypt(nonce, plain, place.encode())
        kid = self._current.encode()
        return bytes([len(kid)]) + kid + nonce + box

    def open(self, sealed: bytes, place: str) -> Any:
        """What was sealed for ``place``; raises ``Unsealable``."""
        if not sealed:
            raise Unsealable(place.rpartition("/")[0])
        end = 1 + sealed[0]
        cipher = self._ciphers.get(sealed[1:end].decode("ascii", "replace"))
        if cipher is None:
            raise Unsealable(place.rpartition("/")[0])
        try:
            plain = cipher.decrypt(sealed[end : end + _NONCE], sealed[end + _NONCE :], place.encode())
        except InvalidTag:
            raise Unsealable(place.rpartition("/")[0]) from None
        return json.loads(plain)

    def contact_index(self, contact: Contact) -> bytes:
        """The blind index of a contact, 32 bytes."""
        return self._hmac(f"{contact.kind}:{contact.text}")

    def tax_index(self, code: TaxCode) -> bytes:
        """The blind index of a tax code; omocodia variants give the same."""
        return self._hmac(f"tax:{code.plain}")

    def vat_index(self, number: VatNumber) -> bytes:
        """The blind index of a VAT number."""
        return self._hmac(f"vat:{number.text}")

    def pseudonym(self, name: str) -> str:
        """A stable stand-in for a customer number or a network address in logs and audit, 22 characters."""
        import base64

        return base64.urlsafe_b64encode(self._hmac(f"pseudonym:{name}")[:16]).rstrip(b"=").decode()

    def fingerprint(self, value: Mapping[str, Any]) -> bytes:
        """A keyed digest of a JSON object, by which an unchanged record is recognised without opening it."""
        return self._hmac("fingerprint:" + json.dumps(value, sort_keys=True, separators=(",", ":")))

    def code_digest(self, code: str) -> bytes:
        """What is stored of an activation code, as ``accounts.activation.parse`` read it; 32 bytes.

        Keyed: whoever has the database alone cannot even tell whether a guess is right.
        """
        return self._hmac(f"activation-code:{code}")

    def recovery_code_digest(self, sub: str, code: str) -> bytes:
        """What is stored of a recovery code, as ``accounts.recovery_codes.code_of`` read it; 32 bytes.

        Keyed as the others are, and of no use for another account.
        """
        return self._hmac(f"recovery-code:{sub}:{code}")

    def _hmac(self, text: str) -> bytes:
        return hmac.new(self._index, text.encode(), hashlib.sha256).digest()
