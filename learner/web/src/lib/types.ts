/** What the learner's API sends and takes; names as on the wire. */

/** Names one decision of a robot, together with the robot's id. */
export interface StepKey {
  boot_epoch: number;
  decision_seq: number;
}

/** A robot as listed by `GET /api/v1/robots`. */
export interface Robot {
  robot_id: string;
  body: string;
  state: string;
  last_seen_unix_s: number;
  /** Heard of in the last seconds. */
  connected: boolean;
}

/** What the robot is doing now. */
export interface LiveStep extends StepKey {
  type: "step";
  robot_id: string;
  /** Guard state in one word, such as ACTIVE. */
  state: string;
  episode_id: string;
  episode_step: number;
  /** Name of the tool in force. */
  tool: string;
  /** What it has just said; empty most of the time. */
  said: string;
  instruction: string;
  policy_version: number;
  spooled: number;
  lost: number;
  time_unix_s: number;
  /** Why the state is FAULT. */
  fault: string;
  /** Who asked for the stop that is latched. */
  stop_source: string;
  mode: Mode;
  /** A person moves the robot. */
  teleop: boolean;
  /** Proposal that waits for approval; 0 = none. */
  proposal_id: number;
  /** Name of the motion tool it proposes. */
  proposal_tool: string;
  proposal_left_s: number;
  /** Share of the motion limits in force. */
  limits_profile: number;
}

/** Whether the policy's proposals are played at once, or wait for approval. */
export type Mode = "autonomous" | "suggest";

/** A robot flags something for review. */
export interface LiveAnomaly {
  type: "anomaly";
  kind: string;
  detail: string;
}

/** What became of a feedback. */
export interface Fate {
  id: number;
  /** False: credit has not looked at it yet. The live channel leaves it out, because it tells only what is done. */
  credited?: boolean;
  changed_steps: number;
  taste_version: number | null;
  policy_version: number | null;
  /** Words wait for their score. */
  pending?: boolean;
  /** [-1, 1], with its 90 % interval; null: there is none. */
  score?: number | null;
  score_low?: number | null;
  score_high?: number | null;
  score_kind?: string | null;
  /** It is no reward, and why. */
  abstained?: boolean;
  reason?: string | null;
}

export interface LiveFate extends Fate {
  type: "feedback";
}

export interface NoPicture {
  type: "no_picture";
  reason: string;
}

/** Answer to words or a rating: the score of words follows. */
export interface TextSaved {
  id: number;
  pending: boolean;
  /** A stop word was in it, and the robot was asked to stop. */
  stop: StopAnswer | null;
}

/** Whether the learner understands speech. */
export interface VoiceInfo {
  available: boolean;
  reason: string;
  /** [s] of one recording. */
  max_s: number;
}

/** What was understood of a recording. */
export interface Heard {
  text: string;
  /** [0, 1] */
  confidence: number;
  /** False: look twice. */
  sure: boolean;
  stop: StopAnswer | null;
}

export interface EmergencyStop {
  all_confirmed: boolean;
  robots: StopAnswer[];
}

export interface ModeAnswer {
  confirmed: boolean;
}

export interface StopAnswer {
  robot_id: string;
  request_id: string;
  confirmed: boolean;
  /** [ms] from the request's arrival at the robot to its latch. */
  latched_ms: number | null;
}
