"""The bench of stops in a small size: every scene and source is pressed and seen."""

from pathlib import Path

import numpy as np
import pytest

from robot_agent.bench_rig import in_memory, percentiles
from robot_agent.bench_stop import SCENES, Rest, bench_stop, rest_figures
from robot_agent.main import IN_MEMORY, file_system


def test_percentiles_are_in_milliseconds_and_nothing_has_none():
    assert percentiles([], "x") == {}
    figures = percentiles(np.linspace(0.0, 1.0, 1001).tolist(), "x")
    assert figures == {"x_p50_ms": 500.0, "x_p99_ms": 990.0, "x_p99_9_ms": 999.0, "x_max_ms": 1000.0}


def test_what_the_guard_promises_is_kept_apart_from_the_body():
    rests = [Rest("head", 0.08, 0.2, 0.6, 1.5), Rest("body yaw", 0.11, 0.3, 0.5, 2.5)]
    figures = rest_figures(rests)
    assert figures["setpoint_as_promised"]["head_max_ms"] == 80.0
    assert figures["setpoint_as_promised"]["press_to_rest_max_ms"] == 110.0
    assert figures["body_behind_it"]["turned_after_200_ms_max_deg"] == 2.5
    assert rest_figures([]) == {"presses": 0}


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs tmpfs")
def test_shared_memory_of_a_bench_is_in_memory_and_goes_with_it():
    with in_memory() as folder:
        folder.mkdir(parents=True)
        assert file_system(folder) in IN_MEMORY
    assert not folder.exists()


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(600)
def test_no_press_is_missed_in_any_scene():
    figures = bench_stop(presses=3 * len(SCENES), standstills=3)
    assert figures["missed"] == 0
    assert 0 < figures["at_nominal_ticks"]["presses"] <= figures["presses"]
    assert set(figures["by_scene"]) == set(SCENES)
    assert set(figures["by_source"]) == {"pedal", "socket", "page"}
    assert figures["standstill_from_full_speed"]["presses"] == 3
