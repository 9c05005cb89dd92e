"""targets: whom a scheme wants to hear, and where."""

import sqlalchemy as sa
from alembic import op

revision = "e8a3c51f97d2"
down_revision = "3f9a71c06be2"
branch_labels = None
depends_on = None

GUID = sa.Uuid().with_variant(sa.CHAR(36), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite")


def upgrade() -> None:
    op.create_table(
        "targets",
        sa.Column("scheme_id", GUID, nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("territory_id", GUID, nullable=False),
        sa.Column("witnesses", sa.Integer(), nullable=False),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("witnesses >= 1", name=op.f("ck_targets_somebody")),
        sa.ForeignKeyConstraint(["scheme_id"], ["schemes.id"], name=op.f("fk_targets_scheme_id")),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territories.id"], name=op.f("fk_targets_territory_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_targets")),
        sa.UniqueConstraint(
            "scheme_id",
            "role",
            "territory_id",
            name=op.f("uq_targets_scheme_id_role_territory_id"),
        ),
    )


def downgrade() -> None:
    op.drop_table("targets")
