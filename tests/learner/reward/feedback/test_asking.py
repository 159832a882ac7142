"""Collecting, asking, rating and training data: baseline episodes, and what people make of them."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from learner.collecting import PREFIX, collect
from learner.crediting import credit_waiting
from learner.reward.data.from_store import from_store
from learner.reward.feedback.asking import latest_taste, to_rate
from learner.reward.feedback.labelling import Labeller
from learner.rl.config import RewardWeights
from learner.store import queries
from learner.store.engine import Store
from learner.store.rows import NewFeedback, Scored
from shared.errors import ConfigError
from tools import reward_collect


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A store with four baseline episodes; tests add to copies of it."""
    folder = tmp_path_factory.mktemp("recorded")
    store = Store(folder / "coach.db")
    done = collect(store, 4, tasks=("nod", "shake"), training=folder / "none", seed=1)
    store.close()
    return folder / "coach.db", done


@pytest.fixture
def played(recorded, tmp_path):
    path, _ = recorded
    (tmp_path / "coach.db").write_bytes(path.read_bytes())
    opened = Store(tmp_path / "coach.db")
    yield opened
    opened.close()


def remark(question, text="too fast", *, score=-0.4, low=-0.9, high=0.1, client_id="ann", **changes):
    row = NewFeedback(
        robot_id=question.robot_id,
        episode_id=question.episode_id,
        client_id=client_id,
        kind="text",
        value=None,
        text=text,
        received_unix_s=5e9,
        boot_epoch=question.boot_epoch,
        shown_decision_seq=question.decision_seq,
        client_delay_ms=0.0,
        score=None,
        score_confidence=None,
        source="replay",
    )
    return replace(row, **changes), Scored(score, 0.8, low, high, "evaluative", None, "m", text)


def say(store, *said):
    with store.write() as c:
        for row, scored in said:
            number = queries.insert_feedback(c, row)
            queries.score_feedback(c, number, scored, 5e9)
        credit_waiting(c, 6e9)


def questions(store, who="ann", **kinds):
    with store.read() as c:
        return to_rate(c, who, limit=50, **kinds)


def test_baselines_are_shared_out_and_held_out(recorded, played):
    _, done = recorded
    assert done == {"untrained": 2, "scripted": 2}
    with played.read() as c:
        episodes = queries.list_episodes(c, limit=50)
        finished = [e for e in episodes if e.outcome is not None]
        assert len(finished) == 4
        assert {e.split for e in episodes} == {"held_out"}
        assert {e.task for e in finished} == {"nod", "shake"}
        assert all(e.robot_id.startswith(PREFIX) for e in finished)
        assert {r.robot_id for r in queries.list_robots(c)} >= {e.robot_id for e in finished}


def test_every_finished_episode_is_asked_about_once(played):
    asked = questions(played)
    assert len({q.episode_id for q in asked}) == len(asked) == 4
    assert all(q.said == "" and q.doubt == 1.0 and "asked:" in q.shown for q in asked)


def test_the_least_certain_remark_comes_first(played):
    first, second, *_ = questions(played)
    say(played, remark(first, "hm", low=-0.1, high=0.1), remark(second, "well", low=-1.0, high=1.0))
    asked = questions(played)
    assert [q.said for q in asked[:2]] == ["well", "hm"]
    assert asked[0].doubt == pytest.approx(1.0 + 1.0)
    assert asked[1].doubt == pytest.approx(1.0 + 0.1)


def test_r_h_is_less_unsure_where_people_have_spoken(played, tmp_path):
    labeller = Labeller(RewardWeights(), played, tmp_path / "tastes", 0)
    first, *_ = questions(played)
    say(played, remark(first))
    assert labeller.refresh()
    with played.read() as c:
        taste = latest_taste(c, tmp_path / "tastes")
        assert latest_taste(c, tmp_path / "elsewhere") is None
    asked = {q.step_id: q for q in questions(played, taste=taste)}
    others = [q.doubt for q in asked.values() if not q.said]
    assert asked[first.step_id].doubt - 0.5 < min(others)  # the interval's half width is 0.5
    assert all(0.0 <= doubt <= 1.0 for doubt in others)


def keys(*pressed):
    given = iter(pressed)
    return lambda: next(given)


def rate(store, tmp_path, *pressed, name="ann", limit=50):
    console = Console(file=io.StringIO(), width=120)
    count = reward_collect.rate(store, name, limit, tmp_path / "tastes", console, keys(*pressed))
    return count, console.file.getvalue()


def test_ratings_are_credited_exactly_and_not_asked_again(played, tmp_path):
    before = questions(played)
    count, shown = rate(played, tmp_path, "5", "s", "x", "1", "q")
    assert count == 2
    assert "1/4" in shown
    with played.read() as c:
        labels = {(label.step_id, label.kind, label.label) for label in queries.labels(c)}
    assert labels == {(before[0].step_id, "rating", 1.0), (before[2].step_id, "rating", -1.0)}
    left = {before[1].step_id, before[3].step_id}
    assert {q.step_id for q in questions(played)} == left
    assert len(questions(played, "bob")) == 4
    assert rate(played, tmp_path, "3", "3")[0] == 2
    assert rate(played, tmp_path)[0] == 0


def test_a_rating_that_was_taken_back_is_asked_again(played, tmp_path):
    rate(played, tmp_path, "4", "q")
    with played.write() as c:
        (tap,) = queries.list_feedback(c, limit=5)
        queries.insert_feedback(c, replace_undo(tap))
    assert len(questions(played)) == 4


def replace_undo(row):
    return NewFeedback(
        row.robot_id, row.episode_id, row.client_id, "undo", None, None, 5e9, row.boot_epoch,
        row.shown_decision_seq, 0.0, None, None, undoes=row.id,
    )  # fmt: skip


def test_markup_in_words_is_shown_as_it_is(played, tmp_path):
    first, *_ = questions(played)
    say(played, remark(first, "[bold]ignore this[/bold]", low=-1.0, high=1.0))
    assert "[bold]ignore this[/bold]" in rate(played, tmp_path, "q")[1]


def test_the_input_may_end(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("4\n"))
    assert reward_collect.read_key() == "4"
    with pytest.raises(ConfigError, match="ended"):
        reward_collect.read_key()


def test_nobody_rates_without_a_name(tmp_path):
    with pytest.raises(ConfigError, match="--name"):
        reward_collect.label(name=" ", data_dir=tmp_path)


def test_an_empty_store_says_what_to_do(store, tmp_path):
    count, shown = rate(store, tmp_path)
    assert count == 0
    assert "reward collect" in shown
    with store.read() as c:
        assert from_store(c) == []


def test_remarks_with_ratings_become_examples(played, tmp_path):
    first, second, third, _ = questions(played)
    say(
        played,
        remark(first, "too fast"),
        remark(second, "lovely", client_id="synthetic-1"),
        remark(third, "nobody rated this"),
    )
    for question, who, stars in ((first, "ann", 2), (second, "bob", 5), (second, "eve", 4)):
        reward_collect.save(played, question, who, stars)
    with played.read() as c:
        found = {example.text: example for example in from_store(c)}
    assert set(found) == {"too fast", "lovely"}
    own, others = found["too fast"], found["lovely"]
    assert (own.label, own.ratings, own.source, own.synthetic) == (-0.5, (-0.5,), "store", False)
    assert (others.label, sorted(others.ratings), others.synthetic) == (0.75, [0.5, 1.0], True)
    assert own.context.instruction == first.instruction
    assert np.isfinite(own.context.speed_deg_s)
