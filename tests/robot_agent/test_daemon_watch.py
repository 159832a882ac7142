"""Other programs on the robot's machine, as the daemon's pages show them."""

import http.server
import json
import threading
import time

import pytest

from robot_agent.bodies import daemon_watch
from robot_agent.bodies.daemon_watch import ANSWERS, STRANGE, DaemonWatch


@pytest.fixture
def daemon():
    """The daemon's pages; what they answer may be set."""

    class Pages(http.server.BaseHTTPRequestHandler):
        state = b'{"control_mode": "enabled"}'
        running = b"[]"

        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(Pages.running if self.path == "/api/move/running" else Pages.state)

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_address[1], Pages
    server.shutdown()
    thread.join()
    server.server_close()


def test_mode_and_moves_are_read(daemon):
    port, pages = daemon
    assert DaemonWatch(port).mode() == "enabled"
    assert not DaemonWatch(port).moving()
    pages.running = json.dumps([{"uuid": "2f0c"}]).encode()
    assert DaemonWatch(port).moving()


@pytest.mark.parametrize("answer", [b"{}", b"[]", b"null", b"not json", b'{"control_mode": 1}'])
def test_another_answer_is_an_error(daemon, answer):
    port, pages = daemon
    pages.state = answer
    with pytest.raises(ValueError):
        DaemonWatch(port).mode()


def judged(watch, *answers):
    for mode, moving in answers:
        watch.judge(mode, moving)
    return watch.fault


def test_nothing_is_strange_before_the_motors_are_wanted():
    assert not judged(DaemonWatch(1), *[("disabled", True)] * 5)


def test_a_move_of_somebody_else_is_a_fault_after_some_answers_and_until_it_is_over():
    watch = DaemonWatch(1)
    watch.motors_wanted(True)
    assert not judged(watch, ("enabled", True), *[("enabled", False)] * ANSWERS)
    assert "another program moves this robot" in judged(watch, *[("enabled", True)] * STRANGE)
    assert not judged(watch, *[("enabled", False)] * ANSWERS)


def test_motors_that_somebody_else_turned_off_are_a_fault_and_our_own_doing_is_none():
    watch = DaemonWatch(1)
    watch.motors_wanted(True)
    assert "'gravity_compensation'" in judged(watch, *[("gravity_compensation", False)] * STRANGE)
    watch.motors_wanted(False)
    assert not judged(watch, *[("disabled", False)] * ANSWERS)


def test_it_asks_by_itself_and_bears_a_daemon_that_goes(daemon, monkeypatch):
    monkeypatch.setattr(daemon_watch, "PERIOD_S", 0.01)
    port, pages = daemon
    pages.state = b'{"control_mode": "disabled"}'
    watch = DaemonWatch(port)
    watch.motors_wanted(True)
    watch.start()
    deadline = time.monotonic() + 10.0
    while not watch.fault:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    pages.state = b"garbage"
    time.sleep(0.05)
    assert watch.fault
    watch.close()
