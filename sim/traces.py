"""Observations as a robot has them, every 20 ms, from simulated robots that make every motion there is.

Training sees one observation a decision; a robot evaluates one a tick, in the middle of motions, too. What
is normal there can only be learned from traces like these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.control import kinematics
from shared.control.limits import LimiterState, limit
from shared.control.motions import TICKS, joints_of, plan, start_pose
from shared.control.observe import States, observe
from shared.control.rotations import matrix_to_quat, quat_to_matrix
from shared.control.vision import detect, scenes
from shared.messages import TaskSpec
from shared.spaces import NUM_JOINTS, NUM_PARAMS, NUM_TOOLS, OBS_DIM, TICK_S
from shared.tools import TOOL_INDEX
from sim import made
from sim.model import STOCK, build, shared_model
from sim.physics import Fleet
from sim.tasks import TASKS, Split
from sim.tasks.base import SCENE, SceneConfig

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Int = NDArray[np.int64]

TICKS_A_CALL = 200
"""Physics is rolled out for so many ticks at once."""
NEW_TASK = 0.07
"""Chance after each motion that a new task begins, with a move to its start pose."""
CUT = 0.15
"""Chance that a motion is cut short and the robot brakes."""
_START_TICKS = 60
_RUN_MADE = TOOL_INDEX["run_made"]
VELOCITY_SHARE = 0.5
"""Of the newest difference of positions in a velocity that is `derived`."""
_SKEWED = 0.02
"""Share of states whose head pose is a tick older than their joints."""


@dataclass(frozen=True)
class Senses:
    """How one body's measurements differ from the physics'."""

    delay: tuple[int, int] = (0, 0)
    """Least and most ticks by which what is measured is older than it could be; wanders between the two, as
    the clocks of robot and agent do."""
    encoder_step_rad: float = 0.0
    """Joint positions come in steps of this."""
    joint_noise_rad: float = 0.0
    velocity_noise: float = 0.0
    """[rad/s]"""
    derived: bool = False
    """Velocities are smoothed differences of positions, and the head pose follows from joints that may be a
    tick older."""
    accel_noise: float = 0.0
    """[m/s^2]"""
    gyro_noise: float = 0.0
    """[rad/s]"""
    imu: bool = True
    reference: bool = False
    """Physics is stepped as the official daemon steps it."""


BODIES: dict[str, Senses] = {
    "simulated": Senses(delay=(0, 1)),
    "training": Senses(joint_noise_rad=0.002, velocity_noise=0.02),
    "daemon": Senses(delay=(0, 3), derived=True, imu=False, reference=True),
    "robot": Senses(delay=(0, 3), encoder_step_rad=0.0015, derived=True, accel_noise=0.15, gyro_noise=0.02),
}
"""The MuJoCo process, the vector environment's body, the official daemon in simulation, and what is assumed
of a real robot."""


class Robots:
    """n robots that go on with every trace from where they are.

    Args:
        n: how many.
        seed: everything random follows from it.
        senses: of their bodies.
        split: wordings and objects.
        scene: how scenes and start poses are drawn.
    """

    def __init__(
        self,
        n: int,
        seed: int,
        senses: Senses,
        split: Split = "train",
        scene: SceneConfig = SCENE,
    ) -> None:
        self._n, self._senses, self._split, self._scene = n, senses, split, scene
        self._rng = np.random.default_rng(seed)
        self._tasks = list(TASKS.values())
        self.specs = [self._task() for _ in range(n)]
        start = joints_of(np.stack([start_pose(spec) for spec in self.specs]))
        self._fleet = Fleet(build(STOCK) if senses.reference else shared_model(), n, threads=1)
        position, R = kinematics.forward(start)
        for i in range(n):
            self._fleet.place(i, start[i], position[i], R[i])
        self._limiter = LimiterState.at(start)
        self._commands = [_Command() for _ in range(n)]
        self._lag = np.full(n, senses.delay[0])
        self._measured = _Measured.still(start, position, R)
        self._velocity, self._last = np.zeros((n, NUM_JOINTS)), start.copy()

    def close(self) -> None:
        """End what the physics uses."""
        self._fleet.close()

    def trace(self, ticks: int) -> F32:
        """What each robot observes on the next `ticks` ticks: (n, ticks, 512)."""
        out = np.empty((self._n, ticks, OBS_DIM), np.float32)
        for begin in range(0, ticks, TICKS_A_CALL):
            count = min(TICKS_A_CALL, ticks - begin)
            setpoints, specs = self._setpoints(count)
            self._observe(setpoints, specs, self._measure(setpoints), out[:, begin : begin + count])
        return out

    def _task(self) -> TaskSpec:
        task = self._tasks[self._rng.integers(len(self._tasks))]
        return task.reset(self._rng, self._split, self._scene)

    def _setpoints(self, count: int) -> tuple[F64, list[list[TaskSpec]]]:
        """(n, count, 9) rad emitted, through the limiter; and the task of every robot on every tick."""
        out = np.empty((self._n, count, NUM_JOINTS))
        specs: list[list[TaskSpec]] = []
        for k in range(count):
            self._decide()
            target = np.empty((self._n, NUM_JOINTS))
            braking = np.zeros(self._n, np.bool_)
            for i, command in enumerate(self._commands):
                target[i] = command.rows[command.played]
                braking[i] = command.cut <= command.played
                command.played += 1
            target[braking] = np.nan  # brake
            self._limiter, _ = limit(self._limiter, target)
            out[:, k] = self._limiter.pos
            specs.append(list(self.specs))
        return out, specs

    def _decide(self) -> None:
        """Give those whose motion is over the next one."""
        free = [i for i, command in enumerate(self._commands) if command.played == len(command.rows)]
        if not free:
            return
        rng = self._rng
        emitted = self._limiter.pos[free]
        tool = rng.integers(NUM_TOOLS, size=len(free))
        params = np.clip(rng.normal(0.0, 0.7, (len(free), NUM_PARAMS)), -1.0, 1.0)
        rows = plan(tool, params, emitted)
        for k, i in enumerate(free):
            taught = made.setpoints(params[k], emitted[k]) if tool[k] == _RUN_MADE else None
            if rng.random() < NEW_TASK:
                self.specs[i] = self._task()
                motion = _gentle(emitted[k], joints_of(start_pose(self.specs[i])[None])[0])
            else:
                motion = rows[k, : TICKS[tool[k]]] if taught is None else taught
            cut = int(rng.integers(1, len(motion))) if rng.random() < CUT else len(motion)
            if cut < len(motion):
                motion = motion[: cut + 15]
            self._commands[i] = _Command(motion, cut)

    def _measure(self, setpoints: F64) -> _Measured:
        """(n, count, ...): what the physics says at the moment of each tick, before its setpoint is known."""
        parts: list[_Measured | None] = [None] * self._n
        n, count, _ = setpoints.shape
        for rows, motion in self._fleet.start(np.arange(n), setpoints, np.full(n, count)):
            for k, i in enumerate(rows):
                parts[i] = _Measured(
                    motion.joint_pos[k], motion.joint_vel[k], motion.head[k], motion.accel[k], motion.gyro[k]
                )
        new = _Measured.stacked([part for part in parts if part is not None])
        whole = self._measured.then(new)
        # The newest `KEPT` ticks go over to the next call: what is measured late may be from there.
        self._measured = whole.tail(_KEPT)
        return whole

    def _observe(self, setpoints: F64, specs: list[list[TaskSpec]], whole: _Measured, out: F32) -> None:
        senses, rng, n = self._senses, self._rng, self._n
        rows = np.arange(n)
        view, shown = scenes([spec.objects for spec in specs[0]]), specs[0]
        for k in range(setpoints.shape[1]):
            if specs[k] != shown:
                view, shown = scenes([spec.objects for spec in specs[k]]), specs[k]
            least, most = senses.delay
            if most > least:
                self._lag = np.clip(self._lag + rng.choice([-1, 0, 1], n, p=[0.02, 0.96, 0.02]), least, most)
            at = k + _KEPT - 1 - self._lag
            state = self._sensed(whole, rows, at, setpoints[:, k])
            out[:, k] = observe(
                state,
                detections=detect(view, state.head_pos, state.head_matrix, rng),
                tool_match=np.stack([spec.tool_match for spec in shown]),
                embedding=np.stack([spec.embedding for spec in shown]),
                progress=np.full(n, 0.5),
                last_end_ok=np.ones(n),
            )

    def _sensed(self, whole: _Measured, rows: Int, at: Int, target: F64) -> States:
        senses, rng = self._senses, self._rng
        pos, vel, head = whole.pos[rows, at], whole.vel[rows, at], whole.head[rows, at]
        head_pos, quat = head[:, :3], head[:, 3:]
        if senses.encoder_step_rad:
            pos = np.round(pos / senses.encoder_step_rad) * senses.encoder_step_rad
        if senses.derived:
            self._velocity += VELOCITY_SHARE * ((pos - self._last) / TICK_S - self._velocity)
            self._last, vel = pos, self._velocity.copy()
            older = whole.pos[rows, at - (rng.random(len(rows)) < _SKEWED)]
            guess = (head_pos, quat_to_matrix(quat))
            head_pos, R = kinematics.forward(older, guess, 3)
            quat = matrix_to_quat(R)
        pos = pos + senses.joint_noise_rad * rng.standard_normal(pos.shape)
        vel = vel + senses.velocity_noise * rng.standard_normal(vel.shape)
        accel = whole.accel[rows, at] + senses.accel_noise * rng.standard_normal((len(rows), 3))
        gyro = whole.gyro[rows, at] + senses.gyro_noise * rng.standard_normal((len(rows), 3))
        return States(pos, vel, head_pos, quat, accel * senses.imu, gyro * senses.imu, target)


_KEPT = 6
"""Ticks of measurements that go over from one call to the next."""


@dataclass
class _Command:
    """A motion being played: rows up to `cut`, then braking."""

    rows: F64 = None  # type: ignore[assignment]
    cut: int = 0
    played: int = 0

    def __post_init__(self) -> None:
        if self.rows is None:
            self.rows = np.zeros((0, NUM_JOINTS))


@dataclass(frozen=True)
class _Measured:
    """The physics of n robots over some ticks."""

    pos: F64
    vel: F64
    head: F64
    accel: F64
    gyro: F64

    @classmethod
    def still(cls, joints: F64, position: F64, R: F64) -> _Measured:
        n = len(joints)
        head = np.concatenate([position, matrix_to_quat(R)], axis=1)
        at_rest = (joints, 0.0 * joints, head, 9.81 * R[:, 2], np.zeros((n, 3)))
        return cls(*(np.repeat(part[:, None], _KEPT, axis=1) for part in at_rest))

    @classmethod
    def stacked(cls, parts: list[_Measured]) -> _Measured:
        return cls(*(np.stack(group) for group in zip(*(vars(part).values() for part in parts), strict=True)))

    def then(self, other: _Measured) -> _Measured:
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return _Measured(*(np.concatenate(pair, axis=1) for pair in pairs))

    def tail(self, ticks: int) -> _Measured:
        return _Measured(*(part[:, -ticks:] for part in vars(self).values()))


def _gentle(start: F64, goal: F64) -> F64:
    """(ticks, 9): a smooth scripted move, as to an episode's start pose."""
    s = (np.arange(1, _START_TICKS + 1) / _START_TICKS)[:, None]
    return start + (goal - start) * (s**3 * (10.0 - 15.0 * s + 6.0 * s * s))
