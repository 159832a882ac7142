"""Who is told about each update: TensorBoard, and the store that pages and terminal read."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from learner.store import queries
from learner.store.engine import Store
from learner.store.rows import Metric

if TYPE_CHECKING:
    from learner.progress import Progress


class TensorBoard:
    """Writes every figure of every update below `folder`."""

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder))

    def __call__(self, progress: Progress) -> None:
        """Write one update's figures."""
        for name, value in progress.figures().items():
            self._writer.add_scalar(name, value, progress.counters.updates)
        self._writer.flush()


class StoreMetrics:
    """Appends every figure of every update to the store's `metrics`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, progress: Progress) -> None:
        """Append one update's figures."""
        now, step = time.time(), progress.counters.updates
        rows = [Metric(now, name, value, step) for name, value in progress.figures().items()]
        with self._store.write() as connection:
            queries.add_metrics(connection, rows)
