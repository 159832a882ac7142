"""What the learner says to the policy process, by way of the link: one latest-only slot a kind of message."""

from __future__ import annotations

import logging

from robot_agent.files import RuntimeFiles
from shared.codec import decode, encode
from shared.errors import CodecError
from shared.messages import Approval, EndEpisode, SetMode, TaskSpec
from shared.simlink import TASK_BYTES
from shared.slots import Slot

log = logging.getLogger("mailbox")

SMALL_BYTES = 1024

Mail = TaskSpec | EndEpisode | SetMode | Approval


class Mailbox:
    """Both ends of the slots. A new task supersedes the end of the old one: latest-only loses nothing."""

    def __init__(self, runtime: RuntimeFiles) -> None:
        self._slots: dict[type, Slot] = {
            TaskSpec: Slot(runtime.task, TASK_BYTES, create=True),
            EndEpisode: Slot(runtime.end, SMALL_BYTES, create=True),
            SetMode: Slot(runtime.suggest_mode, SMALL_BYTES, create=True),
            Approval: Slot(runtime.approval, SMALL_BYTES, create=True),
        }
        self._seen = dict.fromkeys(self._slots, 0)

    def put(self, message: Mail) -> None:
        """Leave a message; called by the link process only.

        Raises:
            CodecError: longer than the slot.
        """
        slot, data = self._slots[type(message)], encode(message)
        if len(data) > slot.size:
            name = type(message).__name__
            raise CodecError(f"{name} of {len(data)} bytes; the robot takes at most {slot.size}")
        slot.write(data)

    def take(self) -> list[Mail]:
        """What is new since the last call, the task first; a fresh mailbox gives what was left last.

        What another version of this program left there is skipped.
        """
        messages: list[Mail] = []
        for kind, slot in self._slots.items():
            if slot.seq() != self._seen[kind] and (found := slot.read()) is not None:
                self._seen[kind] = found[0]
                try:
                    message = decode(found[1])
                except CodecError as error:
                    log.warning("%s holds nothing that can be used: %s", slot.path.name, error)
                    continue
                fits = isinstance(message, kind)
                if fits:
                    messages.append(message)
        return messages
