"""What keeps a robot from moving by itself after a boot, and what is only worth a warning."""

import shutil
import sys
from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from robot_agent import button_checks, main, selftest
from robot_agent.checks import Level, fine, looked_at, worst
from robot_agent.main import _make_folders
from robot_agent.selftest import filesystem, may_arm, self_test
from shared.errors import BodyError

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def ready(config):
    """A robot whose folders are there."""
    _make_folders(config)
    return config


def level(config, name):
    return next(check.level for check in self_test(config) if check.name == name)


def test_a_robot_in_order_may_arm(ready):
    assert worst(self_test(ready)) is not Level.FAIL
    assert may_arm(ready)
    assert list(ready.state.folder.iterdir()) == [], "looking leaves nothing behind"


def test_a_state_folder_that_cannot_be_written_forbids_it(ready, monkeypatch):
    def no_space(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(selftest.tempfile, "TemporaryFile", no_space)
    assert level(ready, "state folder") is Level.FAIL
    assert not may_arm(ready)


def test_a_full_disk_forbids_it_and_a_nearly_full_one_warns(ready, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 10_000_000))
    assert level(ready, "disk") is Level.FAIL
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 200_000_000))
    assert level(ready, "disk") is Level.WARN
    assert level(replace(ready, spool_records=1000), "disk") is Level.OK


@pytest.mark.parametrize("which", ["runtime", "state"])
@pytest.mark.parametrize("text", ["", "CLEAR", '{"latch": "OPEN"}', "\0\0", "[" * 10_000])
def test_a_damaged_latch_file_forbids_it(ready, which, text):
    getattr(ready, which).latch_file.write_text(text)
    assert level(ready, "latch") is Level.FAIL
    assert not may_arm(ready)


def test_a_damaged_policy_is_named_and_forbids_nothing(ready):
    ready.state.bundles.mkdir()
    (ready.state.bundles / "00000003.bundle").write_bytes(b"nonsense")
    found = next(check for check in self_test(ready) if check.name == "policies")
    assert found.level is Level.WARN
    assert "00000003.bundle" in found.found
    assert may_arm(ready)


def test_a_configured_button_that_is_missing_forbids_it(ready, monkeypatch, tmp_path):
    monkeypatch.setattr(button_checks, "DEVICES", tmp_path)
    assert level(replace(ready, button_gpio=17), "GPIO button") is Level.FAIL
    (tmp_path / "gpiochip0").write_text("")
    assert level(replace(ready, button_gpio=17), "GPIO button") is Level.OK
    assert level(replace(ready, button_usb="Big Red Button"), "USB button") is Level.FAIL
    assert not may_arm(replace(ready, button_usb="/dev/input/by-id/none"))


def test_a_usb_button_is_found_by_name_or_path(ready, monkeypatch, tmp_path):
    path = tmp_path / "event7"
    path.write_text("")
    device = SimpleNamespace(name="Big Red Button", close=lambda: None)
    evdev = SimpleNamespace(list_devices=lambda: [str(path)], InputDevice=lambda _: device)
    monkeypatch.setitem(sys.modules, "evdev", evdev)
    monkeypatch.setattr(button_checks.importlib.util, "find_spec", lambda _: object())
    assert level(replace(ready, button_usb="big red button"), "USB button") is Level.OK
    assert level(replace(ready, button_usb=str(path)), "USB button") is Level.OK
    assert level(replace(ready, button_usb="another"), "USB button") is Level.FAIL


@pytest.mark.parametrize(
    ("button", "module"), [({"button_gpio": 17}, "gpiozero"), ({"button_usb": "x"}, "evdev")]
)
def test_a_missing_extra_is_named(ready, monkeypatch, button, module):
    monkeypatch.setattr(button_checks.importlib.util, "find_spec", lambda _: None)
    failed = [check for check in self_test(replace(ready, **button)) if check.level is Level.FAIL]
    assert [check.found for check in failed] == [f"{module} is not installed"]
    assert "reachy-coach[buttons]" in failed[0].remedy


def test_a_check_that_breaks_is_a_failed_one_and_hides_no_other(ready, tmp_path):
    def denied():
        raise PermissionError(13, "no", "/secret")

    def broken():
        raise BodyError("it is gone")

    found = looked_at((("a", denied), ("b", broken), ("c", lambda: fine("c", "well"))))
    assert [(check.name, check.level) for check in found] == [
        ("a", Level.FAIL),
        ("b", Level.FAIL),
        ("c", Level.OK),
    ]
    assert "sudo" in found[0].remedy
    assert found[1].found == "it is gone"


def test_the_file_system_of_a_folder_is_known():
    assert filesystem(Path("/proc/self")) == "proc"
    assert filesystem(Path("/dev/shm")) in ("tmpfs", "ramfs")


@pytest.mark.parametrize("fit", [True, False])
def test_the_supervisor_lets_only_a_fit_robot_arm_itself(config, monkeypatch, fit):
    started = []
    monkeypatch.setattr(main, "may_arm", lambda _: fit)
    monkeypatch.setattr(main, "Ending", lambda *_: True)
    monkeypatch.setattr(main, "_children", lambda config, lines: started.append(config) or [])
    assert main.run(config) == 0
    assert started[0].arms_itself is fit
