"""events: when and where a release was shown, who came, what they said."""

import sqlalchemy as sa
from alembic import op

revision = "8c1e5a90d3f7"
down_revision = "c5d1e07f3b86"
branch_labels = None
depends_on = None

GUID = sa.Uuid().with_variant(sa.CHAR(36), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite")


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("release_id", GUID, nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=True),
        sa.Column("place_id", GUID, nullable=True),
        sa.Column("programme", sa.JSON(), nullable=False),
        sa.Column("shown", sa.JSON(), nullable=False),
        sa.Column("minutes", sa.Text(), nullable=True),
        sa.Column("recorded_by_id", GUID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name=op.f("fk_events_release_id")),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_events_place_id")),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["accounts.id"], name=op.f("fk_events_recorded_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("release_id", name=op.f("uq_events_release_id")),
    )
    op.create_index(op.f("ix_events_held_on"), "events", ["held_on"])
    op.create_table(
        "event_attendances",
        sa.Column("event_id", GUID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("count >= 0", name=op.f("ck_event_attendances_count")),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["events.id"],
            name=op.f("fk_event_attendances_event_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_attendances")),
        sa.UniqueConstraint("event_id", "role", name=op.f("uq_event_attendances_event_id_role")),
    )
    op.create_table(
        "event_reactions",
        sa.Column("event_id", GUID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item_id", GUID, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("role", sa.String(40), nullable=True),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["events.id"],
            name=op.f("fk_event_reactions_event_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_reactions")),
    )
    op.create_index(
        op.f("ix_event_reactions_event_id_position"), "event_reactions", ["event_id", "position"]
    )


def downgrade() -> None:
    op.drop_table("event_reactions")
    op.drop_table("event_attendances")
    op.drop_table("events")
