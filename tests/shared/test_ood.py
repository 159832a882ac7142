"""The detector's promises to its caller: what it takes, what it leaves out, what it says and how often."""

import numpy as np
import pytest

from shared.control.limits import LimiterState, limit
from shared.control.observe import States, observe, states
from shared.control.ood import AGAIN_TICKS, CHECKS, QUIET_TICKS, OodDetector, OodStats, pack_ood, unpack_ood
from shared.control.residuals import HISTORY, NUM_CHANNELS, SENSED
from shared.control.still_body import StillBody
from shared.errors import BundleError
from shared.spaces import slot_range

STATS = OodStats(
    rest=np.concatenate([np.full(36, 0.1), np.full(3, 2.0)]),
    moving=np.zeros(NUM_CHANNELS),
    low=np.full(SENSED, -12.0),
    high=np.full(SENSED, 12.0),
    hours=np.ones(1),
)
POS, ACCEL, GYRO = (slot_range(name) for name in ("joint_pos", "imu_accel", "imu_gyro"))


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
    assert "at most 0.1 is normal" in finding.detail


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
    rows[:100, part] = stream[0, ACCEL] if part is ACCEL else 1e-3
    assert name in {finding.detail for _, finding in played(rows)}


def test_a_picture_that_stands_still_while_the_head_turns_is_told(stream):
    rows, part = stream.copy(), slot_range("detections")
    rows[200:, part] = rows[200, part]
    assert [finding.detail for _, finding in played(rows)] == ["frozen picture"]
    rows[200:, part] = 0.0  # nothing in sight is no fault
    assert played(rows) == []


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
