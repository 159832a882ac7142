"""Tasks and their ends, from the link process to the policy process: one latest-only slot each."""

from __future__ import annotations

import logging

from robot_agent.files import RuntimeFiles
from shared.codec import decode, encode
from shared.errors import CodecError
from shared.messages import EndEpisode, TaskSpec
from shared.slots import Slot

log = logging.getLogger("mailbox")

TASK_BYTES = 64 * 1024
END_BYTES = 1024


class Mailbox:
    """Both ends of the slots. A new task supersedes the end of the old one: latest-only loses nothing."""

    def __init__(self, runtime: RuntimeFiles) -> None:
        self._task = Slot(runtime.task, TASK_BYTES, create=True)
        self._end = Slot(runtime.end, END_BYTES, create=True)
        self._seen = {self._task: 0, self._end: 0}

    def put(self, message: TaskSpec | EndEpisode) -> None:
        """Leave a message; called by the link process only.

        Raises:
            CodecError: longer than the slot.
        """
        slot, data = self._task if isinstance(message, TaskSpec) else self._end, encode(message)
        if len(data) > slot.size:
            name = type(message).__name__
            raise CodecError(f"{name} of {len(data)} bytes; the robot takes at most {slot.size}")
        slot.write(data)

    def take(self) -> list[TaskSpec | EndEpisode]:
        """What is new since the last call, the task first; a fresh mailbox gives what was left last.

        What another version of this program left there is skipped.
        """
        messages: list[TaskSpec | EndEpisode] = []
        for slot, seen in self._seen.items():
            if slot.seq() != seen and (found := slot.read()) is not None:
                self._seen[slot] = found[0]
                try:
                    messages.append(decode(found[1]))
                except CodecError as error:
                    log.warning("%s holds nothing that can be used: %s", slot.path.name, error)
        return messages
