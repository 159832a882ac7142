"""`reachy-coach keys`: who may connect to whom, and whose policies a robot takes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from shared.errors import ConfigError
from shared.files import write_atomic
from shared.keys import allowed_keys, check_robot_id, ensure_keypair, parse_key
from shared.signing import distrust as distrust_key
from shared.signing import ensure_signing_key, parse_public, trusted_signers
from shared.signing import trust as trust_key
from tools.options import AsJson, DataDir

app = App(name="keys", help="Keys of the link between robot and learner, and of the policies it carries.")

Name = Annotated[str, Parameter(help="The robot's id, as given to `reachy-coach agent --robot-id`.")]
Signer = Annotated[str, Parameter(help="What to call the key on this robot, such as `learner`.")]


@app.command
def robot(*, robot_id: Name = "robot", data_dir: DataDir = None, as_json: AsJson = False) -> int:
    """Print this robot's public key; makes the pair on first use."""
    from robot_agent.config import load_agent_config

    config = load_agent_config(None, {"robot_id": robot_id, "data_dir": data_dir})
    public, _ = ensure_keypair(config.state.key)
    return _tell(
        public,
        as_json,
        f"on the learner: reachy-coach keys allow {config.robot_id} '{public}'",
        robot=robot_id,
    )


@app.command
def learner(*, data_dir: DataDir = None, as_json: AsJson = False) -> int:
    """Print this learner's public key of the link; makes it and the key that signs policies on first use."""
    from learner.config import load_learner_config

    config = load_learner_config(None, {"data_dir": data_dir})
    public, _ = ensure_keypair(config.key_path)
    signing = ensure_signing_key(config.signing_key_path).public.hex()
    hint = f"on the robot: reachy-coach keys trust learner {signing}\n"
    hint += f"on the robot: reachy-coach agent --learner-key '{public}' ..."
    return _tell(public, as_json, hint, signing_key=signing)


@app.command
def allow(
    name: Name, key: Annotated[str, Parameter(help="Its public key.")], *, data_dir: DataDir = None
) -> int:
    """Let a robot connect to this learner; takes effect at once."""
    path = _allow_file(name, data_dir)
    write_atomic(path, f"{parse_key(key, 'the key')}\n".encode())
    sys.stdout.write(f"{name} may connect\n")
    return 0


@app.command
def forbid(name: Name, *, data_dir: DataDir = None) -> int:
    """Take a robot off this learner's list; takes effect at its next connection."""
    path = _allow_file(name, data_dir)
    if not path.exists():
        raise ConfigError(f"{name!r} is not on the list; `reachy-coach keys list` shows it")
    path.unlink()
    sys.stdout.write(f"{name} may no longer connect\n")
    return 0


@app.command(name="list")
def list_keys(*, data_dir: DataDir = None, as_json: AsJson = False) -> int:
    """The robots that may connect to this learner."""
    found = allowed_keys(_allow_dir(data_dir))
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        sys.stdout.write("".join(f"{name}  {key}\n" for name, key in found.items()))
    return 0


@app.command
def trust(
    name: Signer,
    key: Annotated[str, Parameter(help="The learner's key that signs policies, 64 hexadecimal digits.")],
    *,
    robot_id: Name = "robot",
    data_dir: DataDir = None,
) -> int:
    """Let this robot use policies signed with a key; takes effect for the next policy."""
    trust_key(_signers(robot_id, data_dir), name, parse_public(key, "the key"))
    sys.stdout.write(f"{robot_id} takes policies signed by {name}\n")
    return 0


@app.command
def distrust(name: Signer, *, robot_id: Name = "robot", data_dir: DataDir = None) -> int:
    """Take a key off this robot's list; takes effect for the next policy."""
    distrust_key(_signers(robot_id, data_dir), name)
    sys.stdout.write(f"{robot_id} takes no more policies signed by {name}\n")
    return 0


@app.command
def signers(*, robot_id: Name = "robot", data_dir: DataDir = None, as_json: AsJson = False) -> int:
    """The keys whose policies this robot takes."""
    found = {name: key.hex() for name, key in trusted_signers(_signers(robot_id, data_dir)).items()}
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        sys.stdout.write("".join(f"{name}  {key}\n" for name, key in found.items()))
    return 0


def _signers(robot_id: str, data_dir: Path | None) -> Path:
    from robot_agent.config import load_agent_config

    return load_agent_config(None, {"robot_id": robot_id, "data_dir": data_dir}).state.signers


def _allow_dir(data_dir: Path | None) -> Path:
    from learner.config import load_learner_config

    return load_learner_config(None, {"data_dir": data_dir}).allow_dir


def _allow_file(name: str, data_dir: Path | None) -> Path:
    check_robot_id(name)
    return _allow_dir(data_dir) / f"{name}.pub"


def _tell(public: str, as_json: bool, hint: str, **more: str) -> int:
    if as_json:
        sys.stdout.write(json.dumps({**more, "public_key": public}) + "\n")
    else:
        sys.stdout.write(f"{public}\n")
        sys.stderr.write(f"{hint}\n")
    return 0
