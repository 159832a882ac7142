"""Gymnasium's own checker passes; pictures come out; what cannot be shown says why."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import sim.env
from shared.errors import ConfigError, UnknownTask


@pytest.mark.parametrize("name", ["Look", "Nod", "Shake"])
def test_check_env(name):
    env = gymnasium.make(f"ReachyCoach/{name}-v0")
    check_env(env.unwrapped, skip_render_check=True)
    env.close()


def test_episode_to_its_end():
    env = gymnasium.make("ReachyCoach/Nod-v0")
    _, info = env.reset(seed=4)
    assert info["instruction"]
    _, reward, terminated, truncated, info = env.step({"tool": 8, "params": np.full(4, 0.5, np.float32)})
    assert terminated
    assert not truncated
    assert info["success"]
    assert reward > 0
    assert info["n_ticks"] == 60
    env.close()


def test_picture(needs_gl):
    env = gymnasium.make("ReachyCoach/Look-v0", render_mode="rgb_array", width=160, height=120)
    env.reset(seed=1)
    picture = env.render()
    assert picture.shape == (120, 160, 3)
    assert picture.std() > 10
    env.close()


def test_human_without_a_screen(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(ConfigError, match="rgb_array"):
        sim.env.ReachyMiniEnv("look", render_mode="human")


def test_wrong_names():
    with pytest.raises(UnknownTask):
        sim.env.ReachyMiniEnv("juggle")
    with pytest.raises(ConfigError):
        sim.env.ReachyMiniEnv("look", render_mode="ansi")
