import type { StateWords } from "../lib/stateWords";

/** The robot's state in one big word, with a sentence below it. */
export function StateHeader({ state }: { state: StateWords }) {
  return (
    <div className="state" data-tone={state.tone}>
      <h1 className="state-word" aria-live="polite">
        <span className="state-dot" aria-hidden="true" />
        {state.word}
      </h1>
      <p className="state-detail">{state.detail}</p>
    </div>
  );
}
