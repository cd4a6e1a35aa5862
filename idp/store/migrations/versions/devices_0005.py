"""The kind of device of sessions and known browsers (journey I)."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Add two columns; what stands is not touched, so nodes of the release before go on."""
    op.add_column("sessions", sa.Column("device", sa.String(length=40), nullable=True))
    op.add_column("known_browsers", sa.Column("device", sa.String(length=40), nullable=True))
