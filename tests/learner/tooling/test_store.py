"""Versions of made tools on disk: history, differences, the way back, and what a damaged file does."""

import json
import os

import pytest

from learner.tooling.changing import changed
from learner.tooling.composing import compose
from learner.tooling.faults import healthy
from learner.tooling.store import ToolStore, worse
from learner.tooling.validation import Report, validate
from learner.tooling.words import Change
from shared.errors import ProgramError, StoreError
from shared.made_tools import FIGURES
from shared.programs import to_data
from shared.signing import KEY_BYTES, SigningKey

PASSED = Report(True, "", {**dict.fromkeys(FIGURES, 1.0), "violations": 0.0})
FAILED = Report(False, "too fast", {})


@pytest.fixture
def key():
    return SigningKey(os.urandom(KEY_BYTES))


@pytest.fixture
def store(tmp_path, key):
    return ToolStore(tmp_path / "tools", key)


@pytest.fixture
def nods(store):
    """A store with two versions of `nod` that passed, the second slower."""
    program = healthy("nod twice")
    store.add(program, "nod twice", PASSED)
    store.add(changed(program, Change(tempo=1.5)), "slower", PASSED, parent=1)
    return store


def test_versions_are_kept_with_their_words_and_figures(nods):
    one, two = nods.versions("nod")
    assert (one.number, one.request, one.current) == (1, "nod twice", False)
    assert (two.number, two.parent, two.current) == (2, 1, True)
    assert two.report == PASSED
    assert nods.names() == ["nod"]
    assert nods.newest() == two == nods.current("nod")


def test_a_difference_shows_only_what_changed(nods):
    lines = [
        line
        for line in nods.diff("nod", 1, 2).splitlines()
        if line[0] in "+-" and line[1:3] not in ("++", "--")
    ]
    assert len(lines) == 2
    assert nods.diff("nod", 1, 1) == ""


def test_a_version_that_failed_is_kept_but_never_counts(nods):
    failed = nods.add(healthy("nod twice"), "faster", FAILED, parent=2)
    assert failed.tool is None
    assert nods.current("nod").number == 2
    with pytest.raises(StoreError, match="did not pass"):
        nods.rollback("nod", 3)
    with pytest.raises(ProgramError, match="did not pass"):
        nods.validated("nod", 3)
    assert len(nods.library()) == 2


def test_going_back_and_no_further_than_there_is(nods):
    assert nods.rollback("nod").number == 1
    assert nods.current("nod").number == 1
    with pytest.raises(StoreError, match="no older version"):
        nods.rollback("nod")
    assert nods.rollback("nod", 2).current


def test_a_version_that_people_find_clearly_worse_is_rolled_back(nods):
    for _ in range(8):
        assert nods.note("nod", 1, good=True) is None
    back = [nods.note("nod", 2, good=False) for _ in range(8)]
    gone = next(version for version in back if version is not None)
    assert gone.number == 1
    assert nods.current("nod").number == 1
    assert nods.version("nod", 1).good == 8
    assert worse(nods.version("nod", 2), nods.version("nod", 1))
    assert not worse(nods.version("nod", 1), nods.version("nod", 2))


def test_one_bad_word_is_not_enough(nods):
    nods.note("nod", 1, good=True)
    assert nods.note("nod", 2, good=False) is None
    assert nods.current("nod").number == 2


def test_a_stored_tool_may_be_played_outside_only_by_who_trusts_its_key(nods, tmp_path):
    assert nods.validated("nod").program == nods.current("nod").program
    stranger = ToolStore(tmp_path / "tools", trusted=[os.urandom(KEY_BYTES)])
    with pytest.raises(ProgramError, match="no trusted key"):
        stranger.validated("nod")


def test_a_program_swapped_beside_its_signed_tool_is_found_out(nods, tmp_path):
    path = tmp_path / "tools" / "nod" / "0002.json"
    body = json.loads(path.read_text())
    body["program"]["steps"][0]["cycles"] = 3.0
    path.write_text(json.dumps(body))
    with pytest.raises(ProgramError, match="another one"):
        nods.validated("nod")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read"),
        ("[]", "is damaged"),
        ('{"parent": 0}', "is damaged"),
        (
            json.dumps(
                {"parent": 0, "request": "", "made_unix_s": 0, "program": {}, "report": {}, "tool": None}
            ),
            "damaged",
        ),
        (
            json.dumps(
                {
                    "parent": "x",
                    "request": "",
                    "made_unix_s": 0,
                    "program": {},
                    "report": {"passed": True, "reason": "", "figures": {}},
                    "tool": 7,
                }
            ),
            "damaged",
        ),
        (" " * 2_000_000, "too large"),
    ],
)
def test_damaged_versions_say_so(nods, tmp_path, text, words):
    (tmp_path / "tools" / "nod" / "0002.json").write_text(text)
    with pytest.raises(StoreError, match=words):
        nods.versions("nod")


@pytest.mark.parametrize(
    "text", ["{", "{}", '{"current": "x", "uses": {}}', '{"current": 1, "uses": {"1": 3}}']
)
def test_a_damaged_state_says_so(nods, tmp_path, text):
    (tmp_path / "tools" / "nod" / "state.json").write_text(text)
    with pytest.raises(StoreError, match=r"state\.json"):
        nods.versions("nod")


def test_names_and_numbers_that_are_not_there(nods, store):
    for name in ("../nod", "Nod", "", "a" * 60):
        with pytest.raises(StoreError, match="no tool's name"):
            nods.versions(name)
    with pytest.raises(StoreError, match="there are: nod"):
        nods.versions("bow")
    with pytest.raises(StoreError, match="no version 0009"):
        nods.version("nod", 9)


def test_a_store_without_a_key_only_reads(tmp_path):
    with pytest.raises(StoreError, match="without a signing key"):
        ToolStore(tmp_path).add(healthy("nod twice"), "", PASSED)


def test_tools_are_put_together_in_order_and_at_once(nods):
    library = nods.library()
    nod = nods.current("nod").program
    shake = healthy("shake your head three times")
    waves = healthy("wave your antennas")
    library |= {shake.digest: shake, waves.digest: waves}
    then = compose("nod_shake", [nod, shake], library)
    assert validate(then, library).passed
    stored = nods.add(then, "both", validate(then, library), library=library)
    assert set(nods.validated(stored.name).library) == {nod.digest, shake.digest}
    at_once = compose("nod_wave", [nod, waves], library, at_once=True)
    assert validate(at_once, library).passed
    assert to_data(at_once)["steps"][0].keys() == {"together"}
    with pytest.raises(ProgramError, match="both move"):
        compose("clash", [nod, shake], library, at_once=True)
    with pytest.raises(ProgramError, match="cannot call itself"):
        compose("nod", [nod, shake], library)
    with pytest.raises(ProgramError, match="may take"):
        compose("long", [nod] * 20, library)
