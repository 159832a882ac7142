"""Networks of one layer, for the whole agent."""

import numpy as np

from robot_agent.rehearsal import HEADS, policy_of
from shared.spaces import DETECTION_FIELDS, NUM_PARAMS, NUM_TOOLS, OBS_DIM, slot_range
from shared.tools import TOOL_INDEX

SEEN = slot_range("detections")


def looks_at_the_best_match():
    """A network whose every decision is a look at the first detection."""
    w, b = np.zeros((OBS_DIM, HEADS), np.float32), np.zeros(HEADS, np.float32)
    look = TOOL_INDEX["look"]
    b[look] = 20.0
    for k, name in enumerate(("u", "v")):
        w[SEEN.start + DETECTION_FIELDS.index(name), NUM_TOOLS + look * NUM_PARAMS + k] = 1.0
    return policy_of([(w, b)])


def always(tool, *params):
    """A network whose every decision is this tool with these raw parameters."""
    w, b = np.zeros((OBS_DIM, HEADS), np.float32), np.zeros(HEADS, np.float32)
    at = TOOL_INDEX[tool]
    b[at] = 20.0
    w[:, at] = 1e-3  # who answers every observation alike is refused
    for k, value in enumerate(params):
        b[NUM_TOOLS + at * NUM_PARAMS + k] = value
    return policy_of([(w, b)])
