"""Accounts that wait before they confirm, the second factor at sign-in, trusted browsers (journeys D, E)."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Add columns and a table; accounts and sessions that exist are as they were, and nodes of the release
    before go on."""
    op.add_column("accounts", sa.Column("held_until", sa.BigInteger(), nullable=True))
    op.add_column("sessions", sa.Column("second_factor", sa.String(length=12), nullable=True))
    op.add_column("known_browsers", sa.Column("network", sa.String(length=43), nullable=True))
    op.create_table(
        "trusted_browsers",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sub", sa.String(length=32), nullable=False),
        sa.Column("browser_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("device", sa.String(length=40), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sub"], ["accounts.sub"], name=op.f("fk_trusted_browsers_sub"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trusted_browsers")),
        sa.UniqueConstraint("sub", "browser_digest", name=op.f("uq_trusted_browsers_sub_browser_digest")),
    )
    op.create_index(op.f("ix_trusted_browsers_expires_at"), "trusted_browsers", ["expires_at"], unique=False)
