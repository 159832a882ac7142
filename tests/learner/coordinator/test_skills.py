"""Missing skills: asked for once each, refused with the reason, played only after their trial."""

from learner.coordinator.goals import Cannot, Look, Made, Make, Plan
from learner.coordinator.skills import supply
from learner.tooling.faults import healthy
from learner.tooling.validation import Report
from learner.tooling.writer import Made as Written
from learner.tooling.writer import Refused, Unclear


def test_a_missing_skill_is_written_and_takes_the_requests_place():
    ready = supply(Plan((Make("tilt your head diagonally"), Look("apple"))), {})
    made = ready.plan.goals[0]
    assert isinstance(made, Made)
    assert ready.programs[made.digest].name == made.name
    assert ready.new["tilt your head diagonally"].report.passed


def test_the_same_request_is_asked_for_once():
    asked = []

    def ask(request):
        asked.append(request)
        return Written(healthy("nod twice"), Report(True), 1)

    ready = supply(Plan((Make("nod twice"), Make("nod twice")), "append"), {}, ask)
    assert asked == ["nod twice"]
    assert ready.plan.goals[0] == ready.plan.goals[1]
    assert ready.plan.how == "append"


def test_a_refusal_becomes_its_reason():
    for answer in (Refused("too dangerous"), Unclear("what?")):
        ready = supply(Plan((Make("something"),)), {}, lambda _, a=answer: a)
        assert ready.plan.goals == (Cannot(answer.reason),)
        assert ready.programs == {}


def test_known_tools_are_pinned_and_unknown_ones_cannot_be_played():
    program = healthy("nod twice")
    ready = supply(Plan((Made("nods", times=2), Made("gone"))), {"nods": program})
    assert ready.plan.goals[0] == Made("nods", program.digest, 2)
    assert ready.programs == {program.digest: program}
    assert "no made tool 'gone'" in ready.plan.goals[1].reason
