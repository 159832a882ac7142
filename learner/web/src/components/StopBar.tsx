import { useRef } from "react";
import type { Stop } from "../hooks/useStop";
import { stopWords } from "../lib/stopWords";

/** STOP, and STOP ALL for every robot there is: always on the screen, one touch, nothing asked before. */
export function StopBar({ stop }: { stop: Stop }) {
  return (
    <footer className="stop-bar" data-phase={stop.state.phase}>
      <p className="stop-words" role="status" aria-live="assertive">
        {stopWords(stop.state)}
      </p>
      <div className="stop-buttons">
        <StopButton onPress={stop.press} className="stop">
          STOP
        </StopButton>
        <StopButton onPress={stop.pressAll} className="stop stop-all">
          STOP ALL
        </StopButton>
      </div>
    </footer>
  );
}

interface Props {
  className: string;
  onPress: () => void;
  children: string;
}

/** Works as the finger lands, not as it leaves. */
function StopButton({ className, onPress, children }: Props) {
  const touched = useRef(false);
  return (
    <button
      type="button"
      className={className}
      onPointerDown={() => {
        touched.current = true;
        onPress();
      }}
      onClick={() => {
        // The click that follows a touch is the same press; one without a touch is a keyboard's.
        if (!touched.current) onPress();
        touched.current = false;
      }}
    >
      {children}
    </button>
  );
}
