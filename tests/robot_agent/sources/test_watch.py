import pytest

from robot_agent.sources.watch import MAX_WATCHERS, SILENCE_S, Watchers


@pytest.fixture
def rung():
    return []


@pytest.fixture
def watchers(tmp_path, rung):
    return Watchers(tmp_path / "watched", lambda: rung.append(1))


def test_who_says_farewell_is_not_missed(watchers, rung, tmp_path):
    watchers.beat("anna", 0.0)
    assert (tmp_path / "watched").exists()
    watchers.leave("anna")
    watchers.look(100.0)
    assert rung == []
    assert not (tmp_path / "watched").exists()


def test_who_falls_silent_is_missed_once(watchers, rung):
    watchers.beat("anna", 0.0)
    watchers.beat("ben", 0.0)
    watchers.beat("ben", SILENCE_S)
    watchers.look(SILENCE_S)
    assert rung == []
    watchers.look(SILENCE_S + 0.1)
    watchers.look(SILENCE_S + 0.2)
    assert rung == [1]
    assert len(watchers) == 1


def test_the_loss_of_one_of_two_stops(watchers, rung):
    watchers.beat("anna", 0.0)
    watchers.beat("ben", 0.0)
    watchers.leave("anna")
    watchers.lose("ben")
    watchers.lose("ben")
    assert rung == [1]


def test_a_process_that_was_killed_has_lost_those_who_watched(watchers, rung, tmp_path):
    watchers.beat("anna", 0.0)
    again = Watchers(tmp_path / "watched", lambda: rung.append(1))
    assert rung == [1]
    assert len(again) == 0
    Watchers(tmp_path / "watched", lambda: rung.append(1))
    assert rung == [1]


def test_strangers_are_nobody(watchers, rung):
    watchers.leave("nobody")
    watchers.lose("nobody")
    watchers.look(1e9)
    assert rung == []


def test_there_is_an_end_to_how_many_watch(watchers, rung):
    assert all(watchers.beat(f"w{i}", 0.0) for i in range(MAX_WATCHERS))
    assert not watchers.beat("one more", 0.0)
    assert watchers.beat("w0", 1.0)
    watchers.leave("w0")
    assert watchers.beat("one more", 2.0)
    assert rung == []
