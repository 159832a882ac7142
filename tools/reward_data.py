"""`reachy-coach reward data`: human-rated sets, the synthetic corpus, and files for other programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter
from rich.console import Console

from shared.errors import ConfigError
from tools.options import AsJson, DataDir

app = App(name="data", help="Data to train and measure reward models on.")

Only = Annotated[
    Literal["public", "robot"] | None,
    Parameter(help="Build one of them; both unless given.", show_default=False),
]
Which = Annotated[
    str | None, Parameter(help="Name of a data set (public, robot, or an imported one); all unless given.")
]


@app.command
def build(
    *,
    only: Only = None,
    from_: Annotated[
        Path | None,
        Parameter(
            name="--from", help="Archive of vaderSentiment 3.3.2's sources, in place of downloading it."
        ),
    ] = None,
    size: Annotated[int, Parameter(help="English examples of the synthetic corpus, 500 or more.")] = 16000,
    seed: Annotated[int, Parameter(help="Of the synthetic corpus; the same gives the same bytes.")] = 20,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Download the human-rated sets (2.5 MB) and generate robot feedback; half a minute in all.

    The human-rated texts are other people's (Hutto & Gilbert 2014): they stay on this machine.
    The robot feedback is synthetic: its words come from a grammar and its ratings from simulated people.
    """
    from learner.reward.data import build as data

    if from_ is not None and only == "robot":
        raise ConfigError("--from is for the human-rated sets; leave it or `--only robot` away")
    home, out = _home(data_dir), {}
    console = Console(stderr=True)
    if only != "robot":
        out["public"] = data.build_public(home, from_, lambda line: console.print(line, highlight=False))
    if only != "public":
        with _bar(console) as progress:
            out["robot"] = data.build_robot(home, size, seed, progress)
    made = {
        name: {"examples": count, "path": str(path), "sha256": data.digest(path)}
        for name, count in out.items()
        for path in (data.path_of(home, name),)
    }
    lines = (f"{name}: {one['examples']} examples in {one['path']}" for name, one in made.items())
    return _tell(made, as_json, lines)


@app.command
def stats(name: Which = None, *, data_dir: DataDir = None, as_json: AsJson = False) -> int:
    """What the data sets hold: counts, labels, leaks between splits. Exit code 1: there are leaks."""
    from learner.reward.data import build as data

    home = _home(data_dir)
    found = {one: data.stats(data.load(home, one)) for one in _names(home, name)}
    _tell(found, as_json, _table(found))
    return int(any(one["leaks"] for one in found.values()))


@app.command(name="import")
def import_(
    file: Annotated[Path, Parameter(help="A .csv or .jsonl file; `export` shows what it must look like.")],
    *,
    name: Annotated[str, Parameter(help="What to call the data set.")] = "imported",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Take over rated remarks from another program. Each line is checked; a mistake names line and column."""
    from learner.reward.data import build as data
    from learner.reward.data.example import write
    from learner.reward.data.exchange import read_file
    from learner.reward.data.split import check_leaks

    if name in (data.PUBLIC, data.ROBOT):
        raise ConfigError(f"{name!r} is made by `reachy-coach reward data build`; choose another --name")
    path = data.path_of(_home(data_dir), name)
    examples = read_file(file)
    check_leaks(examples)
    count = write(path, examples)
    return _tell({"examples": count, "path": str(path)}, as_json, [f"{count} examples in {path}"])


@app.command
def export(
    file: Annotated[Path, Parameter(help="A .csv or .jsonl file to write.")],
    *,
    name: Which = None,
    split: Annotated[
        Literal["train", "validation", "test"] | None, Parameter(help="One split; all unless given.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Write data sets for another program."""
    from learner.reward.data import build as data
    from learner.reward.data.exchange import write_file

    home = _home(data_dir)
    examples = [e for one in _names(home, name) for e in data.load(home, one) if split in (None, e.split)]
    count = write_file(file, examples)
    return _tell({"examples": count, "path": str(file)}, as_json, [f"{count} examples in {file}"])


def _home(data_dir: Path | None) -> Path:
    from learner.config import load_learner_config

    return load_learner_config(None, {"data_dir": data_dir}).data_dir


def _names(home: Path, name: str | None) -> list[str]:
    from learner.reward.data import build as data

    found = [name] if name is not None else data.names(home)
    if not found:
        raise ConfigError(
            f"no data sets in {data.folder_of(home)}; `reachy-coach reward data build` makes them"
        )
    return found


@contextmanager
def _bar(console: Console) -> Iterator[Callable[[int, int], None]]:
    from rich.progress import Progress

    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("robot feedback", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _table(found: dict[str, dict[str, Any]]) -> Iterator[str]:
    for name, one in found.items():
        yield name
        for key, value in one.items():
            if key == "styles":
                for split, counts in value.items():
                    yield f"  styles of {split}: {_counts(counts)}"
            else:
                yield f"  {key}: {_counts(value) if isinstance(value, dict) else value}"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{key} {count}" for key, count in counts.items()) or "none"


def _tell(result: dict[str, Any], as_json: bool, lines: Any) -> int:
    if as_json:
        sys.stdout.write(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0
