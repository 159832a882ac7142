"""The policy process: wakes on every state, has it answered, tells the guard, the link and the disk."""

from __future__ import annotations

import os
import select
import time
from dataclasses import dataclass

from robot_agent.bundles import BundleFolder
from robot_agent.candidates import Candidates
from robot_agent.chooser import Chooser
from robot_agent.config import AgentConfig
from robot_agent.frames import Action, GuardState, PolicyState, pack, size, unpack
from robot_agent.ledger import Ledger
from robot_agent.mailbox import Mailbox
from robot_agent.photos import PhotoFolder, Photographer
from robot_agent.policy_report import Report
from robot_agent.record_tail import RecordTail
from robot_agent.succession import Succession
from robot_agent.view import Projected, Seen
from shared.slots import Slot

REPORT_PERIOD_S = 0.2
WAKE_TIMEOUT_MS = 100


@dataclass(frozen=True)
class Lines:
    """Eventfds of the policy process."""

    state_bell: int
    action_bell: int


def run(config: AgentConfig, lines: Lines) -> int:
    """Answer states until the process is ended."""
    runtime, state_files = config.runtime, config.state
    states = Slot(runtime.state, size(GuardState), create=True)
    actions = Slot(runtime.action, size(Action), create=True)
    reports = Slot(runtime.policy, size(PolicyState), create=True)
    mail, records = Mailbox(runtime), RecordTail(runtime.records)
    folder = BundleFolder(state_files.bundles)
    ledger = Ledger(folder.ledger)
    candidates = Candidates(folder, ledger, state_files.signers, state_files.made_tools)
    candidates.start()
    sees = config.eyes == "camera"
    vision = Seen(runtime.folder) if sees else Projected()
    photographer = Photographer(config.robot_id, PhotoFolder(state_files.photos), runtime.photo)
    chooser = Chooser(config.deterministic, Succession(ledger, candidates), vision=vision)
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
            if not sees:  # otherwise the eyes do it
                photographer.ended([record], None)
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
