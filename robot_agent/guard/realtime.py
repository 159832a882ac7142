"""What keeps the guard on time: memory that stays in RAM, a real-time priority, no surprise collections."""

from __future__ import annotations

import ctypes
import gc
import logging
import os

log = logging.getLogger("guard")

PRIORITY = 20
"""Of SCHED_FIFO: above everything ordinary, below the kernel's own threads."""
COLLECT_TICKS = 500
"""With automatic collection off, what little garbage has cycles is collected this often, after a tick."""
_MCL_CURRENT = 1
"""What is in memory now. To lock what comes later too could let an allocation fail at a small limit."""


def prepare(paced: bool) -> None:
    """Ask for all of it; what this machine does not allow is said in the log and done without.

    Args:
        paced: ticks come in real time. Sped up they may take every moment there is, and with a priority the
            other processes would get none. Threads that are started from here on inherit it.
    """
    refused = []
    if ctypes.CDLL(None, use_errno=True).mlockall(_MCL_CURRENT) != 0:
        refused.append(f"locked memory ({os.strerror(ctypes.get_errno())})")
    try:
        if paced:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except OSError as error:
        refused.append(f"real-time priority ({error.strerror})")
    if refused:
        log.info("without %s: ticks may come late on a busy machine", " and ".join(refused))
    gc.collect()
    gc.freeze()
    gc.disable()


def collect(tick: int) -> None:
    """Collect now and then, after a tick's work, where automatic collection is off."""
    if tick % COLLECT_TICKS == 0 and not gc.isenabled():
        gc.collect()
