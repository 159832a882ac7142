"""Where an agent keeps what: the files in its runtime folder (tmpfs) and in its state folder (disk)."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from shared.simlink import TASK_SLOT


@dataclass(frozen=True)
class RuntimeFiles:
    """Shared memory between the agent's processes; worthless after a reboot."""

    folder: Path

    @property
    def state(self) -> Path:
        """Slot, guard -> all: `GuardState`."""
        return self.folder / "state.slot"

    @property
    def action(self) -> Path:
        """Slot, policy -> guard: `Action`."""
        return self.folder / "action.slot"

    @property
    def teleop(self) -> Path:
        """Slot, link or a local tool -> guard: `Teleop`."""
        return self.folder / "teleop.slot"

    @property
    def records(self) -> Path:
        """Ring, guard -> link: `Record`."""
        return self.folder / "records.ring"

    @property
    def latch(self) -> Path:
        """Slot, guard -> all: `LatchState`."""
        return self.folder / "latch.slot"

    @property
    def latch_file(self) -> Path:
        """The stop latch, as of now."""
        return self.folder / "latch"

    @property
    def task(self) -> Path:
        """Slot, link -> policy: a TaskSpec in codec bytes."""
        return self.folder / TASK_SLOT

    @property
    def end(self) -> Path:
        """Slot, link -> policy: an EndEpisode in codec bytes."""
        return self.folder / "end.slot"

    @property
    def suggest_mode(self) -> Path:
        """Slot, link -> policy: a SetMode in codec bytes."""
        return self.folder / "mode.slot"

    @property
    def approval(self) -> Path:
        """Slot, link -> policy: an Approval in codec bytes."""
        return self.folder / "approval.slot"

    @property
    def policy(self) -> Path:
        """Slot, policy -> link: `PolicyState`."""
        return self.folder / "policy.slot"

    @property
    def photo(self) -> Path:
        """Slot, eyes (policy where there are none) -> link and page: `PhotoState`."""
        return self.folder / "photo.slot"

    @property
    def stop_socket(self) -> Path:
        """Unix stream socket that takes `stop`, `release`, `resume`, `status`."""
        return self.folder / "stop.sock"

    @property
    def buttons(self) -> Path:
        """JSON: how each configured button is."""
        return self.folder / "buttons.json"

    def watched(self, process: str) -> Path:
        """There while somebody who declared so watches the robot through this process."""
        return self.folder / f"watched.{process}"

    @property
    def lock(self) -> Path:
        """Held by the supervisor: one agent a robot."""
        return self.folder / "lock"

    @property
    def guard_lock(self) -> Path:
        """Held by the guard: one writer a body."""
        return self.folder / "guard.lock"

    @property
    def processes(self) -> Path:
        """JSON: name -> pid of every running process."""
        return self.folder / "processes.json"


@dataclass(frozen=True)
class StateFiles:
    """What must survive a power cut."""

    folder: Path

    @property
    def epoch(self) -> Path:
        """Number of guard starts."""
        return self.folder / "epoch"

    @property
    def latch_file(self) -> Path:
        """The stop latch, a moment later."""
        return self.folder / "latch"

    @property
    def running(self) -> Path:
        """There while a guard runs; found after a power cut."""
        return self.folder / "running"

    @property
    def spool(self) -> Path:
        """Records that the learner has not acknowledged."""
        return self.folder / "spool.db"

    @property
    def bundles(self) -> Path:
        """Policies pulled from the learner."""
        return self.folder / "bundles"

    @property
    def made_tools(self) -> Path:
        """Made tools from policies that passed their trial."""
        return self.folder / "made-tools"

    @property
    def photos(self) -> Path:
        """Pictures that the robot was told to take."""
        return self.folder / "photos"

    @property
    def key(self) -> Path:
        """The robot's secret CURVE key; the public one lies beside it as `robot.pub`."""
        return self.folder / "keys" / "robot.key"

    @property
    def signers(self) -> Path:
        """Folder of the public keys whose policies this robot believes, one `<name>.pub` each."""
        return self.folder / "keys" / "signers"


def default_runtime_dir(robot_id: str) -> Path:
    """On tmpfs, where the machine has one."""
    base = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())  # noqa: S108
    return base / f"reachy-coach-{os.getuid()}" / robot_id
