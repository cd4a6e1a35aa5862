"""What registration by link, identification, recovery and change of mobile keep (journeys B, C, G, H, L)."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Add tables and columns; what stands is not touched, so nodes of the release before go on."""
    op.add_column("challenges", sa.Column("link_digest", sa.LargeBinary(length=32), nullable=True))
    op.create_index("ix_challenges_link_digest", "challenges", ["link_digest"], unique=True)
    op.add_column("enrolments", sa.Column("sealed_offer", sa.LargeBinary(), nullable=True))
    op.add_column("enrolments", sa.Column("activation", sa.String(length=64), nullable=True))
    op.add_column(
        "accounts", sa.Column("born_by", sa.String(length=16), nullable=False, server_default="contact")
    )
    op.add_column("accounts", sa.Column("username_ends_at", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_accounts_username_ends_at"), "accounts", ["username_ends_at"], unique=False)
    op.add_column("accounts", sa.Column("limited_until", sa.BigInteger(), nullable=True))
    op.add_column(
        "proven_contacts",
        sa.Column("source", sa.String(length=10), nullable=False, server_default="registry"),
    )
    op.add_column("proven_contacts", sa.Column("lost_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "mobile_changes",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sub", sa.String(length=32), nullable=False),
        sa.Column("sealed_mobile", sa.LargeBinary(), nullable=False),
        sa.Column("mobile_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("old_lost", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("cancel_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("proven_at", sa.BigInteger(), nullable=True),
        sa.Column("matures_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_by", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(
            ["sub"], ["accounts.sub"], name=op.f("fk_mobile_changes_sub"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mobile_changes")),
        sa.UniqueConstraint("cancel_digest", name=op.f("uq_mobile_changes_cancel_digest")),
    )
    op.create_index(op.f("ix_mobile_changes_sub"), "mobile_changes", ["sub"], unique=False)
    op.create_index(op.f("ix_mobile_changes_mobile_index"), "mobile_changes", ["mobile_index"], unique=False)
    op.create_index(op.f("ix_mobile_changes_matures_at"), "mobile_changes", ["matures_at"], unique=False)
    op.create_table(
        "activation_codes",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("customer_number", sa.String(length=64), nullable=False),
        sa.Column("issued_by", sa.String(length=64), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_activation_codes")),
    )
    op.create_index(
        op.f("ix_activation_codes_customer_number"), "activation_codes", ["customer_number"], unique=False
    )
    op.create_index(op.f("ix_activation_codes_expires_at"), "activation_codes", ["expires_at"], unique=False)
    op.create_table(
        "recoveries",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("handle_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sub", sa.String(length=32), nullable=True),
        sa.Column("sealed_offer", sa.LargeBinary(), nullable=False),
        sa.Column("chosen", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("case_number", sa.String(length=16), nullable=False),
        sa.Column("interaction_id", sa.String(length=32), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("activation", sa.String(length=64), nullable=True),
        sa.Column("proven_at", sa.BigInteger(), nullable=True),
        sa.Column("second_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("completed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recoveries")),
        sa.UniqueConstraint("handle_digest", name=op.f("uq_recoveries_handle_digest")),
    )
    for column in ("sub", "case_number", "expires_at"):
        op.create_index(op.f(f"ix_recoveries_{column}"), "recoveries", [column], unique=False)
