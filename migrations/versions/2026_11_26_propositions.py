"""propositions: what should change, the words it rests on, who wrote it, its steps."""

import sqlalchemy as sa
from alembic import op

revision = "dec317e8d1ee"
down_revision = "5d1e7a90c2f3"
branch_labels = None
depends_on = None

GUID = sa.Uuid().with_variant(sa.CHAR(36), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite")


def upgrade() -> None:
    op.create_table(
        "propositions",
        sa.Column("scheme_id", GUID, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column(
            "competence",
            sa.Enum("region", "state", "other", name="competence", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("relayed_to", sa.String(length=200), nullable=True),
        sa.Column("workshop_id", GUID, nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("responsible", sa.String(length=200), nullable=True),
        sa.Column("experiment", sa.Text(), nullable=True),
        sa.Column("product", sa.Text(), nullable=True),
        sa.Column("created_by_id", GUID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["accounts.id"], name=op.f("fk_propositions_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["scheme_id"], ["schemes.id"], name=op.f("fk_propositions_scheme_id")
        ),
        sa.ForeignKeyConstraint(
            ["workshop_id"], ["workshops.id"], name=op.f("fk_propositions_workshop_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_propositions")),
    )
    with op.batch_alter_table("propositions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_propositions_created_at_id"), ["created_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_propositions_scheme_id_created_at_id"),
            ["scheme_id", "created_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_propositions_updated_at"), ["updated_at"], unique=False
        )

    op.create_table(
        "proposition_co_authors",
        sa.Column("proposition_id", GUID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("witness_id", GUID, nullable=True),
        sa.Column("organization_id", GUID, nullable=True),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "witness_id IS NULL OR organization_id IS NULL",
            name=op.f("ck_proposition_co_authors_one_of_both"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_proposition_co_authors_organization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["proposition_id"],
            ["propositions.id"],
            name=op.f("fk_proposition_co_authors_proposition_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["witness_id"], ["witnesses.id"], name=op.f("fk_proposition_co_authors_witness_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposition_co_authors")),
    )
    with op.batch_alter_table("proposition_co_authors", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_proposition_co_authors_proposition_id_position"),
            ["proposition_id", "position"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_proposition_co_authors_witness_id"), ["witness_id"], unique=False
        )

    op.create_table(
        "proposition_steps",
        sa.Column("proposition_id", GUID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "martyr",
                "proposed",
                "sent",
                "accepted",
                "refused",
                "experiment",
                "adopted",
                "abandoned",
                name="propositionstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("responsible", sa.String(length=200), nullable=True),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("by_id", GUID, nullable=False),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "state NOT IN ('refused', 'abandoned') OR reason IS NOT NULL",
            name=op.f("ck_proposition_steps_reason_told"),
        ),
        sa.ForeignKeyConstraint(
            ["by_id"], ["accounts.id"], name=op.f("fk_proposition_steps_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposition_id"],
            ["propositions.id"],
            name=op.f("fk_proposition_steps_proposition_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposition_steps")),
    )
    with op.batch_alter_table("proposition_steps", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_proposition_steps_proposition_id_number"),
            ["proposition_id", "number"],
            unique=True,
        )

    op.create_table(
        "proposition_evidence",
        sa.Column("proposition_id", GUID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("excerpt_id", GUID, nullable=True),
        sa.Column(
            "stance",
            sa.Enum("for", "against", name="stance", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "withdrawn_at IS NULL OR excerpt_id IS NULL",
            name=op.f("ck_proposition_evidence_withdrawn_is_unlinked"),
        ),
        sa.ForeignKeyConstraint(
            ["excerpt_id"],
            ["excerpts.id"],
            name=op.f("fk_proposition_evidence_excerpt_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["proposition_id"],
            ["propositions.id"],
            name=op.f("fk_proposition_evidence_proposition_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposition_evidence")),
    )
    with op.batch_alter_table("proposition_evidence", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_proposition_evidence_excerpt_id_proposition_id"),
            ["excerpt_id", "proposition_id"],
            unique=True,
        )
        batch_op.create_index(
            batch_op.f("ix_proposition_evidence_proposition_id_position"),
            ["proposition_id", "position"],
            unique=False,
        )


def downgrade() -> None:
    op.execute(
        "DELETE FROM derivations WHERE output = 'versions'"
        " AND output_id IN (SELECT id FROM versions WHERE \"of\" = 'propositions')"
    )
    op.execute("DELETE FROM versions WHERE \"of\" = 'propositions'")
    with op.batch_alter_table("proposition_evidence", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_proposition_evidence_proposition_id_position"))
        batch_op.drop_index(batch_op.f("ix_proposition_evidence_excerpt_id_proposition_id"))

    op.drop_table("proposition_evidence")
    with op.batch_alter_table("proposition_steps", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_proposition_steps_proposition_id_number"))

    op.drop_table("proposition_steps")
    with op.batch_alter_table("proposition_co_authors", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_proposition_co_authors_witness_id"))
        batch_op.drop_index(batch_op.f("ix_proposition_co_authors_proposition_id_position"))

    op.drop_table("proposition_co_authors")
    with op.batch_alter_table("propositions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_propositions_updated_at"))
        batch_op.drop_index(batch_op.f("ix_propositions_scheme_id_created_at_id"))
        batch_op.drop_index(batch_op.f("ix_propositions_created_at_id"))

    op.drop_table("propositions")
