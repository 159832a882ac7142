"""Child processes that never outlive their parent."""

from __future__ import annotations

import ctypes
import os
import signal

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """In a child, before its program begins: get SIGTERM when the parent ends, however that happens (Linux).

    Args:
        parent: its process id, taken before the fork; the parent may be gone by now.
    """
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(0)
