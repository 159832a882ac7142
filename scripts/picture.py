"""Render docs/img/robot.png: the scripted expert looks at what it was asked for."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from sim.camera import Renderer
from sim.experts import expert
from sim.vector import VectorEnv

OUT = Path(__file__).resolve().parent.parent / "docs" / "img" / "robot.png"
SIZE = (1200, 675)


def main(wanted: str = "duck", first_seed: int = 0, seeds: int = 400) -> int:
    """The first episode whose instruction names the wanted object, after its last decision."""
    for seed in range(first_seed, first_seed + seeds):
        env = VectorEnv(["look"], 1, seed=seed, autoreset=False)
        obs = env.reset()
        spec = env.specs[0]
        if wanted not in spec.instruction:
            continue
        over = False
        while not over:
            tool, params = expert(spec, obs[0])
            step = env.step([tool], params[None])
            obs, over = step.obs, bool(step.terminated[0] or step.truncated[0])
        picture = Renderer(spec, width=SIZE[0], height=SIZE[1]).render(env.joints[0])
        Image.fromarray(picture).save(OUT, optimize=True)
        sys.stdout.write(f"{OUT.name}: {spec.instruction!r}, seed {seed}\n")
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(first_seed=int(sys.argv[1]) if len(sys.argv) > 1 else 0))
