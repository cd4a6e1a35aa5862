"""How relying parties may ask: requests that are pushed (RFC 9126), tokens bound to a key (RFC 9449),
operations to be approved (RFC 9396)."""

from pydantic import Field

from idp.settings.section import FilePath, Section


class Par(Section):
    """Pushed authorization requests (RFC 9126)."""

    lifetime: int = Field(
        default=300,
        ge=60,
        le=600,
        description="A pushed request until a browser comes with it, seconds (FAPI 2.0: less than 600).",
    )
    bytes: int = Field(
        default=16384, ge=1024, le=65536, description="The parameters of one pushed request, bytes."
    )


class Dpop(Section):
    """Proofs of possession (RFC 9449)."""

    proof_age: int = Field(
        default=60,
        ge=10,
        le=300,
        description="How far a proof's time may lie from ours, either way, and how long it is remembered, "
        "seconds.",
    )


class Operations(Section):
    """Operations that customers approve one by one (RFC 9396; docs/operation-approval.md)."""

    types_directory: FilePath | None = Field(
        default=None,
        description="Folder with operation types of one's own, one TOML file each, beside those we ship.",
    )
    approval: int = Field(
        default=300,
        ge=30,
        le=300,
        description="An approval until its code leaves, and the access token issued from it, seconds.",
    )
