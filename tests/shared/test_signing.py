"""Ed25519 keys on disk and as people type them."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.errors import ConfigError, MissingExtra
from shared.signing import distrust, ensure_signing_key, parse_public, trust, trusted_signers, verify


def test_a_key_is_made_once_and_signs(tmp_path):
    path = tmp_path / "keys" / "signing.key"
    key = ensure_signing_key(path)
    assert ensure_signing_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.with_suffix(".pub").read_text().strip() == key.public.hex()
    assert "secret" not in repr(key)
    signature = key.sign(b"message")
    assert verify(key.public, signature, b"message")
    assert not verify(key.public, signature, b"massage")
    assert not verify(key.public, b"short", b"message")
    assert not verify(b"no key", signature, b"message")
    other = ensure_signing_key(tmp_path / "other.key")
    assert not verify(other.public, signature, b"message")


def test_processes_that_start_at_once_agree(tmp_path):
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: ensure_signing_key(tmp_path / "k.key"), range(8)))
    assert len({key.public for key in found}) == 1


def test_a_secret_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "signing.key"
    ensure_signing_key(path)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        ensure_signing_key(path)


def test_the_list_of_trusted_keys(tmp_path):
    folder = tmp_path / "signers"
    assert trusted_signers(folder) == {}
    key = ensure_signing_key(tmp_path / "a.key")
    trust(folder, "learner", key.public)
    assert trusted_signers(folder) == {"learner": key.public}
    with pytest.raises(ConfigError, match="keys signers"):
        distrust(folder, "nobody")
    with pytest.raises(ConfigError, match="key name"):
        trust(folder, "../learner", key.public)
    distrust(folder, "learner")
    assert trusted_signers(folder) == {}
    (folder / "bad.pub").write_text("nonsense")
    with pytest.raises(ConfigError, match=r"bad\.pub"):
        trusted_signers(folder)


@pytest.mark.parametrize("text", ["", "xyz", "0" * 63, "0" * 65, "g" * 64])
def test_typed_keys(text):
    with pytest.raises(ConfigError, match="the key is not a signing key"):
        parse_public(text, "the key")
    assert parse_public(f" {'Ab' * 32}\n", "the key") == bytes.fromhex("ab" * 32)


def test_without_cryptography_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric", None)
    with pytest.raises(MissingExtra, match=r"reachy-coach\[robot\]"):
        ensure_signing_key(tmp_path / "k.key")
    assert list(tmp_path.iterdir()) == []
