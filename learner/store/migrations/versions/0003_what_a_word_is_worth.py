"""Ratings, and how each feedback came by its score"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_NEW = (
    sa.Column("score_low", sa.Float(), nullable=True),
    sa.Column("score_high", sa.Float(), nullable=True),
    sa.Column("score_kind", sa.String(), nullable=True),
    sa.Column("abstained", sa.Text(), nullable=True),
    sa.Column("reward_model", sa.String(), nullable=True),
    sa.Column("seen", sa.Text(), nullable=True),
    sa.Column("scored_unix_s", sa.Float(), nullable=True),
    sa.Column("first_decision_seq", sa.Integer(), nullable=True),
    sa.Column("last_decision_seq", sa.Integer(), nullable=True),
    sa.Column("source", sa.String(), server_default="live", nullable=False),
)


def upgrade() -> None:
    """Go up."""
    # Columns are added in place: rebuilding the table would drop rows that point at it.
    for column in _NEW:
        op.add_column("feedback", column.copy())
    op.add_column("credits", sa.Column("rule", sa.String(), server_default="delay", nullable=False))
    # Everything older was scored (or abstained on) as it arrived, texts by the lexicon.
    op.execute("UPDATE feedback SET scored_unix_s = received_unix_s WHERE kind <> 'undo'")
    op.execute("UPDATE feedback SET score_kind = 'evaluative' WHERE score IS NOT NULL")
    op.execute("UPDATE feedback SET seen = text, reward_model = 'lexicon' WHERE kind = 'text'")
    op.execute(
        "UPDATE feedback SET abstained = 'nothing in it says how it did' "
        "WHERE kind = 'text' AND score IS NULL"
    )


def downgrade() -> None:
    """Go back."""
    op.drop_column("credits", "rule")
    for column in _NEW:
        op.drop_column("feedback", column.name)
