"""One thread that runs slow jobs in turn for the event loop, and is left behind if a job hangs."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

_Job = tuple[Callable[[], Any], asyncio.AbstractEventLoop, "asyncio.Future[Any]"]


class Worker:
    """A daemon thread. Always the same one, because thread pools of numeric libraries belong to a thread."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[_Job | None] | None = None

    async def run(self, job: Callable[[], T], timeout_s: float) -> T:
        """Run a job in the thread.

        Raises:
            TimeoutError: it took longer. The thread is left to itself, and the next job gets a new one.
            Exception: whatever the job raised.
        """
        if self._jobs is None:
            self._jobs = queue.SimpleQueue()
            threading.Thread(target=_work, args=(self._jobs,), name=self._name, daemon=True).start()
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()
        self._jobs.put((job, loop, result))
        try:
            async with asyncio.timeout(timeout_s):
                return await result
        except TimeoutError:
            if result.cancelled():  # ours, not one that the job raised
                self.end()
            raise

    def end(self) -> None:
        """Let the thread end after its present job."""
        if self._jobs is not None:
            self._jobs.put(None)
            self._jobs = None


def _work(jobs: queue.SimpleQueue[_Job | None]) -> None:
    while (entry := jobs.get()) is not None:
        job, loop, result = entry
        if result.cancelled():
            continue
        try:
            value, error = job(), None
        except BaseException as raised:
            value, error = None, raised
        try:
            loop.call_soon_threadsafe(_settle, result, value, error)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return


def _settle(result: asyncio.Future[Any], value: Any, error: BaseException | None) -> None:
    if result.done():
        return
    if error is not None:
        result.set_exception(error)
    else:
        result.set_result(value)
