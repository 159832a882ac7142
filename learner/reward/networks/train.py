"""Fine-tunes a reward model: words and context in, a squashed reward with its doubt and its kind out."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from learner.reward.data.example import Example
from learner.reward.encoding import clean, describe
from learner.reward.model import KINDS
from learner.reward.networks.bases import Backend, Base, Precision, load_base
from learner.reward.networks.figures import pearson
from learner.reward.networks.network import (
    Lora,
    Outputs,
    RewardNetwork,
    add_lora,
    load_trained,
    trained_weights,
)
from learner.reward.networks.network_shape import OUTPUTS
from learner.reward.networks.tokens import Ids, Tokens, pad
from shared.errors import ConfigError
from shared.files import write_atomic

KINDLESS = ("tweets", "nyt")
"""Sources whose texts judge nothing in particular: nothing is learned from them about kinds."""
BUCKET_BATCHES = 32
"""So many batches are drawn at once and sorted by length, so that little is padded."""
MARGIN_FROM = 0.2
"""Labels at least so far apart make a pair."""
CHECKPOINT_STEPS = 100


@dataclass(frozen=True)
class TrainConfig:
    """Everything that a training run follows from, save the data."""

    backend: Backend = "minilm"
    base: str = ""
    lora: Lora | None = field(default_factory=Lora)
    """None trains every weight."""
    epochs: int = 5
    lr: float = 8e-4
    """Of the encoder; 2e-3 makes it diverge."""
    head_lr: float = 1e-3
    batch_size: int = 64
    warmup: float = 0.06
    """Share of all steps over which the rate rises; then it falls to 0 along a cosine."""
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    patience: int = 2
    """Epochs without a better validation error after which training ends."""
    kind_weight: float = 0.2
    doubt_weight: float = 0.05
    pairwise_weight: float = 0.0
    """Of a logistic loss on the order of pairs in a batch (Burges et al., 2005)."""
    drop_context: float = 0.1
    """Share of remarks shown without their context, so that words alone work too."""
    noisy_copies: int = 0
    """Of each synthetic remark, beside itself (`data.noise`)."""
    precision: Precision = "float32"
    """Of a frozen encoder's weights; adapters and head are float32 always."""
    mixed: bool = False
    """Compute in bfloat16, weights in float32: several times faster where the hardware knows it."""
    seed: int = 0


PRESETS: dict[Backend, TrainConfig] = {
    "minilm": TrainConfig(),
    "gemma": TrainConfig("gemma", lora=Lora(16, 32), epochs=2, lr=2e-4, batch_size=16),
}
"""What `reward train` does unless told otherwise."""


@dataclass(frozen=True)
class Rows:
    """Examples as the network reads them."""

    with_context: list[Ids]
    without: list[Ids]
    has_context: NDArray[np.bool_]
    labels: NDArray[np.float32]
    kinds: NDArray[np.int64]
    """Index into KINDS; -1: nothing is known."""

    def __len__(self) -> int:
        return len(self.labels)


def rows(examples: Sequence[Example], tokens: Tokens) -> Rows:
    """Tokenise; the same cleaning and description as in serving."""
    texts = [(clean(e.text), describe(e.context)) for e in examples]
    return Rows(
        [tokens.encode(text, context) for text, context in texts],
        [tokens.encode(text, "") for text, _ in texts],
        np.array([bool(context) for _, context in texts], bool),
        np.array([e.label for e in examples], np.float32),
        np.array([-1 if e.source in KINDLESS else KINDS.index(e.kind) for e in examples], np.int64),
    )


def thin(examples: Sequence[Example], share: float, seed: int = 0) -> list[Example]:
    """A random share of the training examples, and all others."""
    keep = np.random.default_rng(seed).random(len(examples)) < share
    return [e for e, kept in zip(examples, keep, strict=True) if kept or e.split != "train"]


@dataclass(frozen=True)
class Progress:
    """Where training is."""

    step: int
    steps: int
    epoch: int
    loss: float
    """Mean of the last steps."""
    validation_mse: float
    """Of the last epoch; nan before its end."""
    validation_r: float


class Interrupted(Exception):
    """Training was asked to stop; its checkpoint is written."""


def build(config: TrainConfig, data_dir: Path | None = None) -> tuple[RewardNetwork, Base]:
    """A network to train, from its pre-trained base; the same for the same seed."""
    base = load_base(config.backend, config.base, data_dir, config.precision)
    torch.manual_seed(config.seed)
    for module in base.encoder.modules():  # early stopping does its work, and it costs a fifth of the time
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    if config.mixed:
        base.encoder.set_attn_implementation("eager")  # the fused kernel is slow in bfloat16 on a CPU
    network = RewardNetwork(base.encoder, causal=base.causal)
    if config.lora is not None:
        add_lora(network, config.lora)
    return network, base


def numbers(
    network: RewardNetwork, rows_: Sequence[Ids], pad_id: int, batch_size: int = 64
) -> NDArray[np.float32]:
    """The head's numbers for all rows, in order, (n, OUTPUTS); batches are made of rows of like length."""
    device = next(network.parameters()).device
    order = sorted(range(len(rows_)), key=lambda i: len(rows_[i][0]))
    found = np.empty((len(order), OUTPUTS), np.float32)
    training = network.training
    network.eval()
    with torch.inference_mode():
        for start in range(0, len(order), batch_size):
            some = order[start : start + batch_size]
            found[some] = (
                network.raw(*_tensors([rows_[i] for i in some], pad_id, device)).float().cpu().numpy()
            )
    network.train(training)
    return found


def loss_of(out: Outputs, labels: Tensor, kinds: Tensor, config: TrainConfig) -> Tensor:
    """Squared error of the squashed reward, likelihood of the error found, kinds, and order of pairs.

    The doubt learns from the error but not the error from the doubt: otherwise a network makes hard examples
    easy by doubting them (Seitzer et al., ICLR 2022).
    """
    loss = functional.mse_loss(out.reward, labels)
    error = (out.reward.detach() - labels) ** 2
    loss = loss + config.doubt_weight * (out.log_sd + 0.5 * error * torch.exp(-2 * out.log_sd)).mean()
    if (kinds >= 0).any():
        loss = loss + config.kind_weight * functional.cross_entropy(out.kinds, kinds, ignore_index=-1)
    if config.pairwise_weight:
        apart = labels[:, None] - labels[None, :]
        pairs = apart > MARGIN_FROM
        if pairs.any():
            ahead = (out.reward[:, None] - out.reward[None, :])[pairs]
            loss = loss + config.pairwise_weight * functional.softplus(-4.0 * ahead).mean()
    return loss


def train(
    config: TrainConfig,
    network: RewardNetwork,
    pad_id: int,
    fit: Rows,
    validation: Rows,
    *,
    checkpoint: Path,
    report: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train in place; the network ends with the weights of its best epoch, and `checkpoint` is gone.

    A checkpoint of the same settings is gone on from, to the same end.

    Raises:
        Interrupted: `stop` said so.
        ConfigError: nothing to learn from, or the checkpoint is of other settings.
    """
    if len(fit) == 0 or len(validation) == 0:
        raise ConfigError(f"{len(fit)} examples to train and {len(validation)} to validate; both need some")
    from accelerate import Accelerator

    accelerator = Accelerator(
        cpu=not torch.cuda.is_available(), mixed_precision="bf16" if config.mixed else "no"
    )
    network.to(accelerator.device).train()
    optimizer = torch.optim.AdamW(_groups(network, config), weight_decay=config.weight_decay)
    model, optimizer = accelerator.prepare(network, optimizer)
    per_epoch = len(list(_batches(fit, config, 0)))
    steps = per_epoch * config.epochs
    state = _State(best=trained_weights(network))
    _resume(state, checkpoint, config, network, optimizer)
    recent: list[float] = []
    while state.epoch < config.epochs and state.waited <= config.patience:
        for number, batch in enumerate(_batches(fit, config, state.epoch)):
            at = state.epoch * per_epoch + number
            if at < state.step:
                continue
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * _schedule(at / steps, config.warmup)
            mine = batch[accelerator.process_index :: accelerator.num_processes]
            out = model(*_tensors([row for row, _ in mine], pad_id, accelerator.device))
            index = np.array([i for _, i in mine])
            labels = torch.from_numpy(fit.labels[index]).to(accelerator.device)
            kinds = torch.from_numpy(fit.kinds[index]).to(accelerator.device)
            loss = loss_of(out, labels, kinds, config)
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(model.parameters(), config.max_grad_norm)
            optimizer.step()
            optimizer.zero_grad()
            state.step = at + 1
            recent = [*recent[-19:], float(loss.detach())]
            report(Progress(state.step, steps, state.epoch, float(np.mean(recent)), state.mse, state.r))
            if stop():
                accelerator.set_trigger()
            asked = accelerator.check_trigger()
            if accelerator.is_main_process and (asked or state.step % CHECKPOINT_STEPS == 0):
                _save(state, checkpoint, config, network, optimizer)
            if asked:
                raise Interrupted
        state.epoch += 1
        _validate(state, accelerator.unwrap_model(model, keep_fp32_wrapper=True), validation, pad_id)
        report(Progress(state.step, steps, state.epoch, float(np.mean(recent)), state.mse, state.r))
        if accelerator.is_main_process:
            _save(state, checkpoint, config, network, optimizer)
    network = accelerator.unwrap_model(model, keep_fp32_wrapper=False)
    load_trained(network, state.best)
    network.eval()
    if accelerator.is_main_process:
        checkpoint.unlink(missing_ok=True)
    return {"epochs": state.epoch, "validation_mse": state.best_mse, "history": state.history}


@dataclass
class _State:
    best: dict[str, Tensor]
    epoch: int = 0
    step: int = 0
    waited: int = 0
    best_mse: float = math.inf
    mse: float = math.nan
    r: float = math.nan
    history: list[float] = field(default_factory=list)


def _validate(state: _State, network: RewardNetwork, validation: Rows, pad_id: int) -> None:
    guess = np.tanh(numbers(network, validation.with_context, pad_id)[:, 0].astype(np.float64))
    state.mse = float(np.mean((guess - validation.labels) ** 2))
    state.r = pearson(guess, validation.labels.astype(np.float64))
    state.history.append(round(state.mse, 5))
    if state.mse < state.best_mse:
        state.best_mse, state.best, state.waited = state.mse, trained_weights(network), 0
    else:
        state.waited += 1


def _groups(network: RewardNetwork, config: TrainConfig) -> list[dict[str, Any]]:
    head = [p for name, p in network.named_parameters() if name.startswith("head.")]
    body = [p for name, p in network.named_parameters() if p.requires_grad and not name.startswith("head.")]
    return [
        {"params": body, "lr": config.lr, "peak": config.lr},
        {"params": head, "lr": config.head_lr, "peak": config.head_lr},
    ]


def _schedule(done: float, warmup: float) -> float:
    if done < warmup:
        return (done + 1e-3) / warmup
    return 0.5 * (1.0 + math.cos(math.pi * (done - warmup) / (1.0 - warmup)))


def _batches(rows_: Rows, config: TrainConfig, epoch: int) -> Iterator[list[tuple[Ids, int]]]:
    """One epoch's batches of (row, its index), the same for the same seed and epoch."""
    rng = np.random.default_rng((config.seed, epoch))
    order = rng.permutation(len(rows_))
    dropped = rng.random(len(rows_)) < config.drop_context
    drawn = [(rows_.without[i] if dropped[i] else rows_.with_context[i], int(i)) for i in order]
    bucket = config.batch_size * BUCKET_BATCHES
    for start in range(0, len(drawn), bucket):
        near = sorted(drawn[start : start + bucket], key=lambda pair: len(pair[0][0]))
        batches = [near[i : i + config.batch_size] for i in range(0, len(near), config.batch_size)]
        for i in rng.permutation(len(batches)):
            yield batches[i]


def _tensors(rows_: Sequence[Ids], pad_id: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    batch = pad(rows_, pad_id)
    ids, mask, parts = (torch.from_numpy(a).to(device) for a in (batch.ids, batch.mask, batch.parts))
    return ids, mask, parts


def _save(state: _State, path: Path, config: TrainConfig, network: RewardNetwork, optimizer: Any) -> None:
    whole = {
        "config": asdict(config),
        "state": asdict(state),
        "network": trained_weights(network),
        "optimizer": optimizer.state_dict(),
        "rng": torch.get_rng_state(),
    }
    buffer = io.BytesIO()
    torch.save(whole, buffer)
    write_atomic(path, buffer.getvalue())


def _resume(state: _State, path: Path, config: TrainConfig, network: RewardNetwork, optimizer: Any) -> None:
    if not path.exists():
        return
    try:
        whole = torch.load(path, weights_only=True, map_location="cpu")
        same = whole["config"] == asdict(config)
    except Exception as error:
        raise ConfigError(f"{path} is no checkpoint ({error}); remove it to begin anew") from error
    if not same:
        raise ConfigError(f"{path} is of a run with other settings; remove it, or give the same settings")
    load_trained(network, whole["network"])
    optimizer.load_state_dict(whole["optimizer"])
    torch.set_rng_state(whole["rng"])
    for name, value in whole["state"].items():
        setattr(state, name, value)
