import { feedbackWords, reading, stations, type Sent } from "../lib/feedbackWords";
import { Score } from "./Score";

interface Props {
  sent: Sent | null;
  onUndo: () => void;
  onRetry: () => void;
}

const STATIONS = ["saved", "counted", "learned", "in policy"];

/** What became of the last feedback: four stations, a sentence, and a way back. */
export function Fate({ sent, onUndo, onRetry }: Props) {
  const read = sent?.phase === "saved" ? reading(sent.fate) : null;
  return (
    <section className="card fate" aria-label="What became of your last feedback">
      <p className="fate-words" aria-live="polite">
        {sent === null ? (
          "Tap, rate or say how it did. You will see here what came of it."
        ) : (
          <>
            <span className="fate-label">{sent.label}</span> {feedbackWords(sent)}
          </>
        )}
      </p>
      {read !== null && <Score reading={read} />}
      {sent !== null && sent.fate?.abstained !== true && <Stations sent={sent} />}
      {sent?.phase === "saved" && (
        <button type="button" className="quiet" onClick={onUndo}>
          Undo
        </button>
      )}
      {sent?.phase === "failed" && (
        <button type="button" className="quiet" onClick={onRetry}>
          Try again
        </button>
      )}
    </section>
  );
}

function Stations({ sent }: { sent: Sent }) {
  const reached = stations(sent);
  return (
    <ol className="stations" aria-hidden="true">
      {STATIONS.map((name, index) => (
        <li key={name} data-reached={index < reached} data-next={index === reached && sent.phase === "saved"}>
          {name}
        </li>
      ))}
    </ol>
  );
}
