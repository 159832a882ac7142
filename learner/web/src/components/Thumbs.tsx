import { ThumbSign } from "./ThumbSign";
import type { Seen } from "../lib/shown";

interface Props {
  disabled: boolean;
  /** What the page shows at this instant. */
  seen: () => Seen | null;
  onTap: (seen: Seen, value: 1 | -1) => void;
}

/** Good and bad, each one tap about what is on the screen now. */
export function Thumbs({ disabled, seen, onTap }: Props) {
  const tap = (value: 1 | -1) => {
    const now = seen();
    if (now === null) return;
    navigator.vibrate?.(12); // where phones have it; the words below are the answer
    onTap(now, value);
  };
  return (
    <div className="thumbs">
      <button type="button" className="thumb thumb-bad" disabled={disabled} onClick={() => tap(-1)}>
        <ThumbSign down />
        <span>Not good</span>
      </button>
      <button type="button" className="thumb thumb-good" disabled={disabled} onClick={() => tap(1)}>
        <ThumbSign />
        <span>Good</span>
      </button>
    </div>
  );
}
