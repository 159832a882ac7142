"""Stops, anomalies, and what the sim gate said about a policy"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "stops",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("asked_unix_s", sa.Float(), nullable=False),
        sa.Column("robot_id", sa.String(), nullable=False),
        sa.Column("everywhere", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("latched_ms", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stops")),
    )
    with op.batch_alter_table("stops", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stops_asked_unix_s"), ["asked_unix_s"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_stops_robot_id_asked_unix_s"), ["robot_id", "asked_unix_s"], unique=False
        )

    op.create_table(
        "anomalies",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("robot_id", sa.String(), nullable=False),
        sa.Column("episode_id", sa.String(), nullable=True),
        sa.Column("episode_step", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("time_unix_s", sa.Float(), nullable=False),
        sa.Column("received_unix_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anomalies")),
        sa.UniqueConstraint(
            "robot_id",
            "episode_id",
            "episode_step",
            "kind",
            name=op.f("uq_anomalies_robot_id_episode_id_episode_step_kind"),
        ),
    )
    with op.batch_alter_table("anomalies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_anomalies_received_unix_s"), ["received_unix_s"], unique=False)
        batch_op.create_index(batch_op.f("ix_anomalies_episode_id"), ["episode_id"], unique=False)

    with op.batch_alter_table("policies", schema=None) as batch_op:
        batch_op.add_column(sa.Column("gate", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("limits_profile", sa.Float(), server_default="1", nullable=False))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("policies", schema=None) as batch_op:
        batch_op.drop_column("limits_profile")
        batch_op.drop_column("gate")

    with op.batch_alter_table("anomalies", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_anomalies_episode_id"))
        batch_op.drop_index(batch_op.f("ix_anomalies_received_unix_s"))

    op.drop_table("anomalies")
    with op.batch_alter_table("stops", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stops_robot_id_asked_unix_s"))
        batch_op.drop_index(batch_op.f("ix_stops_asked_unix_s"))

    op.drop_table("stops")
