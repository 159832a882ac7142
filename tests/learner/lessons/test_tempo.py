"""Lessons in tempo: words are read, believed as far as they deserve, and bring the error down."""

import re

import numpy as np
import pytest

from learner.lessons import tempo
from learner.lessons.belief import Belief
from learner.lessons.hearing import Heard, Listener
from learner.lessons.pace import PaceReader, taught
from learner.lessons.rater import Manner, TempoRater
from learner.lessons.stage import Stage, gesture_params, raw_for, shown_hz
from learner.lessons.tempo import Plan, Run, halved_at, lessons, run_one, summary
from learner.lessons.wordings import BOOK, DIRECTION, HELD_OUT, examples
from learner.reward.model import Context, Judgement
from shared.errors import ConfigError
from shared.tools import TOOL_INDEX
from sim.tasks import ALL_TASKS
from sim.tasks.judge import Judge
from sim.tasks.tempo import FAST_HZ, SLOW_HZ
from sim.vector import VectorEnv

CONTEXT = Context("nod", "nod")
MILD = Manner(noise=0.0, corpus=0.0, styled=0.0, beside=0.0, slips=0.0)


class Words:
    """A reader and a reward model that know the wordings of the book by a few of their words."""

    version = "words"

    def read(self, texts):
        return np.array([self._direction(text) for text in texts])

    def judge(self, remarks):
        found = []
        for remark in remarks:
            worth = 0.7
            if self._direction(remark.text):
                worth = -0.6 if re.search(r"way|far|much|lot|speed$", remark.text) else -0.3
                worth = -0.1 if re.search(r"bit|little|slight|smidge|notch", remark.text) else worth
            found.append(Judgement(worth, -1.0, 1.0, 0.5, "evaluative", False, self.version, remark.text))
        return found

    @staticmethod
    def _direction(text):
        for sort, texts in (*BOOK.items(), *HELD_OUT.items()):
            if text in texts:
                return DIRECTION[sort[0]]
        return 0.0


@pytest.fixture(scope="module")
def listener():
    return Listener(Words(), Words(), CONTEXT)


def all_texts(book):
    return [text for texts in book.values() for text in texts]


def test_no_wording_is_in_two_books():
    grammar = {text for text, _ in examples()}
    assert len(grammar) == len(examples())
    assert not grammar & set(all_texts(HELD_OUT))
    assert not set(all_texts(BOOK)) & set(all_texts(HELD_OUT))


def test_the_reader_finds_directions_in_words_it_never_saw():
    from learner.text import TextEncoder

    reader = taught(TextEncoder())
    for book, least in ((BOOK, 0.85), (HELD_OUT, 0.65)):
        texts = [(text, DIRECTION[wish]) for (wish, _), found in book.items() for text in found]
        read, told = reader.read([text for text, _ in texts]), np.array([way for _, way in texts])
        right = np.sign(read) == told
        assert right[told != 0].mean() >= least
        assert np.abs(read[told == 0]).mean() < 0.5 * np.abs(read[told != 0]).mean()
    assert reader.read([]).shape == (0,)


def test_a_reader_needs_a_direction_for_every_text():
    with pytest.raises(ValueError, match="2 texts and 1 directions"):
        PaceReader(None, ["a", "b"], [0.0])
    with pytest.raises(ValueError, match="0 texts"):
        PaceReader(None, [], [])


@pytest.mark.parametrize(("heard", "sign"), [(Heard(-1.0, -0.3), -1), (Heard(1.0, -0.3), 1)])
def test_a_remark_moves_the_belief_its_way(listener, heard, sign):
    belief = Belief()
    belief.update(listener, heard, 1.6)
    assert sign * np.log(belief.wish_hz / 1.6) > 0.05
    assert belief.probability.sum() == pytest.approx(1.0)


def test_strong_words_move_it_further_and_praise_keeps_it(listener):
    moved = {}
    for degree, words in (("slight", "a bit too fast"), ("strong", "far too quick"), ("keep", "good one")):
        belief = Belief()
        reward = Words().judge([type("R", (), {"text": words})()])[0].reward
        belief.update(listener, Heard(Words._direction(words), reward), 1.65)
        moved[degree] = np.log(belief.wish_hz / 1.65)
    assert moved["strong"] < moved["slight"] - 0.03 < 0
    assert abs(moved["keep"]) < 0.02


def test_one_slip_does_not_undo_what_many_said(listener):
    belief = Belief()
    for _ in range(4):
        belief.update(listener, Heard(0.0, 0.7), 1.5)
    before = belief.wish_hz
    belief.update(listener, Heard(1.0, -0.6), 1.5)
    assert belief.wish_hz == pytest.approx(before, rel=0.03)


def test_words_without_a_reward_count_for_their_direction(listener):
    belief = Belief()
    belief.update(listener, Heard(-1.0, None), 1.6)
    assert belief.wish_hz < 1.55


@pytest.mark.parametrize("hz", [0.0, -1.0, float("nan")])
def test_a_belief_is_about_a_tempo_that_was_shown(listener, hz):
    with pytest.raises(ValueError, match="nothing was shown"):
        Belief().update(listener, Heard(0.0, 0.0), hz)


def test_a_rater_says_what_it_thinks():
    rater = TempoRater(1.6, np.random.default_rng(0), MILD)
    assert rater.opinion(1.6)[0] == "keep"
    assert rater.opinion(1.9)[0] == "slower"
    assert rater.opinion(1.3)[0] == "faster"
    assert rater.say(1.95) in [*HELD_OUT["slower", "plain"], *HELD_OUT["slower", "strong"]]
    assert rater.say(0.0) == "that was not it"
    assert [rater.tap(hz) for hz in (1.6, 2.0, 0.0)] == [1.0, -1.0, -1.0]


def test_slips_and_talk_happen_as_often_as_they_should():
    rater = TempoRater(1.4, np.random.default_rng(1), Manner(corpus=0.0, styled=0.0, beside=0.1, slips=0.2))
    said = [rater.say(1.9) for _ in range(400)]
    slower, faster = (
        [text for (wish, _), texts in HELD_OUT.items() if wish == way for text in texts]
        for way in ("slower", "faster")
    )
    assert np.mean([text in faster for text in said]) == pytest.approx(0.2, abs=0.06)
    assert np.mean([text in slower for text in said]) == pytest.approx(0.7, abs=0.07)


def test_a_rater_needs_a_wish():
    with pytest.raises(ValueError, match="positive"):
        TempoRater(0.0, np.random.default_rng(0))


@pytest.mark.parametrize("hz", [SLOW_HZ, FAST_HZ])
def test_the_tempo_is_the_tasks_own(hz):
    env = VectorEnv(["tempo"], 4, seed=3, threads=1, autoreset=False)
    env.reset()
    wanted = [ALL_TASKS["tempo"].reading(spec.instruction)[0] for spec in env.specs]
    step = env.step(
        np.array([TOOL_INDEX[name] for name in wanted]),
        np.stack([gesture_params(raw_for(n, hz)) for n in wanted]),
    )
    found = shown_hz(step.joints, step.head, step.n_ticks, wanted)
    assert found == pytest.approx(hz, rel=0.06)
    for i, spec in enumerate(env.specs):
        goal = ALL_TASKS["tempo"].goals(spec)[0].tempo_hz
        verdict = Judge(spec).step(step.joints[i, : step.n_ticks[i]], step.head[i, : step.n_ticks[i]])
        assert verdict.info["measure"] == pytest.approx(abs(found[i] - goal) / goal)
    env.close()


def test_another_gesture_shows_no_tempo():
    stage = Stage(2, 0)
    done = stage.play(np.array([TOOL_INDEX["shake"], TOOL_INDEX["wait"]]), np.full((2, 4), 0.5, np.float32))
    assert stage.gestures == ["nod", "shake"]
    assert done.shown_hz.tolist() == [0.0, 0.0]
    stage.close()


def test_lessons_begin_off_the_wish_and_repeat():
    plan = Plan(lessons=30)
    given = lessons(plan, 4)
    assert given == lessons(plan, 4) != lessons(plan, 5)
    assert all(
        abs(tempo._about_hz(one.start) - one.wish_hz) / one.wish_hz >= tempo.LEAST_OFF for one in given
    )


def test_who_listens_halves_the_error_and_who_does_not_keeps_it(listener):
    plan = Plan(lessons=8, attempts=5, manner=MILD)
    runs = [run_one(arm, 0, plan, listener) for arm in ("words", "ignore")]
    found = summary(runs)
    assert found["words"]["error"][-1] < 0.5 * found["words"]["error"][0]
    assert found["words"]["afterwards"] < 0.5 * found["words"]["error"][0]
    assert found["ignore"]["error"][-1] == pytest.approx(found["ignore"]["error"][0], abs=0.03)
    assert found["words"]["error"][0] == found["ignore"]["error"][0]


@pytest.mark.parametrize("arm", ["reward", "taps", "random"])
def test_the_other_pupils_try_something_else(listener, arm):
    run = run_one(arm, 1, Plan(lessons=2, attempts=3), listener)
    assert np.shape(run.error) == (2, 3)
    assert run.error[0][0] != run.error[0][1]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_network_carries_what_it_was_told(listener):
    found = summary([run_one("network", 0, Plan(lessons=6, attempts=5), listener)])["network"]
    assert found["error_where_made"][-1] < 0.5 * found["error_where_made"][0]


def test_no_such_pupil(listener):
    with pytest.raises(ConfigError, match="arm 'luck': give one of words"):
        run_one("luck", 0, Plan(lessons=1, attempts=2), listener)


def test_the_summary_counts():
    error = [[0.2, 0.1, 0.04], [0.4, 0.4, 0.1]]
    found = summary([Run("words", 0, error, [0.1, 0.2], [], 1.0)])["words"]
    assert found["error"] == pytest.approx([0.3, 0.25, 0.07])
    assert found["halved_at_last"] == 1.0
    assert found["attempts_until_halved_median"] == 2.5
    assert found["mean_halved_at"] == 3
    assert found["afterwards"] == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("mean", "at"), [([4, 2, 1], 2), ([4, 1, 3, 1], 4), ([4, 4, 3], None), ([4, 1, 3], None)]
)
def test_halved_and_stays_so(mean, at):
    assert halved_at(np.array(mean, float)) == at
