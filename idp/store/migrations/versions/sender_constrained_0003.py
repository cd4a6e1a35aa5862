"""The key a code or a refresh token is bound to (RFC 9449 §5, §10)."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Add columns; what stands is bound to no key, and nodes of the release before go on."""
    for table in ("authorizations", "refresh_tokens"):
        op.add_column(table, sa.Column("key_thumbprint", sa.String(length=43), nullable=True))
