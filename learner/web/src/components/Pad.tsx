import { useRef, type KeyboardEvent, type PointerEvent } from "react";
import type { HandActions } from "../hooks/useHand";
import type { PadPoint } from "../lib/teleop";

interface Props {
  disabled: boolean;
  hand: HandActions;
  /** The robot says that a person moves it. */
  inHand: boolean;
}

const STEPS: Record<string, PadPoint> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: 1 },
  ArrowDown: { x: 0, y: -1 },
};

/** Take the head over by dragging; letting go hands it back. Arrow keys do the same while they are held. */
export function Pad({ disabled, hand, inHand }: Props) {
  const keys = useRef(new Set<string>());

  const at = (event: PointerEvent<HTMLDivElement>): PadPoint => {
    const box = event.currentTarget.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * 2 - 1;
    const y = 1 - ((event.clientY - box.top) / box.height) * 2;
    return { x: Math.min(1, Math.max(-1, x)), y: Math.min(1, Math.max(-1, y)) };
  };
  const press = (event: PointerEvent<HTMLDivElement>) => {
    if (disabled) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    hand.hold(at(event));
  };
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (hand.point !== null && event.currentTarget.hasPointerCapture(event.pointerId)) hand.hold(at(event));
  };
  const steer = () => {
    const held = [...keys.current].map((key) => STEPS[key]);
    if (held.length === 0) return hand.release();
    hand.hold({
      x: held.reduce((sum, step) => sum + (step?.x ?? 0), 0) * 0.6,
      y: held.reduce((sum, step) => sum + (step?.y ?? 0), 0) * 0.6,
    });
  };
  const key = (event: KeyboardEvent, down: boolean) => {
    if (!(event.key in STEPS) || disabled) return;
    event.preventDefault();
    if (event.repeat) return;
    if (down) keys.current.add(event.key);
    else keys.current.delete(event.key);
    steer();
  };
  const letGo = () => {
    keys.current.clear();
    hand.release();
  };

  const { point } = hand;
  return (
    <div className="pad-row">
      <div
        className="pad"
        role="application"
        aria-label="Override: drag to turn the head, let go to hand back. Arrow keys work too."
        aria-disabled={disabled}
        tabIndex={disabled ? -1 : 0}
        data-held={point !== null}
        onPointerDown={press}
        onPointerMove={drag}
        onPointerUp={letGo}
        onPointerCancel={letGo}
        onLostPointerCapture={letGo}
        onKeyDown={(event) => key(event, true)}
        onKeyUp={(event) => key(event, false)}
        onBlur={letGo}
      >
        <span
          className="pad-knob"
          style={{ insetInlineStart: `${50 + (point?.x ?? 0) * 50}%`, insetBlockStart: `${50 - (point?.y ?? 0) * 50}%` }}
        />
      </div>
      <div className="pad-words">
        <h2>Override</h2>
        <p aria-live="polite">{padWords(disabled, point !== null, inHand, hand.refused)}</p>
      </div>
    </div>
  );
}

/** What the pad does now, in a sentence. */
export function padWords(disabled: boolean, held: boolean, inHand: boolean, refused: string): string {
  if (held) return inHand ? "You have it. Let go to hand it back." : "Asking for it…";
  if (refused !== "") return `Not in your hand: ${refused}.`;
  if (disabled) return "Not now: the robot moves for nobody in this state.";
  if (inHand) return "Somebody else has it.";
  return "Hold and drag to turn its head yourself. It stays within its limits.";
}
