"""What the head of the reward network says, in order; known to training and to serving without PyTorch."""

from __future__ import annotations

from learner.reward.model import KINDS

LOG_SD_RANGE = (-3.5, 0.7)
"""Of the logarithm of the reward's standard deviation: .03 to 2."""
OUTPUTS = 2 + len(KINDS)
"""reward before tanh, log of its standard deviation, a logit for each kind."""
