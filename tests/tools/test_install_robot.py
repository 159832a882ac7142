"""Installing the agent into a folder that stands for a robot's disk, with real files, users and links."""

import json
import os
import re
import shutil
import stat
import subprocess
import time
import tomllib
from importlib.resources import files

import pytest

from robot_agent.config import AgentConfig, load_agent_config
from robot_agent.deploy.layout import Layout
from robot_agent.deploy.package import environment, own_package
from robot_agent.deploy.plan import Wish, install, uninstall
from robot_agent.deploy.settings import changed_settings, new_settings, read_settings
from robot_agent.deploy.steps import MakeFolder, Remove, Run, WriteFile, follow
from shared.errors import ConfigError
from tools import cli

SYSTEMD = all(shutil.which(name) for name in ("systemd-sysusers", "systemctl", "systemd-analyze"))
needs_systemd = pytest.mark.skipif(not SYSTEMD, reason="needs systemd's tools")
PYTHON = """#!/bin/sh
# A Python that makes an environment whose Python says yes to everything.
mkdir -p "$3/bin" && printf '#!/bin/sh\\necho "$@" >> %s\\n' >"$3/bin/python" && chmod +x "$3/bin/python"
"""


@pytest.fixture
def robot(tmp_path):
    """A robot's empty disk, with a person on it, and arguments that install onto it in a moment."""
    root = tmp_path / "disk"
    (root / "etc").mkdir(parents=True)
    (root / "etc/passwd").write_text("pollen:x:1000:1000::/home/pollen:/bin/sh\n")
    (root / "etc/group").write_text("pollen:x:1000:\n")
    python = tmp_path / "python"
    python.write_text(PYTHON % (tmp_path / "pip.log"))
    python.chmod(0o755)
    wheel = tmp_path / "reachy_coach-1.whl"
    wheel.write_bytes(b"wheel")
    words = ["--root", root, "--python", python, "--package", wheel, "--operator", "pollen"]
    return root, ["install-robot", *map(str, words)]


def everything(root):
    """Path -> content, mode and link of all below a folder."""
    return {
        str(path.relative_to(root)): (
            path.lstat().st_mode,
            bytes(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else b"",
        )
        for path in root.rglob("*")
    }


def steps_told(capsys):
    return json.loads(capsys.readouterr().out)["steps"]


def test_a_dry_run_tells_every_step_and_changes_nothing(robot, capsys):
    root, words = robot
    before = everything(root)
    assert cli.run([*words, "--dry-run", "--robot-id", "mini-1", "--json"]) == 0
    assert everything(root) == before
    told = steps_told(capsys)
    assert {step["state"] for step in told} == {"would"}
    text = "\n".join(step["step"] for step in told)
    for part in ("sysusers.d", "-m venv", "pip install", "agent.toml", "rules.d", "system/reachy", "enable"):
        assert part in text


def test_a_dry_run_for_this_machine_needs_no_rights(capsys):
    assert cli.run(["install-robot", "--dry-run", "--operator", ""]) == 0
    text = capsys.readouterr().out
    for part in ("daemon-reload", "udevadm", "runuser -u reachy-coach", "restart --no-block"):
        assert part in text


@needs_systemd
def test_installing_twice_changes_nothing_the_second_time(robot, capsys):
    root, words = robot
    assert cli.run([*words, "--robot-id", "mini-1", "--learner", "ws.local"]) == 0
    assert "installed" in capsys.readouterr().out
    after = everything(root)
    assert cli.run([*words, "--json"]) == 0
    assert {step["state"] for step in steps_told(capsys)} == {"done already"}
    assert everything(root) == after

    groups = (root / "etc/group").read_text()
    assert re.search(r"(?m)^reachy-coach:.*:pollen$", groups)
    assert re.search(r"(?m)^gpio:.*:reachy-coach$", groups)
    assert re.search(r"(?m)^input:.*:reachy-coach$", groups)
    assert re.search(
        r"(?m)^reachy-coach:.*:/var/lib/reachy-coach:.*nologin$", (root / "etc/passwd").read_text()
    )
    wanted = root / "etc/systemd/system/multi-user.target.wants/reachy-coach.service"
    assert wanted.readlink().name == "reachy-coach.service"
    assert stat.S_IMODE((root / "usr/local/bin/reachy-coach").stat().st_mode) == 0o755
    config = load_agent_config(root / "etc/reachy-coach/agent.toml", {})
    assert (config.robot_id, config.learner, config.body) == ("mini-1", "ws.local", "reachy")
    assert (str(config.data_dir), str(config.runtime_dir)) == ("/var/lib/reachy-coach", "/run/reachy-coach")
    assert not config.arms_itself


@needs_systemd
def test_a_person_s_settings_stay_and_a_new_version_is_installed(robot, capsys, tmp_path):
    root, words = robot
    assert cli.run(words) == 0
    file = root / "etc/reachy-coach/agent.toml"
    file.write_text(file.read_text().replace("# button_gpio =", "button_gpio = 17") + "# my note\n")
    (tmp_path / "reachy_coach-1.whl").write_bytes(b"a newer wheel")
    capsys.readouterr()
    assert cli.run([*words, "--auto-arm", "--json"]) == 0
    now = [step["step"] for step in steps_told(capsys) if step["state"] == "now"]
    assert [" ".join(step.split()[:2]) for step in now[1:]] == [
        f"write {root}/opt/reachy-coach/installed",
        f"write {file}",
    ]
    assert "pip install" in now[0]
    config = load_agent_config(file, {})
    assert (config.button_gpio, config.auto_arm) == (17, True)
    assert "# my note" in file.read_text()


@needs_systemd
@pytest.mark.parametrize("purge", [False, True])
def test_uninstalling_takes_all_away_and_keeps_the_data_unless_purged(robot, purge):
    if purge and os.geteuid() != 0:
        pytest.skip("userdel wants root, also for another disk")
    root, words = robot
    assert cli.run(words) == 0
    keys = root / "var/lib/reachy-coach/robot/robot/keys"
    keys.mkdir(parents=True)
    (keys / "robot.key").write_text("secret")
    extra = ["--purge"] if purge else []
    for _ in range(2):
        assert cli.run(["install-robot", "--root", str(root), "--uninstall", *extra]) == 0
    left = {path for path, (mode, _) in everything(root).items() if not stat.S_ISDIR(mode)}
    ours = {path for path in left if "reachy-coach" in path}
    kept = {"var/lib/reachy-coach/robot/robot/keys/robot.key", "etc/reachy-coach/agent.toml"}
    assert ours == (set() if purge else kept)
    assert ("reachy-coach:" in (root / "etc/passwd").read_text()) is not purge


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--robot-id", "no blanks"], "'no blanks'"),
        (["--learner", "ws:port"], "ws:port"),
        (["--button-gpio", "99"], "button_gpio = 99"),
        (["--purge"], "--uninstall"),
        (["--prefix", "opt"], "absolute"),
    ],
)
def test_what_cannot_be_installed_is_said_before_the_first_step(robot, capsys, more, words):
    root, arguments = robot
    before = everything(root)
    assert cli.run([*arguments, *more]) == 2
    assert words in capsys.readouterr().err
    assert everything(root) == before


def test_an_operator_or_a_folder_that_is_not_there_is_named(robot, capsys):
    root, words = robot
    assert cli.run([word.replace("pollen", "stranger") for word in words]) == 2
    assert "'stranger' is no user" in capsys.readouterr().err
    assert cli.run([word.replace(str(root), f"{root}-other") for word in words]) == 2
    assert f"{root}-other is no folder" in capsys.readouterr().err


def test_a_damaged_settings_file_stops_the_installation(robot, capsys):
    root, words = robot
    file = root / "etc/reachy-coach/agent.toml"
    file.parent.mkdir()
    file.write_text("robot_id = \n")
    assert cli.run(words) == 2
    assert "the agent's configuration cannot be read" in capsys.readouterr().err
    assert file.read_text() == "robot_id = \n"


def test_a_command_that_fails_says_what_it_said(tmp_path):
    step = Run(("sh", "-c", "echo no space left; exit 3"), "try", is_done=lambda: False, hint="Free some.")
    with pytest.raises(ConfigError, match=r"failed with 3:\nno space left\nFree some\."):
        step.apply()
    with pytest.raises(ConfigError, match="no-such-program is not on this machine"):
        Run(("no-such-program",), "try").apply()
    told = []
    with pytest.raises(ConfigError, match="cannot write"):
        follow((WriteFile(tmp_path, "x"),), lambda step, needed: told.append(needed), dry_run=False)
    assert told == [True]


def test_steps_know_whether_they_are_done(tmp_path):
    folder = MakeFolder(tmp_path / "state", tmp_path.owner())
    assert not folder.done(False)
    folder.apply()
    assert folder.done(False)
    (tmp_path / "state").chmod(0o755)
    assert not folder.done(False)
    assert not MakeFolder(tmp_path, "no-such-user").done(False)
    full = Remove(tmp_path, only_if_empty=True)
    assert full.done(False)
    assert not Remove(tmp_path / "state").done(False)
    Remove(tmp_path / "state").apply()
    assert Remove(tmp_path / "state").done(False)


def test_a_live_installation_gives_the_robot_its_keys_and_starts_it_last(tmp_path):
    key = "ab" * 32
    steps = install(Wish(Layout(), "reachy-coach==1", "python3", {"robot_id": "m1"}, signing_key=key))
    text = [str(step) for step in steps]
    assert "restart --no-block reachy-coach.service" in text[-1]
    assert any("keys robot --robot-id m1 --data-dir /var/lib/reachy-coach" in line for line in text)
    assert any(f"keys trust learner {key} --robot-id m1" in line for line in text)
    calm = install(Wish(Layout(), "reachy-coach==1", "python3", start=False))
    assert not any("restart" in str(step) for step in calm)
    assert str(uninstall(Layout(), purge=True)[0]).startswith(
        "run systemctl disable --now reachy-coach.service"
    )


def test_settings_are_set_in_place_and_checked():
    text = new_settings({"robot_id": "m1", "auto_arm": True})
    assert read_settings(text) == AgentConfig(robot_id="m1", auto_arm=True, data_dir=AgentConfig().data_dir)
    assert tomllib.loads(changed_settings(text, {"button_gpio": 17}))["button_gpio"] == 17
    assert changed_settings(text, {"robot_id": "m1"}) == text
    assert changed_settings("# mine\n", {"learner": "a"}) == 'learner = "a"\n# mine\n'
    with pytest.raises(ConfigError, match="unknown key buttons"):
        changed_settings(text, {"buttons": 1})


def test_a_source_tree_is_installed_anew_when_a_file_of_it_changes(tmp_path):
    (tmp_path / "tree/pkg").mkdir(parents=True)
    (tmp_path / "tree/pkg/a.py").write_text("1")
    layout = Layout(tmp_path / "disk")

    def stamp():
        return environment(layout, str(tmp_path / "tree"), "python3")[-1].content

    first = stamp()
    (tmp_path / "tree/pkg/notes.txt").write_text("nothing that is installed")
    assert stamp() == first
    (tmp_path / "tree/pkg/a.py").write_text("2")
    assert stamp() != first
    assert own_package()


@needs_systemd
def test_the_unit_is_clean_and_hardened(robot, tmp_path):
    root, words = robot
    assert cli.run(words) == 0
    unit = tmp_path / "reachy-coach.service"
    python = root / "opt/reachy-coach/venv/bin/python"
    text = (root / "etc/systemd/system/reachy-coach.service").read_text()
    assert not re.search(r"@(python|config|user|state)@", text)
    unit.write_text(text.replace("/opt/reachy-coach/venv/bin/python", str(python)))
    verified = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
    command = ["systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=30", unit]
    secured = subprocess.run(command, capture_output=True, text=True, check=False)
    level = re.search(r"exposure level for .*: ([\d.]+)", secured.stdout)
    assert secured.returncode == 0
    assert level is not None
    assert float(level[1]) <= 3.0


def test_the_udev_rules_are_well_formed():
    text = (files("robot_agent.deploy") / "reachy-coach.rules").read_text()
    term = r'[A-Z]+(\{[^}"]+\})?(==|!=|=|\+=)"[^"]*"'
    for line in text.splitlines():
        assert line.startswith("#") or re.fullmatch(rf"{term}(, {term})*", line), line


@needs_systemd
@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_what_was_really_installed_runs_by_itself(robot, tmp_path):
    root, _ = robot
    assert cli.run(["install-robot", "--root", str(root), "--operator", ""]) == 0
    python = root / "opt/reachy-coach/venv/bin/python"
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    folders = ["--data-dir", tmp_path / "data", "--runtime-dir", tmp_path / "run"]

    def run(*words):
        command = [python, "-P", "-m", "tools", *words]
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    told = json.loads(run("doctor", "--body", "still", *folders, "--json").stdout)
    found = {check["name"]: check["level"] for check in told["checks"]}
    assert (found["packages"], found["body"], found["state folder"]) == ("OK", "OK", "WARN")

    (tmp_path / "agent.toml").write_text(
        f'body = "still"\npage_port = 0\ndata_dir = "{tmp_path}/data"\nruntime_dir = "{tmp_path}/run"\n'
    )
    command = [python, "-P", "-m", "robot_agent.deploy.service", tmp_path / "agent.toml"]
    agent = subprocess.Popen(command, cwd=tmp_path, env=env, stdin=subprocess.DEVNULL)
    try:
        for _ in range(60):
            answer = run("stop", "--status", "--runtime-dir", tmp_path / "run")
            if "ACTIVE" in answer.stdout:
                break
            time.sleep(0.5)
        assert "ACTIVE" in answer.stdout, answer.stderr
    finally:
        agent.terminate()
        assert agent.wait(20) == 0
