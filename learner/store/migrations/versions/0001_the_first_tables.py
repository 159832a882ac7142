"""The first tables"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "episodes",
        sa.Column("episode_id", sa.String(), nullable=False),
        sa.Column("robot_id", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("instruction", sa.Text(), nullable=False),
        sa.Column("spec", sa.LargeBinary(), nullable=False),
        sa.Column("split", sa.String(), nullable=False),
        sa.Column("started_unix_s", sa.Float(), nullable=False),
        sa.Column("ended_unix_s", sa.Float(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("policy_version", sa.Integer(), nullable=True),
        sa.Column("n_steps", sa.Integer(), server_default="0", nullable=False),
        sa.Column("return_task", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("episode_id", name=op.f("pk_episodes")),
    )
    with op.batch_alter_table("episodes", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_episodes_robot_id_started_unix_s"), ["robot_id", "started_unix_s"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_episodes_started_unix_s"), ["started_unix_s"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_episodes_task_ended_unix_s"), ["task", "ended_unix_s"], unique=False
        )

    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("time_unix_s", sa.Float(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_events_kind_id"), ["kind", "id"], unique=False)

    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("robot_id", sa.String(), nullable=False),
        sa.Column("episode_id", sa.String(), nullable=True),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("received_unix_s", sa.Float(), nullable=False),
        sa.Column("boot_epoch", sa.Integer(), nullable=False),
        sa.Column("shown_decision_seq", sa.Integer(), nullable=False),
        sa.Column("client_delay_ms", sa.Float(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("score_confidence", sa.Float(), nullable=True),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["undoes"], ["feedback.id"], name=op.f("fk_feedback_undoes_feedback")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint("undoes", name=op.f("uq_feedback_undoes")),
    )
    with op.batch_alter_table("feedback", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_feedback_client_id_received_unix_s"),
            ["client_id", "received_unix_s"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_feedback_episode_id"), ["episode_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_feedback_received_unix_s"), ["received_unix_s"], unique=False)

    op.create_table(
        "metrics",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("time_unix_s", sa.Float(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metrics")),
    )
    with op.batch_alter_table("metrics", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_metrics_name_id"), ["name", "id"], unique=False)

    op.create_table(
        "policies",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("parent", sa.Integer(), nullable=True),
        sa.Column("created_unix_s", sa.Float(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("eval", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("status_reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_policies")),
    )
    op.create_table(
        "policy_events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("robot_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("time_unix_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_events")),
    )
    with op.batch_alter_table("policy_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_policy_events_version"), ["version"], unique=False)

    op.create_table(
        "robots",
        sa.Column("robot_id", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("software", sa.String(), nullable=False),
        sa.Column("layout_hash", sa.String(), nullable=False),
        sa.Column("last_seen_unix_s", sa.Float(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("robot_id", name=op.f("pk_robots")),
    )
    op.create_table(
        "steps",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("robot_id", sa.String(), nullable=False),
        sa.Column("boot_epoch", sa.Integer(), nullable=False),
        sa.Column("decision_seq", sa.Integer(), nullable=False),
        sa.Column("episode_id", sa.String(), nullable=False),
        sa.Column("episode_step", sa.Integer(), nullable=False),
        sa.Column("tool", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("end_reason", sa.String(), nullable=False),
        sa.Column("n_ticks", sa.Integer(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("log_prob", sa.Float(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("limited_ticks", sa.Integer(), nullable=False),
        sa.Column("violations", sa.Integer(), nullable=False),
        sa.Column("time_unix_s", sa.Float(), nullable=False),
        sa.Column("received_unix_s", sa.Float(), nullable=False),
        sa.Column("r_task", sa.Float(), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_steps")),
        sa.UniqueConstraint(
            "robot_id", "boot_epoch", "decision_seq", name=op.f("uq_steps_robot_id_boot_epoch_decision_seq")
        ),
    )
    with op.batch_alter_table("steps", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_steps_episode_id_boot_epoch_decision_seq"),
            ["episode_id", "boot_epoch", "decision_seq"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_steps_received_unix_s"), ["received_unix_s"], unique=False)

    op.create_table(
        "taste_models",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_unix_s", sa.Float(), nullable=False),
        sa.Column("n_labels", sa.Integer(), nullable=False),
        sa.Column("last_feedback_id", sa.Integer(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=True),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_taste_models")),
    )
    op.create_table(
        "credit_runs",
        sa.Column("feedback_id", sa.Integer(), nullable=False),
        sa.Column("time_unix_s", sa.Float(), nullable=False),
        sa.Column("n_steps", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feedback_id"], ["feedback.id"], name=op.f("fk_credit_runs_feedback_id_feedback")
        ),
        sa.PrimaryKeyConstraint("feedback_id", name=op.f("pk_credit_runs")),
    )
    op.create_table(
        "credits",
        sa.Column("feedback_id", sa.Integer(), nullable=False),
        sa.Column("step_id", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("label", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feedback_id"], ["feedback.id"], name=op.f("fk_credits_feedback_id_feedback")
        ),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"], name=op.f("fk_credits_step_id_steps")),
        sa.PrimaryKeyConstraint("feedback_id", "step_id", name=op.f("pk_credits")),
    )
    with op.batch_alter_table("credits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credits_step_id"), ["step_id"], unique=False)

    op.create_table(
        "step_rewards",
        sa.Column("step_id", sa.Integer(), nullable=False),
        sa.Column("r_task", sa.Float(), nullable=False),
        sa.Column("r_human", sa.Float(), nullable=False),
        sa.Column("r_human_std", sa.Float(), nullable=False),
        sa.Column("r_safety", sa.Float(), nullable=False),
        sa.Column("total", sa.Float(), nullable=False),
        sa.Column("taste_version", sa.Integer(), nullable=True),
        sa.Column("policy_version", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"], name=op.f("fk_step_rewards_step_id_steps")),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_step_rewards")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("step_rewards")
    with op.batch_alter_table("credits", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_credits_step_id"))

    op.drop_table("credits")
    op.drop_table("credit_runs")
    op.drop_table("taste_models")
    with op.batch_alter_table("steps", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_steps_received_unix_s"))
        batch_op.drop_index(batch_op.f("ix_steps_episode_id_boot_epoch_decision_seq"))

    op.drop_table("steps")
    op.drop_table("robots")
    with op.batch_alter_table("policy_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_policy_events_version"))

    op.drop_table("policy_events")
    op.drop_table("policies")
    with op.batch_alter_table("metrics", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_metrics_name_id"))

    op.drop_table("metrics")
    with op.batch_alter_table("feedback", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_feedback_received_unix_s"))
        batch_op.drop_index(batch_op.f("ix_feedback_episode_id"))
        batch_op.drop_index(batch_op.f("ix_feedback_client_id_received_unix_s"))

    op.drop_table("feedback")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_events_kind_id"))

    op.drop_table("events")
    with op.batch_alter_table("episodes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_episodes_task_ended_unix_s"))
        batch_op.drop_index(batch_op.f("ix_episodes_started_unix_s"))
        batch_op.drop_index(batch_op.f("ix_episodes_robot_id_started_unix_s"))

    op.drop_table("episodes")
