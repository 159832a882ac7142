"""Layers, types, ranges, and errors that name their source."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from shared.config import describe, load
from shared.errors import ConfigError


@dataclass(frozen=True)
class Wire:
    port: int = field(default=5557, metadata={"min": 1, "max": 65535})
    """TCP port of the link."""
    host: str = "127.0.0.1"


@dataclass(frozen=True)
class Settings:
    """An example."""

    name: str = "robot"
    """Names this robot."""
    speed: float = field(default=1.0, metadata={"min": 0.1, "max": 50.0})
    fast: bool = False
    folder: Path | None = None
    mode: Literal["sim", "real"] = "sim"
    body: str = field(default="a", metadata={"choices": ("a", "b")})
    weights: tuple[float, ...] = (1.0, 0.5)
    pair: tuple[int, int] = (1, 2)
    wire: Wire = field(default_factory=Wire)
    """The link."""


@dataclass(frozen=True)
class Needs:
    must: int


def toml(tmp_path, text):
    path = tmp_path / "coach.toml"
    path.write_text(text)
    return path


def test_defaults():
    assert load(Settings) == Settings()


def test_each_layer_beats_the_one_before(tmp_path, monkeypatch):
    file = toml(tmp_path, 'name = "file"\nspeed = 2\n[wire]\nport = 1000\nhost = "file"\n')
    assert load(Settings, file=file) == Settings(name="file", speed=2.0, wire=Wire(1000, "file"))
    monkeypatch.setenv("REACHY_COACH_SPEED", "3")
    monkeypatch.setenv("REACHY_COACH_WIRE__PORT", "2000")
    assert load(Settings, file=file) == Settings(name="file", speed=3.0, wire=Wire(2000, "file"))
    overrides = {"wire": {"port": 3000}, "speed": None, "wire.host": "flag"}
    assert load(Settings, file=file, overrides=overrides) == Settings(
        name="file", speed=3.0, wire=Wire(3000, "flag")
    )


@pytest.mark.parametrize(
    ("name", "text", "attribute", "value"),
    [
        ("FAST", "yes", "fast", True), ("FAST", "0", "fast", False),
        ("FOLDER", "/tmp/x", "folder", Path("/tmp/x")),
        ("FOLDER", "", "folder", None), ("WEIGHTS", "1, 2.5,3", "weights", (1.0, 2.5, 3.0)),
        ("PAIR", "4,5", "pair", (4, 5)),
        ("MODE", "real", "mode", "real"), ("NAME", "7", "name", "7"), ("BODY", "b", "body", "b"),
    ],
)  # fmt: skip
def test_values_from_the_environment(monkeypatch, name, text, attribute, value):
    monkeypatch.setenv(f"REACHY_COACH_{name}", text)
    found = getattr(load(Settings), attribute)
    assert found == value
    assert type(found) is type(value)


def test_an_unknown_key_names_its_file_and_the_nearest_key(tmp_path):
    file = toml(tmp_path, "[wire]\nprot = 3\n")
    with pytest.raises(ConfigError, match=r"coach\.toml: unknown key wire\.prot; did you mean wire\.port\?"):
        load(Settings, file=file)
    with pytest.raises(ConfigError, match="command line: unknown key zzz; known: name, speed"):
        load(Settings, overrides={"zzz": 1})


def test_an_unknown_variable_is_an_error_too(monkeypatch):
    monkeypatch.setenv("REACHY_COACH_SPEDE", "1")
    with pytest.raises(ConfigError, match="environment: unknown key spede; did you mean speed"):
        load(Settings)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("speed = 'fast'", "speed = 'fast': expected float"),
        ("speed = 51.0", "must be between 0.1 and 50.0"),
        ("speed = nan", "must be finite"),
        ("speed = true", "expected float, got bool"),
        ("fast = 1", "expected bool, got int"),
        ("name = 3", "expected str"),
        ("mode = 'dream'", "one of sim, real"),
        ("body = 'c'", "one of a, b"),
        ("weights = 3", "expected a list"),
        ("weights = ['a']", r"weights\[0\]"),
        ("pair = [1]", "expected 2 items"),
        ("folder = 3", "folder = 3"),
        ("wire = 3", "wire is a section"),
        ("[wire]\nport = 0", "wire.port = 0: must be between 1 and 65535"),
        ("[wire]\nport = 1.5", "expected int"),
        ("not toml", "cannot be read"),
    ],
)
def test_bad_files(tmp_path, text, why):
    with pytest.raises(ConfigError, match=why) as error:
        load(Settings, file=toml(tmp_path, text))
    assert "coach.toml" in str(error.value)


@pytest.mark.parametrize(
    ("name", "text"), [("SPEED", "x"), ("FAST", "maybe"), ("WIRE__PORT", "1.5"), ("WIRE", "3")]
)
def test_bad_variables(monkeypatch, name, text):
    monkeypatch.setenv(f"REACHY_COACH_{name}", text)
    with pytest.raises(ConfigError, match="environment"):
        load(Settings)


def test_missing_and_unreadable_files(tmp_path):
    with pytest.raises(ConfigError, match="no configuration file"):
        load(Settings, file=tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(Settings, file=tmp_path / "bytes.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(Settings, file=tmp_path)


def test_what_has_no_default_must_be_given():
    assert load(Needs, overrides={"must": 3}) == Needs(3)
    with pytest.raises(ConfigError, match="must is not set"):
        load(Needs)


def test_a_value_and_a_section_at_once():
    with pytest.raises(ConfigError, match="both as a value and as a section"):
        load(Settings, overrides={"wire": 3, "wire.port": 4})


def test_the_description_is_toml_with_the_defaults_and_the_docs(tmp_path):
    text = describe(Settings)
    assert load(Settings, file=toml(tmp_path, text)) == Settings()
    assert tomllib.loads(text)["wire"]["port"] == 5557
    assert "# TCP port of the link. (1 to 65535)" in text
    assert "# Names this robot." in text
    assert "(one of sim, real)" in text
    assert "# folder =" in text
