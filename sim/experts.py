"""A scripted expert: a few of its episodes start the policy off; success rates are compared with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.messages import TaskSpec
from shared.spaces import DETECTION_FIELDS, NUM_DETECTIONS, NUM_PARAMS, slot_range
from shared.tools import TOOL_INDEX, TOOLS
from sim.tasks import task_named
from sim.tasks.base import named_object
from sim.tasks.gestures import GESTURES

F32 = NDArray[np.float32]

_CODE = (DETECTION_FIELDS.index("class_a"), DETECTION_FIELDS.index("class_b"))
_SAME_CODE = 1e-4


def expert(spec: TaskSpec, obs: F32) -> tuple[int, F32]:
    """What a demonstrator would do now.

    Args:
        spec: the episode; the demonstrator knows which object is meant.
        obs: (512,) what the robot observes.

    Returns:
        Tool index and (4,) raw parameters: `look` at where the named object is seen (`go_home` while it is
        not), or the gesture asked for at half its range.

    Raises:
        UnknownTask: the spec's task is not one of ours.
    """
    params = np.zeros(NUM_PARAMS, np.float32)
    task = task_named(spec.task)
    if not task.looks:
        return TOOL_INDEX[GESTURES[task.gesture]], params
    target = named_object(spec)
    slots = obs[slot_range("detections")].reshape(NUM_DETECTIONS, -1)
    if target is not None:
        off = np.abs(slots[:, _CODE] - spec.objects[target].code).max(axis=1)
        here = np.flatnonzero((off < _SAME_CODE) & (slots[:, 2] > 0.0))
        if len(here):
            look = TOOLS[TOOL_INDEX["look"]]
            params[0] = look.params[0].raw(float(slots[here[0], 0]))
            params[1] = look.params[1].raw(float(slots[here[0], 1]))
            return TOOL_INDEX["look"], params
    return TOOL_INDEX["go_home"], params
