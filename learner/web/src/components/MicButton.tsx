import { useRef } from "react";
import type { VoicePhase } from "../hooks/useVoice";

interface Props {
  phase: VoicePhase;
  disabled: boolean;
  onStart: () => void;
  onFinish: () => void;
}

const NAMES: Record<VoicePhase, string> = {
  idle: "Hold to talk",
  listening: "Listening",
  understanding: "Understanding",
};

/** Hold to talk; by keyboard, one press begins and the next one ends. */
export function MicButton({ phase, disabled, onStart, onFinish }: Props) {
  const touched = useRef(false);
  return (
    <button
      type="button"
      className="mic"
      data-phase={phase}
      aria-label={NAMES[phase]}
      disabled={disabled || phase === "understanding"}
      onContextMenu={(event) => event.preventDefault()}
      onPointerDown={(event) => {
        touched.current = true;
        event.currentTarget.setPointerCapture(event.pointerId);
        onStart();
      }}
      onPointerUp={onFinish}
      onPointerCancel={onFinish}
      onClick={() => {
        // The click that follows a touch is the same press; one without a touch is a keyboard's.
        if (!touched.current) (phase === "listening" ? onFinish : onStart)();
        touched.current = false;
      }}
    >
      <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
        <rect x="11.5" y="3" width="9" height="16" rx="4.5" />
        <path d="M6.5 14.5a9.5 9.5 0 0 0 19 0M16 24v5M11.5 29h9" />
      </svg>
    </button>
  );
}
