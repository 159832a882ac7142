"""What is remembered of policies across restarts."""

import json

import pytest

from robot_agent.ledger import KEPT, Ledger


def test_it_comes_back_from_disk(tmp_path):
    path = tmp_path / "bundles" / "ledger.json"
    ledger = Ledger(path)
    ledger.note(4, "trial", sha256="ab", engine="x 1")
    ledger.note(4, "good", "12 decisions")
    ledger.note(5, "rolled_back", "saturation")
    ledger.use(4)
    assert ledger.begun(4) == 1
    assert not path.exists(), "only `save` waits for the disk"
    ledger.save()
    stat = path.stat()
    ledger.save()
    assert path.stat() == stat, "nothing changed, nothing written"
    again = Ledger(path)
    assert (again.in_use, again.newest) == (4, 4)
    assert again.versions("good", "rolled_back") == [5, 4]
    entry = again.entry(4)
    assert (entry.status, entry.reason, entry.sha256, entry.engine) == ("good", "12 decisions", "ab", "x 1")
    assert again.begun(4) == 2
    again.decided(4)
    assert again.begun(4) == 1
    assert not again.news


def test_a_refused_one_does_not_bar_older_ones(tmp_path):
    ledger = Ledger(tmp_path / "l.json")
    ledger.note(9, "rejected", "forged")
    assert ledger.newest == 0
    ledger.note(3, "trial")
    assert ledger.newest == 3


def test_it_does_not_grow_for_ever_and_keeps_the_good_ones(tmp_path):
    ledger = Ledger(tmp_path / "l.json")
    for version in range(1, 200):
        ledger.note(version, "good" if version < 4 else "rejected")
    ledger.save()
    assert len(Ledger(tmp_path / "l.json").versions("good", "rejected")) == KEPT + 2
    assert Ledger(tmp_path / "l.json").versions("good") == [3, 2]


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"\xff", b"{}", b'{"in_use": "4", "newest": 4, "policies": []}',
     b'{"in_use": 4, "newest": 4, "policies": [{"version": 4}]}',
     b'{"in_use": 4, "newest": 4, "policies": [4]}'],
)  # fmt: skip
def test_a_damaged_one_is_begun_anew(tmp_path, content, caplog):
    path = tmp_path / "l.json"
    path.write_bytes(content)
    ledger = Ledger(path)
    assert (ledger.in_use, ledger.versions("good")) == (0, [])
    assert "tried again" in caplog.text
    ledger.note(1, "trial")
    ledger.save()
    assert json.loads(path.read_bytes())["newest"] == 1
