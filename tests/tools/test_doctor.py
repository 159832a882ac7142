"""`reachy-coach doctor`: what it finds missing, what it says to do, and that it changes nothing."""

import json
import os
import socket
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from robot_agent import doctor
from robot_agent.checks import Level
from robot_agent.config import AgentConfig
from robot_agent.daemon import ask_daemon
from robot_agent.deploy.layout import Layout
from robot_agent.link_checks import learner_reachable
from shared.errors import BodyError
from shared.signing import ensure_signing_key, trust
from tools import cli
from tools.pairing import pair

JOINTS = {"head_joints": [0.0] * 7, "antennas_position": [0.1, -0.1], "control_mode": "enabled"}
RUNNING = {
    "state": "running",
    "version": "1.12.0",
    "simulation_enabled": True,
    "backend_status": {"error": None},
}


@contextmanager
def daemon(status, pose=JOINTS, lock=None):
    """Something that answers as a Reachy Mini daemon does; gives its port."""
    pages = {
        "/api/daemon/status": status,
        "/api/state/full": pose,
        "/api/daemon/robot-app-lock-status": lock or {"state": "free"},
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            page = pages.get(self.path.partition("?")[0])
            body = page if isinstance(page, bytes) else json.dumps(page).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_port
        server.shutdown()


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def config(tmp_path):
    return AgentConfig(
        robot_id="m1",
        body="still",
        data_dir=tmp_path / "data",
        runtime_dir=tmp_path / "run",
        learner=f"127.0.0.1:{closed_port()}",
    )


def checks(config, tmp_path):
    return {check.name: check for check in doctor.examine(config, Layout(tmp_path / "disk"))}


def test_a_robot_that_knows_nobody_is_told_what_to_do(config, tmp_path, capsys):
    words = ["doctor", "--robot-id", "m1", "--body", "still", "--data-dir", str(config.data_dir)]
    words += ["--runtime-dir", str(config.runtime_dir), "--learner", config.learner]
    assert cli.run([*words, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    found = {check["name"]: check for check in told["checks"]}
    assert not told["ok"]
    assert {name for name, check in found.items() if check["level"] == "FAIL"} == {"learner key", "signers"}
    assert all(check["meaning"] and check["remedy"] for check in found.values() if check["level"] != "OK")
    assert cli.run(words) == 1
    text = capsys.readouterr().out
    assert "reachy-coach keys learner" in text
    assert "sudo reachy-coach install-robot" in text
    assert not config.data_dir.exists(), "looking makes nothing"
    assert not config.runtime_dir.exists()


def test_a_paired_robot_has_nothing_failed(config, tmp_path):
    pair(config.data_dir, "m1")
    key = ensure_signing_key(tmp_path / "signing.key")
    trust(config.state.signers, "learner", key.public)
    found = checks(config, tmp_path)
    assert [check for check in found.values() if check.level is Level.FAIL] == []
    assert "keys allow m1 '" in found["robot key"].found
    config.state.key.chmod(0o644)
    assert "chmod 600" in checks(config, tmp_path)["robot key"].remedy


@pytest.mark.parametrize(
    ("answers", "level", "words"),
    [
        ({"status": RUNNING}, Level.OK, "9 joints read, motors enabled"),
        ({"status": {**RUNNING, "state": "error", "error": "no motor 3"}}, Level.FAIL, "error: no motor 3"),
        ({"status": RUNNING, "pose": {**JOINTS, "head_joints": None}}, Level.FAIL, "2 of 9"),
        ({"status": RUNNING, "pose": {**JOINTS, "head_joints": [float("nan")] * 7}}, Level.FAIL, "of 9"),
        ({"status": RUNNING, "lock": {"state": "local_app", "holder_name": "dance"}}, Level.WARN, "dance"),
        (
            {"status": RUNNING, "lock": {"state": "local_app", "holder_name": "reachy_coach"}},
            Level.OK,
            "9 joints",
        ),
        ({"status": {"hello": 1}}, Level.FAIL, "no Reachy Mini daemon"),
        ({"status": b"<html>"}, Level.FAIL, "no Reachy Mini daemon"),
        ({"status": []}, Level.FAIL, "no Reachy Mini daemon"),
    ],
)
def test_the_daemon_and_its_motors_are_read(config, tmp_path, answers, level, words):
    with daemon(**answers) as port:
        found = checks(replace(config, body="reachy", daemon_port=port), tmp_path)["body"]
    assert (found.level, words in found.found) == (level, True), found


def test_no_daemon_is_a_failure_with_its_port():
    port = closed_port()
    with pytest.raises(BodyError, match=str(port)):
        ask_daemon(port)


@contextmanager
def listener(answer):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def serve():
            peer, _ = server.accept()
            with peer:
                peer.sendall(answer)
                peer.recv(64)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_a_learner_is_told_from_another_program(config, tmp_path):
    import zmq

    with zmq.Context() as context, context.socket(zmq.ROUTER) as router:
        public, secret = zmq.curve_keypair()
        router.curve_server, router.curve_secretkey, router.curve_publickey = True, secret, public
        port = router.bind_to_random_port("tcp://127.0.0.1")
        assert learner_reachable(AgentConfig(learner=f"127.0.0.1:{port}")).level is Level.OK
    with listener(b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(64)) as address:
        found = learner_reachable(AgentConfig(learner=address))
        assert (found.level, "no learner" in found.found) == (Level.FAIL, True)
    with listener(b"") as address:
        assert learner_reachable(AgentConfig(learner=address)).level is Level.FAIL
    assert learner_reachable(config).level is Level.WARN


def test_the_service_and_its_folders_are_looked_at(config, tmp_path, monkeypatch):
    layout = Layout(tmp_path / "disk")
    assert "install-robot" in doctor._service(layout).remedy
    for path in (layout.unit, layout.wanted):
        layout.on_disk(path).parent.mkdir(parents=True, exist_ok=True)
    layout.on_disk(layout.unit).write_text("")
    assert "systemctl enable" in doctor._service(layout).remedy
    layout.on_disk(layout.wanted).symlink_to(layout.unit)
    assert doctor._service(layout).level is Level.OK


@pytest.mark.parametrize(
    ("answer", "level", "words"),
    [
        ({"ok": True, "state": "ACTIVE"}, Level.OK, "ACTIVE"),
        ({"ok": True, "state": "STOPPED", "stopped_by": "button"}, Level.WARN, "STOPPED: by button"),
        ({"ok": True, "state": "FAULT", "fault": "tracking: stewart_1"}, Level.WARN, "stewart_1"),
        ({"ok": True, "state": "DISARMED"}, Level.WARN, "DISARMED"),
        ({"ok": False, "state": "no guard"}, Level.FAIL, "no guard"),
    ],
)
def test_the_agent_is_asked_how_it_is(config, monkeypatch, answer, level, words):
    config.runtime.folder.mkdir(parents=True)
    assert doctor._agent(config).level is Level.WARN
    config.runtime.stop_socket.write_text("")
    monkeypatch.setattr(doctor, "ask", lambda path, word: answer)
    found = doctor._agent(config)
    assert (found.level, words in found.found) == (level, True), found


def test_files_that_were_made_with_sudo_are_named(config, tmp_path, monkeypatch):
    layout = Layout(tmp_path / "disk")
    monkeypatch.setattr(Layout, "state", tmp_path / "data")
    monkeypatch.setattr(Layout, "on_disk", lambda self, path: path)
    config.state.folder.mkdir(parents=True)
    assert doctor._owner(config, layout).level is Level.OK
    if os.geteuid() == 0:
        os.chown(config.state.folder, 12345, 12345)
        found = doctor._owner(config, layout)
        assert (found.level, "chown -R reachy-coach" in found.remedy) == (Level.FAIL, True)


def test_an_untried_python_and_a_clock_that_was_never_set_are_warnings(monkeypatch):
    monkeypatch.setattr(doctor.time, "time", lambda: 0.0)
    assert doctor._clock().level is Level.WARN
    monkeypatch.setattr(sys, "version_info", (3, 99, 0))
    assert doctor._python().level is Level.WARN
