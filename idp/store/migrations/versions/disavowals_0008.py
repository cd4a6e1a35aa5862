"""The link of a notice of a new device, and passkeys that are set aside by it (journey D)."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Add a table and a column; what stands is not touched, so nodes of the release before go on."""
    op.add_column("passkeys", sa.Column("suspended_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "disavowals",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sub", sa.String(length=32), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sub"], ["accounts.sub"], name=op.f("fk_disavowals_sub"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_disavowals")),
    )
    op.create_index(op.f("ix_disavowals_sub"), "disavowals", ["sub"], unique=False)
    op.create_index(op.f("ix_disavowals_expires_at"), "disavowals", ["expires_at"], unique=False)
