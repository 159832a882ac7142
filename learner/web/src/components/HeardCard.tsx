import type { Heard } from "../lib/types";

interface Props {
  heard: Heard;
  onSend: () => void;
  onEdit: () => void;
  onDiscard: () => void;
}

/** What was understood, before it counts. */
export function HeardCard({ heard, onSend, onEdit, onDiscard }: Props) {
  return (
    <section className="card heard" aria-label="What was heard">
      <p aria-live="polite">
        <span className="heard-text">“{heard.text}”</span>
        <span className="soft">
          {Math.round(100 * heard.confidence)} % sure{heard.sure ? "" : ". Is that what you said?"}
        </span>
      </p>
      <div className="heard-answers">
        <button type="button" className="approve" onClick={onSend}>
          Send
        </button>
        <button type="button" className="reject" onClick={onEdit}>
          Edit
        </button>
        <button type="button" className="reject" onClick={onDiscard}>
          Discard
        </button>
      </div>
    </section>
  );
}
