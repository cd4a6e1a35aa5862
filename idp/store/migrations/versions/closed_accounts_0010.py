"""That a closed account's subject was used (journey I)."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Add a table; what stands is not touched, so nodes of the release before go on."""
    op.create_table(
        "closed_accounts",
        sa.Column("sub", sa.String(length=32), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sub", name=op.f("pk_closed_accounts")),
    )
