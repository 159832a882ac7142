"""`reachy-coach sysid` as somebody types it; the official daemon with --slow."""

import json

import pytest

from learner.sysid.excite import excitation
from learner.sysid.fit import NAMES, Fitted
from learner.sysid.replay import synthetic
from learner.sysid.trace import read_trace, write_trace
from robot_agent.daemon import DaemonReport
from shared.control.kinematics import NEUTRAL
from sim.randomize import Dynamics
from tools.cli import run


def test_a_trace_is_fitted_and_drawn(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("learner.sysid.fit.MAX_ROUNDS", 2)
    file, picture = tmp_path / "trace.csv", tmp_path / "fit.png"
    write_trace(file, synthetic(excitation(NEUTRAL, 4.0), Dynamics(latency_s=0.03), 0.001, 0))
    assert run(["sysid", "fit", str(file), "--picture", str(picture), "--json"]) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert found["parameters"]["latency_s"] == pytest.approx(0.03, abs=0.003)
    assert found["left_deg"] < found["left_before_deg"]
    assert "round 1: " in told.err
    assert picture.stat().st_size > 1000


def test_a_file_that_is_no_trace_is_one_line(tmp_path, capsys):
    file = tmp_path / "trace.csv"
    file.write_text("a,b\n")
    assert run(["sysid", "fit", str(file)]) == 2
    assert "is no trace" in capsys.readouterr().err


def test_the_proof_is_json(capsys, monkeypatch):
    truths = []

    def told(trace):
        truths.append(trace)
        return Fitted(Dynamics(), {}, 0.1, 0.2, 1)

    monkeypatch.setattr("learner.sysid.proof.fit", told)
    assert run(["sysid", "prove", "--bodies", "2", "--seconds", "4"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["bodies"] == len(truths) == 2
    assert 0.0 < found["error"]["latency_s"]["median"] <= found["error"]["latency_s"]["largest"] <= 0.06
    assert set(found["error"]) == set(NAMES)


def test_a_robot_is_refused(tmp_path, capsys, monkeypatch):
    report = DaemonReport("running", "1", False, "enabled", (0.0,) * 9, "", "")
    monkeypatch.setattr("robot_agent.daemon.ask_daemon", lambda port: report)
    assert run(["sysid", "record", str(tmp_path / "trace.csv")]) == 2
    assert "behind guard and stop" in capsys.readouterr().err
    assert not (tmp_path / "trace.csv").exists()


def test_a_robot_without_episodes_is_one_line(tmp_path, capsys):
    code = run(["sysid", "stored", "mini-1", str(tmp_path / "trace.csv"), "--data-dir", str(tmp_path)])
    assert code == 2
    assert "has played no episode" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.daemon
@pytest.mark.alone
@pytest.mark.timeout(600)
def test_the_official_daemon_is_recorded_and_fitted(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "osmesa")
    file = tmp_path / "trace.csv"
    assert run(["sysid", "record", str(file), "--seconds", "12", "--start-daemon"]) == 0
    assert len(read_trace(file).t_s) == 600
    capsys.readouterr()
    assert run(["sysid", "fit", str(file), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert 0.0 < found["parameters"]["latency_s"] < 0.15  # the daemon is late on a busy machine
    assert found["left_deg"] < 0.6 * found["left_before_deg"]
