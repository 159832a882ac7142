"""`reachy-coach sysid`: record how a body follows, and find the simulated body that follows like it."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter, validators

from shared.errors import BodyError
from tools.options import AsJson, DataDir

if TYPE_CHECKING:
    from learner.sysid.trace import Trace
    from shared.control.body import Body

app = App(name="sysid", help="Find the simulated body that moves like a recorded one.")

Seconds = Annotated[float, Parameter(help="Of motion.", validator=validators.Number(gte=4, lte=300))]
Seed = Annotated[int, Parameter(help="Of motions and noise.", validator=validators.Number(gte=0))]


@app.command
def record(
    out: Annotated[Path, Parameter(help="A CSV file: setpoints and measured joints at 50 Hz.")],
    *,
    seconds: Seconds = 20.0,
    start_daemon: Annotated[
        bool, Parameter(help="Start Reachy Mini's daemon in simulation if none runs.", negative="")
    ] = False,
    seed: Seed = 0,
) -> int:
    """Let a simulated Reachy Mini's daemon move in all ways, every setpoint within all limits, and record it.

    A real robot is refused: what moves one has to pass its guard, with its stop.
    """
    from learner.sysid.trace import write_trace
    from robot_agent.bodies.reachy import ReachyBody
    from robot_agent.daemon import ask_daemon
    from tools.bench import daemon

    with daemon(start_daemon) as port:
        if not ask_daemon(port).simulated:
            raise BodyError(
                "this daemon drives a robot, which is moved by its agent alone, behind guard and stop; what "
                "it did there is kept: reachy-coach sysid stored ROBOT OUT"
            )
        body = ReachyBody(port=port)
        try:
            trace = _recorded(body, seconds, seed)
        finally:
            body.close()
    write_trace(out, trace)
    print(f"{out}: {len(trace.t_s)} ticks")
    return 0


@app.command
def stored(
    robot: Annotated[str, Parameter(help="Id of a robot, simulated or not.")],
    out: Annotated[Path, Parameter(help="A CSV file.")],
    *,
    episodes: Annotated[int, Parameter(help="The newest so many.", validator=validators.Number(gte=1))] = 30,
    data_dir: DataDir = None,
) -> int:
    """Write the trace of a robot's newest episodes: what it was told and where it went is kept anyway."""
    from contextlib import closing

    from learner.config import load_learner_config
    from learner.store.engine import Store
    from learner.sysid.stored import from_transitions, newest
    from learner.sysid.trace import write_trace

    config = load_learner_config(None, {"data_dir": data_dir})
    with closing(Store(config.store_path)) as store, store.read() as connection:
        trace = from_transitions(newest(connection, robot, episodes))
    write_trace(out, trace)
    print(f"{out}: {len(trace.t_s)} ticks in {len(trace.pieces)} pieces")
    return 0


@app.command
def fit(
    trace: Annotated[Path, Parameter(help="A recorded trace.")],
    *,
    strength_nm: Annotated[
        float, Parameter(help="Greatest torque of its servos; a real robot's have 0.52.")
    ] = 20.0,
    picture: Annotated[
        Path | None,
        Parameter(help="Draw recorded and fitted joints: .png, .svg or .webp.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Find the simulated body that goes where the recorded one went: latency, gains, damping, friction."""
    from learner.sysid.fit import fit as search
    from learner.sysid.fit import values
    from learner.sysid.picture import check_ending, draw
    from learner.sysid.trace import read_trace

    if picture is not None:
        check_ending(picture)
    recorded = read_trace(trace)
    found = search(
        recorded,
        strength_nm,
        lambda rounds, left: print(f"round {rounds}: {left:.3f} deg left", file=sys.stderr),
    )
    if picture is not None:
        draw(picture, recorded, found)
    told: dict[str, Any] = {
        "parameters": {name: round(value, 5) for name, value in values(found.dynamics).items()},
        "standard_errors": {name: round(value, 5) for name, value in found.errors.items()},
        "not_told_by_the_trace": list(found.unknown),
        "left_deg": round(found.rms_deg, 4),
        "left_before_deg": round(found.before_deg, 4),
        "rounds": found.rounds,
    }
    lines = [
        f"{name}: {value:g} +- {told['standard_errors'][name]:.2g}"
        + (" (the trace does not tell)" if name in found.unknown else "")
        for name, value in told["parameters"].items()
    ]
    lines.append(f"left: {found.rms_deg:.3f} deg rms, {found.before_deg:.3f} before")
    return _tell(told, as_json, lines)


@app.command
def prove(
    *,
    bodies: Annotated[int, Parameter(help="Drawn at random.", validator=validators.Number(gte=1))] = 5,
    seconds: Seconds = 12.0,
    seed: Seed = 0,
) -> int:
    """Errors of the fit on simulated bodies whose parameters are known, as JSON."""
    from learner.sysid.proof import prove as measure

    return _tell(measure(bodies, seconds, seed, lambda line: print(line, file=sys.stderr)), True, [])


def _recorded(body: Body, seconds: float, seed: int) -> Trace:
    """What the body does with setpoints written at 50 Hz."""
    import numpy as np

    from learner.sysid.excite import excitation
    from learner.sysid.trace import Trace
    from shared.spaces import TICK_S

    start = body.read().joint_pos
    told = excitation(start, seconds, seed)
    joints, times = np.empty_like(told), np.empty(len(told))
    due = time.monotonic()
    for k, target in enumerate(told):
        body.write(target)
        due += TICK_S
        time.sleep(max(due - time.monotonic(), 0.0))
        joints[k], times[k] = body.read().joint_pos, time.monotonic()
    return Trace(times - times[0], told, joints)


def _tell(result: dict[str, Any], as_json: bool, lines: list[str]) -> int:
    if as_json:
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0
