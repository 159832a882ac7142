"""One thread for all linear algebra: matrices of 16 to 200 rows are too small to share.

numpy's BLAS and torch each start as many threads as there are cores; at these sizes the threads mostly
spin while they wait for each other (measured on two cores: collecting took 1.7 times the CPU, and as much
longer).
"""

from __future__ import annotations

import functools

import threadpoolctl
import torch


@functools.cache
def one_thread() -> None:
    """Limit this process; the physics has its own threads."""
    torch.set_num_threads(1)
    threadpoolctl.threadpool_limits(1, user_api="blas")
