"""What must be in order before the robot may move by itself after a boot; this moves nothing.

Whether the body answers is not asked here: the guard arms only after it has read it.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import tempfile
from functools import partial
from pathlib import Path

from robot_agent.button_checks import gpio_button, usb_button
from robot_agent.checks import Check, Level, fail, fine, looked_at, warn
from robot_agent.config import AgentConfig
from robot_agent.guard.latch_file import UNREADABLE, read_latch
from shared.bundle import read_bundle
from shared.errors import BundleError

log = logging.getLogger("selftest")

RECORD_BYTES = 6_000
"""Of one record in the spool."""
LEAST_FREE = 50 * 1024 * 1024
"""Bytes without which not even a latch or a policy is sure to reach the disk."""


def self_test(config: AgentConfig) -> tuple[Check, ...]:
    """All checks of a boot, in the order in which a person would look."""
    return looked_at(
        (name, partial(check, config))
        for name, check in (
            ("state folder", _state_folder),
            ("disk", _disk),
            ("tmpfs", _tmpfs),
            ("latch", _latch),
            ("policies", _policies),
            ("GPIO button", gpio_button),
            ("USB button", usb_button),
        )
    )


def may_arm(config: AgentConfig) -> bool:
    """Whether every self-test passes; says in the log which does not."""
    checks = self_test(config)
    for check in checks:
        if check.level is not Level.OK:
            log.warning("%s: %s; %s; %s", check.name, check.found, check.meaning, check.remedy)
    return all(check.level is not Level.FAIL for check in checks)


def _state_folder(config: AgentConfig) -> Check:
    folder = config.state.folder
    if not folder.exists():
        return warn("state folder", f"{folder} is not there yet", "no agent has run here", "start the agent")
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        why = "a stop would not outlive a power cut, and no record would be kept"
        found = f"{folder} cannot be written: {error}"
        return fail("state folder", found, why, "mend its rights or the disk")
    return fine("state folder", f"{folder} can be written")


def _disk(config: AgentConfig) -> Check:
    folder = _nearest(config.state.folder)
    free = shutil.disk_usage(folder).free
    found, wanted = f"{free / 1e6:.0f} MB free at {folder}", config.spool_records * RECORD_BYTES
    if free < LEAST_FREE:
        why = "latch, records and policies may not reach the disk"
        return fail("disk", found, why, f"free at least {LEAST_FREE / 1e6:.0f} MB")
    if free < wanted:
        why = "records will be lost if the learner stays away for long"
        return warn("disk", found, why, f"free {wanted / 1e6:.0f} MB, or set a smaller spool_records")
    return fine("disk", found)


def _tmpfs(config: AgentConfig) -> Check:
    folder = _nearest(config.runtime.folder)
    if not os.access(folder, os.W_OK):
        why = "the agent's processes cannot speak to each other"
        return fail("tmpfs", f"{folder} cannot be written", why, "set runtime_dir to a folder on tmpfs")
    kind = filesystem(folder)
    if kind not in ("tmpfs", "ramfs"):
        why = "every tick wears the disk, and a slow disk delays a stop"
        remedy = "set runtime_dir to a folder below /run or /dev/shm"
        return warn("tmpfs", f"{folder} is on {kind}", why, remedy)
    return fine("tmpfs", f"{folder} is on {kind}")


def _latch(config: AgentConfig) -> Check:
    files = (config.runtime.latch_file, config.state.latch_file)
    there = [file for file in files if file.exists()]
    if unreadable := [file for file in there if not os.access(file, os.R_OK)]:
        raise PermissionError(errno.EACCES, "no permission", str(unreadable[0]))
    found = [value for file in there if (value := read_latch(file))]
    if any(value.source == UNREADABLE for value in found):
        why = "the robot comes up stopped"
        return fail("latch", "a latch file is damaged", why, "look around, then: reachy-coach stop --release")
    return fine("latch", found[0].latch.name if found else "never set")


def _policies(config: AgentConfig) -> Check:
    folder = config.state.bundles
    kept = sorted(folder.glob("*.bundle")) if folder.is_dir() else []
    for path in kept:
        try:
            read_bundle(path.read_bytes())
        except BundleError as error:
            why = "this policy will be refused, and an older one used"
            remedy = f"remove {path}; the learner sends it again"
            return warn("policies", f"{path.name}: {error}", why, remedy)
    return fine("policies", f"{len(kept)} kept")


def _nearest(folder: Path) -> Path:
    """The folder, or what there is of its parents."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def filesystem(folder: Path) -> str:
    """The kind of file system that a folder is on, as /proc/self/mounts names it."""
    kinds = [line.split()[1:3] for line in Path("/proc/self/mounts").read_text().splitlines()]
    resolved = folder.resolve()
    over = [(mount, kind) for mount, kind in kinds if resolved.is_relative_to(mount.replace("\\040", " "))]
    return max(over, key=lambda pair: len(pair[0]), default=("", "unknown"))[1]
