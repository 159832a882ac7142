/** Training progress, as the page shows it. */
export interface Summary {
  tasks: TaskProgress[];
  episodes: number | null;
  feedback: number | null;
  time_unix_s: number;
  robots: RobotSummary[];
  /** The newest policy, if the sim gate refused it. */
  refused: { version: number; reason: string } | null;
  /** The newest that any robot flagged. */
  anomaly: AnomalySummary | null;
}

export interface RobotSummary {
  robot_id: string;
  /** What it said last about a policy. */
  policy_event: { version: number; status: string; reason: string } | null;
  limits_profile: number | null;
  /** Task -> the task that it has to pass first; tasks that are open are left out. */
  locked: Record<string, string>;
}

export interface AnomalySummary {
  id: number;
  robot_id: string;
  kind: string;
  detail: string;
  received_unix_s: number;
}

export interface TaskProgress {
  name: string;
  /** [0, 1] over the robot's last episodes; null = none yet. */
  success: number | null;
}

/** Read a summary message; what it lacks is null, so that an older or newer learner never breaks the page. */
export function parseSummary(message: object): Summary {
  const raw = message as Record<string, unknown>;
  const tasks = isRecord(raw.tasks) ? raw.tasks : {};
  return {
    tasks: Object.entries(tasks).map(([name, task]) => ({
      name,
      success: isRecord(task) ? number(task.success_rate) : null,
    })),
    episodes: number(raw.episodes),
    feedback: isRecord(raw.feedback)
      ? ["good", "bad", "rating", "text"].reduce((sum, kind) => sum + (number((raw.feedback as Record<string, unknown>)[kind]) ?? 0), 0)
      : null,
    time_unix_s: number(raw.time_unix_s) ?? 0,
    robots: records(raw.robots).map(robot),
    refused: isRecord(raw.policy) ? refusal(raw.policy.refused) : null,
    anomaly: isRecord(raw.anomalies) ? anomaly(raw.anomalies.newest) : null,
  };
}

function robot(raw: Record<string, unknown>): RobotSummary {
  const event = raw.policy_event;
  const tasks = records(raw.tasks).filter((task) => task.open === false);
  return {
    robot_id: text(raw.robot_id),
    policy_event: isRecord(event)
      ? { version: number(event.version) ?? 0, status: text(event.status), reason: text(event.reason) }
      : null,
    limits_profile: number(raw.limits_profile),
    locked: Object.fromEntries(tasks.map((task) => [text(task.task), text(task.after)])),
  };
}

function refusal(raw: unknown): Summary["refused"] {
  return isRecord(raw) ? { version: number(raw.version) ?? 0, reason: text(raw.reason) } : null;
}

function anomaly(raw: unknown): AnomalySummary | null {
  if (!isRecord(raw)) return null;
  return {
    id: number(raw.id) ?? 0,
    robot_id: text(raw.robot_id),
    kind: text(raw.kind),
    detail: text(raw.detail),
    received_unix_s: number(raw.received_unix_s) ?? 0,
  };
}

function records(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
