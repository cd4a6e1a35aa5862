"""Whether a sign-in is like the ones before, and whether a second factor is asked (journey D).

=============  ===============================================
policy         a code is asked at a sign-in by password
=============  ===============================================
``untrusted``  unless the browser is trusted; where it is unusual always
``unusual``    where it is unusual
``never``      never; clients and scopes still demand what they want
=============  ===============================================

Unusual is: a kind of browser *and* a network that were never met with this account, in a browser that was not
either; or many wrong passwords before.
"""

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Literal

Policy = Literal["untrusted", "unusual", "never"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was met with an account before: this very browser, kinds of browser, networks (pseudonyms).

    ``trusted``: its owner wants no code in this browser.
    """

    known: bool
    trusted: bool
    devices: frozenset[str] = field(default=frozenset())
    networks: frozenset[str] = field(default=frozenset())


def is_unusual(seen: Seen, *, device: str | None, network: str, failures: int, many: int) -> bool:
    """Whether it is unlike the ones before; ``failures`` wrong passwords lately, of which ``many`` are."""
    if failures >= many:
        return True
    families = {_family(one) for one in seen.devices}
    return not seen.known and _family(device or "") not in families and network not in seen.networks


def wants_second_factor(policy: Policy, seen: Seen, *, unusual: bool) -> bool:
    """Whether a sign-in by password alone is asked for a second factor."""
    if policy == "never":
        return False
    return unusual or (policy == "untrusted" and not seen.trusted)


def network_of(source: str) -> str:
    """The /24 or /48 a source is in; ``"unknown"`` for what is no address."""
    try:
        address = ip_address(source.partition("/")[0])
    except ValueError:
        return "unknown"
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False))


def _family(device: str) -> str:
    return device.partition(" ")[0]
