"""The command tree: fast, lazy, and its errors in one line."""

import subprocess
import sys

import pytest

from shared import __version__
from shared.errors import ConfigError
from tools import cli
from tools.extras import MODULES, missing_extra

HEAVY = (
    "numpy",
    "torch",
    "transformers",
    "mujoco",
    "litestar",
    "sqlalchemy",
    "onnxruntime",
    "reachy_mini",
    "zmq",
)


def test_help_lists_every_command(capsys):
    assert cli.run(["--help"]) == 0
    out = capsys.readouterr().out
    for command in cli.COMMANDS:
        assert f" {command.name} " in out


def test_help_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from tools import cli\n"
        "assert cli.run(['--help']) == 0\n"
        f"print('loaded:', [m for m in {HEAVY!r} if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("loaded: []\n")


def test_version(capsys):
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


@pytest.mark.parametrize(("word", "near"), [("dmeo", "'demo'"), ("trian", "'train'"), ("xyzzy", "demo,")])
def test_unknown_command_names_the_nearest(word, near, capsys):
    assert cli.run([word]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert near in captured.err


def test_unknown_flag_and_bad_choice_are_refused(capsys):
    assert cli.run(["bench", "sim", "--jsno"]) == 2
    assert "--jsno" in capsys.readouterr().err
    assert cli.run(["--log-level", "loud", "bench", "sim"]) == 2
    assert "loud" in capsys.readouterr().err


@pytest.mark.parametrize("name", [command.name for command in cli.COMMANDS])
def test_each_command_explains_itself(name, capsys):
    assert cli.run([name, "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"Usage: reachy-coach {name}")
    assert len(out.splitlines()) > 3


def test_coach_error_is_one_line(monkeypatch, capsys):
    command = cli.Command("broken", "tests_tools_broken:broken", "Fails.", cli.START)
    module = type(sys)("tests_tools_broken")

    def broken() -> None:
        raise ConfigError("rate_hz is 0; it must be 1..50")

    module.broken = broken
    monkeypatch.setitem(sys.modules, "tests_tools_broken", module)
    monkeypatch.setattr(cli, "COMMANDS", (command,))
    assert cli.run(["broken"]) == 2
    assert capsys.readouterr().err == "reachy-coach: rate_hz is 0; it must be 1..50\n"

    def interrupted() -> None:
        raise KeyboardInterrupt

    module.broken = interrupted
    assert cli.run(["broken"]) == 130

    module.broken = lambda: 7
    assert cli.run(["broken"]) == 7


def test_missing_extra_says_the_pip_line(monkeypatch, capsys):
    command = cli.Command("heavy", "tests_tools_heavy:heavy", "Needs torch.", cli.START)
    module = type(sys)("tests_tools_heavy")

    def heavy() -> None:
        import torch  # noqa: F401

    module.heavy = heavy
    monkeypatch.setitem(sys.modules, "tests_tools_heavy", module)
    monkeypatch.setitem(sys.modules, "torch", None)  # makes the import fail as if it were absent
    monkeypatch.setattr(cli, "COMMANDS", (command,))
    assert cli.run(["heavy"]) == 2
    err = capsys.readouterr().err
    assert err == "reachy-coach: this needs torch; install it with: pip install 'reachy-coach[learner]'\n"


def test_a_missing_module_of_our_own_is_not_hidden():
    assert missing_extra(ModuleNotFoundError("no", name="learner.nonsense")) is None
    assert missing_extra(ImportError("cannot import name x from shared")) is None


def test_modules_of_extras_do_not_overlap():
    seen: set[str] = set()
    for modules in MODULES.values():
        assert not seen & modules
        seen |= modules
