"""Made tools that every policy can choose: those that ship, and behind them those that people delivered.

`run_made`'s parameter is a place in this tuple; a policy's bundle carries the same tools in the same order.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.control.programs import play
from shared.program_reading import from_data
from shared.programs import Program
from shared.tools import MADE_PLACES, MADE_TICKS, TOOL_INDEX, TOOLS

F64 = NDArray[np.float64]

PATH = Path(__file__).with_name("made.json")
_PLACE = TOOLS[TOOL_INDEX["run_made"]].params[0]
_DELIVERED: list[Program] = []
_LIBRARY: dict[str, Program] = {}


@functools.cache
def shipped() -> tuple[Program, ...]:
    """The programs that ship, made by `reachy-coach tools write`.

    Raises:
        ProgramError: one of them is no program.
    """
    return tuple(from_data(one) for one in json.loads(PATH.read_text(encoding="utf-8")))


def take_up(programs: Sequence[Program], library: Mapping[str, Program]) -> None:
    """Give the places behind those that ship to other tools, before this process makes an environment.

    Args:
        programs: in the order of their places; they replace what was taken up before.
        library: the programs that they play, by digest.

    Raises:
        ValueError: there are not so many places.
    """
    if len(programs) > MADE_PLACES - len(shipped()):
        raise ValueError(f"{len(programs)} tools for {MADE_PLACES - len(shipped())} places")
    _DELIVERED[:] = programs
    _LIBRARY.clear()
    _LIBRARY.update(library)


def made_tools() -> tuple[Program, ...]:
    """The programs by place, at most `MADE_PLACES`."""
    return (*shipped(), *_DELIVERED)


def library() -> Mapping[str, Program]:
    """The programs that made tools play, by digest."""
    return _LIBRARY


def chosen(params: Sequence[float] | NDArray[np.floating]) -> Program | None:
    """The made tool that raw parameters of `run_made` choose; None: nothing is at that place."""
    place = _PLACE.choice(float(params[0]))
    return made_tools()[place] if place < len(made_tools()) else None


def setpoints(params: Sequence[float] | NDArray[np.floating], start: F64) -> F64 | None:
    """(ticks, 9) rad of the made tool that was chosen, from joints `start` (9,); None: it stays still.

    What takes longer than `MADE_TICKS` from there is not played.
    """
    program = chosen(params)
    if program is None:
        return None
    rows, ticks = play(program, {}, start[None], _LIBRARY)
    return rows[0] if ticks[0] <= MADE_TICKS else None
