"""The policy process: wakes on every state, has it answered, tells the guard, the link and the disk."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from robot_agent.bundles import BundleFolder
from robot_agent.candidates import Candidates
from robot_agent.chooser import Chooser
from robot_agent.files import RuntimeFiles, StateFiles
from robot_agent.frames import Action, GuardState, PolicyState, Record, pack, size, unpack
from robot_agent.guard.guard import RING_RECORDS
from robot_agent.ledger import Ledger
from robot_agent.mailbox import Mailbox
from robot_agent.policy_report import Report
from robot_agent.succession import Succession
from shared.slots import Ring, Slot

REPORT_PERIOD_S = 0.2
WAKE_TIMEOUT_MS = 100


@dataclass(frozen=True)
class Lines:
    """Eventfds of the policy process."""

    state_bell: int
    action_bell: int


def run(runtime: RuntimeFiles, state_files: StateFiles, lines: Lines, deterministic: bool = False) -> int:
    """Answer states until the process is ended."""
    states = Slot(runtime.state, size(GuardState), create=True)
    actions = Slot(runtime.action, size(Action), create=True)
    reports = Slot(runtime.policy, size(PolicyState), create=True)
    mail, records = Mailbox(runtime), _Records(runtime.records)
    folder = BundleFolder(state_files.bundles)
    ledger = Ledger(folder.ledger)
    candidates = Candidates(folder, ledger, state_files.signers)
    candidates.start()
    chooser = Chooser(deterministic, Succession(ledger, candidates))
    report = Report(chooser, ledger)
    poll = select.poll()
    poll.register(lines.state_bell, select.POLLIN)
    answered, reported_s = 0, 0.0
    while True:
        if poll.poll(WAKE_TIMEOUT_MS):
            os.eventfd_read(lines.state_bell)
        for message in mail.take():
            chooser.give(message)
        for record in records.new():
            chooser.played(record)
        found = states.read()
        if found is not None and found[0] != answered:
            answered = found[0]
            state = unpack(GuardState, found[1])
            actions.write(pack(chooser.action(state)))
            os.eventfd_write(lines.action_bell, 1)
        now = time.monotonic()
        if now - reported_s >= REPORT_PERIOD_S:
            reported_s = now
            reports.write(pack(report.frame()))


class _Records:
    """The guard's records as they come, beside the link, whose place in the ring stays as it is."""

    def __init__(self, path: Path) -> None:
        self._ring = Ring(path, size(Record), RING_RECORDS, create=True)
        self._seen = self._ring.head()

    def new(self) -> Iterator[Record]:
        """Those since the last call."""
        head = self._ring.head()
        for number in range(max(self._seen, head - RING_RECORDS) + 1, head + 1):
            data = self._ring.get(number)
            if data is not None:
                yield unpack(Record, data)
        self._seen = head
