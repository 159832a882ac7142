"""Ed25519 for policies: a learner signs with its own key, a robot believes only keys that a person gave it.

Keys are written as 64 hexadecimal digits. Every signature covers a prefix that names its purpose, so that
nothing signed for another one can pass for a policy.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from shared.errors import ConfigError, MissingExtra
from shared.files import create_once, write_atomic

PURPOSE = b"reachy-coach policy bundle, format 2\0"
KEY_BYTES = 32
SIGNATURE_BYTES = 64


@dataclass(frozen=True)
class SigningKey:
    """A secret key. Whoever has it can give policies to every robot that trusts its public half."""

    secret: bytes = field(repr=False)

    @property
    def public(self) -> bytes:
        """The 32 bytes to hand out."""
        found: bytes = self._key().public_key().public_bytes_raw()
        return found

    def sign(self, message: bytes, purpose: bytes = PURPOSE) -> bytes:
        """64 bytes that nobody without this key can make."""
        found: bytes = self._key().sign(purpose + message)
        return found

    def _key(self) -> Any:
        return _ed25519().Ed25519PrivateKey.from_private_bytes(self.secret)


def verify(public: bytes, signature: bytes, message: bytes, purpose: bytes = PURPOSE) -> bool:
    """Whether the holder of the key `public` signed exactly this message for this purpose."""
    from cryptography.exceptions import InvalidSignature

    try:
        _ed25519().Ed25519PublicKey.from_public_bytes(public).verify(signature, purpose + message)
    except (InvalidSignature, ValueError):
        return False
    return True


def ensure_signing_key(path: Path) -> SigningKey:
    """The secret key at `path`, made if it is not there; its public half lies beside it with suffix `.pub`.

    Raises:
        ConfigError: a key file is malformed, or others may read the secret.
        MissingExtra: cryptography is not installed.
    """
    if not path.exists():
        _ed25519()
        create_once(path, os.urandom(KEY_BYTES).hex().encode() + b"\n")
    if path.stat().st_mode & 0o077:
        raise ConfigError(f"{path} can be read by others; run: chmod 600 {path}")
    key = SigningKey(_read(path))
    public_path = path.with_suffix(".pub")
    line = f"{key.public.hex()}\n".encode()
    if not public_path.exists() or public_path.read_bytes() != line:
        write_atomic(public_path, line, 0o600)
    return key


def trust(folder: Path, name: str, public: bytes) -> None:
    """Believe policies signed with this key from now on.

    Raises:
        ConfigError: the name is no plain file name.
    """
    write_atomic(_file(folder, name), f"{public.hex()}\n".encode(), 0o600)


def distrust(folder: Path, name: str) -> None:
    """Believe this key no more; takes effect for the next policy.

    Raises:
        ConfigError: no key of that name is trusted.
    """
    path = _file(folder, name)
    if not path.exists():
        raise ConfigError(f"no trusted key is called {name!r}; `reachy-coach keys signers` shows them")
    path.unlink()


def trusted_signers(folder: Path) -> dict[str, bytes]:
    """Name -> public key of every `*.pub` file in a folder; empty if there is no such folder.

    Raises:
        ConfigError: one of them is malformed.
    """
    return {path.stem: _read(path) for path in sorted(folder.glob("*.pub"))}


def parse_public(text: str, where: str) -> bytes:
    """A key as somebody typed it, without blanks around it.

    Raises:
        ConfigError: not 64 hexadecimal digits; names `where`.
    """
    key = text.strip()
    if not re.fullmatch(r"[0-9a-fA-F]{64}", key):
        raise ConfigError(
            f"{where} is not a signing key: expected 64 hexadecimal digits, got {len(key)} characters"
        )
    return bytes.fromhex(key)


def _file(folder: Path, name: str) -> Path:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,48}", name):
        raise ConfigError(f"key name {name!r}: use 1 to 48 letters, digits, - and _")
    return folder / f"{name}.pub"


def _read(path: Path) -> bytes:
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise ConfigError(f"no key file {path}; make one with: reachy-coach keys learner") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    return parse_public(text, str(path))


def _ed25519() -> ModuleType:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise MissingExtra("robot", "cryptography") from None
    return ed25519
