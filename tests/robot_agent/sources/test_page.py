"""The robot's page over real sockets: a stop is answered at once, and then again; nothing else gets in."""

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from robot_agent.config import AgentConfig
from robot_agent.confirmation import WHO
from robot_agent.frames import Mode
from robot_agent.guard.latch_file import UNREADABLE
from robot_agent.guard.machine import STOP_SOURCES
from robot_agent.guard.stops import UNCLEAN_BOOT
from robot_agent.photos import PhotoFolder
from robot_agent.sources import page
from robot_agent.sources.buttons import Board, ButtonState
from robot_agent.sources.page import MAX_BODY, MAX_CONNECTIONS, Desk, Server, content_policy
from tests.robot_agent.samples import record


def until(condition, timeout_s=20.0):
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "did not come about"
        time.sleep(0.01)
    return found


@pytest.fixture
def served(config, lines):
    """The page's server at a port of its own."""
    config.runtime.folder.mkdir(parents=True, exist_ok=True)
    server = Server(("127.0.0.1", 0), Desk(config, lines))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    ending = threading.Event()
    watch = threading.Thread(target=server.desk.keep_watch, args=(ending,))
    watch.start()
    yield server
    ending.set()
    server.shutdown()
    server.server_close()
    thread.join()
    watch.join()


def ask(served, method, path, body=None, **headers):
    """One request; the status and what was said."""
    connection = http.client.HTTPConnection("127.0.0.1", served.server_port, timeout=10)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer, text


def raw(served, data):
    """Bytes as they are; the whole answer."""
    with socket.create_connection(("127.0.0.1", served.server_port), timeout=10) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(4096), b""))


def test_a_stop_is_answered_at_once_and_again_when_the_robot_has_confirmed(served, guard):
    answer, text = ask(served, "POST", "/stop")
    assert answer.status == 200
    sent, confirmed = [json.loads(line) for line in text.splitlines()]
    assert sent == {"sent": True}
    assert confirmed["confirmed"]
    assert 0.0 <= confirmed["latched_ms"] < 2000.0
    assert guard.sources == ["page"]


def test_the_first_answer_does_not_wait_for_the_guard(served, lines, monkeypatch):
    monkeypatch.setattr(page, "CONFIRM_S", 0.5)
    with socket.create_connection(("127.0.0.1", served.server_port), timeout=10) as client:
        client.sendall(b"POST /stop HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        lines_of_it = client.makefile("rb")
        while not (line := lines_of_it.readline()).startswith(b"{"):
            assert line
        assert json.loads(line) == {"sent": True}
        begun = time.monotonic()
        last = json.loads(lines_of_it.readline())
        assert time.monotonic() - begun > 0.2
    assert not last["confirmed"]
    assert "as soon as it runs" in last["error"]


def test_a_stop_needs_no_body_and_no_particular_one(served, guard):
    for body in (None, "", "{}", "x" * 100_000, b"\xff\x00"):
        answer, _ = ask(served, "POST", "/stop", body)
        assert answer.status == 200
    assert guard.sources == ["page"] * 5


def test_nothing_on_it_releases_or_resumes(served, guard, lines):
    for path in ("/release", "/resume", "/limp", "/stop/release", "/stop?release", "/state", "/"):
        answer, _ = ask(served, "POST", path, "{}")
        assert answer.status == 404
    assert guard.sources == []
    assert not {"release", "resume", "limp"} & set(_page_lines())


def _page_lines():
    from robot_agent.processes import TABLE

    return next(process.lines for process in TABLE if process.name == "page")


def test_the_state_says_who_stopped_it_and_how_the_buttons_are(served, guard, config):
    _, text = ask(served, "GET", "/state")
    state = json.loads(text)
    assert (state["robot_id"], state["state"], state["stopped_by"]) == ("r1", "ACTIVE", "")
    assert state["buttons"] == []
    Board(config.runtime.buttons).show(ButtonState("the button at GPIO 17", present=True, warned=True))
    ask(served, "POST", "/stop")
    state = json.loads(ask(served, "GET", "/state")[1])
    assert (state["state"], state["stopped_by"]) == ("STOPPED", "the robot's page")
    assert state["buttons"][0]["warned"]
    guard.state = replace(guard.state, mode=Mode.FAULT, fault="tracking: joint stewart_1", limp=True)
    state = json.loads(ask(served, "GET", "/state")[1])
    assert (state["state"], state["fault"], state["limp"]) == ("FAULT", "tracking: joint stewart_1", True)


def test_photos_are_shown_the_newest_first_and_nothing_else_is_given_out(served, guard, config):
    folder = PhotoFolder(config.state.photos)
    for seq in (1, 2):
        folder.keep("r1", record(decision_seq=seq), np.full((2, 3, 3), seq, np.uint8))
    (config.state.folder / "secret.png").write_bytes(b"secret")
    said = json.loads(ask(served, "GET", "/state")[1])
    assert said["photos"] == ["r1-1-2.png", "r1-1-1.png"]
    assert said["eyes"].startswith("no camera")
    connection = http.client.HTTPConnection("127.0.0.1", served.server_port, timeout=10)
    for path, status in (
        ("/photos/r1-1-2.png", 200),
        ("/photos/r1-1-9.png", 404),
        ("/photos/../secret.png", 404),
        ("/photos/%2e%2e%2fsecret.png", 404),
        ("/photos/", 404),
    ):
        connection.request("GET", path)
        answer = connection.getresponse()
        data = answer.read()
        assert answer.status == status, path
        assert (data[:4] == b"\x89PNG") == (status == 200)
    connection.close()
    assert ask(served, "GET", "/photos/r1-1-2.png", Origin="http://evil.example")[0].status == 403


def test_a_guard_that_does_not_tick_is_not_there(served):
    state = json.loads(ask(served, "GET", "/state")[1])
    assert state["state"] == "NO_GUARD"


def test_a_damaged_list_of_buttons_is_none(served, guard, config):
    for text in ("", "{", "7", '[{"colour": "red"}]', "null", "[1]"):
        config.runtime.buttons.write_text(text)
        assert json.loads(ask(served, "GET", "/state")[1])["buttons"] == []


def test_another_site_cannot_ask(served, guard):
    here = f"127.0.0.1:{served.server_port}"
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://evil.example/{here}"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ):
        answer, text = ask(served, "POST", "/stop", "", **headers)
        assert answer.status == 403
        assert "open the robot's own page" in json.loads(text)["error"]
    assert guard.sources == []
    answer, _ = ask(served, "POST", "/stop", "", Origin=f"http://{here}", Sec_Fetch_Site="same-origin")
    assert answer.status == 200
    assert guard.sources == ["page"]


def test_who_watches_is_missed_when_silent_and_not_after_a_farewell(served, guard):
    def beat(name, watching):
        answer, text = ask(served, "POST", "/watch", json.dumps({"watcher": name, "watching": watching}))
        assert answer.status == 200, text
        return json.loads(text)

    assert beat("anna", True) == {"watching": True}
    beat("ben", True)
    assert json.loads(ask(served, "GET", "/state")[1])["watchers"] == 2
    assert beat("anna", False) == {"watching": False}
    until(lambda: guard.sources)
    assert guard.sources == ["supervisor"]
    assert len(served.desk.watchers) == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("{", 400),
        ("[" * 400, 400),
        ("null", 400),
        ("[]", 400),
        ('{"watcher": "anna"}', 400),
        ('{"watcher": "anna", "watching": 1}', 400),
        ('{"watcher": "", "watching": true}', 400),
        ('{"watcher": "a b", "watching": true}', 400),
        ('{"watcher": ["anna"], "watching": true}', 400),
        (json.dumps({"watcher": "a" * 65, "watching": True}), 400),
        (b"\xff\xfe", 400),
        ("x" * (MAX_BODY + 1), 413),
    ],
)
def test_a_watch_that_makes_no_sense_is_refused(served, guard, body, status):
    answer, text = ask(served, "POST", "/watch", body)
    assert answer.status == status
    assert json.loads(text)["error"]
    assert len(served.desk.watchers) == 0
    assert guard.sources == []


@pytest.mark.parametrize(
    ("length", "status"),
    [
        ("-1", 411),
        ("two", 411),
        ("", 411),
        ("99999999999999999999", 413),
        ("000000000999999", 413),
        ("²", 411),
    ],
)
def test_a_length_that_makes_no_sense_is_refused(served, length, status):
    data = f"POST /watch HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode("latin-1", "replace")
    assert raw(served, data).startswith(f"HTTP/1.1 {status} ".encode())


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"GET\r\n\r\n",
        b"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PUT /stop HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /state HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"POST /stop HTTP/9.9\r\n\r\n",
        b"",
    ],
)
def test_what_is_no_request_is_answered_or_dropped_and_does_nothing(served, guard, data):
    answer = raw(served, data)
    assert answer == b"" or b"200 OK" not in answer.split(b"\r\n")[0]
    assert guard.sources == []
    assert ask(served, "GET", "/")[0].status == 200


def test_silent_connections_end_and_do_not_keep_a_stop_waiting(served, guard, monkeypatch):
    monkeypatch.setattr(page.Handler, "timeout", 1.0)
    address = ("127.0.0.1", served.server_port)
    silent = [socket.create_connection(address, timeout=20) for _ in range(MAX_CONNECTIONS // 2)]
    assert ask(served, "POST", "/stop")[0].status == 200
    assert guard.sources == ["page"]
    assert [client.recv(1) for client in silent] == [b""] * len(silent)
    # More than there is room for: those are turned away, and there is room again when the silent have gone.
    silent += [socket.create_connection(address, timeout=20) for _ in range(MAX_CONNECTIONS + 5)]
    assert all(client.recv(1) == b"" for client in silent[MAX_CONNECTIONS // 2 :])
    until(lambda: ask(served, "GET", "/")[0].status == 200)
    for client in silent:
        client.close()


def test_the_page_needs_nothing_from_elsewhere(served):
    answer, text = ask(served, "GET", "/")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = answer.headers["Content-Security-Policy"]
    assert policy == content_policy(text)
    assert policy.count("sha256-") == 2
    assert "unsafe" not in policy
    assert not any(word in text for word in ("http://", "https://", "@import", "url(", "src="))
    assert ask(served, "GET", "/favicon.ico")[0].status == 404


def test_every_source_of_a_stop_has_words():
    assert set(WHO) == {*STOP_SOURCES, UNCLEAN_BOOT, UNREADABLE}


def test_where_it_is_served():
    assert AgentConfig(body="reachy").page_address == ("0.0.0.0", 8042)
    assert AgentConfig(body="mujoco").page_address == ("127.0.0.1", 8042)
    assert AgentConfig(page_host="10.0.0.7", page_port=99).page_address == ("10.0.0.7", 99)


def test_a_port_that_is_taken_is_said_once_and_tried_again(config, lines):
    config.runtime.folder.mkdir(parents=True)
    code = (
        "import json, logging, sys; logging.basicConfig()\n"
        "from robot_agent.processes import config_from\n"
        "from robot_agent.sources import page\n"
        "page.RETRY_S = 0.05\n"
        "page.run(config_from(json.loads(sys.argv[1])), json.loads(sys.argv[2]))\n"
    )
    from robot_agent.processes import settings

    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    held = {name: lines[name] for name in _page_lines()}
    arguments = [sys.executable, "-c", code, settings(replace(config, page_port=port)), json.dumps(held)]
    process = subprocess.Popen(arguments, pass_fds=held.values(), stderr=subprocess.PIPE, text=True)
    complaint = process.stderr.readline()
    assert "choose another page_port or page_host" in complaint
    taken.close()

    def there():
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
            return True
        except OSError:
            return False

    until(there)
    process.terminate()
    assert process.stderr.read() == ""
    process.wait()
