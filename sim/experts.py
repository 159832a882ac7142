"""A scripted expert: a few of its episodes start the policy off; success rates are compared with it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from shared.answers import NAMES_A_THING, WORDS, said
from shared.control.vision import HALF_TAN_U, HALF_TAN_V
from shared.interruption import as_of
from shared.messages import SceneObject, TaskSpec
from shared.spaces import DETECTION_FIELDS, JOINTS, NUM_DETECTIONS, NUM_PARAMS, TICK_S, slot_range
from shared.tools import TOOL_INDEX, TOOLS
from sim.made import made_tools
from sim.tasks import task_named
from sim.tasks.base import Goal
from sim.tasks.gestures import BOW, GESTURES

F32 = NDArray[np.float32]

_CODE = (DETECTION_FIELDS.index("class_a"), DETECTION_FIELDS.index("class_b"))
_SAME_CODE = 1e-4
_PROGRESS = slot_range("episode_progress").start
_BODY_YAW = slot_range("joint_pos").start + JOINTS.index("body_yaw")
LOOK_DECISIONS = 6
"""A step that is a look gets so many decisions before the next step; a gesture gets one."""
PATIENT = ("dim", "track")
"""Tasks in which what is not seen now will be seen again: going elsewhere would lose it."""
CLEAR = 0.5
"""Raw amplitude of a gesture whose tempo counts: a small one would not be recognised."""
HASTE = 1.04
"""A gesture swings faster between its turning points than its cycles and its duration say: it fades in and
out."""
HOME_RAD = math.radians(40.0)
"""Body yaw from which going home is within what the body's speed allows."""
SLOWLY = 0.9
"""Share of the allowed speed at which a slow look is aimed..."""
_LOOK_PEAK = 1.875 / (TOOLS[TOOL_INDEX["look"]].ticks * TICK_S)
"""... peak speed of a minimum-jerk look, per radian [1/s]."""


def expert(spec: TaskSpec, obs: F32) -> tuple[int, F32]:
    """What a demonstrator would do now.

    Args:
        spec: the episode; the demonstrator knows which object is meant.
        obs: (512,) what the robot observes.

    Returns:
        Tool index and (4,) raw parameters: `look` at where the named object is seen (`go_home` while it is
        not), no further than is allowed at once, the gesture asked for at half its range, or the answer.

    Raises:
        UnknownTask: the spec's task is not one of ours.
    """
    params = np.zeros(NUM_PARAMS, np.float32)
    task = task_named(spec.task)
    decision = round(float(obs[_PROGRESS]) * spec.max_decisions)
    goal = _due(task.goals(as_of(spec, decision)), decision)
    if goal.made is not None:
        return _perform(goal.made)
    if goal.gesture:
        if goal.gesture == BOW:
            return _perform([program.name for program in made_tools()].index("bow"))
        tool = TOOLS[TOOL_INDEX[GESTURES[goal.gesture]]]
        if goal.tempo_hz is not None:
            params[0] = CLEAR
            params[1] = tool.params[1].raw(goal.tempo_hz / HASTE * tool.ticks * TICK_S)
        return TOOL_INDEX[tool.name], params
    if goal.answer:
        return _say(goal.answer, spec, obs, params)
    target = goal.target
    slots = obs[slot_range("detections")].reshape(NUM_DETECTIONS, -1)
    if target is not None:
        here = _slots_of(spec.objects[target], slots)
        if len(here):
            look = TOOLS[TOOL_INDEX["look"]]
            share = _share(task.max_gaze_deg_s, *slots[here[0], :2].tolist())
            params[0] = look.params[0].raw(share * float(slots[here[0], 0]))
            params[1] = look.params[1].raw(share * float(slots[here[0], 1]))
            return TOOL_INDEX["look"], params
    if task.name == "safe":
        return _back(obs, params)
    waits = task.name in PATIENT and slots[:, 2].any()
    return TOOL_INDEX["wait" if waits else "go_home"], params


def _perform(place: int) -> tuple[int, F32]:
    params = np.zeros(NUM_PARAMS, np.float32)
    params[0] = TOOLS[TOOL_INDEX["run_made"]].params[0].raw(place)
    return TOOL_INDEX["run_made"], params


def _slots_of(thing: SceneObject, slots: F32) -> NDArray[np.intp]:
    """Detections (8, 8) that are of this object, by index."""
    off = np.abs(slots[:, _CODE] - thing.code).max(axis=1)
    return np.flatnonzero((off < _SAME_CODE) & (slots[:, 2] > 0.0))


def _say(answer: str, spec: TaskSpec, obs: F32, params: F32) -> tuple[int, F32]:
    """The answer; home, from where all is seen, while what is to be named is not."""
    if answer in WORDS:
        return TOOL_INDEX["say"], said(WORDS.index(answer))
    slots = obs[slot_range("detections")].reshape(NUM_DETECTIONS, -1)
    (named,) = (thing for thing in spec.objects if thing.name == answer)
    here = _slots_of(named, slots)
    if len(here):
        return TOOL_INDEX["say"], said(NAMES_A_THING, int(here[0]))
    return TOOL_INDEX["go_home"], params


def _back(obs: F32, params: F32) -> tuple[int, F32]:
    """Turn the body back towards the table, a step at a time; home from where that is no haste."""
    body = float(obs[_BODY_YAW])
    if abs(body) <= HOME_RAD:
        return TOOL_INDEX["go_home"], params
    tool = TOOLS[TOOL_INDEX["turn_body"]]
    params[0] = tool.params[0].raw(-math.degrees(body))
    return TOOL_INDEX["turn_body"], params


def _due(goals: tuple[Goal, ...], decision: int) -> Goal:
    """The goal to work at on this decision of the episode, counted from 0: all in turn, again and again, as
    a step that did not count may be repeated and one that did may be, too."""
    lasts = [1 if goal.gesture else LOOK_DECISIONS for goal in goals]
    decision %= sum(lasts)
    for goal, last in zip(goals, lasts, strict=True):
        if decision < last:
            return goal
        decision -= last
    raise AssertionError("a decision beyond the round")


def _share(max_deg_s: float | None, u: float, v: float) -> float:
    """How much of the way to image point (u, v) one look may go without turning too fast."""
    if max_deg_s is None:
        return 1.0
    angle = math.atan(math.hypot(u * HALF_TAN_U, v * HALF_TAN_V))
    return min(1.0, SLOWLY * math.radians(max_deg_s) / (_LOOK_PEAK * max(angle, 1e-9)))
