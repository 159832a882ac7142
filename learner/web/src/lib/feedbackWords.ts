import type { Fate } from "./types";

/** The last feedback from this page and how far it has come. */
export interface Sent {
  /** What was sent: an emoji, or the text. */
  label: string;
  phase: "sending" | "saved" | "failed" | "undone";
  id: number | null;
  /** A text in which no praise or blame could be read. */
  abstained: boolean;
  fate: Fate | null;
  error: string;
}

/** One sentence on what became of a feedback. */
export function feedbackWords(sent: Sent): string {
  if (sent.phase === "sending") return "Sending…";
  if (sent.phase === "failed") return `Not saved: ${sent.error}.`;
  if (sent.phase === "undone") return "Undone. It no longer counts.";
  if (sent.abstained) return "Saved. It holds no clear praise or blame, so it changes nothing.";
  const fate = sent.fate;
  if (fate === null || fate.credited === false) return "Saved. Finding the moves it is about…";
  if (fate.changed_steps === 0) return "Saved, but there was no move that it could be about.";
  const counted = `Counted for ${fate.changed_steps} ${fate.changed_steps === 1 ? "step" : "steps"}`;
  if (fate.taste_version === null) return `${counted}. Learning from it…`;
  if (fate.policy_version === null) return `${counted}; taste model v${fate.taste_version}. Next policy soon…`;
  return `${counted}; taste model v${fate.taste_version}; in policy v${fate.policy_version}.`;
}

/** How many of the four stations (saved, steps, taste, policy) it has passed. */
export function stations(sent: Sent): number {
  if (sent.phase !== "saved") return 0;
  if (sent.fate === null || sent.fate.changed_steps === 0) return 1;
  if (sent.fate.taste_version === null) return 2;
  return sent.fate.policy_version === null ? 3 : 4;
}
