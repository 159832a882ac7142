"""`reachy-coach eval`: how often a policy succeeds on fresh resets, with confidence intervals."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter, validators

from shared.errors import BundleError
from tools.options import AsJson, DataDir
from tools.task_names import task_names

if TYPE_CHECKING:
    from shared.control.pilot import Policy
    from sim.pixels import Pixels


def evaluate(
    policy: Annotated[
        Path | None, Parameter(help="A .bundle file; the newest one below --data-dir if not given.")
    ] = None,
    *,
    tasks: Annotated[tuple[str, ...], Parameter(help="As look,find,slowly.", consume_multiple=True)] = (
        "look",
        "nod",
        "shake",
    ),
    episodes: Annotated[
        int, Parameter(help="Fresh resets of each task.", validator=validators.Number(gte=1))
    ] = 200,
    split: Annotated[
        Literal["train", "held_out", "both"],
        Parameter(help="Phrasings and objects: trained on, or kept out."),
    ] = "both",
    baselines: Annotated[bool, Parameter(help="Random and cosine-only policies beside it.")] = True,
    without: Annotated[
        tuple[str, ...],
        Parameter(
            consume_multiple=True,
            help="Parts of the observation, as detections tool_match instruction: a row for each, in which "
            "the policy is not told it; a+b hides two at once. --body vector only.",
        ),
    ] = (),
    agent: Annotated[
        Literal["policy", "baseline"],
        Parameter(help="baseline: coordinator, detections and the robot's own tools; nothing learned."),
    ] = "policy",
    body: Annotated[
        Literal["vector", "mujoco", "reachy"],
        Parameter(
            help="vector: simulated in one process. mujoco, reachy: the real agent on that body, trained "
            "phrasings, in real time."
        ),
    ] = "vector",
    speed: Annotated[float, Parameter(help="Times real time; --body mujoco only.")] = 1.0,
    eyes: Annotated[
        Literal["projected", "camera"],
        Parameter(
            help="What stands where: projected from the task, with errors; or seen by the shipped detector "
            "in the camera's pictures, which takes a hundred times as long."
        ),
    ] = "projected",
    randomise: Annotated[
        bool,
        Parameter(
            negative="",
            help="Each episode in a simulated body, with noise and a camera of its own; --body vector only.",
        ),
    ] = False,
    start_daemon: Annotated[
        bool, Parameter(help="For --body reachy: start its daemon in simulation if none runs.", negative="")
    ] = False,
    seed: Annotated[int, Parameter(help="Of the resets.")] = 0,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Success of a policy on fresh simulated resets, judged on the motion, with Wilson's 95 % intervals."""
    from rich.console import Console

    from learner import evaluation
    from learner.config import load_learner_config
    from learner.tooling.places import take_up
    from learner.tooling.store import ToolStore
    from sim.tasks import tasks_for_robots

    tasks = task_names(tasks)
    if agent == "baseline":
        take_up(ToolStore(load_learner_config(None, {"data_dir": data_dir}).tools_dir))
        from tools.eval_baseline import evaluate_baseline

        with opened(eyes) as sight:
            return evaluate_baseline(tasks, episodes, split, seed, as_json, sight)
    path = policy or newest_bundle(data_dir)
    if body != "vector":
        tasks_for_robots(tasks)
        from tools.eval_body import on_body, progress_bar

        with progress_bar(Console(stderr=True)) as moved:
            found = on_body(
                path,
                body,
                tasks,
                episodes,
                speed=speed,
                eyes=eyes,
                start_daemon=start_daemon,
                on_progress=moved,
            )
        score = {f"{path.stem} on {body}": found}
        if not as_json:
            Console().print(evaluation.table(score, f"success on {episodes} episodes a task"))
        else:
            json.dump({"policy": str(path), "body": body, "success": evaluation.to_json(score)}, sys.stdout)
            print()
        return 0
    loaded = load(path)
    rows: dict[str, Policy] = {path.stem: loaded}
    hidden = [part for typed in without for part in typed.replace(",", " ").split()]
    rows |= {f"without {part}": evaluation.Without(loaded, part.split("+")) for part in hidden}
    if baselines:
        rows |= {"random": evaluation.RandomPolicy(seed), "cosine only": evaluation.CosinePolicy()}
    report = {}
    with opened(eyes) as sight:
        for part in ("train", "held_out") if split == "both" else (split,):
            scores = {
                name: evaluation.evaluate(
                    row, tasks, episodes=episodes, split=part, seed=seed, randomise=randomise, sight=sight
                )
                for name, row in rows.items()
            }
            report[part] = evaluation.to_json(scores)
            if not as_json:
                title = f"success on {episodes} resets a task, {part} phrasings"
                Console().print(evaluation.table(scores, title))
    if as_json:
        told = {"policy": str(path), "eyes": eyes, "seed": seed, "success": report}
        json.dump(told, sys.stdout, indent=2)
        print()
    return 0


@contextmanager
def opened(eyes: str) -> Iterator[Pixels | None]:
    """What sees the scenes: None for projected positions.

    Raises:
        NoPicture: this machine cannot render.
    """
    if eyes == "projected":
        yield None
        return
    from sim.pixels import Pixels

    with closing(Pixels()) as pixels:
        yield pixels


def newest_bundle(data_dir: Path | None) -> Path:
    """The bundle with the highest version that the learner published.

    Raises:
        BundleError: there is none.
    """
    from learner.config import load_learner_config
    from learner.publishing import SUBFOLDER

    folder = load_learner_config(None, {"data_dir": data_dir}).learner_dir / SUBFOLDER
    found = sorted(folder.glob("*.bundle"), key=lambda path: int(path.stem) if path.stem.isdigit() else -1)
    if not found:
        raise BundleError(f"no policy below {folder}; name a bundle, or make one: reachy-coach demo")
    return found[-1]


def load(path: Path) -> Policy:
    """A bundle's policy, run by ONNX Runtime as the robot runs it, with its made tools in their places.

    Raises:
        BundleError: not there, damaged, or of another layout.
    """
    from learner.tooling.places import take_up_of
    from robot_agent.inference import load_policy
    from shared.bundle import read_bundle

    try:
        data = path.read_bytes()
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror}") from error
    bundle = read_bundle(data)
    take_up_of(bundle)
    return load_policy(bundle)[0]
