"""`reachy-coach learner`: ingest, store, API and pages; with `--train`, the trainer beside it."""

from __future__ import annotations

import os
import subprocess
from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from shared.child import die_with
from tools.options import DataDir
from tools.parts import COMMAND

TRAINER_PATIENCE_S = 20.0


def learner(
    *,
    host: Annotated[
        str | None, Parameter(help="Address to listen on; 0.0.0.0 lets robots and phones in. [127.0.0.1]")
    ] = None,
    port: Annotated[int | None, Parameter(help="TCP port of pages and API. [8080]")] = None,
    wire_port: Annotated[int | None, Parameter(help="TCP port of the link to robots. [5557]")] = None,
    data_dir: DataDir = None,
    train: Annotated[bool, Parameter(help="Train as well, in a process of its own.", negative="")] = False,
    config: Annotated[Path | None, Parameter(help="TOML file; flags and environment win over it.")] = None,
) -> int:
    """Take in what robots do, store it, serve API and pages, hand out tasks and policies; until Ctrl-C.

    Robots need this learner's public key, and this learner needs theirs: see `reachy-coach keys`.
    """
    from learner.config import load_learner_config
    from learner.main import run

    given = {"host": host, "api_port": port, "wire_port": wire_port, "data_dir": data_dir}
    settings = load_learner_config(config, given)
    if not train:
        return run(settings)
    # In a group of its own: Ctrl-C is the learner's, which then ends it; two signals would cut its saving.
    trainer = subprocess.Popen(
        [*COMMAND, "train", "--with-learner", "--data-dir", str(settings.data_dir)],
        preexec_fn=partial(die_with, os.getpid()),  # noqa: PLW1509  # before the learner starts any thread
        process_group=0,
    )
    try:
        return run(settings)
    finally:
        trainer.terminate()
        try:
            trainer.wait(TRAINER_PATIENCE_S)
        except subprocess.TimeoutExpired:
            trainer.kill()
