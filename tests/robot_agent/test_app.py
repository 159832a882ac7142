"""The dashboard's view of the agent, through the SDK's own loader, and an app's life without a robot."""

import asyncio
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import tomllib
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest

from robot_agent import app
from robot_agent.config import DAEMON_PORT
from robot_agent.processes import settings
from shared.errors import AlreadyRunning, BodyError, ConfigError
from tests.robot_agent.test_main import pids, state, wait

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """What an installation of the project's table of entry points looks like to the SDK."""
    info = tmp_path / "reachy_coach-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: reachy-coach-tested\nVersion: 0\n")
    table = PROJECT["project"]["entry-points"]["reachy_mini_apps"]
    lines = [f"{name} = {target}" for name, target in table.items()]
    (info / "entry_points.txt").write_text("\n".join(["[reachy_mini_apps]", *lines]))
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_the_dashboard_finds_the_app_its_module_and_its_page(installed):
    from reachy_mini.apps.sources import local_common_venv as loader

    found = {each.name: each for each in asyncio.run(loader.list_available_apps())}
    assert found["reachy_coach"].extra["custom_app_url"] == "http://0.0.0.0:8042"
    assert loader.get_app_module("reachy_coach") == "robot_agent.app"


def test_the_wireless_dashboard_reads_the_page_from_the_text_of_main_py(tmp_path, monkeypatch):
    from reachy_mini.apps.sources import local_common_venv as loader

    copies = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    site = tmp_path / "apps_venv/lib/python3.12/site-packages"
    for source, target in copies.items():
        (site / target).parent.mkdir(parents=True, exist_ok=True)
        (site / target).write_text((ROOT / source).read_text())
    monkeypatch.setattr(loader, "_get_venv_parent_dir", lambda: tmp_path)
    url = loader._get_custom_app_url_from_file("reachy_coach", wireless_version=True)
    assert url == app.ReachyCoach.custom_app_url
    assert re.fullmatch(r"http://0\.0\.0\.0:\d+", url)


@pytest.fixture
def still(config, monkeypatch):
    """Apps run an agent on the body in memory."""
    monkeypatch.setattr(app, "app_config", lambda port: config)
    return config


def robot():
    return SimpleNamespace(client=SimpleNamespace(port=8000))


def test_it_starts_the_agent_and_ends_it_with_the_switch(still):
    switch, ended = threading.Event(), threading.Event()
    coach = app.ReachyCoach()

    def run():
        coach.run(robot(), switch)
        ended.set()

    threading.Thread(target=run, daemon=True).start()
    wait(still.runtime.stop_socket.exists)
    assert not ended.is_set()
    switch.set()
    assert ended.wait(20.0)
    assert not still.runtime.processes.exists()


def test_an_agent_that_cannot_run_is_an_error_that_the_dashboard_shows(still):
    blocked = still.state.folder
    blocked.parent.mkdir(parents=True)
    blocked.write_text("a file where a folder must be")
    with pytest.raises(BodyError, match="ended with 2"):
        app.ReachyCoach().run(robot(), threading.Event())


def test_it_does_not_start_beside_the_installed_service(still, monkeypatch, tmp_path):
    from robot_agent.deploy.layout import Layout
    from robot_agent.stop_socket import listen

    layout = Layout(tmp_path / "disk")
    folder = layout.on_disk(layout.runtime)
    folder.mkdir(parents=True)
    listener = listen(folder / "stop.sock")

    def answer():
        peer, _ = listener.accept()
        with peer:
            peer.recv(64)
            peer.sendall(b'{"ok": true}\n')

    threading.Thread(target=answer, daemon=True).start()
    monkeypatch.setattr(app, "Layout", lambda: layout)
    with pytest.raises(AlreadyRunning, match="systemctl stop"):
        app.ReachyCoach().run(robot(), threading.Event())
    listener.close()
    app._refuse_beside_service(layout)  # a socket that a dead service left stands in nobody's way


def test_its_settings_come_from_the_file_that_is_named(monkeypatch, tmp_path):
    file = tmp_path / "agent.toml"
    file.write_text('robot_id = "m1"\nbody = "mujoco"\n')
    monkeypatch.setenv(app.CONFIG_VARIABLE, str(file))
    found = app.app_config(8123)
    assert (found.robot_id, found.body, found.daemon_port) == ("m1", "reachy", 8123)
    monkeypatch.setenv(app.CONFIG_VARIABLE, str(tmp_path / "none.toml"))
    with pytest.raises(ConfigError, match=r"none\.toml"):
        app.app_config(8123)


APP = """
import json, sys, threading
from types import SimpleNamespace
from robot_agent import app
from robot_agent.processes import config_from

app.app_config = lambda port: config_from(json.loads(sys.argv[1]))
app.ReachyCoach().run(SimpleNamespace(client=SimpleNamespace(port=8000)), threading.Event())
"""


def test_the_agent_ends_with_an_app_that_is_killed(still):
    with subprocess.Popen([sys.executable, "-c", APP, settings(still)], cwd=ROOT) as dashboard_app:
        wait(lambda: {"guard", "stops"} <= set(pids(still)))
        children = pids(still)
        dashboard_app.kill()
    wait(lambda: not still.runtime.processes.exists())
    wait(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children.values()))


@pytest.fixture
def dashboard(installed, config, tmp_path):
    """The official daemon with its dashboard's API and a mock robot; gives a function that asks it.

    The SDK's base class of apps knows no other port than the daemon's usual one.
    """
    port = DAEMON_PORT
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            pytest.skip(f"something else answers on port {port}")
    environment = {
        **os.environ,
        "PYTHONPATH": str(installed),
        "REACHY_COACH_AGENT_DATA_DIR": str(config.data_dir),
        "REACHY_COACH_AGENT_RUNTIME_DIR": str(config.runtime_dir),
        "REACHY_COACH_AGENT_PAGE_PORT": "0",
    }
    program = Path(sys.executable).with_name("reachy-mini-daemon")
    words = ["--mockup-sim", "--headless", "--no-media", "--fastapi-port", str(port)]
    with (tmp_path / "log").open("wb") as log:
        daemon = subprocess.Popen([program, *words], stdout=log, stderr=log, env=environment)

        def ask(path, method="GET"):
            request = urllib.request.Request(f"http://127.0.0.1:{port}/api/{path}", method=method)
            with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=30.0) as answer:
                return json.load(answer)
            return {}

        wait(lambda: ask("daemon/status").get("state") == "running", 60.0)
        yield ask
        daemon.terminate()
        daemon.wait(30.0)


@pytest.mark.daemon
@pytest.mark.slow
def test_the_dashboard_switches_it_on_and_off(dashboard, config):
    assert dashboard("apps/start-app/reachy_coach", "POST")["state"] == "starting"
    wait(lambda: {"guard", "stops"} <= set(pids(config)), 60.0)
    wait(lambda: state(config) == "DISARMED", 60.0)
    assert dashboard("apps/current-app-status")["state"] == "running"
    children = pids(config)
    dashboard("apps/stop-current-app", "POST")
    wait(lambda: not config.runtime.processes.exists())
    wait(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children.values()))
