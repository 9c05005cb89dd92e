"""martyr propositions: annotations of them; mobilization names who of the directory it was."""

import sqlalchemy as sa
from alembic import op

revision = "7b2c9e41d5a8"
down_revision = "dec317e8d1ee"
branch_labels = None
depends_on = None

GUID = sa.Uuid().with_variant(sa.CHAR(36), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("annotations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("proposition_id", GUID, nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_annotations_proposition_id"),
            "propositions",
            ["proposition_id"],
            ["id"],
            ondelete="CASCADE",
        )
        batch_op.drop_constraint(batch_op.f("ck_annotations_about_one_thing"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_annotations_about_one_thing"),
            "(bundle_id IS NULL) <> (proposition_id IS NULL)",
        )
        batch_op.create_index(
            batch_op.f("ix_annotations_proposition_id_created_at_id"),
            ["proposition_id", "created_at", "id"],
            unique=False,
        )

    with op.batch_alter_table("mobilizations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("decision_maker_id", GUID, nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_mobilizations_decision_maker_id"),
            "decision_makers",
            ["decision_maker_id"],
            ["id"],
        )
        batch_op.create_index(
            batch_op.f("ix_mobilizations_decision_maker_id_on_id"),
            ["decision_maker_id", "on", "id"],
            unique=False,
        )


def downgrade() -> None:
    with op.batch_alter_table("mobilizations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mobilizations_decision_maker_id_on_id"))
        batch_op.drop_constraint(
            batch_op.f("fk_mobilizations_decision_maker_id"), type_="foreignkey"
        )
        batch_op.drop_column("decision_maker_id")

    op.execute(
        "DELETE FROM derivations WHERE output = 'annotations' AND output_id IN"
        " (SELECT id FROM annotations WHERE proposition_id IS NOT NULL)"
    )
    op.execute("DELETE FROM annotations WHERE proposition_id IS NOT NULL")
    with op.batch_alter_table("annotations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_annotations_proposition_id_created_at_id"))
        batch_op.drop_constraint(batch_op.f("ck_annotations_about_one_thing"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_annotations_about_one_thing"), "bundle_id IS NOT NULL"
        )
        batch_op.drop_constraint(batch_op.f("fk_annotations_proposition_id"), type_="foreignkey")
        batch_op.drop_column("proposition_id")
