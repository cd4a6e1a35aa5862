"""Since when the changes go back that a change of mobile replaced (journey G)."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Add a column that may be empty; nodes of the release before go on without it."""
    op.add_column("mobile_changes", sa.Column("replaces_since", sa.BigInteger(), nullable=True))
