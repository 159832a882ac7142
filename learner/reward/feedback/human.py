"""R_h(obs, tool, params, outcome, ended) -> [-1, 1]: what people like, learnt from their feedback.

Taps are about few decisions; as labels on those alone they drown in the task's reward. So they train this
small model, and it labels *every* decision, simulated or real. It is an ensemble of Bayesian linear models on
random Fourier features (Rahimi & Recht 2007): each member sees its own features and its own bootstrap of the
labels. Where members disagree, or no label is near, the answer shrinks towards 0: no opinion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learner.reward.feedback.outcome import OUTCOME_FIELDS
from shared.control.pilot import USED_PARAMS
from shared.spaces import NUM_PARAMS, NUM_TOOLS, slot_range

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

_MATCH = slot_range("tool_match")
_TOOL_SCALE = 0.4
_PARAM_SCALE = 0.7
_CONTEXT_SCALE = 8.0
_FIT_SCALE = 3.0
_ENDED_SCALE = 0.7
_MOTION_SCALE = np.array([0.5, 0.5, 1.0, 1.5, 1.5, 4.0, 0.5, 0.5, 0.4])
"""Length scales of the kernel: how far apart two decisions must be before an opinion on one says little about
the other. Another tool is another matter (0.4 of a unit step); the instruction matters little by itself (8),
but how well the chosen tool matches it does (3), and so does whether the episode ended (0.7)."""
GUESS_WEIGHT = 0.1
"""What R_h's own guess counts beside labels about the same decision; a tap on it counts 1."""
_DESCRIPTION = 2 * NUM_TOOLS + NUM_PARAMS + len(OUTCOME_FIELDS) + 2


@dataclass(frozen=True)
class TasteConfig:
    """Size and beliefs of the model."""

    members: int = 6
    features: int = 192
    """Random features per member."""
    prior_std: float = 0.7
    """Of R_h before any feedback."""
    noise_std: float = 0.5
    """Of one label of weight 1 around what the person really thinks of that decision."""


@dataclass(frozen=True)
class Labels:
    """Decisions that feedback was about, one row a (feedback, decision) pair."""

    obs: F32
    """(n, 512)."""
    tool: NDArray[np.int64]
    params: F32
    """(n, 4) raw."""
    motion: F32
    """(n, 9) `learner.reward.feedback.outcome`."""
    ended: Bool
    """(n,) the episode ended with it, as people saw."""
    label: F32
    """(n,) the feedback's score, [-1, 1]."""
    weight: F32
    """(n,) >= 0, the credit's share times confidence."""

    def __len__(self) -> int:
        return len(self.tool)


class Taste:
    """A fitted R_h. `Taste.fit` makes one; without labels there is none (reward 0 everywhere)."""

    def __init__(self, frequency: F64, phase: F64, mean: F64, covariance: F64) -> None:
        self._frequency, self._phase = frequency, phase
        """(m, d, D) and (m, D)."""
        self._mean, self._covariance = mean, covariance
        """(m, D) and (m, D, D)."""

    @classmethod
    def fit(cls, labels: Labels, rng: np.random.Generator, config: TasteConfig | None = None) -> Taste:
        """Fit to at least one label; thousands take well under a second.

        Raises:
            ValueError: no label, or a label outside [-1, 1].
        """
        config = config or TasteConfig()
        if len(labels) == 0 or not (np.abs(labels.label) <= 1.0).all():
            raise ValueError(f"{len(labels)} labels; at least one is needed and all must lie in [-1, 1]")
        x = _describe(labels.obs, labels.tool, labels.params, labels.motion, labels.ended)
        m, size = config.members, config.features
        frequency = rng.standard_normal((m, x.shape[1], size))
        phase = rng.uniform(0.0, 2.0 * np.pi, (m, size))
        mean = np.empty((m, size))
        covariance = np.empty((m, size, size))
        for k in range(m):
            phi = _features(x, frequency[k], phase[k])
            # Bayesian bootstrap: every member weighs the labels differently, none loses one altogether.
            weight = labels.weight.astype(np.float64) * rng.exponential(size=len(x)) / config.noise_std**2
            precision = (phi * weight[:, None]).T @ phi + np.eye(size) / config.prior_std**2
            covariance[k] = np.linalg.inv(precision)
            mean[k] = covariance[k] @ (phi.T @ (weight * labels.label))
        return cls(frequency, phase, mean, covariance)

    def predict(
        self, obs: F32, tool: NDArray[np.int64], params: F32, motion: F32, ended: Bool
    ) -> tuple[F32, F32]:
        """R_h in [-1, 1], shrunk where unsure, and its standard deviation before shrinking; both (n,)."""
        x = _describe(obs, tool, params, motion, ended)
        guesses, variances = [], []
        for frequency, phase, mean, covariance in zip(
            self._frequency, self._phase, self._mean, self._covariance, strict=True
        ):
            phi = _features(x, frequency, phase)
            guesses.append(phi @ mean)
            variances.append(((phi @ covariance) * phi).sum(axis=1))
        guess = np.mean(guesses, axis=0)
        variance = np.var(guesses, axis=0) + np.mean(variances, axis=0)
        shrunk = guess * guess**2 / (guess**2 + variance)
        return np.clip(shrunk, -1.0, 1.0).astype(np.float32), np.sqrt(variance).astype(np.float32)

    def state(self) -> dict[str, F64]:
        """Plain arrays, for saving."""
        return {
            "frequency": self._frequency,
            "phase": self._phase,
            "mean": self._mean,
            "covariance": self._covariance,
        }

    @classmethod
    def from_state(cls, state: dict[str, F64]) -> Taste:
        """The model `state()` described.

        Raises:
            ValueError: it was fitted to decisions described in another way.
        """
        if state["frequency"].shape[1] != _DESCRIPTION:
            raise ValueError(f"{state['frequency'].shape[1]} numbers a decision, expected {_DESCRIPTION}")
        return cls(state["frequency"], state["phase"], state["mean"], state["covariance"])


def with_direct_labels(
    guess: F32, step_id: NDArray[np.int64], credits: dict[int, list[tuple[float, float]]]
) -> F32:
    """R_h with what people said about these very decisions, (n,): the mean, R_h counting `GUESS_WEIGHT`.

    So a tap on a decision nearly replaces the guess, and the hundredth part of a remark, which the delay
    gives to decisions far from the likely one, hardly moves it.

    Args:
        guess: (n,) R_h.
        step_id: (n,) rows of the store.
        credits: step id -> (weight, label) of each feedback credited to it.
    """
    out = guess.copy()
    for row, key in enumerate(step_id.tolist()):
        pairs = credits.get(key, ())
        total = sum(weight for weight, _ in pairs)
        said = sum(weight * label for weight, label in pairs)
        out[row] = (GUESS_WEIGHT * guess[row] + said) / (GUESS_WEIGHT + total)
    return out


def _describe(obs: F32, tool: NDArray[np.int64], params: F32, motion: F32, ended: Bool) -> F64:
    """(n, 20 + 4 + 9 + 1 + 20 + 1): a decision as a point, in length scales."""
    if motion.shape[1] != len(OUTCOME_FIELDS):
        raise ValueError(f"motion has {motion.shape[1]} columns, expected {len(OUTCOME_FIELDS)}")
    used = np.where(USED_PARAMS[tool], np.clip(params, -1.0, 1.0), 0.0) / _PARAM_SCALE
    which = np.eye(NUM_TOOLS)[tool] / _TOOL_SCALE
    assert used.shape[1] == NUM_PARAMS
    match = obs[:, _MATCH]
    fit = np.take_along_axis(match, tool[:, None], axis=1) / _FIT_SCALE
    end = ended[:, None] / _ENDED_SCALE
    return np.concatenate([which, used, motion / _MOTION_SCALE, fit, match / _CONTEXT_SCALE, end], axis=1)


def _features(x: F64, frequency: F64, phase: F64) -> F64:
    """Random Fourier features whose inner products approximate a Gaussian kernel of length 1."""
    projected: F64 = np.sqrt(2.0 / frequency.shape[1]) * np.cos(x @ frequency + phase)
    return projected
