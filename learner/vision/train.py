"""Trains the detector on rendered frames; ends by itself when validation no longer improves."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from learner.vision.data import Frames, exposed
from learner.vision.matching import Match, f1, match
from learner.vision.network import Network
from learner.vision.targets import WHOLE, loss, targets
from shared.errors import ConfigError
from shared.files import write_atomic
from shared.sight.decode import STRIDE, decode
from sim.sensor import Sensor, draw_sensor, expose

U8 = NDArray[np.uint8]

CHECKPOINT_STEPS = 50
WINDOW = (24, 40)
"""Rows and columns [cells] that are cut from a frame to be learned from: most of a frame is empty."""
AT_A_THING = 0.85
"""Share of windows that are put where a thing is."""
KEPT = 0.99
"""Of the running mean of the weights, a step; that mean is what is measured and shipped."""


@dataclass(frozen=True)
class TrainConfig:
    """Everything that a training run follows from, save the frames."""

    names: int = 18
    """So many of `sim.shots.NAMES` are learned, from the first; 13 leaves out the held-out kinds."""
    epochs: int = 16
    lr: float = 3e-3
    batch_size: int = 16
    warmup: float = 0.05
    """Share of all steps over which the rate rises; then it falls to 0 along a cosine."""
    weight_decay: float = 0.02
    max_grad_norm: float = 5.0
    patience: int = 4
    """Epochs without a better validation figure after which training ends."""
    dim: float = 0.4
    """Share of frames in dim light."""
    cast: float = 0.25
    """Standard deviation of the logarithm of the light's factors on red, green and blue."""
    threshold: float = 0.3
    """Least confidence of a detection, in validation and on the robot."""
    mixed: bool = True
    """Compute in bfloat16, weights in float32: twice as fast where the hardware knows it."""
    seed: int = 0


@dataclass(frozen=True)
class Progress:
    """Where training is."""

    step: int
    steps: int
    epoch: int
    loss: float
    """Mean over the last twenty steps."""
    f1: float
    """Of the last validation; NaN before the first."""


class Interrupted(Exception):
    """Somebody asked to stop; the same configuration goes on where this ended."""


def train(
    config: TrainConfig,
    fit: Frames,
    validation: Frames,
    checkpoint: Path,
    *,
    report: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[Network, dict[str, Any]]:
    """A network trained on `fit`, as it was when it did best on `validation`; and how it went.

    Raises:
        Interrupted: `stop` said so; the checkpoint is written.
        ConfigError: the checkpoint is of another run, or damaged.
    """
    torch.manual_seed(config.seed)
    network = Network(config.names).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(network.parameters(), config.lr, weight_decay=config.weight_decay)
    state = _State(mean=_copy(network), best=_copy(network))
    _resume(state, checkpoint, config, network, optimizer)
    per_epoch = len(fit) // config.batch_size
    if per_epoch == 0:
        raise ConfigError(f"{len(fit)} frames to train on are less than a batch of {config.batch_size}")
    steps = per_epoch * config.epochs
    recent: list[float] = []
    while state.epoch < config.epochs and state.waited < config.patience:
        network.train()
        for batch in _batches(fit, config, state.epoch, state.step - state.epoch * per_epoch):
            for group in optimizer.param_groups:
                group["lr"] = config.lr * _schedule(state.step / steps, config.warmup)
            with torch.autocast("cpu", torch.bfloat16, enabled=config.mixed):
                heat, geometry = network(_tensor(batch.pictures))
            total = loss(heat, geometry, targets(batch.truth, config.names, batch.windows, WINDOW))
            optimizer.zero_grad()
            total.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), config.max_grad_norm)
            optimizer.step()
            state.step += 1
            _blend(state.mean, network, min(KEPT, state.step / (state.step + 10.0)))
            recent = [*recent[-19:], float(total.detach())]
            report(Progress(state.step, steps, state.epoch, float(np.mean(recent)), state.f1))
            asked = stop()
            if asked or state.step % CHECKPOINT_STEPS == 0:
                _save(state, checkpoint, config, network, optimizer)
            if asked:
                raise Interrupted
        state.epoch += 1
        _validate(state, validation, config)
        report(Progress(state.step, steps, state.epoch, float(np.mean(recent)), state.f1))
        _save(state, checkpoint, config, network, optimizer)
    network.load_state_dict(state.best)
    network.eval()
    checkpoint.unlink(missing_ok=True)
    return network, {
        "epochs": state.epoch,
        "frames": len(fit),
        "validation_f1": round(state.best_f1, 5),
        "history": state.history,
    }


@dataclass
class _State:
    mean: dict[str, Tensor]
    best: dict[str, Tensor]
    epoch: int = 0
    step: int = 0
    waited: int = 0
    best_f1: float = -1.0
    f1: float = math.nan
    history: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class _Batch:
    pictures: U8
    """(n, height, width, 3) of the windows."""
    truth: NDArray[np.void]
    """(n, MAX_TRUTHS), for the whole frames."""
    windows: NDArray[np.int64]
    """(n, 2) row and column of each window [cells]."""


def _batches(frames: Frames, config: TrainConfig, epoch: int, skip: int) -> Iterator[_Batch]:
    """One epoch's batches from the `skip`th on; each frame seen by a new camera, half of them mirrored."""
    order = np.random.default_rng((config.seed, epoch)).permutation(len(frames))
    rows, columns = (STRIDE * cells for cells in WINDOW)
    for number in range(skip, len(frames) // config.batch_size):
        chosen = order[number * config.batch_size :][: config.batch_size]
        rng = np.random.default_rng((config.seed, epoch, number))
        truth = frames.truth[chosen].copy()
        pictures = np.empty((len(chosen), rows, columns, 3), np.uint8)
        windows = np.empty((len(chosen), 2), np.int64)
        for i, frame in enumerate(chosen):
            picture = frames.pictures[frame]
            mean = float(picture[::8, ::8].mean())
            if rng.random() < 0.5:
                picture = picture[:, ::-1]
                mirror(truth[i])
            windows[i] = _window(rng, truth[i])
            top, left = STRIDE * windows[i]
            cut = picture[top : top + rows, left : left + columns]
            pictures[i] = expose(cut, _sensor(rng, config), mean)
        yield _Batch(pictures, truth, windows)


def _sensor(rng: np.random.Generator, config: TrainConfig) -> Sensor:
    """A camera whose colours are off by more than those of the sets to measure on: so may lamps be."""
    drawn = draw_sensor(rng, bool(rng.random() < config.dim))
    r, g, b = np.exp(rng.normal(0.0, config.cast, 3)).tolist()
    return replace(drawn, cast=(r, g, b))


def _window(rng: np.random.Generator, truth: NDArray[np.void]) -> NDArray[np.int64]:
    """Where a window begins [cells]: mostly so that it holds one of the things, anywhere in it."""
    whole, size = np.array(WHOLE), np.array(WINDOW)
    clear = np.flatnonzero((truth["name"] >= 0) & truth["clear"])
    corner = rng.integers(0, whole - size + 1)
    if len(clear) and rng.random() < AT_A_THING:
        thing = truth[clear[int(rng.integers(len(clear)))]]
        centre = 0.5 * (np.array([thing["v"], thing["u"]]) + 1.0) * whole
        corner = np.clip(centre - rng.uniform(0.1, 0.9, 2) * size, 0, whole - size).astype(np.int64)
    return np.asarray(corner)


def mirror(truth: NDArray[np.void]) -> None:
    """Change the truth of a frame into that of its mirror image."""
    truth["u"] = -truth["u"]
    truth["box"] = truth["box"][:, [2, 1, 0, 3]] * (-1.0, 1.0, -1.0, 1.0)


def _validate(state: _State, validation: Frames, config: TrainConfig) -> None:
    network = Network(config.names).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.load_state_dict(state.mean)
    network.eval()
    state.f1 = f1(detect_all(network, validation, config))
    state.history.append(round(state.f1, 5))
    if state.f1 > state.best_f1:
        state.best_f1, state.waited = state.f1, 0
        state.best = {name: value.clone() for name, value in state.mean.items()}
    else:
        state.waited += 1


@torch.no_grad()
def detect_all(network: Network, validation: Frames, config: TrainConfig) -> list[Match]:
    """What the network finds in the validation frames, beside the truth."""
    found = []
    for picture, truth in zip(exposed(validation, "validation"), validation.truth, strict=True):
        with torch.autocast("cpu", torch.bfloat16, enabled=config.mixed):
            heat, geometry = network(_tensor(picture[None]))
        seen = decode(torch.sigmoid(heat.float())[0].numpy(), geometry.float()[0].numpy(), config.threshold)
        found.append(match(seen, truth, config.names))
    return found


def _tensor(pictures: U8) -> Tensor:
    """(n, height, width, 3) -> (n, 3, height, width), channels last in memory as they are."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float()


def _schedule(done: float, warmup: float) -> float:
    if done < warmup:
        return (done + 1e-3) / warmup
    return 0.5 * (1.0 + math.cos(math.pi * (done - warmup) / (1.0 - warmup)))


def _copy(network: Network) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


@torch.no_grad()
def _blend(mean: dict[str, Tensor], network: Network, kept: float) -> None:
    for name, value in network.state_dict().items():
        if value.dtype.is_floating_point:
            mean[name].lerp_(value, 1.0 - kept)
        else:
            mean[name].copy_(value)


def _save(state: _State, path: Path, config: TrainConfig, network: Network, optimizer: Any) -> None:
    whole = {
        "config": asdict(config),
        "state": dict(vars(state)),
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    buffer = io.BytesIO()
    torch.save(whole, buffer)
    write_atomic(path, buffer.getvalue())


def _resume(state: _State, path: Path, config: TrainConfig, network: Network, optimizer: Any) -> None:
    if not path.exists():
        return
    try:
        whole = torch.load(path, weights_only=True, map_location="cpu")
        same = whole["config"] == asdict(config)
    except Exception as error:
        raise ConfigError(f"{path} is no checkpoint ({error}); remove it to begin anew") from error
    if not same:
        raise ConfigError(f"{path} is of a run with other settings; remove it, or give the same settings")
    network.load_state_dict(whole["network"])
    optimizer.load_state_dict(whole["optimizer"])
    for name, value in whole["state"].items():
        setattr(state, name, value)
