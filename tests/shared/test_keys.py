"""Key pairs are made once, kept private, and checked when read."""

import stat
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.errors import ConfigError, MissingExtra
from shared.keys import allowed_keys, ensure_keypair, parse_key, read_public

zmq = pytest.importorskip("zmq")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_pair_is_made_once_and_is_a_pair(tmp_path):
    path = tmp_path / "keys" / "link.key"
    public, secret = ensure_keypair(path)
    assert zmq.curve_public(secret.encode()).decode() == public
    assert ensure_keypair(path) == (public, secret)
    assert read_public(path.with_suffix(".pub")) == public
    assert mode(path) == 0o600
    assert mode(path.with_suffix(".pub")) == 0o600
    assert sorted(p.name for p in path.parent.iterdir()) == ["link.key", "link.pub"]


def test_a_lost_or_foreign_public_file_is_put_right(tmp_path):
    path = tmp_path / "link.key"
    public, _ = ensure_keypair(path)
    path.with_suffix(".pub").unlink()
    assert ensure_keypair(path)[0] == public
    other, _ = ensure_keypair(tmp_path / "other.key")
    path.with_suffix(".pub").write_text(other)
    assert ensure_keypair(path)[0] == public
    assert read_public(path.with_suffix(".pub")) == public


def test_processes_that_start_at_once_agree(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: ensure_keypair(tmp_path / "link.key"), range(16)))
    assert len(set(found)) == 1


def test_a_secret_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "link.key"
    ensure_keypair(path)
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        ensure_keypair(path)


@pytest.mark.parametrize(
    "content", [b"", b"short", b"x" * 41, b"~" * 40, b"\xff" * 40, b"x" * 20 + b" " + b"x" * 19]
)
def test_malformed_key_files(tmp_path, content):
    path = tmp_path / "link.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match=r"link\.key"):
        ensure_keypair(path)


def test_a_missing_public_key_says_how_to_make_one(tmp_path):
    with pytest.raises(ConfigError, match="reachy-coach keys"):
        read_public(tmp_path / "learner.pub")


def test_the_allow_list(tmp_path):
    assert allowed_keys(tmp_path / "none") == {}
    public, _ = ensure_keypair(tmp_path / "mini-1.key")
    other, _ = ensure_keypair(tmp_path / "mini-2.key")
    assert allowed_keys(tmp_path) == {"mini-1": public, "mini-2": other}
    (tmp_path / "bad.pub").write_text("nonsense")
    with pytest.raises(ConfigError, match=r"bad\.pub"):
        allowed_keys(tmp_path)


def test_typed_keys_may_have_blanks_around_them():
    public, _ = zmq.curve_keypair()
    assert parse_key(f"  {public.decode()}\n", "--learner-key") == public.decode()
    with pytest.raises(ConfigError, match="--learner-key"):
        parse_key("abc", "--learner-key")


def test_without_pyzmq_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "zmq", None)
    with pytest.raises(MissingExtra, match=r"reachy-coach\[robot\]"):
        ensure_keypair(tmp_path / "link.key")
    assert list(tmp_path.iterdir()) == []
