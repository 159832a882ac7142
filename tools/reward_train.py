"""`reachy-coach reward train` and `predict`: fine-tune a reward model, and ask one."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter, validators
from rich.console import Console

from shared.errors import ConfigError
from tools.options import AsJson, DataDir, Positive

if TYPE_CHECKING:
    from learner.reward.data.example import Example
    from learner.reward.networks.train import Progress

EXIT_INTERRUPTED = 130

Share = validators.Number(gte=0, lte=1)


def train(
    *,
    name: Annotated[
        str, Parameter(help="Of the model; a run of that name that was interrupted goes on.")
    ] = "words",
    backend: Annotated[
        Literal["minilm", "gemma"], Parameter(help="minilm: small and fast; gemma: any decoder.")
    ] = "minilm",
    base: Annotated[
        str, Parameter(help="Folder, .gguf file or name of transformers; the packaged one unless given.")
    ] = "",
    data: Annotated[
        tuple[str, ...], Parameter(help="Data sets to learn from, as `reward data stats` names them.")
    ] = ("public", "robot"),
    from_store: Annotated[
        bool, Parameter(negative="", help="Add what people said and rated on this learner.")
    ] = False,
    full: Annotated[bool, Parameter(negative="", help="Train every weight instead of adapters.")] = False,
    rank: Annotated[int, Parameter(validator=Positive, help="Of the LoRA adapters.")] = 32,
    epochs: Annotated[int | None, Parameter(validator=Positive, help="At most.")] = None,
    lr: Annotated[float | None, Parameter(validator=validators.Number(gt=0), help="Highest rate.")] = None,
    head_lr: Annotated[
        float | None, Parameter(validator=validators.Number(gt=0), help="The same for the head.")
    ] = None,
    batch: Annotated[int | None, Parameter(validator=Positive, help="Examples a step.")] = None,
    ensemble: Annotated[
        int, Parameter(validator=validators.Number(gte=1, lte=16), help="Networks that answer together.")
    ] = 1,
    pairwise: Annotated[
        float, Parameter(validator=validators.Number(gte=0), help="Weight of a loss on the order of pairs.")
    ] = 0.0,
    noise: Annotated[
        int,
        Parameter(
            validator=validators.Number(gte=0, lte=8), help="Mistyped copies of each synthetic remark."
        ),
    ] = 0,
    patience: Annotated[int, Parameter(validator=Positive, help="Epochs without gain before it ends.")] = 2,
    share: Annotated[
        float, Parameter(validator=Share, help="Of the training examples; for quick trials.")
    ] = 1.0,
    seed: Annotated[int, Parameter(help="Everything random follows from it.")] = 0,
    threads: Annotated[
        int | None, Parameter(validator=Positive, help="CPU threads; all unless given.")
    ] = None,
    mixed: Annotated[bool, Parameter(help="Compute in bfloat16; weights stay float32.")] = True,
    out: Annotated[Path | None, Parameter(help="Folder of the model, in place of one by its name.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Fine-tune a reward model on human-rated text and robot feedback. Ctrl-C saves; the same line goes on.

    Several GPUs: start it with `accelerate launch -m tools reward train ...`.
    """
    import torch

    from learner.config import load_learner_config
    from learner.reward.networks.fitting import fit_model
    from learner.reward.networks.network import Lora
    from learner.reward.networks.train import PRESETS, Interrupted
    from learner.reward.serving.catalogue import SHIPPED, TRAINED_DIR
    from tools.train import Interrupt

    if name in SHIPPED or not name.replace("-", "").replace("_", "").isalnum():
        raise ConfigError(f"--name {name!r}: letters, digits, - and _ only, and none of {', '.join(SHIPPED)}")
    home = load_learner_config(None, {"data_dir": data_dir}).data_dir
    folder = out or home / TRAINED_DIR / name
    chosen: dict[str, Any] = {"epochs": epochs, "lr": lr, "head_lr": head_lr, "batch_size": batch}
    config = replace(
        PRESETS[backend],
        base=base,
        lora=None if full else Lora(rank, 2 * rank),
        pairwise_weight=pairwise,
        noisy_copies=noise,
        patience=patience,
        mixed=mixed,
        seed=seed,
        **{key: value for key, value in chosen.items() if value is not None},
    )
    if threads is not None:
        torch.set_num_threads(threads)
    examples = _examples(home, data, from_store, share)
    console = Console(stderr=True)
    with Interrupt() as interrupted, _Bar(console) as bar:
        try:
            manifest = fit_model(
                config,
                examples,
                folder,
                members=ensemble,
                data_dir=home,
                report=bar,
                stop=lambda: interrupted.asked,
            )
        except Interrupted:
            bar.close()
            console.print(f"saved; the same line goes on: reachy-coach {' '.join(sys.argv[1:])}")
            return EXIT_INTERRUPTED
    if as_json:
        sys.stdout.write(json.dumps({"folder": str(folder), **asdict(manifest)}) + "\n")
        return 0
    for group, figures in manifest.training["test"].items():
        shown = "  ".join(f"{key} {value:.3f}" for key, value in figures.items() if key != "n")
        sys.stdout.write(f"{group} (n {figures['n']:.0f}): {shown}\n")
    sys.stdout.write(f"use it: reachy-coach reward predict --model {folder} TEXT\n")
    return 0


def predict(
    texts: Annotated[tuple[str, ...], Parameter(help="What somebody said; several are judged together.")],
    *,
    model: Annotated[
        str, Parameter(help="minilm, lexicon, buttons, or the folder of a trained one.")
    ] = "minilm",
    rating: Annotated[int | None, Parameter(help="1 (bad) to 5 (good), as if given with the words.")] = None,
    tool: Annotated[str | None, Parameter(help="What the robot did: name of the tool.")] = None,
    asked: Annotated[str, Parameter(help="What it had been asked to do.")] = "",
    turned_deg: Annotated[float, Parameter(help="How far it turned, left positive.")] = 0.0,
    speed_deg_s: Annotated[float, Parameter(help="Greatest speed of any joint.")] = 60.0,
    range_deg: Annotated[float, Parameter(help="Greatest excursion of any joint.")] = 20.0,
    outcome: Annotated[
        Literal["running", "success", "failure", "truncated"], Parameter(help="Of the episode.")
    ] = "running",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """What words are worth as a reward, with interval and kind."""
    from learner.config import load_learner_config
    from learner.reward.backends import open_model
    from learner.reward.model import Context, Remark

    context = None
    if tool is not None:
        context = Context(
            asked,
            tool,
            turned_deg=turned_deg,
            speed_deg_s=speed_deg_s,
            range_deg=range_deg,
            outcome=outcome,
        )
    home = load_learner_config(None, {"data_dir": data_dir}).data_dir
    try:
        found = open_model(model, home).judge([Remark(text, rating, context) for text in texts])
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if as_json:
        sys.stdout.write(json.dumps([asdict(one) for one in found], ensure_ascii=False) + "\n")
        return 0
    for one in found:
        note = "  (abstains)" if one.abstained else f"  confidence {one.confidence:.2f}"
        sys.stdout.write(
            f"{one.reward:+.2f} [{one.low:+.2f}, {one.high:+.2f}]  {one.kind}{note}  {one.seen!r}\n"
        )
    return 0


def _examples(home: Path, names: tuple[str, ...], from_store: bool, share: float) -> list[Example]:
    from learner.reward.data import build as data
    from learner.reward.networks.train import thin

    examples = [e for one in names for e in data.load(home, one)]
    if from_store:
        from learner.config import LearnerConfig
        from learner.reward.data.from_store import from_store as remarks
        from learner.store.engine import Store

        store = Store(LearnerConfig(data_dir=home).store_path)
        with closing(store), store.read() as connection:
            examples += remarks(connection)
    return thin(examples, share)


class _Bar:
    """A line that follows the training."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._progress.add_task("loading", total=None, figures="")

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the line as it is."""
        self._progress.stop()

    def __call__(self, member: int, at: Progress) -> None:
        """Show where training is."""
        figures = f"epoch {at.epoch}  loss {at.loss:.4f}"
        if at.validation_mse == at.validation_mse:
            figures += f"  validation MSE {at.validation_mse:.4f} r {at.validation_r:.3f}"
        self._progress.update(
            self._task, description=f"network {member}", completed=at.step, total=at.steps, figures=figures
        )
