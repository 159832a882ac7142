"""Matplotlib without a window, for the figures of experiments."""

from __future__ import annotations

from typing import Any

from shared.errors import MissingExtra


def pyplot() -> Any:
    """`matplotlib.pyplot`, drawing into files only.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
    except ImportError:
        raise MissingExtra("learner", "matplotlib") from None
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    return plt
