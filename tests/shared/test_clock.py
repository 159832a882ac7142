"""The ratekeeper keeps an absolute schedule on a clock that is turned by hand."""

import time

import pytest

from shared.clock import FakeClock, MonotonicClock, Ratekeeper


def test_ticks_fall_on_the_schedule_whatever_the_work_takes():
    clock = FakeClock(100.0)
    keeper = Ratekeeper(0.02, clock)
    for k in range(1, 1001):
        clock.advance(0.001 * (k % 17))
        assert keeper.wait() == 0.0
        assert clock.now_s() == pytest.approx(100.0 + 0.02 * k, abs=1e-9)
    assert keeper.overruns == keeper.skipped == 0


def test_a_short_overrun_is_late_once_and_then_back_on_schedule():
    clock = FakeClock()
    keeper = Ratekeeper(0.02, clock)
    clock.advance(0.025)
    assert keeper.wait() == pytest.approx(0.005)
    assert keeper.wait() == 0.0
    assert clock.now_s() == pytest.approx(0.04)
    assert (keeper.overruns, keeper.skipped) == (1, 0)


def test_a_long_overrun_skips_ticks_and_makes_no_burst():
    clock = FakeClock()
    keeper = Ratekeeper(0.02, clock)
    clock.advance(0.105)
    assert keeper.wait() == pytest.approx(0.005)
    assert (keeper.overruns, keeper.skipped) == (1, 4)
    for k in (6, 7, 8):
        assert keeper.wait() == 0.0
        assert clock.now_s() == pytest.approx(0.02 * k)


def test_a_fake_clock_cannot_go_back():
    clock = FakeClock()
    clock.sleep_s(-1.0)
    assert clock.now_s() == 0.0
    with pytest.raises(ValueError, match="go back"):
        clock.advance(-1.0)


@pytest.mark.parametrize("period", [0.0, -1.0, float("nan")])
def test_a_period_that_makes_no_sense(period):
    with pytest.raises(ValueError, match="above zero"):
        Ratekeeper(period)


def test_the_real_clock_sleeps():
    clock = MonotonicClock()
    before = time.monotonic()
    keeper = Ratekeeper(0.005)
    for _ in range(4):
        keeper.wait()
    clock.sleep_s(-1.0)
    assert clock.now_s() - before >= 0.02 - 1e-3
