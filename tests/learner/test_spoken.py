"""Simulated people who only speak: what they see, when they react, and that their words reach the reward."""

import numpy as np
import pytest

from learner.reward.backends import open_model
from learner.reward.feedback.credit import FASTEST_S, SLOWEST_S
from learner.reward.model import Context, Remark
from learner.rl.config import RewardWeights
from learner.spoken.experiment import ARMS, Plan, Run, interval, run_one, summary
from learner.spoken.rater import SpokenRater, Talk, scene_of
from learner.store import queries
from learner.store.engine import Store
from shared.errors import ConfigError
from sim.raters import SYNTHETIC
from sim.tasks import task_named
from sim.tasks.base import named_object

ALWAYS = Talk(of_ends=1.0, of_others=1.0, beside=0.0, mixed=0.0)


def spec(task="nod", seed=0):
    return task_named(task).reset(np.random.default_rng(seed))


def said(context, given, talk=ALWAYS, count=200):
    rater = SpokenRater(np.random.default_rng(0), talk)
    return [rater.say(context, given) for _ in range(count)]


def test_praise_for_what_went_right_and_blame_for_what_went_wrong():
    model = open_model("lexicon")
    means = {}
    for outcome in ("success", "failure"):
        context = Context("nod", "nod", range_deg=15.0, speed_deg_s=80.0, duration_s=1.2, outcome=outcome)
        judged = model.judge([Remark(text, None, context) for text in said(context, spec())])
        means[outcome] = np.mean([j.reward for j in judged if not j.abstained])
    # A lexicon misses much of the blame; the words differ clearly all the same.
    assert means["success"] > means["failure"] + 0.1


def test_a_look_is_right_when_the_named_object_is_in_view():
    given = spec("look")
    wanted = given.objects[named_object(given)].name
    other = next(thing.name for thing in given.objects if thing.name != wanted)
    for seen, right in ((wanted, True), (other, False), ("", False)):
        scene = scene_of(Context(given.instruction, "look", gaze_after=seen), given)
        assert (scene.right, scene.wanted, scene.seen) == (right, wanted, seen)


def test_the_name_of_the_tool_tells_a_rater_nothing():
    given = spec("nod")
    scenes = [
        scene_of(Context(given.instruction, tool, outcome="failure"), given) for tool in ("nod", "shake")
    ]
    assert [scene.right for scene in scenes] == [False, False]


def test_somebody_silent_says_nothing():
    context = Context("nod", "nod", outcome="success")
    assert set(said(context, spec(), Talk(of_ends=0.0))) == {None}
    spoken = [text for text in said(context, spec(), Talk(of_ends=0.5)) if text is not None]
    assert 60 < len(spoken) < 140


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """One update of each task with the lexicon."""
    folder = tmp_path_factory.mktemp("spoken")
    plan = Plan(
        tasks=("nod", "shake"), episodes=12, demonstrations=0, eval_every=1, eval_episodes=2, test_episodes=4
    )
    return run_one("words", 0, plan, open_model("lexicon"), folder), folder


def test_words_reach_r_h_and_nothing_else_does(short):
    run, folder = short
    assert run.remarks > 0
    assert 0 < run.scored <= run.remarks
    assert run.taste_versions > 0
    assert sum(run.episodes.values()) >= 12
    assert run.points[0].episodes == 0
    store = Store(folder / "coach.db")
    with store.read() as c:
        rows = queries.list_feedback(c, limit=1000)
        assert {row.kind for row in rows} == {"text"}
        assert all(row.client_id.startswith(SYNTHETIC) for row in rows)
        assert len(rows) == run.remarks
        labels = queries.labels(c)
        assert labels
        rewarded = [r for label in labels if (r := queries.get_step_reward(c, label.step_id)) is not None]
        assert rewarded
        assert all(reward.r_task == 0.0 for reward in rewarded)
    store.close()


def test_reactions_come_after_a_human_delay(short):
    _, folder = short
    store = Store(folder / "coach.db")
    with store.read() as c:
        for row in queries.list_feedback(c, limit=1000):
            before = queries.steps_before(c, row.robot_id, row.boot_epoch, row.shown_decision_seq, count=5)
            causes = [(s.time_unix_s, s.time_unix_s + s.n_ticks * 0.02) for s in before if s.n_ticks]
            latest = max(
                end for _, end in causes if end <= row.received_unix_s + 1e-9 or end == causes[-1][1]
            )
            assert row.received_unix_s >= causes[0][0] + FASTEST_S
            assert row.received_unix_s <= latest + SLOWEST_S + 1e-6
    store.close()


def test_the_arms_differ_in_their_weights_alone():
    assert (ARMS["words"].task, ARMS["task"].human) == (0.0, 0.0)
    assert ARMS["both"] == RewardWeights()


def test_an_unknown_arm_is_named(tmp_path):
    with pytest.raises(ConfigError, match="'wrods'"):
        run_one("wrods", 0, Plan(), open_model("lexicon"), tmp_path)


def test_intervals_by_hand():
    # Mean 0.5, standard deviation 0.1, three seeds: 4.303 * 0.1 / sqrt(3) = 0.2484.
    found = interval([0.4, 0.5, 0.6])
    assert (found["mean"], found["low"], found["high"]) == pytest.approx((0.5, 0.2516, 0.7484), abs=1e-4)
    assert interval([1.0, 1.0]) == {"mean": 1.0, "low": 1.0, "high": 1.0}
    assert interval([0.3]) == {"mean": 0.3, "low": None, "high": None}


def test_summary_is_by_arm_and_task():
    runs = [Run("words", seed, {"nod": 0.0}, {"nod": after}) for seed, after in enumerate((0.8, 1.0))]
    assert summary(runs)["words"]["nod"]["after"]["mean"] == pytest.approx(0.9)
    assert summary(runs)["words"]["nod"]["seeds"] == 2
