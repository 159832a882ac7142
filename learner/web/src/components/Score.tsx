import type { Reading } from "../lib/feedbackWords";

/** Where words stand between blame and praise, with the learner's doubt. */
export function Score({ reading }: { reading: Reading }) {
  const at = (score: number) => `${50 * (score + 1)}%`;
  return (
    <div className="score">
      <p>{reading.words}</p>
      <div className="score-line" aria-hidden="true">
        <span
          className="score-doubt"
          style={{ insetInlineStart: at(reading.low), inlineSize: `${50 * (reading.high - reading.low)}%` }}
        />
        <span className="score-dot" data-good={reading.score >= 0} style={{ insetInlineStart: at(reading.score) }} />
      </div>
    </div>
  );
}
