"""The whole loop with its real parts, as `reachy-coach demo` starts them."""

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from websockets.sync.client import connect

from learner.store import queries
from robot_agent.config import AgentConfig
from robot_agent.rehearsal import random_bundle
from tools.eval_body import believe, free_port, publish
from tools.pairing import pair
from tools.parts import COMMAND, Parts, get_json

TASKS = ("look", "nod", "shake")


def wait_for(what, condition, seconds=40.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if condition():
                return
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s for {what}")


@pytest.fixture
def loop(tmp_path):
    """A learner and an agent on the MuJoCo body with a policy that acts at random."""
    robot_id = f"whole-{os.getpid()}"
    data_dir = tmp_path / "data"
    bundle = tmp_path / "1.bundle"
    bundle.write_bytes(random_bundle(1))
    store = publish(bundle, data_dir)
    pair(data_dir, robot_id)
    believe(bundle, data_dir, robot_id)
    api, wire = free_port(), free_port()
    learner = ["learner", "--data-dir", str(data_dir), "--port", str(api), "--wire-port", str(wire)]
    agent = ["agent", "--body", "mujoco", "--data-dir", str(data_dir), "--robot-id", robot_id]
    with Parts(tmp_path / "logs") as parts, contextlib.closing(store):
        parts.start("learner", learner)
        parts.start("agent", [*agent, "--learner", f"127.0.0.1:{wire}"])

        def steps():
            with store.read() as connection:
                return queries.count_steps(connection)

        def missing():
            with store.read() as connection:
                return queries.count_missing(connection, robot_id)

        yield parts, learner, robot_id, f"http://127.0.0.1:{api}", steps, missing, data_dir


@pytest.mark.alone
def test_kill_9_of_learner_link_policy_and_guard_loses_nothing(loop):
    parts, learner, robot_id, base, steps, missing, data_dir = loop
    wait_for("the first records", lambda: steps() >= 5)

    os.kill(parts["learner"].pid, signal.SIGKILL)
    before = steps()
    time.sleep(3.0)  # the robot goes on and spools
    parts.start("learner", learner)
    wait_for("what was spooled meanwhile", lambda: steps() >= before + 3)

    pids = AgentConfig(robot_id=robot_id, data_dir=data_dir).runtime.processes
    for name in ("link", "policy", "guard"):
        before, pid = steps(), json.loads(pids.read_text())[name]
        os.kill(pid, signal.SIGKILL)
        wait_for(f"records after {name} was killed", lambda before=before: steps() >= before + 5)
        assert json.loads(pids.read_text())[name] != pid

    wait_for("no gap between records", lambda: missing() == 0)
    robot = next(r for r in get_json(f"{base}/api/v1/summary")["robots"] if r["robot_id"] == robot_id)
    assert robot["lost"] == 0
    assert robot["violations_applied"] == 0


class Watch:
    """The live channel as the page sees it."""

    def __init__(self, base, robot_id):
        self._url = f"{base.replace('http', 'ws')}/api/v1/live?robot_id={robot_id}"

    def __enter__(self):
        self._socket = connect(self._url, max_size=None)
        return self

    def __exit__(self, *_):
        self._socket.close()

    def until(self, condition, seconds=40.0, meanwhile=lambda: None):
        """The first step message for which the condition holds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            meanwhile()
            with contextlib.suppress(TimeoutError):
                message = self._socket.recv(timeout=0.05)
                if isinstance(message, str):
                    step = json.loads(message)
                    if step["type"] == "step" and condition(step):
                        return step
        raise AssertionError(f"waited {seconds} s in vain")


@pytest.mark.alone
def test_a_person_takes_the_motion_over_and_is_asked_first(loop):
    _, _, robot_id, base, steps, _, _ = loop
    wait_for("the first records", lambda: steps() >= 2)
    hand_url = f"{base.replace('http', 'ws')}/api/v1/robots/{robot_id}/teleop"
    with Watch(base, robot_id) as watch:

        def cut_short():
            """Take over for a moment; between two decisions there is none to cut."""
            with connect(hand_url) as hand:

                def hold():
                    move = {"sent_ms": time.monotonic() * 1e3, "head_rpy": [0.0, 0.1, 0.3]}
                    hand.send(json.dumps(move))

                watch.until(lambda step: step["teleop"], meanwhile=hold)
            watch.until(lambda step: not step["teleop"])
            time.sleep(0.5)
            return "override" in ends(base)

        wait_for("a decision that was cut short", cut_short)

        assert post(f"{base}/api/v1/robots/{robot_id}/mode", {"mode": "suggest"})["confirmed"]
        watch.until(lambda step: step["proposal_id"])
        before = steps()
        time.sleep(1.5)
        assert steps() <= before + 1, "nothing is begun without a word"
        while steps() <= before + 1:
            waiting = watch.until(lambda step: step["proposal_id"])["proposal_id"]
            with contextlib.suppress(HTTPError):  # it expired on the way
                post(f"{base}/api/v1/robots/{robot_id}/proposals/{waiting}", {"approved": True})


def ends(base):
    """How the decisions of the newest episodes ended."""
    episodes = get_json(f"{base}/api/v1/episodes?limit=3")["items"]
    details = [get_json(f"{base}/api/v1/episodes/{episode['episode_id']}") for episode in episodes]
    return [step["end_reason"] for detail in details for step in detail["steps"]]


def post(url, body):
    request = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=10) as answer:
        return json.load(answer)


@pytest.mark.alone
@pytest.mark.timeout(600)
def test_demo_learns_three_tasks_and_hands_policies_to_the_robot(tmp_path):
    command = [*COMMAND, "demo", "--exit", "--json"]
    options = {"--data-dir": tmp_path / "demo", "--port": free_port(), "--wire-port": free_port()}
    options |= {"--resets": 60, "--host": "127.0.0.1", "--robot-id": f"demo-{os.getpid()}"}
    flags = [str(part) for pair_ in options.items() for part in pair_]
    done = subprocess.run([*command, *flags], capture_output=True, text=True, timeout=580, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    for task in TASKS:
        assert result["before"][task]["success"] < 0.3
        assert result["after"][task]["success"] >= 0.85
        assert result["after"][task]["episodes"] == 60
        assert result["training"]["episodes"][task] < 300
    robot = result["robot"]
    assert robot["policies_active"] >= 5
    assert robot["transitions_stored"] > 20
    assert robot["transitions_missing"] == robot["transitions_lost_in_ring"] == 0
    assert robot["limit_violations_applied"] == 0


def test_demo_refuses_to_clear_a_folder_that_is_not_a_demos(tmp_path):
    precious = tmp_path / "thesis.tex"
    precious.write_text("years of work")
    command = [*COMMAND, "demo", "--fresh"]
    done = subprocess.run(
        [*command, "--data-dir", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "thesis.tex" in done.stderr
    assert Path(precious).read_text() == "years of work"
