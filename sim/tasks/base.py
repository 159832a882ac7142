"""What every task is made of: a phrase book, a way to lay out a scene, and a judge over the motion."""

from __future__ import annotations

import functools
import math
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from shared.control.geometry import NEUTRAL_HEIGHT_M
from shared.control.rotations import rpy_to_matrix
from shared.control.vision import CAMERA_OFFSET_M, gaze_angle
from shared.messages import SceneObject, TaskSpec
from sim import phrases
from sim.things import BY_NAME, names

if TYPE_CHECKING:
    from sim.tasks.course import Follower
    from sim.tasks.judge import Judge
    from sim.tasks.paths import Path

Split = Literal["train", "held_out"]
SPLITS: tuple[Split, ...] = ("train", "held_out")


@dataclass(frozen=True)
class Reward:
    """Reward weights of a task; all of order 1."""

    success: float = 1.0
    failure: float = -1.0
    decision: float = -0.02
    """For each decision, so that sooner is better."""
    progress: float = 0.0
    """Per radian by which the gaze comes nearer to the named object (potential-based)."""
    step: float = 0.0
    """For each step of several but the last, which `success` is for."""
    keeping: float = 0.0
    """For each second that the gaze stays with an object that moves."""
    limited: float = 0.0
    """For a decision on all of whose ticks the limiter had to change what was asked for; less for a share."""


@dataclass(frozen=True)
class SceneConfig:
    """How a scene and a start pose are drawn; angles in degrees, lengths in metres."""

    count: tuple[int, int] = (3, 4)
    """Fewest and most objects."""
    yaw_deg: float = 32.0
    pitch_deg: tuple[float, float] = (2.0, 20.5)
    """Downwards, as seen by the camera at the neutral pose."""
    distance_m: tuple[float, float] = (0.56, 0.75)
    table_x_m: float = 0.84
    table_y_m: float = 0.325
    """Objects stand on the table (or on a plinth on it): |y| and x at most these."""
    separation_deg: float = 15.5
    """Least angle between two objects."""
    start_clear_deg: float = 8.0
    """The first gaze is at least this far from every object."""
    start_roll_deg: float = 4.0
    start_pitch_deg: tuple[float, float] = (-6.0, 8.0)
    start_yaw_deg: float = 20.0
    start_body_deg: float = 8.0
    start_antenna_rad: float = 0.3


SCENE = SceneConfig()
MAX_DECISIONS = 15
Point = tuple[float, float, float]
CAMERA: Point = (float(CAMERA_OFFSET_M[0]), 0.0, float(CAMERA_OFFSET_M[2]) + NEUTRAL_HEIGHT_M)
"""Camera position at the neutral pose [m]."""
_TURNED_HEAD_DEG = 10.0
"""Most yaw between head and body where a robot starts turned away."""
_TRIES = 30
"""Draws of a place before the whole scene is drawn anew."""


@dataclass(frozen=True)
class Phrases:
    """Instructions in several wordings; `{object}` stands for the named object."""

    train: tuple[str, ...]
    held_out: tuple[str, ...]

    def of(self, split: Split) -> tuple[str, ...]:
        """The wordings of a split."""
        return self.train if split == "train" else self.held_out


@dataclass(frozen=True)
class Goal:
    """One step of an episode: a gesture, dwelling on an object, an answer, or a made tool."""

    gesture: int = 0
    """Id of the gesture (`gestures.GESTURES`); 0 where gaze decides."""
    target: int | None = None
    """Index of the object in the episode's scene; None where a gesture is due."""
    tempo_hz: float | None = None
    """Cycles a second that a gesture is to have; None: any."""
    answer: str = ""
    """What is to be said; empty where motion decides."""
    made: int | None = None
    """Place of the made tool (`sim.made`) that is to be performed; None where something else is due."""


@dataclass(frozen=True)
class Plan:
    """Wordings that ask for the same steps."""

    phrases: Phrases
    steps: tuple[str, ...]
    """In order: a gesture's name, or `{object}` or `{spot}` for a look at what that stands for."""


def wordings(plans: tuple[Plan, ...]) -> Phrases:
    """The phrase book of several plans."""
    return Phrases(
        tuple(phrase for plan in plans for phrase in plan.phrases.train),
        tuple(phrase for plan in plans for phrase in plan.phrases.held_out),
    )


@dataclass(frozen=True)
class Task:
    """One thing to learn. Success is judged on motion and on answers, never on tool names."""

    name: str
    phrases: Phrases
    reward: Reward
    about: str
    """What is asked and what fails, in two or three sentences."""
    difficulty: int
    """1 (one gesture) to 5 (many steps to be remembered)."""
    gesture: int = 0
    """Id of the gesture that succeeds (`gestures.GESTURES`); 0 where gaze decides."""
    looks: bool = False
    """True: success is dwelling on the named object, and dwelling on another one fails."""
    bow_fails: bool = True
    """False where going down and up again is part of the work."""
    max_decisions: int = MAX_DECISIONS
    plans: tuple[Plan, ...] = ()
    """What each wording asks for, where it is more than one gesture or one look."""
    spots: tuple[str, ...] = ()
    """Objects that `{spot}` may stand for; one of them is in every scene."""
    turned_deg: tuple[float, float] | None = None
    """The robot starts turned away from its table by this much, to either side; None: it faces the table."""
    max_gaze_deg_s: float | None = None
    """A gaze that turns faster than this over 0.2 s fails; None: any speed will do."""
    then: Phrases | None = None
    """What is said in the middle of an episode; None: nothing."""
    measures: str = ""
    """What is measured at an episode's end beside success; empty: nothing."""
    simulation_only: str = ""
    """Why robots are not given this task; empty where they may be."""

    def instructions(self) -> tuple[str, ...]:
        """Every instruction that can occur, over all splits and names."""
        found: list[str] = []
        for split in SPLITS:
            for phrase in self.phrases.of(split):
                found += [text for text, *_ in _fillings(phrase, names(split), self.spots)]
        return tuple(found)

    def goals(self, spec: TaskSpec) -> tuple[Goal, ...]:
        """What this episode asks for, in order.

        Raises:
            ValueError: the instruction is none of this task's, or names what is not in its scene.
        """
        if not self.plans:
            return (Goal(self.gesture, named_object(spec) if self.looks else None),)
        from sim.tasks.gestures import GESTURES

        steps = self.reading(spec.instruction)
        here = {thing.name: index for index, thing in enumerate(spec.objects)}
        missing = [step for step in steps if step not in GESTURES and step not in here]
        if missing:
            raise ValueError(f"{spec.instruction!r} names what is not in its scene: {', '.join(missing)}")
        return tuple(
            Goal(GESTURES.index(step)) if step in GESTURES else Goal(target=here[step]) for step in steps
        )

    def reading(self, instruction: str) -> tuple[str, ...]:
        """The steps that an instruction of one of the plans asks for, with the objects' names in them.

        Raises:
            ValueError: it is none of this task's.
        """
        steps = _readings(self).get(instruction)
        if steps is None:
            raise ValueError(f"{instruction!r} is no instruction of the task {self.name!r}")
        return steps

    def course(self, spec: TaskSpec) -> Follower | None:
        """What follows an episode of several steps, or one in which care counts.

        None where the first gesture or dwell decides.
        """
        from sim.tasks.course import Course

        goals = self.goals(spec)
        if len(goals) == 1 and self.max_gaze_deg_s is None:
            return None
        limit = None if self.max_gaze_deg_s is None else math.radians(self.max_gaze_deg_s)
        return Course(goals, [thing.name for thing in spec.objects], limit)

    def path(self, spec: TaskSpec) -> Path | None:
        """The way of the object that moves; None where all stand still."""
        return None

    def judge(self, spec: TaskSpec) -> Judge:
        """A judge for one episode of this task."""
        from sim.tasks.judge import Judge

        return Judge(spec)

    def draw_words(self, rng: np.random.Generator, split: Split, scene: SceneConfig) -> tuple[list[str], str]:
        """Names of the scene's objects, and the instruction."""
        chosen = draw_names(rng, split, scene)
        spot = ""
        if self.spots:
            free = [name for name in self.spots if name != chosen[0]]
            spot = free[rng.integers(len(free))]
            rest = [name for name in chosen[1:] if name != spot]
            chosen[1:] = [spot, *rest[: len(chosen) - 2]]
        wordings = self.phrases.of(split)
        return chosen, wordings[rng.integers(len(wordings))].format(object=chosen[0], spot=spot)

    def reset(self, rng: np.random.Generator, split: Split = "train", scene: SceneConfig = SCENE) -> TaskSpec:
        """Draw one episode: instruction, objects and start pose.

        Args:
            rng: every draw comes from it.
            split: `held_out` uses wordings never seen in training, and more object names.
            scene: how objects and start are drawn.
        """
        chosen, instruction = self.draw_words(rng, split, scene)
        embedding = phrases.embedding(instruction)
        positions = draw_positions(rng, chosen, scene)
        rpy, body = draw_start(rng, positions, scene)
        if self.turned_deg is not None:
            body = math.radians(rng.choice((-1.0, 1.0)) * rng.uniform(*self.turned_deg))
            rpy = (*rpy[:2], body + math.radians(rng.uniform(-_TURNED_HEAD_DEG, _TURNED_HEAD_DEG)))
        objects = [
            SceneObject(
                name=name,
                position=position,
                size_m=BY_NAME[name].size_m,
                match=float(phrases.embedding(name) @ embedding),
                code=phrases.class_code(phrases.embedding(name)),
            )
            for name, position in zip(chosen, positions, strict=True)
        ]
        right, left = rng.uniform(-scene.start_antenna_rad, scene.start_antenna_rad, 2)
        return TaskSpec(
            episode_id=uuid.UUID(bytes=rng.bytes(16), version=4).hex,
            task=self.name,
            instruction=instruction,
            embedding=embedding,
            tool_match=phrases.tool_match(embedding),
            objects=tuple(objects[i] for i in rng.permutation(len(objects))),
            start_head_rpy=rpy,
            start_body_yaw=body,
            start_antennas=(float(right), float(left)),
            max_decisions=self.max_decisions,
            seed=int(rng.integers(2**31)),
        )


def draw_names(rng: np.random.Generator, split: Split, scene: SceneConfig, extra: int = 0) -> list[str]:
    """Different names for one scene's objects, and so many more."""
    pool = names(split)
    count = int(rng.integers(scene.count[0], scene.count[1] + 1)) + extra
    return [pool[i] for i in rng.choice(len(pool), count, replace=False)]


def _fillings(phrase: str, objects: tuple[str, ...], spots: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """A wording with every object and spot that it can name: (text, object, spot)."""
    if "{spot}" in phrase:
        pairs = [(name, spot) for name in objects for spot in spots if name != spot]
    else:
        pairs = [(name, "") for name in objects] if "{object}" in phrase else [("", "")]
    return [(phrase.format(object=name, spot=spot), name, spot) for name, spot in pairs]


@functools.cache
def _readings(task: Task) -> dict[str, tuple[str, ...]]:
    """Instruction -> names of gestures and objects, in order."""
    return {
        text: tuple(step.format(object=name, spot=spot) for step in plan.steps)
        for plan in task.plans
        for split in SPLITS
        for phrase in plan.phrases.of(split)
        for text, name, spot in _fillings(phrase, names(split), task.spots)
    }


def named_object(spec: TaskSpec) -> int | None:
    """Index of the object that the instruction names; None where it names none of them."""
    found = [i for i, thing in enumerate(spec.objects) if thing.name in spec.instruction]
    return max(found, key=lambda i: len(spec.objects[i].name)) if found else None


def draw_positions(rng: np.random.Generator, chosen: list[str], scene: SceneConfig) -> list[Point]:
    """Positions [m] of the objects' centres, on the table or on plinths, far enough apart."""
    nearest = math.cos(math.radians(scene.separation_deg))
    while True:
        placed: list[Point] = []
        # Plain floats: numpy's overhead on three numbers would make resets dearer than the physics.
        for name, draws in zip(chosen, rng.random((len(chosen), _TRIES, 3)).tolist(), strict=True):
            for draw in draws:
                spot = _spot(draw, BY_NAME[name].height_m, scene)
                if spot is not None and all(_cos_between(spot, other) <= nearest for other in placed):
                    placed.append(spot)
                    break
            else:
                break  # no room left: start over
        if len(placed) == len(chosen):
            return placed


def _spot(draw: list[float], height_m: float, scene: SceneConfig) -> Point | None:
    """The place that three numbers in [0, 1) stand for; None where it is off the table."""
    yaw = math.radians((2.0 * draw[0] - 1.0) * scene.yaw_deg)
    low, high = scene.pitch_deg
    pitch = math.radians(low + draw[1] * (high - low))
    near, far = scene.distance_m
    distance = near + draw[2] * (far - near)
    x, y = CAMERA[0] + distance * math.cos(yaw), distance * math.sin(yaw)
    z = max(CAMERA[2] - distance * math.tan(pitch), 0.5 * height_m)
    return None if x > scene.table_x_m or abs(y) > scene.table_y_m else (x, y, z)


def _cos_between(a: Point, b: Point) -> float:
    """Cosine of the angle between two points as seen from the neutral camera."""
    p = [i - o for i, o in zip(a, CAMERA, strict=True)]
    q = [i - o for i, o in zip(b, CAMERA, strict=True)]
    return sum(i * j for i, j in zip(p, q, strict=True)) / (math.hypot(*p) * math.hypot(*q))


def draw_start(
    rng: np.random.Generator, positions: list[Point], scene: SceneConfig
) -> tuple[tuple[float, float, float], float]:
    """Head roll, pitch, yaw and body yaw [rad] that look at none of the positions."""
    low = np.array([-scene.start_roll_deg, scene.start_pitch_deg[0], -scene.start_yaw_deg])
    high = np.array([scene.start_roll_deg, scene.start_pitch_deg[1], scene.start_yaw_deg])
    body = math.radians(rng.uniform(-scene.start_body_deg, scene.start_body_deg))
    points = np.array(positions)
    while True:
        rpy = np.deg2rad(rng.uniform(low, high, (_TRIES, 3)))
        off = gaze_angle(np.zeros((_TRIES, 3)), rpy_to_matrix(rpy), points).min(axis=1)
        clear = np.flatnonzero(off >= math.radians(scene.start_clear_deg))
        if len(clear):
            roll, pitch, yaw = rpy[clear[0]].tolist()
            return (roll, pitch, yaw), body
