"""Recorded traces: what is written is read again, and anything else is refused with the place."""

import numpy as np
import pytest

from learner.sysid.trace import COLUMNS, MAX_BYTES, Trace, read_trace, write_trace
from shared.errors import ConfigError

N = 120


def trace(**change):
    t = 0.02 * np.arange(N)
    parts = {"t_s": t, "setpoints": 0.1 * np.sin(t)[:, None] * np.ones(9), "joints": np.full((N, 9), 0.05)}
    return Trace(**(parts | change))


def test_a_trace_comes_back_as_it_was(tmp_path):
    path = tmp_path / "a.csv"
    write_trace(path, trace())
    found = read_trace(path)
    assert np.abs(found.setpoints - trace().setpoints).max() <= 0.5e-6
    assert np.abs(found.t_s - trace().t_s).max() <= 0.5e-4
    assert path.read_text().splitlines()[0].startswith("t_s,set_body_yaw,set_stewart_1")


def test_a_jump_in_time_parts_pieces_and_short_ones_are_left_aside():
    t = 0.02 * np.arange(N)
    t[50:] += 1.0
    t[60:] += 1.0
    assert trace(t_s=t).pieces == [slice(0, 50), slice(60, N)]
    with pytest.raises(ConfigError, match="no piece"):
        trace(t_s=np.arange(N) * 0.02 + np.arange(N) // 10)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"t_s": 0.02 * np.arange(N)[:-1]}, "shapes"),
        ({"joints": np.zeros((N, 8))}, "shapes"),
        ({"joints": np.full((N, 9), np.nan)}, "not finite"),
        ({"t_s": np.full(N, np.inf)}, "not finite"),
        ({"setpoints": np.full((N, 9), 30.0)}, "degrees"),
        ({"t_s": -0.02 * np.arange(N)}, "time does not rise at row 2"),
        ({"t_s": 0.04 * np.arange(N)}, "40.0 ms apart"),
        ({"t_s": 4.0 * np.arange(N)}, "inf ms apart"),
    ],
)
def test_arrays_that_are_no_trace_are_refused(change, words):
    with pytest.raises(ConfigError, match=words):
        trace(**change)


def test_a_trace_has_to_be_long_enough():
    with pytest.raises(ConfigError, match="99 ticks is too short"):
        Trace(0.02 * np.arange(99), np.zeros((99, 9)), np.zeros((99, 9)))


def lines():
    row = ",".join(["0.0"] * 18)
    return [",".join(COLUMNS), *(f"{0.02 * k:.2f},{row}" for k in range(N))]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda rows: [], "first row has to be"),
        (lambda rows: rows[1:], "first row has to be"),
        (lambda rows: [rows[0].replace("pos", "deg"), *rows[1:]], "first row has to be"),
        (lambda rows: [*rows[:5], rows[5] + ",0.0", *rows[6:]], "row 6: 20 values"),
        (lambda rows: [*rows[:5], "", *rows[5:]], "row 6: 0 values"),
        (
            lambda rows: [*rows[:5], rows[5].replace("0.0,", "zero,", 1), *rows[6:]],
            "row 6: could not convert",
        ),
        (lambda rows: [*rows[:5], rows[5][:-3] + "nan", *rows[6:]], "not finite"),
        (lambda rows: [*rows[:5], rows[4], *rows[6:]], "time does not rise"),
        (lambda rows: rows[:50], "too short"),
        (lambda rows: [*rows[:5], rows[5] + ',"open', *rows[6:]], "no CSV|values"),
    ],
)
def test_a_file_that_is_no_trace_is_refused(tmp_path, spoil, words):
    path = tmp_path / "a.csv"
    path.write_text("\n".join(spoil(lines())) + "\n")
    with pytest.raises(ConfigError, match=words):
        read_trace(path)


def test_files_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_trace(tmp_path / "none.csv")
    binary = tmp_path / "b.csv"
    binary.write_bytes(b"\xff\x00")
    with pytest.raises(ConfigError, match="no text"):
        read_trace(binary)
    large = tmp_path / "c.csv"
    with large.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ConfigError, match="more than"):
        read_trace(large)
