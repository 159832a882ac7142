import pytest

from robot_agent.files import RuntimeFiles
from robot_agent.mailbox import Mailbox
from robot_agent.rehearsal import empty_task
from shared.errors import CodecError
from shared.messages import EndEpisode
from shared.simlink import TASK_BYTES
from shared.slots import Slot


def test_what_another_version_left_is_skipped(tmp_path, caplog):
    runtime = RuntimeFiles(tmp_path)
    box = Mailbox(runtime)
    Slot(runtime.task, TASK_BYTES).write(b"from another time")
    assert box.take() == []
    assert "task.slot" in caplog.text
    Mailbox(runtime).put(empty_task("e1"))
    assert [message.episode_id for message in box.take()] == ["e1"]


def test_what_does_not_fit_is_refused(tmp_path):
    with pytest.raises(CodecError, match="at most"):
        Mailbox(RuntimeFiles(tmp_path)).put(EndEpisode("e1", "x" * 2000))
