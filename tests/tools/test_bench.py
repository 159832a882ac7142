"""The shell around the benches: JSON, table, machine."""

import contextlib
import inspect
import json
import sys

import pytest

from shared.errors import BodyError
from tools import bench, cli


@pytest.fixture
def fake_bench(monkeypatch):
    module = type(sys)("tests_tools_fake_bench")
    module.measure = lambda quick=False: {
        "ticks_per_s": 6543.21,
        "config": {"quick": quick},
        "rounds": [{"a": 1}, {"a": 2}],
    }
    monkeypatch.setitem(sys.modules, "tests_tools_fake_bench", module)
    fake = bench.Bench("tests_tools_fake_bench:measure", {"quick": True})
    monkeypatch.setitem(bench.BENCHES, "sim", fake)


def test_json_has_figures_and_machine(fake_bench, capsys):
    assert cli.run(["bench", "sim", "--json", "--quick"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["bench"] == "sim"
    assert document["figures"]["ticks_per_s"] == 6543.21
    assert document["figures"]["config"] == {"quick": True}
    assert document["machine"]["cores"] >= 1
    assert document["machine"]["cpu"]
    assert "numpy" in document["machine"]["packages"]


def test_table_flattens(fake_bench, capsys):
    assert cli.run(["bench", "sim"]) == 0
    out = capsys.readouterr().out
    for text in ("ticks_per_s", "6543", "config.quick", "rounds.1.a"):
        assert text in out


def test_a_size_reaches_the_bench_that_has_it_and_no_other(fake_bench, capsys, monkeypatch):
    module = type(sys)("tests_tools_sized_bench")
    module.measure = lambda presses=3000: {"presses": presses}
    monkeypatch.setitem(sys.modules, "tests_tools_sized_bench", module)
    monkeypatch.setitem(bench.BENCHES, "stop", bench.Bench("tests_tools_sized_bench:measure", {"presses": 9}))
    for words, presses in ((["--presses", "7"], 7), (["--quick"], 9), (["--quick", "--presses", "8"], 8)):
        assert cli.run(["bench", "stop", "--json", *words]) == 0
        assert json.loads(capsys.readouterr().out)["figures"] == {"presses": presses}
    assert cli.run(["bench", "sim", "--presses", "7"]) == 2
    assert "bench sim has no --presses" in capsys.readouterr().err
    assert cli.run(["bench", "stop", "--presses", "0"]) == 2
    assert "at least 1" in capsys.readouterr().err


def test_only_stop_runs_on_the_daemon_and_says_so_if_there_is_none(fake_bench, capsys, monkeypatch):
    assert cli.run(["bench", "sim", "--body", "reachy"]) == 2
    assert "bench sim has no --body reachy; `stop` has" in capsys.readouterr().err
    assert cli.run(["bench", "stop", "--start-daemon"]) == 2
    assert "--start-daemon goes with --body reachy" in capsys.readouterr().err
    monkeypatch.setattr("robot_agent.config.DAEMON_PORT", 9)
    assert cli.run(["bench", "stop", "--body", "reachy"]) == 2
    said = capsys.readouterr().err
    assert "no Reachy Mini daemon answers on port 9" in said
    assert "--start-daemon starts one in simulation" in said


def test_the_daemons_port_reaches_the_bench(fake_bench, capsys, monkeypatch):
    module = type(sys)("tests_tools_daemon_bench")
    module.measure = lambda presses=3000, daemon_port=None: {"presses": presses, "port": daemon_port}
    monkeypatch.setitem(sys.modules, "tests_tools_daemon_bench", module)
    monkeypatch.setitem(
        bench.BENCHES, "stop", bench.Bench("tests_tools_daemon_bench:measure", {"presses": 9})
    )
    monkeypatch.setattr(bench, "daemon", lambda start: contextlib.nullcontext(8123 if start else 8000))
    words = ["bench", "stop", "--json", "--quick", "--body", "reachy"]
    for more, port in ((["--start-daemon"], 8123), ([], 8000)):
        assert cli.run([*words, *more]) == 0
        assert json.loads(capsys.readouterr().out)["figures"] == {"presses": 9, "port": port}


def test_a_daemon_that_ends_is_reported_with_its_last_words(tmp_path, monkeypatch):
    program = tmp_path / "reachy-mini-daemon"
    program.write_text("#!/bin/sh\necho no simulation here\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(BodyError, match="the daemon did not start: no simulation here"), bench.daemon(True):
        pass


def test_unknown_bench_is_refused(capsys):
    assert cli.run(["bench", "smi"]) == 2
    assert "smi" in capsys.readouterr().err


def test_help_explains_every_bench(capsys):
    assert cli.run(["bench", "--help"]) == 0
    out = capsys.readouterr().out
    for name in bench.BENCHES:
        assert name in out
    assert "[ms]" in out
    assert "[mm, deg]" in out
    assert "--quick" in out
    assert "--json" in out


def test_cpu_model_from_a_raspberry_pi(tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(
        "processor\t: 0\nBogoMIPS\t: 108.00\n\nModel\t\t: Raspberry Pi Compute Module 4 Rev 1.1\n"
    )
    assert bench.cpu_model(cpuinfo) == "Raspberry Pi Compute Module 4 Rev 1.1"


@pytest.mark.parametrize("name", bench.BENCHES)
def test_each_bench_exists_and_takes_its_arguments(name):
    signature = inspect.signature(bench.load(bench.BENCHES[name].target))
    signature.bind()
    signature.bind(**bench.BENCHES[name].quick)
