import { useRef } from "react";
import type { Stop } from "../hooks/useStop";
import { stopWords } from "../lib/stopWords";

/** STOP, always on the screen; it works as the finger lands, not as it leaves. */
export function StopBar({ stop }: { stop: Stop }) {
  const touched = useRef(false);
  return (
    <footer className="stop-bar" data-phase={stop.state.phase}>
      <p className="stop-words" role="status" aria-live="assertive">
        {stopWords(stop.state)}
      </p>
      <button
        type="button"
        className="stop"
        onPointerDown={() => {
          touched.current = true;
          stop.press();
        }}
        onClick={() => {
          // The click that follows a touch is the same press; one without a touch is a keyboard's.
          if (!touched.current) stop.press();
          touched.current = false;
        }}
      >
        STOP
      </button>
    </footer>
  );
}
