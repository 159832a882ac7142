"""The tables, as SQLAlchemy Core. A change here needs a migration; a test holds the two together.

Times are unix seconds. Scores, labels and rewards are in the units their column names say; scores in [-1, 1].
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

robots = Table(
    "robots",
    METADATA,
    Column("robot_id", String, primary_key=True),
    Column("body", String, nullable=False),
    Column("software", String, nullable=False),
    Column("layout_hash", String, nullable=False),
    Column("last_seen_unix_s", Float, nullable=False),
    Column("state", String, nullable=False),
)

episodes = Table(
    "episodes",
    METADATA,
    Column("episode_id", String, primary_key=True),
    Column("robot_id", String, nullable=False),
    Column("task", String, nullable=False),
    Column("instruction", Text, nullable=False),
    Column("spec", LargeBinary, nullable=False),  # shared.codec bytes of the TaskSpec
    Column("split", String, nullable=False),  # train | held_out
    Column("started_unix_s", Float, nullable=False),
    Column("ended_unix_s", Float),
    Column("outcome", String),  # success | failure | truncated | abandoned; NULL while it runs
    Column("policy_version", Integer),
    Column("n_steps", Integer, nullable=False, server_default="0"),
    Column("return_task", Float),
    Index(None, "robot_id", "started_unix_s"),
    Index(None, "task", "ended_unix_s"),
    Index(None, "started_unix_s"),
)

steps = Table(
    "steps",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("robot_id", String, nullable=False),
    Column("boot_epoch", Integer, nullable=False),
    Column("decision_seq", Integer, nullable=False),
    Column("episode_id", String, nullable=False),
    Column("episode_step", Integer, nullable=False),
    Column("tool", Integer, nullable=False),
    Column("source", String, nullable=False),
    Column("end_reason", String, nullable=False),
    Column("n_ticks", Integer, nullable=False),
    Column("policy_version", Integer, nullable=False),
    Column("log_prob", Float, nullable=False),
    Column("value", Float, nullable=False),
    Column("limited_ticks", Integer, nullable=False),
    Column("violations", Integer, nullable=False),
    Column("time_unix_s", Float, nullable=False),  # robot's clock
    Column("received_unix_s", Float, nullable=False),  # learner's clock
    Column("r_task", Float),  # NULL: not judged (closing record, unknown episode)
    Column("payload", LargeBinary, nullable=False),  # shared.codec.pack_transition
    UniqueConstraint("robot_id", "boot_epoch", "decision_seq"),
    Index(None, "episode_id", "boot_epoch", "decision_seq"),
    Index(None, "received_unix_s"),
)

feedback = Table(
    "feedback",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("robot_id", String, nullable=False),
    Column("episode_id", String),  # NULL when the shown decision belongs to no episode
    Column("client_id", String, nullable=False),
    Column("kind", String, nullable=False),  # tap | rating | text | demonstration | correction | undo
    Column("value", Float),  # a tap's own value, +1 or -1; a rating's, 1 to 5
    Column("text", Text),
    Column("received_unix_s", Float, nullable=False),
    Column("boot_epoch", Integer, nullable=False),
    Column("shown_decision_seq", Integer, nullable=False),
    Column("client_delay_ms", Float, nullable=False),
    Column("score", Float),  # what it says, in [-1, 1]; NULL = abstained
    Column("score_confidence", Float),  # in [0, 1]
    Column("score_low", Float),  # the score's 90 % interval
    Column("score_high", Float),
    Column("score_kind", String),  # evaluative | command | description | stop
    Column("abstained", Text),  # why there is no score; NULL: there is one, or it is waited for
    Column("reward_model", String),  # version of the model that gave the score
    Column("seen", Text),  # the text that the model read
    Column("scored_unix_s", Float),  # NULL: waits for its score
    Column("first_decision_seq", Integer),  # a marked stretch of decisions of the same epoch...
    Column("last_decision_seq", Integer),  # ... both included; NULL: none was marked
    Column("source", String, nullable=False, server_default="live"),  # live | replay | voice
    Column("undoes", Integer, ForeignKey("feedback.id")),  # an undo is another row
    UniqueConstraint("undoes"),
    Index(None, "received_unix_s"),
    Index(None, "client_id", "received_unix_s"),
    Index(None, "episode_id"),
)

credits = Table(
    "credits",
    METADATA,
    Column("feedback_id", Integer, ForeignKey("feedback.id"), primary_key=True),
    Column("step_id", Integer, ForeignKey("steps.id"), primary_key=True),
    Column("weight", Float, nullable=False),  # share of this feedback, times rank and confidence
    Column("label", Float, nullable=False),  # the feedback's score, in [-1, 1]
    Column("rule", String, nullable=False, server_default="delay"),  # learner.reward.feedback.credit.RULES
    Index(None, "step_id"),
)

credit_runs = Table(
    "credit_runs",
    METADATA,
    Column("feedback_id", Integer, ForeignKey("feedback.id"), primary_key=True),
    Column("time_unix_s", Float, nullable=False),
    Column("n_steps", Integer, nullable=False),  # 0: there was nothing it could be about
)

policies = Table(
    "policies",
    METADATA,
    Column("version", Integer, primary_key=True),
    Column("parent", Integer),
    Column("created_unix_s", Float, nullable=False),
    Column("path", String, nullable=False),
    Column("sha256", String, nullable=False),  # of the bundle file
    Column("size", Integer, nullable=False),  # bytes of the bundle file
    Column("eval", JSON, nullable=False),
    Column("status", String, nullable=False),  # published | refused | withdrawn
    Column("status_reason", Text, nullable=False, server_default=""),
    Column("gate", JSON, nullable=False, server_default="{}"),  # figures of the sim gate
    Column("limits_profile", Float, nullable=False, server_default="1"),  # share of the motion limits
)

policy_events = Table(
    "policy_events",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("robot_id", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", String, nullable=False),  # shared.messages.POLICY_STATUSES
    Column("reason", Text, nullable=False),
    Column("time_unix_s", Float, nullable=False),
    Index(None, "version"),
)

step_rewards = Table(
    "step_rewards",
    METADATA,
    Column("step_id", Integer, ForeignKey("steps.id"), primary_key=True),
    Column("r_task", Float, nullable=False),
    Column("r_human", Float, nullable=False),
    Column("r_human_std", Float, nullable=False),
    Column("r_safety", Float, nullable=False),
    Column("total", Float, nullable=False),
    Column("taste_version", Integer),  # NULL: no taste model yet
    Column("policy_version", Integer),  # first policy trained with it; NULL: in none yet
)

taste_models = Table(
    "taste_models",
    METADATA,
    Column("version", Integer, primary_key=True),
    Column("created_unix_s", Float, nullable=False),
    Column("n_labels", Integer, nullable=False),
    Column("last_feedback_id", Integer, nullable=False),  # every feedback up to here was considered
    Column("policy_version", Integer),  # first policy whose rewards it labelled
    Column("path", String, nullable=False),
    Column("metrics", JSON, nullable=False),
)

metrics = Table(
    "metrics",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("time_unix_s", Float, nullable=False),
    Column("name", String, nullable=False),
    Column("value", Float, nullable=False),
    Column("step", Integer, nullable=False),
    Index(None, "name", "id"),
)

stops = Table(
    "stops",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("asked_unix_s", Float, nullable=False),
    Column("robot_id", String, nullable=False),
    Column("everywhere", Boolean, nullable=False),  # asked of all robots at once
    Column("reason", Text, nullable=False),
    Column("confirmed", Boolean, nullable=False),  # by the robot itself
    Column("latched_ms", Float),  # robot's figure: receipt to latch
    Index(None, "asked_unix_s"),
    Index(None, "robot_id", "asked_unix_s"),
)

anomalies = Table(
    "anomalies",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("robot_id", String, nullable=False),
    Column("episode_id", String),  # NULL: outside of any episode
    Column("episode_step", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("score", Float, nullable=False),  # over its threshold; the highest that was told
    Column("detail", Text, nullable=False),
    Column("time_unix_s", Float, nullable=False),  # robot's clock
    Column("received_unix_s", Float, nullable=False),  # learner's clock
    UniqueConstraint("robot_id", "episode_id", "episode_step", "kind"),
    Index(None, "received_unix_s"),
    Index(None, "episode_id"),
)

events = Table(
    "events",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("time_unix_s", Float, nullable=False),
    Column("kind", String, nullable=False),
    Column("detail", JSON, nullable=False),
    Index(None, "kind", "id"),
)
