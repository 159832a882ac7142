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
  /** Name of the motion tool in force. */
  tool: string;
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
}

export interface LiveFate extends Fate {
  type: "feedback";
}

export interface NoPicture {
  type: "no_picture";
  reason: string;
}

/** Answer to a text: its score in [-1, 1], or that nothing could be read from it. */
export interface TextSaved {
  id: number;
  score: number | null;
  confidence: number | null;
  abstained: boolean;
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
