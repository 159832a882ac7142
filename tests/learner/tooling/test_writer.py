"""From words to tools that passed their trial, judged by the motion checker; faults that are mended."""

import pytest

from learner.tooling import writer
from learner.tooling.changing import changed
from learner.tooling.corpus import Request
from learner.tooling.evaluate import judge, look, outside_figures, summary
from learner.tooling.faults import FAULTS, HEALTHY, Fault, healthy, seeded
from learner.tooling.primitives import PRIMITIVES, piece
from learner.tooling.repairing import Repaired, repair
from learner.tooling.validation import Report, validate
from learner.tooling.words import Change, Wish
from learner.tooling.writer import Made, Refused, Unclear, write
from shared.control.program_bounds import check
from shared.errors import ProgramError
from shared.program_reading import from_data
from shared.programs import to_data


def test_a_circle_is_made_and_then_slower_and_the_other_way_round():
    circle = write("draw a circle with your nose")
    assert isinstance(circle, Made)
    assert circle.report.passed
    assert look([circle.program], {"circle": {"turns": [0.8, 1.2]}}) == ""
    slower = write("slower", circle.program)
    assert isinstance(slower, Made)
    assert (
        look([circle.program, slower.program], {"tempo": [1.2, 2.0], "circle": {"turns": [0.8, 1.2]}}) == ""
    )
    assert look([circle.program, changed(circle.program, Change(mirror=True))], {"reversed": {}}) == ""


def test_an_amount_is_where_the_body_ends_not_where_it_was_sent():
    tilted = write("tilt your head to the right by 15 degrees")
    assert isinstance(tilted, Made)
    assert look([tilted.program], {"ends": {"roll": [14.0, 16.0]}}) == ""
    assert tilted.program.steps[0].to["roll"].offset > 15.5


def test_what_is_too_fast_is_eased_until_it_passes():
    made = write("nod five times in 2 seconds")
    assert isinstance(made, Made)
    assert made.report.passed
    assert made.tried > 1  # as asked for, the limiter would have had to step in
    assert look([made.program], {"swings": {"axis": "pitch", "count": [5, 5]}}) == ""


@pytest.mark.parametrize(
    ("request_", "kind", "words"),
    [
        ("nod forever", Refused, "no end"),
        ("nod 30 times", Refused, "at most|more than 12"),
        ("turn your head 90 degrees", Refused, "beyond what the robot may do"),
        ("make tea", Unclear, "try for example"),
        ("slower", Unclear, "no tool yet"),
        ("nod while looking up", Unclear, "both move pitch"),
        ("nod 12 times in 1 second", Refused, "passes in simulation"),
    ],
)
def test_no_comes_with_a_reason(request_, kind, words):
    answer = write(request_)
    assert isinstance(answer, kind), answer
    assert any(word in answer.reason for word in words.split("|")), answer.reason


def test_nothing_leaves_the_writer_without_a_passed_trial(monkeypatch):
    monkeypatch.setattr(writer, "validate", lambda *_: Report(False, "because"))
    answer = write("nod")
    assert isinstance(answer, Refused)
    assert "because" in answer.reason


@pytest.mark.parametrize("kind", sorted(PRIMITIVES))
def test_every_primitive_stays_within_bounds_at_every_argument(kind):
    from learner.tooling.assembly import program

    side = {"look": "left", "turn_body": "right", "slide": "forward"}.get(kind, "")
    bound = check(program(piece(Wish(kind, side)), kind))
    assert 0.5 < bound.seconds < 20.0


def test_changes_scale_mirror_and_count():
    nod = healthy("nod twice")
    assert nod.steps[0].cycles.offset == 2.0
    more = changed(nod, Change(more=1))
    assert more.steps[0].cycles.offset == 3.0
    assert more.steps[0].seconds.scale > nod.steps[0].seconds.scale
    assert changed(nod, Change(tempo=2.0)).steps[0].seconds.scale == pytest.approx(
        2.0 * nod.steps[0].seconds.scale
    )
    tilt = changed(healthy("tilt your head diagonally"), Change(mirror=True))
    assert tilt.steps[0].to["roll"].scale > 0.0
    with pytest.raises(ProgramError, match=r"not within 1 \.\. 12"):
        changed(nod, Change(more=20))
    with pytest.raises(ProgramError, match="repeats nothing"):
        changed(healthy("tilt your head diagonally"), Change(more=1))


def test_mirroring_twice_changes_nothing():
    for request in HEALTHY:
        program = healthy(request)
        assert changed(changed(program, Change(mirror=True)), Change(mirror=True)).steps == program.steps


CHEAP = (
    "misspelt_axis", "misspelt_step", "no_seconds", "misspelt_parameter", "unknown_key",
    "too_many_cycles", "bounds_upside_down", "default_outside", "bad_name", "no_such_tool",
)  # fmt: skip


@pytest.mark.parametrize("kind", CHEAP)
def test_a_fault_is_mended_by_one_or_two_edits(kind, monkeypatch):
    monkeypatch.setattr("learner.tooling.repairing.validate", lambda program, library: Report(True))
    fault = next(f for f in seeded(len(FAULTS), seed=1) if f.kind == kind)
    found = repair(fault.data)
    assert isinstance(found, Repaired), found
    assert 1 <= len(found.edits) <= 2
    check(found.program)


def test_a_program_that_is_too_fast_is_mended_in_simulation():
    data = to_data(healthy("nod twice"))
    data["steps"][0]["seconds"] = 0.4
    before = validate(from_data(data))
    found = repair(data)
    assert not before.passed
    assert isinstance(found, Repaired), found
    assert found.report.passed
    assert len(found.edits) == 1


def test_a_program_that_passes_needs_no_edit(monkeypatch):
    monkeypatch.setattr("learner.tooling.repairing.validate", lambda program, library: Report(True))
    found = repair(to_data(healthy("nod twice")))
    assert isinstance(found, Repaired)
    assert found.edits == ()


@pytest.mark.parametrize("junk", [None, 7, [], {}, {"steps": 3}, {"steps": [7]}, "nod"])
def test_junk_is_not_repaired_and_does_not_crash(junk):
    assert isinstance(repair(junk), str)


def test_faults_are_the_same_for_the_same_seed_and_break_something():
    assert [f.data for f in seeded(20, 3)] == [f.data for f in seeded(20, 3)]
    assert {f.kind for f in seeded(20, 3)} == set(FAULTS)
    assert all(f.data != to_data(f.healthy) for f in seeded(20, 3))


def test_judging_compares_outcome_and_motion():
    good = Request(
        "development", "good", ("nod twice",), "made", {"swings": {"axis": "pitch", "count": [2, 2]}}
    )
    wrong = Request(
        "development", "good", ("nod twice",), "made", {"swings": {"axis": "yaw", "count": [2, 2]}}
    )
    missed = Request("development", "dangerous", ("nod",), "refused", {})
    judged = [judge(good), judge(wrong), judge(missed)]
    assert [one.right for one in judged] == [True, False, False]
    assert "yaw hardly moves" in judged[1].detail
    assert summary(judged)["development"]["good"]["share"] == 0.5


def test_no_faulty_program_gets_out_of_simulation():
    data = to_data(healthy("nod twice"))
    data["steps"][0]["seconds"] = 0.3
    figures = outside_figures([Fault("too_fast", healthy("nod twice"), data)])
    assert figures == {"tried": 3, "let_out": 0}
