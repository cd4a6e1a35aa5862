"""Accounts that wait before they confirm operations (journey E)."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Add a column; accounts that exist are not held, and nodes of the release before go on."""
    op.add_column("accounts", sa.Column("held_until", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Drop what ``upgrade`` added."""
    op.drop_column("accounts", "held_until")
