"""CURVE key pairs for the link: one secret file that only its owner reads, one public file to hand out."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

from shared.errors import ConfigError, MissingExtra
from shared.files import create_once, write_atomic

_KEY_LENGTH = 40
_Z85 = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#")


def ensure_keypair(path: Path) -> tuple[str, str]:
    """The key pair at `path` (secret) and `path` with suffix `.pub`, made if it is not there.

    Args:
        path: the secret key's file, such as `keys/link.key`; both files get mode 0600.

    Returns:
        (public, secret), each 40 characters of Z85.

    Raises:
        ConfigError: a key file is malformed, or others may read the secret.
        MissingExtra: pyzmq is not installed.
    """
    if not path.exists():
        _, secret_key = _zmq().curve_keypair()
        create_once(path, secret_key + b"\n")
    if path.stat().st_mode & 0o077:
        raise ConfigError(f"{path} can be read by others; run: chmod 600 {path}")
    secret = _read_key(path)
    public: str = _zmq().curve_public(secret.encode()).decode()
    public_path = path.with_suffix(".pub")
    if not public_path.exists() or read_public(public_path) != public:
        write_atomic(public_path, f"{public}\n".encode(), 0o600)
    return public, secret


def read_public(path: Path) -> str:
    """The public key in a file.

    Raises:
        ConfigError: not there, or not a key.
    """
    return _read_key(path)


def parse_key(text: str, where: str) -> str:
    """A key as somebody typed it, without blanks around it.

    Raises:
        ConfigError: not 40 characters of Z85; names `where`.
    """
    key = text.strip()
    if len(key) != _KEY_LENGTH or not _Z85.issuperset(key):
        raise ConfigError(f"{where} is not a key: expected {_KEY_LENGTH} characters of Z85, got {len(key)}")
    return key


def check_robot_id(robot_id: str) -> None:
    """A robot's id names its folders, and its key's file at the learner.

    Raises:
        ConfigError: other characters than those of plain file names, or too many of them.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,48}", robot_id):
        raise ConfigError(f"robot id {robot_id!r}: use 1 to 48 letters, digits, - and _")


def allowed_keys(folder: Path) -> dict[str, str]:
    """Name -> public key of every `*.pub` file in a folder; empty if there is no such folder.

    Raises:
        ConfigError: one of them is malformed.
    """
    return {path.stem: read_public(path) for path in sorted(folder.glob("*.pub"))}


def _read_key(path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise ConfigError(f"no key file {path}; make one with: reachy-coach keys") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    return parse_key(text, str(path))


def _zmq() -> ModuleType:
    try:
        import zmq
    except ImportError:
        raise MissingExtra("robot", "pyzmq") from None
    return zmq
