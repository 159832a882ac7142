"""Alembic's entry: migrates on the connection that `learner.store.engine` passes in."""

from alembic import context

from learner.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
