import { useCallback, useEffect, useRef, useState } from "react";
import { postStop } from "../lib/api";
import type { StopState } from "../lib/stopWords";

export interface Stop {
  state: StopState;
  press: () => void;
}

/** A confirmation is shown at least this long [ms], and until the robot has been resumed. */
const SHOW_MS = 4000;

/** Ask a robot to stop, and tell whether it did. A new press always asks again. */
export function useStop(robotId: string | null, robotStopped: boolean): Stop {
  const [state, setState] = useState<StopState>({ phase: "idle" });
  const last = useRef(0);

  const press = useCallback(() => {
    const ask = async (robot: string, press: number) => {
      const begin = performance.now();
      let result: StopState;
      try {
        const answer = await postStop(robot);
        result = answer.confirmed
          ? { phase: "confirmed", ms: performance.now() - begin }
          : { phase: "unconfirmed", reason: "the robot did not answer" };
      } catch (error) {
        result = { phase: "unconfirmed", reason: (error as Error).message };
      }
      if (last.current === press) setState(result);
    };
    last.current += 1;
    if (robotId === null) {
      setState({ phase: "unconfirmed", reason: "no robot is known here" });
      return;
    }
    setState({ phase: "asked" });
    void ask(robotId, last.current);
  }, [robotId]);

  useEffect(() => {
    if (robotStopped || state.phase !== "confirmed") return;
    const timer = setTimeout(() => setState({ phase: "idle" }), SHOW_MS);
    return () => clearTimeout(timer);
  }, [state, robotStopped]);

  return { state, press };
}
