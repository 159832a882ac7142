from pathlib import Path

import pytest

from robot_agent.config import AgentConfig, load_agent_config
from robot_agent.processes import LINES, TABLE, command, config_from
from shared.errors import ConfigError


@pytest.mark.parametrize(
    ("flags", "about"),
    [
        ({"robot_id": "a/b"}, "letters, digits"),
        ({"robot_id": ""}, "letters, digits"),
        ({"robot_id": "x" * 49}, "letters, digits"),
        ({"body": "atlas"}, "mujoco, reachy"),
        ({"body": "reachy", "speed": 2.0}, "real time"),
        ({"learner": "host:port"}, "HOST:PORT"),
        ({"learner": "host:0"}, "HOST:PORT"),
        ({"learner": "host:70000"}, "HOST:PORT"),
        ({"learner": "tcp://host:1"}, "HOST:PORT"),
        ({"learner": ""}, "HOST:PORT"),
        ({"speed": 0.0}, "0.1"),
        ({"spool_records": 0}, "1"),
        ({"sped": 1.0}, "speed"),
    ],
)
def test_what_is_wrong_is_said(flags, about):
    with pytest.raises(ConfigError, match=about):
        load_agent_config(None, flags)


def test_flags_win_over_environment_over_file(tmp_path, monkeypatch):
    file = tmp_path / "agent.toml"
    file.write_text('robot_id = "file"\nlearner = "file:1"\nspool_records = 7\n')
    monkeypatch.setenv("REACHY_COACH_AGENT_LEARNER", "environment:2")
    monkeypatch.setenv("REACHY_COACH_AGENT_ROBOT_ID", "environment")
    loaded = load_agent_config(file, {"robot_id": "flag"})
    assert (loaded.robot_id, loaded.learner, loaded.spool_records) == ("flag", "environment:2", 7)
    assert loaded.learner_address == ("environment", 2)


def test_the_port_has_a_default():
    assert AgentConfig(learner="robot.local").learner_address == ("robot.local", 5557)


def test_every_process_gets_the_whole_configuration_and_only_its_lines(tmp_path):
    config = AgentConfig(
        robot_id="r1", body="still", data_dir=tmp_path, runtime_dir=tmp_path / "run", speed=2.0
    )
    numbers = {name: number for number, name in enumerate(LINES, 10)}
    import json

    for process in TABLE:
        arguments, inherited = command(process, config, numbers)
        settings = json.loads(arguments[-1])
        assert config_from(settings["config"]) == config
        assert set(settings["lines"].values()) == set(inherited)
    (link,) = (process for process in TABLE if process.name == "link")
    assert set(link.lines) == {"record_bell", "stop_link"}, "the network may stop and never release or resume"


def test_a_key_or_a_file_with_a_key(tmp_path):
    key = "0123456789" * 4
    path = tmp_path / "learner.pub"
    path.write_text(key + "\n")
    assert AgentConfig(learner_key=key).learner_public_key() == key
    assert AgentConfig(learner_key=str(path)).learner_public_key() == key
    with pytest.raises(ConfigError, match="gone"):
        AgentConfig(learner_key=str(Path("gone.pub"))).learner_public_key()


def test_a_robot_that_does_not_know_its_learner_says_what_to_do(tmp_path):
    with pytest.raises(ConfigError, match="--learner-key KEY"):
        AgentConfig(data_dir=tmp_path).learner_public_key()
