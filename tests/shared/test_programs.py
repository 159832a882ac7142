"""Motion programs: what is read, what is refused with which words, and what they play."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.control import motions
from shared.control.kinematics import NEUTRAL
from shared.control.profiles import even
from shared.control.program_bounds import check
from shared.control.programs import TOOL_AXES, moved_axes, play
from shared.errors import ProgramError
from shared.program_reading import from_data, parse
from shared.programs import AXES, MAX_BYTES, MAX_NODES, MAX_SECONDS, canonical, to_data
from shared.tools import MOTIONS, TOOL_INDEX

CENTRE = dict.fromkeys(("roll", "pitch", "yaw", "x", "y", "z"), 0.0)
NOD = {
    "format": 1,
    "name": "nod",
    "description": "yes",
    "params": [{"name": "size", "unit": "deg", "low": 4.0, "high": 12.0, "default": 8.0}],
    "start": CENTRE,
    "steps": [{"wave": {"pitch": {"amplitude": {"param": "size"}}}, "cycles": 2.0, "seconds": 2.0}],
}


def nod(**changes):
    return {**copy.deepcopy(NOD), **changes}


def steps(*some, start=CENTRE, params=()):
    return {
        "format": 1,
        "name": "tool",
        "description": "",
        "params": list(params),
        "start": start,
        "steps": list(some),
    }


def pose(program, args=None, start=NEUTRAL, library=None):
    setpoints, ticks = play(program, args or {}, start[None], library)
    return motions.pose_of(setpoints[0, : ticks[0]])


def test_a_program_survives_its_bytes_and_keeps_its_digest():
    program = from_data(NOD)
    again = parse(canonical(program))
    assert again == program
    assert again.digest == program.digest == from_data(json.loads(json.dumps(NOD))).digest
    assert len(program.digest) == 64


def test_the_digest_names_every_number():
    other = nod()
    other["steps"][0]["cycles"] = 3.0
    assert from_data(other).digest != from_data(NOD).digest


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 2}, "program format 2"),
        ({"name": "../nod"}, "is no name"),
        ({"name": 7}, "is no name"),
        ({"description": "two\nlines"}, "printable"),
        ({"steps": []}, "no steps"),
        ({"steps": {}}, "expected a list"),
        ({"extra": 1}, "has unknown extra"),
        ({"steps": [{"fly": 1}]}, "exactly one of"),
        ({"steps": [{"move": {"pitch": 1.0}, "hold": 1.0}]}, "exactly one of"),
        ({"steps": [{"move": {"pitch": 1.0}}]}, r"steps\[0\] lacks seconds"),
        ({"steps": [{"move": {"pich": 1.0}, "seconds": 1.0}]}, "no axis 'pich'"),
        ({"steps": [{"move": {"pitch": 60.0}, "seconds": 1.0}]}, "60 deg is outside -36 .. 36 deg"),
        ({"steps": [{"move": {"pitch": "6"}, "seconds": 1.0}]}, "expected a number, got str"),
        ({"steps": [{"move": {"pitch": True}, "seconds": 1.0}]}, "expected a number, got bool"),
        ({"steps": [{"move": {}, "seconds": 1.0}]}, "names no axis"),
        ({"steps": [{"hold": 0.0}]}, "0 is outside 0.1 .. 20"),
        ({"steps": [{"hold": {"param": "sise"}}]}, "no parameter 'sise'"),
        ({"steps": [{"repeat": 13, "steps": [{"hold": 1.0}]}]}, "no whole number in 1 .. 12"),
        ({"steps": [{"repeat": {"param": "size"}, "steps": [{"hold": 1.0}]}]}, "no whole number"),
        ({"steps": [{"together": [[{"hold": 1.0}]]}]}, "two or three branches"),
        ({"steps": [{"tool": "backflip"}]}, "no tool 'backflip'"),
        ({"steps": [{"tool": "nod", "args": {"speed": 1.0}}]}, "nod has no parameter 'speed'"),
        ({"steps": [{"play": "nod", "digest": "ab"}]}, "64 hexadecimal digits"),
        ({"steps": [{"wave": {}, "cycles": 1.0, "seconds": 1.0}]}, "names no axis"),
        (
            {"steps": [{"wave": {"z": {"amplitude": 1.0, "times": 9}}, "cycles": 1.0, "seconds": 1.0}]},
            "1 .. 4",
        ),
        ({"params": [{"name": "size", "unit": "inch", "low": 0, "high": 1, "default": 0}]}, "'inch' is none"),
        ({"params": [{"name": "size", "unit": "1", "low": 2, "high": 1, "default": 0}]}, "low <= default"),
        ({"params": NOD["params"] * 2}, "given twice"),
        (
            {"params": [{"name": f"p{k}", "unit": "1", "low": 0, "high": 1, "default": 0} for k in range(5)]},
            "at most 4",
        ),
        ({"start": {"pitch": 1e9}}, "not a number within"),
    ],
)
def test_what_is_no_program_is_refused_with_place_and_value(change, words):
    with pytest.raises(ProgramError, match=words):
        from_data(nod(**change))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 5000 + b"]" * 5000, "not JSON"),
        (b"{}" + b" " * MAX_BYTES, "at most"),
        (b'{"format": NaN}', "NaN is not a number"),
        (b'{"format": 1, "format": 1}', "given twice"),
        (b"[]", "expected an object"),
    ],
)
def test_bytes_that_are_no_program_are_refused(raw, words):
    with pytest.raises(ProgramError, match=words):
        parse(raw)


def test_size_and_depth_are_bounded():
    with pytest.raises(ProgramError, match="at most 96"):
        from_data(nod(steps=[{"hold": 0.1}] * (MAX_NODES + 1)))
    deep = {"hold": 0.1}
    for _ in range(6):
        deep = {"repeat": 1, "steps": [deep]}
    with pytest.raises(ProgramError, match="deep"):
        from_data(nod(steps=[deep]))


_JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["format", "name", "steps", "move", "wave", "pitch", "seconds", "repeat", "param", "play"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_JUNK, st.sampled_from(["steps", "params", "start", "name", "description", "format"]))
def test_whatever_comes_in_is_a_program_or_a_program_error(junk, key):
    try:
        program = from_data(nod(**{key: junk}))
        check(program)
    except ProgramError:
        return
    assert from_data(to_data(program)) == program


def test_arguments_are_checked():
    program = from_data(NOD)
    assert program.arguments({"size": 5}) == {"size": 5.0}
    for given_args, words in (
        ({"speed": 1.0}, "no parameter"),
        ({"size": 13.0}, "outside"),
        ({"size": np.nan}, "outside"),
    ):
        with pytest.raises(ProgramError, match=words):
            program.arguments(given_args)


def test_a_wave_swings_as_often_and_as_far_as_it_says_and_ends_where_it_began():
    path = np.rad2deg(pose(from_data(NOD), {"size": 10.0})[:, motions.PITCH])
    assert len(path) == 100
    assert path.max() == pytest.approx(10.0, abs=0.05)
    assert path.min() == pytest.approx(-10.0, abs=0.05)
    assert path[-1] == pytest.approx(0.0, abs=1e-6)
    assert int((np.diff(np.sign(path[5:-5])) != 0).sum()) == 3  # two periods cross zero three times inside


def test_a_wave_with_two_phases_is_a_circle():
    swings = {"pitch": {"amplitude": 8.0, "phase_deg": 90.0}, "yaw": {"amplitude": 8.0}}
    data = steps({"wave": swings, "cycles": 1.0, "seconds": 3.0}, start={**CENTRE, "pitch": 8.0})
    path = np.rad2deg(pose(from_data(data)))[-150:]
    np.testing.assert_allclose(np.hypot(path[:, motions.PITCH], path[:, motions.YAW]), 8.0, atol=1e-6)


def test_moves_are_as_seen_from_the_body_wherever_that_has_turned():
    turned = motions.joints_of(np.array([[0, 0, 0.6, 0, 0, 0, 0.6, 0, 0]]))[0]
    data = steps({"move": {"yaw": 10.0, "x": 5.0, "body": 20.0}, "seconds": 1.0})
    end = pose(from_data(data), start=turned)[-1]
    body = 0.6 + np.deg2rad(20.0)
    np.testing.assert_allclose(end[[motions.BODY, motions.YAW]], [body, body + np.deg2rad(10.0)], atol=1e-6)
    np.testing.assert_allclose(end[3:5], 0.005 * np.array([np.cos(body), np.sin(body)]), atol=1e-6)


def test_setpoints_are_continuous_finite_and_alike_every_time():
    data = steps(
        {"move": {"roll": 10.0}, "seconds": 0.8},
        {"repeat": 2, "steps": [{"tool": "nod", "args": {"amplitude": 6.0}}, {"hold": 0.2}]},
        {"together": [[{"move": {"yaw": 5.0}, "seconds": 0.6}], [{"move": {"left": 30.0}, "seconds": 1.0}]]},
    )
    program = from_data(data)
    first, ticks = play(program, {}, np.stack([NEUTRAL, NEUTRAL]))
    again, _ = play(program, {}, NEUTRAL[None])
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first[0], again[0])
    assert ticks[0] == 40 + 2 * (60 + 10) + 50
    joined = np.concatenate([NEUTRAL[None], first[0]])
    assert np.abs(np.diff(joined, axis=0)).max() < np.deg2rad(4.0)


def test_branches_keep_to_their_own_axes_and_the_shorter_one_waits():
    data = steps(
        {"together": [[{"move": {"yaw": 6.0}, "seconds": 0.4}], [{"move": {"roll": 9.0}, "seconds": 0.8}]]}
    )
    path = np.rad2deg(pose(from_data(data)))
    assert path[20, motions.YAW] == pytest.approx(6.0, abs=1e-6)
    assert path[-1, [motions.YAW, motions.ROLL]] == pytest.approx([6.0, 9.0], abs=1e-6)


def test_a_start_pose_is_approached_as_slowly_as_it_needs():
    program = from_data(NOD)
    far = motions.joints_of(np.array([[0.2, -0.3, 0.3, 0, 0, 0, 0, 0, 0]]))[0]
    near = play(program, {}, NEUTRAL[None])[1][0]
    assert near == 100
    close = play(program, {}, motions.joints_of(np.array([[0, 0.02, 0, 0, 0, 0, 0, 0, 0]])))[1][0]
    assert near < close < play(program, {}, far[None])[1][0] <= near + 200


def test_a_robot_in_no_pose_at_all_stays_where_it_is():
    lost = np.full((1, 9), np.nan)
    setpoints, ticks = play(from_data(NOD), {}, lost)
    assert ticks[0] == 1
    assert setpoints.shape == (1, 1, 9)


def test_a_called_tool_plays_with_its_arguments():
    child = from_data(NOD)
    call = {"play": "nod", "digest": child.digest, "args": {"size": 4.0}}
    parent = from_data(steps(call))
    library = {child.digest: child}
    check(parent, library)
    np.testing.assert_allclose(pose(parent, library=library), pose(child, {"size": 4.0}), atol=1e-9)
    with pytest.raises(ProgramError, match="not in the library"):
        play(parent, {}, NEUTRAL[None], {})


def test_the_table_of_axes_tells_the_truth_about_every_tool_of_the_robot():
    start = motions.joints_of(np.deg2rad([[3, 4, 5, 0, 0, 0, 5, 10, -10]]))
    assert set(TOOL_AXES) == set(MOTIONS)
    for name in MOTIONS:
        index = TOOL_INDEX[name]
        seen = np.rad2deg(motions.pose_of(motions.plan(np.array([index]), np.full((1, 4), 0.7), start)[0]))
        seen[:, motions.YAW] -= seen[:, motions.BODY]
        moved = {name for k, name in enumerate(AXES) if np.ptp(seen[:, k]) > 1e-4}
        assert moved <= set(TOOL_AXES[name]), name


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (steps({"wave": {"right": {"amplitude": 5.0}}, "cycles": 1.0, "seconds": 1.0}), "put it into start"),
        (steps({"move": {"pitch": 30.0, "yaw": 40.0}, "seconds": 1.0}), "as far out as the head can reach"),
        (
            steps({"wave": {"pitch": {"amplitude": 50.0}}, "cycles": 1.0, "seconds": 1.0}),
            "sweeps -50.0 .. 50.0",
        ),
        (steps(*[{"hold": 20.0}] * 2), "may take"),
        (
            steps(
                {"repeat": 12, "steps": [{"repeat": 12, "steps": [{"repeat": 12, "steps": [{"hold": 0.1}]}]}]}
            ),
            "fewer rounds",
        ),
        (
            steps({"together": [[{"move": {"yaw": 1.0}, "seconds": 1.0}], [{"tool": "scan"}]]}),
            "both move yaw",
        ),
        (steps({"play": "nod", "digest": "0" * 64}), "not in the library"),
    ],
)
def test_bounds_say_what_a_program_might_do_wrong(data, words):
    with pytest.raises(ProgramError, match=words):
        check(from_data(data))


def test_bounds_hold_for_every_argument():
    wide = [{"name": "size", "unit": "deg", "low": 0.0, "high": 60.0, "default": 5.0}]
    with pytest.raises(ProgramError, match="sweeps"):
        check(from_data(nod(params=wide)))


def test_a_library_that_lies_about_a_digest_is_found_out():
    child = from_data(NOD)
    other = from_data(nod(description="another"))
    parent = from_data(steps({"play": "nod", "digest": child.digest}))
    with pytest.raises(ProgramError, match="not what the library has"):
        check(parent, {child.digest: other})


def test_a_tool_that_calls_itself_is_refused_even_if_a_library_makes_it_possible():
    loop = from_data({**steps({"play": "tool", "digest": "0" * 64})})
    with pytest.raises(ProgramError):
        check(loop, {"0" * 64: loop})
    with pytest.raises(ProgramError, match="deep"):
        moved_axes(loop.steps, {"0" * 64: loop})
    with pytest.raises(ProgramError, match="deep"):
        play(loop, {}, NEUTRAL[None], {"0" * 64: loop})


def test_calls_are_only_so_deep():
    library = {}
    inner = from_data(NOD)
    for k in range(5):
        library[inner.digest] = inner
        outer = steps({"play": inner.name, "digest": inner.digest})
        inner = from_data({**outer, "name": f"level{k}"})
    with pytest.raises(ProgramError, match="more than 3"):
        check(inner, library)


def test_playing_ends_in_time_whatever_the_bounds_say():
    long = from_data(steps(*[{"hold": 20.0}] * 3))
    with pytest.raises(ProgramError, match=f"longer than {MAX_SECONDS:g} s"):
        play(long, {}, NEUTRAL[None])


def test_the_tempo_of_a_wave_rises_and_falls_smoothly_around_an_even_pace():
    share = even(np.linspace(0.0, 1.0, 1001))
    rate = np.diff(share) * 1000
    assert share[0] == 0.0
    assert share[-1] == pytest.approx(1.0)
    assert rate.min() >= 0.0
    np.testing.assert_allclose(rate[250:750], 1.25, rtol=1e-6)
    assert rate[0] < 0.01 > rate[-1]
