"""The whole evaluation over small data: what the document and the page must contain."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest

from learner.reward.data import build as data
from learner.reward.data.example import write
from learner.reward.evaluate import evaluation
from learner.reward.evaluate.evaluation import Plan, evaluate, sample
from learner.reward.evaluate.page import render
from learner.reward.evaluate.targets import TARGETS
from shared.errors import ConfigError
from shared.spaces import TEXT_DIM
from tests.learner.reward.evaluate.made_up import human, robot


class Encoder:
    """In place of MiniLM: whether a text says something good."""

    def encode(self, texts, batch_size=32):
        found = np.zeros((len(texts), TEXT_DIM), np.float32)
        found[:, 0] = [any(w in t for w in ("good", "great", "lovely", "nice")) for t in texts]
        return found


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    splits = [("train", 24), ("validation", 8), ("test", 16)]
    public = [
        human(i, split, source)
        for split, count in splits
        for source in ("tweets", "amazon", "movies", "nyt")
        for i in range(count)
    ]
    others = [robot(40, kind="command", text="turn left"), robot(41, kind="stop", text="stop")]
    spanish = [robot(i, language="es", text=f"muy bien {i}") for i in range(50, 54)]
    twins = [robot(60, text="that way"), robot(61, text="that way")]
    write(data.path_of(home, "public"), public)
    robots = [robot(i, split) for split, count in splits for i in range(count)]
    write(data.path_of(home, "robot"), [*robots, *others, *spanish, *twins])
    return home


@pytest.fixture(scope="module")
def found(home):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "TextEncoder", Encoder)
        return evaluate(home, Plan(("lexicon", "buttons"), singles=5, seconds=0.05), {"cpu": "a <cpu>"})


def test_the_document_is_plain_json(found):
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_nothing_mixes_people_with_synthetic(found):
    for part in [*(m["pools"] for m in found["models"].values()), *found["baselines"].values()]:
        for name, pool in part.items():
            assert pool["rated"] == ("synthetic" if name.startswith("robot") else "human-rated")
            sources = set(pool["by"]["source"])
            assert sources <= {"robot"} if pool["rated"] == "synthetic" else "robot" not in sources


def test_all_baselines_arms_and_costs_are_there(found):
    assert set(found["baselines"]) == {
        "random", "constant", "length only", "lexicon", "frozen encoder + ridge", "buttons only", "one human",
    }  # fmt: skip
    for part in found["baselines"].values():
        assert {"human", "robot"} <= set(part)
    lexicon = found["models"]["lexicon"]
    assert set(lexicon["arms"]["human"]) == {"rated", "n", "words", "words+rating", "rating"}
    assert {"p50", "p95", "p99"} == set(lexicon["cost"]["single_ms"])
    assert lexicon["cost"]["batch_per_s"] > 0
    assert lexicon["cost"]["rss_growth_mb"] > 0
    assert [row["name"] for row in found["targets"]] == [t.name for t in TARGETS]
    assert found["made"]["data"]["robot"]["synthetic"] == found["made"]["data"]["robot"]["examples"]


def test_figures_are_those_of_the_data(found):
    """By hand: the lexicon reads every English word of these data but not "wrong way"'s second half."""
    ridge = found["baselines"]["frozen encoder + ridge"]["human"]["figures"]
    assert ridge["pearson"]["value"] > 0.95
    constant = found["baselines"]["constant"]["human"]["figures"]
    assert constant["pearson"]["value"] == 0.0
    assert constant["mse"]["value"] == pytest.approx(0.36)
    # the held-out rater is at most .25 off the mean of the three, so at most .375 off that of the others
    assert found["baselines"]["one human"]["human"]["figures"]["mse"]["value"] <= 0.375**2
    assert found["models"]["buttons"]["pools"]["human"]["abstained"]["value"] == 1.0


def test_rating_only_is_the_same_for_every_model(found):
    lexicon, buttons = (found["models"][name]["arms"]["human"] for name in ("lexicon", "buttons"))
    assert lexicon["rating"] == buttons["rating"] == buttons["words+rating"]
    assert buttons["words"]["pearson"]["value"] == 0.0
    pressed = found["baselines"]["buttons only"]["human"]["figures"]
    assert pressed["pearson"] == buttons["rating"]["pearson"]


def test_a_model_that_reads_no_context_gains_nothing_from_it(found):
    context = found["models"]["lexicon"]["context"]
    assert context["gain_in_r"]["value"] == 0.0
    assert context["pairs"]["n"] == 1
    assert context["pairs"]["in_order"]["given"]["value"] == 0.5


def test_kinds(found):
    kinds = found["models"]["lexicon"]["kinds"]
    assert sum(map(sum, kinds["confusion"])) == kinds["n"] == 20  # Spanish is not among them
    command, stop = (kinds["names"].index(k) for k in ("command", "stop"))
    assert kinds["confusion"][command][command] == 1
    assert kinds["confusion"][stop][stop] == 1
    assert kinds["abstained_on_others"]["value"] == 1.0


class Checker(HTMLParser):
    """Tags that close what they open, ids, and addresses of elsewhere."""

    VOID = frozenset({"meta", "br", "link", "img", "hr", "input"})

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.used, self.words, self.outside = [], [], [], [], []

    def handle_starttag(self, tag, attributes):
        if tag not in self.VOID:
            self.open.append(tag)
        self._look(tag, attributes)

    def handle_startendtag(self, tag, attributes):
        self._look(tag, attributes)

    def _look(self, tag, attributes):
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            if name in ("href", "xlink:href") and value.startswith("#"):
                self.used.append(value[1:])
            if tag == "script" or (not name.startswith("xmlns") and value and "//" in value):
                self.outside.append((tag, name, value))

    def handle_endtag(self, tag):
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.words.append(text)


def test_the_page(found):
    page = render(found)
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert checker.open == []
    assert checker.outside == []
    assert len(checker.ids) == len(set(checker.ids))
    assert set(checker.used) <= set(checker.ids)
    words = " ".join(checker.words)
    for target in TARGETS:
        assert target.what in words
    for name in [
        *found["baselines"],
        "words and a rating",
        "Spearman",
        "missed by",
        "human-rated",
        "synthetic",
    ]:
        assert name in words
    assert "a <cpu>" in words, "what comes from outside is escaped"
    assert "prefers-color-scheme: dark" in page
    assert page.count("<svg") == 2 + 5 + 5
    assert "@import" not in page
    assert "url(http" not in page


def test_a_limited_run_says_so(found):
    limited = {**found, "made": {**found["made"], "limit": 40}}
    assert "not figures to quote" in render(limited)
    assert "not figures to quote" not in render(found)


def test_missing_data_says_what_to_run(tmp_path):
    with pytest.raises(ConfigError, match="reward data build"):
        evaluate(tmp_path, Plan(("lexicon",)), {})


def test_an_unknown_model_is_named(home):
    with pytest.raises(ConfigError, match="'nonsense'"):
        evaluate(home, Plan(("nonsense",)), {})


def test_damaged_data_name_file_and_line(home, tmp_path):
    for name in ("public", "robot"):
        path = data.path_of(tmp_path, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"text": "x"}\n')
    with pytest.raises((ConfigError, ValueError), match=r"public\.jsonl.*1"):
        evaluate(tmp_path, Plan(("lexicon",)), {})


def test_the_sample_is_even_and_the_same_again():
    examples = [human(i, source=s) for s in ("tweets", "nyt") for i in range(30)] + [
        robot(i) for i in range(5)
    ]
    some = sample(examples, 10)
    assert [sum(e.source == s for e in some) for s in ("tweets", "nyt", "robot")] == [10, 10, 5]
    assert some == sample(examples, 10)
    assert sample(examples, None) == examples
