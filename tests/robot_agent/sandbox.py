"""Runs a command under the system call rules of the agent's unit, as systemd would, but without systemd.

`python sandbox.py UNIT COMMAND...`. Covers SystemCallFilter, MemoryDenyWriteExecute and
RestrictAddressFamilies; what they refuse fails with EPERM.
"""

import ctypes
import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
EQUAL, MASKED_EQUAL = 4, 7
PROT_WRITE, PROT_EXEC = 2, 4


class Compare(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    )


def members(group: str) -> set[str]:
    """The system calls of one of systemd's groups."""
    command = ["systemd-analyze", "syscall-filter", "--no-pager", group]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    words = [line.strip() for line in lines if line.startswith("    ")]
    found = set()
    for word in words:
        if word.startswith("@"):
            found |= members(word)
        elif word and not word.startswith("#"):
            found.add(word)
    return found


def allowed(settings: dict[str, list[str]]) -> set[str]:
    """What the unit's SystemCallFilter lines leave."""
    calls: set[str] = set()
    for line in settings["SystemCallFilter"]:
        for group in line.removeprefix("~").split():
            calls = calls - members(group) if line.startswith("~") else calls | members(group)
    return calls


def confine(settings: dict[str, list[str]]) -> None:
    """Take away from this process what the unit takes away."""
    lib = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    lib.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(lib.seccomp_init(REFUSE))

    def allow(name: str, *compares: Compare) -> None:
        number = lib.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            return  # a call of another architecture
        array = (Compare * len(compares))(*compares)
        if lib.seccomp_rule_add_array(context, ALLOW, number, len(compares), array) != 0:
            raise OSError(f"no rule for {name}")

    for name in allowed(settings) - {"mmap", "mprotect", "pkey_mprotect", "socket"}:
        allow(name)
    for bits in (0, PROT_WRITE, PROT_EXEC):
        allow("mmap", Compare(2, MASKED_EQUAL, PROT_WRITE | PROT_EXEC, bits))
    for name in ("mprotect", "pkey_mprotect"):
        allow(name, Compare(2, MASKED_EQUAL, PROT_EXEC, 0))
    for family in settings["RestrictAddressFamilies"][0].split():
        allow("socket", Compare(0, EQUAL, getattr(socket, family), 0))
    if lib.seccomp_load(context) != 0:
        raise OSError("the rules were not taken")


def unit_settings(path: Path) -> dict[str, list[str]]:
    """Key -> its values, of a unit file."""
    found: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


if __name__ == "__main__":
    confine(unit_settings(Path(sys.argv[1])))
    os.execv(sys.argv[2], sys.argv[2:])
