import pytest

from robot_agent.guard.epoch import next_epoch
from shared.errors import StoreError


def test_epochs_rise_and_are_kept(tmp_path):
    path = tmp_path / "sub" / "epoch"
    assert [next_epoch(path) for _ in range(3)] == [1, 2, 3]
    assert path.read_text() == "3\n"


@pytest.mark.parametrize("content", ["", "three", "-1", "1.5"])
def test_a_damaged_file_is_an_error_not_a_guess(tmp_path, content):
    path = tmp_path / "epoch"
    path.write_text(content)
    with pytest.raises(StoreError, match="write a number"):
        next_epoch(path)
    assert path.read_text() == content
