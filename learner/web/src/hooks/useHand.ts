import { useCallback, useEffect, useRef, useState } from "react";
import { teleopUrl } from "../lib/api";
import { Hand, type PadPoint } from "../lib/teleop";

export interface HandActions {
  /** Where the finger holds the pad; null while nobody does. */
  point: PadPoint | null;
  /** Why the last hold ended, where it was not the person who let go. */
  refused: string;
  hold: (point: PadPoint) => void;
  release: () => void;
}

/** Move a robot by hand while something is held. */
export function useHand(robotId: string | null): HandActions {
  const [point, setPoint] = useState<PadPoint | null>(null);
  const [refused, setRefused] = useState("");
  const hand = useRef<Hand | null>(null);

  const release = useCallback(() => hand.current?.release(), []);

  const hold = useCallback(
    (at: PadPoint) => {
      if (robotId === null) return;
      setPoint(at);
      if (hand.current === null) {
        setRefused("");
        hand.current = new Hand(teleopUrl(robotId), at, {
          onEnd: (reason) => {
            hand.current = null;
            setPoint(null);
            setRefused(reason);
          },
        });
      } else {
        hand.current.move(at);
      }
    },
    [robotId],
  );

  // A page that is left or put away lets go.
  useEffect(() => {
    const away = () => {
      if (document.hidden) release();
    };
    document.addEventListener("visibilitychange", away);
    window.addEventListener("blur", release);
    return () => {
      document.removeEventListener("visibilitychange", away);
      window.removeEventListener("blur", release);
      release();
    };
  }, [release, robotId]);

  return { point, refused, hold, release };
}
