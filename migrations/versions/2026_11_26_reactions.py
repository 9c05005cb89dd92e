"""reactions: what recipients answer; mobilization: a log of who was reached."""

import sqlalchemy as sa
from alembic import op

revision = "5d1e7a90c2f3"
down_revision = "c58e20d9b7a1"
branch_labels = None
depends_on = None

GUID = sa.Uuid().with_variant(sa.CHAR(36), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite")


def upgrade() -> None:
    op.create_table(
        "reactions",
        sa.Column("scheme_id", GUID, nullable=False),
        sa.Column("release_id", GUID, nullable=False),
        sa.Column("delivery_id", GUID, nullable=False),
        sa.Column("audience", sa.String(length=40), nullable=False),
        sa.Column("form", sa.String(length=40), nullable=False),
        sa.Column("item_id", GUID, nullable=True),
        sa.Column("form_rating", sa.Integer(), nullable=True),
        sa.Column("understood", sa.Boolean(), nullable=True),
        sa.Column("surprised", sa.Boolean(), nullable=True),
        sa.Column("commitment", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("public_text", sa.Text(), nullable=True),
        sa.Column("published_at", MOMENT, nullable=True),
        sa.Column("published_by_id", GUID, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("form_rating BETWEEN 1 AND 5", name=op.f("ck_reactions_form_rating")),
        sa.CheckConstraint(
            "(published_at IS NULL) = (published_by_id IS NULL)",
            name=op.f("ck_reactions_published_by"),
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_reactions_delivery_id")
        ),
        sa.ForeignKeyConstraint(
            ["published_by_id"], ["accounts.id"], name=op.f("fk_reactions_published_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name=op.f("fk_reactions_release_id")
        ),
        sa.ForeignKeyConstraint(["scheme_id"], ["schemes.id"], name=op.f("fk_reactions_scheme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reactions")),
    )
    with op.batch_alter_table("reactions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reactions_created_at_id"), ["created_at", "id"])
        for of in ("scheme_id", "release_id", "delivery_id"):
            batch_op.create_index(
                batch_op.f(f"ix_reactions_{of}_created_at_id"), [of, "created_at", "id"]
            )

    op.create_table(
        "mobilizations",
        sa.Column("scheme_id", GUID, nullable=False),
        sa.Column("delivery_id", GUID, nullable=True),
        sa.Column("with_whom", sa.String(length=200), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("by_id", GUID, nullable=False),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["accounts.id"], name=op.f("fk_mobilizations_by_id")),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_mobilizations_delivery_id")
        ),
        sa.ForeignKeyConstraint(
            ["scheme_id"], ["schemes.id"], name=op.f("fk_mobilizations_scheme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mobilizations")),
    )
    with op.batch_alter_table("mobilizations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mobilizations_on_id"), ["on", "id"])
        for of in ("scheme_id", "delivery_id"):
            batch_op.create_index(batch_op.f(f"ix_mobilizations_{of}_on_id"), [of, "on", "id"])

    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deliveries_created_at_id"), ["created_at", "id"])


def downgrade() -> None:
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deliveries_created_at_id"))

    op.drop_table("mobilizations")
    op.execute("DELETE FROM derivations WHERE output = 'reactions'")
    op.drop_table("reactions")
