"""The human-rated sets, read from a small archive made here: no test needs the network."""

import gzip
import hashlib
import io
import subprocess
import tarfile

import pytest

from learner.reward.data import public
from learner.reward.data.public import FOLDER, INNER, SETS, fetch, read_archive, read_set
from learner.reward.data.split import find_leaks
from shared.errors import ConfigError

TWEETS, AMAZON = SETS[0], SETS[1]
MEANS = "1\t2.0\tSo good &amp; nice\n2\t-1.5\tBad\tone\n"
RATINGS = "1\t2.0\t0.5\t[1, 3]\n2\t-1.5\t0.5\t[-1, -2]\n"


def tar_of(members, kind=tarfile.REGTYPE):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.type = (len(data) if kind == tarfile.REGTYPE else 0), kind
            info.linkname = "/etc/passwd" if kind == tarfile.SYMTYPE else ""
            tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


def members():
    files = {}
    for rated in SETS:
        ids = [f"{i // 3}_{i % 3}" if rated.grouped else str(i) for i in range(60)]
        means = [f"{key}\t{i % 9 - 4}.0\t{rated.stem} number {i} {'xyz'[i % 3]}" for i, key in enumerate(ids)]
        ratings = [f"{key}\t{i % 9 - 4}.0\t0.0\t[{i % 9 - 4}, {i % 9 - 4}]" for i, key in enumerate(ids)]
        files[f"{FOLDER}/{rated.stem}_GroundTruth.txt"] = "\r\n".join(means).encode()
        files[f"{FOLDER}/{rated.stem}_anonDataRatings.txt"] = ("\ufeff" + "\r\n".join(ratings)).encode()
    return files


def save(tmp_path, data):
    path = tmp_path / "archive.tar.gz"
    path.write_bytes(data)
    return path, hashlib.sha256(data).hexdigest()


@pytest.fixture
def archive(tmp_path):
    return save(tmp_path, tar_of({INNER: tar_of(members())}))


def test_all_four_sets_are_read(archive):
    examples = read_archive(*archive)
    assert {e.source for e in examples} == {"tweets", "amazon", "movies", "nyt"}
    assert len(examples) == 240
    assert not any(e.synthetic for e in examples)
    assert {e.label for e in examples} == {i / 4 for i in range(-4, 5)}
    assert all(e.ratings == (e.label, e.label) for e in examples)
    assert find_leaks(examples) == []


def test_sentences_of_one_review_share_a_split(archive):
    examples = read_archive(*archive)
    by_review = {}
    for e in examples:
        if e.source in ("amazon", "nyt"):
            by_review.setdefault(e.family, set()).add(e.split)
    assert len(by_review) == 40
    assert all(len(splits) == 1 for splits in by_review.values())
    assert len({e.split for e in examples}) == 3


def test_the_seed_decides_the_split(archive):
    path, sha = archive
    one, two = ([e.split for e in read_archive(path, sha, seed)] for seed in (0, 1))
    assert one == [e.split for e in read_archive(path, sha, 0)]
    assert one != two


def test_labels_ratings_and_entities():
    first, second = read_set(TWEETS, MEANS, RATINGS)
    assert (first.text, first.label, first.ratings) == ("So good & nice", 0.5, (0.25, 0.75))
    assert (second.text, second.label, second.ratings) == ("Bad\tone", -0.375, (-0.25, -0.5))


def test_ratings_that_do_not_give_the_mean_are_left_out():
    first, _ = read_set(TWEETS, MEANS, RATINGS.replace("[1, 3]", "[3, 3]"))
    assert (first.label, first.ratings) == (0.5, ())


@pytest.mark.parametrize(
    ("means", "ratings", "complaint"),
    [
        ("1\t2.0\n", RATINGS, "tweets_GroundTruth.txt, line 1: 2 columns, expected 3"),
        ("1\ttwo\tx\n", RATINGS, "line 1, column 2"),
        ("1\tnan\tx\n", RATINGS, "line 1, column 2: nan"),
        ("\n1\t4.5\tx\n", RATINGS, "line 2, column 2: 4.5 is not a rating"),
        (MEANS, "1\t2.0\t[1]\n", "tweets_anonDataRatings.txt, line 1: 3 columns, expected 4"),
        (MEANS, "1\t2.0\t0\t[1, 9]\n", "line 1, column 4: 9"),
        (MEANS, "1\t2.0\t0\t[1, true]\n", "line 1, column 4: True"),
        (MEANS, "1\t2.0\t0\t[NaN]\n", "line 1, column 4: nan"),
        (MEANS, "1\t2.0\t0\t__import__('os')\n", "line 1, column 4"),
        (MEANS, "1\t2.0\t0\t7\n", "line 1, column 4"),
    ],
)
def test_bad_rows_name_file_line_and_column(means, ratings, complaint):
    with pytest.raises(ConfigError) as caught:
        read_set(TWEETS, means, ratings)
    assert complaint in str(caught.value)


def test_another_file_is_refused(archive):
    with pytest.raises(ConfigError, match=r"has sha256 .*, expected 5d7c06e"):
        read_archive(archive[0])


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(ConfigError, match="leave --from away"):
        read_archive(tmp_path / "none.tar.gz")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no archive at all",
        gzip.compress(b"not a tar"),
        tar_of({"other": b"x"}),
        tar_of({INNER: b"not a tar"}),
        tar_of({INNER: tar_of({"other": b"x"})}),
        tar_of({INNER: b""}, tarfile.SYMTYPE),
        tar_of({INNER: tar_of(members())})[:-400],
        tar_of({INNER: tar_of({f"{FOLDER}/tweets_GroundTruth.txt": b"\xff\xfe\x00"})}),
    ],
    ids=["empty", "text", "no-tar", "other-member", "inner-text", "inner-other", "link", "cut", "not-utf-8"],
)
def test_damaged_archives_are_refused(tmp_path, data):
    with pytest.raises(ConfigError, match="archive"):
        read_archive(*save(tmp_path, data))


def test_bytes_that_are_no_text_are_refused(tmp_path):
    files = members() | {f"{FOLDER}/tweets_GroundTruth.txt": b"1\t2.0\t\xff\xfe\n"}
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_archive(*save(tmp_path, tar_of({INNER: tar_of(files)})))


def test_a_member_that_is_too_large_is_not_read(archive, monkeypatch):
    monkeypatch.setattr(public, "MAX_BYTES", 100)
    with pytest.raises(ConfigError, match="at most 100 bytes"):
        read_archive(*archive)


def test_no_network_says_what_to_do(tmp_path):
    def offline(command, **_):
        return subprocess.CompletedProcess(command, 1, "", "noise\nERROR: no matching distribution\n")

    with pytest.raises(ConfigError, match=r"no matching distribution.*--from"):
        fetch(tmp_path, lambda _: None, offline)
    assert not list(tmp_path.iterdir())


def test_no_answer_says_what_to_do(tmp_path):
    def hangs(command, timeout, **_):
        raise subprocess.TimeoutExpired(command, timeout)

    with pytest.raises(ConfigError, match=r"no answer within 300 s.*--from"):
        fetch(tmp_path, lambda _: None, hangs)


def test_pip_checks_the_hash_and_what_is_here_is_not_fetched_again(tmp_path, monkeypatch):
    commands, said = [], []

    def pip(command, **_):
        commands.append(command)
        folder = command[command.index("--dest") + 1]
        wanted = (tmp_path.__class__(folder) / "requirements.txt").read_text()
        assert wanted == f"{public.REQUIREMENT} --hash=sha256:{public.SHA256}\n"
        (tmp_path.__class__(folder) / public.ARCHIVE).write_bytes(b"archive")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(public, "SHA256", hashlib.sha256(b"archive").hexdigest())
    path = fetch(tmp_path / "downloads", said.append, pip)
    assert path.read_bytes() == b"archive"
    assert {"--no-deps", "--require-hashes"} < set(commands[0])
    assert fetch(tmp_path / "downloads", said.append, pip) == path
    assert len(commands) == 1
    path.write_bytes(b"changed")
    assert fetch(tmp_path / "downloads", said.append, pip).read_bytes() == b"archive"
    assert len(commands) == 2
