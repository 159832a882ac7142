import { Pad } from "./Pad";
import type { HandActions } from "../hooks/useHand";
import type { ModeActions } from "../hooks/useMode";
import { canMove } from "../lib/stateWords";
import type { LiveStep } from "../lib/types";

interface Props {
  step: LiveStep | null;
  hand: HandActions;
  mode: ModeActions;
}

/** Who decides: the pad for taking over, and the switch for being asked first. */
export function Control({ step, hand, mode }: Props) {
  const suggest = (mode.wanted ?? step?.mode) === "suggest";
  return (
    <section className="card control" aria-label="Control">
      <Pad disabled={step === null || !canMove(step.state)} hand={hand} inHand={step?.teleop ?? false} />
      <div className="mode">
        <button
          type="button"
          role="switch"
          className="switch"
          aria-checked={suggest}
          disabled={step === null || mode.wanted !== null}
          onClick={() => mode.set(suggest ? "autonomous" : "suggest")}
        >
          <span className="switch-text">
            <strong>Ask me first</strong>
            <span>{suggest ? "Each move waits for your word." : "It moves by itself."}</span>
          </span>
          <span className="switch-track" aria-hidden="true" />
        </button>
        {mode.error !== "" && (
          <p className="trouble" role="alert">
            Not done: {mode.error}.
          </p>
        )}
      </div>
    </section>
  );
}
