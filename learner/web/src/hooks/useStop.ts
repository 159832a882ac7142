import { useCallback, useEffect, useRef, useState } from "react";
import { postStop, postStopAll } from "../lib/api";
import { stoppedAll, type StopState } from "../lib/stopWords";
import type { StopAnswer } from "../lib/types";

export interface Stop {
  state: StopState;
  press: () => void;
  /** Every robot at once; asks nothing before. */
  pressAll: () => void;
  /** The robot was asked because somebody wrote or said so; this is its answer. */
  told: (answer: StopAnswer) => void;
}

/** A confirmation is shown at least this long [ms], and until the robot has been resumed. */
const SHOW_MS = 4000;

/** Ask a robot to stop, and tell whether it did. A new press always asks again. */
export function useStop(robotId: string | null, robotStopped: boolean): Stop {
  const [state, setState] = useState<StopState>({ phase: "idle" });
  const last = useRef(0);

  const ask = useCallback(async (all: boolean, stop: () => Promise<(ms: number) => StopState>) => {
    last.current += 1;
    const press = last.current;
    const begin = performance.now();
    setState({ phase: "asked", all });
    let result: StopState;
    try {
      result = (await stop())(performance.now() - begin);
    } catch (error) {
      result = { phase: "unconfirmed", reason: (error as Error).message };
    }
    if (last.current === press) setState(result);
  }, []);

  const press = useCallback(() => {
    void ask(false, async () => {
      if (robotId === null) throw new Error("no robot is known here");
      const { confirmed } = await postStop(robotId);
      return (ms) =>
        confirmed ? { phase: "confirmed", ms } : { phase: "unconfirmed", reason: "the robot did not answer" };
    });
  }, [ask, robotId]);

  const pressAll = useCallback(() => {
    void ask(true, async () => {
      const answer = await postStopAll();
      return (ms) => stoppedAll(answer, ms);
    });
  }, [ask]);

  const told = useCallback(
    (answer: StopAnswer) => {
      void ask(false, async () => (ms) =>
        answer.confirmed
          ? { phase: "confirmed", ms: answer.latched_ms ?? ms }
          : { phase: "unconfirmed", reason: "the robot did not answer" },
      );
    },
    [ask],
  );

  useEffect(() => {
    if (robotStopped || (state.phase !== "confirmed" && state.phase !== "all")) return;
    const timer = setTimeout(() => setState({ phase: "idle" }), SHOW_MS);
    return () => clearTimeout(timer);
  }, [state, robotStopped]);

  return { state, press, pressAll, told };
}
