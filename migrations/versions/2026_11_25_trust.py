"""trust: guardians, groups, appearances, withdrawals, receipts, lineage, holds, checkpoints."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "06224c5fe4c7"
down_revision = "7f4fcf3f4fd8"
branch_labels = None
depends_on = None

EXCERPTS = {
    "text_is_kept": "(selector = 'text') = (exact IS NOT NULL)",
    "practice_told": "(nature = 'practice') = (practice IS NOT NULL)",
}
GUID = sa.Uuid().with_variant(sa.CHAR(36), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite")
# What was made of what, before this was kept: the output, its id, the input, its id.
LINEAGE = """
    SELECT 'excerpts', id, 'testimonies', testimony_id FROM excerpts
    UNION SELECT 'excerpts', id, 'media', media_id FROM excerpts WHERE media_id IS NOT NULL
    UNION SELECT 'renditions', id, 'media', media_id FROM renditions
    UNION SELECT 'releases', release_id, 'testimonies', testimony_id FROM release_items
    UNION SELECT 'releases', release_id, 'excerpts', excerpt_id FROM release_items
        WHERE excerpt_id IS NOT NULL
    UNION SELECT 'releases', release_id, 'renditions', file_id FROM release_items
        WHERE file_id IS NOT NULL
    UNION SELECT 'releases', release_id, 'renditions', poster_id FROM release_items
        WHERE poster_id IS NOT NULL
"""
BATCH = 5000


# SQLite changes a CHECK by copying the table, and does not tell which columns of an index descend.
LATEST_FIRST = (
    *("owner_organization_id", "partner_organization_id", "state"),
    *("scheme_id", "workshop_id", "place_id", None),
)


def put_the_latest_first_again() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    for first in LATEST_FIRST:
        before = [first] if first else []
        name = "_".join(("ix_testimonies", *before, "recorded_on_id"))
        op.drop_index(name, "testimonies")
        op.create_index(name, "testimonies", [*before, sa.text("recorded_on DESC"), "id"])


def remember_lineage() -> None:
    bind = op.get_bind()
    now = bind.scalar(
        sa.text(
            "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
            if bind.dialect.name == "sqlite"
            else "SELECT now()"
        )
    )
    if isinstance(now, str):
        now = now.replace("Z", "000Z")  # milliseconds are all that SQLite tells
    table = sa.table(
        "derivations",
        sa.column("id", GUID),
        sa.column("created_at", sa.String() if isinstance(now, str) else MOMENT),
        sa.column("output", sa.String()),
        sa.column("output_id", GUID),
        sa.column("input", sa.String()),
        sa.column("input_id", GUID),
    )

    def rows() -> Iterator[dict[str, Any]]:
        found = bind.execute(sa.text(LINEAGE).columns(sa.String(), GUID, sa.String(), GUID))
        for output, output_id, given, input_id in found.all():
            is_text = bind.dialect.name == "sqlite"
            yield {
                "id": str(uuid4()) if is_text else uuid4(),
                "created_at": now,
                "output": output,
                "output_id": output_id,
                "input": given,
                "input_id": input_id,
            }

    waiting: list[dict[str, Any]] = []
    for row in rows():
        waiting.append(row)
        if len(waiting) == BATCH:
            op.bulk_insert(table, waiting)
            waiting = []
    if waiting:
        op.bulk_insert(table, waiting)


def upgrade() -> None:
    op.create_table(
        "audit_checkpoints",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("pruned", sa.Integer(), nullable=False),
        sa.Column(
            "up_to", sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_checkpoints")),
        sa.UniqueConstraint("number", name=op.f("uq_audit_checkpoints_number")),
    )
    op.create_table(
        "case_readings",
        sa.Column("account_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column("route", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_readings")),
    )
    with op.batch_alter_table("case_readings", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_case_readings_created_at_id"), ["created_at", "id"], unique=False
        )

    op.create_table(
        "derivations",
        sa.Column("output", sa.String(length=40), nullable=False),
        sa.Column("output_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column("input", sa.String(length=40), nullable=False),
        sa.Column("input_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column("id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_derivations")),
    )
    with op.batch_alter_table("derivations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_derivations_input_id_input"), ["input_id", "input"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_derivations_output_id_output_input_id_input"),
            ["output_id", "output", "input_id", "input"],
            unique=True,
        )

    op.create_table(
        "groups",
        sa.Column("scheme_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column("place_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column(
            "owner_organization_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False
        ),
        sa.Column(
            "partner_organization_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=True
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["owner_organization_id"],
            ["organizations.id"],
            name=op.f("fk_groups_owner_organization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["partner_organization_id"],
            ["organizations.id"],
            name=op.f("fk_groups_partner_organization_id"),
        ),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_groups_place_id")),
        sa.ForeignKeyConstraint(["scheme_id"], ["schemes.id"], name=op.f("fk_groups_scheme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groups")),
    )
    with op.batch_alter_table("groups", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_groups_created_at_id"), ["created_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_groups_owner_organization_id_created_at_id"),
            ["owner_organization_id", "created_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_groups_partner_organization_id_created_at_id"),
            ["partner_organization_id", "created_at", "id"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_groups_scheme_id"), ["scheme_id"], unique=False)

    op.create_table(
        "group_handovers",
        sa.Column("group_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column(
            "from_organization_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False
        ),
        sa.Column(
            "to_organization_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column("id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["by_id"], ["accounts.id"], name=op.f("fk_group_handovers_by_id")),
        sa.ForeignKeyConstraint(
            ["from_organization_id"],
            ["organizations.id"],
            name=op.f("fk_group_handovers_from_organization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name=op.f("fk_group_handovers_group_id")
        ),
        sa.ForeignKeyConstraint(
            ["to_organization_id"],
            ["organizations.id"],
            name=op.f("fk_group_handovers_to_organization_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_handovers")),
    )
    with op.batch_alter_table("group_handovers", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_group_handovers_group_id_created_at_id"),
            ["group_id", "created_at", "id"],
            unique=False,
        )

    op.create_table(
        "protocols",
        sa.Column("group_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("audiences", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("forms", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("media", sa.JSON(none_as_null=True), nullable=True),
        sa.Column(
            "identification",
            sa.Enum("anonymous", "signature", name="identification", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "rereading",
            sa.Enum(
                "nobody", "group", "each_witness", name="rereading", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("clauses", sa.JSON(), nullable=False),
        sa.Column("written_by_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column(
            "adopted_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=True,
        ),
        sa.Column("adopted_by_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=True),
        sa.Column("id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(adopted_at IS NULL) = (adopted_by_id IS NULL)", name=op.f("ck_protocols_adopted_by")
        ),
        sa.ForeignKeyConstraint(
            ["adopted_by_id"], ["accounts.id"], name=op.f("fk_protocols_adopted_by_id")
        ),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_protocols_group_id")),
        sa.ForeignKeyConstraint(
            ["written_by_id"], ["accounts.id"], name=op.f("fk_protocols_written_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_protocols")),
        sa.UniqueConstraint("group_id", "number", name=op.f("uq_protocols_group_id_number")),
    )
    op.create_table(
        "release_files",
        sa.Column("release_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("content_type", sa.String(length=80), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name=op.f("fk_release_files_release_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_files")),
        sa.UniqueConstraint("key", name=op.f("uq_release_files_key")),
        sa.UniqueConstraint("release_id", "name", name=op.f("uq_release_files_release_id_name")),
    )
    op.create_table(
        "appearances",
        sa.Column("media_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column("witness_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column("start_ms", sa.Integer(), nullable=False),
        sa.Column("end_ms", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("face", "voice", "name", name="appearancekind", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "start_ms >= 0 AND end_ms > start_ms", name=op.f("ck_appearances_in_order")
        ),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name=op.f("fk_appearances_media_id")),
        sa.ForeignKeyConstraint(
            ["witness_id"], ["witnesses.id"], name=op.f("fk_appearances_witness_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appearances")),
    )
    with op.batch_alter_table("appearances", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_appearances_media_id_start_ms_id"),
            ["media_id", "start_ms", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_appearances_witness_id_media_id"),
            ["witness_id", "media_id"],
            unique=False,
        )

    op.create_table(
        "group_members",
        sa.Column("group_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column("witness_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column("joined_on", sa.Date(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "left_on IS NULL OR left_on >= joined_on", name=op.f("ck_group_members_in_order")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name=op.f("fk_group_members_group_id")
        ),
        sa.ForeignKeyConstraint(
            ["witness_id"], ["witnesses.id"], name=op.f("fk_group_members_witness_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_members")),
    )
    with op.batch_alter_table("group_members", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_group_members_group_id_joined_on_id"),
            ["group_id", "joined_on", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_group_members_witness_id"), ["witness_id"], unique=False
        )
        batch_op.create_index(
            "uq_group_members_present",
            ["group_id", "witness_id"],
            unique=True,
            postgresql_where=sa.text("left_on IS NULL"),
            sqlite_where=sa.text("left_on IS NULL"),
        )

    op.create_table(
        "guardians",
        sa.Column("witness_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column("relation", sa.String(length=40), nullable=False),
        sa.Column("declared_by_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column("id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["declared_by_id"], ["accounts.id"], name=op.f("fk_guardians_declared_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["witness_id"], ["witnesses.id"], name=op.f("fk_guardians_witness_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guardians")),
    )
    with op.batch_alter_table("guardians", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_guardians_witness_id_created_at_id"),
            ["witness_id", "created_at", "id"],
            unique=False,
        )

    op.create_table(
        "legal_holds",
        sa.Column("witness_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_by_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column(
            "lifted_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=True,
        ),
        sa.Column("lifted_by_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=True),
        sa.Column("id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(lifted_at IS NULL) = (lifted_by_id IS NULL)",
            name=op.f("ck_legal_holds_lifted_by_someone"),
        ),
        sa.ForeignKeyConstraint(
            ["lifted_by_id"], ["accounts.id"], name=op.f("fk_legal_holds_lifted_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["placed_by_id"], ["accounts.id"], name=op.f("fk_legal_holds_placed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["witness_id"], ["witnesses.id"], name=op.f("fk_legal_holds_witness_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_holds")),
    )
    with op.batch_alter_table("legal_holds", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_legal_holds_created_at_id"), ["created_at", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_legal_holds_witness_id"), ["witness_id"], unique=False)

    op.create_table(
        "receipt_sessions",
        sa.Column("witness_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "expires_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["witness_id"], ["witnesses.id"], name=op.f("fk_receipt_sessions_witness_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_sessions")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_receipt_sessions_fingerprint")),
    )
    with op.batch_alter_table("receipt_sessions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_receipt_sessions_expires_at"), ["expires_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_receipt_sessions_witness_id"), ["witness_id"], unique=False
        )

    op.create_table(
        "withdrawals",
        sa.Column("witness_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column("everything", sa.Boolean(), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("event_number", sa.Integer(), nullable=False),
        sa.Column(
            "by_kind",
            sa.Enum(
                "account",
                "receipt",
                "link",
                "system",
                "command",
                name="actorkind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("by_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=True),
        sa.Column(
            "held_at", sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"), nullable=True
        ),
        sa.Column(
            "purged_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["witness_id"], ["witnesses.id"], name=op.f("fk_withdrawals_witness_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawals")),
    )
    with op.batch_alter_table("withdrawals", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_withdrawals_created_at_id"), ["created_at", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_withdrawals_purged_at"), ["purged_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_withdrawals_witness_id_created_at_id"),
            ["witness_id", "created_at", "id"],
            unique=False,
        )

    op.create_table(
        "approvals",
        sa.Column("witness_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column("release_item_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column(
            "said_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["release_item_id"], ["release_items.id"], name=op.f("fk_approvals_release_item_id")
        ),
        sa.ForeignKeyConstraint(
            ["witness_id"], ["witnesses.id"], name=op.f("fk_approvals_witness_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    with op.batch_alter_table("approvals", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_approvals_release_item_id_witness_id"),
            ["release_item_id", "witness_id"],
            unique=True,
        )
        batch_op.create_index(batch_op.f("ix_approvals_witness_id"), ["witness_id"], unique=False)

    with op.batch_alter_table("consent_events", schema=None) as batch_op:
        batch_op.add_column(sa.Column("evidence_sha256", sa.String(length=64), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_consent_events_evidence_media_id"), ["evidence_media_id"], unique=False
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_consent_events_guardian_id"), "guardians", ["guardian_id"], ["id"]
        )

    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "recall_acknowledged_at",
                sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
                nullable=True,
            )
        )

    with op.batch_alter_table("excerpts", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "erased_at",
                sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
                nullable=True,
            )
        )
        for name, rule in EXCERPTS.items():
            batch_op.drop_constraint(batch_op.f(f"ck_excerpts_{name}"), type_="check")
            batch_op.create_check_constraint(
                batch_op.f(f"ck_excerpts_{name}"), f"erased_at IS NOT NULL OR {rule}"
            )

    with op.batch_alter_table("identities", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("guardian_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=True)
        )
        batch_op.drop_constraint(batch_op.f("uq_identities_witness_id"), type_="unique")
        batch_op.create_index(
            "uq_identities_witness_id",
            ["witness_id"],
            unique=True,
            postgresql_where=sa.text("guardian_id IS NULL"),
            sqlite_where=sa.text("guardian_id IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_identities_key_id"), ["key_id"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_identities_guardian_id"), ["guardian_id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_identities_guardian_id"), "guardians", ["guardian_id"], ["id"]
        )

    with op.batch_alter_table("media", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "erased_at",
                sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
                nullable=True,
            )
        )

    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("revoked_by_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=True)
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_notices_revoked_by_id"), "accounts", ["revoked_by_id"], ["id"]
        )

    with op.batch_alter_table("releases", schema=None) as batch_op:
        batch_op.add_column(sa.Column("exclusions", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(
            sa.Column(
                "recalled_at",
                sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
                nullable=True,
            )
        )
    with op.batch_alter_table("releases", schema=None) as batch_op:
        batch_op.alter_column(
            "exclusions", existing_type=sa.JSON(), existing_nullable=False, server_default=None
        )

    with op.batch_alter_table("testimonies", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "withdrawn_at",
                sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
                nullable=True,
            )
        )
        batch_op.add_column(
            sa.Column(
                "withdrawn_from",
                sa.Enum(
                    "draft",
                    "submitted",
                    "accepted",
                    "returned",
                    "rejected",
                    "withdrawn",
                    name="state",
                    native_enum=False,
                    length=40,
                ),
                nullable=True,
            )
        )
        batch_op.add_column(
            sa.Column(
                "erased_at",
                sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
                nullable=True,
            )
        )
        batch_op.drop_constraint(batch_op.f("ck_testimonies_submitted_unless_draft"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_testimonies_submitted_unless_draft"),
            "state = 'withdrawn' OR (state = 'draft') = (submitted_at IS NULL)",
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_testimonies_withdrawn_at"),
            "(state = 'withdrawn') = (withdrawn_at IS NOT NULL)",
        )

    put_the_latest_first_again()
    with op.batch_alter_table("witnesses", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "withdrawn_at",
                sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
                nullable=True,
            )
        )
        batch_op.add_column(
            sa.Column(
                "erased_at",
                sa.DateTime(timezone=True).with_variant(sa.CHAR(27), "sqlite"),
                nullable=True,
            )
        )

    with op.batch_alter_table("workshops", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("group_id", sa.Uuid().with_variant(sa.CHAR(36), "sqlite"), nullable=True)
        )
        batch_op.create_index(
            batch_op.f("ix_workshops_group_id_starts_at_id"),
            ["group_id", "starts_at", "id"],
            unique=False,
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_workshops_group_id"), "groups", ["group_id"], ["id"]
        )

    remember_lineage()


def downgrade() -> None:
    withdrawn = op.get_bind().scalar(
        sa.text("SELECT count(*) FROM testimonies WHERE state = 'withdrawn'")
    )
    if withdrawn:
        raise RuntimeError(
            f"{withdrawn} testimonies were withdrawn: what is erased does not come back."
        )
    with op.batch_alter_table("workshops", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_workshops_group_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_workshops_group_id_starts_at_id"))
        batch_op.drop_column("group_id")

    with op.batch_alter_table("witnesses", schema=None) as batch_op:
        batch_op.drop_column("erased_at")
        batch_op.drop_column("withdrawn_at")

    with op.batch_alter_table("testimonies", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_testimonies_withdrawn_at"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_testimonies_submitted_unless_draft"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_testimonies_submitted_unless_draft"),
            "(state = 'draft') = (submitted_at IS NULL)",
        )
        batch_op.drop_column("erased_at")
        batch_op.drop_column("withdrawn_from")
        batch_op.drop_column("withdrawn_at")

    put_the_latest_first_again()
    with op.batch_alter_table("releases", schema=None) as batch_op:
        batch_op.drop_column("recalled_at")
        batch_op.drop_column("exclusions")

    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_notices_revoked_by_id"), type_="foreignkey")
        batch_op.drop_column("revoked_by_id")

    with op.batch_alter_table("media", schema=None) as batch_op:
        batch_op.drop_column("erased_at")

    with op.batch_alter_table("identities", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_identities_guardian_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("uq_identities_guardian_id"), type_="unique")
        batch_op.drop_index(batch_op.f("ix_identities_key_id"))
        batch_op.drop_index(
            "uq_identities_witness_id",
            postgresql_where=sa.text("guardian_id IS NULL"),
            sqlite_where=sa.text("guardian_id IS NULL"),
        )
        batch_op.create_unique_constraint(batch_op.f("uq_identities_witness_id"), ["witness_id"])
        batch_op.drop_column("guardian_id")

    with op.batch_alter_table("excerpts", schema=None) as batch_op:
        for name, rule in EXCERPTS.items():
            batch_op.drop_constraint(batch_op.f(f"ck_excerpts_{name}"), type_="check")
            batch_op.create_check_constraint(batch_op.f(f"ck_excerpts_{name}"), rule)
        batch_op.drop_column("erased_at")

    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_column("recall_acknowledged_at")

    with op.batch_alter_table("consent_events", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_consent_events_guardian_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_consent_events_evidence_media_id"))
        batch_op.drop_column("evidence_sha256")

    with op.batch_alter_table("approvals", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_approvals_witness_id"))
        batch_op.drop_index(batch_op.f("ix_approvals_release_item_id_witness_id"))

    op.drop_table("approvals")
    with op.batch_alter_table("withdrawals", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_withdrawals_witness_id_created_at_id"))
        batch_op.drop_index(batch_op.f("ix_withdrawals_purged_at"))
        batch_op.drop_index(batch_op.f("ix_withdrawals_created_at_id"))

    op.drop_table("withdrawals")
    with op.batch_alter_table("receipt_sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_receipt_sessions_witness_id"))
        batch_op.drop_index(batch_op.f("ix_receipt_sessions_expires_at"))

    op.drop_table("receipt_sessions")
    with op.batch_alter_table("legal_holds", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_legal_holds_witness_id"))
        batch_op.drop_index(batch_op.f("ix_legal_holds_created_at_id"))

    op.drop_table("legal_holds")
    with op.batch_alter_table("guardians", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_guardians_witness_id_created_at_id"))

    op.drop_table("guardians")
    with op.batch_alter_table("group_members", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_group_members_present",
            postgresql_where=sa.text("left_on IS NULL"),
            sqlite_where=sa.text("left_on IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_group_members_witness_id"))
        batch_op.drop_index(batch_op.f("ix_group_members_group_id_joined_on_id"))

    op.drop_table("group_members")
    with op.batch_alter_table("appearances", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_appearances_witness_id_media_id"))
        batch_op.drop_index(batch_op.f("ix_appearances_media_id_start_ms_id"))

    op.drop_table("appearances")
    op.drop_table("release_files")
    op.drop_table("protocols")
    with op.batch_alter_table("group_handovers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_group_handovers_group_id_created_at_id"))

    op.drop_table("group_handovers")
    with op.batch_alter_table("groups", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_groups_scheme_id"))
        batch_op.drop_index(batch_op.f("ix_groups_partner_organization_id_created_at_id"))
        batch_op.drop_index(batch_op.f("ix_groups_owner_organization_id_created_at_id"))
        batch_op.drop_index(batch_op.f("ix_groups_created_at_id"))

    op.drop_table("groups")
    with op.batch_alter_table("derivations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_derivations_output_id_output_input_id_input"))
        batch_op.drop_index(batch_op.f("ix_derivations_input_id_input"))

    op.drop_table("derivations")
    with op.batch_alter_table("case_readings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_case_readings_created_at_id"))

    op.drop_table("case_readings")
    op.drop_table("audit_checkpoints")
