import type { ModeActions } from "../hooks/useMode";
import { sentence } from "../lib/stateWords";
import type { LiveStep } from "../lib/types";

/** Seconds that a proposal waits; the bar starts full at this. */
const WAITS_S = 5;

/** What the robot would like to do, and how long it still waits for a word. */
export function Proposal({ step, mode }: { step: LiveStep; mode: ModeActions }) {
  if (step.mode !== "suggest") return null;
  const { proposal_id: id, proposal_left_s: left } = step;
  if (id === 0 || id === mode.answered) {
    return (
      <section className="card proposal" aria-label="Proposal">
        <p className="soft">Waiting for its next proposal…</p>
      </section>
    );
  }
  return (
    <section className="card proposal" aria-label="Proposal">
      <p aria-live="polite">
        It would like to: <strong>{sentence(step.proposal_tool)}</strong>
      </p>
      <p className="proposal-left">{Math.ceil(left)} s</p>
      <span className="bar" aria-hidden="true">
        <span style={{ inlineSize: `${Math.min(100, (left / WAITS_S) * 100)}%` }} />
      </span>
      <div className="proposal-answers">
        <button type="button" className="reject" onClick={() => mode.answer(id, false)}>
          Reject
        </button>
        <button type="button" className="approve" onClick={() => mode.answer(id, true)}>
          Approve
        </button>
      </div>
    </section>
  );
}
