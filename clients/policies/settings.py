"""What the policies API is told at start."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Introspection:
    """The client the API authenticates as when it asks whether a token is still alive (RFC 7662)."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True)
class PoliciesSettings:
    """One policies API: whose tokens it takes, under which name, and which pages may call it."""

    issuer: str
    audience: str
    payouts_file: Path
    """The SQLite database of the payouts; made where it is missing."""
    allowed_origins: frozenset[str] = frozenset()
    introspection: Introspection | None = None
    ca_file: Path | None = None
