import type { EmergencyStop } from "./types";

/** How a stop that was asked for on this page stands. */
export type StopState =
  | { phase: "idle" }
  | { phase: "asked"; all: boolean }
  | { phase: "confirmed"; ms: number }
  /** All robots were asked, and all confirmed. */
  | { phase: "all"; robots: number; ms: number }
  | { phase: "unconfirmed"; reason: string };

/** What became of STOP ALL. */
export function stoppedAll(answer: EmergencyStop, ms: number): StopState {
  if (answer.robots.length === 0) return { phase: "unconfirmed", reason: "no robot is known here" };
  if (answer.all_confirmed) return { phase: "all", robots: answer.robots.length, ms };
  const silent = answer.robots.filter((robot) => !robot.confirmed).map((robot) => robot.robot_id);
  return { phase: "unconfirmed", reason: `${silent.join(", ")} did not answer` };
}

/** One line above the button; empty when there is nothing to say. */
export function stopWords(state: StopState): string {
  switch (state.phase) {
    case "idle":
      return "";
    case "asked":
      return state.all ? "Asked all robots to stop…" : "Asked the robot to stop…";
    case "confirmed":
      return `Robot confirmed in ${Math.max(1, Math.round(state.ms))} ms`;
    case "all":
      return `${state.robots === 1 ? "The robot" : `All ${state.robots} robots`} confirmed in ${Math.max(1, Math.round(state.ms))} ms`;
    case "unconfirmed":
      return `No confirmation (${state.reason}). Press the robot’s own stop!`;
  }
}
