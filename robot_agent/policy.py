"""The policy process: wakes on every state, evaluates the policy, publishes the action it stands by.

A decision in force is republished with the state that has just been evaluated: the heartbeat is the evaluated
action itself, so a policy that hangs is seen by the guard within three ticks.
"""

from __future__ import annotations

import logging
import os
import select
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from robot_agent.bundles import BundleFolder, BundleWatch
from robot_agent.episode import LISTENING, Wish, next_wish, waiting_for
from robot_agent.files import RuntimeFiles
from robot_agent.frames import Action, GuardState, Kind, Mode, PolicyState, pack, size, unpack
from robot_agent.inference import OnnxPolicy
from robot_agent.mailbox import Mailbox
from shared.control.motions import joints_of, start_pose
from shared.control.observe import observe_task
from shared.control.pilot import ALL_TOOLS, PolicyOutput, decide
from shared.control.rotations import quat_to_matrix
from shared.control.vision import detect, scenes
from shared.errors import PolicyError
from shared.messages import END_REASONS, SOURCES, EndEpisode, TaskSpec
from shared.slots import Slot
from shared.spaces import OBS_DIM

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
log = logging.getLogger("policy")

REPORT_PERIOD_S = 0.2
WAKE_TIMEOUT_MS = 100
_KEPT_LATENCIES = 500


@dataclass(frozen=True)
class Lines:
    """Eventfds of the policy process."""

    state_bell: int
    action_bell: int


class Chooser:
    """From guard states to actions; holds the task, the policy in use and the action it stands by.

    Args:
        deterministic: most likely tool and mean parameters instead of a sample.
        new_policy: gives a policy that is to take over, or None; asked at episode boundaries only.
        reject: told the version and the fault of a policy that fails in use.
        seed: of the samples; None takes fresh entropy.
    """

    def __init__(
        self,
        deterministic: bool,
        new_policy: Callable[[], OnnxPolicy | None],
        reject: Callable[[int, str], None],
        seed: int | None = None,
    ) -> None:
        self._deterministic, self._new_policy, self._reject = deterministic, new_policy, reject
        self._before: OnnxPolicy | None = None
        self._rng = np.random.default_rng(seed)
        self._task: _Task | None = None
        self._ended: EndEpisode | None = None
        self._standing: Action | None = None
        self._epoch = 0
        self.policy: OnnxPolicy | None = None
        self.waiting = ""
        self.latencies_s: deque[float] = deque(maxlen=_KEPT_LATENCIES)
        self.inferences = 0

    def give(self, message: TaskSpec | EndEpisode) -> None:
        """A task, or the end of one."""
        if isinstance(message, EndEpisode):
            self._ended = message
        elif self._task is None or message.episode_id != self._task.spec.episode_id:
            self._task = _Task(message)

    def action(self, state: GuardState) -> Action:
        """What to publish in answer to a state."""
        spec = self._task.spec if self._task else None
        ended = self._ended is not None and spec is not None and self._ended.episode_id == spec.episode_id
        between = state.kind in (Kind.IDLE, Kind.CLOSING)
        if self.policy is None or between:
            self._take_over(self._new_policy())
        obs, output = self._evaluate(state)
        self.waiting = waiting_for(state, spec, self.policy is not None, ended)
        standing = self._standing
        anew = standing is None or state.boot_epoch != self._epoch
        if standing is None or anew or (state.mode not in LISTENING and not _accepted(standing, state)):
            # This process or the guard was started anew, or a stop came between: what was proposed before is
            # void, since the robot may stand elsewhere when it listens again.
            standing = Action(state.action_seq, Kind.IDLE, state.state_seq)
            self._epoch = state.boot_epoch
        if _accepted(standing, state):
            wish = next_wish(state, spec if output is not None else None, ended)
            if wish is not None:
                try:
                    standing = self._make(wish, state, state.action_seq + 1, obs, output)
                except PolicyError as error:
                    self._failed(error)
        self._standing = replace(standing, state_seq=state.state_seq)
        return self._standing

    def _take_over(self, policy: OnnxPolicy | None) -> None:
        if policy is not None:
            self._before, self.policy = self.policy, policy

    def _evaluate(self, state: GuardState) -> tuple[F32, PolicyOutput | None]:
        if self._task is None or self.policy is None:
            return np.zeros(OBS_DIM, np.float32), None
        obs = self._task.observe(state)
        begun = time.perf_counter()
        try:
            output = self.policy(obs[None])
            decide(output, None, self._rng, deterministic=True)
        except Exception as error:
            self._failed(error)
            return obs, None
        self.latencies_s.append(time.perf_counter() - begun)
        self.inferences += 1
        return obs, output

    def _failed(self, error: Exception) -> None:
        """Refuse the policy in use for good, and go on with the one before it, if there is one."""
        assert self.policy is not None
        log.error("policy v%d fails in use", self.policy.version, exc_info=error)
        self._reject(self.policy.version, f"failed in use: {error}")
        self.policy, self._before = self._before, None

    def _make(
        self, wish: Wish, state: GuardState, number: int, obs: F32, output: PolicyOutput | None
    ) -> Action:
        assert self._task is not None
        action = Action(number, wish.kind, state.state_seq, wish.episode_id, wish.episode_step)
        if wish.kind is Kind.START:
            profile = self.policy.limits_profile if self.policy else 1.0
            return replace(action, target=start_joints(self._task.spec), limits_profile=profile)
        assert output is not None
        assert self.policy is not None
        version, source = self.policy.version, SOURCES.index("policy")
        if wish.kind is Kind.CLOSING:
            value = float(output.value[0])
            return replace(action, obs=obs, value=value, policy_version=version, source=source)
        chosen = decide(output, None, self._rng, self._deterministic)
        return replace(
            action,
            obs=obs,
            tool=int(chosen.tool[0]),
            params=chosen.params[0],
            log_prob=float(chosen.log_prob[0]),
            value=float(chosen.value[0]),
            tool_mask=ALL_TOOLS,
            policy_version=version,
            source=source,
        )


def _accepted(action: Action, state: GuardState) -> bool:
    return action.action_seq == state.action_seq


class _Task:
    """A task with what is worth computing once."""

    def __init__(self, spec: TaskSpec) -> None:
        self.spec = spec
        self._scene = scenes([spec.objects])
        self._rng = np.random.default_rng(spec.seed)

    def observe(self, state: GuardState) -> F32:
        """(512,) before the next decision, detections drawn anew."""
        head = quat_to_matrix(state.head_quat[None])
        detections = detect(self._scene, state.head_pos[None], head, self._rng)
        same = state.episode_id == self.spec.episode_id and state.kind in (Kind.DECISION, Kind.CLOSING)
        # A closing record's step is the number of decisions made; during a decision, one more than its index.
        step = 0 if not same else state.episode_step + (state.kind == Kind.DECISION)
        ok = not same or END_REASONS[state.last_end] in ("completed", "closing")
        return observe_task(state, self.spec, detections, step, ok, float(state.mode == Mode.ACTIVE))


def start_joints(spec: TaskSpec) -> F64:
    """(9,) rad: the task's start pose. The guard's limiter has the last word on it."""
    joints = joints_of(start_pose(spec)[None])[0]
    return np.where(np.isfinite(joints), joints, 0.0)


def run(runtime: RuntimeFiles, bundles: BundleFolder, lines: Lines, deterministic: bool = False) -> int:
    """Answer states until the process is ended."""
    states = Slot(runtime.state, size(GuardState), create=True)
    actions = Slot(runtime.action, size(Action), create=True)
    reports = Slot(runtime.policy, size(PolicyState), create=True)
    mail = Mailbox(runtime)
    watch = BundleWatch(bundles)
    watch.start()
    chooser = Chooser(deterministic, watch.take, watch.reject)
    poll = select.poll()
    poll.register(lines.state_bell, select.POLLIN)
    answered, reported_s = 0, 0.0
    while True:
        if poll.poll(WAKE_TIMEOUT_MS):
            os.eventfd_read(lines.state_bell)
        for message in mail.take():
            chooser.give(message)
        found = states.read()
        if found is not None and found[0] != answered:
            answered = found[0]
            state = unpack(GuardState, found[1])
            actions.write(pack(chooser.action(state)))
            os.eventfd_write(lines.action_bell, 1)
        now = time.monotonic()
        if now - reported_s >= REPORT_PERIOD_S:
            reported_s = now
            reports.write(pack(_report(chooser, watch)))


def _report(chooser: Chooser, watch: BundleWatch) -> PolicyState:
    times_ms = np.array(chooser.latencies_s or [0.0]) * 1e3
    version, reason = watch.rejected
    return PolicyState(
        pid=os.getpid(),
        active_version=chooser.policy.version if chooser.policy else 0,
        rejected_version=version,
        reason=reason,
        waiting=chooser.waiting,
        inferences=chooser.inferences,
        infer_p50_ms=float(np.percentile(times_ms, 50)),
        infer_p99_ms=float(np.percentile(times_ms, 99)),
    )
