"""Opening the store: one class for synchronous callers (the trainer), one for asyncio (the learner process).

Queries are plain functions over a `Connection`, written once; the asynchronous store runs the same ones.
A write transaction takes SQLite's write lock at its start (BEGIN IMMEDIATE), so that two writing processes
queue on `busy_timeout` instead of failing halfway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.errors import StoreError
from shared.files import locked

P = ParamSpec("P")
T = TypeVar("T")

BUSY_TIMEOUT_MS = 10_000
OPEN_WAIT_S = 30.0

# FULL, not NORMAL: in WAL mode NORMAL may lose commits that were already acknowledged when power fails.
_PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
)


def _prepare(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = None  # SQLAlchemy, not the driver, says BEGIN
        cursor = dbapi_connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        mode = "IMMEDIATE" if connection.get_execution_options().get("writes") else "DEFERRED"
        connection.exec_driver_sql(f"BEGIN {mode}")


class Store:
    """Synchronous access. Safe to share between threads; each transaction takes its own connection.

    Raises:
        StoreError: the file cannot be opened, is not a store, or is of a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._engine = create_engine(f"sqlite:///{path}")
            _prepare(self._engine)
            # SQLite does not queue those who turn on the write-ahead log of a new file at the same moment.
            lock = path.with_name(f"{path.name}.lock")
            with locked(lock, f"somebody keeps opening the store {path}; try again", OPEN_WAIT_S):
                self._migrate()
        except CommandError as error:
            raise StoreError(
                f"the store {path} is of another version ({error}); "
                "run the version that wrote it, or move the file away"
            ) from error
        except (DatabaseError, OSError) as error:
            raise StoreError(f"cannot open the store {path}: {error}") from error

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option(
            "script_location", str(Path(__file__).parent / "migrations").replace("%", "%%")
        )
        with self.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read transaction: one consistent snapshot."""
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction; durable when the block has been left. Keep it short: others wait."""
        with self._engine.execution_options(writes=True).begin() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


class AsyncStore:
    """The same store for asyncio: `await store.read(queries.get_episode, episode_id)`.

    Migrates on construction, through a short-lived synchronous `Store` (same errors).
    """

    def __init__(self, path: Path) -> None:
        Store(path).close()
        self.path = path
        self._engine: AsyncEngine = create_async_engine(f"sqlite+aiosqlite:///{path}")
        _prepare(self._engine.sync_engine)
        self._writer = self._engine.execution_options(writes=True)
        self._write_lock = asyncio.Lock()

    async def read(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query in a read transaction."""
        async with self._engine.begin() as connection:
            return await connection.run_sync(query, *args, **kwargs)

    async def write(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query in a write transaction; what it wrote is durable when this returns."""
        async with self._write_lock, self._writer.begin() as connection:
            return await connection.run_sync(query, *args, **kwargs)

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()
