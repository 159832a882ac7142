"""Judges episodes by their recorded motion and answers: the same code for one robot and for many
simulated ones.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, field

import numpy as np
from numpy.typing import NDArray

from shared.control.rotations import quat_to_matrix
from shared.control.vision import camera_position, gaze_angle
from shared.messages import TaskSpec
from shared.spaces import NUM_DETECTIONS, TICK_S
from sim.tasks import task_named
from sim.tasks.course import Follower, Seen
from sim.tasks.gestures import BOW, GESTURES, NONE, GestureTracker, channels

F64 = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]
Objects = NDArray[np.object_]

DWELL_RAD = np.deg2rad(5.0)
"""Looking at something: the camera's axis is this close to its centre..."""
DWELL_S = 0.4
"""... for this long without a break."""
_DWELL_TICKS = round(DWELL_S / TICK_S)
_NO_TARGET = -1


@dataclass(frozen=True)
class Verdict:
    """What one decision was worth."""

    reward: float
    terminated: bool
    success: bool
    info: dict[str, object] = field(default_factory=dict)
    """`event`: what ended the episode, in words; `tick`: at which tick of the episode; `measure`: what its
    task measures then, NaN for nothing."""


@dataclass(frozen=True)
class Verdicts:
    """`Verdict` for m decisions at once."""

    reward: F64
    terminated: Bool
    success: Bool
    event: NDArray[np.object_]
    """(m,) "" while the episode goes on."""
    tick: Int
    """(m,) tick of the episode at which the event happened, else -1."""
    measure: F64
    """(m,) what the task measures at the end of an episode; NaN where that is nothing, or goes on."""


class Judges:
    """Follows n episodes; rows are reset one by one and judged in batches."""

    def __init__(self, n: int) -> None:
        self._gestures = GestureTracker(n)
        self._points = np.full((n, NUM_DETECTIONS, 3), np.inf)
        self._target = np.full(n, _NO_TARGET, np.int64)
        self._dwell = np.zeros((n, NUM_DETECTIONS), np.int64)
        self._wanted = np.zeros(n, np.int64)
        self._answer = np.full(n, "", object)
        self._looks = np.zeros(n, np.bool_)
        self._bow_fails = np.zeros(n, np.bool_)
        self._weights = np.zeros((n, 7))  # in the order of `Reward`
        self._courses: list[Follower | None] = [None] * n
        self._on_course = np.zeros(n, np.bool_)
        self._angle = np.full(n, np.nan)  # last angle to the named object
        self._ticks = np.zeros(n, np.int64)
        self._names: list[tuple[str, ...]] = [()] * n

    def reset(self, row: int, spec: TaskSpec) -> None:
        """Begin an episode.

        Raises:
            UnknownTask: the spec's task is not one of ours.
            ValueError: more objects than can be judged, or an instruction that names no object of its scene.
        """
        task = task_named(spec.task)
        if len(spec.objects) > NUM_DETECTIONS:
            raise ValueError(f"{len(spec.objects)} objects in a scene; at most {NUM_DETECTIONS}")
        goals = task.goals(spec)
        target = goals[0].target
        if task.looks and target is None:
            raise ValueError(f"{spec.instruction!r} names none of the scene's objects")
        self._gestures.reset(np.array([row]))
        self._points[row] = (0.0, 0.0, -1e6)  # straight below: no pose looks there, turned away or not
        for k, thing in enumerate(spec.objects):
            self._points[row, k] = thing.position
        self._target[row] = _NO_TARGET if target is None else target
        self._dwell[row] = 0
        self._wanted[row] = goals[0].gesture
        self._answer[row] = goals[0].answer
        self._looks[row] = task.looks
        self._bow_fails[row] = task.bow_fails
        self._weights[row] = astuple(task.reward)
        self._angle[row] = np.nan
        self._ticks[row] = 0
        self._names[row] = tuple(thing.name for thing in spec.objects)
        self._courses[row] = course = task.course(spec)
        self._on_course[row] = course is not None

    def step(  # noqa: PLR0917
        self,
        rows: Int,
        joints: F64,
        head: F64,
        ticks: Int,
        limited: Int | None = None,
        answers: Objects | None = None,
    ) -> Verdicts:
        """Judge one decision of each of these episodes.

        Args:
            rows: (m,) distinct indices.
            joints: (m, k, 9) measured joints after each tick [rad].
            head: (m, k, 7) measured head position [m] and quaternion.
            ticks: (m,) how many of the k ticks belong to the decision; the rest is not looked at.
            limited: (m,) on how many of them the limiter had to change what was asked for; None: on none.
            answers: (m,) what was said (`shared.answers`), "" for nothing; None: nobody spoke.

        Returns:
            Verdicts; the earliest event decides, and who speaks does so at once.
        """
        m, k = joints.shape[:2]
        R = quat_to_matrix(head[..., 3:].reshape(-1, 4)).reshape(m, k, 3, 3)
        angles = gaze_angle(head[..., :3], R, self._points[rows][:, None])
        values = channels(joints, head, R)
        done, full = self._events(rows, angles, values, ticks)
        began = self._ticks[rows]
        gesture, dwelt, when = self._first_events(rows, done, full, ticks)
        said = np.full(m, "", object) if answers is None else answers
        spoke = np.asarray(said != "", np.bool_)
        gesture[spoke], dwelt[spoke], when[spoke] = NONE, _NO_TARGET, began[spoke]

        target = self._target[rows]
        looks = self._looks[rows]
        success = np.where(
            looks, (dwelt >= 0) & (dwelt == target), (gesture > 0) & (gesture == self._wanted[rows])
        )
        success = np.where(spoke, said == self._answer[rows], success)
        terminated = (gesture > NONE) | (dwelt >= 0) | spoke
        weights = self._weights[rows]
        reward = weights[:, 2] + np.where(success, weights[:, 0], np.where(terminated, weights[:, 1], 0.0))
        progress = self._progress(rows, angles, ticks)
        reward = reward + weights[:, 3] * progress
        event = np.array(
            [self._tell(*found) for found in zip(rows, gesture, dwelt, said, strict=True)], object
        )
        out = Verdicts(reward, terminated, success, event, when, np.full(m, np.nan))
        for i in np.flatnonzero(self._on_course[rows] & ~spoke).tolist():
            t = int(ticks[i])
            lens = camera_position(head[i, :t, :3], R[i, :t])
            changed = 0 if limited is None else int(limited[i])
            seen = Seen(done[i, :t], full[i, :t], R[i, :t, :, 0], lens, values[i, :t], changed)
            self._advance(i, int(rows[i]), seen, out)
            reward[i] += weights[i, 2] + weights[i, 3] * progress[i] + weights[i, 6] * (changed / max(t, 1))
            if terminated[i]:
                when[i] += began[i]
        return out

    def _advance(self, i: int, row: int, seen: Seen, out: Verdicts) -> None:
        """Judge row `i` of `out` anew, by its course; the tick is the decision's."""
        course = self._courses[row]
        assert course is not None
        found = course.follow(seen)
        over = found.tick >= 0
        success, failure, _, _, step, keeping, _ = self._weights[row].tolist()
        out.reward[i] = step * found.steps + keeping * found.kept_s
        if over:
            out.reward[i] += success if found.success else failure * found.blame
        out.terminated[i], out.success[i] = over, found.success
        out.event[i], out.tick[i], out.measure[i] = found.event, found.tick, found.measure
        if found.steps or found.anew:
            self._target[row] = _NO_TARGET if course.target is None else course.target
            self._angle[row] = np.nan
        if found.anew:
            self._dwell[row] = 0

    def _events(self, rows: Int, angles: F64, values: F64, ticks: Int) -> tuple[Int, Bool]:
        """Ids of the gestures (m, k) that the ticks complete, and objects (m, k, 8) dwelt on long enough."""
        k = angles.shape[1]
        i, t = np.arange(len(rows)), np.arange(k)
        played = t < ticks[:, None]
        done = self._gestures.follow(rows, values, ticks)
        done[(done == BOW) & ~self._bow_fails[rows, None]] = NONE
        near = (angles <= DWELL_RAD) & played[..., None]
        # Ticks since the gaze last was elsewhere; what an earlier decision left goes on if it never was.
        away = np.maximum.accumulate(np.where(near, -1, t[:, None]), axis=1)
        dwell = np.where(away < 0, self._dwell[rows, None] + t[:, None] + 1, t[:, None] - away)
        self._dwell[rows] = np.where(ticks[:, None] > 0, dwell[i, ticks - 1], self._dwell[rows])
        return done, (dwell >= _DWELL_TICKS) & near

    def _first_events(self, rows: Int, done: Int, full: Bool, ticks: Int) -> tuple[Int, Int, Int]:
        """First gesture that matters, or first object dwelt on, and at which tick of the episode."""
        i = np.arange(len(rows))
        played = np.arange(done.shape[1]) < ticks[:, None]
        full = full & self._looks[rows, None, None]
        events = ((done > NONE) | full.any(axis=2)) & played
        first = events.argmax(axis=1)
        happened = events[i, first]
        gesture = np.where(happened, done[i, first], NONE)
        dwelt = np.where(happened & (gesture == NONE), full[i, first].argmax(axis=1), _NO_TARGET)
        when = np.where(happened, self._ticks[rows] + first, -1)
        self._ticks[rows] += ticks
        return gesture, dwelt, when

    def _progress(self, rows: Int, angles: F64, ticks: Int) -> F64:
        """(m,) radians by which the gaze came nearer to the named object; 0 where there is none."""
        target = self._target[rows]
        has = target >= 0
        column = np.where(has, target, 0)
        i = np.arange(len(rows))
        after = angles[i, np.maximum(ticks, 1) - 1, column]
        before = np.where(np.isnan(self._angle[rows]), angles[i, 0, column], self._angle[rows])
        self._angle[rows] = np.where(has, after, np.nan)
        return np.where(has & (ticks > 0), before - after, 0.0)

    def _tell(self, row: int, gesture: int, dwelt: int, said: str) -> str:
        if said:
            return f"said {said!r}"
        if gesture > NONE:
            return GESTURES[gesture]
        return f"looked at the {self._names[row][dwelt]}" if dwelt >= 0 else ""


class Judge:
    """One episode's judge, fed with the motion of each decision as it arrives."""

    def __init__(self, spec: TaskSpec) -> None:
        self._judges = Judges(1)
        self._judges.reset(0, spec)
        self._over: Verdict | None = None

    def step(self, joints: F64, head: F64, limited: int = 0, answer: str = "") -> Verdict:
        """Judge one decision's motion.

        Args:
            joints: (k, 9) measured joints [rad], one row a tick; k may be 0.
            head: (k, 7) measured head position [m] and quaternion w x y z.
            limited: ticks on which the limiter had to change what was asked for.
            answer: what was said; "" for nothing.

        Returns:
            The verdict; after the episode is over, an empty one that repeats its success.
        """
        if self._over is not None:
            return self._over
        if len(joints) == 0:
            return Verdict(0.0, False, False)
        found = self._judges.step(
            np.zeros(1, np.int64),
            np.asarray(joints, np.float64)[None],
            np.asarray(head, np.float64)[None],
            np.array([len(joints)]),
            np.array([limited]),
            np.array([answer], object),
        )
        verdict = Verdict(
            float(found.reward[0]),
            bool(found.terminated[0]),
            bool(found.success[0]),
            {
                "event": str(found.event[0]),
                "tick": int(found.tick[0]),
                "measure": float(found.measure[0]),
            },
        )
        if verdict.terminated:
            self._over = Verdict(0.0, True, verdict.success, verdict.info)
        return verdict
