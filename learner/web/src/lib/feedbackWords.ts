import type { Fate } from "./types";

/** The last feedback from this page and how far it has come. */
export interface Sent {
  /** What was sent: a word for a tap, or the text. */
  label: string;
  phase: "sending" | "saved" | "failed" | "undone";
  id: number | null;
  /** Words, of which the learner has yet to say how it reads them. */
  pending: boolean;
  fate: Fate | null;
  error: string;
}

/** One sentence on what became of a feedback. */
export function feedbackWords(sent: Sent): string {
  if (sent.phase === "sending") return "Sending…";
  if (sent.phase === "failed") return `Not saved: ${sent.error}.`;
  if (sent.phase === "undone") return "Undone. It no longer counts.";
  const fate = sent.fate;
  if (fate?.score_kind === "stop") return "Taken as a stop, not as a judgement.";
  if (fate?.abstained === true) return `Saved, but it changes nothing: ${fate.reason ?? "nothing could be read from it"}.`;
  if (fate?.pending ?? sent.pending) return "Saved. Reading it…";
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

/** How the learner reads words. */
export interface Reading {
  score: number;
  low: number;
  high: number;
  words: string;
}

/** |score| from which words are praise or blame. */
const CLEAR = 0.15;

/** Null while the words wait, and where there is nothing to show: a tap, a rating, no reward. */
export function reading(fate: Fate | null): Reading | null {
  if (fate === null) return null;
  const { score, score_low: low, score_high: high } = fate;
  if (score == null || low == null || high == null || low === high) return null;
  const what = score >= CLEAR ? "praise" : score <= -CLEAR ? "blame" : "neither praise nor blame";
  return { score, low, high, words: `Read as ${what}: ${signed(score)} (${signed(low)} to ${signed(high)})` };
}

function signed(value: number): string {
  const rounded = Math.abs(value).toFixed(1);
  return rounded === "0.0" ? "0" : `${value < 0 ? "−" : "+"}${rounded}`;
}
