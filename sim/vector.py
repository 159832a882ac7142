"""Many simulated episodes at once, one decision a step: the trainer's source of experience.

A step plans and limits every robot's whole decision in a few batched calls of the shared control core, then
rolls the physics out on several threads, then judges the recorded motion. Finished episodes start
anew within the same step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from shared.answers import spoken
from shared.control import vision
from shared.control.limits import LIMITS, LimiterState, limit_many
from shared.control.motions import TICKS, joints_of, plan, start_pose
from shared.control.observe import DEFAULT_BRIGHTNESS, States, observe
from shared.control.rotations import matrix_to_quat, rpy_to_matrix
from shared.interruption import as_of
from shared.messages import SceneObject, TaskSpec
from shared.spaces import NUM_JOINTS, NUM_TOOLS, OBS_DIM, TEXT_DIM
from shared.tools import MAX_TICKS, TOOL_INDEX
from sim import light, made
from sim.model import shared_model
from sim.physics import GRAVITY, Fleet, Motion
from sim.randomize import DrawnFleet
from sim.tasks import Split, task_named
from sim.tasks.judge import Judges
from sim.tasks.paths import Path, objects_at

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

Sight = Callable[[Sequence[SceneObject], F64, F64, float], tuple[F32, float]]
"""(a robot's scene, its head's position (3,) [m] and orientation (3, 3), light [mean brightness, 0 to 1]) ->
its detections (64,) and the brightness that its camera measures."""

WORTH_HALVING = 16
"""Environments from which on physics and control take turns in two halves."""
_SAY, _RUN_MADE = TOOL_INDEX["say"], TOOL_INDEX["run_made"]
_LIMITER = tuple(f.name for f in fields(LimiterState))


@dataclass(frozen=True)
class Domain:
    """Differences between bodies that the policy should not mind."""

    joint_noise_rad: float = 0.002
    """Standard deviation of measured joint positions."""
    velocity_noise: float = 0.02
    """Standard deviation of measured joint velocities [rad/s]."""
    no_imu: float = 0.3
    """Share of episodes on a body without an IMU (its readings are 0)."""
    detection: vision.Noise = vision.NOISE


DOMAIN = Domain()
EXACT_DOMAIN = Domain(joint_noise_rad=0.0, velocity_noise=0.0, no_imu=0.0, detection=vision.EXACT)


@dataclass(frozen=True)
class Step:
    """What one decision of each of the n environments led to."""

    obs: F32
    """(n, 512): of the next decision; a finished row shows its new episode's first one."""
    final_obs: F32
    """(n, 512): what was seen after the decision, in the same episode; equals `obs` where it goes on."""
    reward: F64
    """(n,) of the task."""
    terminated: Bool
    """(n,) success or failure."""
    truncated: Bool
    """(n,) out of decisions, neither succeeded nor failed: bootstrap from `final_obs`."""
    n_ticks: Int
    """(n,) ticks that the decision lasted."""
    success: Bool
    """(n,)"""
    task: Int
    """(n,) index into the env's `tasks` of the episode that the decision belonged to."""
    cost: F64
    """(n,) share of the decision's ticks on which the limiter had to change the setpoint."""
    event: NDArray[np.object_]
    """(n,) what ended the episode, in words; "" while it goes on."""
    measure: F64
    """(n,) what the task measures (`Task.measures`) at the end of an episode; else NaN."""
    setpoints: F64
    """(n, k, 9) rad: what was written, k at least `MAX_TICKS`; rows after a decision's own end are 0."""
    joints: F64
    """(n, k, 9) rad: measured; likewise."""
    head: F64
    """(n, k, 7): measured head position [m] and quaternion; likewise."""


class VectorEnv:
    """n environments of one or more tasks.

    Args:
        tasks: names; environment i plays task i modulo their number, for good.
        n: how many.
        seed: everything random follows from it.
        split: `train` or `held_out` wordings and objects.
        threads: for the physics.
        domain: measurement noise.
        autoreset: finished episodes start anew within the step; otherwise the caller resets.
        fleet: makes the bodies; those of `sim.randomize.DrawnFleet` measure with noise of their own, and
            their cameras are mounted a little askew.
        sight: what sees the scene (`sim.pixels.Pixels`: in pictures); projected positions unless given.

    Raises:
        UnknownTask: no task of that name.
    """

    def __init__(
        self,
        tasks: Sequence[str],
        n: int,
        seed: int = 0,
        split: Split = "train",
        threads: int = 2,
        *,
        domain: Domain = DOMAIN,
        autoreset: bool = True,
        fleet: Callable[[mujoco.MjModel, int, int], Fleet] = Fleet,
        sight: Sight | None = None,
    ) -> None:
        self.tasks = tuple(tasks)
        self.num_envs = n
        self._tasks = [task_named(name) for name in self.tasks]
        self._split: Split = split
        self._domain = domain
        self._autoreset = autoreset
        self._sight = sight
        self._rng = np.random.default_rng(seed)
        self._fleet = fleet(shared_model(), n, threads)
        self._judges = Judges(n)
        self._halves = np.array_split(np.arange(n), 2 if n >= WORTH_HALVING else 1)
        self._task = np.arange(n) % len(self.tasks)
        self.specs: list[TaskSpec] = [self._tasks[t].reset(self._rng, split) for t in self._task]
        self._limiter = LimiterState.at(np.zeros((n, NUM_JOINTS)))
        self._scenes = vision.scenes([()] * n)
        self._tool_match = np.zeros((n, NUM_TOOLS), np.float32)
        self._embedding = np.zeros((n, TEXT_DIM), np.float32)
        self._count = np.zeros(n, np.int64)
        self._allowed = np.ones(n, np.int64)
        self._imu = np.ones(n, np.bool_)
        self._brightness = np.full(n, DEFAULT_BRIGHTNESS)
        self._elapsed = np.zeros(n, np.int64)  # ticks of the episode
        self._paths: dict[int, tuple[Path, int]] = {}  # row -> way, and slot in the scene, of what moves
        self._interrupted: set[int] = set()  # rows of episodes in whose middle something is said
        self._state = States(*(np.zeros((n, k)) for k in (9, 9, 3, 4, 3, 3, 9)))
        self._seen = np.zeros((n, OBS_DIM), np.float32)  # observed last

    def reset(self, seed: int | None = None) -> F32:
        """Begin a new episode everywhere; (n, 512) first observations.

        Args:
            seed: start the randomness anew, so that everything that follows repeats; None goes on.
        """
        if seed is not None:
            self._rng = np.random.default_rng(seed)
        self._begin(np.arange(self.num_envs))
        return self._observe(np.arange(self.num_envs))

    def step(self, tool: Int, params: F64 | F32) -> Step:
        """Play one decision everywhere.

        Args:
            tool: (n,) index into `TOOLS`.
            params: (n, 4) raw parameters.
        """
        tool, params = np.asarray(tool, np.int64), np.asarray(params, np.float64)
        playing = self._made(tool, params)
        ticks = TICKS[tool]
        ticks[list(playing)] = [len(rows) for rows in playing.values()]
        out = self._blank(ticks)
        # While the threads move one half of the robots, the other half is planned, judged and begun anew.
        moving = []
        for rows in self._halves:
            planned = _with_made(plan(tool[rows], params[rows], self._limiter.pos[rows]), rows, playing)
            self._limit(rows, planned, out)
            moving.append(self._fleet.start(rows, out.setpoints[rows], out.n_ticks[rows]))
        for rows, motions in zip(self._halves, moving, strict=True):
            self._collect(motions, out)
            self._close(rows, out, self._answers(rows, tool, params))
        return out

    def _made(self, tool: Int, params: F64) -> dict[int, F64]:
        """Row -> setpoints (ticks, 9) of the made tool that it plays."""
        found = {}
        for row in np.flatnonzero(tool == _RUN_MADE).tolist():
            rows = made.setpoints(params[row], self._limiter.pos[row])
            if rows is not None:
                found[row] = rows
        return found

    def _blank(self, ticks: Int) -> Step:
        n, most = self.num_envs, max(MAX_TICKS, int(ticks.max(initial=0)))
        head = np.zeros((n, most, 7))
        head[..., 3] = 1.0
        return Step(
            obs=np.empty((n, OBS_DIM), np.float32),
            final_obs=np.empty((n, OBS_DIM), np.float32),
            reward=np.zeros(n),
            terminated=np.zeros(n, np.bool_),
            truncated=np.zeros(n, np.bool_),
            n_ticks=ticks,
            success=np.zeros(n, np.bool_),
            task=self._task.copy(),
            cost=np.zeros(n),
            event=np.full(n, "", object),
            measure=np.full(n, np.nan),
            setpoints=np.zeros((n, most, NUM_JOINTS)),
            joints=np.zeros((n, most, NUM_JOINTS)),
            head=head,
        )

    def _limit(self, half: Int, planned: F64, out: Step) -> None:
        """Run the limiter over each row's own ticks; keeps its state for the next decision."""
        ticks, changed, start = out.n_ticks[half], np.zeros(len(half)), 0
        for end in np.unique(ticks):
            on = np.flatnonzero(ticks >= end)
            rows = half[on]
            state = LimiterState(**{name: getattr(self._limiter, name)[rows] for name in _LIMITER})
            state, emitted, hit = limit_many(state, planned[on, start:end], LIMITS)
            out.setpoints[rows, start:end] = emitted
            changed[on] += hit.sum(axis=1)
            self._remember(rows, state)
            start = int(end)
        out.cost[half] = changed / ticks

    def _remember(self, rows: Int, state: LimiterState) -> None:
        for name in _LIMITER:
            getattr(self._limiter, name)[rows] = getattr(state, name)

    def _collect(self, motions: Iterable[tuple[Int, Motion]], out: Step) -> None:
        """Wait for the physics; keep traces of joints and head, and the newest measurements."""
        state = self._state
        for rows, motion in motions:
            duration = motion.joint_pos.shape[1]
            out.joints[rows, :duration], out.head[rows, :duration] = motion.joint_pos, motion.head
            state.joint_pos[rows] = motion.joint_pos[:, -1]
            state.joint_vel[rows] = motion.joint_vel[:, -1]
            state.head_pos[rows] = motion.head[:, -1, :3]
            state.head_quat[rows] = motion.head[:, -1, 3:]
            state.imu_accel[rows] = motion.accel[:, -1]
            state.imu_gyro[rows] = motion.gyro[:, -1]
            state.target[rows] = self._limiter.pos[rows]

    def _answers(self, rows: Int, tool: Int, params: F64) -> NDArray[np.object_]:
        """(m,) what each of these robots said; "" for nothing."""
        said = np.full(len(rows), "", object)
        for i in np.flatnonzero(tool[rows] == _SAY):
            row = rows[i]
            said[i] = spoken(_SAY, params[row], self._seen[row], self.specs[row].objects)
        return said

    def _close(self, rows: Int, out: Step, answers: NDArray[np.object_]) -> None:
        """Judge the decision, observe its end, and begin anew what is over."""
        ticks = out.n_ticks[rows]
        limited = np.rint(out.cost[rows] * ticks).astype(np.int64)
        verdict = self._judges.step(rows, out.joints[rows], out.head[rows], ticks, limited, answers)
        self._count[rows] += 1
        self._elapsed[rows] += ticks
        if self._paths or self._interrupted:
            self._go_on(rows)
        out.reward[rows], out.event[rows] = verdict.reward, verdict.event
        out.measure[rows] = verdict.measure
        out.terminated[rows], out.success[rows] = verdict.terminated, verdict.success
        out.truncated[rows] = (self._count[rows] >= self._allowed[rows]) & ~verdict.terminated
        out.obs[rows] = out.final_obs[rows] = self._observe(rows)
        over = rows[out.terminated[rows] | out.truncated[rows]]
        if len(over) and self._autoreset:
            self._begin(over)
            out.obs[over] = self._observe(over)

    def _go_on(self, rows: Int) -> None:
        """Move what moves, and say what is to be said before the next decision."""
        for row in self._paths.keys() & set(rows.tolist()):
            path, slot = self._paths[row]
            self._scenes.position[row, slot] = path.at(int(self._elapsed[row]))
        for row in self._interrupted & set(rows.tolist()):
            asked = as_of(self.specs[row], int(self._count[row]))
            vision.put_scene(self._scenes, row, asked.objects)
            self._tool_match[row], self._embedding[row] = asked.tool_match, asked.embedding

    def _noise(self, rows: Int) -> tuple[F64 | float, F64 | float]:
        """Standard deviation of measured positions [rad] and velocities [rad/s]: a number, or (m, 1)."""
        if not isinstance(self._fleet, DrawnFleet):
            return self._domain.joint_noise_rad, self._domain.velocity_noise
        drawn = [self._fleet.drawn[row] for row in rows]
        return (
            np.array([[body.joint_noise_rad] for body in drawn]),
            np.array([[body.velocity_noise] for body in drawn]),
        )

    def _eye(self, rows: Int, measured: States) -> tuple[F64, F64]:
        """The head's position and orientation as the camera's picture tells it."""
        pos, R = measured.head_pos, measured.head_matrix
        if isinstance(self._fleet, DrawnFleet):
            for i, row in enumerate(rows):
                camera = self._fleet.drawn[row].camera
                pos[i : i + 1], R[i : i + 1] = camera.head_as_seen(pos[i : i + 1], R[i : i + 1])
        return pos, R

    def _look(self, rows: Int, measured: States) -> tuple[F32, F64]:
        """(m, 64) detections, each row's in its own light, and (m,) the brightness that is measured."""
        pos, R = self._eye(rows, measured)
        bright = self._brightness[rows]
        if self._sight is None:
            seen = vision.Scenes(*(getattr(self._scenes, f.name)[rows] for f in fields(vision.Scenes)))
            return light.detect(seen, pos, R, self._rng, self._domain.detection, bright), bright
        in_force = [as_of(self.specs[row], int(self._count[row])) for row in rows]
        here = [self._placed(int(row), spec) for row, spec in zip(rows, in_force, strict=True)]
        found = [self._sight(*one) for one in zip(here, pos, R, bright.tolist(), strict=True)]
        return np.stack([slots for slots, _ in found]), np.array([told for _, told in found])

    def objects(self, row: int = 0) -> tuple[SceneObject, ...]:
        """What stands in front of a robot now."""
        return self._placed(row, self.specs[row])

    def _placed(self, row: int, spec: TaskSpec) -> tuple[SceneObject, ...]:
        moving = self._paths.get(row)
        return objects_at(spec, moving[0] if moving else None, int(self._elapsed[row]))

    @property
    def joints(self) -> F64:
        """(n, 9) rad: measured last."""
        return self._state.joint_pos

    @property
    def emitted(self) -> F64:
        """(n, 9) rad: the setpoints emitted last."""
        return self._limiter.pos

    def close(self) -> None:
        """End the physics threads."""
        self._fleet.close()

    def _begin(self, rows: Int) -> None:
        """Draw new episodes for these rows and put their robots at the start pose, at rest."""
        pose = np.zeros((len(rows), 9))
        for i, row in enumerate(rows):
            spec = self._tasks[self._task[row]].reset(self._rng, self._split)
            self.specs[row] = spec
            pose[i] = start_pose(spec)
            self._judges.reset(int(row), spec)
            vision.put_scene(self._scenes, int(row), spec.objects)
            self._tool_match[row], self._embedding[row] = spec.tool_match, spec.embedding
            self._allowed[row], self._brightness[row] = spec.max_decisions, spec.brightness
            self._interrupted.discard(int(row))
            if spec.changes:
                self._interrupted.add(int(row))
            self._paths.pop(int(row), None)
            if (path := self._tasks[self._task[row]].path(spec)) is not None:
                ranked = sorted(range(len(spec.objects)), key=lambda k: -spec.objects[k].match)
                self._paths[int(row)] = path, ranked.index(path.thing)
        joints, R = joints_of(pose), rpy_to_matrix(pose[:, :3])
        for i, row in enumerate(rows):
            self._fleet.place(int(row), joints[i], pose[i, 3:6], R[i])
        self._remember(rows, LimiterState.at(joints))
        state = self._state
        state.joint_pos[rows] = state.target[rows] = joints
        state.joint_vel[rows] = state.head_pos[rows] = state.imu_gyro[rows] = 0.0 * joints[:, :1]
        state.head_quat[rows] = matrix_to_quat(R)
        state.imu_accel[rows] = GRAVITY * R[:, 2]
        self._count[rows] = self._elapsed[rows] = 0
        self._imu[rows] = self._rng.random(len(rows)) >= self._domain.no_imu

    def _observe(self, rows: Int) -> F32:
        s, rng = self._state, self._rng
        imu = self._imu[rows, None]
        joint_noise, velocity_noise = self._noise(rows)
        measured = States(
            joint_pos=s.joint_pos[rows] + joint_noise * rng.standard_normal((len(rows), 9)),
            joint_vel=s.joint_vel[rows] + velocity_noise * rng.standard_normal((len(rows), 9)),
            head_pos=s.head_pos[rows],
            head_quat=s.head_quat[rows],
            imu_accel=np.where(imu, s.imu_accel[rows], 0.0),
            imu_gyro=np.where(imu, s.imu_gyro[rows], 0.0),
            target=s.target[rows],
        )
        detections, brightness = self._look(rows, measured)
        obs = observe(
            measured,
            detections=detections,
            tool_match=self._tool_match[rows],
            embedding=self._embedding[rows],
            progress=self._count[rows] / self._allowed[rows],
            last_end_ok=np.ones(len(rows)),
            brightness=brightness,
        )
        assert obs.shape == (len(rows), OBS_DIM)
        self._seen[rows] = obs
        return obs


def varied_env(tasks: Sequence[str], n: int, **options: Any) -> VectorEnv:
    """Environments in which every episode has a body, noise and camera of its own, and the shipped detector's
    errors; `options` as of `VectorEnv`.

    Raises:
        ConfigError: the file with the detector's errors is missing or makes no sense.
    """
    domain = replace(DOMAIN, detection=vision.Noise.fitted())
    return VectorEnv(tasks, n, domain=domain, fleet=DrawnFleet, **options)


def _with_made(planned: F64, rows: Int, playing: dict[int, F64]) -> F64:
    """Setpoints (m, k, 9) of these rows with those of the made tools in their places; k grows if need be."""
    mine = [(i, playing[row]) for i, row in enumerate(rows.tolist()) if row in playing]
    if not mine:
        return planned
    most = max(planned.shape[1], *(len(path) for _, path in mine))
    wide = np.concatenate([planned, np.repeat(planned[:, -1:], most - planned.shape[1], axis=1)], axis=1)
    for i, path in mine:
        wide[i, : len(path)] = path
    return wide
