import type { Summary } from "./summary";

/** Something that a person should know, the gravest first. */
export interface Notice {
  key: string;
  tone: "bad" | "note";
  text: string;
}

const MINUTE_S = 60;
/** An anomaly is news for this long. */
const NEWS_S = 10 * MINUTE_S;

/** What the summary has to tell about policies, anomalies and limits of one robot. */
export function notices(summary: Summary | null, robotId: string | null): Notice[] {
  if (summary === null) return [];
  const found: Notice[] = [];
  const robot = summary.robots.find((row) => row.robot_id === robotId);
  const event = robot?.policy_event;
  if (event?.status === "rolled_back") {
    found.push({ key: `back${event.version}`, tone: "bad", text: `Policy v${event.version} was rolled back: ${event.reason}` });
  } else if (event?.status === "rejected") {
    found.push({ key: `no${event.version}`, tone: "bad", text: `Policy v${event.version} was refused by the robot: ${event.reason}` });
  } else if (event?.status === "trial") {
    found.push({ key: `try${event.version}`, tone: "note", text: `Policy v${event.version} is on trial at reduced limits` });
  }
  if (summary.refused !== null) {
    const { version, reason } = summary.refused;
    found.push({ key: `gate${version}`, tone: "note", text: `Policy v${version} did not pass the simulation: ${reason}` });
  }
  const anomaly = summary.anomaly;
  if (anomaly !== null && anomaly.robot_id === robotId && summary.time_unix_s - anomaly.received_unix_s < NEWS_S) {
    const detail = anomaly.detail === "" ? anomaly.kind : `${anomaly.kind}: ${anomaly.detail}`;
    found.push({ key: `odd${anomaly.id}`, tone: "bad", text: `Flagged for review (${detail})` });
  }
  if (robot !== undefined && robot.limits_profile !== null && robot.limits_profile < 1) {
    const percent = Math.round(robot.limits_profile * 100);
    found.push({ key: "limits", tone: "note", text: `Moves at ${percent} % of its limits until it has earned more` });
  }
  return found;
}
