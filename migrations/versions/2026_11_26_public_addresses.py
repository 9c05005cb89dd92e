"""releases: what is meant for the general public has an address of its own."""

import sqlalchemy as sa
from alembic import op

revision = "c58e20d9b7a1"
down_revision = "8c1e5a90d3f7"
branch_labels = None
depends_on = None

ID = sa.Uuid().with_variant(sa.CHAR(36), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite")


def upgrade() -> None:
    op.create_table(
        "public_addresses",
        sa.Column("bundle_id", ID, nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("given_at", MOMENT, nullable=False),
        sa.Column("given_by_id", ID, nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.Column("withdrawn_by_id", ID, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by_id IS NULL)",
            name=op.f("ck_public_addresses_withdrawn_by_someone"),
        ),
        sa.ForeignKeyConstraint(
            ["bundle_id"], ["bundles.id"], name=op.f("fk_public_addresses_bundle_id")
        ),
        sa.ForeignKeyConstraint(
            ["given_by_id"], ["accounts.id"], name=op.f("fk_public_addresses_given_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by_id"], ["accounts.id"], name=op.f("fk_public_addresses_withdrawn_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_public_addresses")),
        sa.UniqueConstraint("slug", name=op.f("uq_public_addresses_slug")),
    )
    with op.batch_alter_table("public_addresses", schema=None) as batch_op:
        batch_op.create_index(
            "ix_public_addresses_current",
            ["bundle_id"],
            unique=True,
            postgresql_where=sa.text("withdrawn_at IS NULL"),
            sqlite_where=sa.text("withdrawn_at IS NULL"),
        )


def downgrade() -> None:
    op.drop_table("public_addresses")
