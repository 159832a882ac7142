"""The synthetic corpus: the same every time, complete, marked, apart; its ratings make its labels."""

import json
from collections import Counter, defaultdict

import pytest

from learner.reward.data.corpus.generate import SMALLEST, generate
from learner.reward.data.corpus.languages import ENGLISH, FOREIGN, read_language
from learner.reward.data.corpus.styles import TEST, TRAIN, VALIDATION
from learner.reward.data.corpus.tasks import TASK_NAMES
from learner.reward.data.example import SPLITS, read, write
from learner.reward.data.split import check_leaks, normalised
from learner.reward.model import KINDS
from shared.errors import ConfigError
from shared.tools import TOOL_INDEX
from sim.tasks import TASKS

SIZE = 2000


@pytest.fixture(scope="module")
def corpus():
    return generate(SIZE, seed=4)


@pytest.fixture(scope="module")
def english(corpus):
    return [e for e in corpus if e.language == "en"]


def test_same_seed_same_bytes_another_seed_others(tmp_path, corpus):
    for name, seed in (("a", 4), ("b", 5)):
        write(tmp_path / name, generate(SMALLEST, seed))
    write(tmp_path / "c", generate(SMALLEST, 4))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "c").read_bytes()
    assert (tmp_path / "a").read_bytes() != (tmp_path / "b").read_bytes()


def test_every_line_reads_back(tmp_path, corpus):
    assert write(tmp_path / "robot.jsonl", corpus) == len(corpus)
    assert list(read(tmp_path / "robot.jsonl")) == corpus


def test_sizes_are_80_10_10(english):
    assert Counter(e.split for e in english) == {"train": 1600, "validation": 200, "test": 200}


def test_everything_is_marked_synthetic(corpus):
    assert all(e.synthetic and e.source == "robot" for e in corpus)


def test_every_tool_task_and_kind_occurs(corpus):
    train = [e for e in corpus if e.split == "train"]
    assert {e.context.tool for e in train if e.context} == set(TOOL_INDEX)
    assert {e.task for e in train} - {""} == set(TASK_NAMES)
    assert set(TASKS) < set(TASK_NAMES)
    for split in SPLITS:
        assert {e.kind for e in corpus if e.split == split} == set(KINDS)


def test_splits_share_no_style_and_no_family_and_no_text(corpus):
    check_leaks(corpus)
    styles = {split: {e.style for e in corpus if e.split == split and e.language == "en"} for split in SPLITS}
    assert styles["test"] == set(TEST)
    assert styles["validation"] == set(VALIDATION)
    assert not styles["test"] & (styles["train"] | styles["validation"])
    manners = {"hedged", "negated", "mixed", "mocking", "deadpan", "baited"}
    assert styles["train"] == set(TRAIN) | manners


def test_markup_is_put_around_what_was_said_never_spoken(corpus):
    baited = [e for e in corpus if "bait/" in e.family]
    assert len(baited) > 10
    assert not [e.text for e in corpus if "ltp" in e.text or "divdiv" in e.text]


def test_ratings_make_the_label(corpus):
    for e in corpus:
        if e.kind == "evaluative":
            assert len(e.ratings) in (3, 5)
            assert e.label == pytest.approx(sum(e.ratings) / len(e.ratings))
        else:
            assert (e.label, e.ratings) == (0.0, ())


def test_raters_differ_more_where_it_is_unclear(corpus):
    spread = defaultdict(list)
    for e in corpus:
        if e.ratings:
            spread[len(e.ratings)].append(max(e.ratings) - min(e.ratings))
    assert len(spread[5]) > 50
    assert sum(spread[5]) / len(spread[5]) > 1.5 * sum(spread[3]) / len(spread[3])


def test_the_same_words_are_worth_something_else_elsewhere(english):
    words = defaultdict(list)
    for e in english:
        words[normalised(e.text)].append(e)
    pairs = [found for found in words.values() if len({e.context for e in found}) > 1]
    apart = [p for p in pairs if max(e.label for e in p) - min(e.label for e in p) >= 0.4]
    assert len(apart) >= 20
    assert any(len({e.kind for e in p}) > 1 for p in pairs)


def test_no_words_occur_too_often(english):
    for split in SPLITS:
        counts = Counter(normalised(e.text) for e in english if e.split == split)
        assert max(counts.values()) <= 5


def test_mockery_is_blame_whatever_it_says(english):
    mocked = [e.label for e in english if e.family.startswith("mocking/")]
    assert len(mocked) > 20
    assert max(mocked) < 0.0


def test_degree_shows_in_the_labels():
    found = defaultdict(list)
    for e in generate(4000, seed=1):
        if e.family.startswith(("fast/", "slow/", "big/", "small/")) and e.style in (
            "plain",
            "typos",
            "emoji",
        ):
            text = e.text.lower()
            strong = any(word in text for word in ("way too", "far too", "much too", "ridiculously"))
            slight = any(
                word in text for word in ("a bit too", "slightly too", "a little too", "a touch too")
            )
            found["strong" if strong else "slight" if slight else "other"].append(e.label)
    mean = {key: sum(values) / len(values) for key, values in found.items()}
    assert mean["strong"] < mean["slight"] - 0.2


def test_nobody_is_talked_into_a_reward(corpus):
    words = ("ignore", "script", "system:", "1.0")
    attacks = [e for e in corpus if any(word in e.text.lower() for word in words)]
    alone = [e for e in attacks if e.family.startswith("description/")]
    around = [e for e in attacks if "bait/" in e.family]
    assert len(alone) >= 3
    assert {(e.kind, e.label) for e in alone} == {("description", 0.0)}
    blame = [e for e in around if e.family.startswith(("poor", "awful", "wrong", "no/", "scare", "worse"))]
    assert blame
    assert max(e.label for e in blame) < -0.2


@pytest.mark.parametrize("code", ["es", "fr", "de"])
def test_other_languages_are_held_out_whole(corpus, code):
    found = [e for e in corpus if e.language == code]
    assert len(found) >= 60
    assert {e.split for e in found} == {"test"}
    assert {e.kind for e in found} == set(KINDS)
    assert min(e.label for e in found) < -0.5
    assert max(e.label for e in found) > 0.5


def test_slots_are_all_filled(corpus):
    assert not [e.text for e in corpus if "{" in e.text or "  " in e.text or not e.text.strip()]


def test_every_opinion_is_known_to_the_rules():
    from learner.reward.data.corpus.rules import DEGREE, VERDICTS, WORTH

    for language in (*ENGLISH.values(), *FOREIGN.values()):
        assert set(language.opinions) <= set(WORTH)
        assert set(language.deadpan) <= set(WORTH)
        assert set(language.adjectives) in (set(), set(VERDICTS))
        assert all(set(by) == set(DEGREE) for by in language.degrees.values())
        assert {says for _, says in language.negations} <= set(VERDICTS)
    assert set(ENGLISH["train"].opinions) == set(WORTH)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense = ['a']", "nonsense"),
        ("commands = [1]", "commands"),
        ("commands = [", "alid"),
        ("[opinions]\nfast = [['x', 2]]", "opinions.fast"),
    ],
)
def test_a_file_of_words_that_is_none_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        read_language(text, "en")


@pytest.mark.parametrize("size", [-1, 0, SMALLEST - 1])
def test_too_small_a_corpus_is_refused(size):
    with pytest.raises(ConfigError, match=str(size)):
        generate(size)


def test_more_than_the_grammar_has_to_say_is_refused(monkeypatch):
    from learner.reward.data.corpus import generate as module

    monkeypatch.setattr(module, "REPEATS", dict.fromkeys(SPLITS, 0))
    with pytest.raises(ConfigError, match="smaller"):
        generate(SMALLEST)


def test_progress_ends_at_the_end():
    seen = []
    generate(SMALLEST, 0, lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (SMALLEST, SMALLEST)


def test_a_line_is_plain_json(tmp_path, corpus):
    write(tmp_path / "x.jsonl", corpus[:1])
    line = json.loads((tmp_path / "x.jsonl").read_text())
    assert line["synthetic"] is True
    assert line["source"] == "robot"
