import type { Link } from "./live";
import type { LiveStep, Robot } from "./types";

export type Tone = "busy" | "go" | "rest" | "stop" | "off";

/** One big word, a colour for it, and a sentence. */
export interface StateWords {
  word: string;
  tone: Tone;
  detail: string;
}

export interface Situation {
  /** The browser's own word on whether there is a network. */
  online: boolean;
  link: Link;
  /** null: the list of robots has not arrived yet. */
  robots: Robot[] | null;
  step: LiveStep | null;
  /** [ms] since the last step message. */
  stepAgeMs: number;
  nowMs: number;
}

/** Without a word from the robot for this long it counts as offline. */
const SILENT_MS = 3000;

const GUARD: Record<string, { word: string; tone: Tone; detail: string }> = {
  BOOT: { word: "Starting", tone: "busy", detail: "The robot is starting" },
  ARMING: { word: "Waking", tone: "busy", detail: "The robot gets ready to move" },
  DISARMED: { word: "Resting", tone: "rest", detail: "Released. To go on, resume it at the robot" },
  FALLBACK: { word: "Slowing", tone: "rest", detail: "The policy fell silent; the robot slows down" },
  SAFE_HOLD: { word: "Holding", tone: "rest", detail: "The robot holds still until it gets its next move" },
  STOPPED: { word: "Stopped", tone: "stop", detail: "Release and resume it at the robot" },
  FAULT: { word: "Fault", tone: "stop", detail: "The robot found a fault and stopped itself" },
};

/** The robot's state for a person, the most important cause first. */
export function stateWords(at: Situation): StateWords {
  if (!at.online) return { word: "Offline", tone: "off", detail: "This phone has no network" };
  if (at.link.phase === "waiting") {
    const seconds = Math.max(1, Math.ceil((at.link.retryAtMs - at.nowMs) / 1000));
    return { word: "Connecting", tone: "off", detail: `Waiting for the learner; next try in ${seconds} s` };
  }
  if (at.robots === null) return { word: "Connecting", tone: "off", detail: "Waiting for the learner" };
  if (at.robots.length === 0) return { word: "Waiting", tone: "off", detail: "No robot has called the learner yet" };
  if (at.link.phase === "connecting") return { word: "Connecting", tone: "off", detail: "Opening the live channel" };
  if (at.step === null) return { word: "Waiting", tone: "off", detail: "The robot has not reported yet" };
  if (at.stepAgeMs > SILENT_MS) {
    return { word: "Offline", tone: "off", detail: `No word from the robot for ${duration(at.stepAgeMs)}` };
  }
  if (at.step.state === "FAULT" && at.step.fault) {
    return { word: "Fault", tone: "stop", detail: `${sentence(at.step.fault)}. Release and resume it at the robot` };
  }
  if (at.step.state === "STOPPED" && at.step.stop_source) {
    return { word: "Stopped", tone: "stop", detail: `By ${sourceWord(at.step.stop_source)}. Release and resume it at the robot` };
  }
  if (at.step.teleop && canMove(at.step.state)) return { word: "By hand", tone: "busy", detail: "A person moves the robot" };
  if (at.step.state === "ACTIVE") {
    if (at.step.episode_id === "") return { word: "Learning", tone: "busy", detail: "The robot waits for its next task" };
    return { word: "Acting", tone: "go", detail: sentence(at.step.instruction) || "Doing its task" };
  }
  const words = GUARD[at.step.state];
  return words ?? { word: sentence(at.step.state.toLowerCase()), tone: "rest", detail: "" };
}

/** Guard states in which the robot moves for nobody. */
const HELD = new Set(["BOOT", "DISARMED", "ARMING", "STOPPED", "FAULT"]);

/** Whether a person may take the motion in this guard state. */
export function canMove(state: string): boolean {
  return !HELD.has(state);
}

const SOURCES: Record<string, string> = {
  socket: "the stop command at the robot",
  key: "the key at the robot",
  signal: "a signal at the robot",
  button: "the robot’s button",
  usb: "the robot’s USB button",
  page: "the robot’s own page",
  link: "this learner",
  antenna: "a press on the antenna",
  supervisor: "the loss of its supervisor",
  policy: "the policy’s guard",
};

/** Who stopped the robot, in words. */
export function sourceWord(source: string): string {
  return SOURCES[source] ?? source;
}

/** `12 s`, `3 min`, `2 h`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

/** The first letter large, underscores as spaces. */
export function sentence(text: string): string {
  const plain = text.replaceAll("_", " ").trim();
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}
