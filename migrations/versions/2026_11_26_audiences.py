"""audiences: decision makers, expectations, and what bundles and deliveries say of them."""

import sqlalchemy as sa
from alembic import op

revision = "c94f1a7e2b60"
down_revision = "c41f7d20ab93"
branch_labels = None
depends_on = None

GUID = sa.Uuid().with_variant(sa.CHAR(36), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite")


def upgrade() -> None:
    op.create_table(
        "decision_makers",
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("audience", sa.String(length=40), nullable=False),
        sa.Column("organization_id", GUID, nullable=True),
        sa.Column("mandate", sa.Text(), nullable=True),
        sa.Column("territory_id", GUID, nullable=True),
        sa.Column("preferred_forms", sa.JSON(), nullable=False),
        sa.Column("reception_notes", sa.Text(), nullable=True),
        sa.Column("created_by_id", GUID, nullable=False),
        sa.Column("retired_at", MOMENT, nullable=True),
        sa.Column("retired_by_id", GUID, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "(retired_at IS NULL) = (retired_by_id IS NULL)",
            name=op.f("ck_decision_makers_retired_by"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["accounts.id"], name=op.f("fk_decision_makers_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_decision_makers_organization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["retired_by_id"], ["accounts.id"], name=op.f("fk_decision_makers_retired_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territories.id"], name=op.f("fk_decision_makers_territory_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_makers")),
    )
    with op.batch_alter_table("decision_makers", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_decision_makers_territory_id"), ["territory_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_decision_makers_title_id"), ["title", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_decision_makers_updated_at"), ["updated_at"], unique=False
        )

    op.create_table(
        "contact_disclosures",
        sa.Column("decision_maker_id", GUID, nullable=False),
        sa.Column("by_id", GUID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["by_id"], ["accounts.id"], name=op.f("fk_contact_disclosures_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["decision_maker_id"],
            ["decision_makers.id"],
            name=op.f("fk_contact_disclosures_decision_maker_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_disclosures")),
    )
    with op.batch_alter_table("contact_disclosures", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_contact_disclosures_created_at"), ["created_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_contact_disclosures_decision_maker_id"),
            ["decision_maker_id"],
            unique=False,
        )

    op.create_table(
        "decision_maker_contacts",
        sa.Column("decision_maker_id", GUID, nullable=False),
        sa.Column("contact", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_maker_id"],
            ["decision_makers.id"],
            name=op.f("fk_decision_maker_contacts_decision_maker_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_maker_contacts")),
        sa.UniqueConstraint(
            "decision_maker_id", name=op.f("uq_decision_maker_contacts_decision_maker_id")
        ),
    )
    with op.batch_alter_table("decision_maker_contacts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_decision_maker_contacts_key_id"), ["key_id"], unique=False
        )

    op.create_table(
        "decision_maker_themes",
        sa.Column("decision_maker_id", GUID, nullable=False),
        sa.Column("theme_id", GUID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_maker_id"],
            ["decision_makers.id"],
            name=op.f("fk_decision_maker_themes_decision_maker_id"),
        ),
        sa.ForeignKeyConstraint(
            ["theme_id"], ["themes.id"], name=op.f("fk_decision_maker_themes_theme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_maker_themes")),
    )
    with op.batch_alter_table("decision_maker_themes", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_decision_maker_themes_decision_maker_id_theme_id"),
            ["decision_maker_id", "theme_id"],
            unique=True,
        )
        batch_op.create_index(
            batch_op.f("ix_decision_maker_themes_theme_id"), ["theme_id"], unique=False
        )

    op.create_table(
        "expectations",
        sa.Column("scheme_id", GUID, nullable=False),
        sa.Column("audience", sa.String(length=40), nullable=False),
        sa.Column("decision_maker_id", GUID, nullable=True),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("intended_use", sa.Text(), nullable=True),
        sa.Column("wanted_form", sa.String(length=40), nullable=True),
        sa.Column("wanted_length_ms", sa.Integer(), nullable=True),
        sa.Column("channel", sa.String(length=200), nullable=True),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("created_by_id", GUID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "due_on IS NULL OR due_on >= asked_on", name=op.f("ck_expectations_in_order")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["accounts.id"], name=op.f("fk_expectations_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["decision_maker_id"],
            ["decision_makers.id"],
            name=op.f("fk_expectations_decision_maker_id"),
        ),
        sa.ForeignKeyConstraint(
            ["scheme_id"], ["schemes.id"], name=op.f("fk_expectations_scheme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expectations")),
    )
    with op.batch_alter_table("expectations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_expectations_asked_on_id"), ["asked_on", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_expectations_decision_maker_id_asked_on_id"),
            ["decision_maker_id", "asked_on", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_expectations_scheme_id_asked_on_id"),
            ["scheme_id", "asked_on", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_expectations_updated_at"), ["updated_at"], unique=False
        )

    op.create_table(
        "bundle_expectations",
        sa.Column("bundle_id", GUID, nullable=False),
        sa.Column("expectation_id", GUID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["bundle_id"],
            ["bundles.id"],
            name=op.f("fk_bundle_expectations_bundle_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["expectation_id"],
            ["expectations.id"],
            name=op.f("fk_bundle_expectations_expectation_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bundle_expectations")),
    )
    with op.batch_alter_table("bundle_expectations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_bundle_expectations_bundle_id_expectation_id"),
            ["bundle_id", "expectation_id"],
            unique=True,
        )
        batch_op.create_index(
            batch_op.f("ix_bundle_expectations_expectation_id"), ["expectation_id"], unique=False
        )

    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("decision_maker_id", GUID, nullable=True))
        batch_op.create_index(
            batch_op.f("ix_deliveries_decision_maker_id"), ["decision_maker_id"], unique=False
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_deliveries_decision_maker_id"),
            "decision_makers",
            ["decision_maker_id"],
            ["id"],
        )


def downgrade() -> None:
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_deliveries_decision_maker_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_deliveries_decision_maker_id"))
        batch_op.drop_column("decision_maker_id")

    with op.batch_alter_table("bundle_expectations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bundle_expectations_expectation_id"))
        batch_op.drop_index(batch_op.f("ix_bundle_expectations_bundle_id_expectation_id"))

    op.drop_table("bundle_expectations")
    with op.batch_alter_table("expectations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_expectations_updated_at"))
        batch_op.drop_index(batch_op.f("ix_expectations_scheme_id_asked_on_id"))
        batch_op.drop_index(batch_op.f("ix_expectations_decision_maker_id_asked_on_id"))
        batch_op.drop_index(batch_op.f("ix_expectations_asked_on_id"))

    op.drop_table("expectations")
    with op.batch_alter_table("decision_maker_themes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_decision_maker_themes_theme_id"))
        batch_op.drop_index(batch_op.f("ix_decision_maker_themes_decision_maker_id_theme_id"))

    op.drop_table("decision_maker_themes")
    with op.batch_alter_table("decision_maker_contacts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_decision_maker_contacts_key_id"))

    op.drop_table("decision_maker_contacts")
    with op.batch_alter_table("contact_disclosures", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contact_disclosures_decision_maker_id"))
        batch_op.drop_index(batch_op.f("ix_contact_disclosures_created_at"))

    op.drop_table("contact_disclosures")
    with op.batch_alter_table("decision_makers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_decision_makers_updated_at"))
        batch_op.drop_index(batch_op.f("ix_decision_makers_title_id"))
        batch_op.drop_index(batch_op.f("ix_decision_makers_territory_id"))

    op.drop_table("decision_makers")
