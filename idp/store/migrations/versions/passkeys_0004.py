"""Passkeys (journey E)."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Add two tables and a column; what stands is not touched, so nodes of the release before go on."""
    op.add_column("accounts", sa.Column("recovered_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "passkeys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sub", sa.String(length=32), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("backup_eligible", sa.Boolean(), nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("transports", sa.String(length=100), nullable=False),
        sa.Column("aaguid", sa.String(length=36), nullable=False),
        sa.Column("sealed_name", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("pending_until", sa.BigInteger(), nullable=True),
        sa.Column("flagged_at", sa.BigInteger(), nullable=True),
        sa.Column("cancel_digest", sa.LargeBinary(length=32), nullable=True),
        sa.ForeignKeyConstraint(["sub"], ["accounts.sub"], name=op.f("fk_passkeys_sub"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
        sa.UniqueConstraint("cancel_digest", name=op.f("uq_passkeys_cancel_digest")),
    )
    op.create_index(op.f("ix_passkeys_sub"), "passkeys", ["sub"], unique=False)
    op.create_table(
        "passkey_owners",
        sa.Column("sub", sa.String(length=32), nullable=False),
        sa.Column("user_handle", sa.LargeBinary(length=64), nullable=False),
        sa.Column("never_offer_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sub"], ["accounts.sub"], name=op.f("fk_passkey_owners_sub"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sub", name=op.f("pk_passkey_owners")),
        sa.UniqueConstraint("user_handle", name=op.f("uq_passkey_owners_user_handle")),
    )
