"""What reaches the service manager, and what does not when there is none or a bad one."""

import os
import socket
import threading

import pytest

from robot_agent.notify import MAX_STATUS, Notifier
from shared.errors import ConfigError


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """A service manager's socket and its address as in the environment."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        name = str(tmp_path / "notify") if request.param == "path" else f"@coach-{os.getpid()}-{id(request)}"
        listener.bind(name.replace("@", "\0", 1) if request.param == "abstract" else name)
        listener.settimeout(5.0)
        yield listener, name


def test_each_word_is_one_datagram(manager):
    listener, name = manager
    environment = {
        "NOTIFY_SOCKET": name,
        "WATCHDOG_USEC": "3000000",
        "WATCHDOG_PID": str(os.getpid()),
        "A": "b",
    }
    notifier = Notifier.from_env(environment)
    assert notifier.active
    assert notifier.watchdog_s == 3.0
    assert environment == {"A": "b"}, "a child must not speak for the agent"
    assert notifier.ready()
    assert notifier.watchdog()
    assert notifier.status("two\nlines " + "x" * 500)
    assert notifier.stopping()
    told = [listener.recv(4096).decode() for _ in range(4)]
    assert told[:2] == ["READY=1", "WATCHDOG=1"]
    assert told[2].startswith("STATUS=two lines x")
    assert len(told[2]) == len("STATUS=") + MAX_STATUS
    assert told[3] == "STOPPING=1"
    notifier.close()
    assert not notifier.ready()


def test_without_a_manager_nothing_happens():
    notifier = Notifier.from_env({})
    assert not notifier.active
    assert notifier.watchdog_s == 0.0
    assert not notifier.ready()


def test_the_watchdog_of_another_process_is_not_ours(manager):
    environment = {"NOTIFY_SOCKET": manager[1], "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}
    assert Notifier.from_env(environment).watchdog_s == 0.0


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"NOTIFY_SOCKET": "vsock:2:1234"}, "vsock:2:1234"),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "soon"}, "'soon'"),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "-5"}, "'-5'"),
    ],
)
def test_a_malformed_environment_is_named(environment, words):
    with pytest.raises(ConfigError, match=words):
        Notifier.from_env(environment)


def test_a_manager_that_is_gone_or_does_not_read_never_blocks(tmp_path, caplog):
    notifier = Notifier(str(tmp_path / "nobody"))
    assert not notifier.ready()
    assert not notifier.ready()
    assert len(caplog.records) == 1
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "deaf"))
        deaf = Notifier(str(tmp_path / "deaf"))
        flood = threading.Thread(target=lambda: [deaf.watchdog() for _ in range(5000)], daemon=True)
        flood.start()
        flood.join(20.0)
        assert not flood.is_alive()
