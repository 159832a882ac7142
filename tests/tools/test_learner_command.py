"""`reachy-coach learner`: mistakes in configuration are told in one line."""

import socket

import pytest

from tools.cli import run


def test_a_port_in_use_says_which_flag_to_change(tmp_path, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code = run(["learner", "--data-dir", str(tmp_path), "--port", str(port), "--wire-port", "0"])
    assert code == 2
    told = capsys.readouterr().err
    assert str(port) in told
    assert "--port" in told


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("api_prt = 1", "api_port"),
        ("api_port = 99999", "65535"),
        ('tasks = ["fly"]', "fly"),
        ("seed = ", "cannot be read"),
    ],
)
def test_a_bad_configuration_names_what_is_wrong(tmp_path, capsys, line, words):
    (tmp_path / "coach.toml").write_text(line + "\n")
    flags = ["--data-dir", str(tmp_path), "--config", str(tmp_path / "coach.toml"), "--wire-port", "0"]
    assert run(["learner", *flags]) == 2
    assert words in capsys.readouterr().err


def test_a_store_that_is_none_is_refused(tmp_path, capsys):
    (tmp_path / "learner").mkdir()
    (tmp_path / "learner" / "coach.db").write_bytes(b"no database" * 1000)
    assert run(["learner", "--data-dir", str(tmp_path), "--port", "0", "--wire-port", "0"]) == 2
    assert "coach.db" in capsys.readouterr().err
