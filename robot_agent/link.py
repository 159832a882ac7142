"""The link process: records from the ring to the spool to the learner; tasks, policies and stops from it.

It holds the stop eventfd and none of those that release or resume: the network may stop the robot, no more.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import time
from dataclasses import dataclass
from typing import Any

import zmq

from robot_agent.bundles import BundleFolder, Pull
from robot_agent.config import AgentConfig
from robot_agent.confirmation import GUARD_SILENT_S, wait_latched
from robot_agent.dealer import CONNECTED, GONE, Address, Dealer
from robot_agent.eyesight import eyesight, last_photo
from robot_agent.frames import (
    EPISODE_ID_BYTES,
    GuardState,
    LatchState,
    PolicyState,
    Record,
    size,
    transition,
    unpack,
)
from robot_agent.guard.guard import RING_RECORDS
from robot_agent.hand import Hand
from robot_agent.mailbox import Mailbox
from robot_agent.outbox import Outbox
from robot_agent.policy_news import PolicyNews
from robot_agent.spool import Spool
from robot_agent.status import robot_status
from shared import __version__
from shared.codec import decode, pack_transition
from shared.ending import Ending
from shared.errors import BundleError, CodecError, ConfigError, LinkError
from shared.messages import (
    Ack,
    Approval,
    Chunk,
    ChunkRequest,
    EndEpisode,
    Hello,
    PolicyNotice,
    PolicyResult,
    Refusal,
    RobotStatus,
    SetMode,
    StopConfirm,
    StopRequest,
    TaskSpec,
    TeleopTarget,
    TransitionBatch,
    Welcome,
)
from shared.slots import Ring, RingReader, Slot
from shared.spaces import layout_hash
from shared.topics import period_s, timeout_s

log = logging.getLogger("link")

STATUS_PERIOD_S = period_s(RobotStatus)
HELLO_PERIOD_S = timeout_s(Hello)
CHUNK_TIMEOUT_S = timeout_s(ChunkRequest)
KEY_RETRY_S = 2.0
RECONNECT_S = 0.5
DRAIN = 64
"""Records committed to disk at once."""
STOP_WAIT_S = 1.0


@dataclass(frozen=True)
class Lines:
    """Eventfds of the link process."""

    record_bell: int
    stop: int


class Link:
    """Everything the link process holds. `step` is one turn of its loop."""

    def __init__(self, config: AgentConfig, lines: Lines) -> None:
        runtime, self._config, self._lines = config.runtime, config, lines
        self._states = Slot(runtime.state, size(GuardState), create=True)
        self._latches = Slot(runtime.latch, size(LatchState), create=True)
        self._policies = Slot(runtime.policy, size(PolicyState), create=True)
        self._ring = RingReader(Ring(runtime.records, size(Record), RING_RECORDS, create=True))
        self._spool = Spool(config.state.spool, config.spool_records)
        self._outbox = Outbox(self._spool)
        self._mail = Mailbox(runtime)
        self._hand = Hand(runtime)
        self._looked_s = time.monotonic()
        self._bundles = BundleFolder(config.state.bundles)
        self._dealer: Dealer | None = None
        self._open_at_s = 0.0
        self._connected = False
        self._welcome = False
        self._tick, self._tick_s = -1, 0.0
        self._behind = 0
        self._hello_s = self._status_s = self._chunk_s = 0.0
        self._pull: Pull | None = None
        self._news = PolicyNews(config.robot_id)
        self._complaint = ""

    def step(self) -> None:
        """Wait a little for something to happen, then deal with all of it."""
        self._open_when_due()
        poller = zmq.Poller()
        poller.register(self._lines.record_bell, zmq.POLLIN)
        if self._dealer:
            poller.register(self._dealer.socket, zmq.POLLIN)
            poller.register(self._dealer.monitor, zmq.POLLIN)
        if dict(poller.poll(int(STATUS_PERIOD_S * 1000.0))).get(self._lines.record_bell):
            os.eventfd_read(self._lines.record_bell)
        self._drain()
        while self._dealer and (event := self._dealer.event()) is not None:
            self._connection(event)
        while self._dealer and (frame := self._dealer.receive()) is not None:
            self._frame(frame)
        self._looked_s = time.monotonic()
        self._send(self._looked_s)

    def end(self) -> None:
        """Put what the guard has left in the ring on disk, then close: the ring is gone after a reboot."""
        self._drain()
        self.close()

    def close(self) -> None:
        """Let go of socket and spool."""
        if self._dealer:
            self._dealer.close()
        self._spool.close()

    def _drain(self) -> None:
        """Ring -> disk. The ring forgets a record only after its commit."""
        while True:
            found = [record for _ in range(DRAIN) if (record := self._ring.pop()) is not None]
            if not found:
                return
            records = [unpack(Record, data) for data in found]
            rows = [
                ((r.boot_epoch, r.decision_seq), pack_transition(transition(self._config.robot_id, r)))
                for r in records
            ]
            if refused := self._spool.add(rows):
                log.warning("the spool is full: %d new records refused", refused)
            self._ring.commit()

    def _open_when_due(self) -> None:
        if self._dealer or time.monotonic() < self._open_at_s:
            return
        host, port = self._config.learner_address
        try:
            key = self._config.learner_public_key()
            self._dealer = Dealer(Address(host, port, self._config.state.key, key))
        except (ConfigError, LinkError) as error:
            self._complain(str(error))
            self._open_at_s = time.monotonic() + KEY_RETRY_S

    def _refused(self, reason: str) -> None:
        """Say it once, and try again later with a new socket."""
        self._complain(reason)
        self._reopen(self._config.refused_retry_s)

    def _reopen(self, pause_s: float) -> None:
        """A new socket after a pause with jitter, so that a room of robots does not come back in step."""
        if self._dealer:
            self._dealer.close()
        self._dealer, self._connected, self._welcome = None, False, False
        self._open_at_s = time.monotonic() + pause_s * random.uniform(1.0, 1.5)

    def _complain(self, reason: str) -> None:
        if reason != self._complaint:
            log.error("%s", reason)
        self._complaint = reason

    def _connection(self, event: int) -> None:
        if event == CONNECTED:
            log.info("connected to the learner at %s", self._config.learner)
            self._connected, self._hello_s = True, 0.0
        elif event == GONE:
            # ZeroMQ reconnects by itself after most failures, but never after a frame that it would not take.
            log.warning("the learner is away; records wait in the spool (%d)", len(self._spool))
            self._reopen(RECONNECT_S)
        else:
            self._refused(
                f"the learner at {self._config.learner} refused this robot's key, or has another key than "
                f"the one given here; put {self._config.state.key.with_suffix('.pub')} on its allow-list as "
                f"{self._config.robot_id}.pub, and check --learner-key"
            )

    def _frame(self, frame: bytes) -> None:
        try:
            self._message(decode(frame))
        except CodecError as error:
            log.warning("refused a message from the learner: %s", error)
            if self._dealer:
                self._dealer.send(Refusal(str(error)[:200], "frame"))

    def _message(self, message: Any) -> None:
        match message:
            case StopRequest():
                self._stop(message)
            case Welcome(accepted=True):
                if not self._welcome:
                    self._complaint, self._welcome = "", True
                    self._news.restart()
                    self._outbox.restart()
                    log.info("welcome")
            case Welcome(reason=reason):
                self._refused(f"the learner refused this robot: {reason}")
            case Ack(keys=keys):
                self._outbox.acknowledged(keys, time.monotonic())
            case TaskSpec(episode_id=name) | EndEpisode(episode_id=name):
                if not 0 < len(name.encode()) <= EPISODE_ID_BYTES:
                    raise CodecError(
                        f"an episode id has 1 to {EPISODE_ID_BYTES} bytes, not {len(name.encode())}"
                    )
                self._mail.put(message)
            case TeleopTarget():
                # What waited while this process was busy with a stop or the disk is not for now any more.
                self._hand.follow(message, time.monotonic() - self._looked_s - STATUS_PERIOD_S)
            case SetMode() | Approval():
                self._mail.put(message)
            case PolicyNotice():
                self._notice(message)
            case Chunk():
                self._chunk(message)
            case Refusal(reason=reason, about=about):
                log.warning("the learner could not use %s: %s", about or "a message", reason)
            case _:
                log.warning("a %s is not for robots", type(message).__name__)

    def _stop(self, request: StopRequest) -> None:
        """Latch, and say how long it took. Waits in place: nothing else matters now."""
        begun = time.monotonic()
        os.eventfd_write(self._lines.stop, 1)
        took_s = wait_latched(self._latches, begun, STOP_WAIT_S)
        if took_s is None:
            log.error("the guard did not confirm the stop within %.0f s", STOP_WAIT_S)
            return
        log.warning("stopped by the learner (%s), latched after %.2f ms", request.reason, took_s * 1e3)
        if self._dealer:
            self._dealer.send(StopConfirm(self._config.robot_id, request.request_id, took_s * 1e3))

    def _notice(self, notice: PolicyNotice) -> None:
        known = self._bundles.has(notice.version) or (self._pull and self._pull.notice == notice)
        newest = max([*self._bundles.versions(), 0])
        if known:
            return
        if notice.version <= newest:
            if notice.version != self._behind:
                log.warning("policy v%d is older than v%d, which is here: not taken", notice.version, newest)
            self._behind = notice.version
            return
        try:
            self._pull = Pull(notice)
        except BundleError as error:
            self._reject(notice.version, str(error))
        self._chunk_s = 0.0

    def _chunk(self, chunk: Chunk) -> None:
        if self._pull is None:
            return
        try:
            data = self._pull.add(chunk)
        except BundleError as error:
            self._pull = None
            self._reject(chunk.version, str(error))
            return
        self._chunk_s = 0.0
        if data is not None:
            self._pull = None
            self._bundles.keep(chunk.version, data)
            log.info("policy v%d received, %d bytes", chunk.version, len(data))

    def _reject(self, version: int, reason: str) -> None:
        log.warning("policy refused: %s", reason)
        if self._dealer:
            self._dealer.send(PolicyResult(self._config.robot_id, version, "rejected", reason[:400]))

    def _send(self, now: float) -> None:
        """What is due, if the learner is there."""
        dealer = self._dealer
        if dealer is None or not self._connected:
            return
        found, found_policy = self._states.read(), self._policies.read()
        if found is not None and found[0] != self._tick:
            self._tick, self._tick_s = found[0], now
        state = unpack(GuardState, found[1]) if found else None
        policy = unpack(PolicyState, found_policy[1]) if found_policy else None
        version = policy.active_version if policy else 0
        if not self._welcome:
            if state is not None and now - self._hello_s >= HELLO_PERIOD_S:
                self._hello_s = now
                name, body = self._config.robot_id, self._config.body
                dealer.send(Hello(name, state.boot_epoch, layout_hash(), body, __version__, version))
            return
        if now - self._status_s >= STATUS_PERIOD_S and state is not None:
            self._status_s = now
            lost = self._ring.lost + self._spool.refused
            ticking, spooled = now - self._tick_s < GUARD_SILENT_S, len(self._spool)
            name = self._config.robot_id
            eyes = eyesight(self._config).found if self._config.eyes == "camera" else ""
            dealer.send(
                robot_status(
                    name,
                    state,
                    policy,
                    ticking=ticking,
                    spooled=spooled,
                    lost=lost,
                    eyes=eyes,
                    photo=last_photo(self._config),
                )
            )
        if self._pull is not None and now - self._chunk_s >= CHUNK_TIMEOUT_S:
            self._chunk_s = now
            dealer.send(self._pull.request)
        if policy is not None:
            for message in self._news.untold(policy):
                if dealer.send(message):
                    self._news.told(policy, message)
        while batch := self._outbox.batch(now):
            if not dealer.send(TransitionBatch(batch)):
                self._outbox.restart()
                return


def run(config: AgentConfig, lines: Lines) -> int:
    """Serve until SIGTERM."""
    ending = Ending(signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's: it ends the guard first
    link = Link(config, lines)
    while not ending:
        link.step()
    link.end()
    return 0
