"""Whether the stop buttons that are configured are there."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from robot_agent.checks import Check, fail, fine
from robot_agent.config import AgentConfig

DEVICES = Path("/dev")


def gpio_button(config: AgentConfig) -> Check:
    """The button at a GPIO pin, if one is configured."""
    line = config.button_gpio
    if line is None:
        return fine("GPIO button", "none is configured")
    for module in ("gpiozero", "lgpio"):
        if importlib.util.find_spec(module) is None:
            return _no_module("GPIO button", module)
    chips = sorted(DEVICES.glob("gpiochip*"))
    if not any(os.access(chip, os.R_OK | os.W_OK) for chip in chips):
        found = "no GPIO chip" if not chips else f"{chips[0]} may not be opened by this user"
        why = f"the stop button at BCM {line} does not work, and the robot stays stopped"
        return fail(
            "GPIO button", found, why, "run install-robot again for its rules, or take button_gpio out"
        )
    return fine("GPIO button", f"BCM {line}")


def usb_button(config: AgentConfig) -> Check:
    """The USB button, if one is configured."""
    wanted = config.button_usb
    if not wanted:
        return fine("USB button", "none is configured")
    if importlib.util.find_spec("evdev") is None:
        return _no_module("USB button", "evdev")
    import evdev

    devices = [(path, evdev.InputDevice(path)) for path in evdev.list_devices()]
    found = [path for path, device in devices if device.name.casefold() == wanted.casefold()]
    for _, device in devices:
        device.close()
    if not found and not os.access(wanted, os.R_OK):
        why = "the USB stop button does not work, and the robot stays stopped"
        remedy = "plug it in, or empty button_usb; `evtest` lists names"
        return fail("USB button", f"{wanted!r} is not there or may not be read", why, remedy)
    return fine("USB button", f"{wanted!r}")


def _no_module(name: str, module: str) -> Check:
    line = "pip install 'reachy-coach[buttons]'"
    return fail(name, f"{module} is not installed", "the stop button does not work", line)
