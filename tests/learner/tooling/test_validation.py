"""What passes the trial, what does not, and that nothing that did not gets out of simulation."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest

from learner.tooling import validation
from learner.tooling.faults import healthy
from learner.tooling.simulate import SETTLE_TICKS, perform
from learner.tooling.validation import Report, certify, corners, starts, validate, violations
from shared.control.kinematics import NEUTRAL
from shared.control.limits import LIMITS
from shared.errors import ProgramError
from shared.made_tools import FIGURES, Certificate, Validated, pack, unpack
from shared.program_reading import from_data
from shared.programs import to_data
from shared.signing import KEY_BYTES, SigningKey, verify


@pytest.fixture(scope="module")
def good():
    program = healthy("nod twice")
    return program, validate(program)


@pytest.fixture
def key():
    return SigningKey(os.urandom(KEY_BYTES))


def hasty(seconds):
    data = to_data(healthy("nod twice"))
    data["steps"][0]["seconds"] = seconds
    return from_data(data)


def test_a_calm_program_passes_and_its_figures_are_told(good):
    program, report = good
    assert report.passed, report.reason
    assert set(report.figures) == set(FIGURES)
    assert report.figures["violations"] == 0.0
    assert report.figures["runs"] == len(starts()) + 2 * (len(corners(program)) - 1) == 12


def test_a_hasty_program_is_rejected_and_says_what_to_do():
    report = validate(hasty(0.3))
    assert not report.passed
    assert "too fast or too far" in report.reason
    assert report.figures["violations"] == 0.0  # the shield kept every limit even then
    assert report.figures["largest_change_deg"] > 0.5


def test_only_one_bad_corner_is_enough():
    data = to_data(healthy("nod twice"))
    data["params"][0]["low"] = 0.12
    report = validate(from_data(data))
    assert not report.passed
    assert "tempo 0.12" in report.reason


def test_what_bounds_refuse_is_not_even_played(monkeypatch):
    monkeypatch.setattr(validation, "perform", lambda *_: pytest.fail("it was played"))
    data = to_data(healthy("nod twice"))
    data["start"] = {}
    assert "put it into start" in validate(from_data(data)).reason


def test_a_run_is_measured_in_physics_behind_the_shield():
    run = perform(hasty(0.3), [({}, NEUTRAL)])[0]
    assert run.changed.any()
    assert np.abs(np.diff(run.emitted, axis=0)).max() <= LIMITS.vel.max() * 0.02 + 1e-9
    assert len(run.joints) == len(run.planned) == len(run.head)
    assert 0.0 < np.abs(run.joints - run.emitted).max() < 0.3
    np.testing.assert_array_equal(
        run.planned[-SETTLE_TICKS:], np.repeat(run.planned[-1:], SETTLE_TICKS, axis=0)
    )


def test_violations_count_speed_cone_and_clearance():
    still = np.repeat(NEUTRAL[None], 10, axis=0)
    assert violations(still) == 0
    jump = still.copy()
    jump[5:, 0] += 0.2
    assert violations(jump) > 0
    folded = still.copy()
    folded[:, 7] = np.deg2rad(-170.0)  # an antenna right through the trunk
    assert violations(folded) > 0


def test_start_poses_lie_inside_every_limit():
    for start in starts():
        assert violations(np.repeat(start[None], 4, axis=0)) == 0


def test_a_validated_tool_survives_its_file_and_plays(good, key):
    program, report = good
    tool = certify(program, {}, report, key)
    again = unpack(pack(program, {}, tool.certificate), [key.public])
    assert again.program == program
    setpoints, ticks = again.setpoints({}, NEUTRAL[None])
    assert setpoints.shape == (1, ticks[0], 9)


def test_nothing_that_did_not_pass_is_signed(key):
    program = hasty(0.3)
    with pytest.raises(ProgramError, match="did not pass"):
        certify(program, {}, validate(program), key)


def test_a_validated_tool_cannot_be_made_without_a_trusted_signature(good, key):
    program, report = good
    said = certify(program, {}, report, key).certificate
    other = SigningKey(os.urandom(KEY_BYTES))
    swapped = hasty(0.3)
    for certificate, of, trusted, words in (
        (said, program, (), "no trusted key"),
        (said, program, (other.public,), "no trusted key"),
        (said, swapped, (key.public,), "another program"),
        (replace(said, digest=swapped.digest), swapped, (key.public,), "no trusted key"),
        (replace(said, figures={**said.figures, "runs": 1.0}), program, (key.public,), "no trusted key"),
        (replace(said, figures={**said.figures, "violations": 1.0}), program, (key.public,), "passed trial"),
        (replace(said, rules=0), program, (key.public,), "validate it again"),
        (replace(said, signature=bytes(64)), program, (key.public,), "no trusted key"),
        (Certificate.signed(program.digest, said.figures, other), program, (key.public,), "no trusted key"),
    ):
        with pytest.raises(ProgramError, match=words):
            Validated(of, {}, certificate, trusted)


def test_a_policy_signature_is_no_certificate_and_the_other_way_round(good, key):
    program, report = good
    said = certify(program, {}, report, key).certificate
    message = b"anything"
    assert not verify(key.public, key.sign(message), message, b"another purpose")
    forged = replace(said, signature=key.sign(said.digest.encode()))
    with pytest.raises(ProgramError, match="no trusted key"):
        Validated(program, {}, forged, (key.public,))


def test_called_tools_are_covered_by_the_certificate(good, key):
    child, _ = good
    call = {"play": child.name, "digest": child.digest}
    parent = from_data({"format": 1, "name": "twice", "description": "", "steps": [call, call]})
    report = validate(parent, {child.digest: child})
    assert report.passed, report.reason
    tool = certify(parent, {child.digest: child}, report, key)
    data = json.loads(pack(parent, tool.library, tool.certificate))
    assert unpack(json.dumps(data).encode(), [key.public]).library == {child.digest: child}
    data["library"][0]["steps"][0]["cycles"] = 3.0  # another tool in its place
    with pytest.raises(ProgramError, match="not in the library"):
        unpack(json.dumps(data).encode(), [key.public])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.pop("certificate"), "not a made tool"),
        (lambda d: d.update(library={}), "expected a list"),
        (lambda d: d["certificate"].pop("rules"), "expected digest, rules"),
        (lambda d: d["certificate"].update(signature="zz"), "malformed"),
        (lambda d: d["certificate"].update(signature=7), "malformed"),
        (lambda d: d["certificate"].update(rules="1"), "malformed"),
        (lambda d: d["certificate"].update(figures={"runs": "many"}), "malformed"),
        (lambda d: d["program"].pop("steps"), "lacks steps"),
    ],
)
def test_damaged_files_are_refused(good, key, change, words):
    program, report = good
    data = json.loads(pack(program, {}, certify(program, {}, report, key).certificate))
    change(data)
    with pytest.raises(ProgramError, match=words):
        unpack(json.dumps(data).encode(), [key.public])


def test_large_files_are_refused(key):
    with pytest.raises(ProgramError, match="at most"):
        unpack(b" " * 10_000_000, [key.public])


def test_a_failed_report_says_why_it_was_not_played():
    assert Report(False, "x").figures == {}
