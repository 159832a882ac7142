import time

import pytest

from robot_agent.guard.epoch import next_epoch
from shared.errors import StoreError


def test_epochs_rise_and_are_kept(tmp_path):
    path = tmp_path / "sub" / "epoch"
    first = next_epoch(path)
    assert [next_epoch(path) for _ in range(2)] == [first + 1, first + 2]
    assert path.read_text() == f"{first + 2}\n"


def test_a_robot_whose_disk_was_emptied_repeats_no_epoch(tmp_path, monkeypatch):
    path = tmp_path / "epoch"
    before = {next_epoch(path) for _ in range(5)}
    path.unlink()
    later = time.time() + 3600.0
    monkeypatch.setattr(time, "time", lambda: later)
    assert not before & {next_epoch(path) for _ in range(5)}


@pytest.mark.parametrize("content", ["", "three", "-1", "1.5"])
def test_a_damaged_file_is_an_error_not_a_guess(tmp_path, content):
    path = tmp_path / "epoch"
    path.write_text(content)
    with pytest.raises(StoreError, match="write a number"):
        next_epoch(path)
    assert path.read_text() == content


def test_the_error_shows_the_beginning_of_what_was_found_and_what_to_do(tmp_path):
    path = tmp_path / "epoch"
    path.write_text("x" * 1000)
    with pytest.raises(StoreError) as caught:
        next_epoch(path)
    assert str(caught.value) == (
        f"{path} should hold the number of guard starts but holds {'x' * 40!r}; write a number into it "
        "that is larger than any boot_epoch the learner has of this robot"
    )
