/** How a stop that was asked for on this page stands. */
export type StopState =
  | { phase: "idle" }
  | { phase: "asked" }
  | { phase: "confirmed"; ms: number }
  | { phase: "unconfirmed"; reason: string };

/** One line above the button; empty when there is nothing to say. */
export function stopWords(state: StopState): string {
  switch (state.phase) {
    case "idle":
      return "";
    case "asked":
      return "Asked the robot to stop…";
    case "confirmed":
      return `Robot confirmed in ${Math.max(1, Math.round(state.ms))} ms`;
    case "unconfirmed":
      return `No confirmation (${state.reason}). Press the robot’s own stop!`;
  }
}
