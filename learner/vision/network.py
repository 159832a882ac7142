"""The detector's network: a small feature pyramid, from pixels to a heat map at a quarter of them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from shared.sight.decode import GEOMETRY

CHANNELS = (16, 32, 64, 112)
"""At 1/2, 1/4, 1/8 and 1/16 of the frame."""
HEAD = 64
_PRIOR = -4.0
"""Logit of an untrained heat map: nearly nothing is a centre."""


class Network(nn.Module):
    """(n, 3, height, width) pixels in 0..255 -> heat logits (n, names, rows, columns), geometry (n, 7, ...).

    Args:
        names: how many kinds of things.
    """

    def __init__(self, names: int) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = CHANNELS
        self.stem = _conv(3, half, stride=2)
        self.quarter = _conv(half, quarter, stride=2)
        self.quarter_more = nn.Sequential(_conv(quarter, quarter, groups=quarter), _conv(quarter, quarter, 1))
        self.eighth = _conv(quarter, eighth, stride=2)
        self.eighth_more = nn.Sequential(_conv(eighth, eighth), _conv(eighth, eighth))
        self.sixteenth = _conv(eighth, sixteenth, stride=2)
        self.sixteenth_more = nn.Sequential(_conv(sixteenth, sixteenth), _conv(sixteenth, sixteenth))
        self.to_eighth = nn.Conv2d(sixteenth, eighth, 1)
        self.eighth_merged = _conv(eighth, eighth)
        self.to_quarter = nn.Conv2d(eighth, quarter, 1)
        self.head = nn.Sequential(_conv(quarter, quarter, groups=quarter), _conv(quarter, HEAD, 1))
        self.heat = nn.Conv2d(HEAD, names, 1)
        self.geometry = nn.Conv2d(HEAD, len(GEOMETRY), 1)
        nn.init.constant_(self.heat.bias, _PRIOR)  # type: ignore[arg-type]

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        a = self.quarter(self.stem(frames / 128.0 - 1.0))
        a = a + self.quarter_more(a)
        b = self.eighth(a)
        b = b + self.eighth_more(b)
        c = self.sixteenth(b)
        c = c + self.sixteenth_more(c)
        b = self.eighth_merged(b + _grown(self.to_eighth(c), b))
        a = self.head(a + _grown(self.to_quarter(b), a))
        return self.heat(a), self.geometry(a)


class Exported(nn.Module):
    """What the robot runs: frames (n, height, width, 3) uint8 RGB -> heat in [0, 1] and geometry."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        heat, geometry = self.network(frames.permute(0, 3, 1, 2).float())
        return torch.sigmoid(heat), geometry


def _conv(inputs: int, outputs: int, size: int = 3, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def _grown(small: Tensor, like: Tensor) -> Tensor:
    """Twice as large, cut to the other's rows and columns."""
    return F.interpolate(small, scale_factor=2.0)[..., : like.shape[-2], : like.shape[-1]]
