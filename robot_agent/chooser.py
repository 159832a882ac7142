"""From the guard's states to actions: what the policy process stands by, decision by decision.

A decision in force is republished with the state that has just been evaluated: the heartbeat is the evaluated
action itself, so a policy that hangs is seen by the guard within three ticks.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from robot_agent.episode import LISTENING, Wish, next_wish, waiting_for
from robot_agent.frames import Action, GuardState, Kind, Mode, Record
from robot_agent.mailbox import Mail
from robot_agent.proposals import Proposals
from robot_agent.succession import Succession
from robot_agent.view import Projected, Vision
from shared.control.motions import joints_of, start_pose
from shared.control.observe import observe_task
from shared.control.ood import Finding
from shared.control.pilot import ALL_TOOLS, PolicyOutput, decide
from shared.errors import PolicyError
from shared.interruption import as_of
from shared.messages import END_REASONS, SOURCES, Approval, EndEpisode, SetMode, TaskSpec
from shared.spaces import OBS_DIM
from shared.tools import TOOL_INDEX, TOOLS

F32 = NDArray[np.float32]
_RUN_MADE = TOOL_INDEX["run_made"]
F64 = NDArray[np.float64]

DISLIKED = "disliked"
"""Outcome of an episode that the learner ended because people said again and again that it is bad."""
_KEPT_LATENCIES = 500


class Chooser:
    """From guard states to actions; holds the task and the action it stands by.

    Args:
        deterministic: most likely tool and mean parameters instead of a sample.
        succession: knows which policy is in use.
        seed: of the samples; None takes fresh entropy.
        clock: monotonic [s], for proposals.
        vision: where the scene is known from; known positions if not given.
    """

    def __init__(
        self,
        deterministic: bool,
        succession: Succession,
        seed: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        vision: Vision | None = None,
    ) -> None:
        self._deterministic, self._rng = deterministic, np.random.default_rng(seed)
        self._task: _Task | None = None
        self._vision: Vision = vision or Projected()
        self._ended = self._abandoned = ""
        self._standing: Action | None = None
        self._before: GuardState | None = None
        self._epoch = 0
        self.succession = succession
        self.proposals = Proposals(clock)
        self.waiting = ""
        self.latencies_s: deque[float] = deque(maxlen=_KEPT_LATENCIES)
        self.inferences = 0
        self.anomalies: deque[tuple[Finding, GuardState]] = deque(maxlen=16)
        """Not yet reported."""

    def give(self, message: Mail) -> None:
        """A task, the end of one, or a person's word on what the policy proposes."""
        match message:
            case EndEpisode(episode_id=name, outcome=outcome):
                self._ended = name
                if outcome == DISLIKED:
                    self.succession.doubt("people said again and again that it is bad")
            case SetMode(mode=mode):
                self.proposals.set_mode(mode)
            case Approval():
                self.proposals.answer(message)
            case TaskSpec() if self._task is None or message.episode_id != self._task.spec.episode_id:
                self._task = _Task(message, self._vision)

    def played(self, record: Record) -> None:
        """The guard's record of something that has ended."""
        self.succession.played(record)

    def action(self, state: GuardState) -> Action:
        """What to publish in answer to a state."""
        succession = self.succession
        self._watch(state)
        succession.look(between=state.kind in (Kind.IDLE, Kind.CLOSING))
        obs, output = self._evaluate(state)
        spec = self._task.spec if self._task else None
        ended = spec is not None and (succession.idle or spec.episode_id in (self._ended, self._abandoned))
        self.waiting = self._waiting_for(state, spec, ended)
        standing = self._standing
        anew = standing is None or state.boot_epoch != self._epoch
        if standing is None or anew or (state.mode not in LISTENING and not _accepted(standing, state)):
            # This process or the guard was started anew, or a stop came between: what was proposed before is
            # void, since the robot may stand elsewhere when it listens again.
            standing = Action(state.action_seq, Kind.IDLE, state.state_seq)
            self._epoch = state.boot_epoch
        if anew or state.mode not in LISTENING:
            self.proposals.drop()
        if _accepted(standing, state) and output is not None:
            wish = self._start_again(standing) or next_wish(state, spec, ended)
            if wish is not None and not (wish.kind is Kind.DECISION and self._vision.awaited()):
                standing = self._make(wish, state, obs, output) or standing
        self._standing = replace(standing, state_seq=state.state_seq)
        return self._standing

    def _watch(self, state: GuardState) -> None:
        """Whether the robot was stopped in the middle of a decision."""
        before, self._before = self._before, state
        self.succession.saw(state)
        moved = before is not None and before.mode in LISTENING and before.kind == Kind.DECISION
        if moved and state.mode == Mode.STOPPED:
            self.succession.doubt(f"a person stopped the robot ({state.stop_source or 'stop'})")

    def _evaluate(self, state: GuardState) -> tuple[F32, PolicyOutput | None]:
        if self._task is None or self.succession.loading:
            return np.zeros(OBS_DIM, np.float32), None
        obs = self._task.observe(state)
        finding = self.succession.observed(obs, state)
        if finding is not None:
            self.anomalies.append((finding, state))
        output, took_s = self.succession.evaluate(obs)
        self.latencies_s.append(took_s)
        self.inferences += 1
        return obs, output

    def _start_again(self, standing: Action) -> Wish | None:
        """Deal with what a policy left behind that was taken out of use: what it does at this moment is cut.

        Its episode ends, unless that has not gone beyond the start pose: then it begins again, within the
        limits of the policy that follows.
        """
        version, self.succession.rolled_back = self.succession.rolled_back, 0
        if not version or standing.policy_version != version:
            return None
        if standing.kind == Kind.START and not self.succession.idle:
            return Wish(Kind.START, standing.episode_id, 0)
        self._abandoned = standing.episode_id
        return None

    def _waiting_for(self, state: GuardState, spec: TaskSpec | None, ended: bool) -> str:
        waiting = waiting_for(state, spec, not self.succession.idle, ended)
        if not waiting and self.proposals.pending is not None:
            return "a person's approval"
        return waiting or (self._vision.awaited() if state.finished else "")

    def _make(self, wish: Wish, state: GuardState, obs: F32, output: PolicyOutput) -> Action | None:
        """The action that a wish comes to; None while it waits for approval or if the policy failed."""
        succession = self.succession
        if wish.kind is not Kind.DECISION:
            self.proposals.drop()
        action = Action(
            state.action_seq + 1,
            wish.kind,
            state.state_seq,
            wish.episode_id,
            wish.episode_step,
            policy_version=succession.version,
            source=SOURCES.index("policy" if not succession.idle else "script"),
        )
        if wish.kind is Kind.START:
            assert self._task is not None
            profile = succession.limits_profile
            return replace(action, target=start_joints(self._task.spec), limits_profile=profile)
        if wish.kind is Kind.CLOSING:
            return replace(action, obs=obs, value=float(output.value[0]))
        if not self.proposals.waits:
            self.proposals.drop()
            return self._decide(action, obs, output)
        if (approved := self.proposals.approved(wish)) is not None:
            return replace(approved, action_seq=action.action_seq, source=SOURCES.index("human"))
        if self.proposals.pending is None and (proposal := self._decide(action, obs, output)) is not None:
            self.proposals.propose(wish, proposal)
        return None

    def _decide(self, action: Action, obs: F32, output: PolicyOutput) -> Action | None:
        try:
            chosen = decide(output, None, self._rng, self._deterministic)
        except PolicyError as error:
            self.succession.fault(str(error))
            return None
        tool = int(chosen.tool[0])
        self.succession.decided(tool, output.param_mean[0, tool])
        if self.succession.rolled_back:
            return None
        params = chosen.params[0]
        return replace(
            action,
            obs=obs,
            tool=tool,
            params=params,
            made=made_at(float(params[0]), self.succession.made) if tool == _RUN_MADE else 0,
            log_prob=float(chosen.log_prob[0]),
            value=float(chosen.value[0]),
            tool_mask=ALL_TOOLS,
        )


def made_at(place: float, made: Sequence[int]) -> int:
    """The key of the made tool that a raw parameter of `run_made` chooses; 0 where nothing is."""
    at = TOOLS[_RUN_MADE].params[0].choice(place)
    return made[at] if at < len(made) else 0


def _accepted(action: Action, state: GuardState) -> bool:
    return action.action_seq == state.action_seq


class _Task:
    """A task as it stands, with what is seen of it."""

    def __init__(self, spec: TaskSpec, vision: Vision) -> None:
        self.spec = self._asked = spec
        self._vision = vision

    def observe(self, state: GuardState) -> F32:
        """(512,) before the next decision."""
        same = state.episode_id == self.spec.episode_id and state.kind in (Kind.DECISION, Kind.CLOSING)
        # A closing record's step is the number of decisions made; during a decision, one more than its index.
        step = 0 if not same else state.episode_step + (state.kind == Kind.DECISION)
        ok = not same or END_REASONS[state.last_end] in ("completed", "closing")
        if self.spec.changes and (asked := as_of(self.spec, step)).instruction != self._asked.instruction:
            self._asked = asked
        view = self._vision.see(self._asked, state)
        return observe_task(
            state,
            self._asked,
            view.detections,
            step,
            ok,
            float(state.mode == Mode.ACTIVE),
            frame_age_s=view.age_s,
            brightness=view.brightness,
        )


def start_joints(spec: TaskSpec) -> F64:
    """(9,) rad: the task's start pose. The guard's limiter has the last word on it."""
    joints = joints_of(start_pose(spec)[None])[0]
    return np.where(np.isfinite(joints), joints, 0.0)
