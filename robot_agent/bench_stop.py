"""`reachy-coach bench stop`: from a press to the latch, to the first braking setpoint, and to standstill.

Real processes in real time on the MuJoCo body (Reachy Mini's daemon: `bench_reachy`); presses by a pedal's
events, by the local socket and by the robot's page in turn, while different things go wrong around them.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from robot_agent.bench_rig import USUAL, Press, Rig, in_time, percentiles, rig
from robot_agent.frames import GuardState, Teleop, pack, size
from robot_agent.hand import joints_for
from robot_agent.processes import become_prompt
from robot_agent.sources.usb import UsbContact
from shared.control.limits import LIMITS
from shared.messages import TeleopTarget
from shared.slots import Slot
from shared.spaces import TICK_S

STALL_S = 2.0
"""What the stalled disk takes longer for each fsync."""
WRITTEN = 256 << 20
"""Bytes that keep the busy disk busy, again and again."""
FULL_SPEED = 0.95
"""Share of a joint's speed limit that counts as full speed."""
REST_S = 0.2
"""From a press on, the robot should stand."""
SLOW = 0.1
"""Share of full speed of every joint below which the body counts as slow."""
STILL_RAD_S = 0.05
"""Every joint below this is standstill: the simulated servos creep up to where they are sent."""
QUIET_STATES = 3
"""For so many states in a row it must be so."""


@dataclass(frozen=True)
class Rest:
    """How a robot that moved at full speed came to rest, from the press on."""

    joints: str
    """Which were at full speed."""
    setpoint_s: float
    """The last setpoint that moved."""
    slow_s: float
    still_s: float
    later_deg: float
    """How far any joint still turned from 200 ms on."""


NEXT_S = 2.0
"""A guard that shows no new state for so long has ended."""


def bench_stop(presses: int = 3000, standstills: int = 90, daemon_port: int | None = None) -> dict[str, Any]:
    """Measure stops.

    Args:
        presses: in all; spread evenly over the scenes.
        standstills: stops out of motion at full speed.
        daemon_port: of the Reachy Mini daemon, to measure on that instead: no scenes, but enabling and play.

    Returns:
        Percentiles [ms] by scene, by source, and of all.
    """
    if daemon_port is not None:
        from robot_agent.bench_reachy import bench_reachy

        return bench_reachy(daemon_port, presses, standstills)
    rng = np.random.default_rng(0)
    each = -(-presses // len(SCENES))
    scenes: dict[str, Any] = {}
    found: list[Press] = []
    missed = 0
    with in_time() as priority:
        for name, scene in SCENES.items():
            program = STALLED if name == "stalled disk" else USUAL
            with rig(program) as agent, scene(agent):
                these = press_again_and_again(agent, each, rng)
            missed += each - len(these)
            blind_ms = round(agent.blind_s * 1e3, 2)
            scenes[name] = stop_figures(these) | {"missed": each - len(these), "bench_blind_max_ms": blind_ms}
            found += these
        with rig(policy=False) as agent:  # which may have been given less than full speed
            still = stop_at_full_speed(agent, standstills, rng)
    sources = sorted({press.source for press in found})
    nominal = [press for press in found if press.nominal]
    return {
        "presses": each * len(SCENES),
        "missed": missed,
        "all": stop_figures(found),
        "at_nominal_ticks": {"presses": len(nominal)} | stop_figures(nominal),
        "by_scene": scenes,
        "by_source": {name: stop_figures([p for p in found if p.source == name]) for name in sources},
        "standstill_from_full_speed": rest_figures(still),
        "bench_priority": priority,
        "load_average": round(os.getloadavg()[0], 2),
        "body": "mujoco, real time",
    }


@contextlib.contextmanager
def _idle(_: Rig) -> Iterator[None]:
    yield


@contextlib.contextmanager
def _busy(_: Rig) -> Iterator[None]:
    """Something else wants every core."""
    burn = [sys.executable, "-c", "while True: pass"]
    burners = [subprocess.Popen(burn) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


@contextlib.contextmanager
def _writing(_: Rig) -> Iterator[None]:
    """Something else writes to the disk as fast as it goes."""
    with tempfile.NamedTemporaryFile(prefix="reachy-coach-bench-") as file:
        writer = subprocess.Popen([sys.executable, "-m", "robot_agent.bench_stop", "write", file.name])
        try:
            yield
        finally:
            writer.kill()
            writer.wait()


@contextlib.contextmanager
def _hung(agent: Rig) -> Iterator[None]:
    """The policy process does nothing any more."""
    agent.processes["policy"].send_signal(signal.SIGSTOP)
    yield


@contextlib.contextmanager
def _flooding(agent: Rig) -> Iterator[None]:
    """The learner sends tasks and garbage as fast as the wire takes them."""
    agent.flood()
    yield


SCENES: dict[str, Callable[[Rig], contextlib.AbstractContextManager[None]]] = {
    "idle": _idle,
    "busy cores": _busy,
    "hung policy": _hung,
    "stalled disk": _idle,
    "busy disk": _writing,
    "flooding learner": _flooding,
}
STALLED = ("-m", "robot_agent.bench_stop", "stalled")


def press_again_and_again(agent: Rig, count: int, rng: np.random.Generator) -> list[Press]:
    """Press so many times at random instants of the tick; what was missed is left out."""
    sources = list(agent.presses)
    found = []
    for number in range(count):
        agent.free()
        took = agent.press(sources[number % len(sources)], rng.uniform(0.0, 2.0 * TICK_S))
        if took is not None:
            found.append(took)
    return found


def stop_at_full_speed(agent: Rig, count: int, rng: np.random.Generator) -> list[Rest]:
    """Have a person move the robot as fast as it goes, and stop it then."""
    hand = Slot(agent.config.runtime.teleop, size(Teleop), create=True)
    groups = {"body yaw": slice(0, 1), "head": slice(1, 7), "antennas": slice(7, 9)}
    found = []
    for number in range(count):
        name = list(groups)[number % len(groups)]
        agent.free()
        if _full_speed(agent, hand, groups[name], -1.0 if number % 2 else 1.0):
            time.sleep(rng.uniform(0.0, TICK_S))
            found.append(_come_to_rest(agent, name))
    return found


def _full_speed(agent: Rig, hand: Slot, joints: slice, side: float) -> bool:
    """Swing from one side to the other until a joint of the group is at full speed; False if none is."""
    for turn in range(8):
        to = side if turn % 2 else -side
        target = joints_for(
            TeleopTarget("bench", True, (0.0, 0.3 * to, 0.7 * to), 1.6 * to, (2.0 * to, -2.0 * to), 0.5)
        )
        assert target is not None
        before, deadline = agent.state(), time.monotonic() + 1.2
        while time.monotonic() < deadline:
            hand.write(pack(Teleop(True, target, time.monotonic() + 0.2)))
            state = _next(agent, before)
            step = (state.target - before.target) / TICK_S / (state.state_seq - before.state_seq)
            before = state
            if turn and (np.abs(step) / LIMITS.vel)[joints].max() >= FULL_SPEED:
                return True
    return False


def _come_to_rest(agent: Rig, joints: str) -> Rest:
    """Press, and follow the robot until it stands."""
    states: list[tuple[float, GuardState]] = [(0.0, agent.state())]
    pressed_s, quiet = time.monotonic(), 0
    agent.presses["pedal"]()
    while quiet < QUIET_STATES:
        state = _next(agent, states[-1][1])
        states.append((time.monotonic() - pressed_s, state))
        quiet = quiet + 1 if np.abs(state.joint_vel).max() < STILL_RAD_S else 0

    def last(moving: Callable[[GuardState, GuardState], bool]) -> float:
        return max(at for (_, a), (at, b) in itertools.pairwise(states) if moving(a, b))

    after = [state.joint_pos for at, state in states if at >= REST_S] or [states[-1][1].joint_pos]
    return Rest(
        joints,
        last(lambda a, b: not np.array_equal(a.target, b.target)),
        last(lambda _, b: bool((np.abs(b.joint_vel) >= SLOW * LIMITS.vel).any())),
        last(lambda _, b: bool(np.abs(b.joint_vel).max() >= STILL_RAD_S)),
        float(np.rad2deg(np.abs(after[-1] - after[0]).max())),
    )


def _next(agent: Rig, before: GuardState) -> GuardState:
    deadline = time.monotonic() + NEXT_S
    while (state := agent.state()).state_seq == before.state_seq:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the guard has not ticked for {NEXT_S} s")
        time.sleep(0.001)
    return state


def rest_figures(found: Sequence[Rest]) -> dict[str, Any]:
    """The guard's output, of which the promise is, apart from the body behind it."""
    if not found:
        return {"presses": 0}
    groups = sorted({rest.joints for rest in found})
    output = percentiles([rest.setpoint_s for rest in found], "press_to_rest")
    body = percentiles([rest.slow_s for rest in found], f"press_to_{SLOW:.0%}_of_full_speed")
    body |= percentiles([rest.still_s for rest in found], f"press_to_below_{STILL_RAD_S}_rad_s")
    return {
        "presses": len(found),
        "setpoint_as_promised": output
        | {
            f"{joints}_max_ms": round(
                1e3 * max(rest.setpoint_s for rest in found if rest.joints == joints), 1
            )
            for joints in groups
        },
        "body_behind_it": body
        | {"turned_after_200_ms_max_deg": round(max(rest.later_deg for rest in found), 2)},
    }


def stop_figures(presses: Sequence[Press]) -> dict[str, Any]:
    """Percentiles [ms] to the latch and to the first braking setpoint."""
    latch = percentiles([press.latch_s for press in presses], "press_to_latch")
    return latch | percentiles([press.setpoint_s for press in presses], "press_to_setpoint")


def _pedal(fd: int, line: int) -> None:
    """A process that reads a pedal's events and stops the robot, as the buttons' process does."""
    become_prompt()
    pedal = UsbContact(fd, "the bench's pedal")
    while True:
        for _, pressed in pedal.read(3600.0):
            if pressed:
                os.eventfd_write(line, 1)


def _write(path: str) -> None:
    """Write and sync for ever, within 256 MiB."""
    block = os.urandom(WRITTEN // 64)
    with Path(path).open("r+b", buffering=0) as file:
        for number in itertools.count():
            file.seek(number % 64 * len(block))
            file.write(block)
            if number % 64 == 63:
                os.fsync(file.fileno())


def _stalled(arguments: list[str]) -> int:
    """A process of the agent on a disk that takes its time."""
    from robot_agent import processes

    fsync = os.fsync

    def slow(fd: Any) -> None:
        time.sleep(STALL_S)
        fsync(fd)

    os.fsync = slow
    return processes.main(arguments)


if __name__ == "__main__":
    if sys.argv[1] == "pedal":
        _pedal(int(sys.argv[2]), int(sys.argv[3]))
    if sys.argv[1] == "write":
        _write(sys.argv[2])
    sys.exit(_stalled(sys.argv[2:]))
