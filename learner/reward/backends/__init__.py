"""The reward models, by name."""

from __future__ import annotations

from pathlib import Path

from learner.reward.model import RewardModel
from learner.reward.networks.model_files import MANIFEST, read_manifest
from shared.errors import ConfigError

DEFAULT = "minilm"
SHIPPED = Path(__file__).parents[1] / "weights"
"""The default model's adapters and head, and what is known of them."""
NAMES = ("buttons", "lexicon", "minilm", "gemma:<folder>", "<folder>")


def open_model(spec: str = DEFAULT, data_dir: Path | None = None, *, threads: int = 1) -> RewardModel:
    """A reward model, ready to judge.

    Args:
        spec: `buttons`; `lexicon`; `minilm`, the default that ships with the package; or the folder of a
            model that `reachy-coach reward train` wrote, with or without `gemma:` before it.
        data_dir: below it the merged model is kept between starts; None: where the learner's things are.
        threads: of the inference, where it has threads.

    Raises:
        ConfigError: no such model, or a folder with something else in it.
        MissingExtra: a package that it needs is not installed.
    """
    if spec == "buttons":
        from learner.reward.backends.buttons import ButtonsModel

        return ButtonsModel()
    if spec == "lexicon":
        from learner.reward.backends.lexicon import LexiconModel

        return LexiconModel()
    folder = _folder(spec)
    if folder is not None:
        if read_manifest(folder).backend == "minilm":
            from learner.reward.backends.minilm import open_minilm

            return open_minilm(folder, data_dir, threads)
        from learner.reward.backends.gemma import open_gemma

        return open_gemma(folder, data_dir)
    raise ConfigError(f"reward model {spec!r}: give one of {', '.join(NAMES)}")


def _folder(spec: str) -> Path | None:
    if spec == "minilm":
        return SHIPPED
    folder = Path(spec.removeprefix("gemma:")).expanduser()
    return folder if (folder / MANIFEST).is_file() else None
