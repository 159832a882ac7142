"""`reachy-coach vision`: the robot's eyes: frames to learn from, training, measuring, and one picture."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter, validators
from rich.console import Console

from shared.errors import ConfigError
from tools.options import AsJson, DataDir, Positive

if TYPE_CHECKING:
    from learner.vision.train import Progress

EXIT_INTERRUPTED = 130
KNOWN_KINDS = 13

app = App(name="vision", help="The robot's eyes: frames, training, evaluation, detection.")

Frames = Annotated[int | None, Parameter(validator=Positive, help="Frames to train on.")]
Folder = Annotated[Path | None, Parameter(help="Folder of a detector; the shipped one unless given.")]


@app.command
def data(
    *,
    frames: Frames = None,
    workers: Annotated[
        int | None, Parameter(validator=Positive, help="Processes that render; one a core unless given.")
    ] = None,
    data_dir: DataDir = None,
) -> int:
    """Render the frames to train and measure on; what is there already stays. Minutes; Ctrl-C keeps what is
    whole."""
    sizes = _render(_home(data_dir), frames, workers=workers)
    sys.stdout.write(", ".join(f"{count} {name}" for name, count in sizes.items()) + "\n")
    return 0


@app.command
def train(
    *,
    out: Annotated[
        Path | None, Parameter(help="Folder of the detector; one below the data folder unless given.")
    ] = None,
    frames: Frames = None,
    epochs: Annotated[int | None, Parameter(validator=Positive, help="At most.")] = None,
    lr: Annotated[float | None, Parameter(validator=validators.Number(gt=0), help="Highest rate.")] = None,
    batch: Annotated[int | None, Parameter(validator=Positive, help="Frames a step.")] = None,
    patience: Annotated[
        int | None, Parameter(validator=Positive, help="Epochs without gain before it ends.")
    ] = None,
    hold_out: Annotated[
        bool,
        Parameter(negative="", help="Leave out the held-out kinds of things, to see what it makes of them."),
    ] = False,
    seed: Annotated[int, Parameter(help="Everything random follows from it.")] = 0,
    threads: Annotated[
        int | None, Parameter(validator=Positive, help="CPU threads; all unless given.")
    ] = None,
    mixed: Annotated[bool, Parameter(help="Compute in bfloat16; weights stay float32.")] = True,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Train a detector on rendered frames. Ctrl-C saves; the same line goes on."""
    import torch

    from learner.vision import data as sets
    from learner.vision.export import export
    from learner.vision.train import Interrupted, TrainConfig
    from learner.vision.train import train as fit
    from tools.train import Interrupt

    home = _home(data_dir)
    folder = out or home / "vision" / ("held-out" if hold_out else "detector")
    given: dict[str, Any] = {"epochs": epochs, "lr": lr, "batch_size": batch, "patience": patience}
    chosen = {name: value for name, value in given.items() if value is not None}
    if hold_out:
        chosen["names"] = KNOWN_KINDS
    config = TrainConfig(**chosen, seed=seed, mixed=mixed)
    if threads is not None:
        torch.set_num_threads(threads)
    sizes = _render(home, frames, ("train", "validation"))
    console = Console(stderr=True)
    with Interrupt() as interrupted, _Bar(console) as bar:
        parts = (sets.load(home, "train", sizes["train"]), sets.load(home, "validation", sizes["validation"]))
        try:
            network, how = fit(
                config, *parts, folder / "checkpoint.pt", report=bar, stop=lambda: interrupted.asked
            )
        except Interrupted:
            bar.close()
            console.print(f"saved; the same line goes on: reachy-coach {' '.join(sys.argv[1:])}")
            return EXIT_INTERRUPTED
    manifest = export(network, config.names, folder, config.threshold, {"config": asdict(config), **how})
    if as_json:
        sys.stdout.write(json.dumps({"folder": str(folder), **asdict(manifest)}) + "\n")
        return 0
    sys.stdout.write(f"F1 {how['validation_f1']:.3f} on validation frames; the detector is in {folder}\n")
    sys.stdout.write(f"measure it: reachy-coach vision evaluate --model {folder}\n")
    return 0


@app.command
def evaluate(
    *,
    model: Folder = None,
    out: Annotated[
        Path | None,
        Parameter(
            help="Folder for report.html and report.json; a new one below the data folder unless given."
        ),
    ] = None,
    limit: Annotated[
        int | None,
        Parameter(validator=Positive, help="At most so many frames a set: a look, not figures to quote."),
    ] = None,
    fit: Annotated[
        bool,
        Parameter(negative="", help="Write noise.json beside the detector: its errors, for fast training."),
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Measure a detector on frames that training never saw, and say which targets are met."""
    from learner.vision import data as sets
    from learner.vision.evaluate import evaluate as measure
    from learner.vision.noise_fit import fit as fit_noise
    from learner.vision.noise_fit import write
    from learner.vision.page import render
    from shared.control.vision import FITTED
    from shared.files import write_atomic
    from shared.sight.network import SHIPPED
    from tools.bench import machine

    home, folder = _home(data_dir), model or SHIPPED
    _render(home, None, ("test", "plain"), limit)
    sizes = {name: min(count, limit or count) for name, count in sets.SIZES.items()}
    with Console(stderr=True).status("reading") as status:
        found, looks = measure(home, folder, sizes, status.update)
        found["made"]["machine"] = machine()
        status.update("drawing")
        page = render(found, looks)
    report = out or home / "vision" / "reports" / found["made"]["at"].replace(":", "-")
    text = json.dumps(found, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    write_atomic(report / "report.json", text.encode())
    write_atomic(report / "report.html", page.encode())
    if fit:
        everything = [one for part in looks.values() for one in part]
        measured = fit_noise(everything, found["rules"]["threshold"])
        write(folder / FITTED.name, measured, found["made"]["sha256"], len(everything))
    if as_json:
        sys.stdout.write(text)
        return 0
    for row in found["targets"]:
        told = "met" if row["met"] else "missed"
        sys.stdout.write(f"{row['what']} {row['target']}: {row['value']:.3f}, {told}\n")
    sys.stdout.write(f"report: {report / 'report.html'}\n")
    return 0


@app.command
def detect(
    pictures: Annotated[tuple[Path, ...], Parameter(help="Image files.")],
    *,
    model: Folder = None,
    as_json: AsJson = False,
) -> int:
    """What the detector finds in pictures: name, confidence, place and size as fractions of the image."""
    from shared.sight.network import SHIPPED, Detector

    detector = Detector(model or SHIPPED)
    found: list[tuple[Path, list[dict[str, Any]]]] = []
    for path in pictures:
        seen = detector(_read_picture(path))
        rows = [
            {
                "name": detector.names[one["name"]],
                **{key: round(float(one[key]), 4) for key in ("confidence", "u", "v", "size")},
                "box": [round(float(x), 4) for x in one["box"]],
            }
            for one in seen
        ]
        found.append((path, rows))
    if as_json:
        sys.stdout.write(
            json.dumps([{"picture": str(path), "detections": rows} for path, rows in found]) + "\n"
        )
        return 0
    for path, rows in found:
        sys.stdout.write(f"{path}\n")
        for row in rows:
            sys.stdout.write(
                f"  {row['name']:<14} {row['confidence']:.2f}  u {row['u']:+.3f}  v {row['v']:+.3f}  "
                f"size {row['size']:.3f}\n"
            )
    return 0


def _home(data_dir: Path | None) -> Path:
    from learner.config import load_learner_config

    return load_learner_config(None, {"data_dir": data_dir}).data_dir


def _render(
    home: Path,
    frames: int | None,
    which: tuple[str, ...] = ("train", "validation", "test", "plain"),
    limit: int | None = None,
    workers: int | None = None,
) -> dict[str, int]:
    """Render what is missing of these sets, with a bar; how many frames each has."""
    from rich.progress import Progress as Bars

    from learner.vision import data as sets

    sizes = {name: min(count, limit or count) for name, count in sets.SIZES.items() if name in which}
    if frames is not None and "train" in sizes:
        sizes["train"] = frames
    with Bars(console=Console(stderr=True), transient=True) as bars:
        for name, count in sizes.items():
            task = bars.add_task(f"rendering {name}", total=count)

            def say(done: int, of: int, task: Any = task) -> None:
                bars.update(task, completed=done, total=of)

            sets.render(home, name, count, say, workers or os.cpu_count() or 1)
    return {str(name): count for name, count in sizes.items()}


def _read_picture(path: Path) -> Any:
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as file:
            return np.asarray(file.convert("RGB"))
    except (OSError, UnidentifiedImageError, ValueError) as error:
        raise ConfigError(f"{path}: not a picture that can be read: {error}") from error


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
        self._task = self._progress.add_task("reading frames", total=None, figures="")

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the line as it is."""
        self._progress.stop()

    def __call__(self, at: Progress) -> None:
        """Show where training is."""
        figures = f"epoch {at.epoch}  loss {at.loss:.3f}"
        if at.f1 == at.f1:
            figures += f"  validation F1 {at.f1:.3f}"
        self._progress.update(
            self._task, description="training", completed=at.step, total=at.steps, figures=figures
        )
