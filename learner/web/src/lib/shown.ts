import type { StepKey } from "./types";

/** A decision that a person saw, and how long it had been on the screen. */
export interface Seen extends StepKey {
  client_delay_ms: number;
}

/** While pictures arrive, they say what is shown; without one for this long [ms], the step messages do. */
const PICTURE_FRESH_MS = 2000;

/**
 * Which decision the page is showing, and since when.
 *
 * Feedback is about what the person saw, which lags behind what the robot does; no clocks need to agree, because
 * only this page's own clock is read.
 */
export class Shown {
  private key: StepKey | null = null;
  private sinceMs = 0;
  private pictureMs = -Infinity;

  /** A picture of this decision is on the screen. */
  picture(key: StepKey, nowMs: number): void {
    this.pictureMs = nowMs;
    this.show(key, nowMs);
  }

  /** The robot says that it is at this decision. */
  step(key: StepKey, nowMs: number): void {
    if (nowMs - this.pictureMs > PICTURE_FRESH_MS) this.show(key, nowMs);
  }

  /** What a tap now is about; null before anything was shown. */
  at(nowMs: number): Seen | null {
    if (this.key === null) return null;
    return { ...this.key, client_delay_ms: Math.max(0, Math.round(nowMs - this.sinceMs)) };
  }

  private show(key: StepKey, nowMs: number): void {
    const same = this.key?.boot_epoch === key.boot_epoch && this.key.decision_seq === key.decision_seq;
    if (same) return;
    this.key = { boot_epoch: key.boot_epoch, decision_seq: key.decision_seq };
    this.sinceMs = nowMs;
  }
}
