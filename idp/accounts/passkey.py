"""Passkeys as their owners know them (journey E): a name, a kind of device, when it was used, what it may do.

::

    added ──on a strong proof────────────▶ full
      └──on a weak one──▶ held ──48 h, or an activation code──▶ full
              full, held ──counter went back──▶ flagged (signs in, confirms nothing)
              each ──"it was not me" within 7 days──▶ suspended ──kept in a recovery──▶ as before
              each ──removed, cancelled──▶ gone

What a browser sends is judged in ``idp.accounts.ceremonies``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from idp.accounts import ledger
from idp.accounts.device import names_of
from idp.values import Amr

MOST = 20
"""Passkeys of one account; nobody has more devices, and every one is shown, excluded and signalled."""

LONGEST_NAME = 40
"""Characters of the name that an owner gives."""


class DeviceKind(StrEnum):
    """Where the key lives, as far as it is known."""

    # In a password manager or an account of the owner's, on all of their devices.
    SYNCED = "synced"
    # In this one device, which it does not leave.
    DEVICE = "device"
    # In a key that is plugged in or held to the device.
    SECURITY_KEY = "security_key"


_ROAMING = frozenset({"usb", "nfc", "ble", "smart-card"})


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey; times are epoch seconds."""

    id: str
    sub: str
    credential_id: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    sign_count: int
    backup_eligible: bool
    backed_up: bool
    transports: tuple[str, ...]
    aaguid: str
    created_at: int
    last_used_at: int | None = None
    pending_until: int | None = None
    flagged_at: int | None = None
    # Set aside: it neither signs in nor confirms until a recovery keeps it.
    suspended_at: int | None = None

    @property
    def kind(self) -> DeviceKind:
        """Where the key lives."""
        return kind_of(self.transports, backup_eligible=self.backup_eligible)

    @property
    def method(self) -> Amr:
        """``hwk`` where the key cannot leave its device, ``swk`` where it is copied to others (RFC 8176)."""
        return Amr.SOFTWARE_KEY if self.backup_eligible else Amr.HARDWARE_KEY

    @property
    def maker(self) -> str | None:
        """What keeps it, by its own name; None where that is not known."""
        return MAKERS.get(self.aaguid)

    def confirms(self, now: int) -> bool:
        """Whether it may confirm anything (``ledger``)."""
        return self.suspended_at is None and ledger.confirms(self.pending_until, self.flagged_at, now)


def kind_of(transports: tuple[str, ...], *, backup_eligible: bool) -> DeviceKind:
    """Where a key lives that is reached in these ways (WebAuthn §5.8.4)."""
    if backup_eligible:
        return DeviceKind.SYNCED
    roams = not _ROAMING.isdisjoint(transports) and "internal" not in transports
    return DeviceKind.SECURITY_KEY if roams else DeviceKind.DEVICE


def first_name(transports: tuple[str, ...], aaguid: str, device: str | None, *, backup_eligible: bool) -> str:
    """What a new passkey is called until its owner names it; empty where its maker's name says it better.

    ``device`` is that of the browser that added it, which is not where the key lives when that is a telephone
    beside a computer (``hybrid``), or a key that was plugged in.
    """
    names = names_of(device)
    elsewhere = "hybrid" in transports or (
        kind_of(transports, backup_eligible=backup_eligible) is DeviceKind.SECURITY_KEY
    )
    if aaguid in MAKERS or elsewhere or names is None:
        return ""
    browser, system = names
    return f"{system} ({browser})"


def may_remove(passkeys: int, *, has_password: bool) -> bool:
    """Whether one of that many can go: the last way in cannot."""
    return has_password or passkeys > 1


def counted(stored: int, reported: int) -> bool:
    """Whether a signature counter is that of a key nobody copied (WebAuthn §6.1.1, §7.2 step 22).

    Keys that are copied on purpose, by a password manager, do not count: both are zero then.
    """
    return reported > stored or reported == stored == 0


MAKERS: Mapping[str, str] = {
    "08987058-cadc-4b81-b6e1-30de50dcbe96": "Windows Hello",
    "0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6": "Keeper",
    "50726f74-6f6e-5061-7373-50726f746f6e": "Proton Pass",
    "531126d6-e717-415c-9320-3d9aa6981239": "Dashlane",
    "53414d53-554e-4700-0000-000000000000": "Samsung Pass",
    "6028b017-b1d4-4c02-b4b3-afcdafc96bb2": "Windows Hello",
    "771b48fd-d3d4-4f74-9232-fc157ab0507a": "Edge (Mac)",
    "9ddd1817-af5a-4672-a2b9-3e3dd95000a9": "Windows Hello",
    "adce0002-35bc-c60a-648b-0b25f1f05503": "Chrome (Mac)",
    "b5397666-4885-aa6b-cebf-e52262a439a2": "Chromium",
    "b84e4048-15dc-4dd0-8640-f4f60813c8af": "NordPass",
    "bada5566-a7aa-401f-bd96-45619a55120d": "1Password",
    "d548826e-79b4-db40-a3d8-11116f7e8349": "Bitwarden",
    "dd4ec289-e01d-41c9-bb89-70fa845d4bf2": "iCloud Keychain",
    "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": "Google Password Manager",
    "f3809540-7f14-49c1-a8b3-8f813b225541": "Enpass",
    "fbfc3007-154e-4ecc-8c0b-6e020557d7bd": "iCloud Keychain",
    "fdb141b2-5d84-443e-8a35-4698c205a502": "KeePassXC",
}
"""By AAGUID: the password managers and devices that most customers have. A label, never a proof."""
