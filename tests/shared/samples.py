"""One valid example of every message and of a bundle's manifest."""

import numpy as np

from shared import messages as m
from shared.bundle import Manifest
from shared.control.ood import SHAPES, OodStats, pack_ood


def rng_f32(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def transition(n_ticks=10, **changes):
    values = {
        "robot_id": "mini-1", "boot_epoch": 3, "decision_seq": 41, "episode_id": "e-1", "episode_step": 2,
        "obs": rng_f32(512), "tool": 8, "params": rng_f32(4), "log_prob": -3.25, "value": 0.5,
        "tool_mask": (1 << 20) - 1, "policy_version": 7, "source": "policy", "end_reason": "completed",
        "n_ticks": n_ticks, "state_seq": 900, "limited_ticks": 0, "violations": 0, "time_unix_s": 1.7e9,
        "setpoints": rng_f32(n_ticks, 9), "joints": rng_f32(n_ticks, 9), "head": rng_f32(n_ticks, 7),
    }  # fmt: skip
    return m.Transition(**(values | changes))


def task(**changes):
    duck = m.SceneObject("duck", (0.3, 0.1, 0.02), 0.05, 0.7, (0.1, -0.2))
    values = {
        "episode_id": "e-1", "task": "look", "instruction": "look at the duck", "embedding": rng_f32(384),
        "tool_match": rng_f32(20), "objects": (duck, duck), "start_head_rpy": (0.0, 0.1, -0.1),
        "start_body_yaw": 0.0, "start_antennas": (0.1, -0.1), "max_decisions": 15, "seed": 5,
    }  # fmt: skip
    return m.TaskSpec(**(values | changes))


def every_message():
    status = m.RobotStatus("mini-1", "ACTIVE", "e-1", 2, 3, 41, 8, 7, rng_f32(9), 12, 0, 4, 0, 1.7e9)
    return [
        m.Hello("mini-1", 3, "0123456789abcdef", "mujoco", "0.1.0", 7),
        m.Welcome(False, "layouts differ"),
        task(),
        m.EndEpisode("e-1", "success"),
        m.TransitionBatch((transition(), transition(0, end_reason="closing"), transition(60))),
        m.Ack(((3, 41), (3, 42))),
        status,
        m.PolicyNotice(8, 900_000, "ab" * 32),
        m.ChunkRequest(8, 65536),
        m.Chunk(8, 65536, bytes(range(256)) * 100),
        m.PolicyResult("mini-1", 8, "rejected", "too slow"),
        m.StopRequest("r-1", "page"),
        m.StopConfirm("mini-1", "r-1", 3.5),
        m.Refusal("unknown episode", "e-9"),
        m.Anomaly("mini-1", "e-1", 3, "frozen", 2.5, "joint 3 has not changed for 10 ticks", 1.7e9),
        m.TeleopTarget("s-1", True, (0.0, 0.1, -0.2), 0.1, (0.3, -0.3), 0.2),
        m.SetMode("suggest"),
        m.Approval(4, True),
    ]


OOD = pack_ood(
    OodStats(**{name: np.full(shape, -1.0 if name == "low" else 1.0) for name, shape in SHAPES.items()})
)


def manifest(**changes):
    values = {
        "version": 7, "parent": 6, "created_unix_s": 1.7e9, "eval": {"success/nod": 0.95, "return": 1.5},
        "golden_obs": rng_f32(4, 512),
        "golden_outputs": {
            "tool_logits": rng_f32(4, 20), "param_mean": rng_f32(4, 20, 4),
            "param_log_std": rng_f32(20, 4), "value": rng_f32(4),
        },
        "limits_profile": 0.8, "gate": {"violations": 0.0}, "ood": OOD,
    }  # fmt: skip
    return Manifest(**(values | changes))
