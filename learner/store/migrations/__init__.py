"""Alembic migrations; `learner.store.engine` runs them when it opens a store."""
