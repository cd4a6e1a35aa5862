"""The demo's data: settings, keys, database, registry and clients, made where they are missing and kept
where not.

Everything stands under ``var/`` and ``keys/``. The demo delivers to the inbox only: an invented number may be
somebody's.
"""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from idp.adapters.registry_file import RegistryFile
from idp.app import build
from idp.flows import clients, keys
from idp.flows.clients import ClientIdTaken, NoSuchClient, Registered
from idp.flows.idp import Idp
from idp.flows.registry import importing
from idp.settings import DEMO_CONFIG, Settings, load
from idp.store import schema

VAR = Path("var")

_SETTINGS = """\
# Written by `idp demo` at every start. For a service of your own, begin from config.example.toml.
[service]
issuer = "http://localhost:{idp}"
port = {idp}
development = true

[brand]
insurer_name = "Assicurazioni Esempio"
help_phone = "800 000 000"
help_hours = {{ it = "lun-ven 9-18", en = "Mon-Fri 9 am-6 pm", de = "Mo-Fr 9-18 Uhr" }}

[brand.portal_links]
"Area Clienti" = "http://localhost:{portal}/"

[resources.policies]
audience = "http://localhost:{policies}"
scopes = ["policies", "payout"]

[logout]
allow_loopback_callbacks = true

# All of the demo's customers come from one address, and most browsers take ::1 for localhost.
[limits]
sends_per_source_ipv6_64 = "1000/3600"
identifiers_per_source_ipv6_64 = "1000/3600"
"""


@dataclass(frozen=True, slots=True)
class Ports:
    """The four ports of the demo, in a row from the first."""

    first: int = 8000

    @property
    def idp(self) -> int:
        """The identity provider."""
        return self.first

    @property
    def portal(self) -> int:
        """The portal."""
        return self.first + 1

    @property
    def app(self) -> int:
        """The app."""
        return self.first + 2

    @property
    def policies(self) -> int:
        """The policies API."""
        return self.first + 3

    def named(self) -> dict[str, int]:
        """All of them, by what listens there."""
        return {"idp": self.idp, "portal": self.portal, "app": self.app, "policies": self.policies}


def write_settings(ports: Ports) -> Settings:
    """Write the demo's settings file and read it back."""
    VAR.mkdir(exist_ok=True)
    DEMO_CONFIG.write_text(_SETTINGS.format(**ports.named()), "utf-8")
    return load(DEMO_CONFIG, {})


def prepare(settings: Settings, ports: Ports) -> None:
    """Make what is missing: keys, schema, registry, clients with their secrets in files of mode 0600."""
    build.keyring(settings).create_missing()
    idp = build.build(settings)
    schema.upgrade(idp.database)
    now = idp.clock.now()
    keys.init(idp, now=now)
    if importing.is_empty(idp):
        with resources.as_file(resources.files("idp") / "demo" / "customers.csv") as file:
            importing.import_file(idp, RegistryFile(file), now=now)
    for client_id, metadata in _clients(ports).items():
        _register(idp, client_id, metadata, now=now)
    idp.database.engine.dispose()


def secret_file(client_id: str) -> Path:
    """Where the demo keeps a client's secret."""
    return VAR / f"{client_id}.secret"


def _clients(ports: Ports) -> dict[str, dict[str, Any]]:
    portal, app = f"http://localhost:{ports.portal}", f"http://localhost:{ports.app}"
    return {
        "portal": {
            "client_kind": "web",
            "client_name": "Area Clienti",
            "redirect_uris": [f"{portal}/callback"],
            "post_logout_redirect_uris": [f"{portal}/"],
            "backchannel_logout_uri": f"{portal}/backchannel-logout",
            "scope": "openid profile email phone offline_access policies payout",
            "authorization_details_types": ["payout"],
            "first_party": True,
        },
        "app": {
            "client_kind": "spa",
            "client_name": "Area Clienti per telefono",
            "redirect_uris": [f"{app}/callback"],
            "post_logout_redirect_uris": [f"{app}/"],
            "scope": "openid profile email phone policies payout",
            "authorization_details_types": ["payout"],
            "first_party": True,
        },
        "policies": {
            "client_kind": "api",
            "client_name": "Polizze",
            "audience": f"http://localhost:{ports.policies}",
        },
    }


def _register(idp: Idp, client_id: str, metadata: dict[str, Any], *, now: int) -> None:
    kept = secret_file(client_id)
    registered: Registered | ClientIdTaken | NoSuchClient
    if clients.find(idp, client_id) is not None:
        registered = clients.update(idp, client_id, metadata, now=now)
        if metadata["client_kind"] != "spa" and not kept.exists():
            registered = clients.rotate_secret(idp, client_id, now=now)
    else:
        registered = clients.add(idp, {"client_id": client_id, **metadata}, now=now)
    if isinstance(registered, Registered) and registered.secret is not None:
        kept.touch(mode=0o600)
        kept.write_text(registered.secret, "utf-8")
