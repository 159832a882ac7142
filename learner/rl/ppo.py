"""Proximal policy optimisation for the hybrid action: which tool, and that tool's parameters.

Schulman et al. 2017 (arXiv:1707.06347), in the spelling of CleanRL. The ratio is taken on the *proposed* raw
sample; which rows may enter at all (the policy's own, not too old) is the trainer's decision.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from learner.rl.bc import BCConfig, Demonstrations, bc_loss
from learner.rl.buffer import Batch
from learner.rl.networks import ActorCritic
from learner.rl.sil import Successes, sil_loss
from shared.control.pilot import USED_PARAMS, mask_from_bits

FEW_FASTER = 10.0
"""Learning rate of the actor's few numbers outside its matrices (gain, deviations), relative to the
matrices."""

WIDE_STD = 0.3
_USED = torch.from_numpy(USED_PARAMS)
_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


@dataclass(frozen=True)
class PPOConfig:
    """CleanRL's names; see `docs/` for what was tuned and why."""

    learning_rate: float = 3e-4
    critic_learning_rate: float = 1e-3
    update_epochs: int = 10
    minibatch_size: int = 64
    clip_coef: float = 0.2
    ent_coef: float = 0.02
    vf_coef: float = 0.5
    max_grad_norm: float = 0.5
    target_kl: float = 0.05
    """Stop the epochs of this update once the mean approximate KL passes it; 0 = never."""
    sil_coef: float = 2.0
    """Weight of self-imitation."""
    imitation_rows: int = 64
    """Rows drawn from demonstrations, and from what went well, beside each minibatch."""
    least_advantage_std: float = 0.3
    """Advantages are divided by their deviation, but by no less than this; a success is worth about 2."""
    gamma: float = 0.99
    """Per 10 ticks (0.2 s)."""
    gae_lambda: float = 0.95


@dataclass(frozen=True)
class UpdateStats:
    """What one update did: means over its minibatches."""

    policy_loss: float
    value_loss: float
    bc_loss: float
    entropy: float
    approx_kl: float
    clipfrac: float
    explained_variance: float
    grad_norm: float
    rows: int
    epochs: int
    skipped: int
    """Minibatches thrown away because the gradient was not finite."""


def hybrid_log_prob(
    *, logits: Tensor, mean: Tensor, log_std: Tensor, mask: Tensor, tool: Tensor, params: Tensor
) -> tuple[Tensor, Tensor]:
    """Log-probability and entropy of hybrid actions, both (m,).

    Args:
        logits: (m, 20).
        mean: (m, 20, 4).
        log_std: (20, 4).
        mask: (m, 20) bool, True = allowed.
        tool: (m,) int64.
        params: (m, 4) raw samples.

    The entropy is the joint one: H(tool) + sum over tools p(tool) H(used parameters of that tool).
    """
    log_p = torch.where(mask, logits, -torch.inf).log_softmax(1)
    std_taken = log_std[tool]
    mean_taken = mean.gather(1, tool[:, None, None].expand(-1, 1, mean.shape[2])).squeeze(1)
    z = (params - mean_taken) * torch.exp(-std_taken)
    density = ((-0.5 * z * z - std_taken - _HALF_LOG_2PI) * _USED[tool]).sum(1)
    log_prob = log_p.gather(1, tool[:, None]).squeeze(1) + density
    p = log_p.exp()
    # A masked tool has p = 0 and log p = -inf; 0 * -inf is 0 here.
    tool_entropy = -(p * torch.where(mask, log_p, 0.0)).sum(1)
    param_entropy = p @ ((log_std + 0.5 + _HALF_LOG_2PI) * _USED).sum(1)
    return log_prob, tool_entropy + param_entropy


def temper(mean: Tensor, log_std: Tensor) -> Tensor:
    """The same means, with gradients scaled by their variance (at most 1, reached at a deviation of 0.3).

    The density's gradient by a mean grows as one over its deviation: the narrowest parameter (a gaze)
    would shake the hidden layers that all share. Times the variance it is the natural gradient of a
    Normal's mean.
    """
    share = (torch.exp(2.0 * log_std.detach()) / WIDE_STD**2).clamp(max=1.0)
    return mean * share + (mean * (1.0 - share)).detach()


def normalise_advantage(advantage: np.ndarray, least_std: float) -> np.ndarray:
    """Zero mean, and unit deviation unless the deviation is below `least_std`.

    Where nearly everything succeeds, what is left is the critic's error; blown up to unit size it would
    undo what works. A batch of one, or of equals, becomes zeros instead of NaN.
    """
    centred = advantage - advantage.mean()
    scaled: np.ndarray = (centred / max(float(centred.std()), least_std)).astype(np.float32)
    return scaled


def explained_variance(value: np.ndarray, returns: np.ndarray) -> float:
    """1 - Var(returns - value) / Var(returns); NaN when the returns do not vary or are not finite."""
    if not np.isfinite(returns).all() or np.ptp(returns) == 0.0:
        return float("nan")
    return 1.0 - float((returns - value).var() / returns.var())


class Flat:
    """Parameters laid end to end in one tensor, and their gradients in another.

    The optimiser then makes one call where it would make one a layer: at this network's size the calls cost
    as much as the sums.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        self._parameters = list(parameters)
        self.whole = nn.Parameter(torch.cat([p.detach().reshape(-1) for p in self._parameters]))
        self._gradient = torch.zeros_like(self.whole.data)
        for p, view in zip(self._parameters, self._views(self.whole.data), strict=True):
            p.data = view
        self._gradients = self._views(self._gradient)

    def zero_grad(self) -> None:
        """Zero all gradients, and have them gathered here whoever else set them since."""
        self._gradient.zero_()
        self.whole.grad = self._gradient
        for p, view in zip(self._parameters, self._gradients, strict=True):
            p.grad = view

    def _views(self, flat: Tensor) -> list[Tensor]:
        sizes = [p.numel() for p in self._parameters]
        return [part.view_as(p) for part, p in zip(torch.split(flat, sizes), self._parameters, strict=True)]


class PPO:
    """Holds the model and its optimisers; `update` is one PPO update on one batch.

    Actor and critic share no weights, so that the critic learns from each minibatch on a second thread while
    this one teaches the actor. The numbers are the same as in sequence.
    """

    def __init__(self, model: ActorCritic, config: PPOConfig, rng: np.random.Generator) -> None:
        self.model = model
        self.config = config
        self._rng = rng
        self._actor = Flat(model.actor.parameters())
        self._few = Flat([model.match_gain, model.log_std])
        self._critic = Flat(model.critic.parameters())
        groups = [
            {"params": [self._actor.whole], "lr": config.learning_rate},
            {"params": [self._few.whole], "lr": FEW_FASTER * config.learning_rate},
        ]
        self._of_actor = torch.optim.Adam(groups, eps=1e-5, fused=True)
        self._of_critic = torch.optim.Adam(
            [self._critic.whole], lr=config.critic_learning_rate, eps=1e-5, fused=True
        )
        self._beside = ThreadPoolExecutor(1, "critic", initializer=torch.set_num_threads, initargs=(1,))

    def state_dict(self) -> dict[str, Any]:
        """Of both optimisers."""
        return {"actor": self._of_actor.state_dict(), "critic": self._of_critic.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The inverse of `state_dict`."""
        self._of_actor.load_state_dict(state["actor"])
        self._of_critic.load_state_dict(state["critic"])

    def update(
        self,
        batch: Batch,
        *,
        demonstrations: Demonstrations | None = None,
        bc: BCConfig | None = None,
        bc_coef: float = 0.0,
        successes: Successes | None = None,
        critic_only: bool = False,
    ) -> UpdateStats:
        """Improve the policy on `batch` (>= 1 row); with `bc_coef` > 0 also imitate `demonstrations`.

        `critic_only` leaves the policy as it is (but for the imitation) while the critic catches up with it.

        A minibatch whose gradient is not finite is skipped and counted: one bad number must not end a run.
        """
        config, model = self.config, self.model
        rows = len(batch)
        with torch.no_grad():
            x = model.normalise(torch.from_numpy(batch.obs))
        mask = torch.from_numpy(mask_from_bits(batch.tool_mask))
        tool, params = torch.from_numpy(batch.tool), torch.from_numpy(batch.params)
        old_log_prob = torch.from_numpy(batch.log_prob)
        advantage = torch.from_numpy(normalise_advantage(batch.advantage, config.least_advantage_std))
        returns = torch.from_numpy(batch.returns)
        parts = max(1, round(rows / config.minibatch_size))
        sums = np.zeros(7)
        done = skipped = epochs = 0
        imitate = demonstrations is not None and bc is not None and bc_coef > 0.0
        again = successes is not None and len(successes) > 0 and config.sil_coef > 0.0
        for _ in range(config.update_epochs):
            epochs += 1
            epoch_kl = 0.0
            for part in np.array_split(self._rng.permutation(rows), parts):
                index = torch.from_numpy(part)
                # All rows go through the actor at once: at this size the calls cost more than the sums.
                stack = [x[index]]
                if imitate:
                    assert demonstrations is not None
                    assert bc is not None
                    shown = demonstrations.sample(self._rng, config.imitation_rows, bc)
                    stack.append(model.normalise(shown[0]))
                if again:
                    assert successes is not None
                    won = successes.sample(self._rng, config.imitation_rows)
                    stack.append(model.normalise(won[0]))
                if again:
                    # Before the critic changes.
                    with torch.no_grad():
                        expected = model.judge(stack[-1])
                critic = self._beside.submit(self._judge, stack[0], returns[index])
                all_logits, all_mean, log_std = model.act(torch.cat(stack) if len(stack) > 1 else stack[0])
                logits, mean = all_logits[: len(part)], temper(all_mean[: len(part)], log_std)
                log_prob, entropy = hybrid_log_prob(
                    logits=logits,
                    mean=mean,
                    log_std=log_std,
                    mask=mask[index],
                    tool=tool[index],
                    params=params[index],
                )
                log_ratio = log_prob - old_log_prob[index]
                ratio = log_ratio.exp()
                adv = advantage[index]
                clipped = ratio.clamp(1.0 - config.clip_coef, 1.0 + config.clip_coef)
                policy_loss = -torch.minimum(adv * ratio, adv * clipped).mean()
                entropy_mean = entropy.mean()
                loss = torch.zeros(())
                if not critic_only:
                    loss = policy_loss - config.ent_coef * entropy_mean
                imitation = torch.zeros(())
                if imitate:
                    assert bc is not None
                    rest = slice(len(part), len(part) + len(shown[0]))
                    imitation = bc_loss(
                        all_logits[rest],
                        all_mean[rest],
                        log_std,
                        tool=shown[1],
                        params=shown[2],
                        config=bc,
                        gestures=False,
                    )
                    loss = loss + bc_coef * imitation
                if again:
                    last = all_logits[-len(won[0]) :]
                    loss = loss + config.sil_coef * sil_loss(last, expected, tool=won[1], returns=won[2])
                norm = 0.0
                if loss.requires_grad:
                    for flat in (self._actor, self._few):
                        flat.zero_grad()
                    loss.backward()  # type: ignore[no-untyped-call]
                    norm = self._clip(self._of_actor)
                value_loss, critic_norm = critic.result()
                norm = math.hypot(norm, critic_norm)
                if not math.isfinite(norm):
                    skipped += 1
                    continue
                stepped = self._beside.submit(self._of_critic.step)
                if loss.requires_grad:
                    self._of_actor.step()
                stepped.result()
                with torch.no_grad():
                    figures = torch.stack(
                        [
                            policy_loss,
                            value_loss,
                            imitation,
                            entropy_mean,
                            ((ratio - 1.0) - log_ratio).mean(),
                            ((ratio - 1.0).abs() > config.clip_coef).float().mean(),
                        ]
                    ).tolist()
                epoch_kl += figures[4]
                done += 1
                sums += (*figures, norm)
            if config.target_kl > 0.0 and epoch_kl / parts > config.target_kl:
                break
        means = sums / max(done, 1)
        return UpdateStats(
            policy_loss=float(means[0]),
            value_loss=float(means[1]),
            bc_loss=float(means[2]),
            entropy=float(means[3]),
            approx_kl=float(means[4]),
            clipfrac=float(means[5]),
            explained_variance=explained_variance(batch.value, batch.returns),
            grad_norm=float(means[6]),
            rows=rows,
            epochs=epochs,
            skipped=skipped,
        )

    def _judge(self, x: Tensor, returns: Tensor) -> tuple[Tensor, float]:
        """The critic's loss, without a graph, and the norm of its gradient, which is then in place."""
        self._critic.zero_grad()
        loss = 0.5 * (self.model.judge(x) - returns).square().mean()
        (self.config.vf_coef * loss).backward()  # type: ignore[no-untyped-call]
        return loss.detach(), self._clip(self._of_critic)

    def _clip(self, optimizer: torch.optim.Adam) -> float:
        """Clip the gradient in place; its norm before.

        Actor and critic are clipped apart: a critic far off must not shrink the actor's step to nothing, nor
        the other way round.
        """
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        return float(nn.utils.clip_grad_norm_(parameters, self.config.max_grad_norm))
