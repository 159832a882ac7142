"""Make a robot and a learner of this machine known to each other."""

from __future__ import annotations

from pathlib import Path


def pair(data_dir: Path, robot_id: str) -> None:
    """Make the keys of both below `data_dir`, put the robot on the allow-list, and give it the learner's.

    The learner has two: one for the link, and one that signs policies.

    Raises:
        ConfigError: a key file is there and malformed.
    """
    from learner.config import LearnerConfig
    from robot_agent.config import AgentConfig
    from shared.files import write_atomic
    from shared.keys import ensure_keypair
    from shared.signing import ensure_signing_key, trust

    learner = LearnerConfig(data_dir=data_dir)
    robot = AgentConfig(robot_id=robot_id, data_dir=data_dir)
    learner_public, _ = ensure_keypair(learner.key_path)
    robot_public, _ = ensure_keypair(robot.state.key)
    write_atomic(learner.allow_dir / f"{robot_id}.pub", f"{robot_public}\n".encode())
    write_atomic(robot.learner_key_file, f"{learner_public}\n".encode())
    trust(robot.state.signers, "learner", ensure_signing_key(learner.signing_key_path).public)
