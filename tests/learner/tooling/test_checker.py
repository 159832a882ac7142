"""The motion checker: for every kind of check, one motion that meets it and one that fails."""

import numpy as np
import pytest

from learner.tooling.checker import meets
from learner.tooling.measured import Seen, active_s, extremes, turns
from shared.errors import ConfigError

T = np.linspace(0.0, 1.0, 200)


def seen(**axes):
    still = np.zeros(len(T))
    names = ("roll", "pitch", "yaw", "x", "y", "z", "body", "right", "left")
    return Seen(**{name: np.asarray(axes.get(name, still), float) for name in names})


def wave(cycles, size=10.0, phase=0.0):
    return size * np.sin(2 * np.pi * cycles * T + phase)


def to(value, share=0.5):
    return value * np.clip(T / share, 0.0, 1.0)


SQUARE = np.array([(-9, -9), (9, -9), (9, 9), (-9, 9), (-9, -9)], float)
SIDES = [np.interp(T * 4.0, range(5), SQUARE[:, k]) for k in (0, 1)]
CIRCLE = seen(yaw=wave(1), pitch=wave(1, phase=np.pi / 2))
NOD, SHAKE = seen(pitch=wave(3)), seen(yaw=wave(3))


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        ({"circle": {"turns": [0.8, 1.2]}}, CIRCLE, seen(yaw=SIDES[0], pitch=SIDES[1])),
        ({"circle": {"turns": [0.8, 1.2]}}, CIRCLE, seen(yaw=wave(2), pitch=wave(2, phase=np.pi / 2))),
        ({"circle": {"turns": [0.8, 1.2]}}, CIRCLE, seen(yaw=wave(1, 20.0), pitch=wave(1, phase=np.pi / 2))),
        ({"circle": {"turns": [0.8, 1.2]}}, CIRCLE, NOD),
        ({"square": {}}, seen(yaw=SIDES[0], pitch=SIDES[1]), CIRCLE),
        ({"eight": {}}, seen(yaw=wave(1), pitch=wave(2, 6.0)), CIRCLE),
        ({"swings": {"axis": "pitch", "count": [3, 3]}}, NOD, seen(pitch=wave(4))),
        ({"swings": {"axis": "pitch", "count": [3, 3]}}, NOD, SHAKE),
        ({"swings": {"axis": "pitch", "count": [3, 3]}}, NOD, seen(pitch=wave(3), yaw=wave(3))),
        (
            {"swings": {"axis": ["left", "pitch"], "count": [3, 3], "amplitude": [8, 12]}},
            NOD,
            seen(pitch=wave(3, 20)),
        ),
        ({"ends": {"roll": [5, 15]}}, seen(roll=to(10.0)), seen(roll=to(-10.0))),
        ({"ends": {"roll": [5, 15]}}, seen(roll=to(10.0)), seen(roll=to(10.0), yaw=to(9.0))),
        ({"holds": {"s": 1.0, "roll": [5, 15], "abs": ["roll"]}}, seen(roll=to(-10.0)), seen(roll=wave(5))),
        ({"moves": {"right|left": 20}}, seen(left=to(30.0)), seen(left=to(10.0))),
        ({"still": {"left": 5}}, seen(right=to(30.0)), seen(left=to(10.0))),
        ({"quick": {"axis": ["z"], "s": 0.5}}, seen(z=to(8.0, 0.1)), seen(z=to(8.0, 0.9))),
        ({"slow": {"pitch": 40}}, seen(pitch=to(20.0, 0.9)), seen(pitch=to(20.0, 0.05))),
        (
            {"diagonal": {"side": "left"}},
            seen(roll=to(-8.0), pitch=to(8.0)),
            seen(roll=to(8.0), pitch=to(8.0)),
        ),
        ({"diagonal": {"side": ""}}, seen(yaw=to(8.0), pitch=to(-8.0)), seen(roll=to(20.0), pitch=to(4.0))),
        ({"both": [{"moves": {"yaw": 5}}, {"moves": {"roll": 5}}]}, seen(yaw=to(9), roll=to(9)), SHAKE),
        ({"either": [{"moves": {"yaw": 5}}, {"moves": {"roll": 5}}]}, SHAKE, NOD),
    ],
)
def test_each_kind_accepts_and_rejects(check, good, bad):
    assert meets(check, good) == ""
    assert meets(check, bad).startswith(next(iter(check)))


def test_one_thing_after_the_other():
    first = np.where(T < 0.5, wave(4), 0.0)
    then = {
        "then": [{"swings": {"axis": "pitch", "count": [2, 2]}}, {"swings": {"axis": "yaw", "count": [2, 2]}}]
    }
    assert meets(then, seen(pitch=first, yaw=first[::-1])) == ""
    assert meets(then, seen(pitch=first[::-1], yaw=first)).startswith("then")


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        ({"tempo": [1.2, 3.0]}, seen(yaw=to(10.0, 0.9)), seen(yaw=to(10.0, 0.5))),
        ({"tempo": [1.2, 3.0]}, seen(yaw=to(10.0, 0.9)), seen(yaw=to(30.0, 0.9))),
        ({"size": [1.2, 3.0]}, seen(yaw=to(15.0)), seen(yaw=to(10.0))),
        ({"mirrored": {}}, seen(yaw=to(-10.0)), seen(yaw=to(10.0))),
    ],
)
def test_comparisons(check, good, bad):
    before = seen(yaw=to(10.0))
    assert meets(check, good, before) == ""
    assert meets(check, bad, before) != ""
    assert "nothing to compare" in meets(check, good)


def test_more_rounds_and_the_other_way_round():
    assert meets({"more": [1, 1]}, seen(pitch=wave(4)), NOD) == ""
    assert "more" in meets({"more": [1, 1]}, seen(pitch=wave(3)), NOD)
    back = seen(yaw=wave(-1), pitch=wave(1, phase=np.pi / 2))
    assert meets({"reversed": {}}, back, CIRCLE) == ""
    assert "reversed" in meets({"reversed": {}}, CIRCLE, CIRCLE)


def test_an_unknown_check_is_an_error():
    with pytest.raises(ConfigError, match="no check 'round'"):
        meets({"round": {}}, CIRCLE)


def test_parts():
    assert extremes(wave(3)) == (3, 3)
    assert extremes(to(5.0)) == (0, 0)
    assert extremes(np.zeros(5)) == (0, 0)
    assert turns(np.stack([np.cos(2 * np.pi * T), np.sin(2 * np.pi * T)], axis=1)) == pytest.approx(1.0)
    assert active_s(seen(yaw=to(10.0, 0.5))) == pytest.approx(0.5 * 200 * 0.9 * 0.02, rel=0.1)
    assert active_s(seen()) == 0.0


def test_head_angles_are_worked_out_as_seen_from_the_body():
    turn, pitch = 0.5, 0.3
    quat = [np.cos(turn / 2) * np.cos(pitch / 2), -np.sin(turn / 2) * np.sin(pitch / 2),
            np.cos(turn / 2) * np.sin(pitch / 2), np.sin(turn / 2) * np.cos(pitch / 2)]  # fmt: skip
    joints = np.zeros((4, 9))
    joints[:, 0] = turn
    head = np.tile([0.01 * np.cos(turn), 0.01 * np.sin(turn), 0.002, *quat], (4, 1))
    found = Seen.of(joints, head)
    assert [found.roll[0], found.pitch[0], found.yaw[0]] == pytest.approx(
        [0.0, np.rad2deg(0.3), 0.0], abs=1e-6
    )
    assert [found.x[0], found.y[0], found.z[0]] == pytest.approx([10.0, 0.0, 2.0], abs=1e-6)
