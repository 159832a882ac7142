"""The detector's promises to its caller: what it takes, what it leaves out, what it says and how often."""

import copy
import re
from dataclasses import replace

import numpy as np
import pytest

from shared.control.limits import LimiterState, limit
from shared.control.observe import States, observe, states
from shared.control.ood import (
    AGAIN_TICKS,
    CHECKS,
    LEAST_MOVING,
    NOISELESS_TICKS,
    QUIET_TICKS,
    OodDetector,
    OodStats,
    pack_ood,
    unpack_ood,
)
from shared.control.residuals import HISTORY, NUM_CHANNELS, SENSED, SMOOTHING
from shared.control.still_body import StillBody
from shared.errors import BundleError
from shared.spaces import JOINTS, TICK_S, slot_range

STATS = OodStats(
    rest=np.concatenate([np.full(36, 0.1), np.full(3, 2.0), np.full(9, 0.1), [0.006]]),
    moving=np.zeros(NUM_CHANNELS),
    low=np.full(SENSED, -12.0),
    high=np.full(SENSED, 12.0),
    hours=np.ones(1),
)
POS, VEL, TARGET = (slot_range(name) for name in ("joint_pos", "joint_vel", "applied_target"))
HEAD, RPY, ACCEL, GYRO = (slot_range(name) for name in ("head_pos", "head_rpy", "imu_accel", "imu_gyro"))


def replaced(rest):
    changed = STATS.rest.copy()
    changed[list(rest)] = list(rest.values())
    return replace(STATS, rest=changed)


@pytest.fixture(scope="module")
def stream():
    """(400, 512): a body without physics that swings its head, its body and its antennas."""
    body, rng = StillBody(), np.random.default_rng(0)
    rest = body.read().joint_pos
    limiter, rows = LimiterState.at(rest[None]), []
    for k in range(400):
        swing = np.array([0.3, *[0.15] * 6, 0.5, 0.5]) * np.sin(0.1 * k)
        state = body.read()
        limiter, _ = limit(limiter, (rest + swing)[None])
        body.write(limiter.pos[0])
        rows.append(
            observe(
                States(*(states(state).__dict__ | {"target": limiter.pos}).values()),
                detections=rng.normal(0.0, 0.1, (1, 64)).astype(np.float32),
                tool_match=rng.normal(size=(1, 20)).astype(np.float32),
                embedding=rng.normal(size=(1, 384)).astype(np.float32),
                progress=rng.random(1),
                last_end_ok=np.ones(1),
            )[0]
        )
    rows = np.array(rows)
    rows[:, slot_range("detections")] = np.tile([0.1, 0.2, 0.1, 0.9, 1.0, 0.0, 0.5, 0.5], 8)
    rows[:, slot_range("detections").start] += rng.normal(0.0, 0.01, 400)
    return rows.astype(np.float32)


def noise(*shape):
    return np.random.default_rng(2).normal(0.0, 1e-3, shape).astype(np.float32)


def played(rows, detector=None, ticks=None):
    detector = detector or OodDetector(STATS)
    ticks = range(len(rows)) if ticks is None else ticks
    return [(k, found) for k, row in zip(ticks, rows, strict=True) if (found := detector.update(row, k))]


def test_a_clean_stream_is_clean_whatever_the_instruction(stream):
    assert played(stream) == []


def test_a_frozen_joint_is_told_once_with_figures(stream):
    rows = stream.copy()
    rows[190:, POS.start] = rows[190, POS.start]
    found = played(rows)
    assert len(found) == 1
    tick, finding = found[0]
    assert 190 < tick <= 202
    assert finding.score > 1.0
    assert finding.kind == finding.detail.split()[0]
    assert "body_yaw: off by " in finding.detail
    assert re.search(r"at most 0\.1\d* is normal", finding.detail)


def test_a_fast_robot_may_disagree_by_more_than_one_at_rest(stream):
    rows, check = np.repeat(stream[:1], 2 * HISTORY, axis=0), CHECKS.index("follow body_yaw")
    for activity in (0.0, 0.4):
        rows[:, TARGET.start] = activity * (np.arange(len(rows)) % 2)
        rows[:, POS.start] = activity + 0.11
        detector = OodDetector(STATS)
        scores = [detector.scores(row[None])[0, check] for row in rows]
        assert scores[-1] == pytest.approx(0.11 / (0.1 + LEAST_MOVING * activity), rel=1e-5)


def test_an_anomaly_is_told_again_only_after_a_quiet_second(stream):
    rows = stream.copy()
    dark = slot_range("brightness").start
    for begin in (100, 120, 130 + QUIET_TICKS + 5):
        rows[begin : begin + 10, dark] = 0.0
    assert [tick for tick, _ in played(rows)] == [101, 130 + QUIET_TICKS + 6]


def test_an_anomaly_that_lasts_is_told_again(stream):
    rows = np.repeat(stream[:1], 1100, axis=0)
    rows[20:, slot_range("brightness")] = 0.0
    assert [tick for tick, _ in played(rows)] == [21, 21 + AGAIN_TICKS, 21 + 2 * AGAIN_TICKS]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_a_number_is_told_and_does_not_stay_in_the_memory(stream, value):
    rows = stream.copy()
    rows[150:152, 400] = value
    assert [(tick, finding.detail) for tick, finding in played(rows)] == [(151, "not a number")]


@pytest.mark.parametrize(("part", "name"), [(ACCEL, "accelerometer lost"), (GYRO, "gyroscope lost")])
def test_a_sensor_that_falls_silent_is_told_and_one_that_never_spoke_is_not(stream, part, name):
    rows = np.repeat(stream[:1], 200, axis=0)
    rows[:, part] = 0.0
    assert played(rows) == []
    rows[:100, part] = stream[0, ACCEL] if part is ACCEL else noise(100, 3)
    assert name in {finding.detail for _, finding in played(rows)}


def test_a_picture_that_stands_still_while_the_head_turns_is_told(stream):
    rows, part = stream.copy(), slot_range("detections")
    rows[200:, part] = rows[200, part]
    assert [finding.detail for _, finding in played(rows)] == ["frozen picture"]
    rows[200:, part] = 0.0  # nothing in sight is no fault
    assert played(rows) == []


def test_a_joint_that_stands_still_to_the_last_bit_while_its_target_goes_is_told(stream):
    """Slow enough that no movement is missed; and the same joint with a live sensor's noise is not told."""
    rows = np.repeat(stream[:1], 200, axis=0)
    rows[:, TARGET.start] = np.where(np.arange(200) < 60, 0.0, np.minimum(0.001 * np.arange(-60, 140), 0.02))
    stats = replaced(rest={CHECKS.index("still body_yaw"): 0.01, CHECKS.index("stuck body"): 1.0})
    live = rows.copy()
    live[:, POS.start] += noise(200)
    assert played(live, OodDetector(stats)) == []
    assert [(60 < tick < 85, finding.kind) for tick, finding in played(rows, OodDetector(stats))] == [
        (True, "still")
    ]


def test_a_body_that_repeats_itself_is_told_as_soon_as_a_target_goes(stream):
    rows = np.repeat(stream[:1], 200, axis=0)
    rows[60:, TARGET.start] += np.minimum(0.001 * np.arange(140), 0.008)
    assert [finding.detail.split(":")[0] for _, finding in played(rows)] == ["stuck body"]
    rows[:, HEAD] += noise(200, 3)  # the head moves: it does not repeat itself
    assert played(rows) == []


def test_a_gyroscope_without_noise_is_frozen_even_at_rest(stream):
    rows = np.repeat(stream[:1], 200, axis=0)
    rows[:, GYRO] = noise(200, 3)
    assert played(rows) == []
    rows[100:, GYRO] = rows[100, GYRO]
    assert [(tick, finding.detail) for tick, finding in played(rows)] == [
        (100 + NOISELESS_TICKS + 2, "frozen gyroscope")
    ]


def test_velocities_of_another_scale_are_told_and_smoothed_or_late_ones_are_not(stream):
    rows = stream.copy()
    truth = np.gradient(stream[:, POS], TICK_S, axis=0).astype(np.float32)
    smooth = np.zeros_like(truth)
    steps = np.diff(stream[:, POS], axis=0, prepend=stream[:1, POS]) / np.float32(TICK_S)
    for tick in range(1, len(rows)):
        smooth[tick] = smooth[tick - 1] + SMOOTHING * (steps[tick] - smooth[tick - 1])
    stats = replaced(rest={CHECKS.index(f"speed {joint}"): 0.02 for joint in JOINTS})
    for healthy in (truth, smooth):
        rows[:, VEL] = healthy
        assert played(rows, OodDetector(stats)) == []
        rows[200:, VEL] = 0.6 * healthy[200:]
        assert {finding.kind for _, finding in played(rows, OodDetector(stats))} == {"speed"}


def test_a_head_pose_that_is_a_tick_older_than_the_cranks_is_no_fault(stream):
    late = stream.copy()
    late[1:, HEAD], late[1:, RPY] = stream[:-1, HEAD], stream[:-1, RPY]
    stats = replaced(rest={CHECKS.index(f"linkage {joint}"): 0.01 for joint in JOINTS[1:7]})
    assert played(late, OodDetector(stats)) == []
    late[4:, HEAD], late[4:, RPY] = stream[:-4, HEAD], stream[:-4, RPY]
    assert "linkage" in {finding.kind for _, finding in played(late, OodDetector(stats))}


def test_an_impossible_detection_is_told(stream):
    rows = stream.copy()
    rows[200:210, slot_range("detections").start] = 3.0
    assert [finding.detail for _, finding in played(rows)] == ["detections"]


def test_states_that_were_missed_or_seen_twice_are_no_fault(stream):
    rng = np.random.default_rng(1)
    kept = np.sort(np.concatenate([np.flatnonzero(rng.random(len(stream)) > 0.2), [50, 60, 70]]))
    assert played(stream[kept], ticks=kept) == []


def test_after_a_long_gap_and_while_stopped_it_begins_anew(stream):
    turned = stream.copy()
    turned[200:] = stream[:200]
    assert played(turned) != [], "a jump"
    assert played(turned, ticks=[*range(200), *range(300, 500)]) == []
    turned[180:220, slot_range("mode")] = 0.0
    assert played(turned) == []


def test_it_says_nothing_of_the_body_before_it_has_seen_enough(stream):
    rows = stream.copy()
    rows[:, POS.start] += 1.0
    assert [tick for tick, _ in played(rows)] == [HISTORY]


def test_a_copy_goes_on_by_itself(stream):
    detector = OodDetector(STATS)
    for tick in range(100):
        detector.scores(stream[None, tick])
    copied = copy.deepcopy(detector)
    for tick in range(100, 140):
        expected = detector.scores(stream[None, tick])
        np.testing.assert_array_equal(copied.scores(stream[None, tick]), expected)


def test_streams_do_not_touch_each_other(stream):
    rows = np.stack([stream, stream])
    rows[1, 200:, POS.start] = 0.0
    both, alone = OodDetector(STATS, 2), OodDetector(STATS)
    for tick in range(len(stream)):
        scores = both.scores(rows[:, tick])
        np.testing.assert_array_equal(scores[:1], alone.scores(rows[:1, tick]))
    assert scores.shape == (2, len(CHECKS))


# What travels in a manifest.


def test_statistics_survive_the_journey():
    again = unpack_ood(pack_ood(STATS))
    for name, value in vars(STATS).items():
        np.testing.assert_array_equal(getattr(again, name), value)


def f8(*values):
    return np.array(values, "<f8").tobytes()


@pytest.mark.parametrize(
    "change",
    [
        {"hours": None},
        {"hours": f8(1.0, 2.0)},
        {"hours": f8(0.0)},
        {"hours": [1.0]},
        {"rest": f8(*[np.nan] * NUM_CHANNELS)},
        {"rest": f8(*[-1.0] * NUM_CHANNELS)},
        {"rest": f8(*[1e300] * NUM_CHANNELS)},
        {"moving": f8(*[-1.0] * NUM_CHANNELS)},
        {"high": f8(*[-13.0] * SENSED)},
        {"low": b""},
        {"extra": f8(1.0)},
    ],
)
def test_malformed_statistics_are_refused(change):
    raw = pack_ood(STATS) | change
    with pytest.raises(BundleError, match=r"manifest\.ood"):
        unpack_ood(raw)


@pytest.mark.parametrize("raw", [None, [], b"", {}, {"rest": b""}, 7])
def test_what_is_no_mapping_of_statistics_is_refused(raw):
    with pytest.raises(BundleError, match=r"manifest\.ood"):
        unpack_ood(raw)


def test_statistics_without_meaning_cannot_be_packed():
    with pytest.raises(BundleError, match="above 0"):
        pack_ood(OodStats(**(vars(STATS) | {"rest": 0.0 * STATS.rest})))
